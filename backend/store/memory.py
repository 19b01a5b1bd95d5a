"""A store in this process: nothing to open, nothing to import, gone at the end."""

from __future__ import annotations

import asyncio
import itertools
from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Generic, TypeVar

from msgspec import Struct, field

from pncsim.backend.events.facts import Fact
from pncsim.backend.store.tables import PAGE, Change, KeptKind, Page, Table, Where, WriteAlong, check_page

V = TypeVar("V")
P = TypeVar("P", bound=Struct)
R = TypeVar("R")

TellFacts = Callable[[list[Fact]], Awaitable[None]]


async def _nobody(facts: list[Fact]) -> None:
    """Where no bus is."""


async def nothing_along(change: Change, fact: Fact) -> None:
    """Where facts are only told."""


class MemoryStore:
    """A :class:`backend.store.tables.Store`; ``tell`` passes on the facts of each change (:meth:`Bus.tell`)."""

    owner = 0

    def __init__(self, tell: TellFacts = _nobody, along: WriteAlong = nothing_along) -> None:
        self._tell, self._along = tell, along
        self._rows: dict[str, _Rows[Any]] = {}
        self._jobs = defaultdict[str, asyncio.Lock](asyncio.Lock)

    def of(self, kind: KeptKind[V]) -> Table[V]:
        """As Store."""
        return _MemoryTable(self._rows_of(kind))

    async def change(self, step: Callable[[Change], Awaitable[R]]) -> R:
        """As Store. A step that waits for anything but the store is a defect of its author: RuntimeError."""
        change = _MemoryChange(self._rows_of)
        try:
            result = _at_once(step(change))
            if change.facts:
                _at_once(self._write_along(change))
        except BaseException:
            change.undo()
            raise
        if change.facts:
            await self._tell(change.facts)
        return result

    @asynccontextmanager
    async def gone(self, owner: int) -> AsyncIterator[bool]:
        """As Store: nobody else was ever here."""
        yield True

    def alone(self, job: str) -> AbstractAsyncContextManager[None]:
        """As Store."""
        return self._jobs[job]

    async def _write_along(self, change: _MemoryChange) -> None:
        for fact in tuple(change.facts):
            await self._along(change, fact)

    def _rows_of(self, kind: KeptKind[V]) -> _Rows[V]:
        rows = self._rows.get(kind.name)
        if rows is None:
            rows = self._rows[kind.name] = _Rows(kind)
        return rows


def _at_once(step: Awaitable[R]) -> R:
    """What ``step`` returns, without letting anybody else run: that is what makes a change whole here."""
    turns = step.__await__()
    try:
        next(turns)
    except StopIteration as done:
        result: R = done.value
        return result
    turns.close()
    raise RuntimeError("a change of the store may wait for nothing but the store")


class _Rows(Generic[V]):
    """One table: values by position, positions by key and by indexed text, each list in order."""

    def __init__(self, kind: KeptKind[V]) -> None:
        self.kind = kind
        self.values: dict[int, V] = {}
        self.positions: dict[str, int] = {}
        self._order: list[int] = []
        self._found: dict[Where, list[int]] = {}
        self._next = itertools.count(1)

    def put(self, key: str, value: V) -> None:
        position = self.positions.get(key)
        if position is None:
            self.insert(next(self._next), value)
            return
        previous, self.values[position] = self.values[position], value
        for name, text in self.kind.indexes.items():
            if (was := text(previous)) != (now := text(value)):
                self._forget((name, was), position)
                insort(self._found.setdefault((name, now), []), position)

    def insert(self, position: int, value: V) -> None:
        self.positions[self.kind.key(value)] = position
        self.values[position] = value
        insort(self._order, position)
        for name, text in self.kind.indexes.items():
            insort(self._found.setdefault((name, text(value)), []), position)

    def remove(self, key: str) -> None:
        position = self.positions.pop(key, None)
        if position is None:
            return
        value = self.values.pop(position)
        del self._order[bisect_left(self._order, position)]
        for name, text in self.kind.indexes.items():
            self._forget((name, text(value)), position)

    def behind(self, where: Where | None, after: int, limit: int) -> list[int]:
        if where is not None and where[0] not in self.kind.indexes:
            raise ValueError(f"{self.kind.name} are not found by {where[0]!r}")
        positions = self._order if where is None else self._found.get(where, [])
        start = bisect_right(positions, after)
        return positions[start : start + limit]

    def _forget(self, where: Where, position: int) -> None:
        positions = self._found[where]
        del positions[bisect_left(positions, position)]
        if not positions:
            del self._found[where]


_Undo = tuple[_Rows[Any], str, int, Any]
"""Rows, a key, and at which position what was kept under it, if anything, before it was changed."""


class _MemoryTable(Struct, Generic[V]):
    """A table, outside of a change, or within one that keeps in ``_undo`` what it takes to undo it, newest last."""

    _rows: _Rows[V]
    _undo: list[_Undo] | None = None

    async def get(self, key: str) -> V | None:
        position = self._rows.positions.get(key)
        return None if position is None else self._rows.values[position]

    async def part(self, key: str, fields: type[P]) -> P | None:
        value = await self.get(key)
        return None if value is None else fields(**{name: getattr(value, name) for name in fields.__struct_fields__})

    async def add(self, value: V) -> None:
        await self.put(value)

    async def put(self, value: V) -> V | None:
        key = self._rows.kind.key(value)
        previous = self._about_to_change(key)
        self._rows.put(key, value)
        return previous

    async def remove(self, key: str) -> V | None:
        previous = self._about_to_change(key)
        self._rows.remove(key)
        return previous

    async def page(self, where: Where | None = None, *, after: str = "", limit: int = PAGE) -> Page[V]:
        found = self._rows.behind(where, check_page(after, limit), limit + 1)
        shown = found[:limit]
        return Page(tuple(map(self._rows.values.__getitem__, shown)), str(shown[-1]) if len(found) > limit else "")

    def _about_to_change(self, key: str) -> V | None:
        position = self._rows.positions.get(key, 0)
        previous = self._rows.values.get(position)
        if self._undo is not None:
            self._undo.append((self._rows, key, position, previous))
        return previous


class _MemoryChange(Struct):
    """A change in progress."""

    _rows_of: Callable[[KeptKind[Any]], _Rows[Any]]
    _undo: list[_Undo] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)

    def of(self, kind: KeptKind[V]) -> Table[V]:
        return _MemoryTable(self._rows_of(kind), self._undo)

    def tell(self, fact: Fact) -> None:
        self.facts.append(fact)

    def undo(self) -> None:
        for rows, key, position, previous in reversed(self._undo):
            rows.remove(key)
            if previous is not None:
                rows.insert(position, previous)
