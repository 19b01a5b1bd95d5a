"""Which databases there are, how one is opened, and what its failures are called: SQLite in a file, or PostgreSQL."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from pathlib import Path
from typing import Any

from msgspec import Struct, ValidationError
from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from pncsim.backend.store.statements import SqliteFile, set_up
from pncsim.wire.errors import LocalError

_FORMS = "Give sqlite+aiosqlite:///FILE or postgresql+asyncpg://USER:PASSWORD@HOST/DATABASE."


_FAILURES = (SQLAlchemyError, sqlite3.Error, OSError)


class _Sentences:
    """A class, for each read and each change has one around it, and a generator costs more than the read."""

    __slots__ = ("_database",)

    def __init__(self, database: Database) -> None:
        self._database = database

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if error is None:
            return
        if isinstance(error, ValidationError):
            raise LocalError(
                f"The database {self._database.name} holds what this release cannot read: {error}.",
                advice="Use the release that wrote it, or an empty database.",
            ) from error
        if isinstance(error, _FAILURES):
            said = str(getattr(error, "orig", None) or error).splitlines()[0].rstrip(".")
            raise LocalError(
                f"The database {self._database.name} failed: {said}.",
                advice="Is it running, and are name, password and rights as they should be?",
                http_status=503,
            ) from error


class Database(Struct, frozen=True, eq=False):
    """One database, by ``engine``; what is in an SQLite file is read and changed by ``file``.

    ``held`` is a descriptor of that file; holding it keeps other processes of ours out.
    """

    url: URL
    engine: AsyncEngine
    file: SqliteFile | None = None
    held: int | None = None

    @property
    def name(self) -> str:
        """The URL for people: without its password."""
        return self.url.render_as_string(hide_password=True)

    def sentences(self) -> _Sentences:
        """What the driver says in the body of a ``with``, as LocalError."""
        return _Sentences(self)

    async def close(self) -> None:
        """Leave it."""
        if self.file is not None:
            self.file.close()
        await self.engine.dispose()
        if self.held is not None:
            os.close(self.held)


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
    return Database(parsed, _sqlite(parsed), SqliteFile(str(parsed.database)), held)


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
    event.listen(engine.sync_engine, "connect", lambda connection, _: _set_up(connection))
    event.listen(engine.sync_engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine


def _set_up(connection: Any) -> None:
    connection.isolation_level = None  # SQLAlchemy begins transactions, not the driver
    set_up(connection)
