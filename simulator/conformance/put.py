"""How a device of ours becomes wrong in one point: something else stands in the place of what is right."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

from pncsim.simulator.conformance.case import Mutant


@contextmanager
def put(owner: object, name: str, instead: object) -> Iterator[None]:
    """While in the body ``instead`` is what a class or module has under ``name``."""
    before = vars(owner)[name]
    setattr(owner, name, instead)
    try:
        yield
    finally:
        setattr(owner, name, before)


def gives(value: object) -> Callable[..., object]:
    """What gives ``value``, whatever it is asked: a check that finds nothing, a deed that is not done."""
    return lambda *args, **more: value


def comes_to(value: object) -> Callable[..., Awaitable[object]]:
    """The same where what is right has to be awaited."""

    async def whatever(*args: object, **more: object) -> object:
        return value

    return whatever


def wrong(*rows: tuple[str, str, object, str, object, tuple[str, ...]]) -> Mapping[str, Mutant]:
    """Mutants by their names, each from a row: name, title, what :func:`put` takes, and the cases that have to see it.

    Their ``made`` makes the context in which the device is wrong.
    """
    return {
        name: Mutant(name=name, title=title, kills=kills, made=partial(put, owner, at, instead))
        for name, title, owner, at, instead, kills in rows
    }
