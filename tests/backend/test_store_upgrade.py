"""A database of an older release is brought up to date when it is opened, as a whole, or stays as it was.

``tests/vectors/databases/schema1.sql`` is what ``pnc serve ecosystem`` kept when its schema was 1: demo clients, one
vehicle with two contracts (one of them blocked), a revoked certificate. Keys of tokens were taken out.
"""

from __future__ import annotations

import asyncio
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sql
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from pncsim.backend.auth import CLIENTS
from pncsim.backend.ccp import CONTRACTS
from pncsim.backend.ccp.store import manufacturer_key
from pncsim.backend.events.facts import Fact
from pncsim.backend.mo import SUBSCRIPTIONS, SubscriptionState
from pncsim.backend.pcp import VEHICLES
from pncsim.backend.pki.store import ISSUED, issued_key, issuer_key, name_by_key
from pncsim.backend.rcp import ROOT_ACTIVITIES, ROOTS
from pncsim.backend.store import KeptKind, every
from pncsim.backend.store.encoding import SCHEMA
from pncsim.backend.store.sql import SqlStore, open_store
from pncsim.simulator.serving.standing import KINDS
from pncsim.tls_certs import reading
from pncsim.wire.errors import LocalError
from pncsim.wire.values import replace

OLD = Path(__file__).parents[1] / "vectors" / "databases" / "schema1.sql"
PCID = "PNCSIMVEHICLE00001"
EMAID = "DEPNCC000000017"


def loaded() -> sqlite3.Connection:
    database = sqlite3.connect(":memory:")
    database.executescript(OLD.read_text())
    return database


def into_file(url: str) -> None:
    place = Path(url.partition("///")[2])
    place.parent.mkdir(parents=True)
    file = sqlite3.connect(place)
    loaded().backup(file)
    file.close()


async def into_server(url: str) -> None:
    """The same tables and rows in PostgreSQL, as that release made them there."""
    old, engine = loaded(), create_async_engine(url)
    try:
        async with engine.begin() as new:
            for (name,) in old.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'pnc_%'"):
                await copy(old, name, new)
    finally:
        await engine.dispose()


async def copy(old: sqlite3.Connection, name: str, new: AsyncConnection) -> None:
    types = {"INTEGER": "BIGINT", "TEXT": "TEXT", "BLOB": "BYTEA"}
    columns = [(column[1], types.get(column[2], column[2])) for column in old.execute(f"PRAGMA table_info({name})")]
    made = ", ".join(
        "position BIGSERIAL PRIMARY KEY" if column == "position" else f'"{column}" {type} NOT NULL'
        for column, type in columns
    )
    await new.execute(sql.text(f"CREATE TABLE {name} ({made})"))
    for row in old.execute(f"SELECT * FROM {name}"):
        given = ", ".join(f":{column}" for column, _ in columns)
        values = dict(zip((column for column, _ in columns), row, strict=True))
        await new.execute(sql.text(f"INSERT INTO {name} VALUES ({given})"), values)
    if columns[0][0] == "position":
        most = f"(SELECT COALESCE(MAX(position), 0) + 1 FROM {name})"
        await new.execute(sql.text(f"SELECT setval('{name}_position_seq', {most}, false)"))


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    found: str = request.getfixturevalue(f"{request.param}_url")
    if request.param == "sqlite":
        into_file(found)
    else:
        with ThreadPoolExecutor(1) as thread:
            thread.submit(lambda: asyncio.run(into_server(found))).result()
    return found


async def nobody(facts: list[Fact]) -> None:
    """Nobody listens."""


async def opened(url: str) -> SqlStore:
    return await open_store(url, KINDS, nobody)


async def all_of(store: SqlStore, kind: Any) -> list[Any]:
    return [value async for value in every(store.of(kind))]


async def asked(url: str, question: str) -> list[Any]:
    engine = create_async_engine(url)
    try:
        async with engine.connect() as connection:
            return list((await connection.execute(sql.text(question))).scalars())
    finally:
        await engine.dispose()


async def test_everything_an_older_release_has_kept_is_there(url: str) -> None:
    for _ in range(2):  # brought up to date, and then as any other
        store = await opened(url)
        assert [client.id for client in await all_of(store, CLIENTS)][:2] == ["demo-oem", "demo-cpo"]
        assert [vehicle.pcid for vehicle in await all_of(store, VEHICLES)] == [PCID]
        contracts = await all_of(store, CONTRACTS)
        assert contracts[0].entry.emaid == EMAID and len(contracts) == 2
        assert [one.state for one in await all_of(store, SUBSCRIPTIONS)] == [
            SubscriptionState.ACTIVE,
            SubscriptionState.BLOCKED,
        ]
        assert len(await all_of(store, ROOTS)) == len(await all_of(store, ROOT_ACTIVITIES)) == 3
        assert sum(issued.revoked_at is not None for issued in await all_of(store, ISSUED)) == 1
        await store.close()
    assert await asked(url, "SELECT version FROM pnc_schema") == [SCHEMA]


async def test_what_came_with_this_release_is_found_in_what_an_older_one_kept(url: str) -> None:
    store = await opened(url)
    kinds: tuple[KeptKind[Any], ...] = KINDS
    for kind in kinds:
        values = await all_of(store, kind)
        for name, text in kind.indexes.items():
            for value in values:
                assert value in (await store.of(kind).page((name, text(value)))).values, (kind.name, name)
    found = await store.of(CONTRACTS).page(("manufacturer", manufacturer_key(EMAID, PCID)))
    assert [contract.entry.emaid for contract in found.values] == [EMAID]
    (vehicle,) = await all_of(store, VEHICLES)
    assert await store.of(VEHICLES).put(vehicle) == vehicle
    await store.close()


async def test_one_value_that_cannot_be_read_leaves_the_whole_database_as_it_was(url: str) -> None:
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        wrong = sql.text("UPDATE pnc_vehicles SET value = :octets").bindparams(octets=b"\xc0")
        await connection.execute(wrong)
    await engine.dispose()
    before = await asked(url, "SELECT value FROM pnc_contracts ORDER BY position")
    with pytest.raises(LocalError, match="holds what this release cannot read"):
        await opened(url)
    assert await asked(url, "SELECT version FROM pnc_schema") == [1]
    assert await asked(url, "SELECT value FROM pnc_contracts ORDER BY position") == before
    with pytest.raises(sql.exc.DBAPIError):
        await asked(url, "SELECT by_manufacturer FROM pnc_contracts")
    with pytest.raises(sql.exc.DBAPIError):
        await asked(url, "SELECT * FROM pnc_audiences")


async def test_what_an_older_release_has_revoked_is_revoked_still(url: str) -> None:
    store = await opened(url)
    (revoked,) = [issued for issued in await all_of(store, ISSUED) if issued.revoked_at is not None]
    (authority,) = reading.load_all(OLD.with_name("schema1_cpo_sub2.pem").read_bytes(), "the authority")
    for _ in range(2):
        await name_by_key(store, authority)
        kept = await store.of(ISSUED).get(issued_key(issuer_key(authority), revoked.certificate.serial_number))
        assert kept == replace(revoked, issuer=issuer_key(authority))
        assert len(await all_of(store, ISSUED)) == 3
    await store.close()
