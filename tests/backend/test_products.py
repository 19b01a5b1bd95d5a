"""Programs of others, call by call: the requests they send, header by header, and what they take from the answers.

Each test is one program's way through what it does. Its enrolment, roots and publications are in the tests of those
services, too; here the order is theirs, the token they got is the one they use, and nothing of ours reads an answer.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from backend_world import PCID, SCHEMA, World
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from face_world import Faces, b64, open_faces
from msgspec import Struct
from test_est_http import bag, requested
from test_pcp_http import published
from vehicle_requests import installation_request

from pncsim.backend.mo import Subscription

EMAID = re.compile(r"DEPNCC[A-Z0-9]{9}")
MSGDEF_20 = "urn:iso:15118:20:2022:MsgDef"


class Program(Struct, frozen=True):
    """A program of somebody's: sends what it is told and nothing else, and gives back status and octets."""

    faces: Faces
    session: aiohttp.ClientSession

    async def sends(self, method: str, path: str, /, *body: bytes, **headers: str) -> tuple[int, bytes, dict[str, str]]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.session.request(
            method,
            self.faces.url + path,
            data=b"".join(body) or None,
            headers=named,
            skip_auto_headers=("Accept", "Content-Type"),
        ) as answer:
            return answer.status, await answer.read(), dict(answer.headers)

    async def secret(self, id: str, role: Any = "CPO", **owns: list[str]) -> str:
        """The secret of a new client of its own."""
        return (await self.faces.clients.add(id, role, **owns)).secret  # type: ignore[arg-type]


@pytest_asyncio.fixture
async def program(world: World) -> AsyncIterator[Program]:
    async with open_faces(world) as faces, aiohttp.ClientSession() as session:
        yield Program(faces, session)


def installation(world: World) -> str:
    """What a station passes on: the vehicle's request as OCPP carries it."""
    return b64(installation_request(world.vehicle, world.pki.anchors("v2g_root")))


async def subscribed(world: World) -> Subscription:
    return await world.subscribed()


# MaEVe


async def maeve_token(program: Program, id: str = "maeve") -> str:
    body = json.dumps({"grant_type": "client_credentials", "client_id": id, "client_secret": await program.secret(id)})
    status, octets, _ = await program.sends("POST", "/oauth/token", body.encode(), Content_Type="application/json")
    told = json.loads(octets)
    assert status == 200
    assert isinstance(told["expires_in"], int) and told["token_type"] == "Bearer"
    return str(told["access_token"])


@pytest.mark.rule("ACC-8", "RCP-1", "CCP-GET-1")
async def test_maeve_gets_its_token_without_audience_reads_all_roots_and_fetches_a_contract(
    world: World, program: Program
) -> None:
    await subscribed(world)
    token = await maeve_token(program)
    both = {"Authorization": f"Bearer {token}", "X_API_Key": token}
    status, octets, _ = await program.sends("GET", "/v1/root/rootCerts", Accept="application/json", **both)
    assert status == 200
    for one in json.loads(octets)["RootCertificateCollection"]["rootCertificates"]:
        root = x509.load_der_x509_certificate(base64.b64decode(one["caCertificate"], validate=True))
        assert root.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)  # by which it looks for issuers
    asked = json.dumps({"certificateInstallationReq": installation(world), "xsdMsgDefNamespace": SCHEMA}).encode()
    lower = {"x_api_key": token, "authorization": f"Bearer {token}", "content_type": "application/json"}
    status, octets, _ = await program.sends("POST", "/v1/ccp/signedContractData", asked, **lower)
    assert status == 200
    message = json.loads(octets)["CCPResponse"]["emaidContent"][0]["messageDef"]
    assert EMAID.fullmatch(message["emaid"])
    assert base64.b64decode(message["certificateInstallationRes"], validate=True)[:2] == b"\x80\x98"


async def test_maeve_asks_three_times_for_a_contract_that_is_not_there_and_is_answered_each_time(
    world: World, program: Program
) -> None:
    await world.published()
    asked = json.dumps({"certificateInstallationReq": installation(world), "xsdMsgDefNamespace": SCHEMA}).encode()
    for attempt in ("maeve", "maeve-again", "maeve-thrice"):
        token = await maeve_token(program, attempt)
        headers = {"x_api_key": token, "authorization": f"Bearer {token}", "content_type": "application/json"}
        status, octets, _ = await program.sends("POST", "/v1/ccp/signedContractData", asked, **headers)
        (item,) = json.loads(octets)["CCPResponse"]["emaidContent"]
        assert (status, "emaid" in item["messageDef"]) == (404, False)


@pytest.mark.rule("PKI-1", "PKI-2", "PKI-5")
async def test_maeve_enrols_a_station_builds_its_chain_by_names_and_asks_for_each_certificates_status(
    world: World, program: Program
) -> None:
    token, key = await maeve_token(program), ec.generate_private_key(ec.SECP256R1())
    headers = {"x_api_key": token, "authorization": f"Bearer {token}"}
    csr = base64.b64encode(requested("cs001", key=key))
    status, octets, _ = await program.sends(
        "POST", "/cpo/simpleenroll/ISO15118-2", csr, content_type="application/pkcs10", **headers
    )
    leaf = bag(octets)[0]
    assert (status, leaf.public_key()) == (200, key.public_key())
    status, octets, _ = await program.sends("GET", "/cpo/cacerts/ISO15118-2", **headers)
    assert status == 200
    above = {one.subject: one for one in bag(octets)}
    chain = [leaf]
    while chain[-1].issuer != chain[-1].subject:
        chain.append(above[chain[-1].issuer])
    assert len(chain) == 4
    for certificate, issuer in pairwise(chain):
        assert await good_by_ocsp(program, certificate, issuer, hashes.SHA1())
        # OCPP's hash data are by the digest the station chose.
        for digest in (hashes.SHA256(), hashes.SHA384(), hashes.SHA512()):
            assert await good_by_ocsp(program, certificate, issuer, digest)


async def good_by_ocsp(
    program: Program, certificate: x509.Certificate, issuer: x509.Certificate, digest: hashes.HashAlgorithm
) -> bool:
    """POST to the responder; the answer's signer is the issuer, or a delegate of its in the answer."""
    request = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, digest).build()
    types = {"Content_Type": "application/ocsp-request", "Accept": "application/ocsp-response"}
    status, octets, headers = await program.sends("POST", "/ocsp", request.public_bytes(Encoding.DER), **types)
    assert (status, headers["Content-Type"]) == (200, "application/ocsp-response")
    answer = ocsp.load_der_ocsp_response(octets)
    # Go's ocsp.ParseResponse takes no second answer and no second certificate.
    assert len(list(answer.responses)) == 1 and len(answer.certificates) <= 1
    signer = answer.certificates[0] if answer.certificates else issuer
    key = signer.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey) and answer.signature_hash_algorithm is not None
    key.verify(answer.signature, answer.tbs_response_bytes, ec.ECDSA(answer.signature_hash_algorithm))
    if signer != issuer:
        signer.verify_directly_issued_by(issuer)
    return answer.certificate_status is ocsp.OCSPCertStatus.GOOD


@pytest.mark.rule("PKI-1", "PCP-PUB-8")
async def test_maeves_scripts_enrol_a_vehicle_find_both_sub_cas_by_name_and_publish_it(
    world: World, program: Program
) -> None:
    """With line breaks in base64, media types of its own, and members of an older release."""
    key, oem = ec.generate_private_key(ec.SECP256R1()), {"Authorization": f"Bearer {program.faces.tokens['oem']}"}
    broken = base64.encodebytes(requested(PCID, key=key))
    types = {"Accept": "application/pkcs7", "Content_Type": "application/pkcs10"}
    status, octets, _ = await program.sends("POST", "/oem/simpleenroll/ISO15118-2", broken, **types, **oem)
    assert status == 200
    leaf, *sub_cas = bag(octets)
    named = {number: one for one in sub_cas for number in "12" if f"Sub-CA {number}" in one.subject.rfc4514_string()}
    assert len(sub_cas) == 2 and set(named) == {"1", "2"}, [one.subject for one in sub_cas]
    der = {name: b64(one.public_bytes(Encoding.DER)) for name, one in (("leaf", leaf), *named.items())}
    body = {
        "subCA1Certificate": der["1"],
        "subCA2Certificate": der["2"],
        "vehicleCertificate": der["leaf"],
        "xsdMsgDefNamespace": SCHEMA,
        "rootIssuerDistinguishedName": "CN=whatever",
        "rootIssuerSerialNumber": "zz",
        "v2gRootAuthorityKeyIdentifier": "45:b8:40:9e:e1:38:f8:bf",
        "rootAuthorityKeyIdentifier": "4b:45:ff:82:25:fc:10:96",
    }
    types = {"Accept": "application/json, application/xml", "Content_Type": "application/json"}
    status, _, _ = await program.sends("PUT", "/v1/oem/provCerts", json.dumps(body).encode(), **types, **oem)
    assert status == 200
    odd = {"Accept": "application/pkcs10, application/pkcs7", "Content_Transfer_Encoding": "application/pkcs10"}
    for ca, who in (("cpo", "cpo"), ("mo", "mo-v2g")):
        token = {"Authorization": f"Bearer {program.faces.tokens[who]}"}
        assert (await program.sends("GET", f"/{ca}/cacerts/ISO15118-2", **odd, **token))[0] == 200


# CitrineOS


@pytest.mark.rule("ACC-8", "PKI-1", "CCP-GET-1")
async def test_citrineos_sends_a_form_enrols_and_takes_the_last_answer_there_is(world: World, program: Program) -> None:
    await subscribed(world)
    base = program.faces.url
    secret = await program.secret("citrine")
    form = f"grant_type=client_credentials&client_id=citrine&client_secret={secret}&audience={base}"
    media = "application/x-www-form-urlencoded"
    status, octets, _ = await program.sends("POST", "/oauth/token", form.encode(), Content_Type=media)
    told = json.loads(octets)
    assert 200 <= status < 300
    assert told["expires_in"] > 61  # it stops using a token a minute before
    bearer = {"Authorization": f"Bearer {told['access_token']}"}
    key = ec.generate_private_key(ec.SECP256R1())
    csr = x509.load_der_x509_csr(requested("DE*PNC*E100002", key=key)).public_bytes(Encoding.PEM).decode()
    bare = re.sub("-----[A-Z ]+-----|\n", "", csr).encode()
    types = {"Accept": "application/pkcs10", "Content_Type": "application/pkcs10"}
    status, octets, _ = await program.sends("POST", "/.well-known/cpo/simpleenroll", bare, **types, **bearer)
    assert (status, bag(octets)[0].public_key()) == (200, key.public_key())
    odd = {"Accept": "application/pkcs10, application/pkcs7", "Content_Transfer_Encoding": "application/pkcs10"}
    status, octets, _ = await program.sends("GET", "/.well-known/cpo/cacerts", **odd, **bearer)
    sub2, sub1, root = bag(octets)
    assert (status, root) == (200, world.pki.certificate("v2g_root"))
    assert (sub2.issuer, sub1.issuer) == (sub1.subject, root.subject)
    types = {"Accept": "application/json", "Content_Type": "application/json"}
    asked = json.dumps({"certificateInstallationReq": installation(world), "xsdMsgDefNamespace": SCHEMA}).encode()
    status, octets, _ = await program.sends("POST", "/v1/ccp/signedContractData", asked, **types, **bearer)
    items = json.loads(octets)["CCPResponse"]["emaidContent"]
    found = [one["messageDef"]["certificateInstallationRes"] for one in items]
    assert status == 200 and [one for one in found if one][-1]
    status, octets, _ = await program.sends("GET", "/v1/root/rootCerts", Accept="application/json", **bearer)
    assert status == 200 and json.loads(octets)["RootCertificateCollection"]["rootCertificates"]


async def test_citrineos_is_told_401_or_403_when_its_token_is_worth_nothing_and_asks_for_another(
    program: Program,
) -> None:
    secret = await program.secret("citrine")
    form = f"grant_type=client_credentials&client_id=citrine&client_secret={secret}&audience={program.faces.url}/"
    media = "application/x-www-form-urlencoded"

    async def roots(token: str) -> int:
        return (await program.sends("GET", "/v1/root/rootCerts", Authorization=f"Bearer {token}"))[0]

    assert await roots("a.b.c") == 401
    token = json.loads((await program.sends("POST", "/oauth/token", form.encode(), Content_Type=media))[1])
    assert await roots(token["access_token"]) == 200
    await program.faces.clients.enable("citrine", False)
    assert await roots(token["access_token"]) == 401
    await program.faces.clients.enable("citrine", True)
    token = json.loads((await program.sends("POST", "/oauth/token", form.encode(), Content_Type=media))[1])
    assert await roots(token["access_token"]) == 200


async def test_a_schema_verbatim_from_ocpp_that_is_not_served_is_said_to_be_so(world: World, program: Program) -> None:
    token = {"Authorization": f"Bearer {program.faces.tokens['cpo']}", "Content_Type": "application/json"}
    for schema in (MSGDEF_20, "urn:iso:15118:20:2020:MsgDef", "something a station said"):
        asked = json.dumps({"certificateInstallationReq": installation(world), "xsdMsgDefNamespace": schema}).encode()
        status, octets, _ = await program.sends("POST", "/v1/ccp/signedContractData", asked, **token)
        # Also then: the EXI of a refusal, or the error body; never a fault, and never a contract.
        assert status in (400, 404) and "emaid" not in octets.decode().replace("emaidContent", "")


# EVerest's library, and others


@pytest.mark.rule("PKI-1", "PKI-9")
async def test_everests_library_enrols_renews_and_reads_what_is_above(world: World, program: Program) -> None:
    secret, base = await program.secret("everest"), program.faces.url
    body = {"client_id": "everest", "client_secret": secret, "audience": base, "grant_type": "client_credentials"}
    types = {"Content_Type": "application/json"}
    status, octets, _ = await program.sends("POST", "/oauth/token", json.dumps(body).encode(), **types)
    assert status == 200
    bearer = {"Authorization": f"Bearer {json.loads(octets)['access_token']}"}
    csr = base64.b64encode(requested("DE*PNC*E100003"))
    for operation in ("simpleenroll", "simplereenroll"):
        status, octets, _ = await program.sends(
            "POST", f"/.well-known/cpo/{operation}", csr, Content_Type="application/pkcs10", **bearer
        )
        assert (status, len(bag(octets))) == (200, 3)
        for_20 = await program.sends("POST", f"/.well-known/cpo/{operation}/ISO15118-20", csr, **bearer)
        assert for_20[0] == 400  # no certificates of ISO 15118-20 are issued here
    assert (await program.sends("GET", "/cpo/cacerts/ISO15118-2/secp256r1/", **bearer))[0] == 200
    assert (await program.sends("GET", "/v1/root/rootCerts", **bearer))[0] == 200
    status, octets, _ = await program.sends("GET", "/v1/vra/cpo/endEntities", **bearer)
    assert (status, json.loads(octets)) == (200, [])


@pytest.mark.rule("PKI-2", "ID-2")
async def test_a_station_updater_announces_its_station_before_it_enrols_with_an_armoured_request(
    program: Program,
) -> None:
    bearer = {"Authorization": f"Bearer {program.faces.tokens['cpo']}"}
    station = {"commonName": "DE*PNC*E100004", "evseID": ["DE*PNC*E100004"], "deviceInfo": {"vendor": "Example"}}
    types = {"Content_Type": "application/json"}
    put = await program.sends("PUT", "/v1/vra/cpo/endEntities", json.dumps(station).encode(), **types, **bearer)
    assert put[0] == 200
    status, octets, _ = await program.sends("GET", "/v1/vra/cpo/endEntities", **bearer)
    assert (status, [one["commonName"] for one in json.loads(octets)]) == (200, ["DE*PNC*E100004"])
    pem = x509.load_der_x509_csr(requested("DE*PNC*E100004")).public_bytes(Encoding.PEM)
    status, octets, _ = await program.sends("POST", "/.well-known/cpo/simpleenroll", pem, **bearer)
    assert (status, len(bag(octets))) == (200, 3)


@pytest.mark.rule("PCP-PUB-6")
async def test_a_generator_that_publishes_pem_is_told_which_member_is_no_certificate(
    world: World, program: Program
) -> None:
    bearer = {"Authorization": f"Bearer {program.faces.tokens['oem']}", "Content_Type": "application/json"}
    pem = world.vehicle.leaf.public_bytes(Encoding.PEM).decode()
    body = {**published(world.vehicle), "vehicleCertificate": pem}
    status, octets, _ = await program.sends("PUT", "/v1/oem/provCerts", json.dumps(body).encode(), **bearer)
    assert status == 400
    assert json.loads(octets)["errorMessages"][0] == "Invalid certificate format on vehicleCertificate"
    csr = x509.load_der_x509_csr(requested("PNCSIMVEHICLE00007")).public_bytes(Encoding.PEM)
    assert (await program.sends("POST", "/.well-known/oem/simpleenroll", csr, **bearer))[0] == 200


async def test_kevits_csms_names_a_charset(world: World, program: Program) -> None:
    await subscribed(world)
    asked = json.dumps({"certificateInstallationReq": installation(world), "xsdMsgDefNamespace": SCHEMA}).encode()
    bearer = {"Authorization": f"Bearer {program.faces.tokens['cpo']}"}
    media = "application/json;charset=UTF-8"
    assert (await program.sends("POST", "/v1/ccp/signedContractData", asked, Content_Type=media, **bearer))[0] == 200


@pytest.mark.rule("CCP-OEM-1", "CCP-GET-5", "CPS-11")
async def test_the_compote_suite_reads_as_a_manufacturer_and_as_a_station_with_queries_of_its_own(
    world: World, program: Program
) -> None:
    subscription = await subscribed(world)
    root = world.pki.certificate("v2g_root").fingerprint(hashes.SHA256()).hex()
    oem = {"Authorization": f"Bearer {program.faces.tokens['oem']}"}
    status, octets, _ = await program.sends("GET", f"/v1/ccp/signedContractData/{PCID}", **oem)
    assert (status, json.loads(octets)["XMLContracts"][0]["emaid"]) == (200, subscription.emaid)
    query = f"sessionID=0102030405060708&xsdMsgDefNamespace={SCHEMA}&cpsV2GRootCertificateFingerprint={root}"
    status, octets, _ = await program.sends(
        "GET", f"/v1/ccp/provideSignedContractData/{subscription.emaid}/{PCID}?{query}", **oem
    )
    assert status == 200
    exi = base64.b64decode(json.loads(octets)["certificateInstallationRes"], validate=True)
    assert exi[0] == 0x80 and exi[1] == 0x98
    # The session's id is in the header, which begins with the third octet and a few bits.
    bits = int.from_bytes(exi, "big")
    assert any(bits >> shift & (1 << 64) - 1 == 0x0102030405060708 for shift in range(len(exi) * 8 - 64))
    mo = {"Authorization": f"Bearer {program.faces.tokens['mo']}"}
    for path in (f"/v1/oem/provCerts/{PCID}", f"/v1/oem/provCerts/lookupVehicle/{PCID}"):
        assert (await program.sends("GET", f"{path}?signatureAlgorithm=secp256r1", **mo))[0] == 200
    other = await program.sends("GET", f"/v1/ccp/signedContractData/{PCID}?xsdMsgDefNamespace={MSGDEF_20}", **oem)
    assert other[0] == 400
    await world.eco.pool.delete(subscription.emaid, skip_revocation=True)
    cpo = {"Authorization": f"Bearer {program.faces.tokens['cpo']}", "Content_Type": "application/json"}
    asked = json.dumps({"certificateInstallationReq": installation(world), "xsdMsgDefNamespace": SCHEMA}).encode()
    status, octets, _ = await program.sends("POST", "/v1/ccp/signedContractData", asked, **cpo)
    item = json.loads(octets)["CCPResponse"]["emaidContent"][0]  # read whatever the status
    assert status == 404 and item["messageDef"]["certificateInstallationRes"]
