"""What the kinds of network share about SDP: the station's answer and the vehicle's waiting."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping

from pncsim.wire import capture
from pncsim.wire.clock import Clock
from pncsim.wire.errors import LocalError, PeerError
from pncsim.wire.gate import Tolerance
from pncsim.wire.network import Handlers, SeccAddress
from pncsim.wire.streams import NOWHERE, Gate
from pncsim.wire.tcp import address_text
from pncsim.wire.trace import Direction, EndPoint
from pncsim.wire.v2g.sdp import (
    SdpResponse,
    SdpSearch,
    SdpTransport,
    Security,
    Wish,
    address_octets,
    choose,
    decode_request,
    encode_response,
)
from pncsim.wire.voice import Voice

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


def answer(
    datagram: bytes,
    asked: EndPoint,
    sender: EndPoint,
    addresses: Mapping[Security, SeccAddress],
    voice: Voice | None,
) -> bytes | None:
    """The station's reaction to what ``sender`` sent to its SDP address ``asked``: an answer, or None to ignore it."""
    capture.datagram(voice, "received", asked, sender, datagram)
    try:
        request = decode_request(datagram)
        if request.transport is not SdpTransport.TCP:
            raise PeerError("The SDP request asks for UDP, only TCP is served.")
    except PeerError as error:
        tell(voice, f"SDP request of {address_text(*sender)} ignored: {error.sentence}")
        return None
    address = addresses[choose(request.security, addresses)]
    response = encode_response(SdpResponse(address_octets(address.host), address.port, address.security))
    capture.datagram(voice, "sent", (address.host, asked[1]), sender, response)
    if voice is not None:
        voice.sdp("received", sender, datagram)
        voice.sdp("sent", sender, response)
    return response


def tell(voice: Voice | None, passed_over: str) -> None:
    """Say what of the peer's was let pass without an effect."""
    if voice is not None:
        voice.pass_over(Tolerance.SDP_STRAY(passed_over))


class Asking:
    """A vehicle that asks for a station: from ``local`` at ``remote``, called ``peer``, with a bounded inbox."""

    def __init__(self, clock: Clock, voice: Voice | None, remote: EndPoint) -> None:
        self._clock, self._voice = clock, voice
        self._remote = remote
        self._inbox: deque[tuple[bytes, EndPoint]] = deque()
        self._arrived = Gate()
        self.local: EndPoint = NOWHERE
        """Where from, once there is a socket."""

    def put(self, datagram: bytes, sender: EndPoint) -> None:
        """A datagram arrived."""
        capture.datagram(self._voice, "received", self.local, sender, datagram)
        if len(self._inbox) < INBOX:
            self._inbox.append((datagram, sender))
            self._arrived.open()

    def ignore(self, sender: EndPoint, reason: str) -> None:
        """A datagram is no answer to us."""
        tell(self._voice, f"SDP answer of {address_text(*sender)} ignored: {reason}")

    def _tell(self, direction: Direction, peer: EndPoint, datagram: bytes) -> None:
        if self._voice is not None:
            self._voice.sdp(direction, peer, datagram)

    async def search(self, want: Wish, send: Callable[[bytes], None], attempts: int) -> SdpResponse:
        """Drive an :class:`SdpSearch`; ``send`` puts a request on the link. Raises SdpError in the end."""
        engine = SdpSearch(want, attempts=attempts)
        while True:
            request = engine.wake(self._clock.now())
            capture.datagram(self._voice, "sent", self.local, self._remote, request)
            self._tell("sent", self._remote, request)
            send(request)
            while (left := (engine.deadline or 0.0) - self._clock.now()) > 0:
                if not self._inbox:
                    try:
                        async with self._clock.timeout(left):
                            await self._arrived.wait()
                    except TimeoutError:
                        break
                datagram, sender = self._inbox.popleft()
                response = engine.receive(datagram)
                if response is not None:
                    self._tell("received", sender, datagram)
                    return response
                self.ignore(sender, engine.ignored[-1])
