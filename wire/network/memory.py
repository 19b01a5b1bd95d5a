"""A link within the process: SDP datagrams and streams pass through memory, so that virtual time is exact."""

from __future__ import annotations

from collections.abc import Mapping

from pncsim.wire.acceptor import Acceptor
from pncsim.wire.clock import Clock
from pncsim.wire.errors import PeerError
from pncsim.wire.network import Handlers, SeccAddress, Watch
from pncsim.wire.network.discovery import Inbox, answer, check_handlers, main_address, search
from pncsim.wire.pipe import memory_pipe
from pncsim.wire.streams import ByteStream
from pncsim.wire.v2g.sdp import Security

# Addresses as on a real link; nothing is bound to them.
_HOST = "fe80::5ecc"
_PORTS = {Security.TLS: 61341, Security.NONE: 61342}
_VEHICLE = "vehicle (memory)"
_STATION = "station (memory)"


class _MemoryServing:
    """A station on a :class:`MemoryNetwork`."""

    def __init__(self, handlers: Handlers, watch: Watch) -> None:
        self.addresses: Mapping[Security, SeccAddress] = {
            security: SeccAddress(_HOST, _PORTS[security], security) for security in handlers
        }
        self.open = True
        self._watch = watch
        self._acceptors = {security: Acceptor(handler, watch.error) for security, handler in handlers.items()}

    @property
    def address(self) -> SeccAddress:
        return main_address(self.addresses)

    def answer(self, datagram: bytes) -> bytes | None:
        """The reaction to an SDP datagram."""
        return answer(datagram, _VEHICLE, self.addresses, self._watch) if self.open else None

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
    """A link in memory. Vehicle and station share this object."""

    def __init__(self, clock: Clock, watch: Watch | None = None) -> None:
        self._clock = clock
        self._watch = watch or Watch()
        self._serving: _MemoryServing | None = None

    async def serve(self, handlers: Handlers) -> _MemoryServing:
        """Start a station; see :class:`wire.network.Network`."""
        check_handlers(handlers, busy=self._serving is not None and self._serving.open)
        self._serving = _MemoryServing(handlers, self._watch)
        return self._serving

    async def find(self, want: Security) -> SeccAddress:
        """Ask for a station; see :class:`wire.network.Network`."""
        inbox = Inbox(self._watch)

        def send(request: bytes) -> None:
            response = None if self._serving is None else self._serving.answer(request)
            if response is not None:
                inbox.put(response, _STATION)

        response = await search(want, self._clock, send, inbox, self._watch, _STATION)
        return SeccAddress(response.host, response.port, response.security)

    async def connect(self, address: SeccAddress) -> ByteStream:
        """Connect to the station; see :class:`wire.network.Network`."""
        ours, theirs = memory_pipe(_VEHICLE, _STATION)
        if self._serving is None or not self._serving.accept(address, theirs):
            raise PeerError(f"Nobody accepts connections at [{address.host}]:{address.port} in memory.")
        return ours
