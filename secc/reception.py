"""Who comes to a lone EVSE: tells the vehicle it waits for from whoever else opens a connection."""

from __future__ import annotations

import asyncio

from msgspec import Struct

from pncsim.secc import notices
from pncsim.secc.evse import Evse
from pncsim.wire.clock import Clock
from pncsim.wire.errors import PeerClosed, PncError
from pncsim.wire.session.sequence import CONNECTED, ENDED
from pncsim.wire.trace import Event, StateEntered, Trace


class Visit(Struct):
    """One connection. ``vehicle``: it has shown to be a vehicle's. ``state``: where the station was when it ended."""

    vehicle: bool = False
    charged: bool = False
    state: str = ""
    energy_wh: float = 0.0
    reason: str = ""
    error: PncError | None = None

    @property
    def left_without_charging(self) -> bool:
        """It ended the session, or just closed the connection, before PowerDelivery(Start)."""
        went = self.error is None or isinstance(self.error, PeerClosed)
        return went and bool(self.state) and not self.charged


class Reception:
    """Waits for one vehicle at ``evse`` and for the end of its visit.

    A connection is a vehicle's once its SupportedAppProtocolReq was answered, or when it began a TLS handshake that
    then failed (an alert, a certificate it dislikes, a connection closed in the middle): that is a device under test
    with something to fix. Anything else, such as a port scan, a browser or a connection on which nothing sensible is
    said within the 18 s of V2G2-714, is told, and the station goes on waiting. So is a second connection while a
    vehicle is being served: it is refused.
    """

    def __init__(self, evse: Evse, clock: Clock, trace: Trace) -> None:
        self._evse, self._clock = evse, clock
        self._visit = Visit()
        self._arrived = asyncio.Event()
        self._left: asyncio.Future[Visit] = asyncio.get_running_loop().create_future()
        evse.on_end, evse.on_refused, evse.on_notice = self._end, self._refused, self._note
        trace.subscribe(self._see)

    async def visit(self, wait: float | None) -> Visit | None:
        """The vehicle's visit when it is over; None when none came within ``wait`` seconds (None: for ever).

        The time limit is for the vehicle's coming alone, whatever its visit takes. Who is connecting when it runs out
        may still be the vehicle, and is waited for until that is clear.
        """
        try:
            async with self._clock.timeout(wait):
                await self._arrived.wait()
        except TimeoutError:
            await self._evse.idle()
            if not self._arrived.is_set():
                return None
        return await self._left

    def _see(self, event: Event) -> None:
        if isinstance(event, StateEntered) and event.unit == self._evse.voice.unit:
            if event.state == CONNECTED:
                self._visit = Visit()
            if event.state != ENDED:
                self._visit.state = event.state

    def _note(self, notice: object) -> None:
        if isinstance(notice, notices.ProtocolAnswered):
            self._visit.vehicle = True
            self._arrived.set()
        elif isinstance(notice, notices.ChargingStarted):
            self._visit.charged = True
        elif isinstance(notice, notices.SessionEnded):
            self._visit.energy_wh = notice.energy_wh

    def _end(self, reason: str, error: PncError | None) -> None:
        self._visit.reason, self._visit.error = reason, error
        self._over(self._visit)

    def _refused(self, error: PncError, spoke_tls: bool) -> None:
        self._over(Visit(vehicle=spoke_tls, reason=error.sentence, error=error))

    def _over(self, visit: Visit) -> None:
        if not visit.vehicle:
            if not self._arrived.is_set():
                self._evse.voice.story("That was no vehicle: the station goes on waiting for one.")
        elif visit is self._visit or not self._visit.vehicle:
            # A handshake that fails while a vehicle is being served is not the end of that vehicle's visit.
            self._arrived.set()
            if not self._left.done():
                self._left.set_result(visit)
