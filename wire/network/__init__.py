"""How a vehicle and a station reach each other: three kinds of network behind one interface.

* :class:`wire.network.memory.MemoryNetwork`: pipes within the process, for virtual time;
* :class:`wire.network.loopback.LoopbackNetwork`: TCP and unicast SDP on ``::1`` or 127.0.0.1, no rights needed;
* :class:`wire.network.interface.InterfaceNetwork`: a real link, SDP multicast to ff02::1 port 15118, link-local.

One network is one link, as it is after SLAC: at most one EVSE serves on it at a time. The streams are plain; who
wants TLS opens it on top with :mod:`wire.tls`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from msgspec import Struct

from pncsim.wire.acceptor import OnStream
from pncsim.wire.streams import ByteStream
from pncsim.wire.v2g.sdp import ATTEMPTS, SdpError, Security, Wish
from pncsim.wire.voice import Voice

__all__ = ["Handlers", "Network", "SdpError", "SeccAddress", "Security", "Serving"]

Handlers = Mapping[Security, OnStream]
"""What a station does with a connection, per kind of connection it serves. One entry at least."""


class SeccAddress(Struct, frozen=True):
    """Where a station listens: numeric host without scope, port, and whether it speaks TLS there.

    ``scope_id`` is the interface's index for a link-local host, else 0.
    """

    host: str
    port: int
    security: Security
    scope_id: int = 0


class Serving(Protocol):
    """A station on the network."""

    @property
    def addresses(self) -> Mapping[Security, SeccAddress]:
        """Where it listens, per kind of connection."""

    @property
    def address(self) -> SeccAddress:
        """Where it listens for TLS, or without if it has no TLS."""

    def withdraw(self) -> None:
        """Answer no SDP and accept no further connection; those that are open go on (cases SDP_004, SDP_005)."""

    async def close(self) -> None:
        """Withdraw, cancel the handlers and reset what is still connected. Idempotent."""


class Network(Protocol):
    """A link between one vehicle and one EVSE. Several can exist at once and know nothing of each other.

    ``voice`` is in each case that of the instance that acts: it tells what was passed over and why, what a station's
    handler raised (without a voice that goes to the loop's exception handler), and all bytes if anybody wants them.
    """

    async def serve(self, handlers: Handlers, voice: Voice | None = None) -> Serving:
        """Station side: listen, and answer SDP. Raises LocalError if this machine cannot."""

    async def find(self, want: Wish, voice: Voice | None = None, *, attempts: int = ATTEMPTS) -> SeccAddress:
        """Vehicle side: ask by SDP, every 250 ms, ``attempts`` times. The answer's security may differ from ``want``.

        Raises SdpError if nobody answers and LocalError if this machine cannot ask.
        """

    async def connect(self, address: SeccAddress, voice: Voice | None = None) -> ByteStream:
        """Vehicle side: connect. Raises PeerError if nobody listens there."""
