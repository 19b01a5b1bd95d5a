"""The careful encoder: walks the grammar with a value's fields and can say exactly what does not fit.

The generated encoders write valid values. Whatever they stumble over is written here again from the start: rare content
(repeated choices, long or non-ASCII text) succeeds, an invalid value is refused with a sentence.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pncsim.wire.exi.beyond import BeyondNumber, BeyondOctets, BeyondText, Unlisted
from pncsim.wire.exi.bits import HEADER, BitWriter, bits_for
from pncsim.wire.exi.errors import ExiEncodeError
from pncsim.wire.exi.grammar import END, TEXT_END, Grammars, GrammarState, enter
from pncsim.wire.exi.members import QName
from pncsim.wire.exi.schema import Element, Group, Model, SchemaSet, Type, Value, Wild


class CarefulEncoder:
    """Encodes one value as one stream."""

    def __init__(self, schema: SchemaSet, grammars: Grammars) -> None:
        self.schema = schema
        self.grammars = grammars
        self.bits = BitWriter()
        self.bits.put(HEADER, 8)
        self.path: list[str] = []
        self.short = False  # whether values below their minLength are written

    def document(self, code: int, qname: QName, type_: Type, value: object) -> bytes:
        """A document with this root; ``code`` is the root's."""
        self.bits.put(code, bits_for(len(self.schema.documents) + 1))
        self.element(qname, type_, value)
        return self.bits.octets()

    def fragment(self, code: int, type_: Type, value: object, relaxed: bool) -> bytes:
        """A fragment of the element with this code, as ``type_`` or by the relaxed grammar.

        Fragments are made to verify what somebody else signed, too; a value that is shorter than the schema wants could
        be read then, so it is written here.
        """
        self.short = True
        qname, types = self.schema.fragments[code]
        elements = len(self.schema.fragments)
        self.bits.put(code, bits_for(elements + 2))
        if relaxed:
            self._relaxed(qname, types, value)
        else:
            self.element(qname, type_, value)
        self.bits.put(elements + 1, bits_for(elements + 2))
        return self.bits.octets()

    # ---- elements ---------------------------------------------------------------------------------------------

    def element(self, qname: QName, type_: Type, value: Any) -> None:
        """The content of an element, with its end."""
        self.path.append(qname[0])
        if isinstance(type_, Value):
            self.bits.put(0, 1)
            self._value(type_, value)
            self.bits.put(0, 1)
        else:
            self._complex(type_, value)
        self.path.pop()

    def _complex(self, cls: Any, value: Any) -> None:
        if type(value) is not cls:
            raise self.fail(f"a {cls.__name__} is wanted, not {_shown(value)}")
        if cls.__abstract__:
            raise self.fail(f"{cls.__name__} is abstract, it cannot be sent itself")
        model = self.schema.model(cls)
        state = self.grammars.start(model)
        for use in model.attributes:
            held = getattr(value, use.field, None)
            if held is None:
                if use.required:
                    raise self.fail(f"the attribute {use.qname[0]} is required and missing")
                continue
            state = self._event(state, use)
            self.path.append(f"@{use.qname[0]}")
            self._value(use.type, held)
            self.path.pop()
        if model.text is not None:
            state = self._event(state, model.text)
            self._value(model.text, getattr(value, "value", None))
            self._event(TEXT_END, END)
            return
        for event, held in self._content(model, value):
            found = state.named(event) if isinstance(event, str) else event
            if found is None:
                raise self.fail(f"{event} is not allowed here, the schema wants {state}")
            state = self._event(state, found)
            self.element(found.qname, found.type, held)
        self._event(state, END)

    def _event(self, state: GrammarState, event: object) -> GrammarState:
        code = state.index(event)
        if code < 0:
            what = "the content ends" if event == END else f"{getattr(event, 'qname', ('it',))[0]} follows"
            raise self.fail(f"{what} where the schema wants {state}")
        self.bits.put(code, bits_for(len(state.productions) + 1))
        following = state.productions[code].next
        return enter(following) if following is not None else state

    def _content(self, model: Model, value: Any) -> Iterator[tuple[Element | str, Any]]:
        """The child elements present, in order: a particle (or for ``items`` a name) and its value."""
        if not model.regular and "items" in type(value).__defaults__:
            for item in value.items:
                if not (isinstance(item, tuple) and len(item) == 2 and isinstance(item[0], str)):
                    raise self.fail(f"items holds pairs of element name and value, not {_shown(item)}")
                yield item
            return
        for part in model.content.parts:
            if isinstance(part, Wild):
                continue
            if isinstance(part, Group) and len({e.field for e in part.parts if isinstance(e, Element)}) > 1:
                present = [(e, getattr(value, e.field)) for e in part.parts if isinstance(e, Element)]
                yield from ((e, held) for e, held in present if held is not None)
                continue
            field = part.field if isinstance(part, Element) else part.parts[0].field  # type: ignore[union-attr]  # no wildcard
            held = getattr(value, field, None)
            if held is None and part.low and part.high == 1:
                raise self.fail(f"{field} is required and missing")
            for one in self._several(field, part.low, part.high, held) if part.high != 1 else [held]:
                if one is None:
                    continue
                yield (part if isinstance(part, Element) else self._member(part, field, one)), one

    def _several(self, field: str, low: int, high: int | None, held: Any) -> list[Any]:
        if held is None:
            held = []
        if not isinstance(held, list | tuple):
            raise self.fail(f"{field} is a list, not {_shown(held)}")
        if len(held) < low or (high is not None and len(held) > high):
            raise self.fail(f"{field} occurs {len(held)} times, {low} to {high or 'any number'} are allowed")
        return list(held)

    def _member(self, group: Group, field: str, value: Any) -> Element:
        for option in group.parts:
            if isinstance(option, Element) and option.type is type(value):
                return option
        names = [e.type.__name__ for e in group.parts if isinstance(e, Element) and isinstance(e.type, type)]
        raise self.fail(f"{field} holds {_shown(value)}, one of {', '.join(names)} is wanted")

    def _relaxed(self, qname: QName, types: list[Type], value: Any) -> None:
        """An element declared with several types, by the relaxed grammar (W3C EXI 8.5.3)."""
        self.path.append(qname[0])
        attributes, elements = self.schema.attributes, len(self.schema.fragments)
        first = len(attributes) + 1 + elements + 3
        text = value
        if not isinstance(value, str):
            if type(value) not in types:
                raise self.fail(f"text or a value with Id is wanted, not {_shown(value)}")
            use = self.schema.model(type(value)).attributes[0]
            text = value.value
            if value.Id is not None:
                self.bits.put(attributes.index(use.qname), bits_for(first + 1))
                self._value(use.type, value.Id)
        self.bits.put(first - 1, bits_for(first + 1))
        self._value(Value("string"), text)
        self.bits.put(elements + 1, bits_for(elements + 4))
        self.path.pop()

    # ---- values -----------------------------------------------------------------------------------------------

    def _value(self, type_: Value, value: Any) -> None:
        kind = type_.kind
        if kind == "boolean":
            self._check(value in (True, False) and isinstance(value, int), value, "true or false")
            self.bits.put(int(value), 1)
        elif kind == "enumeration":
            members = list(type_.members)  # type: ignore[arg-type]  # an enumeration has them
            if isinstance(value, Unlisted):
                self._check(0 <= value.place < 1 << type_.bits, value, f"within the {type_.bits} bits there are")
                self.bits.put(value.place, type_.bits)
                return
            self._check(value in members, value, f"one of {', '.join(members)}")
            self.bits.put(members.index(value), type_.bits)
        elif kind == "string":
            self._check(isinstance(value, str), value, "text")
            if not isinstance(value, BeyondText):
                self._length(type_, len(value), "characters")
            self.bits.unsigned(len(value) + 2)
            for character in value:
                self._check(not "\ud800" <= character < "\ue000", value, "Unicode text without surrogates")
                self.bits.unsigned(ord(character))
        elif kind == "binary":
            self._check(isinstance(value, bytes | bytearray), value, "octets")
            if not isinstance(value, BeyondOctets):
                self._length(type_, len(value), "octets")
            self.bits.unsigned(len(value))
            self.bits.put(int.from_bytes(value, "big"), 8 * len(value))
        else:
            self._integer(type_, value)

    def _integer(self, type_: Value, value: Any) -> None:
        self._check(isinstance(value, int), value, "an integer")
        low, high = type_.low, type_.high
        if isinstance(value, BeyondNumber):
            low, high = type_.room
        if (low is not None and value < low) or (high is not None and value > high):
            raise self.fail(f"{value} is out of range, {low} to {high} is allowed")
        if abs(value).bit_length() > 512:
            raise self.fail("an integer has more than 512 bits")
        if type_.kind == "nbit":
            self.bits.put(value - (type_.low or 0), type_.bits)
            return
        if type_.kind == "integer":
            self.bits.put(int(value < 0), 1)
            value = -value - 1 if value < 0 else value
        self.bits.unsigned(int(value))

    def _length(self, type_: Value, count: int, unit: str) -> None:
        if (count < type_.min_length and not self.short) or (type_.max_length is not None and count > type_.max_length):
            limit = "any number" if type_.max_length is None else type_.max_length
            raise self.fail(f"the value has {count} {unit}, {type_.min_length} to {limit} are allowed")

    def _check(self, good: bool, value: Any, wanted: str) -> None:
        if value is None:
            raise self.fail("a required value is missing")
        if not good:
            raise self.fail(f"{_shown(value)} is not {wanted}")

    def fail(self, what: str) -> ExiEncodeError:
        """The error for the element or attribute being written."""
        path = "/".join(self.path)
        return ExiEncodeError(f"{path or self.schema.name} cannot be encoded: {what}.", path=path)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{type(value).__name__} {text[:50]}..."
