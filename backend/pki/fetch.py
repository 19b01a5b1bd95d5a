"""Ways to an OCSP responder, in this process or over HTTP, and to the revocation lists of others."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Protocol

from pncsim.backend.pki.named import NamedHttp

if TYPE_CHECKING:
    from pncsim.backend.pki.responder import OcspResponder
    from pncsim.wire.clock import Clock

REQUEST, RESPONSE = "application/ocsp-request", "application/ocsp-response"
MAX_RESPONSE = 65_536
MAX_LIST = 1_048_576
"""Octets of a revocation list: some twenty thousand entries."""
DEADLINE = 1.5
"""Seconds a responder may take: the vehicle behind the question waits 5 s for everything together."""


class Fetch(Protocol):
    """Carries ``request`` (DER) to the responder at ``url``, an empty text if the certificate names none."""

    async def __call__(self, url: str, request: bytes) -> bytes: ...


def in_process(answer: Callable[[bytes], Awaitable[bytes]]) -> Fetch:
    """Every request goes to ``answer`` (:meth:`OcspResponder.answer`), whatever the address."""

    async def fetch(url: str, request: bytes) -> bytes:
        return await answer(request)

    return fetch


def own_first(responder: Callable[[], OcspResponder], others: Fetch) -> Fetch:
    """What the own responder can speak for goes to it in this process, everything else to ``others``."""

    async def fetch(url: str, request: bytes) -> bytes:
        own = responder()
        return await (own.answer(request) if own.speaks(request) else others(url, request))

    return fetch


class HttpFetch:
    """OCSP over HTTP POST; :meth:`close` it at the end."""

    def __init__(self, clock: Clock, *, deadline: float = DEADLINE) -> None:
        self._http = NamedHttp(clock, "OCSP responder", deadline=deadline, body=MAX_RESPONSE, clause="RFC 6960")

    async def __call__(self, url: str, request: bytes) -> bytes:
        return await self._http.ask("POST", url, body=request, headers={"Content-Type": REQUEST, "Accept": RESPONSE})

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()


class HttpLists:
    """Revocation lists over HTTP GET; :meth:`close` it at the end."""

    def __init__(self, clock: Clock, *, deadline: float = DEADLINE) -> None:
        self._http = NamedHttp(clock, "revocation list", deadline=deadline, body=MAX_LIST, clause="RFC 5280 4.2.1.13")

    async def __call__(self, url: str) -> bytes:
        """The list (DER) at ``url``. Raises PeerError."""
        return await self._http.ask("GET", url)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()
