"""What a database adds to a store: it outlives the process, facts included, and is nobody else's."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sql
from backend_world import NOW
from kept_samples import SAMPLES, vehicle

from pncsim.backend.events.facts import CertificateRevoked, Fact, VehiclePublished
from pncsim.backend.pcp import VEHICLES
from pncsim.backend.pki.ca import CertificateService
from pncsim.backend.store import Change, Store, every
from pncsim.backend.store.encoding import SCHEMA
from pncsim.backend.store.sql import SqlStore, open_store
from pncsim.tls_certs.pki import create_pki
from pncsim.wire.clock import Clock
from pncsim.wire.errors import LocalError
from pncsim.wire.source import Seeded
from pncsim.wire.trace import Trace
from pncsim.wire.voice import Voice

KINDS = [kind for kind, _ in SAMPLES.values()]


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    found: str = request.getfixturevalue(f"{request.param}_url")
    return found


class Teller:
    """Hears facts; ``dead`` it is a process that ended before it heard."""

    def __init__(self, *, dead: bool = False) -> None:
        self.told: list[Fact] = []
        self.dead = dead

    async def __call__(self, facts: Sequence[Fact]) -> None:
        if self.dead:
            raise ConnectionAbortedError("the process was killed here")
        self.told += facts


async def publish(store: Store, number: int) -> None:
    async def step(change: Change) -> None:
        await change.of(VEHICLES).put(vehicle(number))
        change.tell(published(number))

    await store.change(step)


def published(number: int) -> VehiclePublished:
    return VehiclePublished(time=NOW, pcid=vehicle(number).pcid)


async def opened_and_left(url: str, teller: Teller) -> None:
    store = await open_store(url, KINDS, teller)
    await store.tell_again()
    await store.close()


async def dies_untold(url: str, number: int) -> None:
    """A process that keeps a change and is killed before it tells its fact."""
    store = await open_store(url, KINDS, Teller(dead=True))
    with pytest.raises(ConnectionAbortedError):
        await publish(store, number)
    await store.close()


async def test_what_was_kept_is_there_when_the_database_is_opened_again(url: str) -> None:
    for kind, make in SAMPLES.values():
        store = await open_store(url, KINDS, Teller())
        await store.of(kind).put(make(1))
        await store.close()
        again = await open_store(url, KINDS, Teller())
        assert [value async for value in every(again.of(kind))] == [make(1)]
        await again.close()


async def test_a_fact_that_was_told_is_not_told_again(url: str) -> None:
    first, second = Teller(), Teller()
    store = await open_store(url, KINDS, first)
    await publish(store, 1)
    await publish(store, 2)
    await store.close()
    await opened_and_left(url, second)
    assert first.told == [published(1), published(2)]
    assert second.told == []


async def test_who_opens_the_database_next_tells_what_a_killed_process_could_not(url: str) -> None:
    await dies_untold(url, 1)
    teller = Teller()
    store = await open_store(url, KINDS, teller)
    assert teller.told == []  # nobody may be listening yet
    assert await store.tell_again() == 1
    assert teller.told == [published(1)]
    assert await store.of(VEHICLES).get(VEHICLES.key(vehicle(1))) == vehicle(1)
    await store.close()
    late = Teller()
    await opened_and_left(url, late)
    assert late.told == []


async def test_who_is_cancelled_after_asking_has_his_change_made_and_told(url: str) -> None:
    teller = Teller()
    store = await open_store(url, KINDS, teller)
    asking = asyncio.create_task(publish(store, 1))
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await store.close()  # waits for what has begun
    again = await open_store(url, KINDS, Teller())
    assert await again.of(VEHICLES).get(VEHICLES.key(vehicle(1))) == vehicle(1)
    assert teller.told == [published(1)]
    await again.close()


@pytest.mark.parametrize("version", [0, SCHEMA + 1])
async def test_a_database_of_another_release_is_refused_and_left_as_it_is(url: str, version: int) -> None:
    store = await open_store(url, KINDS, Teller())
    await store.of(VEHICLES).put(vehicle(1))
    await _say(store, f"UPDATE pnc_schema SET version = {version}")
    await store.close()
    with pytest.raises(LocalError, match=f"has schema {version}; this release reads schemas 1 to {SCHEMA}"):
        await open_store(url, [], Teller())


async def test_a_database_with_somebody_elses_tables_of_our_names_is_refused(url: str) -> None:
    store = await open_store(url, KINDS, Teller())
    await _say(store, "DROP TABLE pnc_schema")
    await store.close()
    with pytest.raises(LocalError, match="but no pnc_schema") as refused:
        await open_store(url, KINDS, Teller())
    assert refused.value.advice == "Name an empty database."


async def test_a_value_this_release_cannot_read_is_a_sentence(url: str) -> None:
    store = await open_store(url, KINDS, Teller())
    await store.of(VEHICLES).put(vehicle(1))
    await _say(
        store,
        "UPDATE pnc_vehicles SET value = '\\x80'" if "postgres" in url else "UPDATE pnc_vehicles SET value = x'80'",
    )
    with pytest.raises(LocalError, match="holds what this release cannot read"):
        await store.of(VEHICLES).page()
    await store.close()


async def _say(store: SqlStore, statement: str) -> None:
    async with store.database.engine.begin() as connection:
        await connection.execute(sql.text(statement))


# A file


def modes(folder: Path) -> set[int]:
    return {stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*") if path.is_file()}


async def test_a_file_is_its_owners_alone_and_one_processs_at_a_time(sqlite_url: str, tmp_path: Path) -> None:
    store = await open_store(sqlite_url, KINDS, Teller())
    await publish(store, 1)
    assert modes(tmp_path) == {0o600}
    with pytest.raises(LocalError, match="is in use by another process"):
        await open_store(sqlite_url, KINDS, Teller())
    await store.close()
    await (await open_store(sqlite_url, KINDS, Teller())).close()


async def test_a_file_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("")
    with pytest.raises(LocalError, match=r"plain/pnc\.db cannot be opened"):
        await open_store(f"sqlite+aiosqlite:///{tmp_path / 'plain' / 'pnc.db'}", KINDS, Teller())


async def test_a_file_that_is_no_database_is_a_sentence_and_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear Ada, " * 500)
    with pytest.raises(LocalError, match="file is not a database"):
        await open_store(f"sqlite+aiosqlite:///{tmp_path / 'letter.txt'}", KINDS, Teller())
    assert (tmp_path / "letter.txt").read_text() == "Dear Ada, " * 500


def log_of_changes(store: SqlStore) -> int:
    return os.path.getsize(f"{store.database.url.database}-wal")


async def test_who_reads_all_the_while_sees_each_change_and_lets_the_log_of_changes_be_emptied(
    sqlite_url: str,
) -> None:
    store = await open_store(sqlite_url, [VEHICLES], Teller())
    over, seen = asyncio.Event(), 0

    async def reads() -> None:
        while not over.is_set():
            await store.of(VEHICLES).get("nobody")
            await asyncio.sleep(0)

    reader = asyncio.create_task(reads())
    for number in range(800):
        await store.of(VEHICLES).put(vehicle(number % 50, number % 3))
        seen += await store.of(VEHICLES).get(VEHICLES.key(vehicle(number % 50))) == vehicle(number % 50, number % 3)
    over.set()
    await reader
    assert seen == 800
    assert log_of_changes(store) < 6_000_000  # SQLite empties it at some 4 MB
    await store.close()


# A server


async def test_two_processes_on_one_server_behave_as_one(postgresql_url: str) -> None:
    stores = [await open_store(postgresql_url, KINDS, Teller(), source=Seeded(number)) for number in range(2)]

    async def claim(number: int) -> bool:
        async def step(change: Change) -> bool:
            if await change.of(VEHICLES).get(VEHICLES.key(vehicle(1))) is not None:
                return False
            await change.of(VEHICLES).put(vehicle(1, number))
            return True

        return await stores[number % 2].change(step)

    won = await asyncio.gather(*(claim(number) for number in range(8)))
    assert won.count(True) == 1
    for store in stores:
        assert await store.of(VEHICLES).get(VEHICLES.key(vehicle(1))) == vehicle(1, won.index(True))
        await store.close()


async def test_the_facts_of_a_living_process_are_left_to_it_and_those_of_a_dead_one_are_told(
    postgresql_url: str,
) -> None:
    told: list[Any] = []
    hears, goes_on = asyncio.Event(), asyncio.Event()

    async def slowly(facts: Sequence[Fact]) -> None:
        hears.set()
        await goes_on.wait()
        told.extend(facts)

    living = await open_store(postgresql_url, KINDS, slowly)
    publishing = asyncio.create_task(publish(living, 1))
    await hears.wait()
    other = Teller()
    second = await open_store(postgresql_url, KINDS, other)
    assert await second.tell_again() == 0
    assert other.told == []
    await dies_untold(postgresql_url, 2)
    assert await second.tell_again() == 1
    assert other.told == [published(2)]
    goes_on.set()
    await publishing
    assert told == [published(1)]
    for store in (living, second):
        await store.close()


async def test_a_job_is_one_processs_at_a_time_and_others_go_on_beside_it(postgresql_url: str) -> None:
    one, other = [await open_store(postgresql_url, KINDS, Teller(), source=Seeded(number)) for number in range(2)]
    said: list[str] = []

    async def comes_second() -> None:
        async with other.alone("renewing"):
            said.append("second")

    async with one.alone("renewing"):
        waiting = asyncio.create_task(comes_second())
        async with other.alone("cleansing"):
            await publish(other, 1)  # whoever is at something else is not held up, and changes can be made
        said.append("first")
    await waiting
    assert said == ["first", "second"]
    with pytest.raises(LocalError, match="failed"):
        async with one.alone("renewing"):
            async with other.database.engine.connect() as connection:  # the end of a process that says nothing
                held = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2"
                await connection.execute(sql.text(held))
            async with other.alone("renewing"):
                said.append("after it was killed")
    assert said[-1] == "after it was killed"
    for store in (one, other):
        await store.close()


# What is no database


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("pnc.db", "not the URL of a database"),
        ("mysql+aiomysql://me:secret@host/pnc", "mysql+aiomysql:// cannot be used"),
        ("sqlite+aiosqlite://", "names no file"),
        ("sqlite+aiosqlite:///:memory:", "names no file"),
        ("postgresql://me:secret@host/pnc", "postgresql:// cannot be used"),
        ("postgresql+asyncpg://me:secret@localhost:1/pnc", r"postgresql\+asyncpg://me:\*\*\*@localhost:1/pnc failed"),
    ],
)
async def test_what_is_no_database_ends_in_a_sentence_without_its_password(url: str, said: str) -> None:
    with pytest.raises(LocalError) as refused:
        await open_store(url, KINDS, Teller())
    refused.match(said.replace("+", r"\+") if "\\" not in said else said)
    assert "secret" not in str(refused.value) + refused.value.advice


async def test_a_revocation_is_kept_and_told_whatever_its_serial_number(url: str) -> None:
    """Serial numbers have up to 20 octets, more than a number in the written form."""
    teller, pki, clock, trace = Teller(), create_pki(NOW), Clock(NOW), Trace()
    leaf = pki.certificate("oem_leaf")
    store = await open_store(url, KINDS, teller)
    try:
        assert leaf.serial_number >= 2**64
        assert await CertificateService(clock, Voice.on(clock, trace, "PKI"), store, pki).revoke_certificate(leaf)
    finally:
        await store.close()
    assert [fact.serial for fact in teller.told if isinstance(fact, CertificateRevoked)] == [f"{leaf.serial_number:x}"]
