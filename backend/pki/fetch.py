"""Ways to carry an OCSP request to its responder: to one in this process, or over HTTP."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from pncsim.wire.errors import PeerError, PeerSilent

if TYPE_CHECKING:
    import aiohttp

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
    """OCSP over HTTP POST. No redirects, bounded answers, one connection pool; :meth:`close` it at the end."""

    def __init__(self, clock: Clock, *, deadline: float = DEADLINE) -> None:
        self._clock = clock
        self._deadline = deadline
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, url: str, request: bytes) -> bytes:
        from pncsim.wire.web import aiohttp, machine_trust

        if urlsplit(url).scheme not in {"http", "https"}:
            raise _unreachable(url, "it is no http address" if url else "the certificate names no responder")
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None))
        tls = machine_trust() if urlsplit(url).scheme == "https" else True
        headers = {"Content-Type": REQUEST, "Accept": RESPONSE}
        try:
            async with (
                self._clock.timeout(self._deadline),
                self._session.post(url, data=request, headers=headers, allow_redirects=False, ssl=tls) as response,
            ):
                if response.status != 200:
                    raise _unreachable(url, f"it answered HTTP {response.status}")
                body = await response.content.read(MAX_RESPONSE + 1)
                while len(body) <= MAX_RESPONSE and (more := await response.content.read(MAX_RESPONSE + 1 - len(body))):
                    body += more
        except TimeoutError:
            raise PeerSilent(
                f"The OCSP responder {url} did not answer within {self._deadline:g} s.",
                clause="RFC 6960",
                http_status=502,
            ) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _unreachable(url, str(error) or type(error).__name__) from None
        if len(body) > MAX_RESPONSE:
            raise _unreachable(url, f"its answer is longer than {MAX_RESPONSE} octets")
        return body

    async def close(self) -> None:
        """Close the connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()


def _unreachable(url: str, why: str) -> PeerError:
    return PeerError(
        f"The OCSP responder {url or '(none)'} cannot be asked: {why}.", clause="RFC 6960", http_status=502
    )
