"""One guest of an HTTP listener: its connection, and the clock and the scales it is held against."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

if TYPE_CHECKING:
    from aiohttp import web

_CLOSING = b"Connection: close\r\nContent-Length: 0\r\n\r\n"
_BUSY = b"HTTP/1.1 503 Service Unavailable\r\n" + _CLOSING
_LATE = b"HTTP/1.1 408 Request Timeout\r\n" + _CLOSING
_TOO_BIG = b"HTTP/1.1 431 Request Header Fields Too Large\r\n" + _CLOSING
_END = b"\r\n\r\n"


class Limits(Struct, frozen=True, kw_only=True):
    """What guests may take. Seconds are the machine's: a lab whose time leaps does not lose its connections.

    ``connections`` at once, further ones are answered 503. ``header``: from a request's first octet to the end of its
    header, ``whole`` until its body is there too, and again until its answer is taken; ``idle``: without a request.
    ``fields`` lines of up to ``line`` octets and ``head`` octets together in a header, ``body`` octets in a body.
    """

    connections: int = 512
    header: float = 5.0
    whole: float = 15.0
    idle: float = 60.0
    line: int = 8_190
    fields: int = 64
    head: int = 32_768
    body: int = 65_536


LIMITS = Limits()
"""What holds where nobody says otherwise; the largest legitimate body, a signed bundle as base64, has 10 000 octets."""


class TurnedAway(asyncio.Protocol):
    """One guest too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(_BUSY)
        transport.close()


class Guest(asyncio.Protocol):
    """One connection: hands everything to aiohttp's ``handler`` and looks at the clock meanwhile.

    ``left`` is called when the connection is over, or has not come about in time: nobody is told of a TLS handshake
    that breaks off. ``arrived`` is called when a request is there as a whole. How long a guest may do nothing between
    requests is aiohttp's to watch.
    """

    def __init__(
        self,
        handler: asyncio.Protocol,
        limits: Limits,
        *,
        left: Callable[[], object],
        arrived: Callable[[], object],
    ) -> None:
        self._handler, self._limits, self._left, self._arrived = handler, limits, left, arrived
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._due: float | None = None
        self._loop = asyncio.get_running_loop()
        self._at: Literal["rest", "header", "header's end", "request"] = "rest"
        self._octets = 0
        self._last = b""
        self._arm(limits.whole)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._due = None
        self._transport = transport
        self._handler.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if self._at == "rest":
            self._at, self._octets, self._last = "header", 0, b""
            self._arm(self._limits.header)
        if self._at == "header" and not self._weigh(data):
            return
        self._handler.data_received(data)

    def eof_received(self) -> bool | None:
        return self._handler.eof_received()

    def pause_writing(self) -> None:
        self._handler.pause_writing()

    def resume_writing(self) -> None:
        self._handler.resume_writing()

    def connection_lost(self, error: Exception | None) -> None:
        self._due = None
        self._at = "rest"
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._left()
        self._handler.connection_lost(error)

    def header_read(self, request: web.Request) -> None:
        """The header is there; time goes on until the body is."""
        self._at = "request"
        if request.content.is_eof():
            self._due = None
            self._arrived()
            return
        self._arm(self._limits.whole)
        request.content.on_eof(self._whole)

    @property
    def arriving(self) -> bool:
        """Whether a request has begun to come and is not there as a whole."""
        return self._at in ("header", "header's end") or (self._at == "request" and self._due is not None)

    def answered(self) -> None:
        """The answer is made; it must be taken."""
        self._at = "rest"
        self._arm(self._limits.whole)

    def _weigh(self, data: bytes) -> bool:
        """Whether the header so far, ``data`` included, is not too big."""
        end = (self._last + data).find(_END)
        self._octets += len(data) if end < 0 else end + len(_END) - len(self._last)
        if self._octets > self._limits.head:
            self._dismiss(_TOO_BIG)
            return False
        self._last = (self._last + data[-3:])[-3:]
        if end >= 0:
            self._at = "header's end"
        return True

    def _dismiss(self, answer: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(answer)
            self._transport.close()

    def _arm(self, seconds: float) -> None:
        """Expire then. A timer that runs is let run, unless it would be late: requests come faster than time is up."""
        self._due = self._loop.time() + seconds
        if self._timer is not None and self._timer.when() > self._due:
            self._timer.cancel()
            self._timer = None
        if self._timer is None:
            self._timer = self._loop.call_at(self._due, self._expire)

    def _whole(self) -> None:
        self._due = None
        self._arrived()

    def _expire(self) -> None:
        self._timer = None
        if self._due is None:
            return
        if self._due > self._loop.time():
            self._timer = self._loop.call_at(self._due, self._expire)
            return
        self._due = None
        if self._transport is None:
            self._left()
        elif self._at in ("header", "header's end"):
            self._dismiss(_LATE)
        elif self._at == "request" or self._transport.get_write_buffer_size():
            with contextlib.suppress(OSError):
                self._transport.abort()
