"""Typed parameters: one way to declare what can be chosen, for scenarios, faults and commands alike.

They are the keyword-only parameters of a function or the fields of a struct, annotated ``Annotated[type, "help"]``
or, with limits of its own, ``Annotated[type, "help", Bounds(0, 100)]``. Types are bool, int, float, str, Path, a
Literal of words, and each of these or None.
"""

from __future__ import annotations

import inspect
import math
import types
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from msgspec import Struct

from pncsim.wire.errors import LocalError

_WORDS = {"yes": True, "true": True, "on": True, "no": False, "false": False, "off": False}


class Bounds(Struct, frozen=True):
    """The numbers from ``low`` to ``high``, both included; what is infinite or no number never is."""

    low: float
    high: float = math.inf


class Choices(Struct, frozen=True):
    """The words allowed, where a table has them; otherwise the type is a Literal."""

    words: tuple[str, ...]


class Reads(Struct, frozen=True):
    """Values are read by this, which raises ValueError with a sentence."""

    read: Callable[[str], object]


class Flag(Struct, frozen=True):
    """A bool that this option (``--no-tls``) turns to what it is not by default."""

    option: str


class Switches(Struct, frozen=True):
    """Words that are an option each (``--pnc``), with their help, and exclude each other."""

    words: Mapping[str, str]


class Secret(Struct, frozen=True):
    """What is typed is for nobody else's eyes."""


class AtTarget(Struct, frozen=True):
    """It is about somebody else's device: where no target is named there is nothing it could mean."""


class Shown(Struct, frozen=True):
    """What stands for the value in a help text."""

    metavar: str


class Parameter(Struct, frozen=True):
    """One thing that can be chosen.

    ``type`` is what :meth:`read` makes of a text, ``choices`` the words allowed (empty: any). Without ``bounds`` a
    float has to be above 0 and an int 1 at least: amounts, times and counts are. ``words``: what else the declaration
    says, for whoever shows the parameter.
    """

    name: str
    type: type
    default: Any
    help: str
    choices: tuple[str, ...] = ()
    bounds: Bounds | None = None
    words: tuple[object, ...] = ()

    def read(self, text: str) -> Any:
        """The value a person has typed. Raises ValueError with a sentence."""
        for word in self.words:
            if isinstance(word, Reads):
                return word.read(text)
        if self.choices:
            if text not in self.choices:
                raise ValueError(f"{text!r} is none of {', '.join(self.choices)}")
            return text
        if self.type is bool:
            if text.lower() not in _WORDS:
                raise ValueError(f"{text!r} is neither yes nor no")
            return _WORDS[text.lower()]
        if self.type is float:
            return self._within(_number(text), text, "number")
        if self.type is int:
            number = _number(text)
            return int(self._within(number if number.is_integer() else math.nan, text, "whole number"))
        return self.type(text)

    def _within(self, number: float, text: str, what: str) -> float:
        if self.bounds is None:
            if not 0 < number < math.inf:
                raise ValueError(f"{text!r} is no {what} above 0")
        elif not (self.bounds.low <= number <= self.bounds.high and number < math.inf):
            above = f"to {self.bounds.high:g}" if self.bounds.high < math.inf else "on"
            raise ValueError(f"{text!r} is no {what} from {self.bounds.low:g} {above}")
        return number


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """What a person may have meant by ``word``, or else all that is known, as a sentence."""
    words = list(known)
    close = close_to(word, words)
    return f"Did you mean {' or '.join(close)}?" if close else f"Known are {', '.join(words)}."


def close_to(word: str, known: Iterable[str]) -> list[str]:
    """Up to three of ``known`` that a person may have meant by ``word``."""
    from difflib import get_close_matches

    return get_close_matches(word, list(known), n=3, cutoff=0.6)


def check_wishes(of: str, wishes: Mapping[str, object], config: type[Struct], also: Iterable[str] = ()) -> None:
    """Refuse wishes that are no fields of ``config``, or no values for them. Raises LocalError.

    ``also``: what else may have been meant by a word that is none.
    """
    known = config.__struct_fields__
    for name, value in wishes.items():
        if name not in known:
            raise LocalError(f"{of} knows no {name!r}.", advice=did_you_mean(name, [*also, *known]))
        hint = _hint(config, name)
        if not _fits(value, hint):
            words = get_args(hint) if get_origin(hint) is Literal else ()
            advice = did_you_mean(str(value), words) if words else ""
            raise LocalError(f"{of} cannot have {value!r} for {name}.", advice=advice)


@cache
def _hint(config: type[Struct], name: str) -> Any:
    """The type of one field; object where its module names it for type checkers only."""
    alone = type(name, (), {"__annotations__": {name: config.__annotations__[name]}, "__module__": config.__module__})
    try:
        return get_type_hints(alone)[name]
    except NameError:
        return object


def _fits(value: object, hint: Any) -> bool:
    """Whether a value is of a type, as far as that can be seen without looking into it."""
    if get_origin(hint) is Literal:
        return value in get_args(hint)
    if get_origin(hint) in (Union, types.UnionType):
        return any(_fits(value, one) for one in get_args(hint))
    kind = get_origin(hint) or hint
    if kind in (int, float):
        return isinstance(value, (int, kind)) and not isinstance(value, bool)
    return not isinstance(kind, type) or isinstance(value, kind)


def _number(text: str) -> float:
    """A number; NaN, which no range contains, if it is none."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def parameters_of(declared: Callable[..., object], names: Mapping[str, object] | None = None) -> tuple[Parameter, ...]:
    """What ``declared`` lets be chosen, in its order: a function all keyword parameters, a struct what is annotated.

    ``names`` stand for types its module imports for type checkers only. Raises TypeError for what nobody can choose.
    """
    hints = get_type_hints(declared, localns=dict(names or {}), include_extras=True)
    found = inspect.signature(declared).parameters.values()
    defaults = {p.name: p.default for p in found if p.kind is inspect.Parameter.KEYWORD_ONLY}
    plain = inspect.isfunction(declared)
    hint = {name: hints.get(name, str) for name in defaults}
    chosen = [name for name in defaults if plain or get_origin(hint[name]) is Annotated]
    return tuple(_parameter(name, hint[name], defaults[name]) for name in chosen)


def _parameter(name: str, hint: Any, default: Any) -> Parameter:
    kind, help_text, *words = get_args(hint) if get_origin(hint) is Annotated else (hint, "")
    if default is inspect.Parameter.empty:
        raise TypeError(f"the parameter {name} has no default")
    if get_origin(kind) in (Union, types.UnionType):
        [kind] = [part for part in get_args(kind) if part is not type(None)]
    bounds = next((word for word in words if isinstance(word, Bounds)), None)
    choices = next((word.words for word in words if isinstance(word, Choices)), ())
    rest = tuple(word for word in words if not isinstance(word, Bounds | Choices))
    if get_origin(kind) is Literal:
        return Parameter(name, str, default, help_text, get_args(kind), None, rest)
    if kind not in (bool, int, float, str, Path):
        raise TypeError(f"nobody knows how to read {name}, {kind!r}, from a command line")
    return Parameter(name, kind, default, help_text, choices, bounds, rest)
