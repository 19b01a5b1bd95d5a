"""How the responders and revocation lists of a lab are asked: its own here, those of others where they are."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from pncsim.simulator.lab.behind.footing import Footing

if TYPE_CHECKING:
    from pncsim.backend.pki.fetch import Fetch
    from pncsim.backend.pki.responder import OcspResponder
    from pncsim.backend.pki.revocation_lists import FetchList


def ocsp_over_http(
    footing: Footing, own_url: str, answered_here: Collection[str], responder: Callable[[], OcspResponder]
) -> Fetch:
    """OCSP over HTTP; a folder's certificates name an address of their own, which the responder here answers.

    ``own_url``: where that listens, "" if it is asked in this process. ``answered_here``: the other addresses for
    which it speaks, whenever they are known. It speaks only for authorities whose keys are here: for others the
    responder that the certificate names is asked.
    """
    from pncsim.backend.pki.fetch import HttpFetch, own_first

    http = HttpFetch(footing.clock)
    footing.sockets.push_async_callback(http.close)

    async def fetch(url: str, request: bytes) -> bytes:
        here = url in answered_here and responder().speaks(request)
        return await http(own_url if here else url, request)

    return fetch if own_url else own_first(responder, http)


def lists_over_http(footing: Footing) -> FetchList:
    """Revocation lists over HTTP, from where certificates say they are."""
    from pncsim.backend.pki.fetch import HttpLists

    http = HttpLists(footing.clock)
    footing.sockets.push_async_callback(http.close)
    return http
