"""Which databases there are, how one is opened, and what its failures are called: SQLite in a file, or PostgreSQL."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sql
from msgspec import Struct, ValidationError
from sqlalchemy import PoolProxiedConnection, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from pncsim.wire.errors import LocalError

BUSY = 10.0
"""Seconds an SQLite file may be locked by somebody else's tool before who wants to write gives up."""

_FORMS = "Give sqlite+aiosqlite:///FILE or postgresql+asyncpg://USER:PASSWORD@HOST/DATABASE."


class FileReader:
    """Reads a file in the caller's thread. ``engine`` runs statements; one value is had from the driver itself."""

    def __init__(self, engine: sql.Engine) -> None:
        self.engine = engine
        self._connection: PoolProxiedConnection | None = None

    def value(self, statement: str, *wanted: str) -> bytes | None:
        """The only column of the row ``statement`` finds: in a tenth of the time SQLAlchemy would take."""
        if self._connection is None:
            self._connection = self.engine.raw_connection()
        cursor = self._connection.cursor()
        cursor.execute(statement, wanted)
        row = cursor.fetchone()
        cursor.close()
        return None if row is None else row[0]

    def close(self) -> None:
        """Leave the file."""
        if self._connection is not None:
            self._connection.close()
        self.engine.dispose()


class Database(Struct, frozen=True, eq=False):
    """One database. ``engine`` changes it; ``reader`` (a file has one) reads it at once, in the caller's thread.

    ``file`` is a descriptor of an SQLite file; holding it keeps other processes of ours out.
    """

    url: URL
    engine: AsyncEngine
    reader: FileReader | None = None
    file: int | None = None

    @property
    def name(self) -> str:
        """The URL for people: without its password."""
        return self.url.render_as_string(hide_password=True)

    @contextmanager
    def sentences(self) -> Iterator[None]:
        """What the driver says in the body, as LocalError."""
        try:
            yield
        except ValidationError as error:
            raise LocalError(
                f"The database {self.name} holds what this release cannot read: {error}.",
                advice="Use the release that wrote it, or an empty database.",
            ) from error
        except (SQLAlchemyError, sqlite3.Error, OSError) as error:
            said = str(getattr(error, "orig", None) or error).splitlines()[0].rstrip(".")
            raise LocalError(
                f"The database {self.name} failed: {said}.",
                advice="Is it running, and are name, password and rights as they should be?",
            ) from error

    async def close(self) -> None:
        """Leave it."""
        if self.reader is not None:
            self.reader.close()
        await self.engine.dispose()
        if self.file is not None:
            os.close(self.file)


def open_database(url: str) -> Database:
    """The database at ``url``; only a file is touched. Raises LocalError for what cannot be one, saying what can."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise LocalError("This is not the URL of a database.", advice=_FORMS) from None
    if parsed.drivername == "postgresql+asyncpg":
        return Database(parsed, _postgresql(parsed))
    if parsed.drivername != "sqlite+aiosqlite":
        raise LocalError(f"A database {parsed.drivername}:// cannot be used.", advice=_FORMS)
    if parsed.database in (None, "", ":memory:"):
        raise LocalError("The URL of an SQLite database names no file.", advice=_FORMS)
    held = _held(Path(str(parsed.database)))
    return Database(parsed, _sqlite(parsed), _reader(parsed), held)


def _held(file: Path) -> int:
    """The file, made if it is not there, and nobody else's until the descriptor is closed, by the system if need be."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        # Contracts and hashes of secrets are in it: for its owner alone, before anything is written.
        held = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise LocalError(
            f"The database {file} cannot be opened: {error.strerror}.",
            advice="Name a file in a folder you may write to.",
        ) from error
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(held)
        raise LocalError(
            f"The database {file} is in use by another process.",
            advice="Stop that one, or name another file.",
        ) from None
    except OSError:
        return held  # a file system without locks
    return held


def _postgresql(url: URL) -> AsyncEngine:
    try:
        return create_async_engine(url, isolation_level="SERIALIZABLE", pool_pre_ping=True)
    except (ModuleNotFoundError, NoSuchModuleError):
        raise LocalError(
            "PostgreSQL needs the package asyncpg.", advice='Install it with: pip install "pncsim[postgresql]".'
        ) from None


def _sqlite(url: URL) -> AsyncEngine:
    engine = create_async_engine(url, pool_size=1, max_overflow=0)
    event.listen(engine.sync_engine, "connect", _set_up)
    event.listen(engine.sync_engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine


def _reader(url: URL) -> FileReader:
    reader = sql.create_engine(url.set(drivername="sqlite"), isolation_level="AUTOCOMMIT", poolclass=sql.StaticPool)
    event.listen(reader, "connect", _set_up)
    return FileReader(reader)


def _set_up(connection: Any, _: object) -> None:
    """Every commit reaches the disk; readers do not wait for the writer, nor he for them."""
    connection.isolation_level = None  # SQLAlchemy begins transactions, not the driver
    cursor = connection.cursor()
    for setting in (f"busy_timeout={int(BUSY * 1000)}", "journal_mode=WAL", "synchronous=FULL"):
        cursor.execute(f"PRAGMA {setting}")
    cursor.close()
