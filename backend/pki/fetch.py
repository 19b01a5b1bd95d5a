"""Ways to carry an OCSP request to its responder: to one in this process, or over HTTP."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from pncsim.backend.rest.client import HttpClient, kind_of
from pncsim.wire.errors import PeerError
from pncsim.wire.urls import without_password

if TYPE_CHECKING:
    from pncsim.wire.clock import Clock

REQUEST, RESPONSE = "application/ocsp-request", "application/ocsp-response"
MAX_RESPONSE = 65_536
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


class HttpFetch:
    """OCSP over HTTP POST; :meth:`close` it at the end."""

    def __init__(self, clock: Clock, *, deadline: float = DEADLINE) -> None:
        self._http = HttpClient(clock, whole=deadline, body=MAX_RESPONSE, clause="RFC 6960")

    async def __call__(self, url: str, request: bytes) -> bytes:
        if urlsplit(url).scheme not in {"http", "https"}:
            why = "it is no http address" if url else "the certificate names no responder"
            raise PeerError(
                f"The OCSP responder {without_password(url) or '(none)'} cannot be asked: {why}.",
                clause="RFC 6960",
                http_status=502,
            )
        whom, headers = f"The OCSP responder {without_password(url)}", {"Content-Type": REQUEST, "Accept": RESPONSE}
        reply = await self._http.request(whom, "POST", url, body=request, headers=headers)
        if reply.status != 200:
            raise PeerError(
                f"{whom} answered HTTP {reply.status}.",
                kind=kind_of(reply.status),
                clause="RFC 6960",
                http_status=502,
            )
        return reply.body

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()
