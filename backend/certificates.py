"""Small facts read from certificates that every service needs: names, fingerprints, key identifiers, validity."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from pncsim.backend.refusal import Refused

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
        certificate = x509.load_der_x509_certificate(der)
        certificate.public_key()
        certificate.not_valid_after_utc  # noqa: B018 - malformed dates raise here, not when parsed
        certificate.subject  # noqa: B018 - malformed names likewise
    except Exception as error:  # the library raises several kinds for malformed DER, some of them its own
        raise Refused(
            f"{field} is not an X.509 certificate in DER: {error}.",
            clause="OPCP certificate format",
            message=f"Invalid certificate format on {field}",
        ) from None
    return certificate


def load_chain(ders: Sequence[bytes], field: str) -> tuple[x509.Certificate, ...]:
    """Every certificate of a chain, in its order."""
    return tuple(load(der, field) for der in ders)


def der(certificate: x509.Certificate) -> bytes:
    """The certificate as DER."""
    return certificate.public_bytes(Encoding.DER)


def common_name(certificate: x509.Certificate) -> str:
    """The subject's CN, or an empty string."""
    found = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else ""


def fingerprint(octets: bytes) -> str:
    """SHA-256 over the DER as lower-case hex, the form the pools use to name a certificate."""
    return hashlib.sha256(octets).hexdigest()


def key_identifier(certificate: x509.Certificate) -> str:
    """The subject key identifier as upper-case hex with colons, or an empty string."""
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    except (x509.ExtensionNotFound, ValueError):
        return ""
    return extension.value.digest.hex(":").upper()


def same_key_identifier(one: str, other: str) -> bool:
    """Whether two hex forms (any case, with or without colons) name one key."""
    return one.replace(":", "").lower() == other.replace(":", "").lower()


def same_key(one: x509.Certificate, other: x509.Certificate) -> bool:
    """Whether both certificates hold one public key."""
    return public_key_octets(one) == public_key_octets(other)


def public_key_octets(certificate: x509.Certificate) -> bytes:
    """SubjectPublicKeyInfo in DER."""
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def elliptic_key(certificate: x509.Certificate) -> ec.EllipticCurvePublicKey | None:
    """The certificate's P-256 key, or None if it holds another kind of key."""
    key = certificate.public_key()
    return key if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1) else None


def not_before(certificate: x509.Certificate) -> float:
    """First second of validity, since the epoch."""
    return certificate.not_valid_before_utc.timestamp()


def not_after(certificate: x509.Certificate) -> float:
    """Last second of validity, since the epoch."""
    return certificate.not_valid_after_utc.timestamp()


def valid_at(certificate: x509.Certificate, now: float) -> bool:
    """Whether ``now`` lies within the certificate's validity."""
    return not_before(certificate) <= now <= not_after(certificate)
