"""An operator's back end on the network: contracts for customers, and who may charge."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from backend_world import NOW, PCID, SCHEMA, World
from contract_desk import MO, NOT_FOUND, at, conclude, concluded, issued, may_charge, ocsp, told
from face_world import CLIENTS, Faces, open_faces
from vehicle_requests import installation_request, received

from pncsim.backend.rest.guessing import MISSES, WINDOW
from pncsim.tls_certs import reading
from pncsim.tls_certs.pki import add_authorities
from pncsim.tls_certs.profiles import CONTRACT_SERVICE_PROFILES
from pncsim.wire.gate import refuse
from pncsim.wire.identifiers import judge_check_character


@pytest_asyncio.fixture
async def faces(world: World) -> AsyncIterator[Faces]:
    add_authorities(world.pki, CONTRACT_SERVICE_PROFILES, NOW)
    async with open_faces(world) as faces:
        yield faces


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
