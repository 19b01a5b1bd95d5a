"""The one HTTP client of the services: bounded in time and size, no redirects, every failure a sentence with a kind."""

from __future__ import annotations

import asyncio
import json
import os
import ssl
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from pncsim.wire.errors import Kind, PeerError, PeerSilent
from pncsim.wire.http_said import said
from pncsim.wire.urls import without_password

if TYPE_CHECKING:
    from types import SimpleNamespace

    import aiohttp

    from pncsim.wire.clock import Clock
    from pncsim.wire.voice import Voice

_CHUNK = 65_536
_KINDS: Mapping[int, Kind] = {
    400: "malformed",
    401: "not authorised",
    403: "not authorised",
    408: "silent",
    413: "too big",
    429: "flood",
    502: "unreachable",
    503: "unreachable",
    504: "silent",
}


def kind_of(status: int) -> Kind:
    """What an answer with this HTTP status says went wrong."""
    return _KINDS.get(status, "refused" if 400 <= status < 500 else "unexpected answer")


class HttpReply(Struct, frozen=True):
    """An answer, whatever its status."""

    status: int
    body: bytes

    def json_object(self) -> dict[str, Any]:
        """The body as a JSON object; an empty one where it is none."""
        try:
            value = json.loads(self.body) if self.body else {}
        except (ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}


class HttpClient:
    """Connections to servers of others; :meth:`close` it at the end.

    ``whole``: seconds of lab time an exchange may take, ``connect``: of these until the connection stands, TLS
    included; ``body``: octets of an answer. ``tls``: trust for https addresses, by default the machine's. Failures name
    ``clause``; ``voice`` tells of each answer. ``check(host, addresses)`` raises OSError where what a name was resolved
    to is not to be connected to.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        whole: float,
        connect: float | None = None,
        body: int,
        clause: str = "",
        tls: ssl.SSLContext | None = None,
        voice: Voice | None = None,
        check: Callable[[str, list[str]], None] | None = None,
    ) -> None:
        self._clock, self._check = clock, check
        self._whole, self._connect, self._body = whole, whole if connect is None else connect, body
        self._clause = clause
        self._tls = tls
        self._voice = voice
        self._session: aiohttp.ClientSession | None = None

    async def request(
        self, whom: str, method: str, url: str, *, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> HttpReply:
        """One exchange; ``whom`` begins the sentence of a failure ("The contract pool at …").

        Raises PeerSilent, or PeerError of the kind "unreachable" or "flood" (an answer that is too long).
        """
        from pncsim.wire.web import aiohttp

        session, whom = self._session or self._open(), without_password(whom)
        try:
            async with self._clock.timeout(self._whole), asyncio.timeout(None) as connecting:
                timer = self._clock.call_at(self._clock.now() + self._connect, lambda: connecting.reschedule(0))
                try:
                    async with session.request(
                        method,
                        url,
                        data=body,
                        headers=headers,
                        ssl=self._trust(url),
                        allow_redirects=False,
                        # Nothing is asked for compressed: its size would be known only when it is too late.
                        skip_auto_headers=("Accept-Encoding",),
                        trace_request_ctx=timer,
                    ) as response:
                        octets = await _read(response, self._body)
                finally:
                    timer.cancel()
        except TimeoutError:
            if connecting.expired():
                raise PeerSilent(
                    f"{whom} did not accept a connection within {self._connect:g} s.",
                    clause=self._clause,
                    http_status=504,
                ) from None
            raise PeerSilent(
                f"{whom} did not answer within {self._whole:g} s.", clause=self._clause, http_status=504
            ) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise PeerError(
                f"{whom} cannot be reached: {without_password(_reason(error))}.",
                kind="unreachable",
                clause=self._clause,
                advice="Is it running, and is the address right?",
                http_status=502,
            ) from None
        if self._voice is not None:
            asked, answered = b"", b""
            if self._voice.wants_bytes:
                asked, answered = _said(response, body or b"", octets or b"")
            where = without_password(url)
            self._voice.http(method, where, response.status, request=asked, response=answered)
        if octets is None:
            raise PeerError(
                f"{whom} answered HTTP {response.status} with a body longer than {self._body} octets.",
                kind="flood",
                clause=self._clause,
                http_status=502,
            )
        return HttpReply(response.status, octets)

    async def close(self) -> None:
        """Close the connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _open(self) -> aiohttp.ClientSession:
        from pncsim.wire.web import aiohttp

        async def connected(session: aiohttp.ClientSession, context: SimpleNamespace, params: object) -> None:
            context.trace_request_ctx.cancel()

        tracing = aiohttp.TraceConfig()
        tracing.on_connection_create_end.append(connected)
        tracing.on_connection_reuseconn.append(connected)
        resolver = None if self._check is None else _checked(self._check)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(resolver=resolver),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
            cookie_jar=aiohttp.DummyCookieJar(),
            trace_configs=[tracing],
        )
        return self._session

    def _trust(self, url: str) -> ssl.SSLContext | bool:
        from pncsim.wire.web import machine_trust

        if self._tls is not None:
            return self._tls
        return machine_trust() if url.lower().startswith("https:") else True


def _reason(error: Exception) -> str:
    """Why, in the words of the system or of TLS: those of the library name its objects."""
    from pncsim.wire.web import aiohttp

    if isinstance(error, (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError)):
        return "that is no http:// or https:// address"
    cause: Exception = error
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        cause = error.certificate_error
    elif isinstance(error, aiohttp.ClientConnectorError):
        cause = error.os_error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"its certificate does not pass: {cause.verify_message}"
    if isinstance(cause, ssl.SSLError):
        return f"TLS fails: {cause.reason or cause}"
    said = (isinstance(cause, OSError) and cause.strerror) or str(cause) or type(cause).__name__
    if isinstance(cause, OSError) and cause.errno and said.startswith(("Connect call failed", "Multiple exceptions")):
        return os.strerror(cause.errno)  # asyncio and happy eyeballs repeat addresses there
    return said


def _checked(check: Callable[[str, list[str]], None]) -> aiohttp.ThreadedResolver:
    """A resolver whose answers are checked before anybody connects: what is connected to is what was checked."""
    from pncsim.wire.web import aiohttp

    class Checked(aiohttp.ThreadedResolver):
        async def resolve(self, host: str, *given: Any, **named: Any) -> list[Any]:
            found = await super().resolve(host, *given, **named)
            check(host, [entry["host"] for entry in found])
            return found

    return Checked()


def _said(response: aiohttp.ClientResponse, sent: bytes, got: bytes) -> tuple[bytes, bytes]:
    """Head and body of request and answer as they are kept for evidence."""
    info = response.request_info
    target = info.url.raw_path_qs
    return (
        said(f"{info.method} {target} HTTP/1.1", info.headers.items(), sent),
        said(f"HTTP/1.1 {response.status} {response.reason or ''}".rstrip(), response.headers.items(), got),
    )


async def _read(response: aiohttp.ClientResponse, limit: int) -> bytes | None:
    """The body, or None if it is longer than ``limit``."""
    octets = b""
    while chunk := await response.content.read(_CHUNK):
        octets += chunk
        if len(octets) > limit:
            return None
    return octets
