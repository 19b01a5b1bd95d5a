"""The root pool's face: everybody reads, administrators write, everything is in the log."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import uuid
from collections.abc import AsyncIterator, Mapping

import pytest
import pytest_asyncio
from backend_world import DAY, PCID, World, unrelated
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from face_world import CLIENTS, Answer, Faces, b64, open_faces

from pncsim.backend.cleansing import cleanse_regularly
from pncsim.backend.events.facts import Fact, RootAdded, RootRemoved
from pncsim.backend.rcp import RootKind
from pncsim.tls_certs import reading
from pncsim.tls_certs.pki import create_pki
from pncsim.tls_certs.validation import Use
from pncsim.wire.credentials import Credentials

ROOTS = "/v1/root/rootCerts"


@pytest_asyncio.fixture
async def faces(world: World) -> AsyncIterator[Faces]:
    async with open_faces(world) as faces:
        yield faces


def new_root(world: World, role: str = "oem_root") -> x509.Certificate:
    """A root the pool does not have."""
    return create_pki(world.clock.now()).certificate(role)


def saved(root: x509.Certificate, kind: str = "OEM", **more: object) -> dict[str, object]:
    return {"caCertificate": b64(reading.der(root)), "rootType": kind, **more}


def reissued(
    of: x509.Certificate, key: ec.EllipticCurvePrivateKey, *, under: x509.Certificate | None = None, serial: int = 4711
) -> x509.Certificate:
    """The certificate anew, signed with ``key``: a root (``key`` becomes its own), or a Sub-CA ``under`` a root."""
    issuer, own = under or of, under is None
    builder = (
        x509.CertificateBuilder()
        .subject_name(of.subject)
        .issuer_name(issuer.subject)
        .public_key(key.public_key() if own else of.public_key())
        .serial_number(serial)
        .not_valid_before(of.not_valid_before_utc)
        .not_valid_after(of.not_valid_after_utc)
    )
    subject_key = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    for extension in of.extensions:
        value = extension.value
        if own and isinstance(value, x509.SubjectKeyIdentifier):
            value = subject_key
        if isinstance(value, x509.AuthorityKeyIdentifier):
            value = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(subject_key)
        builder = builder.add_extension(value, extension.critical)
    return builder.sign(key, hashes.SHA256())


def listed(answer: Answer) -> Mapping[str, Mapping[str, str]]:
    """The answer's roots by fingerprint."""
    assert answer.status == 200
    return {root["fingerprint"]: root for root in answer.body["RootCertificateCollection"]["rootCertificates"]}


@pytest.mark.rule("RCP-1", "ACC-2")
@pytest.mark.parametrize("who", CLIENTS)
async def test_every_participant_reads_all_roots_those_of_a_kind_and_one(world: World, faces: Faces, who: str) -> None:
    everything = listed(await faces.call(who, "GET", ROOTS))
    assert {root["rootType"] for root in everything.values()} == {"V2G", "MO", "OEM"}
    for kind, role in (("v2g", "v2g_root"), ("MO", "mo_root"), ("oem", "oem_root")):
        (root,) = listed(await faces.call(who, "GET", f"{ROOTS}?rootType={kind}")).values()
        assert root["caCertificate"] == b64(reading.der(world.pki.certificate(role)))
        one = await faces.call(who, "GET", f"{ROOTS}/{root['rootCertificateId']}")
        assert (one.status, one.body) == (200, {"RootResponse": root})
    assert listed(await faces.call(who, "GET", f"{ROOTS}?rootType=pe")) == {}
    assert (await faces.call(who, "GET", "/v1/root/ctl")).status == 200


@pytest.mark.rule("RCP-1")
async def test_what_is_told_of_a_root_is_what_its_certificate_says(world: World, faces: Faces) -> None:
    root = world.pki.certificate("v2g_root")
    der, key_id = reading.der(root), root.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    told = listed(await faces.call("cpo", "GET", ROOTS))[reading.fingerprint(der)]
    uuid.UUID(told["rootCertificateId"])
    assert told["distinguishedName"] == root.subject.rfc4514_string().replace(",", ", ")
    assert base64.b64decode(told["rootAuthorityKeyIdentifier"]) == key_id
    assert told == {
        "rootCertificateId": told["rootCertificateId"],
        "distinguishedName": told["distinguishedName"],
        "rootType": "V2G",
        "caCertificate": b64(der),
        "commonName": reading.common_name(root),
        "organizationName": reading.values_of(root.subject, x509.NameOID.ORGANIZATION_NAME)[0],
        "rootAuthorityKeyIdentifier": b64(key_id),
        "rootAuthorityKeyIdentifierHex": key_id.hex(":").upper(),
        "rootIssuerSerialNumber": f"{root.serial_number:x}",
        "validFrom": root.not_valid_before_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "validTo": root.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "fingerprint": hashlib.sha256(der).hexdigest(),
        "fingerprintSha1": hashlib.sha1(der).hexdigest(),
        "xsdMsgDefNamespace": "urn:iso:15118:2:2013:MsgDef",
        "signatureAlgorithm": "secp256r1",
    }


@pytest.mark.rule("RCP-2", "ACC-1", "ACC-2")
@pytest.mark.parametrize("who", [None, *(name for name in CLIENTS if name != "admin")])
async def test_only_administrators_write_and_nobody_without_a_token_reads(
    world: World, faces: Faces, who: str | None
) -> None:
    """Refused before anything of the request is looked at: its body is no JSON, its id no UUID."""
    refused = 401 if who is None else 403
    for method, path in (("PUT", ROOTS), ("DELETE", f"{ROOTS}/no-id"), ("GET", "/v1/root/activities")):
        answer = await faces.call(who, method, path, b"{")
        assert answer.status == refused
        uuid.UUID(answer.body["traceId"])
    if who is None:
        for path in (ROOTS, f"{ROOTS}/{uuid.uuid4()}", "/v1/root/ctl"):
            assert (await faces.call(None, "GET", path)).status == 401
    assert len(await world.eco.roots.roots()) == 3


@pytest.mark.rule("RCP-2", "RCP-7")
async def test_an_administrator_adds_a_root_that_keeps_its_id_and_everybody_is_told_once(
    world: World, faces: Faces
) -> None:
    heard: list[Fact] = []

    async def hear(fact: Fact) -> None:
        heard.append(fact)

    world.eco.bus.listen(Fact, hear)
    root = new_root(world)
    first, again = [await faces.call("admin", "PUT", ROOTS, saved(root)) for _ in range(2)]
    assert (first.status, again.status) == (200, 200)
    assert first.body == again.body
    id = first.body["RootResponse"]["rootCertificateId"]
    assert (await faces.call("cpo", "GET", f"{ROOTS}/{id.upper()}")).body == first.body
    assert (await faces.call("admin", "DELETE", f"{ROOTS}/{id}")).status == 200
    added, removed = heard
    assert isinstance(added, RootAdded) and isinstance(removed, RootRemoved)
    assert (added.id, removed.id, removed.why) == (id, id, "withdrawn")
    gone = await faces.call("cpo", "GET", f"{ROOTS}/{id}")
    assert (gone.status, gone.messages[0]) == (404, "Root certificate with the given ID is not found")
    assert (await faces.call("admin", "DELETE", f"{ROOTS}/{id}")).status == 404


@pytest.mark.rule("RCP-3")
@pytest.mark.parametrize("place", ["body", "query"])
async def test_a_fingerprint_confirmed_over_a_second_channel_has_to_match(
    world: World, faces: Faces, place: str
) -> None:
    root = new_root(world)
    right = reading.fingerprint(reading.der(root)).upper()
    for expected, status in (("00" * 32, 400), (right, 200)):
        more = {"expectedFingerprint": expected} if place == "body" else {}
        query = "" if place == "body" else f"?expectedFingerprint={expected}"
        answer = await faces.call("admin", "PUT", ROOTS + query, saved(root, **more))
        assert answer.status == status
        if status == 400:
            assert answer.body["errorCode"] == "RCP-3"
            assert len(await world.eco.roots.roots()) == 3


@pytest.mark.rule("RCP-4")
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"caCertificate": "bm8gY2VydGlmaWNhdGU="}, "Invalid certificate format on caCertificate"),
        ({"caCertificate": "-----BEGIN CERTIFICATE-----"}, "Invalid certificate format on caCertificate"),
        ({"caCertificate": None}, "caCertificate : must not be null"),
        ({"rootType": None}, "rootType : must not be null"),
        ({"rootType": "CPO"}, "The rootType 'CPO' is none of V2G, MO, OEM, PE."),
        ({"expectedFingerprint": 1}, "The member 'expectedFingerprint' is no text."),
    ],
)
async def test_what_is_no_root_is_refused_by_member(
    world: World, faces: Faces, change: dict[str, object], message: str
) -> None:
    answer = await faces.call("admin", "PUT", ROOTS, {**saved(new_root(world)), **change})
    assert (answer.status, answer.messages[0]) == (400, message)
    assert len(await world.eco.roots.roots()) == 3


@pytest.mark.rule("RCP-4", "RCP-5")
@pytest.mark.parametrize("role", ["oem_sub1", "oem_leaf"])
async def test_only_self_signed_authorities_become_roots_and_the_log_knows_who_tried(
    world: World, faces: Faces, role: str
) -> None:
    answer = await faces.call("admin", "PUT", ROOTS, saved(unrelated(role).leaf))
    assert (answer.status, answer.body["errorCode"]) == (400, "RCP-4")
    log = (await faces.call("admin", "GET", "/v1/root/activities")).body["activities"]
    assert (log[-1]["action"], log[-1]["by"], log[-1]["text"]) == ("refused", "admin", answer.messages[0])


@pytest.mark.parametrize("path", ["/nothing", "/1234", f"/{'0' * 32}"])
async def test_an_id_that_is_no_uuid_is_a_mistake_of_the_caller(faces: Faces, path: str) -> None:
    for who, method in (("cpo", "GET"), ("admin", "DELETE")):
        assert (await faces.call(who, method, ROOTS + path)).status == 400
    assert (await faces.call("cpo", "GET", f"{ROOTS}?rootType=cpo")).status == 400
    assert (await faces.call("cpo", "GET", f"{ROOTS}?rootType=v2g&other=1")).status == 200


@pytest.mark.rule("RCP-5")
async def test_everything_done_to_the_pool_is_in_a_log_that_is_kept(world: World, faces: Faces) -> None:
    root = new_root(world)
    id = (await faces.call("admin", "PUT", ROOTS, saved(root))).body["RootResponse"]["rootCertificateId"]
    await faces.call("admin", "PUT", ROOTS, saved(root))
    await faces.call("admin", "PUT", ROOTS, saved(root, expectedFingerprint="00"))
    world.clock.jump(60)
    await faces.call("admin", "DELETE", f"{ROOTS}/{id}?cascade=purge")
    answer = await faces.call("admin", "GET", "/v1/root/activities")
    assert (answer.status, answer.body["next"]) == (200, "")
    log = [one for one in answer.body["activities"] if one["by"]]
    assert [one["action"] for one in log] == ["added", "found again", "refused", "removed"]
    assert {one["fingerprint"] for one in log} == {reading.fingerprint(reading.der(root))}
    assert {one["by"] for one in log} == {"admin"}
    assert log[3]["time"] >= log[0]["time"] + 60
    assert "purged" in log[3]["text"]
    own = [one["action"] for one in answer.body["activities"] if not one["by"]]
    assert own == ["added"] * 3
    assert (await faces.call("admin", "GET", "/v1/root/activities?after=x")).status == 400


@pytest.mark.rule("RCP-6", "RCP-5")
async def test_expired_roots_leave_by_themselves_by_the_labs_clock(world: World, faces: Faces) -> None:
    heard: list[RootRemoved] = []
    left = asyncio.Event()

    async def hear(fact: RootRemoved) -> None:
        heard.append(fact)
        if len(heard) == 3:
            left.set()

    world.eco.bus.listen(RootRemoved, hear)
    cleansing = asyncio.create_task(cleanse_regularly(world.eco, world.clock, world.voice("LAB")))
    await asyncio.sleep(0)
    world.clock.jump(41 * 365 * DAY)
    await asyncio.wait_for(left.wait(), 5)
    cleansing.cancel()
    assert {fact.why for fact in heard} == {"expired"}
    assert [one.action for one in (await world.eco.roots.activities()).values][3:] == ["expired"] * 3


async def removed_oem_root(world: World, faces: Faces, query: str = "") -> Answer:
    (root,) = await world.eco.roots.roots(RootKind.OEM)
    return await faces.call("admin", "DELETE", f"{ROOTS}/{root.id}{query}")


@pytest.mark.rule("RCP-8", "RCP-9", "RCP-10", "POOL-1")
@pytest.mark.parametrize("query", ["", "?cascade=none"])
async def test_without_a_purge_what_was_issued_stays_but_is_not_handed_out_until_its_root_is_back(
    world: World, faces: Faces, query: str
) -> None:
    subscription = await world.subscribed()
    assert (await removed_oem_root(world, faces, query)).status == 200
    for who, path in (("mo", f"/v1/oem/provCerts/{PCID}"), ("mo-v2g", f"/v1/oem/provCerts/{PCID}")):
        answer = await faces.call(who, "GET", path)
        assert (answer.status, answer.body["errorCode"]) == (400, "PCP-PUB-4")
    leaf, sub2, sub1 = map(b64, world.vehicle.chain_der)
    published = {"vehicleCertificate": leaf, "subCA2Certificate": sub2, "subCA1Certificate": sub1}
    answer = await faces.call("oem", "PUT", "/v1/oem/provCerts", published)
    assert (answer.status, answer.body["errorCode"]) == (400, "PCP-PUB-4")
    assert (await faces.call("mo", "GET", f"/v1/oem/provCerts/lookupVehicle/{PCID}")).status == 200
    assert (await world.eco.pool.lookup(subscription.emaid)).pcid == PCID
    await faces.call("admin", "PUT", ROOTS, saved(world.pki.certificate("oem_root")))
    assert (await faces.call("mo", "GET", f"/v1/oem/provCerts/{PCID}")).status == 200


@pytest.mark.rule("RCP-9")
async def test_a_purge_takes_everything_issued_under_the_root_out_of_the_pools(world: World, faces: Faces) -> None:
    subscription = await world.subscribed()
    assert (await removed_oem_root(world, faces, "?cascade=all")).status == 400
    assert (await removed_oem_root(world, faces, "?cascade=purge")).status == 200
    assert await world.eco.vehicles.find(PCID) is None
    assert (await faces.call("mo", "GET", f"/v1/ccp/lookupContract/{subscription.emaid}")).status == 404


@pytest.mark.rule("RCP-9")
@pytest.mark.parametrize("kind", [RootKind.V2G, RootKind.MO])
async def test_a_purge_of_another_root_takes_its_bundles_and_leaves_the_vehicles(
    world: World, faces: Faces, kind: RootKind
) -> None:
    """Below the V2G root the bundle is signed, below the MO root its contract is issued."""
    subscription = await world.subscribed()
    (root,) = await world.eco.roots.roots(kind)
    assert (await faces.call("admin", "DELETE", f"{ROOTS}/{root.id}?cascade=purge")).status == 200
    assert (await faces.call("mo", "GET", f"/v1/ccp/lookupContract/{subscription.emaid}")).status == 404
    assert (await faces.call("mo", "GET", f"/v1/oem/provCerts/{PCID}")).status == 200


@pytest.mark.rule("RCP-11", "RCP-12")
async def test_a_root_renewed_with_its_key_keeps_its_sub_cas_when_the_old_one_goes(world: World, faces: Faces) -> None:
    await world.published()
    renewed = reissued(world.pki.certificate("oem_root"), world.pki.key("oem_root"))
    assert (await faces.call("admin", "PUT", ROOTS, saved(renewed))).status == 200
    assert len(listed(await faces.call("mo", "GET", f"{ROOTS}?rootType=oem"))) == 2
    (old,) = [root for root in await world.eco.roots.roots(RootKind.OEM) if root.certificate != renewed]
    assert (await faces.call("admin", "DELETE", f"{ROOTS}/{old.id}")).status == 200
    answer = await faces.call("mo", "GET", f"/v1/oem/provCerts/{PCID}")
    assert (answer.status, answer.body["OEMMessage"]["rootIssuerSerialNumber"]) == (200, f"{4711:x}")


@pytest.mark.rule("RCP-11", "RCP-12")
async def test_below_a_root_with_a_new_key_only_sub_cas_signed_anew_lead_to_it(world: World, faces: Faces) -> None:
    leaf, sub2, sub1 = world.vehicle.chain
    key = ec.generate_private_key(ec.SECP256R1())
    renewed = reissued(world.pki.certificate("oem_root"), key)
    (old,) = await world.eco.roots.roots(RootKind.OEM)
    await faces.call("admin", "PUT", ROOTS, saved(renewed))
    await world.published()  # both coexist: the old one still verifies
    await faces.call("admin", "DELETE", f"{ROOTS}/{old.id}")
    assert (await faces.call("mo", "GET", f"/v1/oem/provCerts/{PCID}")).status == 400
    world.pki.authority("oem_root").registry.complete = False
    anew = Credentials((leaf, sub2, reissued(sub1, key, under=renewed)), world.vehicle.key)
    verified = await world.eco.verifier.chain(anew.chain_der, Use.PROVISIONING, gate=world.voice("PCP").tolerate)
    assert verified.anchor == renewed


async def test_maeve_and_citrineos_read_the_roots_as_they_do(world: World, faces: Faces) -> None:
    """MaEVe sends the token twice, CitrineOS once; both decode every caCertificate strictly."""
    token = faces.tokens["cpo"]
    for headers in ({"X-API-Key": token}, {}):
        answer = await faces.call("cpo", "GET", ROOTS, Accept="application/json", **headers)
        assert answer.status == 200 and answer.headers["Content-Type"].startswith("application/json")
        for root in answer.body["RootCertificateCollection"]["rootCertificates"]:
            der = base64.b64decode(root["caCertificate"], validate=True)
            certificate = x509.load_der_x509_certificate(der)
            certificate.verify_directly_issued_by(certificate)
            assert certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
