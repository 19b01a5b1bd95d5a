"""The one way to listen for HTTP, REST and WebSocket alike: bound early, bounded in everything a guest may do.

The port is bound at once, so that its address can go into certificates, and answers only after
:meth:`HttpListener.start`. Whatever a guest sends, it is answered 4xx or loses its connection: none of it is written to
standard error, and an application sees only requests that are whole.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import resource
import socket
from typing import TYPE_CHECKING

from pncsim.wire.errors import LocalError
from pncsim.wire.http_guest import LIMITS, Guest, Limits, TurnedAway
from pncsim.wire.memory import give_back

if TYPE_CHECKING:
    import ssl

    from aiohttp import web
    from aiohttp.typedefs import Handler, Middleware

    from pncsim.wire.voice import Voice

__all__ = ["LIMITS", "HttpListener", "Limits"]

STOP = 2.0
"""Seconds a stop waits for requests in progress (machine time)."""

CROWD = 128
"""So many guests at once leave memory behind that is worth giving back."""

FILES_KEPT = 128
"""Files and sockets of the process that guests do not get: the loop accepts a hundred before it lets us see one."""


class HttpListener:
    """One listening socket. ``host``: loopback unless told otherwise; ``port`` 0 takes a free one.

    ``voice`` tells of requests that are none, and of defects of ours. Raises LocalError if the address cannot be had.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        tls: ssl.SSLContext | None = None,
        limits: Limits = LIMITS,
        voice: Voice | None = None,
    ) -> None:
        self.limits = limits
        self._tls, self._voice = tls, voice
        self._runner: web.AppRunner | None = None
        self._server: asyncio.Server | None = None
        self._ending: asyncio.Task[None] | None = None
        self.guests: dict[object, Guest] = {}
        """Who is connected."""
        self.knocks = 0
        """How many have connected so far, whatever has come of it: with TLS some never get further."""
        self._most = 0
        self._fewer = asyncio.Event()  # of those who are in the middle of a request
        self._socket = _bound(host, port)
        self.host, self.port = self._socket.getsockname()[:2]

    @property
    def url(self) -> str:
        """``http://host:port`` without a slash at the end."""
        return self.url_as(self.host)

    def url_as(self, host: str) -> str:
        """As :attr:`url`, by another name of the host."""
        return f"{'https' if self._tls else 'http'}://{f'[{host}]' if ':' in host else host}:{self.port}"

    def release(self) -> None:
        """Give back the address of a listener that was not started."""
        self._socket.close()

    async def start(self, app: web.Application) -> None:
        """Listen and answer with ``app``, whose ``client_max_size`` should be the limits' ``body``.

        Called again, it answers with that application from now on; connections of before are closed once the request
        they are at is answered.
        """
        from pncsim.wire.web import web

        app.middlewares.append(self._attend())
        limits = self.limits
        logger = logging.Logger("pncsim.http")
        logger.addHandler(_Complaints(self.url, self._voice))
        runner = web.AppRunner(
            app,
            access_log=None,
            logger=logger,
            handle_signals=False,
            shutdown_timeout=STOP,
            keepalive_timeout=limits.idle,
            lingering_time=min(limits.whole, STOP),
            max_line_size=limits.line,
            max_field_size=limits.line,
            max_headers=limits.fields,
            auto_decompress=False,
        )
        await runner.setup()
        before, self._runner = self._runner, runner
        if before is not None:
            self._ending = asyncio.create_task(self._end(before))  # nobody waits who may be the request in progress
            return
        self._server = await asyncio.get_running_loop().create_server(
            self._enter, sock=self._socket, ssl=self._tls, ssl_handshake_timeout=limits.whole if self._tls else None
        )

    async def stop(self) -> None:
        """Let requests in progress end, then close. May be called at any time, also twice."""
        runner, self._runner = self._runner, None
        if self._server is not None:
            self._server.close()
        if runner is not None:
            await self._end(runner)
        if self._ending is not None:
            await self._ending
        self._socket.close()

    async def _end(self, runner: web.AppRunner) -> None:
        """Let requests that have begun to arrive do so, and those in progress end.

        Once it ends, aiohttp 3.14 drops what comes: the rest of a body, for which the request would wait in vain.
        """
        guests = tuple(self.guests.values())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP):
                while any(guest.arriving for guest in guests):
                    self._fewer.clear()
                    await self._fewer.wait()
        await runner.cleanup()

    def _enter(self) -> asyncio.Protocol:
        """The protocol of a new connection; over TLS it may still fail in the handshake."""
        assert self._runner is not None and self._runner.server is not None
        self.knocks += 1
        if len(self.guests) >= self.limits.connections or not self._files_left():
            return TurnedAway()
        handler = self._runner.server()
        guest = Guest(handler, self.limits, left=lambda: self._leave(handler), arrived=self._fewer.set)
        self.guests[handler] = guest
        self._most = max(self._most, len(self.guests))
        return guest

    def _leave(self, handler: object) -> None:
        self._fewer.set()
        if self.guests.pop(handler, None) is None or self._runner is None:
            return
        if self._most >= CROWD and len(self.guests) <= self._most // 8:
            self._most = len(self.guests)
            asyncio.get_running_loop().call_soon(give_back)

    def _files_left(self) -> bool:
        """Whether the process may open enough files yet; without one, accepting would fail, loudly and for all."""
        try:
            lowest = os.dup(self._socket.fileno())
        except OSError:
            return False
        os.close(lowest)
        return lowest < resource.getrlimit(resource.RLIMIT_NOFILE)[0] - FILES_KEPT

    def _attend(self) -> Middleware:
        """Tells a guest how far its request has come; only whole requests go further.

        Innermost, where what it raises is answered in the application's own form.
        """
        from pncsim.wire.web import web

        @web.middleware
        async def attend(request: web.Request, handler: Handler) -> web.StreamResponse:
            guest = self.guests.get(request.protocol)
            if guest is not None:
                guest.header_read(request)
            try:
                if request.headers.get("Content-Encoding", "identity").lower() != "identity":
                    raise web.HTTPUnsupportedMediaType(text="Content-Encoding is not understood here (RFC 9110 8.4).")
                try:
                    await request.read()
                except (web.RequestPayloadError, ConnectionError):
                    raise web.HTTPBadRequest(text="The body cannot be read.") from None
                return await handler(request)
            finally:
                if guest is not None:
                    guest.answered()

        return attend


class _Complaints(logging.Handler):
    """What aiohttp would write to standard error: requests that are none, and what escapes from an application."""

    def __init__(self, url: str, voice: Voice | None) -> None:
        super().__init__()
        self._url, self._voice = url, voice

    def emit(self, record: logging.LogRecord) -> None:
        from pncsim.wire.web import HttpProcessingError

        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, HttpProcessingError):
            if self._voice is not None:
                self._voice.http("(unread)", self._url, error.code, error.message.partition("\n")[0].rstrip(":"))
        elif record.levelno < logging.ERROR:
            return
        elif self._voice is not None:
            name = type(error).__name__ if error is not None else record.getMessage()
            self._voice.problem(LocalError(f"{name} at {self._url}: a fault of ours.", kind="defect", http_status=500))
        else:
            context = {"message": f"an application at {self._url} failed", "exception": error}
            asyncio.get_running_loop().call_exception_handler(context)


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
            advice="Name an address of this machine; 0.0.0.0 is all of them."
            if error.errno == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror)
            else "Choose another port, or 0 for any.",
        ) from error
    return bound
