"""Certificate revocation lists over HTTP (RFC 2585 section 4): one for each authority, for everybody (PKI-6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pncsim.backend.pki.store import ISSUED, issuer_key
from pncsim.backend.refusal import Refused
from pncsim.backend.rest.access import Grant
from pncsim.backend.rest.routes import Route
from pncsim.backend.store import Store, every
from pncsim.tls_certs.authority import Authority
from pncsim.tls_certs.crl import build_crl
from pncsim.tls_certs.pki import Pki
from pncsim.wire.clock import Clock

if TYPE_CHECKING:
    from aiohttp import web

PATH = "/crl"
MEDIA_TYPE = "application/pkix-crl"


def routes(pkis: Mapping[str, Pki], store: Store, clock: Clock) -> tuple[Route, ...]:
    """``/crl/cpo_sub2.crl``: the list of that authority; ``/crl/<name>/cpo_sub2.crl`` where the PKI has a name.

    An authority whose key is not here has none.
    """
    from pncsim.wire.web import web

    async def get(request: web.Request, grant: Grant) -> web.StreamResponse:
        pki, role = pkis.get(request.match_info.get("pki", "")), request.match_info["role"]
        authorities = () if pki is None else pki.authorities()
        for authority in authorities:
            if authority.role == role and authority.key is not None:
                await _recall(authority, store)
                return web.Response(body=build_crl(authority, clock.now()), content_type=MEDIA_TYPE)
        raise Refused(f"There is no revocation list of {role[:40]!r} here.", clause="PKI-6", http_status=404)

    return (
        Route("GET", PATH + "/{role}.crl", "crl", None, get),
        Route("GET", PATH + "/{pki}/{role}.crl", "crl", None, get),
    )


async def _recall(authority: Authority, store: Store) -> None:
    """Let the authority know what is kept as revoked, whichever process did it."""
    async for issued in every(store.of(ISSUED), ("revoked", issuer_key(authority.certificate))):
        if issued.revoked_at is not None:
            authority.revoke(issued.certificate, issued.revoked_at, issued.reason)
