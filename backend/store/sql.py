"""A store in a database. What was acknowledged is there after the process is gone, and so is every fact it made.

Each kind is a table: a value's octets, its key, the texts it is found by, and its place in the order of coming. A
change is one transaction, serializable, run again where another one came between. Facts are written in the transaction
that makes them (``pnc_untold``) and leave it after they were told, so that no crash separates a change from its facts:
who has the database next tells them. A fact can therefore be told twice, and never not at all.

One process has an SQLite file at a time; a PostgreSQL database is shared by any number. There each process holds an
advisory lock of the number it signs its facts with, so that the others know whose facts nobody will tell any more.
"""

from __future__ import annotations

import asyncio
import zlib
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Generic, TypeVar

import sqlalchemy as sql
from msgspec import Struct
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from pncsim.backend.events.facts import Fact
from pncsim.backend.store.database import Database, open_database
from pncsim.backend.store.encoding import SCHEMA, decode, decode_fact, decode_part, encode, name_of
from pncsim.backend.store.memory import TellFacts, nothing_along
from pncsim.backend.store.statements import FoundRow, RunStatement, Statement, Values, running_on
from pncsim.backend.store.tables import PAGE, Change, KeptKind, Page, Table, Where, WriteAlong, check_page
from pncsim.backend.store.upgrade import OLDEST, renew_table
from pncsim.wire.errors import LocalError
from pncsim.wire.source import SYSTEM, Source

V = TypeVar("V")
R = TypeVar("R")
P = TypeVar("P", bound=Struct)

ATTEMPTS = 50
"""How often a change is run before another one has come between too often."""

PAUSE = 0.002
"""Seconds of the machine's time, times the attempts so far, within which a change is begun anew: not all at once."""
TOLD = 32
"""Facts of a process among several that are taken out together once they were told."""

_AGAIN = frozenset({"40001", "40P01", "23505"})
"""SQLSTATEs after which the same change may well succeed: serialization failure, deadlock, a key that came between."""
_MAKING_TABLES = 0x706E63
"""The advisory lock of who makes tables."""
_JOBS = _MAKING_TABLES
"""The first half of the advisory locks of jobs: those of two halves are none of those of one."""
_HOLD = sql.select(
    sql.func.pg_advisory_xact_lock(sql.literal(_JOBS, sql.Integer), sql.bindparam("job", type_=sql.Integer))
)
_POSITION = sql.BigInteger().with_variant(sql.Integer, "sqlite")


async def open_store(
    url: str,
    kinds: Iterable[KeptKind[Any]],
    tell: TellFacts,
    *,
    along: WriteAlong = nothing_along,
    source: Source = SYSTEM,
) -> SqlStore:
    """The store at ``url`` (``sqlite+aiosqlite:///FILE`` or ``postgresql+asyncpg://…``), with tables for ``kinds``.

    ``along`` writes what is kept with each fact, in the change that makes it. Once everybody listens,
    :meth:`SqlStore.tell_again` tells what a killed process could not. Raises LocalError, with what to do, for a
    database that cannot be reached, is somebody else's or of another release.
    """
    store = SqlStore(open_database(url), kinds, tell, source.bits(62), along)
    try:
        await store.prepare()
    except BaseException:
        await store.database.close()
        raise
    return store


class SqlStore:
    """A :class:`backend.store.tables.Store` in ``database``; ``owner`` is the number this process signs its facts with.

    Made by :func:`open_store`; :meth:`close` is to be called by who has opened it.
    """

    def __init__(
        self,
        database: Database,
        kinds: Iterable[KeptKind[Any]],
        tell: TellFacts,
        owner: int,
        along: WriteAlong = nothing_along,
    ) -> None:
        self.database, self.owner, self._tell, self._along = database, owner, tell, along
        self._metadata = sql.MetaData()
        self._schema = sql.Table("pnc_schema", self._metadata, sql.Column("version", sql.Integer, nullable=False))
        self._untold = sql.Table(
            "pnc_untold",
            self._metadata,
            sql.Column("id", _POSITION, primary_key=True),
            sql.Column("owner", sql.BigInteger, nullable=False, index=True),
            sql.Column("name", sql.Text, nullable=False),
            sql.Column("fact", sql.LargeBinary, nullable=False),
            sqlite_autoincrement=True,
        )
        untold = self._untold.c
        fields: dict[str, Any] = {name: sql.bindparam(f"new_{name}") for name in ("owner", "name", "fact")}
        self._write_down = Statement(sql.insert(self._untold).values(fields).returning(untold.id))
        self._take_out = Statement(sql.delete(self._untold).where(untold.id == sql.bindparam("told")))
        self._owners = Statement(sql.select(untold.owner).distinct())
        of_owner = sql.select(untold.id, untold.name, untold.fact).where(untold.owner == sql.bindparam("whose"))
        self._left = Statement(of_owner.order_by(untold.id))
        self._rows = {kind.name: _Rows(kind, self._metadata) for kind in kinds}
        self._told: list[int] = []  # facts to be taken out with the next change
        self._changes: set[asyncio.Task[Any]] = set()
        self._turn = asyncio.Lock()  # of the one who writes into a file
        self._jobs = defaultdict[str, asyncio.Lock](asyncio.Lock)
        self._living: AsyncConnection | None = None  # holds the lock that says this process lives

    def of(self, kind: KeptKind[V]) -> Table[V]:
        """As Store."""
        return _SqlTable(self.rows(kind), self)

    def rows(self, kind: KeptKind[V]) -> _Rows[V]:
        """The table behind a kind."""
        return self._rows[kind.name]

    async def change(self, step: Callable[[Change], Awaitable[R]]) -> R:
        """As Store. Who asked may be cancelled meanwhile: the change is made and told all the same.

        Raises LocalError where the database does not do it.
        """
        task = asyncio.create_task(self._change(step))
        self._changes.add(task)
        task.add_done_callback(self._changed)
        return await asyncio.shield(task)

    async def tell_again(self) -> int:
        """Tell the facts of processes that ended before they could; returns how many there were."""
        told = 0
        with self.database.sentences():
            owners = await self.read(self._owners, {})
        for (owner,) in owners:
            if owner != self.owner:
                async with self.gone(owner) as gone:
                    told += await self._tell_for(owner) if gone else 0
        return told

    async def close(self) -> None:
        """Finish the changes that have begun, and leave the database."""
        while self._changes:
            await asyncio.wait(self._changes)
        try:
            await self._take_out_told()
        finally:
            if self._living is not None:
                await self._living.close()
            await self.database.close()

    # Reading, for tables

    async def read(self, statement: Statement, values: Values) -> Sequence[FoundRow]:
        """The rows of what is kept now. Raises what the driver raises: who reads has ``sentences`` around it."""
        if self.database.file is not None:
            return self.database.file.read(statement, values)
        async with self._alone() as connection:
            return await running_on(connection)(statement, values)

    # Changing

    async def _change(self, step: Callable[[Change], Awaitable[R]]) -> R:
        if self.database.file is None:
            result, facts = await self._kept(step)
        else:
            async with self._turn:
                result, facts = await self._kept(step)
        if facts:
            await self._tell([fact for _, fact in facts])
            self._told += [number for number, _ in facts]
            if self.database.file is None and len(self._told) >= TOLD:
                await self._take_out_told()
        return result

    def _changed(self, task: asyncio.Task[Any]) -> None:
        self._changes.discard(task)
        if not task.cancelled():
            task.exception()  # who asked may be gone; then nobody else wants to know

    async def _kept(self, step: Callable[[Change], Awaitable[R]]) -> tuple[R, list[tuple[int, Fact]]]:
        """What ``step`` returns, and its facts under their numbers."""
        with self.database.sentences():
            for attempt in range(1, ATTEMPTS + 1):
                # Where others write too, what all changes do would make them collide.
                told = self._told[:] if self.database.file is not None else []
                try:
                    async with self._transaction() as run:
                        change = _SqlChange(self, run)
                        result = await step(change)
                        for fact in tuple(change.facts):
                            await self._along(change, fact)
                        numbers = [await self._written_down(run, fact) for fact in change.facts]
                        for number in told:
                            await run(self._take_out, {"told": number})
                except DBAPIError as error:
                    if attempt == ATTEMPTS or getattr(error.orig, "sqlstate", None) not in _AGAIN:
                        raise
                    await asyncio.sleep(SYSTEM.uniform(0.0, PAUSE * attempt))
                else:
                    self._told = [number for number in self._told if number not in told]
                    return result, list(zip(numbers, change.facts, strict=True))
        raise AssertionError("the last attempt returns or raises")

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[RunStatement]:
        if self.database.file is not None:
            async with self.database.file.change() as run:
                yield run
        else:
            async with self.database.engine.begin() as connection:
                yield running_on(connection)

    async def _written_down(self, run: RunStatement, fact: Fact) -> int:
        row = {"new_owner": self.owner, "new_name": name_of(fact), "new_fact": encode(fact)}
        ((number,),) = await run(self._write_down, row)
        return int(number)

    async def _take_out_told(self) -> None:
        told, self._told = self._told, []
        if not told:
            return
        with self.database.sentences():
            if self.database.file is not None:
                async with self._turn, self.database.file.change() as run:
                    for number in told:
                        await run(self._take_out, {"told": number})
            else:
                async with self._alone() as connection:
                    await connection.execute(sql.delete(self._untold).where(self._untold.c.id.in_(told)))

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[AsyncConnection]:
        """Each statement for itself: one sees one state, and a transaction would only collide with changes."""
        async with self.database.engine.connect() as connection:
            yield await connection.execution_options(isolation_level="AUTOCOMMIT")

    # Facts of others

    @asynccontextmanager
    async def gone(self, owner: int) -> AsyncIterator[bool]:
        """As Store; a process that has ended holds its advisory lock no more."""
        if self.database.file is not None:
            yield True  # a file has one process at a time, and that is this one
            return
        with self.database.sentences():
            async with self.database.engine.connect() as connection:
                locked = await connection.execute(sql.select(sql.func.pg_try_advisory_lock(owner)))
                gone = bool(locked.scalar_one())
                await connection.rollback()
                try:
                    yield gone
                finally:
                    if gone:
                        await connection.execute(sql.select(sql.func.pg_advisory_unlock(owner)))
                        await connection.rollback()

    @asynccontextmanager
    async def alone(self, job: str) -> AsyncIterator[None]:
        """As Store; the advisory lock goes with its transaction, and so with its process."""
        async with self._jobs[job]:
            if self.database.file is not None:
                yield  # a file has one process at a time
                return
            with self.database.sentences():
                connection = await self.database.engine.connect()
            try:
                with self.database.sentences():
                    # Nothing is read in it: a serializable one would be held against all who change meanwhile.
                    await connection.execution_options(isolation_level="READ COMMITTED")
                    await connection.execute(_HOLD, {"job": zlib.crc32(job.encode()) - 2**31})
                yield
            finally:
                with self.database.sentences():
                    await connection.close()

    async def _tell_for(self, owner: int) -> int:
        with self.database.sentences():
            rows = await self.read(self._left, {"whose": owner})
        if rows:
            await self._tell([decode_fact(name, fact) for _, name, fact in rows])
            self._told += [number for number, _, _ in rows]
            await self._take_out_told()
        return len(rows)

    # Opening

    async def prepare(self) -> None:
        """Make or check the tables. Raises LocalError for a database that is not ours."""
        with self.database.sentences():
            async with self.database.engine.begin() as connection:
                if self.database.file is None:
                    await connection.execute(sql.select(sql.func.pg_advisory_xact_lock(_MAKING_TABLES)))
                await connection.run_sync(self._make_tables)
            if self.database.file is None:
                self._living = await self.database.engine.connect()
                await self._living.execute(sql.select(sql.func.pg_advisory_lock(self.owner)))
                await self._living.commit()

    def _make_tables(self, connection: sql.Connection) -> None:
        there = set(sql.inspect(connection).get_table_names())
        if self._schema.name in there:
            version = connection.execute(sql.select(self._schema.c.version)).scalar_one_or_none()
            if version is None or not OLDEST <= version <= SCHEMA:
                raise LocalError(
                    f"The database {self.database.name} has schema {version}; this release reads schemas {OLDEST} to "
                    f"{SCHEMA}.",
                    advice="Use the release that wrote it, or an empty database.",
                )
            if version < SCHEMA:
                self._renew(connection, there)
        elif found := sorted(there & set(self._metadata.tables)):
            raise LocalError(
                f"The database {self.database.name} has tables {', '.join(found)}, but no {self._schema.name}.",
                advice="Name an empty database.",
            )
        missing = [table for name, table in self._metadata.tables.items() if name not in there]
        self._metadata.create_all(connection, missing, checkfirst=False)  # some kinds may have come since
        if self._schema.name not in there:
            connection.execute(sql.insert(self._schema).values(version=SCHEMA))

    def _renew(self, connection: sql.Connection, there: set[str]) -> None:
        """Bring what an older release has written up to date; in the same transaction as everything else here."""
        for rows in self._rows.values():
            if rows.table.name in there:
                renew_table(connection, rows.table, rows.renewed)
        connection.execute(sql.update(self._schema).values(version=SCHEMA))


class _Rows(Generic[V]):
    """The table of one kind."""

    def __init__(self, kind: KeptKind[V], metadata: sql.MetaData) -> None:
        self.kind = kind
        found = [sql.Column(f"by_{name}", sql.Text, nullable=False) for name in kind.indexes]
        self.table = sql.Table(
            f"pnc_{kind.name}",
            metadata,
            sql.Column("position", _POSITION, primary_key=True),
            sql.Column("key", sql.Text, nullable=False, unique=True),
            sql.Column("value", sql.LargeBinary, nullable=False),
            *found,
            *(sql.Index(f"pnc_{kind.name}_{column.name}", column.name, "position") for column in found),
            sqlite_autoincrement=True,  # a place is not taken again: cursors stay right
        )
        wanted, columns = self.table.c.key == sql.bindparam("wanted"), self.table.c
        given = [column.name for column in (columns.value, *found)]
        fields: dict[str, Any] = {name: sql.bindparam(f"new_{name}") for name in given}
        self.get = Statement(sql.select(columns.value).where(wanted))
        self.insert = Statement(sql.insert(self.table).values({"key": sql.bindparam("wanted"), **fields}))
        self.update = Statement(sql.update(self.table).where(wanted).values(fields))
        self.remove = Statement(sql.delete(self.table).where(wanted))
        behind = sql.select(columns.position, columns.value).where(columns.position > sql.bindparam("after"))
        pages = {
            "": behind,
            **{name: behind.where(columns[f"by_{name}"] == sql.bindparam("found")) for name in kind.indexes},
        }
        self._pages = {
            name: Statement(page.order_by(columns.position).limit(sql.bindparam("most", type_=sql.Integer)))
            for name, page in pages.items()
        }

    def row(self, key: str, value: V) -> dict[str, object]:
        found = {f"new_by_{name}": text(value) for name, text in self.kind.indexes.items()}
        return {"wanted": key, "new_value": encode(value), **found}

    def renewed(self, octets: bytes) -> dict[str, object]:
        """The columns of a value that an older release has written. Raises msgspec.ValidationError."""
        value = decode(self.kind, octets)
        found = {f"by_{name}": text(value) for name, text in self.kind.indexes.items()}
        return {"key": self.kind.key(value), "value": encode(value), **found}

    def behind(self, where: Where | None, after: int, limit: int) -> tuple[Statement, dict[str, object]]:
        name, found = where or ("", "")
        if where is not None and name not in self.kind.indexes:
            raise ValueError(f"{self.kind.name} are not found by {name!r}")
        return self._pages[name], {"after": after, "most": limit + 1, "found": found}

    def page(self, rows: Sequence[FoundRow], limit: int) -> Page[V]:
        values = tuple(decode(self.kind, octets) for _, octets in rows[:limit])
        return Page(values, str(rows[limit - 1][0]) if len(rows) > limit else "")


class _SqlTable(Generic[V]):
    """A table outside of a change: what is written is a change of its own."""

    def __init__(self, rows: _Rows[V], store: SqlStore) -> None:
        self._rows, self._store = rows, store
        self._file, self._sentences = store.database.file, store.database.sentences()

    async def get(self, key: str) -> V | None:
        with self._sentences:
            row = self._file.row(self._rows.get, key) if self._file is not None else await self._row(key)
            return None if row is None else decode(self._rows.kind, row[0])

    async def part(self, key: str, fields: type[P]) -> P | None:
        with self._sentences:
            row = self._file.row(self._rows.get, key) if self._file is not None else await self._row(key)
            return None if row is None else decode_part(fields, row[0])

    async def _row(self, key: str) -> FoundRow | None:
        rows = await self._store.read(self._rows.get, {"wanted": key})
        return rows[0] if rows else None

    async def add(self, value: V) -> None:
        await self._store.change(lambda change: change.of(self._rows.kind).add(value))

    async def put(self, value: V) -> V | None:
        return await self._store.change(lambda change: change.of(self._rows.kind).put(value))

    async def remove(self, key: str) -> V | None:
        return await self._store.change(lambda change: change.of(self._rows.kind).remove(key))

    async def page(self, where: Where | None = None, *, after: str = "", limit: int = PAGE) -> Page[V]:
        asked = self._rows.behind(where, check_page(after, limit), limit)
        with self._sentences:
            return self._rows.page(await self._store.read(*asked), limit)


class _SqlChange:
    """A change in progress."""

    def __init__(self, store: SqlStore, run: RunStatement) -> None:
        self.facts: list[Fact] = []
        self._store, self._run = store, run

    def of(self, kind: KeptKind[V]) -> Table[V]:
        return _ChangingTable(self._store.rows(kind), self._run)

    def tell(self, fact: Fact) -> None:
        self.facts.append(fact)


class _ChangingTable(Generic[V]):
    """A table within a change."""

    def __init__(self, rows: _Rows[V], run: RunStatement) -> None:
        self._rows, self._run = rows, run

    async def get(self, key: str) -> V | None:
        octets = await self._octets(key)
        return None if octets is None else decode(self._rows.kind, octets)

    async def part(self, key: str, fields: type[P]) -> P | None:
        octets = await self._octets(key)
        return None if octets is None else decode_part(fields, octets)

    async def _octets(self, key: str) -> bytes | None:
        rows = await self._run(self._rows.get, {"wanted": key})
        return rows[0][0] if rows else None

    async def add(self, value: V) -> None:
        await self._run(self._rows.insert, self._rows.row(self._rows.kind.key(value), value))

    async def put(self, value: V) -> V | None:
        key = self._rows.kind.key(value)
        previous = await self.get(key)
        await self._run(self._rows.insert if previous is None else self._rows.update, self._rows.row(key, value))
        return previous

    async def remove(self, key: str) -> V | None:
        previous = await self.get(key)
        if previous is not None:
            await self._run(self._rows.remove, {"wanted": key})
        return previous

    async def page(self, where: Where | None = None, *, after: str = "", limit: int = PAGE) -> Page[V]:
        asked = self._rows.behind(where, check_page(after, limit), limit)
        return self._rows.page(await self._run(*asked), limit)
