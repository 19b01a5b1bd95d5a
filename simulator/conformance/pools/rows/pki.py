"""Enrolment over EST, the OCSP responder, and revocation lists."""

from __future__ import annotations

import base64

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from pncsim.simulator.conformance.pools.declared import ADMINISTERED
from pncsim.simulator.conformance.pools.desk import TestDesk
from pncsim.simulator.conformance.pools.seen import Answered
from pncsim.simulator.conformance.pools.table import CHARIN, Requirements
from pncsim.simulator.conformance.unlike import Unlike, must
from pncsim.tls_certs import reading
from pncsim.tls_certs.issue import build_request
from pncsim.tls_certs.pkcs7 import certificates_in
from pncsim.tls_certs.profiles import PROFILES
from pncsim.wire.source import SYSTEM

_RULES = Requirements("pki")
CASES = _RULES.cases

CALLERS = (
    ("cpo", "secc_leaf", "CPO"),
    ("oem", "oem_leaf", "OEM"),
    ("mo", "contract_leaf", "MO_HUBJECT_PKI"),
    ("cps", "cps_leaf", "CPS"),
)
"""Label of the authority, profile of its leaves, and who may enrol there."""


def _name(desk: TestDesk, label: str) -> str:
    return {"cpo": "DEPNCE100001", "oem": desk.pcid(desk.owned()[0]), "mo": desk.emaid(), "cps": "Conformance CPS"}[
        label
    ]


async def _enrol(desk: TestDesk, label: str, csr: bytes, role: str) -> Answered:
    body = base64.b64encode(csr)
    path = f"/.well-known/est/{label}/simpleenroll/ISO15118-2"
    return await desk.ask(role, "POST", "est", path, body, **{"Content-Type": "application/pkcs10"})


def _bag(answer: Answered) -> tuple[x509.Certificate, ...]:
    try:
        octets = base64.b64decode(b"".join(answer.has(200).reply.body.split()), validate=True)
    except ValueError as error:
        raise Unlike(f"{answer}, and its body is no base64: {error}.") from error
    return certificates_in(octets, f"What {answer.asked} was answered")


@_RULES.demands(
    "PKI-1",
    "Each gets a certificate of its key, issued below the Sub-CAs that cacerts names; everybody else 403.",
    given="A client of each role.",
    does="Each reads cacerts of its authority and enrols there; then everybody enrols everywhere else.",
    source="RFC 7030",
)
async def each_role_enrols_at_its_authority(desk: TestDesk) -> None:
    for label, profile, own in CALLERS:
        above = await desk.above(label)
        must(len(above) >= 2, f"cacerts of {label} holds {len(above)} certificates.")
        key, name = SYSTEM.key(), _name(desk, label)
        csr = build_request(key, PROFILES[profile], name)
        found = _bag(await _enrol(desk, label, csr, own))
        leaf = next((one for one in found if one.public_key() == key.public_key()), None)
        if leaf is None:
            raise Unlike(f"{own} gets {len(found)} certificates from {label}, none of the key it has asked for.")
        must(
            any(reading.names(leaf, one) and reading.issued_by(leaf, one) for one in above), f"{leaf.subject}: issuer?"
        )
        must(reading.common_name(leaf) == name, f"The certificate is for {reading.common_name(leaf)}, not for {name}.")
        for role in {"CPO", "OEM", "CPS", "MO_HUBJECT_PKI"} - {own} - ({"MO_HUBJECT_PKI"} if label == "cps" else set()):
            (await _enrol(desk, label, csr, role)).has(403)
        (await desk.ask(None, "POST", "est", f"/.well-known/est/{label}/simpleenroll/ISO15118-2", b"x")).has(401)


@_RULES.demands(
    "PKI-2",
    "Each is refused with 400.",
    given="Requests whose name is none of the kind that the authority certifies.",
    does="A manufacturer enrols a name that is no PCID, an operator one that is no EMAID.",
)
async def names_are_of_their_kind(desk: TestDesk) -> None:
    wmi, _ = desk.owned()
    for label, profile, role, name in (
        ("oem", "oem_leaf", "OEM", f"{wmi}SHORT"),
        ("mo", "contract_leaf", "MO_HUBJECT_PKI", f"{desk.v2g_operator().providers[0]}!"),
    ):
        csr = build_request(SYSTEM.key(), PROFILES[profile], name)
        (await _enrol(desk, label, csr, role)).has(400)


@_RULES.demands(
    "PKI-3",
    "Each is refused with 400.",
    given="Requests that are none.",
    does="Octets are enrolled that are no request, one with a broken signature, and one of another curve.",
)
async def requests_are_whole(desk: TestDesk) -> None:
    csr = build_request(SYSTEM.key(), PROFILES["oem_leaf"], desk.pcid(desk.owned()[0]))
    (await _enrol(desk, "oem", b"no request", "OEM")).has(400)
    (await _enrol(desk, "oem", csr[:-1] + bytes([csr[-1] ^ 1]), "OEM")).has(400)
    other = x509.CertificateSigningRequestBuilder().subject_name(reading.load_request(csr).subject)
    foreign = other.sign(SYSTEM.key(ec.SECP384R1()), hashes.SHA384())
    (await _enrol(desk, "oem", foreign.public_bytes(Encoding.DER), "OEM")).has(400)


@_RULES.demands(
    "PKI-4",
    "Each is refused with 403.",
    given="Names that belong to somebody else.",
    does="A manufacturer enrols a PCID of another WMI, an operator an EMAID of another provider.",
)
async def names_have_their_owners(desk: TestDesk) -> None:
    for label, profile, role, name in (
        ("oem", "oem_leaf", "OEM", desk.pcid("ZZZ")),
        ("mo", "contract_leaf", "MO_HUBJECT_PKI", desk.emaid("DEZZZ")),
    ):
        (await _enrol(desk, label, build_request(SYSTEM.key(), PROFILES[profile], name), role)).has(403)


@_RULES.demands(
    "PKI-5",
    "good, then revoked with its time; unknown of a certificate nobody has issued. Everybody may ask.",
    given="A vehicle's certificate.",
    does="The responder is asked about it before and after its revocation, by SHA-1 and SHA-256; and about another.",
    source="RFC 6960",
    when=ADMINISTERED,
)
async def the_responder_knows(desk: TestDesk) -> None:
    vehicle = await desk.vehicle()
    leaf, issuer = vehicle.credentials.chain[:2]
    for algorithm in (hashes.SHA1(), hashes.SHA256()):
        answer = await desk.ocsp(leaf, issuer, algorithm)
        must(
            answer.certificate_status is ocsp.OCSPCertStatus.GOOD,
            f"Asked by {algorithm.name}: {answer.certificate_status}.",
        )
        must(answer.serial_number == leaf.serial_number, "The answer is about another certificate.")
    found = await desk.ocsp(leaf, issuer, serial=leaf.serial_number ^ 1)
    must(found.certificate_status is ocsp.OCSPCertStatus.UNKNOWN, f"Of a stranger it says {found.certificate_status}.")
    await desk.revoke(leaf)
    revoked = await desk.ocsp(leaf, issuer)
    must(revoked.certificate_status is ocsp.OCSPCertStatus.REVOKED, f"After revocation: {revoked.certificate_status}.")
    must(revoked.revocation_time_utc is not None, "It does not say when it was revoked.")


@_RULES.demands(
    "PKI-6",
    "The list is signed by who has issued the certificate, and names it once it was revoked.",
    given="A vehicle's certificate.",
    does="It is revoked, and the list of its issuer is fetched before and after, without a token.",
    source="RFC 5280 5",
    when=ADMINISTERED,
)
async def lists_are_of_the_issuer(desk: TestDesk) -> None:
    vehicle = await desk.vehicle()
    leaf, issuer = vehicle.credentials.chain[:2]
    for held in (False, True):
        answer = (await desk.revocation_list(leaf)).has(200)
        revoked = reading.load_crl(answer.reply.body)
        key = issuer.public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        must(
            revoked.issuer == issuer.subject and revoked.is_signature_valid(key), f"{answer}, not of {issuer.subject}."
        )
        named = revoked.get_revoked_certificate_by_serial_number(leaf.serial_number) is not None
        must(named is held, f"The list {'names' if named else 'does not name'} the certificate.")
        if not held:
            await desk.revoke(leaf)


@_RULES.demands(
    "PKI-7",
    "There are two Sub-CAs at most below each root.",
    given="The authorities of each role.",
    does="cacerts of each is read.",
    source=CHARIN,
)
async def chains_are_short(desk: TestDesk) -> None:
    for label, _, _ in CALLERS:
        above = await desk.above(label)
        must(
            len(above) <= 3,
            f"Above leaves of {label} there are {len(above)} certificates: at most two Sub-CAs and a root.",
        )


@_RULES.demands(
    "PKI-8",
    "They lead to V2G roots of the pool.",
    given="The authorities of stations and of who signs contract data.",
    does="cacerts of each is read, and the pool's V2G roots.",
)
async def stations_and_signers_are_below_v2g(desk: TestDesk) -> None:
    roots = set(await desk.roots())
    for label in ("cpo", "cps"):
        above = await desk.above(label)
        must(roots & set(above), f"Nothing above leaves of {label} is a V2G root of the pool.")


@_RULES.demands(
    "PKI-9",
    "It gets a new certificate for its new key.",
    given="A vehicle's certificate.",
    does="Its manufacturer enrols the same PCID again with another key.",
)
async def certificates_are_renewed(desk: TestDesk) -> None:
    first = await desk.vehicle()
    second = await desk.vehicle(pcid=first.pcid)
    must(first.credentials.leaf != second.credentials.leaf, "It gets the certificate it had.")
    name = reading.common_name(second.credentials.leaf)
    must(name == first.pcid, f"The new certificate is for {name}, not for {first.pcid}.")


@_RULES.demands(
    "PKI-10",
    "It may not issue certificates (CA false, no keyCertSign).",
    given="A client of each role.",
    does="Each enrols a leaf.",
    source="RFC 5280 4.2.1.9",
)
async def leaves_sign_nothing(desk: TestDesk) -> None:
    for label, profile, role in CALLERS:
        key = SYSTEM.key()
        csr = build_request(key, PROFILES[profile], _name(desk, label))
        for one in _bag(await _enrol(desk, label, csr, role)):
            if one.public_key() == key.public_key():
                must(not reading.is_ca(one), f"{one.subject} is a certification authority.")
                must(not reading.signs_certificates(one), f"{one.subject} may sign certificates.")


_RULES.unseen(
    "When somebody renews is its own decision, not the authority's.",
    PKI_11="Leaves are renewed a week, roots a month before they end.",
)
_RULES.unseen(
    "Which algorithms may come next cannot be asked for over the published interface.",
    PKI_12="Algorithms can be changed, and overlap.",
)
