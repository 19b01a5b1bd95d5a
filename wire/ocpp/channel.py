"""Where OCPP frames travel: a WebSocket, or two queues in memory."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Protocol

from pncsim.wire.errors import PeerClosed
from pncsim.wire.ocpp.versions import V201, OcppVersion


class FrameChannel(Protocol):
    """Carries text frames of one version in order.

    ``close_code`` and ``close_reason`` say how it ended once :meth:`receive` has returned None (1006: without a close).
    """

    close_code: int | None
    close_reason: str

    @property
    def version(self) -> OcppVersion:
        """What both ends have agreed to speak."""

    async def send(self, text: str) -> None:
        """Hand over one frame. Raises PeerClosed when the channel is closed."""

    async def receive(self) -> str | None:
        """The next frame, or None after the end."""

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Close with a WebSocket close code (RFC 6455 7.4.1); closing twice does nothing."""


Connector = Callable[[str, str | None], Awaitable[FrameChannel]]
"""Opens a channel to the CSMS for (identity, password or None). Raises PeerError when that fails."""


class MemoryChannel:
    """One end of a pair; see :func:`memory_channels`. Frames sent before a close are still received."""

    def __init__(self, version: OcppVersion) -> None:
        self.version = version
        self.close_code: int | None = None
        self.close_reason = ""
        self._inbox: deque[str] = deque()
        self._reader: asyncio.Future[None] | None = None
        self._far: MemoryChannel | None = None

    def post(self, text: str) -> None:
        """As :meth:`send`, at once: memory never blocks, and a writer's turn of the loop is saved."""
        if self.close_code is not None or self._far is None:
            raise PeerClosed(f"The channel is closed ({self.close_code} {self.close_reason}).")
        self._far._inbox.append(text)
        self._far._wake()

    async def send(self, text: str) -> None:
        """As :class:`FrameChannel`."""
        self.post(text)

    async def receive(self) -> str | None:
        """As :class:`FrameChannel`; one reader at a time."""
        while not self._inbox:
            if self.close_code is not None:
                return None
            self._reader = asyncio.get_running_loop().create_future()
            await self._reader
        return self._inbox.popleft()

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """As :class:`FrameChannel`."""
        for end in (self, self._far):
            if end is not None and end.close_code is None:
                end.close_code, end.close_reason = code, reason
                end._wake()

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)


def memory_channels(version: OcppVersion = V201) -> tuple[MemoryChannel, MemoryChannel]:
    """Two ends of one connection in memory."""
    near, far = MemoryChannel(version), MemoryChannel(version)
    near._far, far._far = far, near
    return near, far
