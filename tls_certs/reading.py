"""Reading what others have signed: the one place that parses certificates, requests, OCSP answers and CRLs.

The library parses late and in many kinds: a broken name or date shows only where it is first asked for, and some of its
errors are no ValueError. So certificates of others come through :func:`load` or :func:`load_all`, which ask for
everything that is used later but the key, which may be of any kind; requests, answers and lists come through the
functions beside them. What is asked for beyond that goes under :func:`reading`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache, wraps
from typing import ParamSpec, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from pncsim.wire.algorithms import AlgorithmId, allowed
from pncsim.wire.errors import PeerError

P = ParamSpec("P")
R = TypeVar("R")

_KEPT = 512
"""So many answers of :func:`by_identity`."""

UNREADABLE = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""All that the library raises for octets it cannot read."""


class Unreadable(PeerError):
    """What came is no certificate, or has a part that cannot be read."""


def by_identity(look: Callable[P, R]) -> Callable[P, R]:
    """``look``, a function of certificates, with what it found kept for those seen last.

    The library hashes a certificate field by field, which costs more than most looks do; so objects are known by their
    identity here.
    """
    kept: dict[tuple[int, ...], tuple[object, R]] = {}

    @wraps(look)
    def found(*about: P.args, **named: P.kwargs) -> R:
        assert not named, "what it is about is told by position"
        key = tuple(map(id, about))
        known = kept.get(key)
        if known is None:
            if len(kept) >= _KEPT:
                kept.clear()
            # With the objects themselves: as long as they live here, nothing else gets their identity.
            known = kept[key] = about, look(*about, **named)
        return known[1]

    return found


@contextmanager
def reading(what: str, *, clause: str = "RFC 5280 4.1") -> Iterator[None]:
    """Turn whatever the library raises within into :class:`Unreadable`: "``what`` cannot be read: ..."."""
    try:
        yield
    except UNREADABLE as error:
        raise _unreadable(what, clause, error) from error


def _unreadable(what: str, clause: str, error: Exception) -> Unreadable:
    return Unreadable(f"{what} cannot be read: {error}.", clause=clause, kind="unparsable")


def load(der: bytes, what: str = "The certificate") -> x509.Certificate:
    """The certificate in ``der``, its names and dates readable. Raises Unreadable, which calls it ``what``."""
    try:
        return parsed(der)
    except UNREADABLE as error:
        raise _unreadable(what, "RFC 5280 4.1", error) from error


@lru_cache(maxsize=512)
def parsed(der: bytes) -> x509.Certificate:
    """As :func:`load`, raising what :data:`UNREADABLE` lists."""
    # The same chains come again with every session, and a certificate never changes.
    certificate = x509.load_der_x509_certificate(der)
    _parse_late_parts(certificate)
    return certificate


def load_chain(ders: Iterable[bytes], what: str = "The certificate") -> tuple[x509.Certificate, ...]:
    """All certificates of a chain, in its order. Raises Unreadable."""
    return tuple(load(der, what) for der in ders)


def load_all(data: bytes | str, what: str = "The certificate") -> tuple[x509.Certificate, ...]:
    """The certificates in a file or field: PEM, one or several, or one in DER. Raises Unreadable."""
    octets = data.encode("ascii", "replace") if isinstance(data, str) else data
    with reading(what):
        pem = isinstance(data, str) or b"-----BEGIN" in octets
        found = x509.load_pem_x509_certificates(octets) if pem else [x509.load_der_x509_certificate(octets)]
        for certificate in found:
            _parse_late_parts(certificate)
    return tuple(found)


def _parse_late_parts(certificate: x509.Certificate) -> None:
    # The library parses them as they are read: what is wrong with them is to be said here, and not to who uses them.
    certificate.subject, certificate.issuer  # noqa: B018
    certificate.not_valid_before_utc, certificate.not_valid_after_utc  # noqa: B018
    certificate.extensions  # noqa: B018


def load_request(data: bytes | str, what: str = "The certificate request") -> x509.CertificateSigningRequest:
    """The certificate request (PKCS#10) in PEM or DER, its subject, key and extensions readable. Raises Unreadable."""
    octets = data.encode("ascii", "replace") if isinstance(data, str) else data
    with reading(what, clause="RFC 2986"):
        pem = octets.lstrip().startswith(b"-----BEGIN")
        request = x509.load_pem_x509_csr(octets) if pem else x509.load_der_x509_csr(octets)
        request.subject, request.extensions, request.public_key()
        return request


def load_crl(octets: bytes, what: str = "The revocation list") -> x509.CertificateRevocationList:
    """The revocation list (DER), its issuer, dates and extensions readable. Raises Unreadable."""
    with reading(what, clause="RFC 5280 5.1"):
        crl = x509.load_der_x509_crl(octets)
        crl.issuer, crl.last_update_utc, crl.next_update_utc, crl.extensions  # noqa: B018  (they are parsed as they are read)
        return crl


def load_answer(octets: bytes, what: str = "The OCSP response") -> ocsp.OCSPResponse:
    """The OCSP response (DER); one that is no refusal has readable certificates and extensions. Raises Unreadable."""
    with reading(what, clause="RFC 6960 4.2.1"):
        response = ocsp.load_der_ocsp_response(octets)
        if response.response_status is ocsp.OCSPResponseStatus.SUCCESSFUL:
            tuple(response.responses), response.extensions, response.produced_at_utc
            for certificate in response.certificates:
                _parse_late_parts(certificate)
        return response


def load_single_request(octets: bytes) -> ocsp.OCSPRequest | None:
    """The OCSP request (DER), its extensions and hash algorithm readable; None if it asks about several certificates,
    or the library, which is stricter than we are, does not read it."""
    try:
        request = ocsp.load_der_ocsp_request(octets)
        request.extensions, request.hash_algorithm  # noqa: B018  (as above)
    except (NotImplementedError, *UNREADABLE):
        return None
    return request


def issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether ``issuer``'s name and key stand behind ``certificate``; False also where its key cannot be used."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, *UNREADABLE):
        return False
    return True


# Names


def values_of(name: x509.Name, oid: x509.ObjectIdentifier) -> list[str]:
    """The values of one kind of attribute in a subject or issuer."""
    return [str(attribute.value) for attribute in name if attribute.oid == oid]


@by_identity
def names(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether ``certificate`` says that ``issuer`` has issued it."""
    return certificate.issuer == issuer.subject


@by_identity
def common_names(certificate: x509.Certificate) -> tuple[str, ...]:
    """The CNs of the subject; more than one is unusual, none possible."""
    return tuple(values_of(certificate.subject, NameOID.COMMON_NAME))


def common_name(certificate: x509.Certificate) -> str:
    """The subject's first CN, or an empty string."""
    return next(iter(common_names(certificate)), "")


def shown(name: x509.Name) -> str:
    """What to call a subject or issuer in a sentence: its CN, or all of it where it has none."""
    return next(iter(values_of(name, NameOID.COMMON_NAME)), "") or name.rfc4514_string()


def domains_of(name: x509.Name) -> list[str]:
    """The DCs of a subject or issuer, by which ISO 15118 tells what a certificate is for."""
    return values_of(name, NameOID.DOMAIN_COMPONENT)


@by_identity
def is_private(certificate: x509.Certificate) -> bool:
    """Whether its subject is in the domain of private environments."""
    return "PE" in domains_of(certificate.subject)


# Octets


@by_identity
def der(certificate: x509.Certificate) -> bytes:
    """The certificate as DER."""
    return certificate.public_bytes(Encoding.DER)


def pem(certificates: Iterable[x509.Certificate]) -> str:
    """The certificates as PEM, one after the other."""
    return "".join(certificate.public_bytes(Encoding.PEM).decode("ascii") for certificate in certificates)


def fingerprint(octets: bytes) -> str:
    """SHA-256 over the DER as lower-case hex, the form the pools use to name a certificate."""
    return hashlib.sha256(octets).hexdigest()


# Keys


def p256_key(certificate: x509.Certificate) -> ec.EllipticCurvePublicKey | None:
    """The certificate's P-256 key, or None if it holds another kind of key, or one that cannot be read."""
    return key_for(certificate, ("P-256",))


def key_for(certificate: x509.Certificate, algorithms: Iterable[AlgorithmId]) -> ec.EllipticCurvePublicKey | None:
    """The certificate's key, or None if it is for none of ``algorithms``, or cannot be read."""
    try:
        key = certificate.public_key()
    except UNREADABLE:
        return None
    if isinstance(key, ec.EllipticCurvePublicKey) and any(one.fits(key) for one in allowed(algorithms)):
        return key
    return None


def public_key_octets(certificate: x509.Certificate | x509.CertificateSigningRequest) -> bytes:
    """SubjectPublicKeyInfo in DER."""
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def same_key(one: x509.Certificate, other: x509.Certificate) -> bool:
    """Whether both certificates hold one public key."""
    return public_key_octets(one) == public_key_octets(other)


def key_identifier(certificate: x509.Certificate) -> str:
    """The subject key identifier as upper-case hex with colons, or an empty string."""
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    except (x509.ExtensionNotFound, *UNREADABLE):
        return ""
    return extension.value.digest.hex(":").upper()


def same_key_identifier(one: str, other: str) -> bool:
    """Whether two hex forms (any case, with or without colons) name one key."""
    return one.replace(":", "").lower() == other.replace(":", "").lower()


# Validity

CLOCK_TOLERANCE = 300
"""Seconds by which what others sign of the present (OCSP answers, their signers, revocation lists) may seem to come
from the future: the one tolerance of the whole product. What a certificate says of itself holds to the second."""


@by_identity
def not_before(certificate: x509.Certificate) -> float:
    """First second of validity, since the epoch."""
    return certificate.not_valid_before_utc.timestamp()


@by_identity
def not_after(certificate: x509.Certificate) -> float:
    """Last second of validity, since the epoch."""
    return certificate.not_valid_after_utc.timestamp()


def valid_at(certificate: x509.Certificate, now: float) -> bool:
    """Whether ``now`` lies within the certificate's validity, the second notAfter names included (RFC 5280 4.1.2.5)."""
    return not_before(certificate) <= now < not_after(certificate) + 1


# Extensions


def is_ca(certificate: x509.Certificate) -> bool:
    """Whether basicConstraints call the certificate a CA. Raises what :func:`reading` catches."""
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def signs_certificates(certificate: x509.Certificate) -> bool | None:
    """Whether its key usage allows it to sign some; None where it has none. Raises what :func:`reading` catches."""
    try:
        return certificate.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    except x509.ExtensionNotFound:
        return None


def list_addresses(certificate: x509.Certificate) -> list[str]:
    """The addresses at which the certificate says its revocation list is, as it names them."""
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except x509.ExtensionNotFound:
        return []
    return [str(name.value) for point in points for name in point.full_name or ()]


def responder_url(certificate: x509.Certificate) -> str:
    """The first OCSP address of the certificate's authority information access, or an empty string."""
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except x509.ExtensionNotFound:
        return ""
    for description in access:
        if description.access_method == AuthorityInformationAccessOID.OCSP:
            location = description.access_location
            if isinstance(location, x509.UniformResourceIdentifier):
                return location.value
    return ""
