"""The station's V2G certificate and its OCSP answers: request, check, keep, renew (use cases A02, A03, M06)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp
from cryptography.x509.oid import NameOID
from msgspec import Struct

from pncsim.secc.station.status_info import said
from pncsim.tls_certs.ocsp import period, single_about
from pncsim.tls_certs.reading import CLOCK_TOLERANCE, UNREADABLE, Unreadable, load_all, load_answer, not_before, reading
from pncsim.wire.credentials import Credentials
from pncsim.wire.errors import LocalError, PeerError
from pncsim.wire.source import Source
from pncsim.wire.values import Discreet

if TYPE_CHECKING:
    from pncsim.tls_certs.validation import ValidatedChain
    from pncsim.wire.ocpp.types import v201 as types

ChainCheck = Callable[[tuple[x509.Certificate, ...], float], "ValidatedChain"]
"""Verifies a SECC chain (leaf first, without root) at lab time; raises PncError when it does not hold."""

STAPLE_LIFE = 7 * 86_400.0
"""Longest time an OCSP answer is used (M06: refreshed at least weekly)."""


NOT_GOOD = 3_600.0
"""Seconds until an answer other than good is fetched anew."""


class CertificateRequest(Discreet, Struct):
    """A key waiting for its certificate."""

    _hidden = ("key",)

    key: ec.EllipticCurvePrivateKey
    pem: str = ""


def request(common_name: str, organization: str, country: str, source: Source) -> CertificateRequest:
    """A new P-256 key and the certificate request for it (A02: CN = SeccId, O and C of ISO15118Ctrlr).

    Raises LocalError for names that a certificate cannot have.
    """
    named = {NameOID.COUNTRY_NAME: country, NameOID.ORGANIZATION_NAME: organization, NameOID.COMMON_NAME: common_name}
    try:
        subject = x509.Name([x509.NameAttribute(oid, value) for oid, value in named.items()])
    except ValueError as error:
        raise LocalError(
            f"No certificate request can be made for CN={common_name!a}, O={organization!a}, C={country!a}: {error}.",
            advice="Are SeccId, OrganizationName and CountryName of ISO15118Ctrlr what they should be?",
        ) from error
    key = source.key()
    csr = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(subject)
        .sign(key, hashes.SHA256(), ecdsa_deterministic=True)
    )
    return CertificateRequest(key, csr.public_bytes(serialization.Encoding.PEM).decode("ascii"))


def accept(chain: str, waiting: CertificateRequest | None, check: ChainCheck, now: float) -> Credentials:
    """The credentials a CertificateSigned brings, in the order of the path that was verified.

    A certificate that is not valid yet is verified as of its beginning (A02.FR.08). Raises PeerError: not asked for,
    unreadable, wrong key or chain.
    """
    if waiting is None:
        raise PeerError("The CSMS sent a certificate nobody asked for.", clause="A02.FR.20", ocpp_status="Rejected")
    try:
        certificates = load_all(chain, "The certificate chain the CSMS sent")
        with reading("The key of the certificate the CSMS sent"):
            public = certificates[0].public_key()
    except Unreadable as error:
        raise PeerError(error.sentence, ocpp_status="Rejected") from error
    if public != waiting.key.public_key():
        raise PeerError("The certificate the CSMS sent is not for the key of the request.", ocpp_status="Rejected")
    verified = check(certificates, max(now, *map(not_before, certificates)))
    return Credentials(verified.chain, waiting.key)


class Staple(NamedTuple):
    """An OCSP answer about one certificate of the chain, good until ``until``; ``status``: good, revoked or unknown."""

    der: bytes
    until: float
    refresh: float
    status: str


def staple(
    answer: types.GetCertificateStatusResponse,
    name: str,
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    now: float,
) -> Staple:
    """The OCSP answer in a GetCertificateStatusResponse. Raises PeerError if it holds none that is usable now.

    It must be about ``certificate``. Who signed it is for the vehicle to judge. A revoked status is kept: hiding it
    would be worse.
    """
    if answer["status"] != "Accepted" or not answer.get("ocspResult"):
        why = said(answer) or "no reason given"
        raise PeerError(f"The CSMS could not get the OCSP answer for {name}: {why}.", clause="M06")
    try:
        der = base64.b64decode(answer["ocspResult"], validate=True)
        response = load_answer(der, f"The OCSP answer for {name}")
        if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            raise PeerError(
                f"The OCSP responder said {response.response_status.name} about {name}.", clause="RFC 6960 4.2.1"
            )
        single = single_about(response, certificate.serial_number, issuer)
        begins, ends = period(single)
        status = single.certificate_status.name.lower()
    except Unreadable as error:
        raise PeerError(error.sentence, clause="M06") from error
    except (binascii.Error, *UNREADABLE) as error:
        raise PeerError(f"The OCSP answer for {name} cannot be read: {error}.", clause="M06") from error
    until = min(ends, now + STAPLE_LIFE)
    if begins > now + CLOCK_TOLERANCE or until <= now:
        raise PeerError(
            f"The OCSP answer for {name} is not valid now (stale, or from the future).", clause="RFC 6960 4.2.2.1"
        )
    # What is not good is looked at again soon: a responder that did not know it yet may know it in an hour.
    life = 0.8 * (until - now)
    return Staple(der, until, now + (life if status == "good" else min(life, NOT_GOOD)), status)
