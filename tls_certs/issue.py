"""Making certificates and certificate requests: what a profile says, literally."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from pncsim.tls_certs.keys import (
    SIGNATURE_HASHES,
    KeyKind,
    PrivateKey,
    PublicKey,
    SignatureHash,
    deterministic,
    key_hash,
    kind_of,
    name_of,
)
from pncsim.tls_certs.profiles import Profile
from pncsim.tls_certs.reading import Unreadable, load_request, reading, values_of
from pncsim.wire.errors import LocalError, PeerError

ORGANIZATION = "pncsim"
_MAX_NAME = 64
"""Octets of a CN or O: RFC 5280 has as many characters (ub-common-name), the library counts them in UTF-8."""

BACKDATE = 3_600
"""Seconds by which validity starts before the time of issuing: foreign clocks are slow at times."""

_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


class RequestError(PeerError):
    """A certificate request (PKCS#10) that must be refused; HTTP 400 (RFC 7030 4.2.3), OCPP status Rejected."""

    def __init__(self, sentence: str, *, clause: str = "RFC 2986") -> None:
        super().__init__(sentence, clause=clause, http_status=400, ocpp_status="Rejected")


class TooLarge(LocalError):
    """A certificate would have more octets than its profile allows."""


def subject_name(profile: Profile, common_name: str, organization: str = ORGANIZATION) -> x509.Name:
    """The subject of a certificate: CN and O, then C and DC where the profile has them."""
    attributes = [
        x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
    ]
    if profile.country is not None:
        attributes.append(x509.NameAttribute(NameOID.COUNTRY_NAME, profile.country))
    if profile.domain is not None:
        attributes.append(x509.NameAttribute(NameOID.DOMAIN_COMPONENT, profile.domain))
    return x509.Name(attributes)


def issue(
    profile: Profile,
    subject: x509.Name,
    public_key: PublicKey,
    now: float,
    *,
    issuer: x509.Certificate | None,
    issuer_key: PrivateKey,
    serial: int,
    ocsp_url: str | None = None,
    crl_url: str | None = None,
    not_before: float | None = None,
    not_after: float | None = None,
    signature_hash: SignatureHash | None = None,
) -> x509.Certificate:
    """A certificate of ``profile`` for ``public_key``, signed by ``issuer_key``; ``issuer`` None makes it a root.

    Times are lab seconds since the epoch. Without ``not_before`` and ``not_after`` validity starts an hour before
    ``now``, lasts the profile's lifetime and is kept within the issuer's (shell model). ``signature_hash`` departs from
    what the issuer's key asks for. Raises LocalError when the issuer has expired, TooLarge for too many octets.
    """
    start = now - BACKDATE if not_before is None else not_before
    end = now + profile.lifetime if not_after is None else not_after
    if issuer is not None:
        start = max(start, issuer.not_valid_before_utc.timestamp()) if not_before is None else start
        end = min(end, issuer.not_valid_after_utc.timestamp()) if not_after is None else end
    if end <= start:
        raise LocalError(
            f"A {profile.title} cannot be issued: its issuer's certificate ended {_day(end)}.",
            advice="Create the PKI anew, or renew the issuer.",
        )
    signer = kind_of(issuer_key)
    algorithm = signature_hash if signature_hash is not None else SIGNATURE_HASHES[signer or KeyKind.P256]
    certificate = _builder(profile, subject, public_key, start, end, issuer, ocsp_url, crl_url, serial).sign(
        issuer_key, algorithm, ecdsa_deterministic=deterministic(issuer_key)
    )
    if profile.max_size is not None and (size := len(certificate.public_bytes(Encoding.DER))) > profile.max_size:
        raise TooLarge(
            f"The {profile.title} would have {size} octets, {profile.max_size} are allowed.",
            clause="V2G2-010",
            advice="Use shorter names or shorter OCSP and CRL addresses.",
        )
    return certificate


def _builder(
    profile: Profile,
    subject: x509.Name,
    public_key: PublicKey,
    start: float,
    end: float,
    issuer: x509.Certificate | None,
    ocsp_url: str | None,
    crl_url: str | None,
    serial: int,
) -> x509.CertificateBuilder:
    # `issuer.subject` keeps the string types it was parsed with, so its octets come out as they went in.
    authority = issuer.subject if issuer is not None else subject
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(authority)
        .public_key(public_key)
        .serial_number(serial)
        .not_valid_before(moment(start))
        .not_valid_after(moment(end))
        .add_extension(x509.BasicConstraints(profile.ca, profile.path_length), critical=True)
        .add_extension(_key_identifier(public_key, short=issuer is not None), critical=False)
    )
    if issuer is None:
        own = x509.AuthorityKeyIdentifier(key_hash(public_key), None, None)
        builder = builder.add_extension(own, critical=False)
    else:
        builder = builder.add_extension(key_identifier_of(issuer), critical=False)
    if profile.key_usage:
        builder = builder.add_extension(key_usage(profile.key_usage), critical=profile.key_usage_critical)
    if profile.extended_key_usage:
        builder = builder.add_extension(x509.ExtendedKeyUsage(profile.extended_key_usage), critical=False)
    if profile.responder:
        builder = builder.add_extension(x509.OCSPNoCheck(), critical=False)
    if profile.hosts:
        builder = builder.add_extension(_alternative_names(profile.hosts), critical=False)
    for extension, critical in profile.further:
        builder = builder.add_extension(extension, critical=critical)
    if issuer is not None and not profile.responder:
        if ocsp_url is not None:
            builder = builder.add_extension(_ocsp_access(ocsp_url), critical=False)
        if crl_url is not None:
            builder = builder.add_extension(_distribution_point(crl_url), critical=False)
    return builder


def _key_identifier(key: PublicKey, *, short: bool) -> x509.SubjectKeyIdentifier:
    """RFC 5280 4.2.1.2, method 1, or ``short`` method 2: its 60 bits make room.

    Two chains of three certificates go to a vehicle in one exiResponse, and many OCPP stacks take 5 600 characters.
    """
    digest = key_hash(key)
    return x509.SubjectKeyIdentifier(bytes([0x40 | digest[-8] & 0x0F, *digest[-7:]]) if short else digest)


def key_identifier_of(issuer: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    """The issuer's own subject key identifier, whatever its length, for what it signs."""
    try:
        identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    except x509.ExtensionNotFound:
        key = issuer.public_key()
        return x509.AuthorityKeyIdentifier(key_hash(key), None, None)
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)


@lru_cache(maxsize=64)
def key_usage(names: frozenset[str]) -> x509.KeyUsage:
    """The extension of a profile's key usage."""
    return x509.KeyUsage(**{usage: usage in names for usage in _USAGES})


@lru_cache(maxsize=64)
def _alternative_names(hosts: tuple[str, ...]) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName([_host(host) for host in hosts])


def _host(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(text))
    except ValueError:
        return x509.DNSName(text)


@lru_cache(maxsize=64)
def _ocsp_access(url: str) -> x509.AuthorityInformationAccess:
    location = x509.UniformResourceIdentifier(url)
    return x509.AuthorityInformationAccess([x509.AccessDescription(AuthorityInformationAccessOID.OCSP, location)])


@lru_cache(maxsize=64)
def _distribution_point(url: str) -> x509.CRLDistributionPoints:
    point = x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None)
    return x509.CRLDistributionPoints([point])


def moment(seconds: float) -> datetime:
    """Lab seconds as X.509 has times: whole seconds, UTC."""
    return datetime.fromtimestamp(int(seconds), UTC)


def _day(seconds: float) -> str:
    return f"on {moment(seconds):%Y-%m-%d}"


def build_request(key: ec.EllipticCurvePrivateKey, profile: Profile, common_name: str, **names: str) -> bytes:
    """A certificate request (PKCS#10, DER) for ``key`` with the subject ``profile`` asks for.

    ``names`` may give ``organization``.
    """
    subject = subject_name(profile, common_name, **names)
    algorithm = SIGNATURE_HASHES[profile.key]
    return (
        x509.CertificateSigningRequestBuilder()
        .subject_name(subject)
        .sign(key, algorithm, ecdsa_deterministic=True)
        .public_bytes(Encoding.DER)
    )


def check_request(data: bytes | str, *, kind: KeyKind = KeyKind.P256) -> x509.CertificateSigningRequest:
    """The certificate request in ``data`` (PEM or DER), if a V2G authority may issue from it. Raises RequestError.

    The key must be of ``kind`` and the subject have one CN, and O, both short enough for a certificate and printable.
    """
    request = read_request(data)
    key = request.public_key()
    if kind_of(key) is not kind:
        raise RequestError(
            f"The certificate request is for a key of kind {name_of(key)}; {kind.value} is the only one allowed.",
            clause="V2G2-007",
        )
    for oid, short in ((NameOID.COMMON_NAME, "CN"), (NameOID.ORGANIZATION_NAME, "O")):
        values = values_of(request.subject, oid)
        if not values:
            raise RequestError(f"The subject of the certificate request has no {short}; CN and O are needed.")
        for value in values:
            size = len(value.encode())
            if not (1 <= size <= _MAX_NAME and value.isprintable()):
                raise RequestError(
                    f"The {short} of the certificate request is not 1 to {_MAX_NAME} octets of printable text: "
                    f"{value[:_MAX_NAME]!a}, {size} in all.",
                    clause="RFC 5280 appendix A",
                )
    if len(values_of(request.subject, NameOID.COMMON_NAME)) > 1:
        # One would be judged and another certified.
        raise RequestError("The subject of the certificate request has more than one CN.")
    return request


def read_request(data: bytes | str) -> x509.CertificateSigningRequest:
    """The certificate request in ``data`` (PEM or DER), whoever may issue from it. Raises RequestError if it is none.

    Its own signature proves possession of the key.
    """
    try:
        request = load_request(data)
        with reading("The certificate request", clause="RFC 2986"):
            request.public_key()
            proven = request.is_signature_valid
    except Unreadable as error:
        raise RequestError(error.sentence) from error
    if not proven:
        raise RequestError("The certificate request is not signed by the key it asks a certificate for.")
    return request
