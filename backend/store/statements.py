"""Statements as both databases run them: PostgreSQL by SQLAlchemy and asyncpg, an SQLite file by its driver alone.

What a statement says is declared once, with SQLAlchemy. For a file it is written down once as well, and run in the
caller's thread: handing a question to another thread, and having SQLAlchemy look at it, each take longer than answering
it. What waits for the disk, a commit, is done in a thread of its own.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import cached_property
from typing import Any

import sqlalchemy as sql
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

BUSY = 10.0
"""Seconds an SQLite file may be locked by somebody else's tool before who wants to write gives up."""

_SQLITE = sqlite.dialect(paramstyle="named")
Values = Mapping[str, object]
FoundRow = Sequence[Any]


class Statement:
    """``clause`` with every value a named parameter."""

    def __init__(self, clause: sql.Executable) -> None:
        self.clause = clause

    @cached_property
    def text(self) -> str:
        """As SQLite's driver has it; of some hundred statements a process uses a few, and only those are written."""
        return str(self._compiled)

    @cached_property
    def _added(self) -> dict[str, object]:
        """The values that the dialect has added itself."""
        return {name: value for name, value in self._compiled.params.items() if value is not None}

    @cached_property
    def _compiled(self) -> Any:
        return self.clause.compile(dialect=_SQLITE)  # type: ignore[attr-defined]  # what is executable here can be compiled

    def run(self, cursor: sqlite3.Cursor, values: Values) -> Sequence[FoundRow]:
        """Its rows in SQLite, with ``values`` by name."""
        return cursor.execute(self.text, {**self._added, **values} if self._added else values).fetchall()


RunStatement = Callable[[Statement, Values], Awaitable[Sequence[FoundRow]]]
"""Runs a statement and returns its rows."""


def running_on(connection: AsyncConnection) -> RunStatement:
    """Runs statements in the transaction of ``connection``."""

    async def run(statement: Statement, values: Values) -> Sequence[FoundRow]:
        found = await connection.execute(statement.clause, dict(values))
        return found.all() if found.returns_rows else ()

    return run


class SqliteFile:
    """A file: one connection reads, another one changes, one change at a time. Raises sqlite3.Error.

    What is read from one change to the next is read in one transaction, for nothing else changes the file: to begin and
    end one takes longer than to find a row. Who begins to change ends it, lest the log of changes could not be emptied.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        # Cursors that are kept: to make one takes as long as half of what a row is found in.
        self._reader: sqlite3.Cursor | None = None
        self._writer: sqlite3.Cursor | None = None

    def read(self, statement: Statement, values: Values) -> Sequence[FoundRow]:
        """The rows of what is kept now."""
        return statement.run(self._reading(), values)

    def row(self, statement: Statement, wanted: str) -> FoundRow | None:
        """The only row of what is kept now under a key, which the statement calls ``wanted``."""
        reader = self._reader
        if reader is None or not reader.connection.in_transaction:
            reader = self._reading()
        row: FoundRow | None = reader.execute(statement.text, {"wanted": wanted}).fetchone()
        return row

    def _reading(self) -> sqlite3.Cursor:
        if self._reader is None:
            self._reader = self._cursor()
        if not self._reader.connection.in_transaction:
            self._reader.execute("BEGIN")
        return self._reader

    def _seen_anew(self) -> None:
        """Let the next who reads see what there is by then."""
        if self._reader is not None and self._reader.connection.in_transaction:
            self._reader.execute("COMMIT")

    @asynccontextmanager
    async def change(self) -> AsyncIterator[RunStatement]:
        """A transaction: all of the body reaches the disk, or nothing."""
        if self._writer is None:
            self._writer = self._cursor()
        writer = self._writer
        self._seen_anew()
        await _begin(writer)

        async def run(statement: Statement, values: Values) -> Sequence[FoundRow]:
            return statement.run(writer, values)

        try:
            yield run
            await asyncio.to_thread(writer.execute, "COMMIT")
            self._seen_anew()
        except BaseException:
            if writer.connection.in_transaction:
                writer.execute("ROLLBACK")
            raise

    def close(self) -> None:
        """Leave the file."""
        for cursor in (self._reader, self._writer):
            if cursor is not None:
                cursor.connection.close()
        self._reader = self._writer = None

    def _cursor(self) -> sqlite3.Cursor:
        connection = sqlite3.connect(self._path, timeout=0, isolation_level=None, check_same_thread=False)
        set_up(connection)
        return connection.cursor()


def set_up(connection: Any) -> None:
    """Every commit reaches the disk; readers do not wait for the writer, nor he for them."""
    cursor = connection.cursor()
    for setting in ("journal_mode=WAL", "synchronous=FULL"):
        cursor.execute(f"PRAGMA {setting}")
    cursor.close()


async def _begin(writer: sqlite3.Cursor) -> None:
    """Begin at once; where somebody else's tool holds the file, wait for it in another thread."""
    try:
        writer.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        await asyncio.to_thread(_begin_patiently, writer)


def _begin_patiently(writer: sqlite3.Cursor) -> None:
    writer.execute(f"PRAGMA busy_timeout={int(BUSY * 1000)}")
    try:
        writer.execute("BEGIN IMMEDIATE")
    finally:
        writer.execute("PRAGMA busy_timeout=0")
