"""Who comes to a lone EVSE: tells the vehicles it waits for from whoever else connects, and one visit from the next."""

from __future__ import annotations

import asyncio
from collections import deque

from msgspec import Struct, field

from pncsim.secc.evse import Evse
from pncsim.secc.visitor import Visitor
from pncsim.wire.clock import Clock, Timer
from pncsim.wire.errors import PeerClosed, PncError


class Visit(Struct, eq=False):
    """One vehicle's visit. ``visitor``: the connection that counts, the one that got furthest. ``refused``: handshakes
    that had failed before it. ``over``: nothing more comes of it."""

    visitor: Visitor
    refused: list[Visitor] = field(default_factory=list)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def error(self) -> PncError | None:
        """What went wrong, if anything did."""
        return self.visitor.error

    @property
    def left_without_charging(self) -> bool:
        """It ended the session, or just closed the connection, before PowerDelivery(Start)."""
        visitor = self.visitor
        went = visitor.error is None or isinstance(visitor.error, PeerClosed)
        return went and visitor.vehicle and not visitor.charged


class Reception:
    """Waits for vehicles at ``evse`` and for the ends of their visits.

    A connection is a vehicle's once its SupportedAppProtocolReq was answered, or when it began a TLS handshake that
    then failed (an alert, a certificate it dislikes, a connection closed in the middle): that is a device under test
    with something to fix. One that is sent away because the station has nothing to offer is a vehicle's, too, if it has
    said something in V2GTP. Anything else, such as a
    port scan, a browser or a connection on which nothing sensible is said within the 18 s of V2G2-714, is told, and the
    station goes on waiting. So is a connection beside a vehicle that is being served: it is refused.

    Whose handshake has failed may come back, plain or over TLS, within ``patience`` seconds (what V2G2-714 gives it to
    set up a session), and it is still the same visit.
    """

    def __init__(self, evse: Evse, clock: Clock, *, patience: float = 18.0) -> None:
        self._evse, self._clock, self._patience = evse, clock, patience
        self._visits: deque[Visit] = deque()  # those nobody has taken yet, the last one perhaps still going on
        self._news = asyncio.Event()
        self._returning: Timer | None = None
        evse.on_vehicle, evse.on_left = self._arrived, self._gone

    async def visit(self, wait: float | None = None) -> Visit | None:
        """The next visit when it is over; None when no vehicle came within ``wait`` seconds (None: for ever).

        The time limit is for the vehicle's coming alone, whatever its visit takes. Who is connecting when it runs out
        may still be the vehicle, and is waited for until that is clear.
        """
        try:
            async with self._clock.timeout(wait):
                await self._news.wait()
        except TimeoutError:
            await self._evse.idle()
            if not self._visits:
                return None
        await self._visits[0].over.wait()
        visit = self._visits.popleft()
        if not self._visits:
            self._news.clear()
        return visit

    @property
    def untaken(self) -> list[Visit]:
        """The visits nobody has taken; the last one may still go on."""
        return list(self._visits)

    @property
    def under_way(self) -> Visit | None:
        """The visit that goes on now, if any."""
        return self._visits[-1] if self._visits and not self._visits[-1].over.is_set() else None

    def _arrived(self, visitor: Visitor) -> None:
        """A vehicle speaks: a new one, or the one that may come back."""
        self._expect_nobody_back()
        visit = self.under_way
        if visit is None:
            self._open(Visit(visitor))
        else:
            visit.refused.append(visit.visitor)
            visit.visitor = visitor

    def _gone(self, visitor: Visitor) -> None:
        visit = self.under_way
        if visit is not None and visit.visitor is visitor:
            visit.over.set()
        elif visitor.spoke_tls and (visit is None or self._returning is not None):
            self._failed(visitor, visit)
        elif visitor.counts and visit is None:
            self._open(Visit(visitor)).over.set()
        elif visit is None:
            self._evse.voice.story("That was no vehicle: the station goes on waiting for one.")

    def _failed(self, visitor: Visitor, visit: Visit | None) -> None:
        """A handshake has failed: of a new visit, or once more of the one that is waited for."""
        if visit is not None:
            visit.refused.append(visit.visitor)
            visit.visitor = visitor
            return
        opened = self._open(Visit(visitor))
        self._returning = self._clock.call_at(self._clock.now() + self._patience, lambda: self._stays_away(opened))
        self._evse.voice.story(f"The vehicle may come back within {self._patience:g} s, over TLS or without.")

    def _stays_away(self, visit: Visit) -> None:
        self._returning = None
        visit.over.set()

    def _expect_nobody_back(self) -> None:
        if self._returning is not None:
            self._returning.cancel()
            self._returning = None

    def _open(self, visit: Visit) -> Visit:
        self._visits.append(visit)
        self._news.set()
        return visit
