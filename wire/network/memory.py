"""A link within the process: SDP datagrams and streams pass through memory, so that virtual time is exact.

Nothing is bound to the addresses; they are such as a real link has, and those of two links differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv6Address

from pncsim.wire.acceptor import Acceptor
from pncsim.wire.capture import captured
from pncsim.wire.clock import Clock
from pncsim.wire.errors import PeerError
from pncsim.wire.network import Handlers, SeccAddress
from pncsim.wire.network.discovery import Asking, answer, check_handlers, main_address
from pncsim.wire.pipe import memory_pipe
from pncsim.wire.streams import ByteStream
from pncsim.wire.trace import EndPoint
from pncsim.wire.v2g.sdp import ATTEMPTS, MULTICAST_GROUP, PORT, Security, Wish
from pncsim.wire.voice import Voice

_PORTS = {Security.TLS: 61341, Security.NONE: 61342}
_DYNAMIC_PORTS = range(49_152, 61_000)
_VEHICLE = "vehicle (memory)"
_STATION = "station (memory)"
_SDP: EndPoint = (MULTICAST_GROUP, PORT)


class _MemoryServing:
    """A station on a :class:`MemoryNetwork`."""

    def __init__(self, host: str, handlers: Handlers, voice: Voice | None) -> None:
        self.addresses: Mapping[Security, SeccAddress] = {
            security: SeccAddress(host, _PORTS[security], security) for security in handlers
        }
        self.open = True
        self._voice = voice
        self._acceptors = {security: Acceptor(handler, voice) for security, handler in handlers.items()}

    @property
    def address(self) -> SeccAddress:
        return main_address(self.addresses)

    def answer(self, datagram: bytes, sender: EndPoint) -> bytes | None:
        """The reaction to an SDP datagram."""
        return answer(datagram, _SDP, sender, self.addresses, self._voice) if self.open else None

    def accept(self, address: SeccAddress, stream: ByteStream) -> bool:
        """Take a connection; False if nothing listens at ``address``."""
        if not self.open or address != self.addresses.get(address.security):
            return False
        self._acceptors[address.security].accept(stream)
        return True

    def withdraw(self) -> None:
        self.open = False

    async def close(self) -> None:
        self.withdraw()
        for acceptor in self._acceptors.values():
            await acceptor.close()


class MemoryNetwork:
    """A link in memory. Vehicle and station share this object; ``number`` (32 bits) sets its addresses apart."""

    def __init__(self, clock: Clock, number: int = 1) -> None:
        self._clock = clock
        self._serving: _MemoryServing | None = None
        self._ports = 0
        self._station, self._vehicle = (
            str(IPv6Address(f"fe80::{number >> 16:x}:{number & 0xFFFF:x}:{end}")) for end in ("5ecc", "e0cc")
        )

    async def serve(self, handlers: Handlers, voice: Voice | None = None) -> _MemoryServing:
        """Start a station; see :class:`wire.network.Network`."""
        check_handlers(handlers, busy=self._serving is not None and self._serving.open)
        self._serving = _MemoryServing(self._station, handlers, voice)
        return self._serving

    async def find(self, want: Wish, voice: Voice | None = None, *, attempts: int = ATTEMPTS) -> SeccAddress:
        """Ask for a station; see :class:`wire.network.Network`."""
        asking = Asking(self._clock, voice, _SDP)
        asking.local = self._next_end_point()

        def send(request: bytes) -> None:
            response = None if self._serving is None else self._serving.answer(request, asking.local)
            if response is not None:
                asking.put(response, (self._station, PORT))

        response = await asking.search(want, send, attempts)
        return SeccAddress(response.host, response.port, response.security)

    async def connect(self, address: SeccAddress, voice: Voice | None = None) -> ByteStream:
        """Connect to the station; see :class:`wire.network.Network`."""
        ends = (self._next_end_point(), (address.host, address.port))
        ours, theirs = memory_pipe(_VEHICLE, _STATION, ends=ends)
        if self._serving is None or not self._serving.accept(address, theirs):
            raise PeerError(f"Nobody accepts connections at [{address.host}]:{address.port} in memory.")
        return captured(ours, voice, "sent")

    def _next_end_point(self) -> EndPoint:
        """The vehicle's next address, as its system would choose."""
        port = _DYNAMIC_PORTS[self._ports % len(_DYNAMIC_PORTS)]
        self._ports += 1
        return self._vehicle, port
