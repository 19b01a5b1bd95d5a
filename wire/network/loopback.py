"""A link on this machine: TCP on loopback, SDP as unicast UDP there. No rights and no configuration needed."""

from __future__ import annotations

import socket

from pncsim.wire.capture import captured
from pncsim.wire.clock import Clock
from pncsim.wire.network import Handlers, SeccAddress
from pncsim.wire.network.datagrams import Datagrams
from pncsim.wire.network.discovery import Asking, check_handlers
from pncsim.wire.network.station import SocketServing
from pncsim.wire.streams import ByteStream
from pncsim.wire.tcp import TcpServer, address_text, connect_tcp, end_point, os_error, serve_tcp
from pncsim.wire.v2g.sdp import ATTEMPTS, Security, Wish
from pncsim.wire.voice import Voice


def loopback_host() -> str:
    """``::1``, or 127.0.0.1 on a machine without IPv6."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return "127.0.0.1"
    return "::1"


class LoopbackNetwork:
    """A link on loopback.

    ``sdp_port`` is where the station answers SDP: 0 lets the system choose, which vehicle and station sharing this
    object agree on; in two processes both are given the same number.
    """

    def __init__(self, clock: Clock, *, host: str | None = None, sdp_port: int = 0) -> None:
        self._clock = clock
        self._serving: SocketServing | None = None
        self.host = host or loopback_host()
        self.sdp_port = sdp_port

    async def serve(self, handlers: Handlers, voice: Voice | None = None) -> SocketServing:
        """Start a station; see :class:`wire.network.Network`."""
        check_handlers(handlers, busy=self._serving is not None and self._serving.open)
        sock = self._udp_socket(self.sdp_port, "to answer SDP")
        servers: dict[Security, TcpServer] = {}
        try:
            for security, handler in handlers.items():
                servers[security] = await serve_tcp(handler, self.host, voice=voice)
        except BaseException:
            sock.close()
            for server in servers.values():
                await server.close()
            raise
        serving = self._serving = SocketServing(servers, voice)
        datagrams = Datagrams(sock, serving.receive)
        serving.attach(datagrams)
        _, self.sdp_port = datagrams.local
        return serving

    async def find(self, want: Wish, voice: Voice | None = None, *, attempts: int = ATTEMPTS) -> SeccAddress:
        """Ask for a station; see :class:`wire.network.Network`."""
        asking = Asking(self._clock, voice, (self.host, self.sdp_port))
        datagrams = Datagrams(
            self._udp_socket(0, "to ask by SDP"), lambda datagram, sender, _: asking.put(datagram, end_point(sender))
        )
        asking.local = datagrams.local

        def send(request: bytes) -> None:
            # Before a station has chosen its port there is nobody to ask, which is like no answer.
            if self.sdp_port:
                datagrams.send(request, (self.host, self.sdp_port))

        try:
            response = await asking.search(want, send, attempts)
        finally:
            datagrams.close()
        return SeccAddress(response.host, response.port, response.security)

    async def connect(self, address: SeccAddress, voice: Voice | None = None) -> ByteStream:
        """Connect to the station; see :class:`wire.network.Network`."""
        return captured(await connect_tcp(address.host, address.port, scope_id=address.scope_id), voice, "sent")

    def _udp_socket(self, port: int, purpose: str) -> socket.socket:
        sock = socket.socket(socket.AF_INET6 if ":" in self.host else socket.AF_INET, socket.SOCK_DGRAM)
        try:
            sock.bind((self.host, port))
        except OSError as error:
            sock.close()
            raise os_error(error, f"{purpose} at {address_text(self.host, port)}") from error
        return sock
