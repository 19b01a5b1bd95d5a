"""Several who work on the same thing at once leave one consistent result."""

from __future__ import annotations

import asyncio

import pytest
from backend_world import DAY, PCID, World, leaf_of

from pncsim.backend.ecosystem import Ecosystem
from pncsim.backend.events.facts import Fact, VehicleDeleted
from pncsim.backend.mo import SubscriptionState
from pncsim.backend.refusal import Refused

OTHER, EMAID = "PNCSIMVEHICLE00002", "DEPNCC12345678"


async def two_vehicles(world: World) -> None:
    await world.published()
    await world.eco.vehicles.publish(leaf_of(world, "oem_leaf", OTHER).chain_der)


@pytest.mark.rule("CPS-6")
async def test_one_emaid_asked_for_by_two_vehicles_goes_to_one_of_them(world: World) -> None:
    await two_vehicles(world)
    wishes = [world.eco.mo.subscribe("Ada", pcid, emaid=EMAID) for pcid in (PCID, OTHER)]
    got, refused = sorted(await asyncio.gather(*wishes, return_exceptions=True), key=lambda r: isinstance(r, Refused))
    assert isinstance(refused, Refused) and refused.clause == "CPS-6"
    assert not isinstance(got, BaseException)
    assert got == await world.eco.mo.subscription(EMAID)
    assert (await world.eco.pool.lookup(EMAID)).pcid == got.pcid


@pytest.mark.rule("CCP-DEF-1")
async def test_of_several_first_contracts_exactly_one_is_the_default(world: World) -> None:
    await world.published()
    await asyncio.gather(*(world.eco.mo.subscribe("Ada", PCID) for _ in range(4)))
    contracts = await world.eco.pool.contracts(PCID)
    assert [entry.default for entry in contracts] == [True, False, False, False]


async def test_a_contract_that_is_blocked_while_it_is_renewed_stays_blocked(world: World) -> None:
    contract = await world.subscribed()
    renewed, _ = await asyncio.gather(
        world.eco.mo.renew(contract.emaid, contract.certificate), world.eco.mo.block(contract.emaid)
    )
    after = await world.eco.mo.subscription(contract.emaid)
    assert after.state is SubscriptionState.BLOCKED
    assert after.certificate.serial_number != contract.certificate.serial_number
    assert renewed.emaid.value == contract.emaid


async def test_a_vehicle_deleted_twice_at_once_is_told_of_once(world: World) -> None:
    await world.subscribed()
    heard: list[Fact] = []

    async def hear(fact: Fact) -> None:
        heard.append(fact)

    world.eco.bus.listen(VehicleDeleted, hear)
    answers = await asyncio.gather(*(world.eco.vehicles.delete(PCID) for _ in range(2)), return_exceptions=True)
    assert all(answer is None or isinstance(answer, Refused) for answer in answers)
    assert len(heard) == 1
    assert await world.eco.pool.contracts(PCID) == []


@pytest.mark.rule("MO-4")
async def test_two_services_over_one_store_that_look_after_contracts_at_once_renew_one_once(world: World) -> None:
    await world.published()
    ends = world.clock.now() + 20 * DAY
    contract = await world.eco.mo.subscribe("Ada", PCID, lasts=ends, renews=True)
    second = Ecosystem(world.clock, world.trace, store=world.eco.store)
    await second.add_pki(world.pki)
    await asyncio.gather(world.eco.desks.look_after(), second.desks.look_after())
    renewed = await world.eco.mo.subscription(contract.emaid)
    assert renewed.earlier == (contract.certificate,) and renewed.ends > ends
    told = [one.subject for one in await world.eco.desks.of("DEPNC").notices("Ada")]
    assert told == ["renewed"]
