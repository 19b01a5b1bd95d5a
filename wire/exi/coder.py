"""Messages to octets and back, per schema set.

A codec tries straight-line code generated for the message's types (made on first use, then kept on disk); whatever that
does not know goes to the careful coder, which reads every legal form and explains every refusal.
"""

from __future__ import annotations

from functools import cached_property, partial
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any

from pncsim.wire.exi.bits import HEADER, bits_for
from pncsim.wire.exi.declare import ComplexType
from pncsim.wire.exi.errors import ExiDecodeError, ExiEncodeError
from pncsim.wire.exi.members import QName, classes_of, documents_of
from pncsim.wire.exi.relaxed import write_relaxed
from pncsim.wire.exi.runtime import LIMIT, STUMBLES, Rare, groups, join, more, rest
from pncsim.wire.exi.store import CoderStore, cache_root, fingerprint
from pncsim.wire.gate import Liberty, Tolerate, refuse

if TYPE_CHECKING:
    from pncsim.wire.exi.careful_decode import CarefulDecoder
    from pncsim.wire.exi.careful_encode import CarefulEncoder
    from pncsim.wire.exi.schema import SchemaSet, Type

LONGEST = 1 << 20
"""More octets are refused unread. The schema allows messages of some 300 000; V2GTP cuts off far below that."""

QUICK = 1 << 16
"""Up to this many octets the generated code is used: its cost grows with length times number of values."""


class Codec:
    """Encodes and decodes the documents and fragments of one schema set: of the types some catalogue modules declare.

    Making one is cheap, using one for the first time is not: a process has one per set (:mod:`wire.v2g.registry`).
    """

    def __init__(self, name: str, modules: tuple[ModuleType, ...], store: CoderStore | None = None) -> None:
        self.name = name
        self._modules = modules
        self._store = store or CoderStore(fingerprint(self._modules), cache_root())
        classes = classes_of(self._modules)
        documents = documents_of(self._modules)
        self._root_bits = bits_for(len(documents) + 1)
        start = HEADER << self._root_bits
        self._roots = {start + i: f"d_{t.__name__}" for i, (_, t) in enumerate(documents) if isinstance(t, type)}
        self._fragment_choices: dict[tuple[str, type], tuple[int, tuple[str, ...]]] = {}
        self._codes = {t: i for i, (_, t) in enumerate(documents) if isinstance(t, type)}
        self._ns: dict[str, Any] = {
            "Rare": Rare, "LIMIT": LIMIT, "more": more, "groups": groups, "join": join, "new": object.__new__,
            "number": int.from_bytes, "B": {False: 0, True: 1}, **classes,
        }  # fmt: skip
        self._ns["ns"] = self._ns
        for cls in classes:
            for direction in "de":
                self._ns[f"{direction}_{cls}"] = partial(self._first, direction, cls)

    @cached_property
    def schema(self) -> SchemaSet:
        """The resolved declarations; loaded when something has to be generated, read carefully or shown."""
        from pncsim.wire.exi.schema import SchemaSet

        return SchemaSet(self.name, self._modules)

    def has_root(self, cls: type) -> bool:
        """Whether ``cls`` is the type of a root element, of what :meth:`encode` takes."""
        return cls in self._codes

    # ---- documents --------------------------------------------------------------------------------------------

    def encode(self, document: ComplexType) -> bytes:
        """The EXI document with this root, e.g. a ``V2G_Message``. Raises ExiEncodeError."""
        cls = type(document)
        code = self._codes.get(cls)
        if code is None:
            raise ExiEncodeError(f"{cls.__name__} is not the type of a root element of the set {self.name!r}.")
        try:
            x: int = self._ns[f"e_{cls.__name__}"](HEADER << self._root_bits | code, document)
            width = x.bit_length()  # the header's first bit is a 1
            return (x << (-width & 7)).to_bytes(width + 7 >> 3, "big")
        except STUMBLES:
            qname, type_ = self.schema.documents[code]
            return self._careful_encoder().document(code, qname, type_, document)

    def decode(self, data: bytes, *, gate: Tolerate = refuse) -> Any:
        """The root of an EXI document. What deviates and can be read goes through ``gate``.

        Raises ExiDecodeError, whatever the octets are, or what the gate raises.
        """
        liberties: list[Liberty] = []
        try:
            if len(data) > QUICK:
                raise Rare
            x = int.from_bytes(data, "big")
            r = 8 * len(data) - 8 - self._root_bits
            value, r = self._ns[self._roots[x >> r]](x, r)
            if r > 7 or (r and x & ((1 << r) - 1)):
                liberties.append(rest(r >> 3))
        except STUMBLES:
            liberties.clear()
            value = self.careful_document(data, liberties)
        for liberty in liberties:
            gate(liberty)
        return value

    def careful_document(self, data: bytes, liberties: list[Liberty]) -> Any:
        """``decode`` by walking the grammar; generated code has the same result where it has one."""
        return self._careful_decoder(data, liberties).document()

    # ---- fragments --------------------------------------------------------------------------------------------

    def encode_fragment(self, name: str, value: object, *, relaxed: bool = True) -> bytes:
        """The EXI fragment of one element: what XML signatures hash. ``name`` is the element's local name.

        An element declared with several types (eMAID of ISO 15118-2) is written by the relaxed grammar that W3C EXI
        8.5.3 prescribes; ``relaxed=False`` writes it by its own type, as the cbV2G family of stacks does.
        """
        kind = type(value)
        choice = self._fragment_choices.get((name, kind))
        if choice is None:
            choice = self._fragment_choices[name, kind] = self._choose_fragment(name, kind)
        code, types = choice
        elements, bits, end = self._fragments
        type_ = kind.__name__
        try:
            start = HEADER << bits | code
            if relaxed and len(types) > 1:
                x = write_relaxed(start, value, types, self._attributes, len(elements))
            elif type_ in types:
                x = self._ns[f"e_{type_}"](start, value)
            else:
                raise Rare
            x = x << bits | end
            width = x.bit_length()
            return (x << (-width & 7)).to_bytes(width + 7 >> 3, "big")
        except STUMBLES:
            _, found = self.schema.fragments[code]
            simple = next((t for t in found if not isinstance(t, type)), found[0])
            wanted = next((t for t in found if t is kind), simple)
            encoder = self._careful_encoder()
            return encoder.fragment(code, wanted, value, relaxed and len(types) > 1)

    def decode_fragment(self, data: bytes, *, gate: Tolerate = refuse) -> tuple[str, Any]:
        """The element's local name and value. Raises as :meth:`decode`."""
        elements, bits, end = self._fragments
        liberties: list[Liberty] = []
        try:
            if len(data) > QUICK:
                raise Rare
            x = int.from_bytes(data, "big")
            r = 8 * len(data) - 8 - bits
            name, _, types = elements[(x >> r) - (HEADER << bits)]
            if len(types) > 1:
                raise Rare
            value, r = self._ns[f"d_{types[0]}"](x, r)
            r -= bits
            if x >> r & ((1 << bits) - 1) != end:
                raise Rare
            if r > 7 or (r and x & ((1 << r) - 1)):
                liberties.append(rest(r >> 3))
        except STUMBLES:
            liberties.clear()
            name, value = self._careful_decoder(data, liberties).fragment()
        for liberty in liberties:
            gate(liberty)
        return name, value

    @cached_property
    def _fragments(self) -> tuple[tuple[tuple[str, str, tuple[str, ...]], ...], int, int]:
        """(local name, namespace, names of types) per code, bits of a code, code of the end."""
        table = self._store.get(f"{self.name}.fragments")
        if not (isinstance(table, tuple) and len(table) == 3):
            names = [(q[0], q[1], tuple(map(_class_name, types))) for q, types in self.schema.fragments]
            table = (tuple(names), bits_for(len(names) + 2), len(names) + 1)
            self._store.put(f"{self.name}.fragments", table)
        found: tuple[tuple[tuple[str, str, tuple[str, ...]], ...], int, int] = table
        return found

    @cached_property
    def _attributes(self) -> tuple[QName, ...]:
        """Every attribute of the set, sorted."""
        table = self._store.get(f"{self.name}.attributes")
        if not isinstance(table, tuple):
            table = tuple(self.schema.attributes)
            self._store.put(f"{self.name}.attributes", table)
        return table

    @cached_property
    def _fragment_codes(self) -> dict[str, list[int]]:
        """Local name -> codes of the elements that have it."""
        codes: dict[str, list[int]] = {}
        for code, (local, _, _) in enumerate(self._fragments[0]):
            codes.setdefault(local, []).append(code)
        return codes

    def _choose_fragment(self, name: str, kind: type) -> tuple[int, tuple[str, ...]]:
        """The code of the element a value of this type is written as, and the names of its declared types."""
        found = self._fragments[0]
        named = self._fragment_codes.get(name)
        if not named:
            raise ExiEncodeError(f"The set {self.name!r} has no element {name!r}.")
        # A local name may be declared in two namespaces: a global element first, then one of the value's type.
        element, space = (kind.__element__, kind.__namespace__.uri) if issubclass(kind, ComplexType) else (None, "")
        fits = [i for i in named if kind.__name__ in found[i][2]]
        own = [i for i in fits if element == name and found[i][1] == space]
        code = (own or fits or named)[0]
        return code, found[code][2]

    # ---- the two kinds of coder -------------------------------------------------------------------------------

    def _first(self, direction: str, cls: str, *arguments: Any) -> Any:
        """Stands in for a coder until its first use."""
        try:
            coder = self._load(direction, cls)
        except STUMBLES as defect:
            # Not to be taken for input the coder does not know: that would only make everything slow.
            raise RuntimeError(f"no coder can be made for {self.name} {cls}") from defect
        return coder(*arguments)

    def _load(self, direction: str, cls: str) -> Any:
        """Put one type's generated code in place."""
        key = f"{self.name}.{direction}.{cls}"
        stored = self._store.get(key)
        if not (isinstance(stored, tuple) and len(stored) == 2 and isinstance(stored[1], CodeType)):
            stored = self._generate(direction, cls)
            self._store.put(key, stored)
        enumerations, code = stored
        for name in enumerations:
            if f"T_{name}" not in self._ns:
                members = next(getattr(m, name) for m in self._modules if hasattr(m, name))
                self._ns[f"T_{name}"] = tuple(members)
                self._ns[f"X_{name}"] = {member: i for i, member in enumerate(members)}
        exec(code, self._ns)
        return self._ns[f"{direction}_{cls}"]

    def _generate(self, direction: str, cls: str) -> Any:
        from pncsim.wire.exi.generate_decode import DecoderSource
        from pncsim.wire.exi.generate_encode import EncoderSource
        from pncsim.wire.exi.plan import CoderPlan

        plan = CoderPlan(self.schema.model(self.schema.classes[cls]), self.grammars)
        within = plan.framed if self.has_root(plan.model.cls) else ()
        plans = [CoderPlan(self.schema.model(one), self.grammars) for one in within if not one.__abstract__]
        inner: dict[Type, CoderPlan] = {one.model.cls: one for one in plans if one.end is not None}
        maker = DecoderSource(plan, inner) if direction == "d" else EncoderSource(plan, inner)
        source = maker.source()
        return tuple(sorted(maker.enumerations)), compile(source, f"<exi {self.name} {cls}>", "exec")

    @cached_property
    def grammars(self) -> Any:
        """The grammar states of this set, for those who walk them."""
        from pncsim.wire.exi.grammar import Grammars

        return Grammars()

    def _careful_encoder(self) -> CarefulEncoder:
        from pncsim.wire.exi.careful_encode import CarefulEncoder

        return CarefulEncoder(self.schema, self.grammars)

    def _careful_decoder(self, data: bytes, liberties: list[Liberty]) -> CarefulDecoder:
        from pncsim.wire.exi.careful_decode import CarefulDecoder

        if len(data) > LONGEST:
            raise ExiDecodeError(f"An EXI stream of {len(data)} octets was received; at most {LONGEST} are read.")
        return CarefulDecoder(self.schema, self.grammars, data, liberties)


def _class_name(type_: Type) -> str:
    return type_.__name__ if isinstance(type_, type) else ""


__all__ = ["Codec"]
