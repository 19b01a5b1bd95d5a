"""A UDP socket on the event loop that also tells on which interface a datagram arrived."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from ipaddress import IPv6Address
from typing import Any

from msgspec import Struct

from pncsim.wire.tcp import end_point, os_error
from pncsim.wire.trace import EndPoint

OnDatagram = Callable[[bytes, tuple[Any, ...], "Arrival"], None]
"""Called with the datagram, the sender's socket address, and how it arrived."""

_PKTINFO = struct.Struct("16si")
_MAX_DATAGRAM = 2048
_BURST = 32


class Arrival(Struct, frozen=True):
    """On which interface (its index) and for which of its addresses a datagram came; 0 and "" where not known."""

    interface: int = 0
    host: str = ""


class Datagrams:
    """A bound UDP socket whose datagrams go to ``on_datagram``; owns and closes the socket."""

    def __init__(self, sock: socket.socket, on_datagram: OnDatagram) -> None:
        self._sock = sock
        self._on_datagram = on_datagram
        self._loop = asyncio.get_running_loop()
        sock.setblocking(False)
        self._loop.add_reader(sock, self._readable)

    @property
    def local(self) -> EndPoint:
        """What the socket is bound to."""
        return end_point(self._sock.getsockname())

    def send(self, datagram: bytes, address: tuple[Any, ...]) -> None:
        """Send; a full socket buffer loses the datagram, as the network may. Raises LocalError if not allowed."""
        try:
            self._sock.sendto(datagram, address)
        except BlockingIOError:
            return
        except OSError as error:
            raise os_error(error, f"to send a datagram to {address[0]} port {address[1]}") from error

    def close(self) -> None:
        """Stop receiving. Idempotent."""
        if self._sock.fileno() >= 0:
            self._loop.remove_reader(self._sock)
            self._sock.close()

    def _readable(self) -> None:
        for _ in range(_BURST):
            if self._sock.fileno() < 0:
                return
            try:
                datagram, ancillary, _, address = self._sock.recvmsg(_MAX_DATAGRAM, 256)
            except BlockingIOError:
                return
            except OSError:
                # An ICMP error about something sent earlier: nobody listens there, as with no answer at all.
                continue
            self._on_datagram(datagram, address, _arrival(ancillary))


def _arrival(ancillary: list[tuple[int, int, bytes]]) -> Arrival:
    for level, kind, data in ancillary:
        if (level, kind) == (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO) and len(data) >= _PKTINFO.size:
            host, interface = _PKTINFO.unpack_from(data)
            return Arrival(interface, str(IPv6Address(host)))
    return Arrival()
