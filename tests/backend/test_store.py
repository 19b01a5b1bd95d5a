"""What every home of the services' tables keeps to, for every kind of thing that is kept.

A further home is one more line in HOMES; a further kind one more sample in ``kept_samples``.
"""

from __future__ import annotations

import asyncio
import importlib
import pkgutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from backend_world import NOW
from kept_samples import SAMPLES, contract, issue, root, vehicle

import pncsim.backend
from pncsim.backend.ccp import CONTRACTS
from pncsim.backend.events.facts import Fact, VehicleDeleted, VehiclePublished
from pncsim.backend.pcp import VEHICLES
from pncsim.backend.pki.store import ISSUED, KeptStatus
from pncsim.backend.rcp import ROOTS
from pncsim.backend.store import MAX_PAGE, Change, KeptKind, MemoryStore, Store, WriteAlong, every
from pncsim.backend.store.memory import nothing_along
from pncsim.backend.store.sql import open_store

if TYPE_CHECKING:
    pass

Tell = Callable[[list[Fact]], Awaitable[None]]

HOMES = ("memory", "sqlite", "postgresql")


@asynccontextmanager
async def home_of(
    request: pytest.FixtureRequest, tell: Tell, along: WriteAlong = nothing_along
) -> AsyncIterator[Store]:
    """A home with nothing in it."""
    if request.param == "memory":
        yield MemoryStore(tell, along)
        return
    url: str = request.getfixturevalue(f"{request.param}_url")
    one = "sample" in request.fixturenames  # the test is about one kind: tables for the others take time only
    samples = [request.getfixturevalue("sample")] if one else SAMPLES.values()
    home = await open_store(url, [kind for kind, _ in samples], tell, along=along)
    yield home
    await home.close()


@pytest_asyncio.fixture(params=HOMES)
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    async with home_of(request, _nobody) as home:
        yield home


async def _nobody(facts: list[Fact]) -> None:
    """A home without a bus."""


@pytest.fixture(params=SAMPLES)
def sample(request: pytest.FixtureRequest) -> tuple[KeptKind[Any], Callable[..., Any]]:
    """A kind, and a maker of its values: (number, version)."""
    return SAMPLES[request.param]


Sample = tuple[KeptKind[Any], Callable[..., Any]]


def test_every_kind_of_thing_that_is_kept_is_tried_here() -> None:
    kinds: dict[str, KeptKind[Any]] = {}
    for module in pkgutil.walk_packages(pncsim.backend.__path__, "pncsim.backend."):
        found = vars(importlib.import_module(module.name)).values()
        kinds |= {kind.name: kind for kind in found if isinstance(kind, KeptKind)}
    assert kinds == {name: kind for name, (kind, _) in SAMPLES.items()}


def test_what_is_kept_cannot_be_changed_by_who_reads_it(sample: Sample) -> None:
    _, make = sample
    value = make(1)
    name = value.__struct_fields__[0]
    with pytest.raises(AttributeError):
        setattr(value, name, None)


async def test_a_value_is_there_under_its_key_once_it_is_put(store: Store, sample: Sample) -> None:
    kind, make = sample
    table = store.of(kind)
    assert await table.get(kind.key(make(1))) is None
    assert await table.put(make(1)) is None
    assert await table.get(kind.key(make(1))) == make(1)
    assert await table.get(kind.key(make(2))) is None


async def test_a_part_of_a_value_is_read_outside_and_inside_of_a_change(store: Store) -> None:
    revoked = issue(1, version=3)
    await store.of(ISSUED).put(revoked)
    key = ISSUED.key(revoked)

    async def step(change: Change) -> KeptStatus | None:
        return await change.of(ISSUED).part(key, KeptStatus)

    expected = KeptStatus(revoked_at=NOW + 3)
    assert await store.of(ISSUED).part(key, KeptStatus) == await store.change(step) == expected
    assert await store.of(ISSUED).part("nobody", KeptStatus) is None


async def test_putting_again_replaces_and_says_what_was_there(store: Store, sample: Sample) -> None:
    kind, make = sample
    table = store.of(kind)
    await table.put(make(1))
    assert await table.put(make(1, 1)) == make(1)
    assert await table.get(kind.key(make(1))) == make(1, 1)
    assert [value async for value in every(table)] == [make(1, 1)]


async def test_removing_says_what_was_there_and_again_says_nothing(store: Store, sample: Sample) -> None:
    kind, make = sample
    table = store.of(kind)
    await table.put(make(1))
    assert await table.remove(kind.key(make(1))) == make(1)
    assert await table.remove(kind.key(make(1))) is None
    assert await table.get(kind.key(make(1))) is None
    assert (await table.page()).values == ()


async def test_pages_are_bounded_and_in_the_order_of_first_coming(store: Store, sample: Sample) -> None:
    kind, make = sample
    table = store.of(kind)
    for number in (3, 1, 2, 5, 4):
        await table.put(make(number))
    await table.put(make(3, 1))
    seen: list[Any] = []
    after = ""
    for size in (2, 2, 1):
        page = await table.page(after=after, limit=2)
        assert len(page.values) == size
        seen += page.values
        after = page.next
    assert after == ""
    assert seen == [make(3, 1), make(1), make(2), make(5), make(4)]


async def test_walking_the_pages_survives_what_comes_and_goes_meanwhile(store: Store, sample: Sample) -> None:
    kind, make = sample
    table = store.of(kind)
    for number in range(1, 7):
        await table.put(make(number))
    first = await table.page(limit=3)
    await table.remove(kind.key(make(3)))  # where the cursor stands
    await table.remove(kind.key(make(5)))
    await table.put(make(7))
    rest = await table.page(after=first.next, limit=3)
    assert (*first.values, *rest.values) == tuple(make(number) for number in (1, 2, 3, 4, 6, 7))


@pytest.mark.parametrize("limit", [0, -1, MAX_PAGE + 1])
async def test_a_page_without_bounds_is_refused(store: Store, limit: int) -> None:
    with pytest.raises(ValueError, match="1 to 1000"):
        await store.of(VEHICLES).page(limit=limit)


@pytest.mark.parametrize("cursor", ["x", "-1", "1.5", "²", "9" * 40, " 1"])
async def test_a_cursor_that_is_none_is_refused(store: Store, cursor: str) -> None:
    with pytest.raises(ValueError, match="no cursor"):
        await store.of(VEHICLES).page(after=cursor)


async def test_what_has_an_index_is_found_by_it_in_order_page_by_page(store: Store, sample: Sample) -> None:
    kind, make = sample
    table = store.of(kind)
    for number in (4, 1, 2, 6, 3):
        await table.put(make(number))
    for name, text in kind.indexes.items():
        wanted = text(make(2))
        found: list[Any] = []
        after = ""
        while True:
            page = await table.page((name, wanted), after=after, limit=1)
            found += page.values
            if not (after := page.next):
                break
        assert found == [make(number) for number in (4, 1, 2, 6, 3) if text(make(number)) == wanted]
        assert (await table.page((name, "nobody's"))).values == ()
    with pytest.raises(ValueError, match="are not found by"):
        await table.page(("colour", "red"))


async def test_an_index_follows_what_changes_and_goes(store: Store) -> None:
    table = store.of(ISSUED)
    await table.put(issue(1))
    assert (await table.page(("revoked", issue(1).issuer))).values == ()
    await table.put(issue(1, 1))
    assert (await table.page(("revoked", issue(1).issuer))).values == (issue(1, 1),)
    assert (await table.page(("revoked", ""))).values == ()
    await table.remove(ISSUED.key(issue(1)))
    assert (await table.page(("revoked", issue(1).issuer))).values == ()


async def test_kinds_do_not_mix(store: Store) -> None:
    await store.of(VEHICLES).put(vehicle(1))
    assert (await store.of(ROOTS).page()).values == ()
    assert await store.of(CONTRACTS).get(VEHICLES.key(vehicle(1))) is None


@pytest_asyncio.fixture(params=HOMES)
async def telling(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Store, list[Any]]]:
    """A home, and what it has told, with what was kept at that moment."""
    told: list[Any] = []

    async def tell(facts: list[Fact]) -> None:
        told.append((facts, [value async for value in every(home.of(VEHICLES))]))

    async with home_of(request, tell) as home:
        yield home, told


async def test_a_change_is_kept_whole_and_then_told(telling: tuple[Store, list[Any]]) -> None:
    store, told = telling
    facts = [VehicleDeleted(time=NOW, pcid="old", why="withdrawn"), VehiclePublished(time=NOW, pcid="new")]
    await store.of(VEHICLES).put(vehicle(1))

    async def step(change: Change) -> str:
        assert await change.of(VEHICLES).remove(VEHICLES.key(vehicle(1))) == vehicle(1)
        change.tell(facts[0])
        assert await change.of(VEHICLES).put(vehicle(2)) is None
        change.tell(facts[1])
        assert (await change.of(VEHICLES).page()).values == (vehicle(2),)
        return "done"

    assert await store.change(step) == "done"
    assert told == [(facts, [vehicle(2)])]


async def test_a_change_that_fails_changes_and_tells_nothing(telling: tuple[Store, list[Any]]) -> None:
    store, told = telling
    table = store.of(CONTRACTS)
    for number in (1, 2, 3):
        await table.put(contract(number))

    async def step(change: Change) -> None:
        contracts = change.of(CONTRACTS)
        await contracts.put(contract(2, 1))
        await contracts.remove(CONTRACTS.key(contract(1)))
        await contracts.put(contract(1, 2))
        await contracts.put(contract(4))
        await change.of(ROOTS).put(root(1))
        change.tell(VehiclePublished(time=NOW, pcid="never"))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await store.change(step)
    assert [value async for value in every(table)] == [contract(1), contract(2), contract(3)]
    assert (await table.page(("vehicle", "PNCSIMVEHICLE00001"))).values == (contract(1), contract(3))
    assert (await store.of(ROOTS).page()).values == ()
    assert told == []


@pytest_asyncio.fixture(params=HOMES)
async def along(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    """A home that keeps a root with each fact about a vehicle, unless the vehicle is of that name."""

    async def write(change: Change, fact: Fact) -> None:
        assert isinstance(fact, VehiclePublished)
        if fact.pcid == "refused":
            raise ZeroDivisionError
        await change.of(ROOTS).put(root(int(fact.pcid)))

    async with home_of(request, _nobody, write) as home:
        yield home


@pytest.mark.parametrize(("pcid", "kept"), [("3", True), ("refused", False)])
async def test_what_is_written_along_with_a_fact_is_kept_with_its_change_or_neither_is(
    along: Store, pcid: str, kept: bool
) -> None:
    async def step(change: Change) -> None:
        await change.of(VEHICLES).put(vehicle(1))
        change.tell(VehiclePublished(time=NOW, pcid=pcid))

    if kept:
        await along.change(step)
    else:
        with pytest.raises(ZeroDivisionError):
            await along.change(step)
    assert (await along.of(VEHICLES).page()).values == ((vehicle(1),) if kept else ())
    assert (await along.of(ROOTS).page()).values == ((root(3),) if kept else ())


async def test_of_many_who_want_one_key_at_once_exactly_one_gets_it(store: Store) -> None:
    async def claim(number: int) -> bool:
        async def step(change: Change) -> bool:
            if await change.of(VEHICLES).get(VEHICLES.key(vehicle(1))) is not None:
                return False
            await change.of(VEHICLES).put(vehicle(1, number))
            return True

        return await store.change(step)

    won = await asyncio.gather(*(claim(number) for number in range(8)))
    assert won.count(True) == 1
    assert (await store.of(VEHICLES).page()).values == (vehicle(1, won.index(True)),)


async def test_in_memory_a_change_that_waits_for_something_else_is_refused_and_undone() -> None:
    store = MemoryStore()

    async def step(change: Change) -> None:
        await change.of(VEHICLES).put(vehicle(1))
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="nothing but the store"):
        await store.change(step)
    assert (await store.of(VEHICLES).page()).values == ()
