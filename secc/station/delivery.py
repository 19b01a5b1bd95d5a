"""The queue of TransactionEvents: sent in order, kept while offline, tried again, given up at last (E04, E12, E13)."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from pncsim.wire.clock import Clock
from pncsim.wire.errors import PeerClosed, PncError
from pncsim.wire.streams import Gate

if TYPE_CHECKING:
    from pncsim.wire.ocpp.types import v201 as types

    Event = types.TransactionEventRequest

MAX_WAITING = 10_000
"""Events kept while offline; beyond that the oldest Updated one is dropped, never Started or Ended (E04.FR.07)."""


class EventDelivery:
    """Delivers events one after the other. :meth:`run` works while the station is online and is started anew each time.

    ``send`` performs one call; ``attempts`` and ``interval`` read MessageAttempts and MessageAttemptInterval;
    ``delivered`` is told the event and the answer; ``given_up`` the event and the last error, and
    ``gone`` that it waits no longer.
    """

    def __init__(
        self,
        clock: Clock,
        send: Callable[[Event], Awaitable[types.TransactionEventResponse]],
        *,
        attempts: Callable[[], int],
        interval: Callable[[], float],
        delivered: Callable[[Event, types.TransactionEventResponse], None],
        given_up: Callable[[Event, PncError], None],
        gone: Callable[[], None] = lambda: None,
    ) -> None:
        self._clock = clock
        self._send = send
        self._attempts = attempts
        self._interval = interval
        self._delivered = delivered
        self._given_up, self._gone = given_up, gone
        self._waiting: deque[Event] = deque()
        self._news, self._emptied = Gate(), Gate()

    def add(self, events: list[Event]) -> None:
        """Queue ``events``."""
        for event in events:
            self._waiting.append(event)
        self._news.open()
        while len(self._waiting) > MAX_WAITING and self._drop_one():
            pass

    def _drop_one(self) -> bool:
        # The first one may be on its way just now.
        for index in range(1, len(self._waiting)):
            if self._waiting[index]["eventType"] == "Updated":
                del self._waiting[index]
                return True
        return False

    @property
    def waiting(self) -> list[Event]:
        """What nobody has confirmed yet, in order."""
        return list(self._waiting)

    def holds(self, transaction_id: str | None = None) -> bool:
        """Whether events (of one transaction, or any) still wait."""
        if transaction_id is None:
            return bool(self._waiting)
        return any(event["transactionInfo"]["transactionId"] == transaction_id for event in self._waiting)

    async def emptied(self) -> None:
        """Wait until every event is delivered or given up."""
        while self._waiting:
            await self._emptied.wait()

    async def run(self) -> None:
        """Deliver until cancelled. Ends with PeerClosed when the connection is gone; what waits is kept."""
        while True:
            while self._waiting:
                await self._deliver(self._waiting[0])
                self._waiting.popleft()
                self._gone()
            self._emptied.open()
            await self._news.wait()

    async def _deliver(self, event: Event) -> None:
        tried = 0
        while True:
            try:
                answer = await self._send(event)
            except PeerClosed:
                raise
            except PncError as error:
                tried += 1
                if tried >= self._attempts():
                    self._given_up(event, error)
                    return
                await self._clock.sleep(self._interval() * tried)
            else:
                self._delivered(event, answer)
                return
