"""Bytes on the link for whoever reads along: SDP datagrams, and what TCP connections carry, below TLS.

Each instance tells what it saw itself, through its own voice: of a datagram in memory or on loopback there are two
events, sent by the vehicle and received by the station. A capture file is made of the events of one unit.
"""

from __future__ import annotations

from pncsim.wire.errors import PncError
from pncsim.wire.streams import ByteStream, Layer
from pncsim.wire.trace import Direction, EndPoint, LinkMark
from pncsim.wire.voice import Voice


def datagram(voice: Voice | None, direction: Direction, local: EndPoint, remote: EndPoint, data: bytes) -> None:
    """Tell of a UDP datagram, if anybody wants to know."""
    if voice is not None and voice.wants_bytes:
        voice.octets(direction, "UDP", local, remote, data)


def captured(stream: ByteStream, voice: Voice | None, opening: Direction) -> ByteStream:
    """A connection just opened, with all that passes told by ``voice``; ``stream`` itself if nobody wants to know.

    ``opening``: "sent" by who connected, "received" by who accepted.
    """
    return stream if voice is None or not voice.wants_bytes else _Captured(stream, voice, opening)


class _Captured(Layer):
    """A stream that tells what passes through it."""

    def __init__(self, stream: ByteStream, voice: Voice, opening: Direction) -> None:
        super().__init__(stream)
        self._voice = voice
        self._mark(opening, "opened")

    def received(self, data: bytes) -> None:
        self._voice.octets("received", "TCP", self.local, self.remote, data)
        super().received(data)

    def ended(self, error: PncError | None) -> None:
        if not self._closed:
            self._mark("received", "ended" if error is None else "reset")
        super().ended(error)

    def write(self, data: bytes) -> None:
        if not self._closed:
            self._voice.octets("sent", "TCP", self.local, self.remote, data)
        super().write(data)

    def finish(self) -> None:
        if not self._closed:
            self._mark("sent", "ended")
        super().finish()

    def abort(self) -> None:
        if not self._closed:
            self._mark("sent", "reset")
        super().abort()

    def _mark(self, direction: Direction, mark: LinkMark) -> None:
        self._voice.octets(direction, "TCP", self.local, self.remote, mark=mark)
