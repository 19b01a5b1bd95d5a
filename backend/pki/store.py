"""What a certificate service keeps of what it has issued, beyond the life of its process."""

from __future__ import annotations

from cryptography import x509
from msgspec import Struct

from pncsim.backend.store import KeptKind
from pncsim.tls_certs.ledger import issuer_name
from pncsim.tls_certs.revocation import Reason


class IssuedCertificate(Struct, frozen=True, kw_only=True):
    """One certificate; ``issuer`` is its authority (:func:`issuer_key`), ``revoked_at`` lab seconds since the epoch.

    ``holder``: the client that enrolled for it, empty where it was made otherwise.
    """

    issuer: str
    certificate: x509.Certificate
    issued_at: float
    revoked_at: float | None = None
    reason: Reason = "unspecified"
    holder: str = ""


class KeptStatus(Struct, frozen=True, kw_only=True):
    """What an :class:`IssuedCertificate` says of its revocation."""

    revoked_at: float | None = None
    reason: Reason = "unspecified"


def issuer_key(authority: x509.Certificate) -> str:
    """Names an authority by its name and its key, as OCSP does: what it has revoked stays so when it is renewed."""
    return issuer_name(authority)


def issued_key(issuer: str, serial: int) -> str:
    """Under what a certificate is kept."""
    return f"{issuer}/{serial:x}"


ISSUED: KeptKind[IssuedCertificate] = KeptKind(
    "issued",
    IssuedCertificate,
    key=lambda issued: issued_key(issued.issuer, issued.certificate.serial_number),
    indexes={
        "issuer": lambda issued: issued.issuer,
        "revoked": lambda issued: issued.issuer if issued.revoked_at is not None else "",
    },
)
"""Found by issuer, and by the issuer of what is revoked: that is what a revocation list lists."""
