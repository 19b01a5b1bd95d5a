"""What a store is to the services: tables of values, changed all or nothing, together with the facts they make.

A value is frozen: who has read one holds a copy of what was kept, and nothing he does to it reaches the store. What is
kept, under which key and by what it can be found, a :class:`KeptKind` says; where it is kept is the home's affair.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Generic, Protocol, TypeVar

from msgspec import Struct, field

from pncsim.backend.events.facts import Fact

V = TypeVar("V")
R = TypeVar("R")
P = TypeVar("P", bound=Struct)

PAGE = 100
MAX_PAGE = 1_000
"""Values on a page: as many as are taken where nothing is said, and the most that may be asked for."""

Where = tuple[str, str]
"""An index of the kind, and the text looked for in it."""


class KeptKind(Struct, Generic[V], frozen=True):
    """One kind of thing that is kept: ``key`` names a value among its like, ``indexes`` say by what else it is found.

    ``name`` is the table's, ``holds`` the type of the values. Keys and indexed texts are compared octet by octet: what
    does not depend on letter case is folded by ``key``, and by who asks. ``identity``: this is what others know the
    services by, private keys among it; it outlives a reset and is in no backup.
    """

    name: str
    holds: type[V]
    key: Callable[[V], str]
    indexes: Mapping[str, Callable[[V], str]] = field(default_factory=dict)
    identity: bool = False


class Page(Struct, Generic[V], frozen=True):
    """Some values in order; ``next`` is where the following page begins, empty after the last."""

    values: tuple[V, ...]
    next: str = ""


class Table(Protocol[V]):
    """The values of one kind, in the order their keys first came; a value put again keeps its place."""

    async def get(self, key: str) -> V | None:
        """The value, or None."""

    async def part(self, key: str, fields: type[P]) -> P | None:
        """What ``fields``, a struct with some of the kind's fields, says of the value: the others are not even read."""

    async def add(self, value: V) -> None:
        """Keep ``value``, whose key nobody has: who knows that need not look, and collides with nobody who does."""

    async def put(self, value: V) -> V | None:
        """Keep ``value`` in place of one with the same key, which is returned."""

    async def remove(self, key: str) -> V | None:
        """Forget a value, and return it; None if there was none."""

    async def page(self, where: Where | None = None, *, after: str = "", limit: int = PAGE) -> Page[V]:
        """Up to ``limit`` values, those ``where`` finds, behind the cursor ``after`` (a page's ``next``).

        Who walks the pages meets each value that is there all the while exactly once, whatever else comes and goes.
        Raises ValueError for a limit outside 1 to MAX_PAGE or a cursor that is none.
        """


class Tables(Protocol):
    """Something with a table for each kind."""

    def of(self, kind: KeptKind[V]) -> Table[V]:
        """The table of ``kind``."""


class Change(Tables, Protocol):
    """A change in progress: its tables show what it has done so far, others see none of it."""

    def tell(self, fact: Fact) -> None:
        """Have ``fact`` told once the change is kept; it is kept with it, or not at all."""


WriteAlong = Callable[[Change, Fact], Awaitable[None]]
"""Writes what has to be kept with each fact, in the change that makes it; it tells no facts of its own."""


class Store(Tables, Protocol):
    """A home of tables. What its tables' ``put`` and ``remove`` do alone, each is a change of its own without facts.

    ``owner`` is a number of this process, among all that have the home open; :meth:`gone` asks about another's.
    """

    owner: int

    async def change(self, step: Callable[[Change], Awaitable[R]]) -> R:
        """Do everything ``step`` does or nothing, as if nobody else were at work; returns what it returns.

        ``step`` reads and writes the tables of the change it is given and waits for nothing else: a home may have to
        run it again. If it raises, nothing is changed or told. Facts are told, in order, before this returns; who
        listens cannot undo the change any more (see :class:`backend.events.bus.Bus`).
        """

    def gone(self, owner: int) -> AbstractAsyncContextManager[bool]:
        """Whether the process of that number, not this one, has ended; in the body nobody else is told so."""

    def alone(self, job: str) -> AbstractAsyncContextManager[None]:
        """In the body nobody else is at ``job``, in no process that has the home open: who comes meanwhile waits.

        A process that is killed in the body is waited for no longer.
        """


async def every(table: Table[V], where: Where | None = None) -> AsyncIterator[V]:
    """All values, page by page."""
    after, more = "", True
    while more:
        page = await table.page(where, after=after, limit=MAX_PAGE)
        for value in page.values:
            yield value
        after, more = page.next, bool(page.next)


def check_page(after: str, limit: int) -> int:
    """The position a cursor stands for; raises ValueError as :meth:`Table.page` does."""
    if not 1 <= limit <= MAX_PAGE:
        raise ValueError(f"a page has 1 to {MAX_PAGE} values, not {limit}")
    if not after:
        return 0
    if not (after.isascii() and after.isdigit() and len(after) <= 18):
        raise ValueError(f"{after[:40]!r} is no cursor of a page")
    return int(after)
