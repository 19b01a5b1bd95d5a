"""What a call has to carry, as data: fixed members, members that may be anything, members of the case.

A pattern is a payload in which some values are placeholders. It is held against what comes, it is what somebody is
asked to send, and it is what a page says about the case.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct


class Anything(Struct, frozen=True):
    """A value that whoever sends it chooses; ``example`` is one."""

    example: Any


class FromCase(Struct, frozen=True):
    """A value that follows from what has happened ``so_far`` in the case: ``of`` says which, ``words`` name it."""

    words: str
    of: Callable[[Any], Any]


class Such(Struct, frozen=True):
    """A value for which ``holds`` is true, as ``example`` is; ``words`` say what it has to be."""

    words: str
    holds: Callable[[Any], bool]
    example: Any


class Fitting(Struct, frozen=True):
    """As :class:`Such`, where what holds depends on what has happened: ``holds(value, so_far)``."""

    words: str
    holds: Callable[[Any, Any], bool]
    example: Any


class Absent(Struct, frozen=True):
    """A member that must not be there."""


ABSENT = Absent()


def filled(pattern: Any, so_far: Any) -> Any:
    """The pattern as a payload: every placeholder has a value."""
    match pattern:
        case Mapping():
            return {name: filled(one, so_far) for name, one in pattern.items() if not isinstance(one, Absent)}
        case list():
            return [filled(one, so_far) for one in pattern]
        case Anything(example) | Such(example=example) | Fitting(example=example):
            return filled(example, so_far)
        case FromCase(of=of):
            return of(so_far)
    return pattern


def unlike(pattern: Any, value: Any, so_far: Any, place: str = "") -> str:
    """How ``value`` differs from the pattern, as the middle of a sentence; empty if it does not.

    What a pattern does not name may be there.
    """
    match pattern:
        case Mapping() if isinstance(value, Mapping):
            for name, one in pattern.items():
                at = f"{place}.{name}" if place else name
                if isinstance(one, Absent):
                    if name in value:
                        return f"{at} is there ({_shown(value[name])}), and must not be"
                elif name not in value:
                    return f"{at} is missing"
                elif why := unlike(one, value[name], so_far, at):
                    return why
            return ""
        case list() if isinstance(value, list) and len(pattern) == len(value):
            differ = (unlike(one, value[n], so_far, f"{place}[{n}]") for n, one in enumerate(pattern))
            return next(filter(None, differ), "")
        case list() if isinstance(value, list):
            return f"{place} has {len(value)} items, not {len(pattern)}"
        case Anything():
            return ""
        case Such(words, holds):
            return "" if holds(value) else f"{place} is {_shown(value)}, not {words}"
        case Fitting(words, holds):
            return "" if holds(value, so_far) else f"{place} is {_shown(value)}, not {words}"
        case FromCase(words, of):
            return unlike(of(so_far), value, so_far, place)
    return "" if pattern == value else f"{place} is {_shown(value)}, not {_shown(_plain(pattern, so_far))}"


def described(pattern: Any, so_far: Any = None) -> str:
    """The pattern for people: JSON in which words stand for placeholders, but for those ``so_far`` has a value for."""
    return json.dumps(_plain(pattern, so_far), ensure_ascii=False)


def _plain(pattern: Any, so_far: Any) -> Any:
    match pattern:
        case Mapping():
            return {name: _plain(one, so_far) for name, one in pattern.items()}
        case list():
            return [_plain(one, so_far) for one in pattern]
        case Anything():
            return "<any>"
        case Absent():
            return "<none>"
        case FromCase(words, of):
            return f"<{words}>" if so_far is None else of(so_far)
        case Such(words) | Fitting(words):
            return f"<{words}>"
    return pattern


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:77]}..."
