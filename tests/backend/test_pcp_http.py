"""The provisioning pool's face: manufacturers write their own vehicles, operators read by PCID, nobody counts them."""

from __future__ import annotations

import asyncio
import base64
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from backend_world import DAY, NOW, PCID, SCHEMA, World, leaf_of, open_world, unrelated
from face_world import CLIENTS, Faces, b64, open_faces

from pncsim.backend.cleansing import cleanse, cleanse_regularly
from pncsim.backend.events.facts import ContractDeleted, Fact, VehicleDeleted, VehiclePublished, VehicleReplaced
from pncsim.backend.pki.fetch import Fetch
from pncsim.backend.rest.guessing import MISSES, WINDOW
from pncsim.tls_certs import reading
from pncsim.tls_certs.profiles import PROFILES
from pncsim.wire.clock import Clock
from pncsim.wire.credentials import Credentials
from pncsim.wire.errors import PeerSilent
from pncsim.wire.trace import Event, Story

POOL = "/v1/oem/provCerts"
ONE, LOOKUP = f"{POOL}/{PCID}", f"{POOL}/lookupVehicle/{PCID}"
NOT_FOUND = "The OEM provisioning certificate with given PCID is not found."
NO_PCID = 'pcid : must match "^[a-zA-Z0-9]{17,18}$"'
READERS = {"oem", "mo", "mo-v2g"}


@pytest_asyncio.fixture
async def faces(world: World) -> AsyncIterator[Faces]:
    async with open_faces(world) as faces:
        yield faces


def published(vehicle: Credentials, **more: object) -> dict[str, object]:
    """The body that publishes a vehicle."""
    leaf, *sub_cas = map(b64, vehicle.chain_der)
    body: dict[str, object] = {"vehicleCertificate": leaf, "subCA1Certificate": sub_cas[-1]}
    if len(sub_cas) > 1:
        body["subCA2Certificate"] = sub_cas[0]
    return {**body, "xsdMsgDefNamespace": SCHEMA, **more}


def hearing(world: World) -> list[Fact]:
    """Everything the services tell from now on."""
    heard: list[Fact] = []

    async def hear(fact: Fact) -> None:
        heard.append(fact)

    world.eco.bus.listen(Fact, hear)
    return heard


def without_trace(body: Any) -> Any:
    """An error body without what is new in each."""
    return {name: value for name, value in body.items() if name != "traceId"}


# Publishing


@pytest.mark.rule("PCP-PUB-6", "PCP-PUB-7", "PCP-PUB-8", "ACC-6", "PCP-GET-2")
async def test_what_was_published_is_told_to_every_operator_by_its_pcid_with_the_root_it_leads_to(
    world: World, faces: Faces
) -> None:
    heard = hearing(world)
    v2g = reading.key_identifier(world.pki.certificate("v2g_root"))
    body = published(
        world.vehicle,
        v2gRootAuthorityKeyIdentifiers=[v2g.lower(), "45B8409EE138F8BF"],
        previousPcid="PNCSIMVEHICLE00000",
    )
    answer = await faces.call("oem", "PUT", POOL, body)
    assert answer.status == 200
    root = world.pki.certificate("oem_root")
    assert answer.body == {
        **body,
        "v2gRootAuthorityKeyIdentifiers": [v2g, "45:B8:40:9E:E1:38:F8:BF"],
        "rootIssuerDistinguishedName": root.subject.rfc4514_string().replace(",", ", "),
        "rootIssuerSerialNumber": f"{root.serial_number:x}",
        "rootAuthorityKeyIdentifier": reading.key_identifier(root),
        "fingerprint": reading.fingerprint(world.vehicle.chain_der[0]),
    }
    for who in READERS:
        for pcid in (PCID, PCID.lower()):
            read = await faces.call(who, "GET", f"{POOL}/{pcid}", broadcast="True")
            assert (read.status, read.body) == (200, {"OEMMessage": answer.body})
        found = await faces.call(who, "GET", LOOKUP)
        assert (found.status, found.body) == (200, None)
    assert [type(fact) for fact in heard] == [VehiclePublished]  # which no operator is told


@pytest.mark.rule("PCP-PUB-8")
async def test_a_chain_with_one_sub_ca_needs_no_second_and_no_namespace(world: World, faces: Faces) -> None:
    sub1 = world.pki.authority("oem_sub1")
    vehicle = sub1.credentials(PROFILES["oem_leaf"], "PNCSIMVEHICLE00009", NOW)
    body = published(vehicle, subCA2Certificate=None)
    del body["xsdMsgDefNamespace"]
    answer = await faces.call("oem", "PUT", POOL, body)
    assert answer.status == 200, answer.body
    assert "subCA2Certificate" not in answer.body
    assert answer.body["xsdMsgDefNamespace"] == SCHEMA


@pytest.mark.rule("ACC-1", "ACC-2")
@pytest.mark.parametrize("who", [None, *CLIENTS])
async def test_the_rights_of_each_role_come_before_everything_else(world: World, faces: Faces, who: str | None) -> None:
    """401, then 403, although body and PCID are wrong as well; who may, is told what is wrong (400)."""
    writers = {"oem", "other-oem"}
    for method, path, allowed in (
        ("PUT", POOL, writers),
        ("DELETE", f"{POOL}/x", writers),
        ("GET", f"{POOL}/x", READERS | writers),
        ("GET", f"{POOL}/lookupVehicle/x", READERS | writers),
    ):
        answer = await faces.call(who, method, path, b"{")
        assert answer.status == (401 if who is None else 400 if who in allowed else 403), (method, path)
        uuid.UUID(answer.body["traceId"])


@pytest.mark.rule("PCP-PUB-6", "ID-2")
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"vehicleCertificate": "bm9uZQ=="}, "Invalid certificate format on vehicleCertificate"),
        ({"subCA1Certificate": "bm9uZQ=="}, "Invalid certificate format on subCa1Certificate"),
        ({"subCA2Certificate": "bm9uZQ=="}, "Invalid certificate format on subCa2Certificate"),
        ({"vehicleCertificate": "-----BEGIN CERTIFICATE-----\n"}, "Invalid certificate format on vehicleCertificate"),
        ({"vehicleCertificate": None}, "vehicleCertificate : must not be null"),
        ({"subCA1Certificate": None}, "subCA1Certificate : must not be null"),
        ({"previousPcid": "short"}, 'previousPcid : must match "^[a-zA-Z0-9]{17,18}$"'),
        ({"xsdMsgDefNamespace": "urn:iso:15118:20:2022:MsgDef"}, None),
        ({"xsdMsgDefNamespace": 2}, None),
        ({"v2gRootAuthorityKeyIdentifiers": []}, None),
        ({"v2gRootAuthorityKeyIdentifiers": "45:B8"}, None),
        ({"v2gRootAuthorityKeyIdentifiers": ["45:B8", "45b8"]}, None),
        ({"v2gRootAuthorityKeyIdentifiers": ["no hex"]}, None),
    ],
)
async def test_a_body_that_is_wrong_is_refused_before_anybody_asks_whose_vehicle_it_is(
    world: World, faces: Faces, change: dict[str, object], message: str | None
) -> None:
    for who in ("oem", "other-oem"):
        answer = await faces.call(who, "PUT", POOL, {**published(world.vehicle), **change})
        assert answer.status == 400
        assert message is None or answer.messages[0] == message
    assert await world.eco.vehicles.find(PCID) is None


@pytest.mark.rule("PCP-PUB-6")
async def test_the_common_name_has_to_be_a_pcid(world: World, faces: Faces) -> None:
    answer = await faces.call("oem", "PUT", POOL, published(leaf_of(world, "oem_leaf", "PNC-NO-PCID")))
    assert (answer.status, answer.messages[0]) == (400, NO_PCID)


@pytest.mark.rule("PCP-PUB-1", "PCP-PUB-2", "PCP-PUB-3", "PCP-PUB-5")
async def test_no_responder_is_asked_before_the_first_two_checks_have_passed() -> None:
    asked: list[str] = []

    def silent(clock: Clock) -> Fetch:
        async def fetch(url: str, request: bytes) -> bytes:
            asked.append(url)
            raise PeerSilent("The OCSP responder does not answer.", http_status=502)

        return fetch

    world = await open_world(fetch=silent)
    not_yet = leaf_of(world, "oem_leaf", PCID, now=NOW + DAY)
    ended = leaf_of(world, "oem_leaf", PCID, not_after=NOW + 60)
    async with open_faces(world) as faces:
        world.clock.jump(120)
        for who, vehicle, status, rule in (
            ("other-oem", not_yet, 403, "PCP-PUB-1"),
            ("oem", not_yet, 400, "PCP-PUB-2"),
            ("oem", ended, 400, "PCP-PUB-2"),
        ):
            answer = await faces.call(who, "PUT", POOL, published(vehicle))
            assert (answer.status, answer.body["errorCode"], asked) == (status, rule, [])
        answer = await faces.call("oem", "PUT", POOL, published(world.vehicle))
        assert (answer.status, answer.body["errorCode"]) == (502, "PCP-PUB-3")
        assert asked
        assert (await faces.call("mo", "GET", LOOKUP)).status == 404


@pytest.mark.rule("PCP-PUB-3", "PCP-PUB-9")
@pytest.mark.parametrize("role", ["oem_sub2", "oem_sub1"])
async def test_a_revoked_certificate_anywhere_is_refused_and_what_was_there_stays(
    world: World, faces: Faces, role: str
) -> None:
    assert (await faces.call("oem", "PUT", POOL, published(world.vehicle))).status == 200
    newer = leaf_of(world, "oem_leaf", PCID)
    await world.eco.ca.revoke(role)
    answer = await faces.call("oem", "PUT", POOL, published(newer))
    assert (answer.status, answer.body["errorCode"]) == (400, "PCP-PUB-3")
    kept = await world.eco.vehicles.find(PCID)
    assert kept is not None and kept.leaf == world.vehicle.leaf


@pytest.mark.rule("PCP-PUB-4", "PCP-PUB-9")
async def test_a_chain_that_leads_to_no_root_of_the_pool_is_refused(world: World, faces: Faces) -> None:
    await world.published()
    world.pki.authority("oem_sub2").registry.complete = False  # calls good whatever has its name and key
    stranger = Credentials((unrelated("oem_leaf").leaf, *world.vehicle.chain[1:]), world.vehicle.key)
    answer = await faces.call("oem", "PUT", POOL, published(stranger))
    assert (answer.status, answer.body["errorCode"]) == (400, "PCP-PUB-4")
    assert (await faces.call("mo", "GET", ONE)).body["OEMMessage"]["vehicleCertificate"] == b64(
        world.vehicle.chain_der[0]
    )


# Updating


@pytest.mark.rule("PCP-UPD-1", "PCP-UPD-2", "PCP-UPD-3", "PCP-UPD-4")
async def test_publishing_again_overwrites_and_only_a_new_key_costs_the_contracts(world: World, faces: Faces) -> None:
    subscription = await world.subscribed()
    heard = hearing(world)
    assert (await faces.call("oem", "PUT", POOL, published(world.vehicle))).status == 200
    assert [type(fact) for fact in heard] == [VehicleReplaced]
    assert isinstance(heard[0], VehicleReplaced) and not heard[0].new_key
    assert (await faces.call("mo", "GET", f"/v1/ccp/lookupContract/{subscription.emaid}")).status == 200
    newer = leaf_of(world, "oem_leaf", PCID)
    assert (await faces.call("oem", "PUT", POOL, published(newer))).status == 200
    (replaced,) = [fact for fact in heard[1:] if isinstance(fact, VehicleReplaced)]
    (dropped,) = [fact for fact in heard[1:] if isinstance(fact, ContractDeleted)]
    assert (replaced.new_key, dropped.why) == (True, "vehicle key changed")
    assert (await faces.call("mo", "GET", f"/v1/ccp/lookupContract/{subscription.emaid}")).status == 404
    told = (await faces.call("mo", "GET", ONE)).body["OEMMessage"]
    assert told["vehicleCertificate"] == b64(newer.chain_der[0])


@pytest.mark.rule("PCP-UPD-5")
async def test_a_vehicle_with_a_new_pcid_says_which_it_had(world: World, faces: Faces) -> None:
    renamed = leaf_of(world, "oem_leaf", "PNCSIMVEHICLE00002")
    await faces.call("oem", "PUT", POOL, published(world.vehicle))
    await faces.call("oem", "PUT", POOL, published(renamed, previousPcid=PCID))
    told = (await faces.call("mo", "GET", f"{POOL}/PNCSIMVEHICLE00002")).body["OEMMessage"]
    assert told["previousPcid"] == PCID
    assert "previousPcid" not in (await faces.call("mo", "GET", ONE)).body["OEMMessage"]


# Deleting


@pytest.mark.rule("PCP-DEL-1", "PCP-DEL-2", "PCP-DEL-3", "ACC-3", "ACC-5")
@pytest.mark.parametrize(("query", "why"), [("", "withdrawn"), ("?reason=factoryReset", "factory reset")])
async def test_the_owner_deletes_and_the_vehicles_contracts_go_and_are_revoked(
    world: World, faces: Faces, query: str, why: str
) -> None:
    subscription = await world.subscribed()
    contract = (await world.eco.pool.lookup(subscription.emaid)).certificate
    assert (await faces.call("other-oem", "DELETE", ONE)).status == 403
    assert (await faces.call("oem", "DELETE", f"{ONE}?reason=tired")).status == 400
    assert (await faces.call("mo", "GET", ONE)).status == 200
    heard = hearing(world)
    answer = await faces.call("oem", "DELETE", ONE + query)
    assert (answer.status, answer.body) == (200, {})
    deleted = next(fact for fact in heard if isinstance(fact, VehicleDeleted))
    dropped = next(fact for fact in heard if isinstance(fact, ContractDeleted))
    assert (deleted.pcid, deleted.why, dropped.emaid, dropped.why) == (
        PCID,
        why,
        subscription.emaid,
        "factory reset" if query else "vehicle deleted",
    )
    assert (await faces.call("mo", "GET", f"/v1/ccp/lookupContract/{subscription.emaid}")).status == 404
    issuer = world.pki.certificate("mo_sub2")
    assert (await world.eco.ocsp.of(contract, issuer)).status == "revoked"
    again = await faces.call("oem", "DELETE", ONE)
    assert (again.status, again.messages[0]) == (404, NOT_FOUND)


# Reading


@pytest.mark.rule("PCP-GET-1")
@pytest.mark.parametrize("role", ["oem_leaf", "oem_sub2", "oem_sub1"])
async def test_status_and_chain_are_verified_again_before_anything_is_handed_out(
    world: World, faces: Faces, role: str
) -> None:
    await world.published()
    await world.eco.ca.revoke(role)
    answer = await faces.call("mo", "GET", ONE)
    assert (answer.status, answer.body["errorCode"]) == (400, "PCP-PUB-3")
    found = await faces.call("mo", "GET", LOOKUP)
    assert (found.status, found.body) == (200, None)


@pytest.mark.rule("PCP-ENUM-1", "PCP-GET-2")
async def test_unknown_and_malformed_pcids_are_answered_in_the_published_words(faces: Faces) -> None:
    for path in (POOL, f"{POOL}/lookupVehicle"):
        answer = await faces.call("mo", "GET", f"{path}/PNCSIMVEHICLE99999")
        assert (answer.status, answer.messages[0]) == (404, NOT_FOUND)
        for bad in ("short", "PNCSIMVEHICLE000010", "PNCSIMVEHICLE-0001", "%2A" * 17):
            answer = await faces.call("mo", "GET", f"{path}/{bad}")
            assert (answer.status, answer.messages[0]) == (400, NO_PCID)


@pytest.mark.rule("PCP-ENUM-1")
@pytest.mark.parametrize("path", [POOL, f"{POOL}/", f"{POOL}?limit=10", f"{POOL}/lookupVehicle/"])
async def test_no_operation_lists_or_counts_vehicles(world: World, faces: Faces, path: str) -> None:
    await world.published()
    for who in CLIENTS:
        answer = await faces.call(who, "GET", path)
        assert answer.status in (404, 405)
        assert PCID not in str(answer.body)


@pytest.mark.rule("PCP-ENUM-1", "ACC-5")
@pytest.mark.parametrize(("method", "path"), [("GET", POOL), ("GET", f"{POOL}/lookupVehicle"), ("DELETE", POOL)])
async def test_another_manufacturer_is_answered_the_same_whether_a_vehicle_is_there_or_not(
    world: World, faces: Faces, method: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And in the same time: nobody looks whether it is there."""
    await world.published()
    looked: list[str] = []

    async def known(pcid: str) -> Any:
        looked.append(pcid)
        raise AssertionError("nobody has to look")

    monkeypatch.setattr(world.eco.vehicles, "_known", known)
    there, absent = [await faces.call("other-oem", method, f"{path}/{pcid}") for pcid in (PCID, "PNCSIMVEHICLE99999")]
    assert there.status == absent.status == 403
    assert str(without_trace(there.body)).replace(PCID, "?") == str(without_trace(absent.body)).replace(
        "PNCSIMVEHICLE99999", "?"
    )
    assert looked == []


# Guessing


def nth(number: int) -> str:
    return f"PNCSIMVEHICLE8{number:04}"


@pytest.mark.rule("PCP-ENUM-1")
async def test_who_guesses_pcids_is_not_answered_until_the_labs_clock_has_gone_on(world: World, faces: Faces) -> None:
    await world.published()
    for number in range(MISSES):
        path = (POOL, f"{POOL}/lookupVehicle")[number % 2]
        assert (await faces.call("mo", "GET", f"{path}/{nth(number)}")).status == 404
    for path in (ONE, LOOKUP, f"{POOL}/{nth(0)}", f"{POOL}/{nth(MISSES)}"):
        answer = await faces.call("mo", "GET", path)
        assert answer.status == 429
        assert 0 < int(answer.headers["Retry-After"]) <= WINDOW
    assert (await faces.call("mo-v2g", "GET", ONE)).status == 200  # everybody for himself
    world.clock.jump(int(answer.headers["Retry-After"]))
    assert (await faces.call("mo", "GET", ONE)).status == 200


@pytest.mark.rule("PCP-ENUM-1")
async def test_many_guesses_at_once_get_no_more_answers_than_one_after_the_other(world: World, faces: Faces) -> None:
    await world.published()
    answers = await asyncio.gather(
        *(faces.call("mo", "GET", f"{POOL}/lookupVehicle/{nth(number)}") for number in range(3 * MISSES))
    )
    statuses = [answer.status for answer in answers]
    assert (statuses.count(404), statuses.count(429)) == (MISSES, 2 * MISSES)


@pytest.mark.rule("PCP-ENUM-1")
async def test_asking_again_for_the_same_pcid_or_reading_what_is_there_is_no_guessing(
    world: World, faces: Faces
) -> None:
    await world.published()
    for _ in range(MISSES + 1):
        assert (await faces.call("mo", "GET", f"{POOL}/lookupVehicle/{nth(1)}")).status == 404
        assert (await faces.call("mo", "GET", f"{POOL}/lookupVehicle/{nth(1).lower()}")).status == 404
        assert (await faces.call("mo", "GET", LOOKUP)).status == 200


# Cleansing


@pytest.mark.rule("PCP-CLEAN-1", "POOL-1")
async def test_expired_and_revoked_vehicles_and_their_contracts_leave_and_are_counted(
    world: World, faces: Faces
) -> None:
    subscription = await world.subscribed()
    other = leaf_of(world, "oem_leaf", "PNCSIMVEHICLE00002", not_after=NOW + DAY)
    assert (await faces.call("oem", "PUT", POOL, published(other))).status == 200
    await world.eco.ca.revoke("oem_leaf")
    world.clock.jump(2 * DAY - 3_600)
    gone = await cleanse(world.eco, world.voice("LAB"))
    assert (gone.roots, set(gone.vehicles)) == (0, {PCID, "PNCSIMVEHICLE00002"})
    assert await world.eco.vehicles.find(PCID) is None
    with pytest.raises(Exception, match=subscription.emaid):
        await world.eco.pool.lookup(subscription.emaid)


@pytest.mark.rule("PCP-CLEAN-1")
async def test_cleansing_comes_by_itself_by_the_labs_clock_and_survives_a_round_that_fails(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.published()
    await world.eco.ca.revoke("oem_leaf")
    gone = asyncio.Event()

    async def left(fact: VehicleDeleted) -> None:
        gone.set()

    world.eco.bus.listen(VehicleDeleted, left)
    failed = asyncio.Event()

    async def fail() -> int:
        monkeypatch.undo()
        failed.set()
        raise PeerSilent("The database does not answer.", http_status=502)

    monkeypatch.setattr(world.eco.roots, "cleanse", fail)
    counted = asyncio.Event()

    def hear(event: Event) -> None:
        if isinstance(event, Story) and "0 roots, 1 vehicles" in event.text:
            counted.set()

    world.trace.subscribe(hear)
    cleansing = asyncio.create_task(cleanse_regularly(world.eco, world.clock, world.voice("LAB"), interval=DAY))
    await asyncio.sleep(0)
    world.clock.jump(DAY)
    await asyncio.wait_for(failed.wait(), 5)
    assert await world.eco.vehicles.find(PCID) is not None
    await asyncio.sleep(0)
    world.clock.jump(DAY)
    await asyncio.wait_for(gone.wait(), 5)
    await asyncio.wait_for(counted.wait(), 5)
    cleansing.cancel()


# Programs that are not ours


@pytest.mark.rule("PCP-PUB-8")
async def test_maeves_script_publishes_with_members_of_an_older_release_which_are_passed_over(
    world: World, faces: Faces
) -> None:
    legacy = {
        "rootIssuerDistinguishedName": "CN=whatever",
        "rootIssuerSerialNumber": "zz",
        "v2gRootAuthorityKeyIdentifier": "45:b8:40:9e:e1:38:f8:bf",
        "rootAuthorityKeyIdentifier": "4b:45:ff:82:25:fc:10:96",
    }
    headers = {"Accept": "application/json, application/xml", "Content-Type": "application/json"}
    answer = await faces.call("oem", "PUT", POOL, published(world.vehicle, **legacy), **headers)
    assert answer.status == 200
    root = world.pki.certificate("oem_root")
    assert answer.body["rootIssuerSerialNumber"] == f"{root.serial_number:x}"
    assert "v2gRootAuthorityKeyIdentifier" not in answer.body
    # The "compote" suite reads with a query nobody knows.
    read = await faces.call("mo", "GET", f"{ONE}?signatureAlgorithm=secp256r1")
    assert base64.b64decode(read.body["OEMMessage"]["vehicleCertificate"], validate=True) == world.vehicle.chain_der[0]
    assert (await faces.call("mo", "GET", f"{LOOKUP}?signatureAlgorithm=secp256r1")).status == 200
