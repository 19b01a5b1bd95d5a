"""What a certificate service keeps of what it has issued, beyond the life of its process."""

from __future__ import annotations

from cryptography import x509
from msgspec import Struct

from pncsim.backend.store import MAX_PAGE, Change, KeptKind, Store
from pncsim.tls_certs import reading
from pncsim.tls_certs.ledger import issuer_name
from pncsim.tls_certs.revocation import Reason
from pncsim.wire.values import replace


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


@reading.by_identity
def issuer_key(authority: x509.Certificate) -> str:
    """Names an authority by its name and its key, as OCSP does: what it has revoked stays so when it is renewed."""
    return issuer_name(authority)


def issued_key(issuer: str, serial: int) -> str:
    """Under what a certificate is kept."""
    return f"{issuer}/{serial:x}"


async def name_by_key(store: Store, authority: x509.Certificate) -> None:
    """Let what ``authority`` has issued be found by its name and key: before schema 3 its certificate named it."""
    was, now = reading.fingerprint(reading.der(authority)), issuer_key(authority)

    async def rename(change: Change) -> int:
        page = await change.of(ISSUED).page(("issuer", was), limit=MAX_PAGE)
        for issued in page.values:
            await change.of(ISSUED).remove(ISSUED.key(issued))
            renamed = replace(issued, issuer=now)
            if await change.of(ISSUED).get(ISSUED.key(renamed)) is None:
                await change.of(ISSUED).put(renamed)
        return len(page.values)

    if (await store.of(ISSUED).page(("issuer", was), limit=1)).values:
        while await store.change(rename):
            pass


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
