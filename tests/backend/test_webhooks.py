"""What happens becomes events for those it concerns, with the published members, signed (EVT-1, EVT-2, EVT-5)."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import pytest_asyncio
from backend_world import NOW, PCID, World, leaf_of
from cryptography import x509
from event_receivers import Receiver, receiver
from face_world import Faces, b64, open_faces
from foreign import Openssl
from webhook_world import sender_of, subscribed

from pncsim.backend.rcp import RootKind
from pncsim.backend.webhooks.payloads import signatures
from pncsim.backend.webhooks.sender import Sender
from pncsim.tls_certs import reading
from pncsim.tls_certs.pki import create_pki

ROOT_EVENTS = ("root.cert.added", "root.cert.expired", "root.cert.revoked")
MO_EVENTS = (
    "mo.prov.cert.updated",
    "mo.prov.cert.updated.factory.reset",
    "mo.prov.cert.deleted",
    "mo.prov.cert.factory.reset",
    "mo.contract.created.sent.to.oem",
    "mo.contract.updated.sent.to.oem",
    "mo.contract.deleted.sent.to.oem",
    "mo.contract.delivered.to.oem",
    "mo.contract.rejected.by.oem",
    "mo.contract.queued.to.oem",
)
OEM_EVENTS = ("oem.contract.created", "oem.contract.updated", "oem.contract.deleted")
EVERYTHING = (*ROOT_EVENTS, *MO_EVENTS, *OEM_EVENTS)

UUID = r"^[0-9a-fA-F]{8}\-([0-9a-fA-F]{4}\-){3}[0-9a-fA-F]{12}$"
NAME = (
    r"^(CN=[a-zA-Z0-9\s\-\.]+,\s)?(DC=[a-zA-Z0-9\s\-\.]+,\s)?(O=[a-zA-Z0-9\s\-\.]+,\s)?"
    r"(OU=[a-zA-Z0-9\s\-\.]+,\s)?(C=[A-Z]{2})?$"
)
CURVE = {"enum": ["secp256r1", "secp521r1"]}


def published(types: tuple[str, ...], required: list[str], members: dict[str, Any]) -> dict[str, Any]:
    """What webhook.payload.v1 (1.0.1) demands of a body."""
    payload = {"type": "object", "required": required, "properties": members}
    return {
        "type": "object",
        "required": ["timestamp", "eventId", "eventType", "xsdMsgDefNamespace", "payload"],
        "properties": {
            "timestamp": {"type": "string", "format": "date-time"},
            "eventId": {"type": "string", "format": "uuid", "pattern": UUID},
            "eventType": {"enum": list(types)},
            "xsdMsgDefNamespace": {"enum": ["urn:iso:15118:2:2013:MsgDef", "urn:iso:15118:20:2022:MsgDef"]},
            "payload": payload,
        },
    }


ABOUT_ROOT = published(
    ROOT_EVENTS,
    ["rootCertificateId", "distinguishedName", "commonName", "rootType"],
    {
        "rootCertificateId": {"type": "string", "pattern": UUID},
        "distinguishedName": {"type": "string", "pattern": NAME},
        "commonName": {"type": "string"},
        "rootType": {"enum": ["MO", "OEM", "V2G"]},
        "rootSerialNumber": {"type": "string", "pattern": "^[0-9a-fA-F]+$"},
        "signatureAlgorithm": CURVE,
        "fingerprintSHA256": {"type": "string"},
    },
)
ABOUT_CONTRACT = published(
    (*MO_EVENTS, *OEM_EVENTS),
    ["emaid", "pcid"],
    {
        "emaid": {"type": "string", "pattern": r"^[A-Za-z]{2}[-]?\w{3}[-]?\w{9}[-]?(\w{1})?$"},
        "pcid": {"type": "string", "pattern": "^[a-zA-Z0-9]{17,18}$"},
        "contractCert": {"type": "string"},
        "cpsSignerRootFingerprint": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        "cpsSignerRootCommonName": {"type": "string"},
        "signatureAlgorithm": CURVE,
    },
)


@pytest_asyncio.fixture
async def faces(world: World) -> AsyncIterator[Faces]:
    async with open_faces(world) as faces:
        yield faces


@pytest_asyncio.fixture
async def sender(world: World) -> AsyncIterator[Sender]:
    sender = sender_of(world)
    yield sender
    await sender.close()


@pytest_asyncio.fixture
async def heard(faces: Faces) -> AsyncIterator[dict[str, Receiver]]:
    """A receiver for each client, subscribed to whatever there is."""
    found: dict[str, Receiver] = {}
    async with receiver() as oem, receiver() as other, receiver() as mo, receiver() as far, receiver() as cpo:
        for who, one in {"oem": oem, "other-oem": other, "mo": mo, "mo-v2g": far, "cpo": cpo}.items():
            found[who] = one
            await subscribed(faces, who, one.url, *EVERYTHING)
        yield found


def told(heard: dict[str, Receiver]) -> dict[str, list[str]]:
    """Who has heard what since this was last asked; nobody who has heard nothing."""
    return {who: types for who, one in heard.items() if (types := one.taken())}


@pytest.mark.rule("EVT-1", "RCP-7", "PCP-PUB-7")
async def test_a_root_that_comes_or_goes_is_told_everybody_and_one_of_a_private_environment_nobody(
    world: World, faces: Faces, sender: Sender, heard: dict[str, Receiver]
) -> None:
    new = create_pki(NOW).certificate("v2g_root")
    body = {"caCertificate": b64(reading.der(new)), "rootType": "V2G"}
    id = (await faces.call("admin", "PUT", "/v1/root/rootCerts", body)).body["RootResponse"]["rootCertificateId"]
    await faces.call("admin", "PUT", "/v1/root/rootCerts", body)  # it is there already
    await sender.flush()
    for one in heard.values():
        (came,) = one.got
        jsonschema_rs.validator_for(ABOUT_ROOT, validate_formats=True).validate(came.event)
        assert came.event["payload"] == {
            "rootCertificateId": id,
            "distinguishedName": "CN=pncsim V2G root, DC=V2G, O=pncsim, C=DE",
            "commonName": "pncsim V2G root",
            "rootType": "V2G",
            "rootSerialNumber": f"{new.serial_number:x}",
            "signatureAlgorithm": "secp256r1",
            "fingerprintSHA256": hashlib.sha256(reading.der(new)).hexdigest(),
        }
    assert len({one.got[0].event["eventId"] for one in heard.values()}) == 1
    assert told(heard) == {key: ["root.cert.added"] for key in heard}
    await faces.call("admin", "DELETE", f"/v1/root/rootCerts/{id}")
    await sender.flush()
    assert told(heard) == {key: ["root.cert.revoked"] for key in heard}
    await world.eco.roots.add(reading.der(create_pki(NOW).certificate("oem_root")), RootKind.PE)
    await world.published()  # a publication tells nobody anything
    await sender.flush()
    assert told(heard) == {}


@pytest.mark.rule("RCP-6", "EVT-1")
async def test_a_root_found_expired_is_told_as_expired(
    world: World, sender: Sender, heard: dict[str, Receiver]
) -> None:
    last = max(reading.not_after(root.certificate) for root in await world.eco.roots.roots())
    count = len(await world.eco.roots.roots())
    world.clock.jump(last + 1 - world.clock.now())
    assert await world.eco.roots.cleanse() == count
    await sender.flush()
    assert told(heard) == dict.fromkeys(heard, ["root.cert.expired"] * count)


@pytest.mark.rule("EVT-1", "EVT-5", "CCP-PUB-5", "CCP-GET-6", "CCP-DEF-1")
async def test_a_contract_is_told_its_manufacturer_and_then_its_operator_and_nobody_else(
    world: World, sender: Sender, heard: dict[str, Receiver]
) -> None:
    contract = await world.subscribed()
    await sender.flush()
    (came,) = heard["oem"].got
    jsonschema_rs.validator_for(ABOUT_CONTRACT, validate_formats=True).validate(came.event)
    stored = await world.eco.pool.lookup(contract.emaid)
    assert came.event["payload"] == {
        "emaid": contract.emaid,
        "pcid": PCID,
        "contractCert": b64(reading.der(stored.certificate)),
        "cpsSignerRootFingerprint": hashlib.sha256(reading.der(world.pki.root("v2g_root"))).hexdigest(),
        "cpsSignerRootCommonName": "pncsim V2G root",
        "signatureAlgorithm": "secp256r1",
    }
    assert came.event["timestamp"].endswith("Z") and came.event["xsdMsgDefNamespace"] == "urn:iso:15118:2:2013:MsgDef"
    (follows,) = heard["mo"].got
    jsonschema_rs.validator_for(ABOUT_CONTRACT, validate_formats=True).validate(follows.event)
    assert follows.event["payload"] == came.event["payload"]
    assert told(heard) == {"oem": ["oem.contract.created"], "mo": ["mo.contract.created.sent.to.oem"]}
    await world.eco.mo.subscribe("Ada", PCID, emaid=contract.emaid)
    await sender.flush()
    assert told(heard) == {"oem": ["oem.contract.updated"], "mo": ["mo.contract.updated.sent.to.oem"]}
    await world.eco.pool.provide_to_oem(contract.emaid, PCID)
    await sender.flush()
    assert told(heard) == {"mo": ["mo.contract.delivered.to.oem"]}
    assert stored.default
    await world.eco.pool.delete(contract.emaid)
    await sender.flush()
    assert told(heard) == {"oem": ["oem.contract.deleted"], "mo": ["mo.contract.deleted.sent.to.oem"]}


@pytest.mark.rule("PCP-UPD-2", "PCP-UPD-3", "EVT-1")
async def test_a_vehicle_with_another_key_is_told_the_operators_of_its_contracts_and_one_with_the_same_key_nobody(
    world: World, sender: Sender, heard: dict[str, Receiver]
) -> None:
    contract = await world.subscribed()
    await sender.flush()
    told(heard)
    await world.published()  # again, with the same key
    await sender.flush()
    assert told(heard) == {}
    await world.eco.vehicles.publish(leaf_of(world, "oem_leaf", PCID).chain_der)
    await sender.flush()
    assert heard["mo"].got[0].event["payload"]["emaid"] == contract.emaid
    assert told(heard) == {
        "oem": ["oem.contract.deleted"],
        "mo": ["mo.contract.deleted.sent.to.oem", "mo.prov.cert.updated"],
    }
    assert await world.eco.pool.contracts(PCID) == []


@pytest.mark.rule("PCP-DEL-3", "EVT-1")
@pytest.mark.parametrize(
    ("query", "event"), [("", "mo.prov.cert.deleted"), ("?reason=factoryReset", "mo.prov.cert.factory.reset")]
)
async def test_a_vehicle_that_goes_is_told_the_operators_of_its_contracts_and_its_manufacturer(
    world: World, faces: Faces, sender: Sender, heard: dict[str, Receiver], query: str, event: str
) -> None:
    await world.subscribed()
    await world.eco.mo.subscribe("Bob", PCID)
    await sender.flush()
    told(heard)
    assert (await faces.call("oem", "DELETE", f"/v1/oem/provCerts/{PCID}{query}")).status == 200
    await sender.flush()
    assert told(heard) == {
        "oem": ["oem.contract.deleted"] * 2,
        "mo": sorted(["mo.contract.deleted.sent.to.oem", event] * 2),
    }


async def test_a_vehicle_without_contracts_that_goes_is_told_nobody(
    world: World, sender: Sender, heard: dict[str, Receiver]
) -> None:
    await world.published()
    await world.eco.vehicles.delete(PCID)
    await sender.flush()
    assert told(heard) == {}


async def test_who_did_not_subscribe_to_an_event_or_was_disabled_hears_nothing_and_nothing_is_queued(
    world: World, faces: Faces, sender: Sender
) -> None:
    async with receiver() as one:
        endpoint = await subscribed(faces, "oem", one.url, "oem.contract.deleted")
        off = await subscribed(faces, "oem", one.url, *EVERYTHING, status="disabled")
        await world.subscribed()
        await sender.flush()
        assert one.got == []
        for id in (endpoint["id"], off["id"]):
            log = (await faces.call("oem", "GET", f"/v1/webhook/endpoints/{id}/deliveries")).body
            assert log == {"deliveries": [], "next": ""}


# The signature


@pytest.mark.rule("EVT-2")
def test_the_signature_is_as_published() -> None:
    digest = "763e48a2bf8e2f0c26cec41296b9f1305db0a70814729bb542d0f249b1dfd5c0"
    assert signatures("secret keyword", b'{"a":1}') == {
        "payload-signature": digest,
        "X-Operator-Signature": f"sha256={digest}",
        "X-Hubject-Signature": f"sha256={digest}",
    }


@pytest.mark.rule("EVT-2")
async def test_openssl_makes_the_same_signature_of_what_came_with_the_endpoints_secret(
    world: World, faces: Faces, sender: Sender, openssl: Openssl, tmp_path: Path
) -> None:
    async with receiver() as one:
        made = await subscribed(faces, "oem", one.url, "oem.contract.created")
        await world.subscribed()
        await sender.flush()
        (came,) = one.got
    (tmp_path / "body").write_bytes(came.body)
    done: subprocess.CompletedProcess[str] = openssl(
        "dgst", "-sha256", "-hmac", made["secret"], "-hex", tmp_path / "body"
    )
    digest = done.stdout.split()[-1]
    assert came.headers["payload-signature"] == digest
    assert came.headers["X-Operator-Signature"] == came.headers["X-Hubject-Signature"] == f"sha256={digest}"
    assert came.headers["Content-Type"] == "application/json"


def test_a_name_beyond_the_published_letters_is_told_as_it_is() -> None:
    from pncsim.backend.webhooks.payloads import _distinguished_name

    name = x509.Name.from_rfc4514_string("C=DE,OU=Mobility,O=Plug&Charge,DC=V2G,CN=Root")
    assert _distinguished_name(name) == "CN=Root, DC=V2G, O=Plug&Charge, OU=Mobility, C=DE"
