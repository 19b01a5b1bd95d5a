"""Certificates that callers of a service hand in: read, or refused in the published words."""

from __future__ import annotations

from collections.abc import Sequence

from cryptography import x509

from pncsim.backend.refusal import Refused
from pncsim.tls_certs import reading

MAX_CERTIFICATE = 8192
"""Octets of DER read from a caller; the -2 profile allows 800, published examples have up to 864."""


def load(der: bytes, field: str) -> x509.Certificate:
    """The certificate in ``der``; a :class:`Refused` naming ``field`` in the published words if it is none."""
    if len(der) > MAX_CERTIFICATE:
        raise Refused(
            f"{field} has {len(der)} octets, allowed are {MAX_CERTIFICATE}.",
            clause="OPCP certificate format",
            message=f"Invalid certificate format on {field}",
        )
    try:
        certificate = reading.load(der, field)
        with reading.reading(f"The key of {field}"):
            certificate.public_key()
    except reading.Unreadable as error:
        raise Refused(
            error.sentence, clause="OPCP certificate format", message=f"Invalid certificate format on {field}"
        ) from None
    return certificate


def load_chain(ders: Sequence[bytes], field: str) -> tuple[x509.Certificate, ...]:
    """Every certificate of a chain, in its order."""
    return tuple(load(der, field) for der in ders)
