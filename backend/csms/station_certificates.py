"""Security profile 3: which station a client certificate lets in (A00.FR.404 to FR.409, B01.FR.12)."""

from __future__ import annotations

from cryptography.x509.oid import NameOID

from pncsim.backend.csms.register import RegisteredStation
from pncsim.tls_certs import reading


def unfit(station: RegisteredStation, shown: bytes, organization: str, now: float) -> str:
    """Why ``station`` is not let in with the certificate it has shown (DER), "" if it is.

    Its path was verified in the handshake. It has to be valid now, name the ``organization`` of the operator as O, and
    the station's serial number as CN.
    """
    if not shown:
        return "it has shown no certificate"
    try:
        certificate = reading.load(shown, "The certificate it has shown")
    except reading.Unreadable as error:
        return error.sentence
    named = reading.common_name(certificate)
    if not reading.valid_at(certificate, now):
        return f"the certificate of {named} is not valid now"
    owners = reading.values_of(certificate.subject, NameOID.ORGANIZATION_NAME)
    if organization not in owners:
        return f"its certificate is one of {', '.join(owners) or 'nobody'}, not of {organization}"
    if not station.serial_number or named != station.serial_number:
        return f"its certificate is that of {named}"
    return ""
