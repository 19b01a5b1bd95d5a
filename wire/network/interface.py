"""A real link: SDP multicast to ff02::1 port 15118 and TCP between link-local addresses of one interface (Linux)."""

from __future__ import annotations

import errno
import socket
import struct
from contextlib import suppress
from ipaddress import IPv6Address
from pathlib import Path
from typing import Any

from msgspec import Struct

from pncsim.wire.acceptor import OnStream
from pncsim.wire.capture import captured
from pncsim.wire.clock import Clock
from pncsim.wire.errors import LocalError
from pncsim.wire.network import Handlers, SeccAddress
from pncsim.wire.network.datagrams import Arrival, Datagrams
from pncsim.wire.network.discovery import Asking, check_handlers
from pncsim.wire.network.station import SocketServing
from pncsim.wire.streams import ByteStream
from pncsim.wire.tcp import TcpServer, connect_tcp, end_point, os_error, serve_tcp
from pncsim.wire.v2g.sdp import ATTEMPTS, MULTICAST_GROUP, PORT, Security, Wish
from pncsim.wire.voice import Voice

DYNAMIC_PORTS = range(49152, 65536)
"""Where a station's TCP port lies (ISO 15118-2, 7.10.1)."""

_PORT_ATTEMPTS = 256
_ADDRESSES = Path("/proc/net/if_inet6")
_LINK_SCOPE = 0x20
_TENTATIVE = 0x40
_TENTATIVE_WAIT = 3.0
"""Seconds; duplicate address detection of a link that has just come up takes one to two."""
_ADDRESS_WAIT = 1.0
"""Seconds; so long may a link that has just come up be without any address."""


class LinkAddress(Struct, frozen=True):
    """A link-local address of an interface; ``tentative`` while duplicate address detection is still running."""

    host: str
    tentative: bool


def link_addresses(table: str, interface: str) -> list[LinkAddress]:
    """The link-local addresses of ``interface`` in the kernel's table (text of /proc/net/if_inet6)."""
    found: list[LinkAddress] = []
    for line in table.splitlines():
        octets, _, _, scope, flags, name = line.split()
        if name == interface and int(scope, 16) == _LINK_SCOPE:
            host = str(IPv6Address(bytes.fromhex(octets)))
            found.append(LinkAddress(host, bool(int(flags, 16) & _TENTATIVE)))
    return found


def _address_table() -> str:
    """The kernel's table of IPv6 addresses, empty where IPv6 is switched off."""
    return _ADDRESSES.read_text("ascii") if _ADDRESSES.exists() else ""


def interface_index(name: str) -> int:
    """The number of a network interface. Raises LocalError where there is none of that name."""
    try:
        return socket.if_nametoindex(name)
    except OSError:
        names = ", ".join(one for _, one in socket.if_nameindex())
        raise LocalError(f"There is no network interface {name!r}.", advice=f"There are: {names}.") from None


class InterfaceNetwork:
    """The link behind the interface called ``name``."""

    def __init__(self, name: str, clock: Clock) -> None:
        self.name = name
        self._clock = clock
        self._serving: SocketServing | None = None

    async def serve(self, handlers: Handlers, voice: Voice | None = None) -> SocketServing:
        """Start a station; see :class:`wire.network.Network`."""
        check_handlers(handlers, busy=self._serving is not None and self._serving.open)
        index, host = await self._link()
        sock = self._station_socket(index)
        servers: dict[Security, TcpServer] = {}
        try:
            for security, handler in handlers.items():
                servers[security] = await self._listen(handler, host, index, voice)
        except BaseException:
            sock.close()
            for server in servers.values():
                await server.close()
            raise
        serving = self._serving = SocketServing(servers, voice, interface=index)
        serving.attach(Datagrams(sock, serving.receive))
        return serving

    async def find(self, want: Wish, voice: Voice | None = None, *, attempts: int = ATTEMPTS) -> SeccAddress:
        """Ask for a station; see :class:`wire.network.Network`."""
        index, host = await self._link()
        asking = Asking(self._clock, voice, (MULTICAST_GROUP, PORT))

        def receive(datagram: bytes, sender: tuple[Any, ...], arrival: Arrival) -> None:
            if arrival.interface not in (0, index):
                asking.ignore(end_point(sender), "it came over another interface.")
            elif not IPv6Address(end_point(sender)[0]).is_link_local:
                asking.ignore(end_point(sender), "its address is not link-local.")
            else:
                asking.put(datagram, end_point(sender))

        datagrams = Datagrams(self._vehicle_socket(index, host), receive)
        asking.local = datagrams.local
        try:
            group = (MULTICAST_GROUP, PORT, 0, index)
            response = await asking.search(want, lambda request: datagrams.send(request, group), attempts)
        finally:
            datagrams.close()
        scope_id = index if response.address.is_link_local else 0
        return SeccAddress(response.host, response.port, response.security, scope_id)

    async def connect(self, address: SeccAddress, voice: Voice | None = None) -> ByteStream:
        """Connect to the station; see :class:`wire.network.Network`."""
        return captured(await connect_tcp(address.host, address.port, scope_id=address.scope_id), voice, "sent")

    async def _link(self) -> tuple[int, str]:
        """The interface's index and a usable link-local address. Raises LocalError with what is missing."""
        index = interface_index(self.name)
        began = self._clock.now()
        while True:
            addresses = link_addresses(_address_table(), self.name)
            for address in addresses:
                if not address.tentative:
                    return index, address.host
            waited = self._clock.now() - began
            if not addresses and waited >= _ADDRESS_WAIT:
                raise LocalError(
                    f"The interface {self.name!r} has no IPv6 link-local address.",
                    advice="Is it up and its cable connected, and is IPv6 enabled (net.ipv6.conf.*.disable_ipv6 = 0)?",
                )
            if waited >= _TENTATIVE_WAIT:
                raise LocalError(
                    f"The link-local address of {self.name!r} is still being checked for duplicates.",
                    advice="Is the cable connected?",
                )
            await self._clock.sleep(0.1)

    async def _listen(self, on_stream: OnStream, host: str, index: int, voice: Voice | None) -> TcpServer:
        """Listen on the first free port of the dynamic range."""
        for port in DYNAMIC_PORTS[:_PORT_ATTEMPTS]:
            try:
                return await serve_tcp(on_stream, host, port, scope_id=index, voice=voice)
            except LocalError as error:
                cause = error.__cause__
                if not isinstance(cause, OSError) or cause.errno != errno.EADDRINUSE:
                    raise
        raise LocalError(f"{_PORT_ATTEMPTS} TCP ports from {DYNAMIC_PORTS[0]} on are all in use on {self.name!r}.")

    def _station_socket(self, index: int) -> socket.socket:
        sock = _udp_socket()
        try:
            # Bound to its interface, a station leaves the port free for others on other links; where the kernel does
            # not permit that (before Linux 5.7, to ordinary users) the filter by IPV6_PKTINFO does the rest.
            with suppress(PermissionError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, self.name.encode() + b"\0")
            sock.bind(("::", PORT))
            member = socket.inet_pton(socket.AF_INET6, MULTICAST_GROUP) + struct.pack("@I", index)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, member)
        except OSError as error:
            sock.close()
            raise os_error(error, f"to answer SDP on UDP port {PORT} of {self.name!r}") from error
        return sock

    def _vehicle_socket(self, index: int, host: str) -> socket.socket:
        sock = _udp_socket()
        try:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 1)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_LOOP, 1)
            sock.bind((host, 0, 0, index))
        except OSError as error:
            sock.close()
            raise os_error(error, f"to ask by SDP on {self.name!r}") from error
        return sock


def _udp_socket() -> socket.socket:
    try:
        sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    except OSError as error:
        raise os_error(error, "an IPv6 socket") from error
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
    return sock
