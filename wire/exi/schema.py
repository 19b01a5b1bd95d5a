"""From declarations to a schema set: classes become models whose names, types and particles are resolved.

A set is what one EXI grammar covers: the entry schema and everything it imports. The same class may have another
substitution group in another set, so models belong to a set and are never shared between two.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from enum import StrEnum
from functools import cached_property
from types import ModuleType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from msgspec import Struct

from pncsim.wire.exi import declare
from pncsim.wire.exi.bits import bits_for
from pncsim.wire.exi.declare import ComplexType, is_declared
from pncsim.wire.exi.members import QName, classes_of, documents_of

NBIT_RANGE = 4096  # a bounded range of at most this many values is sent as n bits (W3C EXI 7.1.9)


_WIDEST = 64
"""Bits of a number outside its range: whoever calculates with one is not to be surprised."""


class Value(Struct, frozen=True):
    """A simple type: ``kind`` is its EXI form, the rest its facets."""

    kind: str  # boolean, enumeration, nbit, unsigned, integer, string, binary
    low: int | None = None
    high: int | None = None
    bits: int = 0
    members: type[StrEnum] | None = None
    min_length: int = 0
    max_length: int | None = None
    form: str = ""
    name: str = ""

    @property
    def room(self) -> tuple[int, int]:
        """The numbers its form can hold, whatever the facets say; of those without end, what fits 64 bits."""
        if self.kind == "nbit":
            least = self.low or 0
            return least, least + (1 << self.bits) - 1
        return (0 if self.kind == "unsigned" else -(1 << _WIDEST), (1 << _WIDEST) - 1)


Type = Value | type[ComplexType]


class Element(Struct, frozen=True):
    """An element particle: one name, one type, the field that holds it and how often it occurs."""

    qname: QName
    type: Type
    field: str
    low: int = 1
    high: int | None = 1


class Wild(Struct, frozen=True):
    """A wildcard particle."""

    low: int = 1
    high: int | None = 1


class Group(Struct, frozen=True):
    """A sequence or (``choice``) a choice of particles."""

    parts: tuple[Element | Wild | Group, ...]
    choice: bool = False
    low: int = 1
    high: int | None = 1


Particle = Element | Wild | Group


class AttributeUse(Struct, frozen=True):
    """An attribute: its name, type, field and whether it must be there."""

    qname: QName
    type: Value
    field: str
    required: bool


class Model(Struct, frozen=True):
    """A complex type, resolved. ``text``: type of simple content; ``regular``: ``content`` is a sequence of elements
    and choices of elements, one field each, so that straight-line code can be made for it."""

    cls: type[ComplexType]
    attributes: tuple[AttributeUse, ...]
    content: Group
    text: Value | None
    mixed: bool
    regular: bool

    @property
    def lists(self) -> frozenset[str]:
        """The fields that hold lists."""
        if not self.regular:
            return frozenset({"items"})
        return frozenset(e.field for p in self.content.parts if p.high != 1 for e in elements_in(p))


def integer_value(low: int | None, high: int | None) -> Value:
    """The EXI form of an integer with this range (W3C EXI 7.1.5, 7.1.6, 7.1.9)."""
    if low is not None and high is not None and high - low < NBIT_RANGE:
        return Value("nbit", low, high, bits_for(high - low + 1))
    return Value("unsigned" if low is not None and low >= 0 else "integer", low, high)


def _unwrap(hint: Any) -> tuple[Any, list[Any]]:
    """A hint without Optional and Annotated, and what was annotated, inner first."""
    notes: list[Any] = []
    while True:
        if get_origin(hint) is Annotated:
            base, *found = get_args(hint)
            notes = [*found, *notes]
            hint = base
        elif get_origin(hint) in (Union, UnionType):
            hint = next(a for a in get_args(hint) if a is not type(None))
        else:
            return hint, notes


def _note(notes: Iterable[Any], kind: type) -> Any:
    return next((n for n in notes if isinstance(n, kind)), None)


class SchemaSet:
    """The classes of some catalogue modules as one schema set."""

    def __init__(self, name: str, modules: tuple[ModuleType, ...]) -> None:
        self.name = name
        self.modules = modules
        self.classes = classes_of(self.modules)
        self._models: dict[type[ComplexType], Model] = {}
        self._values: dict[Any, Value] = {}

    # ---- types ------------------------------------------------------------------------------------------------

    def model(self, cls: type[ComplexType]) -> Model:
        """The resolved model of a class of this set."""
        if cls not in self._models:
            self._models[cls] = self._resolve(cls)
        return self._models[cls]

    def value(self, hint: Any) -> Value:
        """The simple type an annotation stands for."""
        if hint not in self._values:
            self._values[hint] = self._value(*_unwrap(hint))
        return self._values[hint]

    def _value(self, base: Any, notes: list[Any]) -> Value:
        named = _note(notes, declare.Named)
        name = named.name if named else ""
        if base is bool:
            return Value("boolean", bits=1)
        if base is int:
            span = _note(notes, declare.Integer)
            return integer_value(span.low, span.high)
        if base is str:
            text = _note(notes, declare.Text)
            return Value("string", min_length=text.min_length, max_length=text.max_length, name=name)
        if base is bytes:
            octets = _note(notes, declare.Binary)
            return Value(
                "binary", min_length=octets.min_length, max_length=octets.max_length, form=octets.form, name=name
            )
        return Value("enumeration", bits=bits_for(len(base)), members=base)

    def _type(self, hint: Any, module: str) -> Type:
        if isinstance(hint, str):
            hint = getattr(sys.modules[module], hint)
        base, _ = _unwrap(hint)
        return base if is_declared(base) else self.value(hint)

    def _resolve(self, cls: type[ComplexType]) -> Model:
        attributes: list[AttributeUse] = []
        parts: list[Particle] = []
        text: Value | None = None
        choice: list[Element] = []
        choice_name = None
        regular = True
        for name, source in cls.__hints__.items():
            owner: Any = cls.__owners__[name]
            space = owner.__namespace__
            if name == "items" and owner.__content__ is not None:
                parts.append(self._tree(owner.__content__, owner))
                regular = False
                continue
            hint = eval(source, vars(sys.modules[owner.__module__]))
            base, notes = _unwrap(hint)
            mark = _note(notes, declare.Mark)
            optional = cls.__defaults__[name] is None
            if mark and mark.kind == "attribute":
                uri = space.uri if space.attributes_qualified else ""
                attributes.append(AttributeUse((name, uri), self.value(hint), name, not optional))
                continue
            if mark and mark.kind == "content":
                text = self.value(hint)
                continue
            occurs = _note(notes, declare.Occurs)
            low, high = (occurs.low, occurs.high) if occurs else (0 if optional else 1, 1)
            if base is list or get_origin(base) is list:
                hint = get_args(base)[0]
                base, inner = _unwrap(hint)
                mark = _note(inner, declare.Mark)
            type_: Type = base if is_declared(base) else self.value(hint)
            grouped = _note(notes, declare.Choice)
            if (grouped.name if grouped else None) != choice_name and choice:
                parts.append(Group(tuple(choice), choice=True))
                choice = []
            choice_name = grouped.name if grouped else None
            if grouped:
                choice.append(Element((name, space.uri if space.elements_qualified else ""), type_, name))
            elif mark and mark.kind == "ref":
                parts.append(self._reference(base, name, low, high))
            else:
                uri = space.uri if space.elements_qualified else ""
                parts.append(Element((name, uri), type_, name, low, high))
        if choice:
            parts.append(Group(tuple(choice), choice=True))
        if cls.__wildcard__ is not None:
            parts.append(Wild(cls.__wildcard__.low, cls.__wildcard__.high))
        ordered = tuple(sorted(attributes, key=lambda a: a.qname))
        return Model(cls, ordered, Group(tuple(parts)), text, cls.__mixed__, regular)

    def _tree(self, particle: Any, owner: Any) -> Particle:
        if isinstance(particle, declare.Any_):
            return Wild(particle.low, particle.high)
        if isinstance(particle, declare.El):
            qname = (particle.name, owner.__namespace__.uri)
            return Element(qname, self._type(particle.hint, owner.__module__), "items", particle.low, particle.high)
        parts = tuple(self._tree(p, owner) for p in particle.parts)
        return Group(parts, isinstance(particle, declare.OneOf), particle.low, particle.high)

    def _reference(self, head: Any, field: str, low: int, high: int | None) -> Particle:
        members = self.substitutes(head)
        if len(members) == 1:
            return Element((head.__element__, head.__namespace__.uri), head, field, low, high)
        options = tuple(Element((m.__element__ or "", m.__namespace__.uri), m, field) for m in members)
        return Group(options, choice=True, low=low, high=high)

    # ---- elements ---------------------------------------------------------------------------------------------

    def substitutes(self, head: type[ComplexType]) -> list[type[ComplexType]]:
        """A head element's class and those of its substitution group in this set, in the order of their codes."""
        found = [c for c in self.classes.values() if c.__element__ and issubclass(c, head)]
        return sorted(found, key=lambda c: (c.__element__ or "", c.__namespace__.uri))

    @cached_property
    def documents(self) -> list[tuple[QName, Type]]:
        """Every global element, in the order of the document grammar's codes."""
        return [(q, t if isinstance(t, type) else self.value(t.hint)) for q, t in documents_of(self.modules)]

    @cached_property
    def fragments(self) -> list[tuple[QName, list[Type]]]:
        """Every element declared anywhere, global or local, with its types, in the order of the fragment codes."""
        found: dict[QName, list[Type]] = {qname: [type_] for qname, type_ in self.documents}
        for cls in self.classes.values():
            for element in elements_in(self.model(cls).content):
                types = found.setdefault(element.qname, [])
                if element.type not in types:
                    types.append(element.type)
        return sorted(found.items(), key=lambda item: item[0])

    @cached_property
    def attributes(self) -> list[QName]:
        """Every attribute of the set, sorted: what the relaxed element fragment grammar starts with."""
        return sorted({a.qname for cls in self.classes.values() for a in self.model(cls).attributes})

    def type_name(self, type_: Type) -> str:
        """What a type is called in a sentence."""
        return type_.__name__ if isinstance(type_, type) else type_.name or type_.kind


def elements_in(particle: Particle) -> Iterable[Element]:
    """The element particles of a content model, depth first."""
    if isinstance(particle, Element):
        yield particle
    elif isinstance(particle, Group):
        for part in particle.parts:
            yield from elements_in(part)
