"""EST as the products call it: every published path, every form of a request, the order of the bag, whose names."""

from __future__ import annotations

import base64
import re
import textwrap
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from backend_world import NOW, World, open_world
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from face_world import CLIENTS, Answer, Faces, open_faces
from foreign import Openssl

from pncsim.backend.pki.est_http import LABELS, PREFIXES
from pncsim.tls_certs import der, reading
from pncsim.tls_certs.pki import Pki, create_pki
from pncsim.tls_certs.validation import Use, validate_chain
from pncsim.wire.gate import STRICT, Tolerance
from pncsim.wire.trace import Tolerated

ENROL = "/cpo/simpleenroll/ISO15118-2"
MAY = {
    "cpo": {"cpo"},
    "mo": {"mo-v2g"},
    "oem": {"oem", "other-oem"},
    "cps": {"cps", "mo-v2g"},
    "veh": {"oem", "other-oem"},
}
"""Which clients may use which authority."""

NAMES = {"cpo": "DEPNCE100002", "mo": "DEV2GC00000002", "oem": "PNCSIMVEHICLE00002", "cps": "CPS 2026.1"}
LEAVES = {"cpo": "secc_leaf", "mo": "contract_leaf", "oem": "oem_leaf", "cps": "cps_leaf"}
OWNERS = {"cpo": "cpo", "mo": "mo-v2g", "oem": "oem", "cps": "cps"}

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@pytest_asyncio.fixture
async def faces(world: World) -> AsyncIterator[Faces]:
    async with open_faces(world) as faces:
        yield faces


def p256() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def requested(*names: str, organization: str | None = "Stations Ltd", key: Key | None = None) -> bytes:
    """A request (DER) with these CNs; longer ones than allowed, too."""
    subject = [x509.NameAttribute(NameOID.COMMON_NAME, name, _validate=False) for name in names]
    if organization is not None:
        subject.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization, _validate=False))
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(subject))
    return builder.sign(key or p256(), hashes.SHA256()).public_bytes(Encoding.DER)


def bag(body: bytes) -> list[x509.Certificate]:
    """The certificates of a PKCS#7 in base64, in the order of its octets."""
    _, signed = der.sequence(base64.b64decode(body, validate=True))
    fields = der.sequence(signed.content)
    return [x509.load_der_x509_certificate(one.encoding) for one in der.children(fields[3].content)]


async def call(faces: Faces, who: str | None, method: str, path: str, body: bytes | None = None, **more: str) -> Answer:
    """As :meth:`Faces.call`, with what came back as octets where it is no error."""
    headers = {**more, **({} if who is None else {"Authorization": f"Bearer {faces.tokens[who]}"})}
    async with faces.session.request(method, faces.url + path, data=body, headers=headers) as answer:
        found = await answer.read() if answer.status == 200 else await answer.json()
        return Answer(answer.status, found, dict(answer.headers))


async def enrolled(faces: Faces, ca: str, csr: bytes) -> list[x509.Certificate]:
    answer = await call(faces, OWNERS[ca], "POST", f"/.well-known/est/{ca}/simpleenroll", base64.b64encode(csr))
    assert answer.status == 200, answer.body
    return bag(answer.body)


# What the products do


@pytest.mark.rule("PKI-1", "PKI-2")
async def test_maeve_enrols_a_station_by_its_odd_name_and_builds_its_chain(world: World, faces: Faces) -> None:
    key, token = p256(), faces.tokens["cpo"]
    headers = {"X-API-Key": token, "Content-Type": "application/pkcs10"}
    csr = base64.b64encode(requested("cs001", key=key))
    answer = await call(faces, "cpo", "POST", ENROL, csr, **headers)
    assert answer.status == 200
    leaf, *_ = bag(answer.body)
    assert (reading.common_name(leaf), leaf.public_key()) == ("cs001", key.public_key())
    above = bag((await call(faces, "cpo", "GET", "/cpo/cacerts/ISO15118-2", None, **{"X-API-Key": token})).body)
    chain, by_subject = [leaf], {one.subject: one for one in above if one.subject != one.issuer}
    while chain[-1].issuer in by_subject:
        chain.append(by_subject[chain[-1].issuer])
    assert len(chain) == 3
    validate_chain(chain, world.pki.anchors("v2g_root"), Use.SECC, NOW)
    told = [event.code for event in world.events if isinstance(event, Tolerated)]
    assert told == [Tolerance.STATION_NAME]


@pytest.mark.rule("PKI-1")
async def test_citrineos_enrols_and_takes_the_first_for_the_leaf_and_the_last_for_the_root(
    world: World, faces: Faces
) -> None:
    key = p256()
    pem = x509.load_der_x509_csr(requested(NAMES["cpo"], key=key)).public_bytes(Encoding.PEM).decode()
    body = "".join(line for line in pem.splitlines() if "CERTIFICATE REQUEST" not in line)
    headers = {"Accept": "application/pkcs10", "Content-Type": "application/pkcs10"}
    answer = await call(faces, "cpo", "POST", "/.well-known/cpo/simpleenroll", body.encode(), **headers)
    assert answer.status == 200
    leaf = bag(answer.body)[0]
    assert leaf.public_key() == key.public_key()
    headers = {"Accept": "application/pkcs10, application/pkcs7", "Content-Transfer-Encoding": "application/pkcs10"}
    *above, root = bag((await call(faces, "cpo", "GET", "/.well-known/cpo/cacerts", None, **headers)).body)
    assert root == world.pki.certificate("v2g_root")
    validate_chain([leaf, *above], [root], Use.SECC, NOW)


@pytest.mark.rule("PKI-1")
@pytest.mark.parametrize("form", ["one line", "lines", "crlf", "PEM", "DER"])
async def test_a_request_is_read_in_every_form_clients_send(faces: Faces, form: str) -> None:
    csr = requested(NAMES["cpo"])
    text = base64.b64encode(csr).decode()
    body = {
        "one line": text.encode(),
        "lines": textwrap.fill(text, 64).encode() + b"\n",
        "crlf": textwrap.fill(text, 64).replace("\n", "\r\n").encode(),
        "PEM": x509.load_der_x509_csr(csr).public_bytes(Encoding.PEM),
        "DER": csr,
    }[form]
    answer = await call(faces, "cpo", "POST", ENROL, body, Accept="application/pkcs7")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/pkcs7-mime; smime-type=certs-only"
    assert answer.headers["Content-Transfer-Encoding"] == "base64"
    assert b"\n" not in answer.body


@pytest.mark.rule("PKI-1", "PKI-9")
@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("rest", ["", "/", "/ISO15118-2", "/ISO15118-2/secp256r1/", "/secp256r1"])
async def test_every_published_path_leads_to_the_same_operations(faces: Faces, prefix: str, rest: str) -> None:
    csr = base64.b64encode(requested(NAMES["oem"]))
    for method, operation, body in (
        ("GET", "cacerts", None),
        ("POST", "simpleenroll", csr),
        ("POST", "simplereenroll", csr),
        ("GET", "csrattrs", None),
    ):
        answer = await call(faces, "oem", method, f"{prefix}/oem/{operation}{rest}", body)
        assert answer.status == 200, (operation, answer.body)
        if operation != "csrattrs":
            assert len(bag(answer.body)) == 3


@pytest.mark.rule("PKI-1", "ACC-1")
async def test_who_knows_rfc_7030_alone_names_the_authority_before_the_well_known_path(faces: Faces) -> None:
    csr = base64.b64encode(requested(NAMES["cpo"]))
    for path in ("/cpo/.well-known/est", "/.well-known/est"):
        for method, operation, body in (
            ("GET", "cacerts", None),
            ("GET", "csrattrs", None),
            ("POST", "simpleenroll", csr),
            ("POST", "simplereenroll", csr),
        ):
            assert (await call(faces, "cpo", method, f"{path}/{operation}", body)).status == 200
            open_to_all = path.startswith("/cpo") and method == "GET"
            assert (await call(faces, None, method, f"{path}/{operation}", body)).status == (
                200 if open_to_all else 401
            )
    assert (await call(faces, "oem", "POST", "/cpo/.well-known/est/simpleenroll", csr)).status == 403


@pytest.mark.rule("PKI-1")
@pytest.mark.parametrize("ca", OWNERS)
async def test_where_no_authority_is_named_the_callers_role_says_which_is_meant(
    world: World, faces: Faces, ca: str
) -> None:
    above = bag((await call(faces, OWNERS[ca], "GET", "/.well-known/est/cacerts")).body)
    issuer = LEAVES[ca].replace("secc", "cpo").replace("contract", "mo").replace("leaf", "sub2")
    assert above[0] == world.pki.certificate(issuer)
    for who in ("admin", "mo"):
        assert (await call(faces, who, "GET", "/.well-known/est/cacerts")).status == 403


@pytest.mark.rule("PKI-1", "PKI-3")
@pytest.mark.parametrize("ca", OWNERS)
async def test_the_attributes_of_a_request_are_told_and_a_request_that_follows_them_is_granted(
    faces: Faces, openssl: Openssl, tmp_path: Path, ca: str
) -> None:
    answer = await call(faces, OWNERS[ca], "GET", f"/{ca}/csrattrs")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/csrattrs")
    (tmp_path / "attributes.der").write_bytes(base64.b64decode(answer.body, validate=True))
    shown = openssl("asn1parse", "-inform", "DER", "-in", tmp_path / "attributes.der")
    assert shown.returncode == 0, shown.stdout
    named = re.findall(r"OBJECT +:(.*)", shown.stdout)
    assert named == [
        "id-ecPublicKey", "prime256v1", "ecdsa-with-SHA256", "commonName", "organizationName",
        "Extension Request", "X509v3 Key Usage",
    ]  # fmt: skip
    (usage,) = re.findall(r"\[HEX DUMP\]:(\w+)", shown.stdout)
    csr = tmp_path / "csr.der"
    made = openssl(
        "req", "-new", "-newkey", "ec", "-pkeyopt", f"ec_paramgen_curve:{named[1]}", "-nodes", "-outform", "DER",
        "-keyout", tmp_path / "key.pem", "-out", csr, "-subj", f"/CN={NAMES[ca]}/O=Example",
        "-addext", f"keyUsage=critical,DER:{usage}",
    )  # fmt: skip
    assert made.returncode == 0, made.stdout
    leaf = (await enrolled(faces, ca, csr.read_bytes()))[0]
    assert leaf.extensions.get_extension_for_class(x509.KeyUsage).value.public_bytes().hex().upper() == usage


@pytest.mark.rule("PKI-1", "PKI-7", "PKI-8", "PKI-10")
@pytest.mark.parametrize("ca", OWNERS)
async def test_the_bag_keeps_leaf_sub_ca_2_sub_ca_1_and_openssl_reads_and_verifies_it(
    world: World, faces: Faces, openssl: Openssl, tmp_path: Path, ca: str
) -> None:
    key, csr, path = tmp_path / "key.pem", tmp_path / "csr.pem", f"/.well-known/est/{ca}"
    made = openssl(
        "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", csr,
        "-subj", f"/CN={NAMES[ca]}/O=Example",
    )  # fmt: skip
    assert made.returncode == 0, made.stdout
    answer = await call(faces, OWNERS[ca], "POST", f"{path}/simpleenroll", csr.read_bytes())
    above = await call(faces, OWNERS[ca], "GET", f"{path}/cacerts")
    certificates, known = bag(answer.body), bag(above.body)
    issuer = LEAVES[ca].replace("secc", "cpo").replace("contract", "mo").replace("leaf", "sub2")
    assert certificates[1:] == list(world.pki.chain(issuer)) == known[:-1]
    assert known[-1] == world.pki.root(issuer)
    (tmp_path / "bag.p7").write_bytes(base64.b64decode(answer.body))
    shown = openssl("pkcs7", "-inform", "DER", "-in", tmp_path / "bag.p7", "-print_certs", "-out", tmp_path / "bag.pem")
    assert shown.returncode == 0, shown.stdout
    assert x509.load_pem_x509_certificates((tmp_path / "bag.pem").read_bytes()) == certificates
    (tmp_path / "leaf.pem").write_bytes(certificates[0].public_bytes(Encoding.PEM))
    (tmp_path / "root.pem").write_bytes(known[-1].public_bytes(Encoding.PEM))
    verified = openssl(
        "verify", "-attime", int(NOW), "-CAfile", tmp_path / "root.pem", "-untrusted", tmp_path / "bag.pem",
        tmp_path / "leaf.pem",
    )  # fmt: skip
    assert verified.returncode == 0, verified.stdout
    assert not reading.is_ca(certificates[0])
    assert (await world.eco.ocsp.of(*certificates[:2])).status == "good"


@pytest.mark.rule("PKI-9")
async def test_a_renewal_leaves_the_old_certificate_good(world: World, faces: Faces) -> None:
    first = await enrolled(faces, "cps", requested(NAMES["cps"]))
    answer = await call(faces, "cps", "POST", "/.well-known/cps/simplereenroll", requested(NAMES["cps"]))
    second = bag(answer.body)
    assert first[0].subject == second[0].subject
    assert first[0].serial_number != second[0].serial_number
    assert [(await world.eco.ocsp.of(*chain[:2])).status for chain in (first, second)] == ["good", "good"]


# Who may


@pytest.mark.rule("PKI-1", "ACC-1", "ACC-2")
@pytest.mark.parametrize("ca", LABELS)
async def test_each_authority_is_for_its_roles_alone(faces: Faces, ca: str) -> None:
    for who in (None, *CLIENTS):
        read = await call(faces, who, "GET", f"/{ca}/cacerts")
        write = await call(faces, who, "POST", f"/{ca}/simpleenroll", b"no request")
        allowed = (400 if ca == "veh" else 200, 400) if who in MAY[ca] else (401, 401) if who is None else (403, 403)
        assert (read.status, write.status) == allowed, who


@pytest.mark.rule("PKI-4", "ACC-4")
@pytest.mark.parametrize(
    ("ca", "who", "name", "status"),
    [
        ("oem", "oem", "pncSIMVEHICLE00009", 200),
        ("oem", "other-oem", "PNCSIMVEHICLE00009", 403),
        ("oem", "oem", "WMISIMVEHICLE00009", 403),
        ("oem", "other-oem", "no pcid", 400),
        ("mo", "mo-v2g", "DE-V2G-C00000009", 200),
        ("mo", "mo-v2g", "DEPNCC00000009", 403),
        ("mo", "mo-v2g", "DEV2G", 400),
    ],
)
async def test_only_names_the_caller_owns_are_certified_and_syntax_is_told_before(
    faces: Faces, ca: str, who: str, name: str, status: int
) -> None:
    answer = await call(faces, who, "POST", f"/{ca}/simpleenroll", requested(name))
    assert answer.status == status
    if status != 200:
        assert answer.body["errorCode"] == {400: "PKI-2", 403: "PKI-4"}[status]


# What is refused


@pytest.mark.rule("PKI-2")
async def test_an_emaid_is_certified_in_the_form_contracts_are_compared_in(faces: Faces) -> None:
    chain = await enrolled(faces, "mo", requested("de-v2g-c0000000a"))
    assert reading.common_name(chain[0]) == "DEV2GC0000000A"


@pytest.mark.rule("PKI-2")
async def test_a_strict_operator_certifies_evseids_and_seccids_alone() -> None:
    world = await open_world(refuses=STRICT)
    async with open_faces(world) as faces:
        for name, status in (
            ("DE*ICE*E45B*78C", 200),
            ("DE-ICE-S-00003C4D557878675645330967543476-2", 200),
            ("cs001", 400),
            ("DE*ICE*S123", 400),
        ):
            answer = await call(faces, "cpo", "POST", ENROL, requested(name))
            assert answer.status == status, name


def forged() -> bytes:
    """Signed for another name of the same length."""
    return requested("DEPNCE100002").replace(b"DEPNCE100002", b"DEPNCE100003")


@pytest.mark.rule("PKI-3")
@pytest.mark.filterwarnings("ignore:Attribute's length")
@pytest.mark.parametrize(
    ("make", "says"),
    [
        (forged, "not signed by the key"),
        (lambda: requested("cs001", key=ec.generate_private_key(ec.SECP384R1())), "P-384"),
        (lambda: requested("cs001", key=rsa.generate_private_key(65537, 2048)), "RSA"),
        (lambda: requested("cs001", organization=None), "has no O"),
        (lambda: requested(), "has no CN"),
        (lambda: requested("PNCSIMVEHICLE00001", "WMISIMVEHICLE00001"), "more than one CN"),
        (lambda: requested("x" * 65), "65 in all"),
        (lambda: requested("ф" * 33), "66 in all"),
        (lambda: requested("cs001", organization="x" * 65), "65 in all"),
        (lambda: requested("cs\n001"), "printable"),
        (lambda: b"", "cannot be read"),
        (lambda: b"hello", "cannot be read"),
        (lambda: b"-----BEGIN CERTIFICATE REQUEST-----\nAA\n-----END CERTIFICATE REQUEST-----\n", "cannot be read"),
        (lambda: create_pki(NOW).certificate("secc_leaf").public_bytes(Encoding.DER), "cannot be read"),
    ],
    ids=(
        [
            "forged",
            "P-384",
            "RSA",
            "no O",
            "no CN",
            "two CNs",
            "long",
            "long in UTF-8",
            "long O",
            "line break",
            "empty",
            "text",
            "PEM",
            "certificate",
        ]
    ),
)
async def test_a_request_that_is_not_as_it_should_be_is_refused_in_a_sentence(
    faces: Faces, make: Callable[[], bytes], says: str
) -> None:
    csr = make()
    for body in (csr, base64.b64encode(csr)):
        answer = await call(faces, "cpo", "POST", ENROL, body)
        assert answer.status == 400
        assert says in answer.messages[0]


@pytest.mark.rule("PKI-3")
async def test_names_that_make_a_certificate_too_large_are_the_callers_fault(world: World, faces: Faces) -> None:
    world.pki.authority("cpo_sub2").ocsp_url = "http://pki.example/" + "x" * 180
    assert (await call(faces, "cpo", "POST", ENROL, requested("cs001"))).status == 200
    answer = await call(faces, "cpo", "POST", ENROL, requested("x" * 64, organization="x" * 64))
    assert (answer.status, answer.body["errorCode"]) == (400, "V2G2-010")


@pytest.mark.rule("PKI-1")
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/cpo/cacerts/ISO15118-20", 400),
        ("/cpo/cacerts/ISO15118-2/secp521r1/", 400),
        ("/cpo/cacerts/ISO15118-2/ed448", 400),
        ("/cpo/cacerts/elsewhere", 400),
        ("/cpo/cacerts?xsdMsgDefNamespace=urn:iso:15118:20:2020:MsgDef", 400),
        ("/cpo/cacerts?xsdMsgDefNamespace=urn:iso:15118:2:2013:MsgDef&more=1", 200),
        ("/nobody-cpo/cacerts", 404),
        ("/.well-known/est/csms/cacerts", 404),
        ("/cpo/simpleenroll", 405),
    ],
)
async def test_what_is_not_served_is_said_so(faces: Faces, path: str, status: int) -> None:
    assert (await call(faces, "cpo", "GET", path)).status == status


@pytest.mark.rule("PKI-1")
async def test_another_pki_is_found_by_the_name_before_the_authority(world: World, faces: Faces) -> None:
    other = create_pki(NOW)
    await world.eco.add_pki(other, "test")
    answer = await call(faces, "cpo", "GET", "/.well-known/est/test-cpo/cacerts/ISO15118-2")
    assert bag(answer.body)[-1] == other.certificate("v2g_root") != world.pki.certificate("v2g_root")


@pytest.mark.rule("PKI-1")
async def test_an_authority_that_is_not_here_or_has_no_key_here_is_not_found(world: World, faces: Faces) -> None:
    made = create_pki(NOW)
    part = Pki({role: one for role, one in made.certificates.items() if role != "mo_sub2"}, {})
    await world.eco.add_pki(part, "part")
    assert (await call(faces, "mo-v2g", "GET", "/part-mo/cacerts")).status == 404
    assert (await call(faces, "cpo", "GET", "/part-cpo/cacerts")).status == 200
    answer = await call(faces, "cpo", "POST", "/part-cpo/simpleenroll", requested(NAMES["cpo"]))
    assert (answer.status, answer.messages) == (404, ["This PKI has no cpo_sub2 for that."])
