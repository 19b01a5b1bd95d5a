"""An operator renews contracts: when a customer asks, by itself, and with signers that last (CharIN 2.1.2.5)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from backend_world import DAY, NOW, PCID, World, leaf_of
from contract_desk import MO, OTHER, at, conclude, concluded, days_pass, issued, ocsp, told
from face_world import Faces, open_faces

from pncsim.backend.refusal import Refused
from pncsim.backend.regularly import DAILY, regularly
from pncsim.tls_certs import reading
from pncsim.tls_certs.pki import add_authorities
from pncsim.tls_certs.profiles import CONTRACT_SERVICE_PROFILES
from pncsim.wire.trace import Problem


@pytest_asyncio.fixture
async def faces(world: World) -> AsyncIterator[Faces]:
    add_authorities(world.pki, CONTRACT_SERVICE_PROFILES, NOW)
    async with open_faces(world) as faces:
        yield faces


@pytest.mark.rule("MO-4")
async def test_a_first_certificate_may_end_sooner_than_its_contract(world: World, faces: Faces) -> None:
    emaid = await concluded(world, faces, certificateEnds=at(NOW + 14 * DAY))
    (contract,) = (await faces.call("mo", "GET", MO)).body["contracts"]
    assert (contract["certValidTo"], contract["contractEnds"]) == (at(NOW + 14 * DAY), None)
    renewed = await faces.call("mo", "POST", f"{MO}/{emaid}/renewal")
    assert renewed.status == 200 and renewed.body["certValidTo"] > at(NOW + 30 * DAY)
    refused = await conclude(faces, certificateEnds=at(NOW - DAY))
    assert (refused.status, refused.body["errorCode"]) == (400, "CPS-10")


@pytest.mark.rule("MO-4", "CCP-UPD-1")
async def test_a_customer_asks_for_a_new_certificate_and_the_pool_has_it(world: World, faces: Faces) -> None:
    emaid = await concluded(world, faces)
    before = await world.eco.pool.lookup(emaid)
    world.clock.jump(DAY / 2)
    answer = await faces.call("mo", "POST", f"{MO}/{emaid}/renewal")
    assert answer.status == 200
    after = await world.eco.pool.lookup(emaid)
    assert after.valid_to > before.valid_to
    assert await ocsp(world, before.certificate) == "good"
    assert await told(faces) == ["concluded", "renewed"]


@pytest.mark.rule("MO-4")
async def test_two_who_look_after_contracts_at_once_renew_one_once(world: World, faces: Faces) -> None:
    await concluded(world, faces, automaticRenewal=True)
    before = issued(world)
    world.clock.jump(339 * DAY)
    await world.eco.renew_signers()
    await asyncio.gather(world.eco.desks.look_after(), world.eco.desks.look_after())
    assert issued(world) == before + 1
    notices = await world.eco.desks.of("DEPNC").notices("Ada")
    assert [notice.subject for notice in notices] == ["concluded", "renewed"]


@pytest.mark.rule("MO-4")
async def test_only_who_wants_it_gets_a_new_certificate_without_asking_and_is_told(world: World, faces: Faces) -> None:
    wants = await concluded(world, faces, automaticRenewal=True)
    regrets = await concluded(world, faces, customer="Bob", automaticRenewal=True)
    await concluded(world, faces, customer="Eve")
    answer = await faces.call("mo", "PUT", f"{MO}/{regrets}/renewal", {"automatic": False})
    assert (answer.status, answer.body["automaticRenewal"]) == (200, False)
    before = issued(world)
    world.clock.jump(334 * DAY)
    await days_pass(world, 5)
    assert issued(world) == before + 1
    desk = world.eco.desks.of("DEPNC")
    assert [notice.subject for notice in await desk.notices("Ada")] == ["concluded", "renewed"]
    assert [notice.subject for notice in await desk.notices("Bob")] == ["concluded", "ends soon"]
    assert [notice.subject for notice in await desk.notices("Eve")] == ["concluded", "ends soon"]
    assert (await desk.contract(wants)).ends > NOW + 600 * DAY


@pytest.mark.rule("MO-4")
async def test_a_renewal_that_cannot_be_longer_is_made_once_and_one_that_fails_is_tried_again(
    world: World, faces: Faces
) -> None:
    short = leaf_of(world, "oem_leaf", OTHER, not_after=NOW + 100 * DAY)
    await world.eco.oem.publish(short)
    await concluded(world, faces, pcid=OTHER, automaticRenewal=True)
    before, desk = issued(world), world.eco.desks.of("DEPNC")
    world.clock.jump(71 * DAY)
    await days_pass(world, 3)
    assert issued(world) == before + 1
    assert [notice.subject for notice in await desk.notices("Ada")] == ["concluded", "renewed"]


@pytest.mark.rule("MO-4")
async def test_a_renewal_that_fails_is_told_once_and_tried_again_the_next_day(
    world: World, faces: Faces, monkeypatch: pytest.MonkeyPatch
) -> None:
    emaid, desk = await concluded(world, faces, automaticRenewal=True), world.eco.desks.of("DEPNC")
    world.clock.jump(334 * DAY)
    with monkeypatch.context() as away:

        async def silent(pcid: str) -> None:
            raise Refused("The provisioning pool does not answer.", clause="PCP-GET-1", http_status=502)

        away.setattr(world.eco.vehicles, "get", silent)
        await days_pass(world, 3)
    assert [notice.subject for notice in await desk.notices("Ada")] == ["concluded", "renewal failed"]
    await days_pass(world, 1)
    assert [notice.subject for notice in await desk.notices("Ada")] == ["concluded", "renewal failed", "renewed"]
    assert (await desk.contract(emaid)).ends > NOW + 600 * DAY


async def test_what_is_done_daily_survives_a_day_on_which_it_fails(world: World) -> None:
    days: list[float] = []

    async def job() -> None:
        days.append(world.clock.now())
        if len(days) == 1:
            raise ZeroDivisionError
        if len(days) == 2:
            raise Refused("Not today.", clause="MO-4")

    task = asyncio.create_task(regularly(world.clock, world.voice("LAB"), "testing", job))
    while len(days) < 3:
        await asyncio.sleep(0)
        world.clock.jump(DAILY)
    task.cancel()
    assert [event.kind for event in world.events if isinstance(event, Problem)][:1] == ["defect"]


@pytest.mark.rule("PKI-9", "PKI-11")
async def test_who_signs_has_a_certificate_that_lasts(world: World, faces: Faces) -> None:
    before = world.pki.certificate("cps_leaf")
    world.clock.jump(82 * DAY)
    await world.eco.renew_signers()
    assert world.pki.certificate("cps_leaf") == before
    world.clock.jump(2 * DAY)
    await world.eco.renew_signers()
    after = world.pki.certificate("cps_leaf")
    assert reading.not_after(after) > world.clock.now() + 80 * DAY
    assert reading.same_key(before, after)
    world.clock.jump(30 * DAY)
    await world.published()
    contract = await world.eco.mo.subscribe("Ada", PCID)
    assert reading.common_name(contract.certificate) == contract.emaid
    assert await ocsp(world, after, "cps_sub2") == "good"
