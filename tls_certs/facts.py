"""What a verifier looks at in a certificate, read once; CA certificates come again with every chain and are kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtensionOID, SignatureAlgorithmOID
from msgspec import Struct, field

from pncsim.tls_certs.chain_error import ChainError
from pncsim.tls_certs.keys import PublicKey, signed_by
from pncsim.tls_certs.reading import UNREADABLE, domains_of, parsed, shown

_PROCESSED = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.SUBJECT_KEY_IDENTIFIER,
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.CERTIFICATE_POLICIES,
        ExtensionOID.CRL_DISTRIBUTION_POINTS,
        ExtensionOID.AUTHORITY_INFORMATION_ACCESS,
    }
)


class Facts(Struct, eq=False):
    """A certificate as the verifier sees it. ``what`` names it in sentences; times are seconds since the epoch."""

    what: str
    encoding: bytes
    certificate: x509.Certificate
    key: PublicKey
    subject: x509.Name
    issuer: x509.Name
    starts: float
    ends: float
    basic: x509.Extension[x509.BasicConstraints] | None = None
    usage: x509.Extension[x509.KeyUsage] | None = None
    extended: x509.ExtendedKeyUsage | None = None
    subject_key: bytes | None = None
    authority_key: bytes | None = None
    unprocessed: list[str] = field(default_factory=list)

    @property
    def is_ca(self) -> bool:
        """Whether basicConstraints call it a CA."""
        return self.basic is not None and self.basic.value.ca

    @property
    def domains(self) -> list[str]:
        """The DCs of the subject."""
        return domains_of(self.subject)


def read_leaf(source: bytes | x509.Certificate, what: str) -> Facts:
    """The facts of a leaf, given as DER or parsed. Raises ChainError where it cannot be read."""
    return _read(_octets(source), what, "")


_KEPT: dict[tuple[str, bytes], Facts] = {}
_KEPT_MAX = 512


def read_ca(source: bytes | x509.Certificate, kind: str) -> Facts:
    """The facts of a CA certificate; ``kind`` ("Sub-CA", "root") goes before its name in sentences. As above."""
    octets = _octets(source)
    facts = _KEPT.get((kind, octets))
    if facts is None:
        facts = _read(octets, f"{kind} of the chain", kind)
        bound(_KEPT, _KEPT_MAX)
        _KEPT[kind, octets] = facts
    return facts


def _octets(source: bytes | x509.Certificate) -> bytes:
    return source.public_bytes(Encoding.DER) if isinstance(source, x509.Certificate) else bytes(source)


def _read(octets: bytes, what: str, kind: str) -> Facts:
    try:
        certificate = parsed(octets)
        subject = certificate.subject
        if kind:
            what = f'{kind} "{shown(subject)}"'
        facts = Facts(
            what,
            octets,
            certificate,
            certificate.public_key(),
            subject,
            certificate.issuer,
            certificate.not_valid_before_utc.timestamp(),
            certificate.not_valid_after_utc.timestamp(),
        )
        for extension in certificate.extensions:
            _note(facts, extension)
    except UNREADABLE as error:
        raise ChainError("unparsable", f"The {what} cannot be read: {error}.", clause="RFC 5280 4.1") from error
    return facts


def _note(facts: Facts, extension: x509.Extension[x509.ExtensionType]) -> None:
    value = extension.value
    if isinstance(value, x509.BasicConstraints):
        facts.basic = x509.Extension(extension.oid, extension.critical, value)
    elif isinstance(value, x509.KeyUsage):
        facts.usage = x509.Extension(extension.oid, extension.critical, value)
    elif isinstance(value, x509.ExtendedKeyUsage):
        facts.extended = value
    elif isinstance(value, x509.SubjectKeyIdentifier):
        facts.subject_key = value.digest
    elif isinstance(value, x509.AuthorityKeyIdentifier):
        facts.authority_key = value.key_identifier
    if extension.critical and extension.oid not in _PROCESSED:
        facts.unprocessed.append(extension.oid.dotted_string)


_SHA256 = hashes.SHA256()
_HASHES: Mapping[x509.ObjectIdentifier, hashes.HashAlgorithm] = {
    SignatureAlgorithmOID.ECDSA_WITH_SHA256: _SHA256,
    SignatureAlgorithmOID.ECDSA_WITH_SHA512: hashes.SHA512(),
}
"""Which of them may be used is looked at before (:func:`tls_certs.rules.check_common`)."""
_VERIFIED: dict[tuple[bytes, bytes], None] = {}
_VERIFIED_MAX = 1024


def is_issued(facts: Facts, issuer: Facts) -> bool:
    """Whether ``issuer``'s key has signed ``facts``, by the algorithm named there, whatever the names say.

    That a CA has signed a CA is remembered, so that many chains below the same CAs cost one signature each.
    """
    pair = (facts.encoding, issuer.encoding)
    if pair in _VERIFIED:
        return True
    certificate = facts.certificate
    algorithm = _HASHES.get(certificate.signature_algorithm_oid, _SHA256)
    if not signed_by(issuer.key, certificate.signature, certificate.tbs_certificate_bytes, algorithm):
        return False
    if facts.is_ca:
        bound(_VERIFIED, _VERIFIED_MAX)
        _VERIFIED[pair] = None
    return True


def bound(kept: dict[Any, Any], most: int) -> None:
    """Make room for one more: the oldest goes."""
    if len(kept) >= most:
        del kept[next(iter(kept))]
