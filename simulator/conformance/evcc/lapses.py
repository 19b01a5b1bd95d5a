"""How a vehicle of ours is made wrong in one point."""

from __future__ import annotations

from collections.abc import Callable

from pncsim.ev import engine
from pncsim.ev.iso2 import ISO2
from pncsim.wire.session.dialect import Dialect, Move

Lapse = tuple[str, str, object, str, object, tuple[str, ...]]
"""A row of :func:`simulator.conformance.put.wrong`: name, title, what stands in for what, the cases that see it."""
InPlaceOf = tuple[object, str, object]
"""The middle of one: owner, name, and what takes its place."""


def speaks(change: Callable[[Dialect], Dialect]) -> InPlaceOf:
    """It speaks a changed dialect."""
    return engine, "DIALECTS", (change(ISO2),)


def moves(name: str, wrap: Callable[[Move], Move]) -> InPlaceOf:
    """It has another move after one answer, made of the right one."""
    return speaks(lambda dialect: dialect.with_move(name, wrap(dialect.moves[name])))
