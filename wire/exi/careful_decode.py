"""The careful decoder: walks the grammar state by state and can say exactly what is wrong.

The generated decoders read what correct stacks write. Whatever they do not recognise is read here again from the start:
string table hits, the second-level form of empty values, padded integers, values a facet forbids, hostile input. So
this is also the place where a message is refused, with a sentence.
"""

from __future__ import annotations

from typing import Any, TypeVar

from pncsim.wire.exi.beyond import BeyondNumber, Unlisted, beyond
from pncsim.wire.exi.bits import HEADER, BitReader, Truncated, bits_for
from pncsim.wire.exi.errors import ExiDecodeError, ExiUnsupportedError
from pncsim.wire.exi.grammar import CHARACTERS, END, TEXT_END, Grammars, GrammarState, Production, enter, simple_start
from pncsim.wire.exi.members import QName
from pncsim.wire.exi.runtime import rest
from pncsim.wire.exi.schema import AttributeUse, Element, SchemaSet, Type, Value
from pncsim.wire.gate import Liberty, Tolerance

_CLAUSE = "W3C EXI 1.0"
UNSUPPORTED = "is not supported: no ISO 15118 message has it"
OF_A_KIND = 8
"""Liberties of one kind that are told of a message; it could take one with every octet."""

Counted = TypeVar("Counted", bound=str | bytes)


class CarefulDecoder:
    """Decodes one stream. ``liberties`` collects what deviates from the schema or its usual coding but can be read.

    Of each kind the first few, and how many more there were.
    """

    def __init__(self, schema: SchemaSet, grammars: Grammars, data: bytes, liberties: list[Liberty]) -> None:
        self.schema = schema
        self.grammars = grammars
        self.bits = BitReader(data)
        self.liberties = liberties
        self.taken: dict[Tolerance, int] = {}
        self.path: list[str] = []
        self.start = 0  # bit where the thing being read begins, for error messages
        self.global_values: list[str] = []
        self.local_values: dict[QName, list[str]] = {}

    # ---- streams ----------------------------------------------------------------------------------------------

    def document(self) -> Any:
        """The root element's value."""
        return self._run(self._document)

    def fragment(self) -> tuple[str, Any]:
        """The element's local name and value."""
        result: tuple[str, Any] = self._run(self._fragment)
        return result

    def _run(self, read: Any) -> Any:
        try:
            self._header()
            result = read()
        except Truncated:
            raise self.fail(f"the input ends after {len(self.bits.data)} octets, inside an event or a value") from None
        except OverflowError:
            raise self.fail("an integer of more than 560 bits was read") from None
        for tolerance, count in self.taken.items():
            if count > OF_A_KIND:
                more = f"There are {count - OF_A_KIND} more in the message: {tolerance.meaning}."
                self.liberties.append(tolerance(more, _CLAUSE))
        left = self.bits.left
        if left >= 8:
            self.liberties.append(rest(left // 8))
        elif self.bits.take(left):
            self.liberties.append(rest(0))
        return result

    def _header(self) -> None:
        found = self.bits.take(8)
        if found != HEADER:
            cookie = "; this is an EXI cookie" if self.bits.data[:4] == b"$EXI" else ""
            raise self.fail(f"the EXI header is 0x{found:02x}, V2G streams start with 0x80{cookie}")

    def _document(self) -> Any:
        roots = self.schema.documents
        qname, type_ = self._root(roots, len(roots) + 1)
        return self.element(qname, type_)

    def _fragment(self) -> tuple[str, Any]:
        elements = self.schema.fragments
        qname, types = self._root(elements, len(elements) + 2)
        value = self.element(qname, types[0]) if len(types) == 1 else self._relaxed(qname, types)
        self.start = self.bits.position
        code = self.bits.take(bits_for(len(elements) + 2))
        if code != len(elements) + 1:
            raise self.fail(f"event code {code} follows the fragment's element, its end is {len(elements) + 1}")
        return qname[0], value

    def _root(self, elements: list[Any], count: int) -> Any:
        self.start = self.bits.position
        code = self.bits.take(bits_for(count))
        if code >= len(elements):
            raise self.fail(f"event code {code} names no element of the set {self.schema.name!r}")
        return elements[code]

    # ---- elements ---------------------------------------------------------------------------------------------

    def element(self, qname: QName, type_: Type) -> Any:
        """The content of an element whose start was read."""
        self.path.append(qname[0])
        value = self._simple(qname, type_) if isinstance(type_, Value) else self._complex(qname, type_)
        self.path.pop()
        return value

    def _simple(self, qname: QName, type_: Value) -> Any:
        event = self._event(simple_start(type_))
        if event is END:
            return self._empty(type_)
        if event is CHARACTERS:
            return self._untyped(type_, qname)
        value = self._value(type_, qname)
        self._event(TEXT_END)
        return value

    def _complex(self, qname: QName, cls: Any) -> Any:
        if cls.__abstract__:
            raise self.fail(f"{cls.__name__} is abstract, it cannot occur itself")
        model = self.schema.model(cls)
        made, lists = cls.__new__(cls), model.lists
        for name in cls.__defaults__:
            setattr(made, name, [] if name in lists else None)
        state = self.grammars.start(model)
        while True:
            production = self._event(state)
            if production is END:
                made.value = self._empty(model.text)  # type: ignore[arg-type]  # such an event is of text
                return made
            if production is CHARACTERS:
                made.value = self._untyped(model.text, qname)  # type: ignore[arg-type]  # such an event is of text
                return made
            event = production.event
            if isinstance(event, AttributeUse):
                self.path.append(f"@{event.qname[0]}")
                setattr(made, event.field, self._value(event.type, event.qname))
                self.path.pop()
            elif isinstance(event, Value):
                made.value = self._value(event, qname)
                self._event(TEXT_END)
                return made
            elif isinstance(event, Element):
                value = self.element(event.qname, event.type)
                if event.field == "items":
                    made.items.append((event.qname[0], value))
                elif event.field in lists:
                    getattr(made, event.field).append(value)
                else:
                    setattr(made, event.field, value)
            elif event == END:
                return made
            else:
                raise self.fail(f"{production} was read; this {UNSUPPORTED}", ExiUnsupportedError)
            state = enter(production.next)

    def _event(self, state: GrammarState) -> Any:
        """The production chosen by the next event code; END for a second-level end of an empty value, CHARACTERS for a
        value in untyped form."""
        self.start = self.bits.position
        count = len(state.productions)
        code = self.bits.take(bits_for(count + 1))
        if code < count:
            return state.productions[code]
        if code > count:
            raise self.fail(f"event code {code} was read, only 0 to {count} are assigned here ({state})")
        undeclared = self.bits.take(bits_for(len(state.second)))
        if undeclared >= len(state.second):
            raise self.fail(f"second-level event code {undeclared} was read, which is not assigned")
        name = state.second[undeclared]
        valued = any(isinstance(p.event, Value) for p in state.productions)
        if name == CHARACTERS and valued:
            return CHARACTERS
        if name != END:
            what = f"undeclared content ({name}) was read where the schema wants {state}; this {UNSUPPORTED}"
            raise self.fail(what, ExiUnsupportedError)
        if not valued:
            raise self.fail(f"the element ends here, the schema wants {state}")
        return END

    def _empty(self, type_: Value) -> Any:
        if type_.kind not in ("string", "binary"):
            raise self.fail(f"the element is empty, the schema wants a value ({self.schema.type_name(type_)})")
        return self._sized(type_, "" if type_.kind == "string" else b"")

    def _untyped(self, type_: Value, qname: QName) -> Any:
        """A value written as text although the schema is known (W3C EXI 8.5.4.4.1: CH [untyped value]), and its end."""
        from pncsim.wire.exi.views.common import ViewError, value_from

        text = self._text(Value("string"), qname)
        if self._event(GrammarState((Production(type_, TEXT_END),), start=False, first=False)) is not END:
            raise self.fail(f"more follows a value in untyped form; this {UNSUPPORTED}")
        self.take_liberty(Tolerance.EXI_UNTYPED, f"the value {text[:40]!r} is written as text, in untyped form")
        if type_.kind == "enumeration":
            return self._member(type_, text.strip())
        try:
            value = value_from(type_, text, "")
        except ViewError:
            raise self.fail(f"{text[:40]!r} was read, which is no value of {self.schema.type_name(type_)}") from None
        if isinstance(value, int) and not isinstance(value, bool):
            return self._ranged(type_, value)
        return self._sized(type_, value) if isinstance(value, str | bytes) else value

    def _member(self, type_: Value, text: str) -> Any:
        found = next((member for member in type_.members or () if member == text), None)
        if found is None:
            self.take_liberty(Tolerance.EXI_ENUMERATION, f"{text[:40]!r} was read, which the schema does not list")
            return Unlisted(-1, text)
        return found

    def _relaxed(self, qname: QName, types: list[Type]) -> Any:
        """An element declared with several types, by the relaxed grammar (W3C EXI 8.5.3): an optional Id and text."""
        self.path.append(qname[0])
        attributes, elements = self.schema.attributes, len(self.schema.fragments)
        first = len(attributes) + 1 + elements + 3  # attributes, AT(*), elements, SE(*), EE, CH
        identifier: str | None = None
        while True:
            self.start = self.bits.position
            code = self.bits.take(bits_for(first + 1))
            if code >= len(attributes):
                break
            if attributes[code][0] != "Id":
                raise self.fail(f"attribute {attributes[code][0]} was read, only Id is known for this element")
            identifier = self._text(Value("string"), attributes[code])
        text = ""
        if code == first - 1:
            text = self._text(Value("string"), qname)
            self.start = self.bits.position
            code = self.bits.take(bits_for(elements + 4)) + len(attributes) + 1
        if code != first - 2:
            raise self.fail("only text is supported in this element of a fragment")
        self.path.pop()
        holder = next((t for t in types if isinstance(t, type)), None)
        if identifier is None or holder is None:
            return text
        return holder(Id=identifier, value=text)  # type: ignore[call-arg]  # a type with text and an Id

    # ---- values -----------------------------------------------------------------------------------------------

    def _value(self, type_: Value, qname: QName) -> Any:
        self.start = self.bits.position
        kind = type_.kind
        if kind == "boolean":
            return self.bits.take(1) == 1
        if kind == "enumeration":
            index = self.bits.take(type_.bits)
            members = tuple(type_.members)  # type: ignore[arg-type]  # an enumeration has them
            if index >= len(members):
                what = f"enumeration value {index} was read, the schema has {len(members)} values, counted from 0"
                self.take_liberty(Tolerance.EXI_ENUMERATION, what)
                return Unlisted(index)
            return members[index]
        if kind == "string":
            return self._text(type_, qname)
        if kind == "binary":
            return self._binary(type_)
        return self._integer(type_)

    def _integer(self, type_: Value) -> int:
        if type_.kind == "nbit":
            value = self.bits.take(type_.bits) + (type_.low or 0)
        elif type_.kind == "unsigned":
            value = self._unsigned()
        else:
            negative = self.bits.take(1)
            value = self._unsigned()
            value = -value - 1 if negative else value
        return self._ranged(type_, value)

    def _ranged(self, type_: Value, value: int) -> int:
        if (type_.low is None or value >= type_.low) and (type_.high is None or value <= type_.high):
            return value
        least, most = type_.room
        if not least <= value <= most:
            raise self.fail(f"a number of {value.bit_length()} bits was read, {type_.low} to {type_.high} is allowed")
        self.take_liberty(Tolerance.EXI_RANGE, f"{value} was read, the schema allows {type_.low} to {type_.high}")
        return BeyondNumber(value)

    def _unsigned(self) -> int:
        value, minimal = self.bits.unsigned()
        if not minimal:
            self.take_liberty(
                Tolerance.EXI_INTEGER_FORM, f"the integer {value} is written with more octets than it needs"
            )
        return value

    def _binary(self, type_: Value) -> bytes:
        count = self._room(self._unsigned(), "octets")
        return self._sized(type_, self.bits.octets(count))

    def _text(self, type_: Value, qname: QName) -> str:
        self.start = self.bits.position
        count = self._unsigned()
        local = self.local_values.setdefault(qname, [])
        if count < 2:
            known = self.global_values if count else local
            index = self.bits.take(bits_for(len(known)))
            if index >= len(known):
                raise self.fail(f"string table entry {index} was read, {len(known)} values were sent before")
            return self._sized(type_, known[index])
        count = self._room(count - 2, "characters")
        text = "".join([self._character() for _ in range(count)])
        if text:
            self.global_values.append(text)
            local.append(text)
        return self._sized(type_, text)

    def _character(self) -> str:
        code = self._unsigned()
        if code > 0x10FFFF or 0xD800 <= code < 0xE000:
            raise self.fail(f"{code:#x} was read, which is no Unicode character")
        return chr(code)

    def _room(self, count: int, unit: str) -> int:
        if 8 * count > self.bits.left:
            raise self.fail(f"a length of {count} {unit} was read, {self.bits.left // 8} octets of input are left")
        return count

    def _sized(self, type_: Value, value: Counted) -> Counted:
        """Text or octets, marked where they are shorter or longer than the schema wants."""
        count, longest = len(value), type_.max_length
        if count >= type_.min_length and (longest is None or count <= longest):
            return value
        wanted = f"at least {type_.min_length}" if count < type_.min_length else f"at most {longest}"
        self.take_liberty(Tolerance.EXI_LENGTH, f"a length of {count} was read, the schema wants {wanted}")
        return beyond(value)

    def take_liberty(self, tolerance: Tolerance, what: str) -> None:
        """Remember a deviation that can be read."""
        before = self.taken.get(tolerance, 0)
        self.taken[tolerance] = before + 1
        if before < OF_A_KIND:
            self.liberties.append(tolerance(f"In {'/'.join(self.path)} {what}.", _CLAUSE))

    def fail(self, what: str, kind: type[ExiDecodeError] = ExiDecodeError) -> ExiDecodeError:
        """The error for something found at ``start``."""
        path = "/".join(self.path)
        place = f"In {path}, at" if path else "At"
        return kind(f"{place} bit {self.start} of the EXI stream {what}.", path=path, position=self.start)
