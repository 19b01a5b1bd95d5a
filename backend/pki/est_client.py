"""Enrolling at an EST server (RFC 7030) of somebody else, by the paths Open Plug&Charge has for each authority."""

from __future__ import annotations

import base64
import binascii

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from pncsim.backend.answers import SigningUse
from pncsim.backend.ports import Calls
from pncsim.backend.refusal import Refused
from pncsim.tls_certs import reading
from pncsim.tls_certs.issue import check_request
from pncsim.tls_certs.pkcs7 import certificates_in
from pncsim.wire.errors import PeerError

_VERSION = "ISO15118-2"


async def enrol(calls: Calls, label: str, csr: bytes) -> tuple[x509.Certificate, ...]:
    """A certificate of the authority ``label`` (cpo, mo, oem, cps) for a request (DER): the leaf, and its Sub-CAs.

    Raises PncError.
    """
    path = f"/{label}/simpleenroll/{_VERSION}"
    chain = _bag(await calls.post("est", path, base64.b64encode(csr), "application/pkcs10"))
    if not chain:
        raise PeerError("The enrolment service answered with no certificate.", kind="empty", http_status=502)
    return tuple(one for one in chain if one.subject != one.issuer)


async def ca_certificates(calls: Calls, label: str) -> tuple[x509.Certificate, ...]:
    """What stands above certificates of the authority ``label``: Sub-CA 2, Sub-CA 1, root. Raises PncError.

    Asked where RFC 7030 4.1.1 has it open to everybody, so that it does not matter who asks.
    """
    return _bag(await calls.get("est", f"/{label}/.well-known/est/cacerts"))


class StationEnrolment:
    """What a CSMS has stations' requests signed by (:class:`backend.csms.ports.CertificateAuthority`)."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def sign_csr(self, csr: str, use: SigningUse) -> str:
        """The PEM chain for a PEM ``csr``. Raises PncError; EST of Open Plug&Charge has no certificates for OCPP."""
        if use == "ChargingStationCertificate":
            raise Refused(
                "The enrolment service has V2G certificates for stations, and none for their connection to a CSMS.",
                clause="PKI-1",
            )
        request = check_request(csr)
        return reading.pem(await enrol(self._calls, "cpo", request.public_bytes(Encoding.DER)))


def _bag(body: bytes) -> tuple[x509.Certificate, ...]:
    what = "The answer of the enrolment service"
    try:
        octets = base64.b64decode(b"".join(body.split()), validate=True)
    except (binascii.Error, ValueError):
        raise PeerError(f"{what} is not base64.", kind="malformed", http_status=502) from None
    return certificates_in(octets, what)
