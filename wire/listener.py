"""The one way to listen for HTTP, REST and WebSocket alike: bound early, bounded in everything a guest may do.

The port is bound at once, so that its address can go into certificates, and answers only after
:meth:`HttpListener.start`.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from msgspec import Struct

from pncsim.wire.errors import LocalError

if TYPE_CHECKING:
    import ssl

    from aiohttp import web

STOP = 2.0
"""Seconds a stop waits for requests in progress (machine time)."""

_BUSY = b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
_LATE = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class Limits(Struct, frozen=True, kw_only=True):
    """What guests may take. Seconds are the machine's: a lab whose time leaps does not lose its connections.

    ``connections`` at once, further ones are answered 503. ``header``: from a request's first octet to the end of its
    header, ``whole`` until its body is there too, and again until its answer is taken; ``idle``: without a request.
    ``fields`` lines of up to ``line`` octets in a header, ``body`` octets in a body.
    """

    connections: int = 512
    header: float = 5.0
    whole: float = 15.0
    idle: float = 60.0
    line: int = 8_190
    fields: int = 64
    body: int = 65_536


LIMITS = Limits()
"""What holds where nobody says otherwise; the largest legitimate body, a signed bundle as base64, has 10 000 octets."""


class HttpListener:
    """One listening socket. ``host``: loopback unless told otherwise; ``port`` 0 takes a free one.

    Raises LocalError where the address cannot be had.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        tls: ssl.SSLContext | None = None,
        limits: Limits = LIMITS,
    ) -> None:
        self.limits = limits
        self._tls = tls
        self._runner: web.AppRunner | None = None
        self._server: asyncio.Server | None = None
        self.guests: dict[object, _Guest] = {}
        """Who is connected."""
        self._socket = _bound(host, port)
        self.host, self.port = self._socket.getsockname()[:2]

    @property
    def url(self) -> str:
        """``http://host:port`` without a slash at the end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self._tls else 'http'}://{host}:{self.port}"

    async def start(self, app: web.Application) -> None:
        """Listen and answer with ``app``, whose ``client_max_size`` should be the limits' ``body``."""
        from pncsim.wire.web import web

        app.middlewares.insert(0, self._attend())
        limits = self.limits
        self._runner = web.AppRunner(
            app,
            access_log=None,
            handle_signals=False,
            shutdown_timeout=STOP,
            keepalive_timeout=limits.idle,
            lingering_time=min(limits.whole, STOP),
            max_line_size=limits.line,
            max_field_size=limits.line,
            max_headers=limits.fields,
        )
        await self._runner.setup()
        self._server = await asyncio.get_running_loop().create_server(
            self._enter, sock=self._socket, ssl=self._tls, ssl_handshake_timeout=limits.whole if self._tls else None
        )

    async def stop(self) -> None:
        """Let requests in progress end, then close. May be called at any time, also twice."""
        runner, self._runner = self._runner, None
        if self._server is not None:
            self._server.close()
        if runner is not None:
            await runner.cleanup()
        self._socket.close()

    def _enter(self) -> asyncio.Protocol:
        """The protocol of a new connection; over TLS it may still fail in the handshake."""
        assert self._runner is not None and self._runner.server is not None
        if len(self.guests) >= self.limits.connections:
            return _TurnedAway()
        handler = self._runner.server()
        guest = _Guest(handler, self.limits, lambda: self.guests.pop(handler, None))
        self.guests[handler] = guest
        return guest

    def _attend(self) -> Callable[..., Awaitable[web.StreamResponse]]:
        """The middleware that tells a guest how far its request has come."""
        from pncsim.wire.web import web

        @web.middleware
        async def attend(
            request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
        ) -> web.StreamResponse:
            guest = self.guests.get(request.protocol)
            if guest is None:
                return await handler(request)
            guest.header_read(request)
            try:
                return await handler(request)
            finally:
                guest.answered()

        return attend


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        if port:
            # A given port may still have old connections dying on it. Two sockets that both reuse it can be bound at
            # once, so only listening shows whether it is ours.
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        if port:
            bound.listen()
    except OSError as error:
        bound.close()
        raise LocalError(
            f"Port {port} of {host} cannot be bound: {error.strerror or error}.",
            advice="Choose another port, or 0 for any.",
        ) from error
    return bound


class _TurnedAway(asyncio.Protocol):
    """One guest too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(_BUSY)
        transport.close()


class _Guest(asyncio.Protocol):
    """One connection: hands everything to aiohttp's ``handler`` and looks at the clock meanwhile.

    ``left`` is called once, when the connection is over or has never come about. How long a guest may do nothing
    between requests is aiohttp's to watch.
    """

    def __init__(self, handler: asyncio.Protocol, limits: Limits, left: Callable[[], object]) -> None:
        self._handler, self._limits, self._left = handler, limits, left
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._reading_header = False
        self._in_request = False
        self._arm(limits.whole)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._disarm()
        self._transport = transport
        self._handler.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if not self._in_request and not self._reading_header:
            self._reading_header = True
            self._arm(self._limits.header)
        self._handler.data_received(data)

    def eof_received(self) -> bool | None:
        return self._handler.eof_received()

    def pause_writing(self) -> None:
        self._handler.pause_writing()

    def resume_writing(self) -> None:
        self._handler.resume_writing()

    def connection_lost(self, error: Exception | None) -> None:
        self._disarm()
        self._left()
        self._handler.connection_lost(error)

    def header_read(self, request: web.Request) -> None:
        """The header is there; time goes on until the body is."""
        self._reading_header, self._in_request = False, True
        self._arm(self._limits.whole)
        request.content.on_eof(self._disarm)

    def answered(self) -> None:
        """The answer is made; it must be taken."""
        self._in_request = False
        self._arm(self._limits.whole)

    def _arm(self, seconds: float) -> None:
        self._disarm()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._expire)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _expire(self) -> None:
        self._timer = None
        if self._transport is None:
            self._left()  # the TLS handshake was never finished
        elif self._reading_header:
            self._transport.write(_LATE)
            self._transport.close()
        elif self._in_request or self._transport.get_write_buffer_size():
            with contextlib.suppress(OSError):
                self._transport.abort()
