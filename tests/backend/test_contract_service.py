"""The contract service's face: contracts made for operators that have no PKI of their own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio
from backend_world import DAY, NOW, PCID, SCHEMA, World, leaf_of
from face_world import CLIENTS, Answer, Faces, open_faces
from foreign import Openssl
from vehicle_requests import installation_request, received

from pncsim.backend.ccp.store import CONTRACTS
from pncsim.backend.rest.guessing import MISSES
from pncsim.backend.store import every
from pncsim.tls_certs import reading
from pncsim.tls_certs.folder_work import complete
from pncsim.tls_certs.pki import add_authorities, create_pki, load_pki, write_pki
from pncsim.tls_certs.profiles import CONTRACT_SERVICE_PROFILES
from pncsim.wire.trace import ServiceCall
from pncsim.wire.v2g.key_transport import WrappedKey, unwrap

PATH = "/v1/cps/generate/signedContractData"
EMAID, OTHER = "DEV2GC12345678", "PNCSIMVEHICLE00002"
UNAVAILABLE = "The OEM provisioning certificate with the given PCID is not available."
NO_TIME = "The {} does not match the specification"


@pytest_asyncio.fixture
async def faces(world: World) -> AsyncIterator[Faces]:
    add_authorities(world.pki, CONTRACT_SERVICE_PROFILES, NOW)
    async with open_faces(world) as faces:
        yield faces


def at(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def order(**more: Any) -> dict[str, Any]:
    return {
        "contractBegins": at(NOW - 400 * DAY),
        "contractEnds": at(NOW + 100 * DAY),
        "emaid": EMAID,
        "pcid": PCID,
        "xsdMsgDefNamespace": SCHEMA,
        "somethingElse": [1],
        **more,
    }


async def generate(faces: Faces, **more: Any) -> Answer:
    return await faces.call("mo-v2g", "PUT", PATH, order(**more))


def issued(world: World) -> list[ServiceCall]:
    return [e for e in world.events if isinstance(e, ServiceCall) and e.operation.startswith("issue contract")]


@pytest.mark.rule("CPS-11", "CPS-13", "CPS-8")
async def test_a_contract_is_made_below_the_v2g_root_and_the_vehicle_can_use_it(
    world: World, faces: Faces, openssl: Openssl, tmp_path: Any
) -> None:
    vehicle = await world.published()
    answer = await generate(faces)
    assert (answer.status, answer.body) == (201, None)
    told = received(await world.eco.pool.provide(installation_request(vehicle, world.pki.anchors("v2g_root")), SCHEMA))
    assert told.code == "OK"
    (stored,) = [contract async for contract in every(world.eco.store.of(CONTRACTS))]
    bundle = stored.bundle
    leaf, *subs = map(reading.parsed, bundle.contract_certificates)
    public = reading.p256_key(leaf)
    assert public is not None
    key = unwrap(WrappedKey(bundle.encrypted_key.value, bundle.dh_public.value), vehicle.key, public)
    assert reading.common_name(leaf) == EMAID
    for name, certificates in {"root": [world.pki.certificate("v2g_root")], "leaf": [leaf], "subs": subs}.items():
        (tmp_path / name).write_text(reading.pem(certificates))
    judged = openssl(
        *("verify", "-attime", int(NOW), "-CAfile", tmp_path / "root", "-untrusted", tmp_path / "subs"),
        tmp_path / "leaf",
    )
    assert judged.stdout.endswith("leaf: OK\n"), judged.stdout
    scalar = f"{key.private_numbers().private_value:064x}"
    assert scalar not in repr(world.events)


@pytest.mark.rule("CPS-9")
async def test_a_contract_is_valid_from_its_beginning_until_the_first_of_three_ends(world: World, faces: Faces) -> None:
    short = leaf_of(world, "oem_leaf", OTHER, not_after=NOW + 50 * DAY)
    await world.published()
    await world.eco.oem.publish(short)

    async def validity(**more: Any) -> tuple[float, float]:
        answer = await generate(faces, **more)
        assert answer.status == 201, answer.body
        entry = await world.eco.pool.lookup(more["emaid"])
        return entry.valid_from, entry.valid_to

    begins, ends = await validity(emaid="DEV2GC00000001")
    assert NOW - DAY < begins <= NOW  # nothing is valid before it is made
    assert ends == NOW + 100 * DAY
    assert (await validity(emaid="DEV2GC00000002", contractBegins=at(NOW + 10 * DAY)))[0] == NOW + 10 * DAY
    assert (await validity(emaid="DEV2GC00000003", pcid=OTHER))[1] == reading.not_after(short.leaf)
    sub_ca = world.pki.certificate("v2g_mo_sub2")
    assert (await validity(emaid="DEV2GC00000004", contractEnds=at(NOW + 9_000 * DAY)))[1] == reading.not_after(sub_ca)
    late = await generate(faces, pcid=OTHER, contractBegins=at(NOW + 60 * DAY))
    assert (late.status, late.body["errorCode"]) == (400, "CPS-9")


@pytest.mark.rule("CPS-9", "CCP-CLEAN-1")
async def test_a_contract_that_begins_later_waits_in_the_pool_until_then(world: World, faces: Faces) -> None:
    vehicle = await world.published()
    assert (await generate(faces, contractBegins=at(NOW + 2 * DAY))).status == 201
    request = installation_request(vehicle, world.pki.anchors("v2g_root"))
    assert await world.eco.pool.cleanse() == []
    assert received(await world.eco.pool.provide(request, SCHEMA)).code == "FAILED_NoCertificateAvailable"
    world.clock.jump(2 * DAY)
    assert received(await world.eco.pool.provide(request, SCHEMA)).code == "OK"


@pytest.mark.rule("CPS-11", "CPS-6", "CCP-UPD-1")
async def test_a_repetition_replaces_and_an_emaid_stays_with_its_vehicle(world: World, faces: Faces) -> None:
    await world.published()
    await world.eco.oem.publish(await world.eco.oem.build(OTHER))
    assert (await generate(faces, emaid="de-v2g-c12345678")).status == 201
    first = await world.eco.pool.lookup(EMAID)
    assert (await generate(faces)).status == 201
    second = await world.eco.pool.lookup(EMAID)
    assert second.certificate != first.certificate
    assert [entry.emaid for entry in await world.eco.pool.contracts(PCID)] == [EMAID]
    before = len(issued(world))
    answer = await generate(faces, pcid=OTHER)
    assert (answer.status, answer.messages[0]) == (400, "Invalid Tupple - EMAID is already used by other PCID.")
    assert len(issued(world)) == before


@pytest.mark.rule("ACC-1", "ACC-2")
@pytest.mark.parametrize("who", [None, *CLIENTS])
async def test_the_service_is_for_operators_without_a_pki_of_their_own(faces: Faces, who: str | None) -> None:
    answer = await faces.call(who, "PUT", PATH, b"{")
    assert answer.status == (401 if who is None else 400 if who == "mo-v2g" else 403)


@pytest.mark.rule("ACC-4", "CPS-10", "ID-1", "ID-2")
@pytest.mark.parametrize(
    ("change", "status", "message"),
    [
        ({"emaid": "FRXYZC12345678"}, 403, "FRXYZC12345678 is not among"),
        ({"emaid": "FRXYZC12345678", "pcid": "?"}, 400, "pcid : must match"),
        ({"emaid": "nonsense"}, 400, "emaid : must match"),
        ({"emaid": "DEV2GC_2345678"}, 400, "emaid : must match"),
        ({"emaid": None}, 400, "emaid : must not be null"),
        ({"pcid": "?"}, 400, "pcid : must match"),
        ({"pcid": "PNCSIMVEHICLE99999"}, 400, UNAVAILABLE),
        ({"contractBegins": None}, 400, "contractBegins : must not be null"),
        ({"contractBegins": "2026-11-28"}, 400, NO_TIME.format("contractBegins")),
        ({"contractEnds": "2026-02-30T00:00:00Z"}, 400, NO_TIME.format("contractEnds")),
        ({"contractEnds": "2026-12-28T00:00:00"}, 400, NO_TIME.format("contractEnds")),
        ({"contractEnds": 1_795_000_000}, 400, "contractEnds : must not be null"),
        ({"contractEnds": "2020-01-01T00:00:00Z"}, 400, "The given contractEnds date is in the past."),
        ({"xsdMsgDefNamespace": None}, 400, "xsdMsgDefNamespace : must not be null"),
        ({"xsdMsgDefNamespace": "urn:iso:15118:20:2022:MsgDef"}, 400, "The schema "),
        ({"cpsV2GRootCertificateFingerprint": "00"}, 400, "The cpsV2GRootCertificateFingerprint '00'"),
        ({"cpsV2GRootCertificateFingerprint": "00" * 32}, 400, "No signer of the provisioning service leads to"),
    ],
)
async def test_what_is_refused_makes_no_certificate(
    world: World, faces: Faces, change: dict[str, Any], status: int, message: str
) -> None:
    await world.published()
    answer = await generate(faces, **change)
    assert answer.status == status
    assert answer.messages[0].startswith(message)
    assert issued(world) == []
    assert await world.eco.pool.contracts(PCID) == []


@pytest.mark.rule("CPS-2", "CPS-3")
async def test_a_contract_is_made_and_signed_below_the_root_that_is_asked_for(world: World, faces: Faces) -> None:
    second, third = create_pki(NOW, organization="Second", contract_ca="v2g"), create_pki(NOW, organization="Third")
    await world.eco.add_pki(second, "second")
    await world.eco.add_pki(third, "third")  # signs, and issues nothing below its V2G root
    prints = [reading.fingerprint(reading.der(pki.certificate("v2g_root"))) for pki in (world.pki, second, third)]
    await world.published()

    async def below(**more: Any) -> str:
        answer = await generate(faces, **more)
        assert answer.status == 201, answer.body
        return (await world.eco.pool.lookup(EMAID)).root

    assert await below() == prints[0]
    assert await below(cpsV2GRootCertificateFingerprint=prints[1]) == prints[1]
    assert reading.issued_by((await world.eco.pool.lookup(EMAID)).certificate, second.certificate("mo_sub2"))
    await world.eco.oem.publish(world.vehicle, v2g_roots=[third.certificate("v2g_root")])
    assert await below() == prints[0]
    answer = await generate(faces, cpsV2GRootCertificateFingerprint=prints[2])
    assert (answer.status, answer.body["errorCode"]) == (400, "CPS-3")


@pytest.mark.rule("CPS-11")
async def test_where_nobody_can_issue_below_a_v2g_root_that_is_said(world: World) -> None:
    await world.published()
    async with open_faces(world) as faces:
        answer = await generate(faces)
    assert (answer.status, answer.body["errorCode"]) == (503, "CPS-11")


@pytest.mark.rule("CPS-11")
async def test_the_order_may_come_as_xml_or_as_a_form(world: World, faces: Faces) -> None:
    await world.published()
    members = {name: value for name, value in order().items() if isinstance(value, str)}
    xml = "".join(f"<{name}>{value}</{name}>" for name, value in members.items())
    text = f"<?xml version='1.0'?><order xmlns='urn:any'>{xml}</order>".encode()
    answer = await faces.call("mo-v2g", "PUT", PATH, text, **{"Content-Type": "application/xml; charset=utf-8"})
    assert answer.status == 201, answer.body
    members["emaid"] = "DEV2GC00000009"
    parts = "".join(
        f'--B\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in members.items()
    )
    form = (parts + "--B--\r\n").encode()
    answer = await faces.call("mo-v2g", "PUT", PATH, form, **{"Content-Type": "multipart/form-data; boundary=B"})
    assert answer.status == 201, answer.body
    assert [one.emaid for one in await world.eco.pool.contracts(PCID)] == [EMAID, "DEV2GC00000009"]
    for media in ("application/xml", "multipart/form-data", "multipart/form-data; boundary=B"):
        for body in (b"", b"<a", b"<!DOCTYPE a><a/>", b"--B\r\n\r\n--B--"):
            assert (await faces.call("mo-v2g", "PUT", PATH, body, **{"Content-Type": media})).status == 400


@pytest.mark.rule("CPS-11", "PKI-5")
async def test_a_folder_is_completed_once_and_keeps_the_issuing_sub_ca(tmp_path: Any) -> None:
    write_pki(create_pki(NOW), tmp_path / "pki")
    assert complete(tmp_path / "pki", CONTRACT_SERVICE_PROFILES, NOW) == ["v2g_mo_sub1", "v2g_mo_sub2"]
    assert complete(tmp_path / "pki", CONTRACT_SERVICE_PROFILES, NOW) == []
    first, again = load_pki(tmp_path / "pki"), load_pki(tmp_path / "pki")
    assert first.certificate("v2g_mo_sub2") == again.certificate("v2g_mo_sub2")
    assert (tmp_path / "pki" / "v2g_mo_sub2_key.pem").stat().st_mode & 0o777 == 0o600
    pki = create_pki(NOW)
    del pki.keys["v2g_root"]
    write_pki(pki, tmp_path / "bought")  # of somebody else's root only the certificate is here
    assert complete(tmp_path / "bought", CONTRACT_SERVICE_PROFILES, NOW) == []


# Guessing


@pytest.mark.rule("PCP-ENUM-1")
async def test_who_guesses_pcids_with_orders_is_not_answered_any_more(world: World, faces: Faces) -> None:
    await world.published()
    for number in range(MISSES):
        answer = await generate(faces, pcid=f"PNCSIMVEHICLE8{number:04}")
        assert (answer.status, answer.messages[0]) == (400, UNAVAILABLE)
    answer = await generate(faces)
    assert answer.status == 429
    assert "Retry-After" in answer.headers
    assert await world.eco.pool.contracts(PCID) == []
