"""How a message type is declared: one plain class per XSD complex type, its fields as annotations.

A catalogue module reads like the standard's chapter::

    class MeterInfoType(DataType):
        MeterID: meterIDType                       # required element
        MeterReading: xs.unsignedLong | None = None  # optional element

    class AC_EVSEStatusType(EVSEStatusType, element="AC_EVSEStatus"):  # member of EVSEStatus' substitution group
        RCD: xs.boolean

The rules:

* Order of fields is order of particles, inherited fields first. A field's element lives in the namespace of the class
  that declares it; a subclass keeps its base's namespace unless it names another.
* ``| None = None`` is minOccurs 0; ``Annotated[list[T], Occurs(low, high)]`` a repeated element (``high=None``: no
  upper bound).
* ``Ref[T]`` refers to T's global element; if T heads a substitution group, the field holds an instance of a member.
* ``Attribute[T]`` is an attribute, ``SimpleContent[T]`` the text of an element that also has attributes.
* Neighbouring fields with ``Choice(name)`` exclude each other: exactly one is present.
* ``mixed=True`` and ``wildcard=`` say what the schema allows around the declared elements. They only widen event
  codes: such content is reported as unsupported when it occurs.
* A content model that is none of this (repeated choices) is written out as ``__content__``; its values are kept in
  order in the field ``items``, a list of (element name, value).

Classes behave like keyword-only slotted dataclasses (``dataclasses.fields``, ``replace`` and ``asdict`` work on them)
but cost a tenth to create: a catalogue of a hundred types must not cost a program its start-up time. Nothing is
validated on construction; a codec does that when it encodes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import field
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeGuard, TypeVar, dataclass_transform

T = TypeVar("T")


class _Fact:
    """A value of the declaration language, equal to another of its kind with the same contents.

    Not a dataclass: a dozen frozen ones would cost every program 10 ms at start-up.
    """

    __slots__: tuple[str, ...] = ()

    def _contents(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self.__slots__)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._contents() == other._contents()

    def __hash__(self) -> int:
        return hash((type(self).__name__, self._contents()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self._contents()))})"


class Namespace(_Fact):
    """An XML namespace: its URI, the prefix we write, and whether local elements and attributes belong to it."""

    __slots__ = ("attributes_qualified", "elements_qualified", "prefix", "uri")

    def __init__(
        self, uri: str, prefix: str, *, elements_qualified: bool = True, attributes_qualified: bool = False
    ) -> None:
        self.uri = uri
        self.prefix = prefix
        self.elements_qualified = elements_qualified
        self.attributes_qualified = attributes_qualified


class Integer(_Fact):
    """An integer value and its range; the range alone decides the EXI form (W3C EXI 7.1.5, 7.1.9)."""

    __slots__ = ("high", "low")

    def __init__(self, low: int | None = None, high: int | None = None) -> None:
        self.low = low
        self.high = high


class Text(_Fact):
    """A string; lengths count code points."""

    __slots__ = ("max_length", "min_length")

    def __init__(self, min_length: int = 0, max_length: int | None = None) -> None:
        self.min_length = min_length
        self.max_length = max_length


class Binary(_Fact):
    """Octets; ``form`` is the lexical form in XML and JSON: ``hex`` or ``base64``."""

    __slots__ = ("form", "max_length", "min_length")

    def __init__(self, form: str, min_length: int = 0, max_length: int | None = None) -> None:
        self.form = form
        self.min_length = min_length
        self.max_length = max_length


class Named(_Fact):
    """The XSD name of a simple type where two differ in name only: the fragment grammar tells them apart by it."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


class Occurs(_Fact):
    """minOccurs and maxOccurs of a repeated element; ``high=None`` is unbounded."""

    __slots__ = ("high", "low")

    def __init__(self, low: int, high: int | None) -> None:
        self.low = low
        self.high = high


class Choice(_Fact):
    """Marks neighbouring fields that exclude each other."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


class Mark(_Fact):
    """What a field is, if not a local element."""

    __slots__ = ("kind",)

    def __init__(self, kind: str) -> None:
        self.kind = kind


Ref = Annotated[T, Mark("ref")]
Attribute = Annotated[T, Mark("attribute")]
SimpleContent = Annotated[T, Mark("content")]


# ---- explicit content models -------------------------------------------------------------------------------------


class El(_Fact):
    """An element particle of an explicit content model; ``hint`` is its type, or the name of one declared later."""

    __slots__ = ("high", "hint", "low", "name")

    def __init__(self, name: str, hint: Any, low: int = 1, high: int | None = 1) -> None:
        self.name = name
        self.hint = hint
        self.low = low
        self.high = high


class Any_(_Fact):
    """A wildcard particle."""

    __slots__ = ("high", "low")

    def __init__(self, low: int = 1, high: int | None = 1) -> None:
        self.low = low
        self.high = high


class _Group(_Fact):
    __slots__ = ("high", "low", "parts")

    def __init__(self, parts: tuple[El | Any_ | Seq | OneOf, ...], low: int = 1, high: int | None = 1) -> None:
        self.parts = parts
        self.low = low
        self.high = high


class Seq(_Group):
    """A sequence of particles."""


class OneOf(_Group):
    """A choice of particles."""


class GlobalElement(_Fact):
    """A global element of simple type (one of complex type is declared by its class)."""

    __slots__ = ("hint", "name")

    def __init__(self, name: str, hint: Any) -> None:
        self.name = name
        self.hint = hint


# ---- the classes -------------------------------------------------------------------------------------------------


class _Fields:
    """``__dataclass_fields__`` built when somebody asks, so that the functions of :mod:`dataclasses` work."""

    def __get__(self, instance: object, owner: type[ComplexType]) -> dict[str, dataclasses.Field[Any]]:
        made: dict[str, Any] = {}
        for name, default in owner.__defaults__.items():
            one: Any = field(kw_only=True) if default is _REQUIRED else field(default=None, kw_only=True)
            if default is list:
                one = field(default_factory=list, kw_only=True)
            one.name, one.type, one._field_type = name, owner.__hints__[name], dataclasses._FIELD  # type: ignore[attr-defined]  # as dataclass() does
            made[name] = one
        return made


_REQUIRED: Any = object()


def _initialiser(cls: type[ComplexType]) -> Callable[..., None]:
    """A keyword-only ``__init__`` for this class, compiled when its first instance is made."""
    parameters, lines = [], []
    for name, default in cls.__defaults__.items():
        parameters.append(name if default is _REQUIRED else f"{name}=None")
        value = f"[] if {name} is None else {name}" if default is list else name
        lines.append(f" self.{name} = {value}")
    stars = f", *, {', '.join(parameters)}" if parameters else ""
    scope: dict[str, Any] = {}
    exec(f"def __init__(self{stars}):\n" + ("\n".join(lines) or " pass"), scope)
    made: Callable[..., None] = scope["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    return made


def _first_init(self: ComplexType, **values: Any) -> None:
    cls: Any = type(self)
    cls.__init__ = _initialiser(cls)
    cls.__init__(self, **values)


@dataclass_transform(kw_only_default=True, field_specifiers=(field,))
class Catalogue(type):
    """Turns annotations into slots. See the module's docstring for what they mean."""

    __defaults__: dict[str, Any]
    __hints__: dict[str, str]
    __owners__: dict[str, Catalogue]
    __namespace__: Namespace
    __element__: str | None
    __abstract__: bool
    __mixed__: bool
    __wildcard__: Any_ | None

    def __new__(
        mcs,
        name: str,
        bases: tuple[type, ...],
        body: dict[str, Any],
        *,
        namespace: Namespace | None = None,
        element: str | None = None,
        abstract: bool = False,
        mixed: bool = False,
        wildcard: Any_ | None = None,
    ) -> Catalogue:
        """``element``: the global element of this type; ``abstract``: never on the wire itself."""
        own = {n: h for n, h in body.get("__annotations__", {}).items() if not n.startswith("__")}
        defaults: dict[str, Any] = {}
        for n in own:
            default = body.pop(n, _REQUIRED)
            factory = getattr(default, "default_factory", None)
            defaults[n] = list if factory is list else default
        body["__slots__"] = tuple(own)
        body["__init__"] = _first_init  # each class its own: a subclass must not inherit its base's compiled one
        cls = super().__new__(mcs, name, bases, body)
        base: Any = bases[0] if bases else None
        cls.__defaults__ = {**base.__defaults__, **defaults} if base else defaults
        cls.__hints__ = {**base.__hints__, **own} if base else own
        cls.__owners__ = {**base.__owners__, **dict.fromkeys(own, cls)} if base else {}
        if namespace is not None or base is None:
            cls.__namespace__ = namespace or Namespace("", "")
        cls.__element__ = element
        cls.__abstract__ = abstract
        cls.__mixed__ = mixed
        cls.__wildcard__ = wildcard
        return cls

    def __init__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any], **_: Any) -> None:
        super().__init__(name, bases, body)


class ComplexType(metaclass=Catalogue):
    """Base of every declared type."""

    if TYPE_CHECKING:
        __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]
    else:
        __dataclass_fields__ = _Fields()
    __content__: ClassVar[Seq | OneOf | None] = None
    __abstract__: ClassVar[bool]
    __mixed__: ClassVar[bool]
    __wildcard__: ClassVar[Any_ | None]
    __hash__ = None  # type: ignore[assignment]  # how Python is told that nothing of it can be hashed

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return all(getattr(self, n) == getattr(other, n) for n in type(self).__defaults__)

    def __repr__(self) -> str:
        shown = ((n, getattr(self, n, None)) for n in type(self).__defaults__)
        return f"{type(self).__name__}({', '.join(f'{n}={v!r}' for n, v in shown if v is not None)})"


def is_declared(hint: object) -> TypeGuard[type[ComplexType]]:
    """Whether it is a declared type, and not a plain value of Python's."""
    return isinstance(hint, Catalogue)
