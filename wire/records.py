"""``dataclass`` as the standard library has it, at a quarter of its price.

The library's decorator compiles six functions for each frozen class, about 1 ms: with 140 classes a seventh of a second
at every start, most of it for classes the run never makes. Here the fields and slots are still the library's work
(``fields``, ``replace``, ``asdict`` and pattern matching behave the same), but ``__init__`` is compiled with the first
instance and the other methods are shared. What differs: a subclass of such a class is declared with this decorator too,
and the options are those below.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import cache
from operator import attrgetter
from reprlib import recursive_repr
from types import MemberDescriptorType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(cls=None, /, *, eq=True, frozen=False, slots=False, kw_only=False):
        """See :func:`dataclasses.dataclass`."""
        if cls is None:
            return lambda decorated: _made(decorated, eq, frozen, slots, kw_only)
        return _made(cls, eq, frozen, slots, kw_only)


def _made(cls: Any, eq: bool, frozen: bool, slots: bool, kw_only: bool) -> Any:
    own = set(vars(cls))
    cls.__doc__ = cls.__doc__ or cls.__name__  # without one the library works out a signature to put there
    cls = dataclasses.dataclass(cls, init=False, repr=False, eq=False, slots=slots, kw_only=kw_only)
    methods: dict[str, Any] = {"__init__": _lazy_initialiser(cls, frozen), "__repr__": _show}
    if eq:
        methods["__eq__"] = _equal
        methods["__hash__"] = _hash_of if frozen else None
    if frozen:
        methods |= {"__getstate__": _state, "__setstate__": _restore, **_guards(cls)}
    for name, method in methods.items():
        if name not in own:
            setattr(cls, name, method)
    return cls


def _lazy_initialiser(cls: Any, frozen: bool) -> Callable[..., None]:
    def __init__(self: Any, *values: Any, **named: Any) -> None:
        compiled = _initialiser(cls, frozen)
        if vars(cls)["__init__"] is __init__:
            cls.__init__ = compiled
        compiled(self, *values, **named)

    return __init__


def _initialiser(cls: Any, frozen: bool) -> Callable[..., None]:
    """Straight-line code that stores each argument, default or factory's product, then calls ``__post_init__``."""
    scope: dict[str, Any] = {"_absent": object(), "_set": object.__setattr__}
    positional: list[str] = []
    keyword: list[str] = []
    lines: list[str] = []
    for one in dataclasses.fields(cls):
        name = value = one.name
        parameter = name
        if one.default is not dataclasses.MISSING:
            scope[f"_default_{name}"] = one.default
            parameter = f"{name}=_default_{name}"
        elif one.default_factory is not dataclasses.MISSING:
            scope[f"_make_{name}"] = one.default_factory
            parameter = f"{name}=_absent"
            value = f"_make_{name}() if {name} is _absent else {name}"
        if one.init:
            (keyword if one.kw_only else positional).append(parameter)
        elif parameter == name:
            continue
        else:
            value = f"_default_{name}" if one.default is not dataclasses.MISSING else f"_make_{name}()"
        lines.append(f" {_store(cls, name, scope) if frozen else f'self.{name} = '}{value}{')' if frozen else ''}")
    if hasattr(cls, "__post_init__"):
        lines.append(" self.__post_init__()")
    parameters = ", ".join(["self", *positional, *(["*", *keyword] if keyword else [])])
    exec(f"def __init__({parameters}):\n" + ("\n".join(lines) or " pass"), scope)
    made: Callable[..., None] = scope["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    return made


def _store(cls: Any, name: str, scope: dict[str, Any]) -> str:
    """The beginning of a call that stores into a frozen instance; a slot's own setter is the quickest."""
    slot = getattr(cls, name, None)
    if isinstance(slot, MemberDescriptorType):
        scope[f"_set_{name}"] = slot.__set__
        return f"_set_{name}(self, "
    return f"_set(self, {name!r}, "


def _guards(cls: Any) -> dict[str, Any]:
    def __setattr__(self: Any, name: str, value: Any) -> None:
        if type(self) is cls or name in cls.__dataclass_fields__:
            raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")
        super(cls, self).__setattr__(name, value)

    def __delattr__(self: Any, name: str) -> None:
        if type(self) is cls or name in cls.__dataclass_fields__:
            raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")
        super(cls, self).__delattr__(name)

    return {"__setattr__": __setattr__, "__delattr__": __delattr__}


@cache
def _compared(cls: Any) -> Callable[[Any], Any]:
    names = [one.name for one in dataclasses.fields(cls) if one.compare]
    return attrgetter(*names) if len(names) > 1 else lambda value: tuple(getattr(value, name) for name in names)


def _equal(self: Any, other: Any) -> Any:
    if self.__class__ is not other.__class__:
        return NotImplemented
    values = _compared(self.__class__)
    return values(self) == values(other)


def _hash_of(self: Any) -> int:
    return hash(_compared(self.__class__)(self))


@recursive_repr()
def _show(self: Any) -> str:
    shown = (f"{one.name}={getattr(self, one.name)!r}" for one in dataclasses.fields(self) if one.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _state(self: Any) -> list[Any]:
    return [getattr(self, one.name) for one in dataclasses.fields(self)]


def _restore(self: Any, state: list[Any]) -> None:
    for one, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, one.name, value)


__all__ = ["dataclass"]
