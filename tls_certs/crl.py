"""Certificate revocation lists (RFC 5280 section 5): making an authority's own, and reading one."""

from __future__ import annotations

from collections.abc import Iterable

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from msgspec import Struct

from pncsim.tls_certs.authority import Authority
from pncsim.tls_certs.chain_error import BAD_CERTIFICATE
from pncsim.tls_certs.issue import key_identifier_of, moment
from pncsim.tls_certs.keys import SIGNATURE_HASHES, KeyKind, deterministic, kind_of, signed_by
from pncsim.tls_certs.ocsp import DEFAULT_LIFETIME
from pncsim.tls_certs.reading import CLOCK_TOLERANCE, UNREADABLE, Unreadable, is_ca, list_addresses, load_crl
from pncsim.tls_certs.revocation import Revocation, Status
from pncsim.wire.errors import LocalError, PeerError

LIFETIME = 7 * 86_400


class CrlError(PeerError):
    """A revocation list that cannot be believed."""

    def __init__(self, sentence: str, *, clause: str = "RFC 5280 6.3.3") -> None:
        super().__init__(
            sentence,
            clause=clause,
            kind="status malformed",
            alert=BAD_CERTIFICATE,
            ocpp_status="CertChainError",
        )


class CrlStatus(Struct, frozen=True):
    """What a verified list says of one certificate, and when the list stops counting (seconds since the epoch)."""

    status: Status
    expires: float
    revoked_at: float | None = None
    reason: str = ""


def build_crl(authority: Authority, now: float, *, lifetime: float = LIFETIME) -> bytes:
    """The authority's revocation list as DER. Raises LocalError where its key is not there.

    Where its certificates name an address for it (CRLDP) the list names the same one in a critical issuing distribution
    point; otherwise verifiers take it for a list of another scope.
    """
    if authority.key is None:
        raise LocalError(f"The revocation list of {authority.role} cannot be signed: its key is not there.")
    authority.registry.refresh()
    # All entries at once: adding them one by one copies the list each time.
    entries = [_entry(serial, revocation) for serial, revocation in authority.registry.revoked.items()]
    builder = (
        x509.CertificateRevocationListBuilder(revoked_certificates=entries)
        .issuer_name(authority.certificate.subject)
        .last_update(moment(now))
        .next_update(moment(now + lifetime))
        .add_extension(x509.CRLNumber(int(now * 1000)), critical=False)
        .add_extension(key_identifier_of(authority.certificate), critical=False)
    )
    if authority.crl_url is not None:
        point = x509.IssuingDistributionPoint(
            [x509.UniformResourceIdentifier(authority.crl_url)], None, False, False, None, False, False
        )
        builder = builder.add_extension(point, critical=True)
    algorithm = SIGNATURE_HASHES[kind_of(authority.key) or KeyKind.P256]
    return builder.sign(authority.key, algorithm, ecdsa_deterministic=deterministic(authority.key)).public_bytes(
        Encoding.DER
    )


def _entry(serial: int, revocation: Revocation) -> x509.RevokedCertificate:
    builder = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(moment(revocation.time))
    if revocation.reason != "unspecified":
        builder = builder.add_extension(x509.CRLReason(revocation.flag), critical=False)
    return builder.build()


def verify_crl(octets: bytes, certificate: x509.Certificate, issuer: x509.Certificate, now: float) -> CrlStatus:
    """What a revocation list (DER) of ``issuer`` says of ``certificate`` at lab time ``now``. Raises CrlError.

    A list of another issuer, a wrong signature, one that is stale or from the future, one for another scope (issuing
    distribution point) and delta or indirect lists are refused. Signers other than the issuer itself are not known.
    """
    try:
        crl = load_crl(octets)
        signed = crl.issuer == issuer.subject and signed_by(
            issuer.public_key(), crl.signature, crl.tbs_certlist_bytes, crl.signature_hash_algorithm
        )
        extensions = {extension.oid: extension for extension in crl.extensions}
        revoked = crl.get_revoked_certificate_by_serial_number(certificate.serial_number)
        noted = [one.value for one in revoked.extensions] if revoked else []
        addresses = set(list_addresses(certificate))
    except Unreadable as error:
        raise CrlError(error.sentence, clause=error.clause) from error
    except UNREADABLE as error:
        raise CrlError(f"The revocation list cannot be read: {error}.", clause="RFC 5280 5.1") from error
    if not signed:
        raise CrlError(f"The revocation list is not signed by {issuer.subject.rfc4514_string()}.")
    _check_scope(extensions.values(), addresses, of_ca=is_ca(certificate))
    if crl.last_update_utc.timestamp() > now + CLOCK_TOLERANCE:
        raise CrlError(f"The revocation list is from the future ({crl.last_update_utc:%Y-%m-%d %H:%M} UTC).")
    following = crl.next_update_utc
    expires = following.timestamp() if following else crl.last_update_utc.timestamp() + DEFAULT_LIFETIME
    if expires < now:
        raise CrlError("The revocation list is stale.")
    if revoked is None:
        return CrlStatus(Status.GOOD, expires)
    return CrlStatus(Status.REVOKED, expires, revoked.revocation_date_utc.timestamp(), _reason(noted))


def _reason(extensions: Iterable[x509.ExtensionType]) -> str:
    return next((one.reason.value for one in extensions if isinstance(one, x509.CRLReason)), "")


def _check_scope(extensions: Iterable[x509.Extension[x509.ExtensionType]], addresses: set[str], *, of_ca: bool) -> None:
    for extension in extensions:
        match extension.value:
            case x509.IssuingDistributionPoint() as point:
                names = {str(name.value) for name in point.full_name or ()}
                elsewhere = names and addresses and names.isdisjoint(addresses)
                other_kind = point.only_contains_ca_certs if not of_ca else point.only_contains_user_certs
                if elsewhere or other_kind or point.indirect_crl or point.only_contains_attribute_certs:
                    raise CrlError("The revocation list is for other certificates (different scope).")
            case x509.DeltaCRLIndicator():
                raise CrlError("The revocation list is a delta list, which says nothing by itself.")
            case x509.AuthorityKeyIdentifier() | x509.CRLNumber():
                continue
            case _ if extension.critical:
                raise CrlError(
                    f"The revocation list has a critical extension not known here: {extension.oid.dotted_string}."
                )
