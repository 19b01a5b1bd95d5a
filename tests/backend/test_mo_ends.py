"""How contracts end, and what becomes of them with their vehicle (CharIN 2.4.2.2, 2.4.2.3)."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from backend_world import DAY, NOW, PCID, World
from contract_desk import MO, NOT_FOUND, OTHER, at, concluded, days_pass, may_charge, ocsp, told
from face_world import Faces, open_faces

from pncsim.backend.refusal import Refused
from pncsim.tls_certs.pki import add_authorities
from pncsim.tls_certs.profiles import CONTRACT_SERVICE_PROFILES


@pytest_asyncio.fixture
async def faces(world: World) -> AsyncIterator[Faces]:
    add_authorities(world.pki, CONTRACT_SERVICE_PROFILES, NOW)
    async with open_faces(world) as faces:
        yield faces


# Ends (2.4.2.2, 2.4.2.3)


@pytest.mark.rule("MO-5", "CCP-DEL-2")
async def test_an_unsubscription_revokes_every_certificate_and_leaves_nothing_in_the_pool(
    world: World, faces: Faces
) -> None:
    emaid = await concluded(world, faces)
    first = (await world.eco.pool.lookup(emaid)).certificate
    await faces.call("mo", "POST", f"{MO}/{emaid}/renewal")
    second = (await world.eco.pool.lookup(emaid)).certificate
    for _ in range(2):
        answer = await faces.call("mo", "DELETE", f"{MO}/{emaid}")
        assert (answer.status, answer.body["state"]) == (200, "cancelled")
    assert [await ocsp(world, one) for one in (first, second)] == ["revoked", "revoked"]
    assert await world.eco.pool.contracts(PCID) == []
    assert await may_charge(faces, emaid) == "Invalid"
    assert await told(faces) == ["concluded", "renewed", "ended"]
    for method, path, body in (
        ("POST", "renewal", None),
        ("PUT", "renewal", {"automatic": True}),
        ("PUT", "blocked", {"blocked": True}),
        ("PUT", "blocked", {"blocked": False}),
    ):
        answer = await faces.call("mo", method, f"{MO}/{emaid}/{path}", body)
        assert (answer.status, answer.body["errorCode"]) == (400, "MO-5"), path


@pytest.mark.rule("MO-5")
async def test_a_pool_that_is_silent_does_not_keep_a_contract_alive_and_is_told_later(
    world: World, faces: Faces, monkeypatch: pytest.MonkeyPatch
) -> None:
    emaid = await concluded(world, faces)
    with monkeypatch.context() as away:

        async def silent(emaid: str, *, skip_revocation: bool = False) -> None:
            asked.append(emaid)
            raise Refused("The pool does not answer.", clause="CCP-DEL-1", http_status=502)

        asked: list[str] = []
        away.setattr(world.eco.pool, "delete", silent)
        assert (await faces.call("mo", "DELETE", f"{MO}/{emaid}")).status == 502
        assert await may_charge(faces, emaid) == "Invalid"
        await world.eco.desks.look_after()
        assert asked == [emaid, emaid]
    desk = world.eco.desks.of("DEPNC")
    assert not (await desk.contract(emaid)).cleared
    await world.eco.desks.look_after()
    assert (await desk.contract(emaid)).cleared


@pytest.mark.rule("MO-5")
async def test_a_customer_who_leaves_leaves_with_every_vehicle(world: World, faces: Faces) -> None:
    emaids = [await concluded(world, faces), await concluded(world, faces, pcid=OTHER)]
    kept = await concluded(world, faces, customer="Bob")
    answer = await faces.call("mo", "POST", "/v1/mo/customers/Ada/termination")
    assert answer.status == 200
    assert {one["emaid"]: one["state"] for one in answer.body["contracts"]} == dict.fromkeys(emaids, "cancelled")
    assert [await may_charge(faces, emaid) for emaid in (*emaids, kept)] == ["Invalid", "Invalid", "Accepted"]
    assert await world.eco.pool.contracts(OTHER) == []
    assert [entry.emaid for entry in await world.eco.pool.contracts(PCID)] == [kept]
    assert (await faces.call("mo", "POST", "/v1/mo/customers/Nobody/termination")).status == 404


@pytest.mark.rule("MO-5")
async def test_an_end_that_was_agreed_on_comes_by_itself_and_is_obeyed_before_that(world: World, faces: Faces) -> None:
    emaid = await concluded(world, faces, automaticRenewal=True)
    short = await concluded(world, faces, customer="Bob", contractEnds=at(NOW + DAY / 2))
    body = {"contractEnds": at(NOW + 3 * DAY / 4)}
    answer = await faces.call("mo", "POST", "/v1/mo/customers/Ada/termination", body)
    (ends,) = answer.body["contracts"]
    assert (ends["state"], ends["contractEnds"], ends["automaticRenewal"]) == ("active", at(NOW + 3 * DAY / 4), False)
    world.clock.jump(DAY / 2 + 60)
    assert [await may_charge(faces, one) for one in (emaid, short)] == ["Accepted", "Expired"]
    certificate = (await world.eco.pool.lookup(emaid)).certificate
    world.clock.jump(DAY / 4)
    await world.eco.desks.look_after()
    assert [await may_charge(faces, one) for one in (emaid, short)] == ["Invalid", "Invalid"]
    assert await ocsp(world, certificate) == "revoked"
    assert await world.eco.pool.contracts(PCID) == []
    assert await told(faces) == ["concluded", "ended"]


# What becomes of the vehicle


@pytest.mark.rule("MO-3", "PCP-UPD-3")
async def test_after_a_change_of_key_the_customer_is_asked_and_gets_a_new_bundle_on_his_word_only(
    world: World, faces: Faces
) -> None:
    emaid = await concluded(world, faces, automaticRenewal=True)
    await world.eco.oem.publish(await world.eco.oem.build(PCID))
    assert await world.eco.pool.contracts(PCID) == []
    assert await told(faces) == ["concluded", "vehicle key changed"]
    world.clock.jump(335 * DAY)
    await days_pass(world, 1)
    assert await world.eco.pool.contracts(PCID) == []
    desk = world.eco.desks.of("DEPNC")
    assert (await desk.contract(emaid)).vehicle_now == "new key"
    await desk.renew(emaid)
    assert [entry.emaid for entry in await world.eco.pool.contracts(PCID)] == [emaid]
    assert (await desk.contract(emaid)).vehicle_now == "there"


@pytest.mark.rule("MO-3")
async def test_after_a_factory_reset_no_contract_is_made_anew(world: World, faces: Faces) -> None:
    emaid = await concluded(world, faces, automaticRenewal=True)
    assert (await faces.call("oem", "DELETE", f"/v1/oem/provCerts/{PCID}?reason=factoryReset")).status == 200
    await world.eco.oem.publish(world.vehicle)
    answer = await faces.call("mo", "POST", f"{MO}/{emaid}/renewal")
    assert (answer.status, answer.body["errorCode"]) == (400, "MO-3")
    assert await world.eco.pool.contracts(PCID) == []
    assert (await told(faces))[-1] == "vehicle reset"
    before = await told(faces)
    await world.eco.desks.hear(emaid, "reset", world.clock.now())
    await world.eco.desks.hear(emaid, "gone", world.clock.now())
    assert await told(faces) == before
    assert await concluded(world, faces, customer="Bob") != emaid  # who drives it now may have one


@pytest.mark.rule("PCP-DEL-2")
async def test_a_vehicle_out_of_service_takes_its_contract_along_and_the_customer_is_told(
    world: World, faces: Faces
) -> None:
    emaid = await concluded(world, faces)
    assert (await faces.call("oem", "DELETE", f"/v1/oem/provCerts/{PCID}")).status == 200
    assert await told(faces) == ["concluded", "vehicle gone"]
    answer = await faces.call("mo", "POST", f"{MO}/{emaid}/renewal")
    assert (answer.status, answer.messages[0]) == (404, NOT_FOUND)
