"""Where OCPP frames travel: a WebSocket, or memory. A channel never blocks who sends, and hands over what arrives."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Literal, Protocol

from pncsim.wire.ocpp.frames import Frame
from pncsim.wire.ocpp.versions import V201, OcppVersion

if TYPE_CHECKING:
    from pncsim.wire.ocpp.handshake import LinkSecurity

TURN = 16
"""Frames handed over within one turn of the loop; then everybody else has theirs, however many more have arrived."""


class FrameChannel(Protocol):
    """Carries frames of one version in order."""

    @property
    def close_code(self) -> int | None:
        """The close code of RFC 6455 7.4.1 once the channel has ended; 1006 without a close."""

    @property
    def close_reason(self) -> str:
        """What was said with it."""

    @property
    def version(self) -> OcppVersion:
        """What both ends have agreed to speak."""

    @property
    def secured(self) -> LinkSecurity | None:
        """The TLS below it as the station sees it, where there is any."""

    def post(self, frame: Frame) -> None:
        """Send; never blocks. What is posted after the end is dropped: :meth:`deliver` tells the end."""

    async def deliver(self, to: Callable[[Frame], None]) -> None:
        """Hand over every frame that arrives, until the end, at most TURN of them in one turn of the loop.

        Raises what ``to`` raises. To be called once.
        """

    async def ping(self) -> None:
        """Ask the far end for a sign of life (RFC 6455 5.5.2). Returns with it, or with the end; else never."""

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Close with this code after what was posted; closing twice does nothing."""


Admission = Literal["welcome", "unknown", "unauthorized"]
"""Whether a station may come in, by its identity and password."""

Connector = Callable[[str, str | None], Awaitable[FrameChannel]]
"""Opens a channel to the CSMS for (identity, password or None). Raises PeerError when that fails."""


class MemoryChannel:
    """One end of a pair; see :func:`memory_channels`. Frames posted before a close are still delivered.

    They are delivered from the loop, never from within the sender's turn. ``pings`` counts those sent from here.
    """

    def __init__(self, version: OcppVersion) -> None:
        self.version = version
        self.secured: LinkSecurity | None = None
        self.close_code: int | None = None
        self.close_reason = ""
        self.pings = 0
        self._inbox: deque[Frame] = deque()
        self._to: Callable[[Frame], None] | None = None
        self._end: asyncio.Future[None] | None = None
        self._due = False
        self._far: MemoryChannel | None = None

    def post(self, frame: Frame) -> None:
        """As :class:`FrameChannel`."""
        if self.close_code is None and self._far is not None:
            self._far._inbox.append(frame)
            self._far._schedule()

    async def deliver(self, to: Callable[[Frame], None]) -> None:
        """As :class:`FrameChannel`."""
        self._to, self._end = to, asyncio.get_running_loop().create_future()
        self._schedule()
        try:
            await self._end
        finally:
            self._to = None

    async def ping(self) -> None:
        """As :class:`FrameChannel`; the far end of a channel in memory is there."""
        self.pings += 1

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """As :class:`FrameChannel`."""
        for end in (self, self._far):
            if end is not None and end.close_code is None:
                end.close_code, end.close_reason = code, reason
                end._schedule()

    def _schedule(self) -> None:
        if self._to is not None and not self._due:
            self._due = True
            asyncio.get_running_loop().call_soon(self._hand_over)

    def _hand_over(self) -> None:
        self._due = False
        if self._to is None or self._end is None or self._end.done():
            return
        try:
            for _ in range(min(TURN, len(self._inbox))):
                self._to(self._inbox.popleft())
        except Exception as error:
            self._end.set_exception(error)
            return
        if self._inbox:
            self._schedule()
        elif self.close_code is not None:
            self._end.set_result(None)


def memory_channels(version: OcppVersion = V201) -> tuple[MemoryChannel, MemoryChannel]:
    """Two ends of one connection in memory."""
    near, far = MemoryChannel(version), MemoryChannel(version)
    near._far, far._far = far, near
    return near, far
