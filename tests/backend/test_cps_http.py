"""The provisioning service's face: what operators have signed, in which shapes, below which root, what is stored."""

from __future__ import annotations

import base64
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from backend_world import DAY, NOW, PCID, SCHEMA, World, leaf_of, unrelated
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from face_world import CLIENTS, Faces, b64, open_faces

from pncsim.backend.cps import xml_form
from pncsim.backend.rcp import RootKind
from pncsim.tls_certs import reading
from pncsim.tls_certs.pki import create_pki
from pncsim.tls_certs.profiles import PROFILES
from pncsim.wire.credentials import Credentials
from pncsim.wire.v2g import signature
from pncsim.wire.v2g.key_transport import wrap

EMAID = "DEPNCC12345678"
SIGN, CREATE = "/v1/cps/contractData/signed", "/v1/cps/signedContractData"
FORWARD = "/v1/cps/forward/signedContractData"
SIGNERS = ("/cps/signer", "/v1/cps/signer")
BASE64 = ' : must match "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"'
NO_EMAID = 'emaid : must match "^[A-Za-z]{2}[-]?\\w{3}[-]?\\w{9}[-]?(\\w{1})?$"'
NO_PCID = 'pcid : must match "^[a-zA-Z0-9]{17,18}$"'
UNAVAILABLE = "The OEM provisioning certificate with the given PCID is not available."
LISTED = "Invalid certificate format on contractSignatureCertChainSubCertificates list"
CHAIN, SUB_CAS = "contractSignatureCertChain", "contractSignatureCertChainSubCertificates"


@pytest_asyncio.fixture
async def faces(world: World) -> AsyncIterator[Faces]:
    async with open_faces(world) as faces:
        yield faces


def current(world: World, contract: Credentials | None = None) -> dict[str, Any]:
    """Contract data with a member for each certificate."""
    contract = contract or leaf_of(world, "contract_leaf", EMAID)
    wrapped = wrap(contract.key, world.vehicle.key.public_key())
    leaf, *sub_cas = map(b64, contract.chain_der)
    names = ("contractSubCa2Certificate", "contractSubCa1Certificate")[-len(sub_cas) :]
    return {
        "contractCertificate": leaf,
        **dict(zip(names, sub_cas, strict=True)),
        "contractSignatureEncryptedPrivateKey": b64(wrapped.encrypted),
        "dHpublickey": b64(wrapped.dh_public),
    }


def older(world: World, emaid: str = EMAID) -> dict[str, Any]:
    """Contract data with a list of Sub-CAs."""
    data = current(world)
    leaf, sub2, sub1 = (
        data.pop(name) for name in ("contractCertificate", "contractSubCa2Certificate", "contractSubCa1Certificate")
    )
    return {**data, "emaid": emaid, CHAIN: {f"{CHAIN}Certificate": leaf, SUB_CAS: [sub2, sub1]}}


def asked(data: dict[str, Any], **more: object) -> dict[str, object]:
    """The body of the current operation; unknown members are for nobody."""
    return {"contractData": data, "xsdMsgDefNamespace": SCHEMA, "somethingElse": [1], **more}


def asked_before(data: dict[str, Any], **more: object) -> dict[str, object]:
    """The body of the deprecated operations."""
    return asked(data, **{"pcid": PCID, "emaid": EMAID, **more})


async def stored(world: World) -> list[str]:
    return [entry.emaid for entry in await world.eco.pool.contracts(PCID)]


@pytest.mark.rule("CPS-1", "CPS-4", "CPS-8", "CPS-12")
async def test_contract_data_are_signed_below_a_v2g_root_and_stored_only_where_a_vehicle_is_named(
    world: World, faces: Faces
) -> None:
    await world.published()
    answer = await faces.call("mo", "PUT", SIGN, asked(current(world)))
    assert answer.status == 201, answer.body
    assert await stored(world) == []
    root = world.pki.certificate("v2g_root")
    text = base64.b64decode(answer.body.pop("signedData"), validate=True).decode()
    assert answer.body == {
        "pcid": None,
        "emaid": EMAID,
        "xsdMsgDefNamespace": SCHEMA,
        "cpsV2GRootCertificateFingerprint": reading.fingerprint(reading.der(root)),
        "cpsRootDistinguishedName": ", ".join(part.rfc4514_string() for part in reversed(root.subject.rdns)),
    }
    bundle = xml_form.from_xml(text)
    key = world.pki.credentials("cps_leaf").leaf.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert signature.verify(bundle.signature, bundle.parts, key) == "xmldsig"
    answer = await faces.call("mo", "PUT", SIGN, asked(current(world), pcid=PCID))
    assert (answer.status, answer.body["pcid"]) == (201, PCID)
    assert await stored(world) == [EMAID]


@pytest.mark.rule("CPS-4")
async def test_of_the_deprecated_operations_one_only_returns_and_one_only_stores(world: World, faces: Faces) -> None:
    await world.published()
    answer = await faces.call("mo", "PUT", CREATE, asked_before(older(world)))
    assert (answer.status, answer.body["pcid"], answer.body["emaid"]) == (200, PCID, EMAID)
    assert xml_form.from_xml(base64.b64decode(answer.body["signedData"]).decode()).emaid.value == EMAID
    assert await stored(world) == []
    answer = await faces.call("mo", "PUT", FORWARD, asked_before(older(world)))
    assert (answer.status, answer.body) == (201, {})
    assert await stored(world) == [EMAID]


@pytest.mark.rule("CPS-4", "CCP-PUB-1")
async def test_what_is_returned_can_be_given_to_the_contract_pool_as_it_is(world: World, faces: Faces) -> None:
    await world.published()
    signed = (await faces.call("mo", "PUT", CREATE, asked_before(older(world)))).body
    body = {**signed, "signedContractDataXML": signed["signedData"]}
    assert (await faces.call("mo", "PUT", "/v1/ccp/signedContractData", body)).status == 201
    assert await stored(world) == [EMAID]


@pytest.mark.rule("CPS-7")
@pytest.mark.parametrize(("path", "status"), [(SIGN, 201), (CREATE, 200), (FORWARD, 201)])
async def test_every_operation_takes_both_shapes_and_one_sub_ca_or_two(
    world: World, faces: Faces, path: str, status: int
) -> None:
    await world.published()
    sub1 = world.pki.authority("mo_sub1")
    short = sub1.credentials(PROFILES["contract_leaf"], EMAID, NOW)
    for data in (current(world), older(world), current(world, short)):
        answer = await faces.call("mo", "PUT", path, asked_before(data))
        assert answer.status == status, answer.body


@pytest.mark.rule("CPS-5", "ID-1")
async def test_an_emaid_in_any_spelling_is_signed_in_the_one_a_vehicle_can_be_sent(world: World, faces: Faces) -> None:
    await world.published()
    spelled = "de-pnc-c12345678"
    answer = await faces.call("mo", "PUT", CREATE, asked_before(older(world, spelled), emaid=spelled))
    assert (answer.status, answer.body["emaid"]) == (200, EMAID)
    hyphens = leaf_of(world, "contract_leaf", "DE-PNC-C12345678")
    answer = await faces.call("mo", "PUT", SIGN, asked(current(world, hyphens)))
    assert (answer.status, answer.body["emaid"]) == (201, EMAID)


@pytest.mark.rule("ACC-1", "ACC-2")
@pytest.mark.parametrize("who", [None, *CLIENTS])
async def test_the_rights_of_each_role_come_before_everything_else(world: World, faces: Faces, who: str | None) -> None:
    for path in (SIGN, CREATE, FORWARD):
        answer = await faces.call(who, "PUT", path, b"{")
        assert answer.status == (401 if who is None else 400 if who == "mo" else 403), path
        uuid.UUID(answer.body["traceId"])
    for path in SIGNERS:
        answer = await faces.call(who, "GET", path)
        assert answer.status == (401 if who is None else 403 if who == "admin" else 200), path


@pytest.mark.rule("ACC-4")
async def test_only_own_emaids_are_signed_which_is_asked_after_the_form_and_before_the_rest(
    world: World, faces: Faces
) -> None:
    foreign = current(world, leaf_of(world, "contract_leaf", "FRXYZC12345678"))
    for path in (SIGN, CREATE, FORWARD):
        body = asked_before(foreign, emaid="FRXYZC12345678")  # of a vehicle nobody has published
        answer = await faces.call("mo", "PUT", path, body)
        assert (answer.status, answer.body["errorCode"]) == (403, "ACC-4")
        assert (await faces.call("mo", "PUT", path, {**body, "pcid": "?"})).status == 400


@pytest.mark.rule("CPS-5", "CPS-7", "CPS-8")
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"contractSignatureEncryptedPrivateKey": "@"}, f"contractData.contractSignatureEncryptedPrivateKey{BASE64}"),
        ({"dHpublickey": "@"}, f"contractData.dHpublickey{BASE64}"),
        ({"dHpublickey": None}, "contractData.dHpublickey : must not be null"),
        ({"dHpublickey": "AAAA"}, "dHpublickey has 3 octets, expected are 65."),
        ({"emaid": None}, "contractData.emaid : must not be null"),
        ({"emaid": "nonsense"}, NO_EMAID),
        ({CHAIN: "x"}, f"contractData.{CHAIN} : must not be null"),
        ({f"{CHAIN}Certificate": "@"}, f"contractData.{CHAIN}.{CHAIN}Certificate{BASE64}"),
        ({f"{CHAIN}Certificate": "AAAA"}, f"Invalid certificate format on {CHAIN}Certificate"),
        ({SUB_CAS: ["@"]}, LISTED),
        ({SUB_CAS: ["AAAA"]}, LISTED),
        ({SUB_CAS: [""]}, LISTED),
        ({SUB_CAS: [None]}, LISTED),
        ({SUB_CAS: []}, LISTED),
        ({SUB_CAS: ["AAAA"] * 3}, LISTED),
        ({SUB_CAS: None}, LISTED),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_contract_data_of_wrong_form_are_refused_in_the_published_words(
    world: World, faces: Faces, change: dict[str, Any], message: str
) -> None:
    await world.published()
    data = older(world)
    (name,) = change
    (data if name in data else data[CHAIN]).update(change)
    for path in (SIGN, CREATE, FORWARD):
        answer = await faces.call("mo", "PUT", path, asked_before(data))
        assert (answer.status, answer.messages[0]) == (400, message)
    assert await stored(world) == []


@pytest.mark.rule("CPS-5", "CPS-7")
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"contractCertificate": "@"}, f"contractData.contractCertificate{BASE64}"),
        ({"contractCertificate": "AAAA"}, "Invalid certificate format on contractCertificate"),
        ({"contractSubCa1Certificate": "AAAA"}, "Invalid certificate format on contractSubCa1Certificate"),
        ({"contractSubCa1Certificate": None}, "contractData.contractSubCa1Certificate : must not be null"),
        ({"contractSubCa2Certificate": "AAAA"}, "Invalid certificate format on contractSubCa2Certificate"),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_the_current_shape_names_the_certificate_that_is_none(
    world: World, faces: Faces, change: dict[str, Any], message: str
) -> None:
    answer = await faces.call("mo", "PUT", SIGN, asked({**current(world), **change}))
    assert (answer.status, answer.messages[0]) == (400, message)


@pytest.mark.rule("CPS-5", "CPS-10", "ID-1", "ID-2")
@pytest.mark.parametrize(
    ("path", "change", "status", "message"),
    [
        (SIGN, {"pcid": "?"}, 400, NO_PCID),
        (SIGN, {"pcid": ""}, 400, "pcid : must not be null"),
        (SIGN, {"pcid": "PNCSIMVEHICLE99999"}, 404, UNAVAILABLE),
        (CREATE, {"pcid": "PNCSIMVEHICLE99999"}, 400, UNAVAILABLE),
        (FORWARD, {"pcid": "PNCSIMVEHICLE99999"}, 400, UNAVAILABLE),
        (CREATE, {"pcid": None}, 400, "pcid : must not be null"),
        (CREATE, {"emaid": None}, 400, "emaid : must not be null"),
        (FORWARD, {"emaid": "nonsense"}, 400, NO_EMAID),
        (FORWARD, {"emaid": "DEPNCC87654321"}, 400, "The request is for DEPNCC87654321"),
        (SIGN, {"contractData": []}, 400, "contractData : must not be null"),
        (SIGN, {"xsdMsgDefNamespace": None}, 400, "xsdMsgDefNamespace : must not be null"),
        (SIGN, {"xsdMsgDefNamespace": "urn:iso:15118:20:2022:MsgDef"}, 400, "The schema "),
        (SIGN, {"cpsV2GRootCertificateFingerprint": "00"}, 400, "The cpsV2GRootCertificateFingerprint '00'"),
        (SIGN, {"cpsV2GRootCertificateFingerprint": 7}, 400, "The cpsV2GRootCertificateFingerprint '7'"),
        (SIGN, {"cpsV2GRootCertificateFingerprint": "00" * 32}, 400, "No signer of the provisioning service leads to"),
        (SIGN, {"cpsV2GRootCertificateFingerprint": str(uuid.UUID(int=1))}, 400, "There is no V2G root 00000000-"),
    ],
)
async def test_what_else_is_wrong_with_a_request_is_said(
    world: World, faces: Faces, path: str, change: dict[str, Any], status: int, message: str
) -> None:
    await world.published()
    answer = await faces.call("mo", "PUT", path, {**asked_before(older(world)), **change})
    assert answer.status == status
    assert answer.messages[0].startswith(message)
    assert await stored(world) == []


@pytest.mark.rule("CPS-6", "CPS-10", "CPS-7")
async def test_a_contract_that_is_taken_ended_or_of_nobody_known_is_refused(world: World, faces: Faces) -> None:
    await world.published()
    await world.eco.oem.publish(await world.eco.oem.build("PNCSIMVEHICLE00002"))
    short = current(world, leaf_of(world, "contract_leaf", "DEPNCC00000001", not_after=NOW + DAY / 2))
    taken = asked(current(world), pcid="PNCSIMVEHICLE00002")
    assert (await faces.call("mo", "PUT", SIGN, taken)).status == 201
    for path in (SIGN, CREATE, FORWARD):
        answer = await faces.call("mo", "PUT", path, asked_before(current(world)))
        assert answer.status == 400
        assert answer.messages[0] == "Invalid Tupple - EMAID is already used by other PCID."
    foreign = current(world, unrelated("contract_leaf", emaid="DEPNCC00000002"))
    answer = await faces.call("mo", "PUT", SIGN, asked(foreign, pcid=PCID))
    assert (answer.status, answer.body["errorCode"]) == (400, "CPS-7")
    world.clock.jump(DAY * 0.75)  # less than a token lasts
    answer = await faces.call("mo", "PUT", SIGN, asked(short, pcid=PCID))
    assert (answer.status, answer.messages[0]) == (400, "The given contractEnds date is in the past.")
    assert await stored(world) == []


@pytest.mark.rule("CPS-2", "CPS-3", "CPS-14")
async def test_the_signer_is_below_the_root_that_is_asked_for_and_else_one_the_vehicle_holds(
    world: World, faces: Faces
) -> None:
    second = create_pki(NOW, organization="Second")
    await world.eco.add_pki(second, "second")
    ids = {root.fingerprint: root.id for root in await world.eco.roots.roots(RootKind.V2G)}
    first_print, second_print = (
        reading.fingerprint(reading.der(pki.certificate("v2g_root"))) for pki in (world.pki, second)
    )
    name = "cpsV2GRootCertificateFingerprint"

    async def signed_below(**more: object) -> str:
        answer = await faces.call("mo", "PUT", SIGN, asked(current(world), **more))
        assert answer.status == 201, answer.body
        below: str = answer.body[name]
        return below

    assert await signed_below() == first_print
    await world.eco.oem.publish(world.vehicle, v2g_roots=[second.certificate("v2g_root")])
    assert await signed_below(pcid=PCID) == second_print
    assert await signed_below(pcid=PCID, **{name: first_print}) == first_print
    colons = bytes.fromhex(second_print).hex(":").upper()
    for wanted in (second_print, colons, ids[second_print], ids[second_print].upper()):
        assert await signed_below(**{name: wanted}) == second_print
    listed = (await faces.call("cpo", "GET", SIGNERS[0])).body["cpsCertificates"]
    assert [one[name] for one in listed] == [first_print, second_print]
    assert {one[name]: one["cpsRootCertificateId"] for one in listed} == ids
    await world.eco.roots.remove(ids[second_print])
    answer = await faces.call("mo", "PUT", SIGN, asked(current(world), **{name: second_print}))
    assert (answer.status, answer.body["errorCode"]) == (400, "CPS-3")
    listed = (await faces.call("cpo", "GET", SIGNERS[1])).body["cpsCertificates"]
    assert [one[name] for one in listed] == [first_print]


@pytest.mark.rule("CPS-1")
async def test_the_list_of_signers_has_the_published_members_and_those_of_the_example(
    world: World, faces: Faces
) -> None:
    (entry,) = (await faces.call("mo-v2g", "GET", SIGNERS[0])).body["cpsCertificates"]
    leaf, sub2, sub1 = map(b64, world.pki.credentials("cps_leaf").chain_der)
    assert (entry["cpsCertificate"], entry["cpsSubCa2Certificate"], entry["cpsSubCa1Certificate"]) == (leaf, sub2, sub1)
    assert (entry["cpsCa2Certificate"], entry["cpsCa1Certificate"]) == (sub2, sub1)
    certificate = x509.load_der_x509_certificate(base64.b64decode(leaf))
    assert entry["validTo"] == certificate.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert entry["organizationName"] and entry["xsdMsgDefNamespace"] == SCHEMA
    assert entry["cpsDistinguishedName"].startswith("CN=") or ", CN=" in entry["cpsDistinguishedName"]
    assert set(entry) >= {"validFrom", "cpsV2GRootCertificateFingerprint", "cpsRootDistinguishedName"}


@pytest.mark.rule("CPS-13")
async def test_no_private_key_is_in_what_is_returned_or_told(world: World, faces: Faces) -> None:
    contract = leaf_of(world, "contract_leaf", EMAID)
    answer = await faces.call("mo", "PUT", SIGN, asked(current(world, contract)))
    scalar = contract.key.private_numbers().private_value.to_bytes(32, "big")
    said = base64.b64decode(answer.body["signedData"]).decode() + repr(answer.body) + repr(world.events)
    assert answer.status == 201
    assert scalar.hex() not in said.lower()
    assert b64(scalar)[:40] not in said
