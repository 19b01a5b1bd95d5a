"""An operator's back end on the network: contracts for customers, what becomes of them, and who may charge."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio
from backend_world import DAY, NOW, PCID, SCHEMA, World, leaf_of
from face_world import CLIENTS, Answer, Faces, open_faces
from vehicle_requests import installation_request, received

from pncsim.backend.refusal import Refused
from pncsim.backend.regularly import DAILY, regularly
from pncsim.backend.rest.guessing import MISSES, WINDOW
from pncsim.tls_certs import reading
from pncsim.tls_certs.pki import add_authorities
from pncsim.tls_certs.profiles import CONTRACT_SERVICE_PROFILES
from pncsim.wire.gate import refuse
from pncsim.wire.identifiers import judge_check_character
from pncsim.wire.trace import Problem, ServiceCall

MO, OTHER = "/v1/mo/contracts", "PNCSIMVEHICLE00002"
NOT_FOUND = "The OEM provisioning certificate with given PCID is not found."


@pytest_asyncio.fixture
async def faces(world: World) -> AsyncIterator[Faces]:
    add_authorities(world.pki, CONTRACT_SERVICE_PROFILES, NOW)
    async with open_faces(world) as faces:
        yield faces


def at(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


async def conclude(faces: Faces, who: str = "mo", **more: Any) -> Answer:
    return await faces.call(who, "POST", MO, {"customer": "Ada", "pcid": PCID, "somethingElse": 1, **more})


async def concluded(world: World, faces: Faces, **more: Any) -> str:
    """A contract for a published vehicle, as its operator made it; the EMAID."""
    if await world.eco.vehicles.find(more.get("pcid", PCID)) is None:
        await world.eco.oem.publish(
            world.vehicle if more.get("pcid", PCID) == PCID else leaf_of(world, "oem_leaf", more["pcid"])
        )
    answer = await conclude(faces, **more)
    assert answer.status == 201, answer.body
    emaid: str = answer.body["emaid"]
    return emaid


@pytest.mark.rule("MO-4")
async def test_a_first_certificate_may_end_sooner_than_its_contract(world: World, faces: Faces) -> None:
    emaid = await concluded(world, faces, certificateEnds=at(NOW + 14 * DAY))
    (contract,) = (await faces.call("mo", "GET", MO)).body["contracts"]
    assert (contract["certValidTo"], contract["contractEnds"]) == (at(NOW + 14 * DAY), None)
    renewed = await faces.call("mo", "POST", f"{MO}/{emaid}/renewal")
    assert renewed.status == 200 and renewed.body["certValidTo"] > at(NOW + 30 * DAY)
    refused = await conclude(faces, certificateEnds=at(NOW - DAY))
    assert (refused.status, refused.body["errorCode"]) == (400, "CPS-10")


async def may_charge(faces: Faces, emaid: str) -> str:
    answer = await faces.call("cpo", "POST", "/v1/mo/authorize", {"emaid": emaid})
    assert answer.status == 200, answer.body
    assert set(answer.body) == {"emaid", "status"}
    status: str = answer.body["status"]
    return status


async def told(faces: Faces, customer: str = "Ada", who: str = "mo") -> list[str]:
    answer = await faces.call(who, "GET", f"/v1/mo/customers/{customer}/notices")
    return [notice["subject"] for notice in answer.body["notices"]]


def issued(world: World) -> int:
    calls = [e for e in world.events if isinstance(e, ServiceCall) and e.operation.startswith("issue contract")]
    return len(calls)


async def ocsp(world: World, certificate: Any, issuer: str = "mo_sub2") -> str:
    return (await world.eco.ocsp.of(certificate, world.pki.certificate(issuer))).status


# Concluding (CharIN 2.1.2.1, 2.4.2.1)


@pytest.mark.rule("MO-1", "MO-2", "ID-1")
async def test_a_contract_is_concluded_by_the_pcid_the_customer_gives_and_waits_for_the_vehicle(
    world: World, faces: Faces
) -> None:
    emaid = await concluded(world, faces)
    judge_check_character(emaid, refuse)
    assert emaid.startswith("DEPNCC") and len(emaid) == 15
    body = (await faces.call("mo", "GET", f"{MO}/{emaid[:2]}-{emaid[2:5]}-{emaid[5:14].lower()}-{emaid[14]}")).body
    assert (body["customer"], body["pcid"], body["state"], body["issuedBy"]) == ("Ada", PCID, "active", "operator")
    request = installation_request(world.vehicle, world.pki.anchors("v2g_root"))
    assert received(await world.eco.pool.provide(request, SCHEMA)).code == "OK"
    assert await may_charge(faces, emaid) == "Accepted"
    assert await told(faces) == ["concluded"]


@pytest.mark.rule("CPS-11", "ACC-4")
async def test_an_operator_without_a_pki_has_its_contracts_made_by_the_service(world: World, faces: Faces) -> None:
    await world.published()
    answer = await conclude(faces, "mo-v2g")
    assert (answer.status, answer.body["issuedBy"]) == (201, "service"), answer.body
    emaid = answer.body["emaid"]
    entry = await world.eco.pool.lookup(emaid)
    assert emaid.startswith("DEV2GC")
    assert reading.issued_by(entry.certificate, world.pki.certificate("v2g_mo_sub2"))
    renewed = await faces.call("mo-v2g", "POST", f"{MO}/{emaid}/renewal")
    assert renewed.status == 200
    again = await world.eco.pool.lookup(emaid)
    assert again.certificate != entry.certificate
    assert (await faces.call("mo-v2g", "DELETE", f"{MO}/{emaid}")).status == 200
    for certificate in (entry.certificate, again.certificate):
        assert await ocsp(world, certificate, "v2g_mo_sub2") == "revoked"


@pytest.mark.rule("MO-1", "MO-2", "ID-2", "CPS-10")
@pytest.mark.parametrize(
    ("change", "status", "message"),
    [
        ({"pcid": "VIN"}, 400, 'pcid : must match "^[a-zA-Z0-9]{17,18}$"'),
        ({"pcid": "PNCSIMVEHICLE99999"}, 404, NOT_FOUND),
        ({"pcid": None}, 400, "pcid : must not be null"),
        ({"customer": ""}, 400, "customer : must not be null"),
        ({"customer": "a/b"}, 400, "The customer 'a/b'"),
        ({"customer": "x" * 65}, 400, "The customer 'xxx"),
        ({"emaid": "nonsense"}, 400, "emaid : must match"),
        ({"emaid": "FRXYZC12345678"}, 403, "FRXYZ is not among"),
        ({"provider": "FRXYZ"}, 403, "FRXYZ is not among"),
        ({"provider": "?"}, 400, "'?' is no country and provider id"),
        ({"contractEnds": "tomorrow"}, 400, "The contractEnds does not match the specification"),
        ({"contractEnds": "2020-01-01T00:00:00Z"}, 400, "The given contractEnds date is in the past."),
        ({"automaticRenewal": "yes"}, 400, "The member 'automaticRenewal'"),
    ],
)
async def test_what_is_wrong_with_an_order_is_said_and_no_emaid_is_made(
    world: World, faces: Faces, change: dict[str, Any], status: int, message: str
) -> None:
    await world.published()
    answer = await conclude(faces, **change)
    assert answer.status == status
    assert answer.messages[0].startswith(message)
    assert (await faces.call("mo", "GET", MO)).body == {"contracts": [], "next": None}
    assert issued(world) == 0


@pytest.mark.rule("MO-1")
async def test_a_revoked_vehicle_gets_no_contract(world: World, faces: Faces) -> None:
    await world.published()
    await world.eco.ca.revoke("oem_leaf")
    answer = await conclude(faces)
    assert (answer.status, answer.body["errorCode"]) == (400, "PCP-PUB-3")
    assert issued(world) == 0


@pytest.mark.rule("CPS-6")
async def test_an_emaid_that_is_there_is_not_given_to_another_customer(world: World, faces: Faces) -> None:
    emaid = await concluded(world, faces, emaid="DEPNCC12345678")
    answer = await conclude(faces, customer="Bob", emaid=emaid)
    assert (answer.status, answer.body["errorCode"]) == (400, "CPS-6")
    assert (await faces.call("mo", "GET", f"{MO}/{emaid}")).body["customer"] == "Ada"


@pytest.mark.rule("CPS-6")
async def test_of_several_customers_who_get_one_emaid_at_once_one_has_it(world: World, faces: Faces) -> None:
    await world.published()
    wishes = [conclude(faces, customer=name, emaid="DEPNCC12345678") for name in ("Ada", "Bob", "Eve")]
    answers = await asyncio.gather(*wishes)
    assert sorted(answer.status for answer in answers) == [201, 400, 400]
    (winner,) = [answer.body["customer"] for answer in answers if answer.status == 201]
    held = (await faces.call("mo", "GET", f"{MO}/DEPNCC12345678")).body
    assert held["customer"] == winner
    assert [entry.emaid for entry in await world.eco.pool.contracts(PCID)] == ["DEPNCC12345678"]


@pytest.mark.rule("ACC-1", "ACC-2")
@pytest.mark.parametrize("who", [None, *CLIENTS])
async def test_operators_keep_contracts_and_stations_ask_about_them(faces: Faces, who: str | None) -> None:
    operator, station = who in ("mo", "mo-v2g"), who == "cpo"
    for method, path, allowed in (
        ("POST", MO, operator),
        ("GET", f"{MO}/rubbish", operator),
        ("DELETE", f"{MO}/rubbish", operator),
        ("PUT", f"{MO}/rubbish/renewal", operator),
        ("POST", f"{MO}/rubbish/renewal", operator),
        ("PUT", f"{MO}/rubbish/blocked", operator),
        ("POST", "/v1/mo/customers/Ada/termination", operator),
        ("POST", "/v1/mo/authorize", station),
    ):
        answer = await faces.call(who, method, path, b"{")
        assert answer.status == (401 if who is None else 400 if allowed else 403), path
    assert (await faces.call(who, "GET", "/v1/mo/whitelist")).status == (
        401 if who is None else 200 if station else 403
    )


@pytest.mark.rule("ACC-4")
async def test_another_operators_contracts_are_refused_before_anybody_looks(world: World, faces: Faces) -> None:
    emaid = await concluded(world, faces)
    for one in (emaid, "DEPNCC99999999"):
        for method, path, body in (
            ("GET", f"{MO}/{one}", None),
            ("DELETE", f"{MO}/{one}", None),
            ("POST", f"{MO}/{one}/renewal", None),
            ("PUT", f"{MO}/{one}/renewal", {"automatic": True}),
            ("PUT", f"{MO}/{one}/blocked", {"blocked": True}),
        ):
            answer = await faces.call("mo-v2g", method, path, body)
            assert (answer.status, answer.body["errorCode"]) == (403, "ACC-4")
    assert (await faces.call("mo-v2g", "GET", f"{MO}?provider=DEPNC")).status == 403
    assert (await faces.call("mo-v2g", "POST", "/v1/mo/customers/Ada/termination")).status == 404
    assert await may_charge(faces, emaid) == "Accepted"


# Renewal (2.1.2.5)


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


async def days_pass(world: World, days: int) -> None:
    """What the services do once a day."""
    for _ in range(days):
        world.clock.jump(DAILY)
        await world.eco.renew_signers()
        await world.eco.desks.look_after()


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


# Who may charge


@pytest.mark.rule("CSO-2", "ID-1")
async def test_a_station_asks_about_one_contract_or_takes_the_list(world: World, faces: Faces) -> None:
    emaids = [await concluded(world, faces, customer=str(number)) for number in range(4)]
    service = await conclude(faces, "mo-v2g")
    await faces.call("mo", "PUT", f"{MO}/{emaids[1]}/blocked", {"blocked": True})
    await faces.call("mo", "DELETE", f"{MO}/{emaids[2]}")
    states = [await may_charge(faces, emaid) for emaid in emaids]
    assert states == ["Accepted", "Blocked", "Invalid", "Accepted"]
    assert await may_charge(faces, emaids[0].lower()) == "Accepted"
    listed = (await faces.call("cpo", "GET", "/v1/mo/whitelist")).body
    assert listed["asOf"] == at(world.clock.now()) and listed["next"] is None
    assert {one["emaid"] for one in listed["contracts"]} == {emaids[0], emaids[3], service.body["emaid"]}
    listed = (await faces.call("cpo", "GET", "/v1/mo/whitelist?provider=de-v2g")).body
    assert [one["emaid"] for one in listed["contracts"]] == [service.body["emaid"]]
    assert listed["contracts"][0]["validUntil"] == service.body["certValidTo"]
    assert (await faces.call("cpo", "GET", "/v1/mo/whitelist?after=x")).status == 400
    await faces.call("mo", "PUT", f"{MO}/{emaids[1]}/blocked", {"blocked": False})
    assert await may_charge(faces, emaids[1]) == "Accepted"


@pytest.mark.rule("PCP-ENUM-1")
async def test_who_guesses_emaids_or_pcids_at_an_operator_is_not_answered_for_a_while(
    world: World, faces: Faces
) -> None:
    emaid = await concluded(world, faces)
    for number in range(MISSES):
        provider = ("DEPNC", "FRXYZ")[number % 2]
        assert await may_charge(faces, f"{provider}C9{number:07}") == "Unknown"
    answer = await faces.call("cpo", "POST", "/v1/mo/authorize", {"emaid": emaid})
    assert (answer.status, answer.body["errorCode"]) == (429, "PCP-ENUM-1")
    for number in range(MISSES):
        assert (await conclude(faces, pcid=f"PNCSIMVEHICLE8{number:04}")).status == 404
    assert (await conclude(faces)).status == 429
    assert (await faces.call("mo", "GET", f"{MO}/{emaid}")).status == 429
    world.clock.jump(WINDOW)
    assert await may_charge(faces, emaid) == "Accepted"
    assert (await faces.call("mo", "GET", f"{MO}/{emaid}")).status == 200


async def test_an_operators_contracts_come_page_by_page_and_by_customer(world: World, faces: Faces) -> None:
    ada, bob = await concluded(world, faces), await concluded(world, faces, customer="Bob")
    listed = (await faces.call("mo", "GET", MO)).body
    assert [one["emaid"] for one in listed["contracts"]] == [ada, bob]
    assert [one["emaid"] for one in (await faces.call("mo", "GET", f"{MO}?customer=Bob")).body["contracts"]] == [bob]
    assert (await faces.call("mo", "GET", f"{MO}?after=x")).status == 400
    desk = world.eco.desks.of("DEPNC")
    page = await desk.contracts(limit=1)
    assert [one.emaid for one in (*page.values, *(await desk.contracts(after=page.next)).values)] == [ada, bob]
