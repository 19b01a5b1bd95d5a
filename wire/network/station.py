"""A station on real sockets, loopback or interface: one TCP listener per kind of connection, and SDP answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pncsim.wire.errors import LocalError
from pncsim.wire.network import SeccAddress
from pncsim.wire.network.datagrams import Arrival, Datagrams
from pncsim.wire.network.discovery import answer, main_address, tell
from pncsim.wire.tcp import TcpServer, address_text, end_point
from pncsim.wire.v2g.sdp import Security
from pncsim.wire.voice import Voice


class SocketServing:
    """The station's sockets; ``interface`` is the index datagrams must arrive on, 0 for any."""

    def __init__(self, servers: Mapping[Security, TcpServer], voice: Voice | None, *, interface: int = 0) -> None:
        self.addresses: Mapping[Security, SeccAddress] = {
            security: SeccAddress(server.host.partition("%")[0], server.port, security, interface)
            for security, server in servers.items()
        }
        self.open = True
        self._servers = servers
        self._voice = voice
        self._interface = interface
        self._datagrams: Datagrams | None = None

    @property
    def address(self) -> SeccAddress:
        return main_address(self.addresses)

    def attach(self, datagrams: Datagrams) -> None:
        """Send answers through, and own, this socket."""
        self._datagrams = datagrams

    def receive(self, datagram: bytes, sender: tuple[Any, ...], arrival: Arrival) -> None:
        """A datagram reached the SDP port."""
        if self._datagrams is None or (self._interface and arrival.interface not in (0, self._interface)):
            return
        host, port = self._datagrams.local
        response = answer(datagram, (arrival.host or host, port), end_point(sender), self.addresses, self._voice)
        if response is not None:
            try:
                self._datagrams.send(response, sender)
            except LocalError as error:
                tell(self._voice, f"SDP answer to {address_text(*end_point(sender))} not sent: {error.sentence}")

    def withdraw(self) -> None:
        self.open = False
        if self._datagrams is not None:
            self._datagrams.close()
        for server in self._servers.values():
            server.refuse()

    async def close(self) -> None:
        self.withdraw()
        for server in self._servers.values():
            await server.close()
