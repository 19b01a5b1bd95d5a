"""What the kinds of network share about SDP: the station's answer and the vehicle's waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from pncsim.wire.clock import Clock
from pncsim.wire.errors import LocalError, PeerError
from pncsim.wire.network import Handlers, SeccAddress, Watch
from pncsim.wire.v2g.sdp import (
    SdpResponse,
    SdpSearch,
    Security,
    Transport,
    address_octets,
    choose,
    decode_request,
    encode_response,
)

INBOX = 64
"""Datagrams a search keeps while it is busy; more are dropped, as by any UDP socket."""


def check_handlers(handlers: Handlers, *, busy: bool) -> None:
    """Raise LocalError unless a station with ``handlers`` can start serving."""
    if not handlers:
        raise LocalError("A station has to serve TLS connections, plain ones, or both; none was given.")
    if busy:
        raise LocalError("A station serves on this network already.", advice="Close it first, or use another network.")


def main_address(addresses: Mapping[Security, SeccAddress]) -> SeccAddress:
    """The address for TLS, else the other."""
    return addresses[choose(Security.TLS, addresses)]


def answer(datagram: bytes, peer: str, addresses: Mapping[Security, SeccAddress], watch: Watch) -> bytes | None:
    """The station's reaction to a datagram on the SDP port: its answer, or None because it is to be ignored."""
    watch.datagram("received", datagram, peer)
    try:
        request = decode_request(datagram)
        if request.transport is not Transport.TCP:
            raise PeerError("The SDP request asks for UDP, only TCP is served.")
    except PeerError as error:
        watch.ignored(f"SDP request of {peer} ignored: {error.sentence}")
        return None
    address = addresses[choose(request.security, addresses)]
    response = encode_response(SdpResponse(address_octets(address.host), address.port, address.security))
    watch.datagram("sent", response, peer)
    return response


class Inbox:
    """The datagrams that reached a searching vehicle, with who sent them; bounded."""

    def __init__(self, watch: Watch) -> None:
        self._queue: asyncio.Queue[tuple[bytes, str]] = asyncio.Queue(INBOX)
        self._watch = watch

    def put(self, datagram: bytes, peer: str) -> None:
        """A datagram arrived."""
        self._watch.datagram("received", datagram, peer)
        if not self._queue.full():
            self._queue.put_nowait((datagram, peer))

    async def get(self) -> tuple[bytes, str]:
        """The next datagram and its sender."""
        return await self._queue.get()


async def search(
    want: Security, clock: Clock, send: Callable[[bytes], None], inbox: Inbox, watch: Watch, peer: str
) -> SdpResponse:
    """Drive an :class:`SdpSearch`; ``send`` puts a request on the link to ``peer``. Raises SdpError in the end."""
    engine = SdpSearch(want)
    while True:
        request = engine.wake(clock.now())
        watch.datagram("sent", request, peer)
        send(request)
        while (left := (engine.deadline or 0.0) - clock.now()) > 0:
            try:
                async with clock.timeout(left):
                    datagram, sender = await inbox.get()
            except TimeoutError:
                break
            response = engine.receive(datagram)
            if response is not None:
                return response
            watch.ignored(f"SDP answer of {sender} ignored: {engine.ignored[-1]}")
