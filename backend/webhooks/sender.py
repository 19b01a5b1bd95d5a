"""Sending what is queued: each endpoint has a lane of its own, so that one that is slow or dead keeps nobody waiting.

A process takes deliveries in hand before it sends them. What it had in hand when it was killed its successor takes
over, or another one on the same database: an event can come twice, under the same id, and is never lost. Retries are on
the lab's clock; how long a receiver may take is on the machine's, for nobody answers faster because a lab leaps.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import NoReturn, Protocol

from msgspec import Struct, field

from pncsim.backend.auth.store import CLIENTS
from pncsim.backend.events.bus import Bus
from pncsim.backend.events.facts import Fact
from pncsim.backend.rest.access import Grant
from pncsim.backend.rest.client import HttpClient, HttpReply
from pncsim.backend.store import Change
from pncsim.backend.webhooks.addresses import guard, why_not
from pncsim.backend.webhooks.holding import take, take_over
from pncsim.backend.webhooks.outbox import concerns
from pncsim.backend.webhooks.outcomes import INTERVAL, Outcome, outcome_of
from pncsim.backend.webhooks.payloads import signatures
from pncsim.backend.webhooks.service import Webhooks
from pncsim.backend.webhooks.store import DELIVERIES, ENDPOINTS, Attempt, Delivery, DeliveryState, Endpoint
from pncsim.wire.clock import Clock
from pncsim.wire.errors import LocalError, PncError
from pncsim.wire.values import replace
from pncsim.wire.voice import Voice

PATIENCE = 10.0
"""Seconds an endpoint may take to answer."""
MAX_ANSWER = 65_536
"""Octets of its answer; nothing in it is looked at."""
AT_ONCE = 4
"""Requests to one endpoint at a time."""
ROUND = 30.0
"""Seconds of lab time after which a process looks for what is due, and for what others have left."""
STOP = 2.0
"""Seconds of the machine's time requests in progress have to end in when all ends."""
REMEMBERED = 32
"""Attempts of a delivery that are kept."""


class EventCarrier(Protocol):
    """What carries requests to an endpoint, as :class:`HttpClient` does."""

    async def request(
        self, whom: str, method: str, url: str, *, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> HttpReply: ...
    async def close(self) -> None: ...


class _Lane(Struct, eq=False):
    """What waits for one endpoint, and the connections to it."""

    http: EventCarrier
    keys: deque[str] = field(default_factory=deque)
    working: int = 0


class Sender:
    """Sends the deliveries of ``webhooks``; ``interval``: seconds of lab time from one attempt to the next.

    ``client``: what makes a carrier, where that is not HTTP over sockets. ``granted(owner)`` is what an endpoint's
    client may hear now, None where it was shut out; by default as the clients say that are kept.
    """

    def __init__(
        self,
        clock: Clock,
        voice: Voice,
        webhooks: Webhooks,
        *,
        interval: float = INTERVAL,
        patience: float = PATIENCE,
        client: Callable[[], EventCarrier] | None = None,
        granted: Callable[[str], Awaitable[Grant | None]] | None = None,
    ) -> None:
        self._clock, self._voice, self._webhooks = clock, voice, webhooks
        self._store, self._queued = webhooks.store, webhooks.queued
        self._interval, self._patience, self._client = interval, patience, client or self._http
        self._granted = granted or self._kept
        self._machine = Clock()
        self._lanes: dict[str, _Lane] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._left: list[tuple[str, str]] = []  # in hand, and something of ours failed: endpoint and key
        self._next, self._first = 0.0, True

    def listen(self, bus: Bus) -> None:
        """Look for what is queued with each fact from now on."""

        async def queued(fact: Fact) -> None:
            self._queued.set()

        bus.listen(Fact, queued)

    async def run(self) -> NoReturn:
        """Send until cancelled; :meth:`close` then."""
        while True:
            self._queued.clear()
            if not await self._managed("looking for events to send", self._round):
                self._next = self._clock.now() + ROUND
            timer = self._clock.call_at(self._next, self._queued.set)
            try:
                await self._queued.wait()
            finally:
                timer.cancel()

    async def flush(self) -> None:
        """Send what is due now and what comes of it; returns once nothing is in hand."""
        while True:
            self._queued.clear()
            await self._round()
            if not self._tasks:
                return
            await asyncio.wait(tuple(self._tasks))

    async def close(self) -> None:
        """Let requests in progress end; what else is in hand is taken up at the next start."""
        for lane in self._lanes.values():
            lane.keys.clear()
        if tasks := tuple(self._tasks):
            _, late = await asyncio.wait(tasks, timeout=STOP)
            for task in late:
                task.cancel()
            await asyncio.wait(tasks)
        for lane in self._lanes.values():
            await lane.http.close()

    async def _round(self) -> None:
        now = self._clock.now()
        if now >= self._next:
            self._next = now + ROUND
            await take_over(self._store, own=self._first)
            self._first = False
            left, self._left = self._left, []
            for endpoint, key in left:
                self._hand(endpoint, key)
            await self._take(DeliveryState.RETRY, now)
        await self._take(DeliveryState.NEW, now)

    async def _take(self, state: DeliveryState, now: float) -> None:
        taken = await take(self._store, state, now)
        self._next = min(self._next, taken.next)
        for delivery in taken.deliveries:
            self._hand(delivery.endpoint, DELIVERIES.key(delivery))

    def _http(self) -> HttpClient:
        check = guard(local=self._webhooks.local)
        return HttpClient(self._machine, whole=self._patience, body=MAX_ANSWER, clause="EVT-3", check=check)

    def _hand(self, endpoint: str, key: str) -> None:
        lane = self._lanes.get(endpoint)
        if lane is None:
            lane = self._lanes[endpoint] = _Lane(self._client())
        lane.keys.append(key)
        if lane.working < AT_ONCE:
            lane.working += 1
            task = asyncio.create_task(self._work(endpoint, lane))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _work(self, endpoint: str, lane: _Lane) -> None:
        while lane.keys:
            key = lane.keys.popleft()
            if not await self._managed("delivering an event", partial(self._deliver, lane.http, key)):
                self._left.append((endpoint, key))
        lane.working -= 1
        if not lane.working:
            del self._lanes[endpoint]
            await lane.http.close()

    async def _managed(self, what: str, step: Callable[[], Awaitable[None]]) -> bool:
        """Whether ``step`` could be done; if not, that is told."""
        try:
            await step()
        except PncError as error:
            self._voice.problem(error)
            return False
        except Exception as error:
            self._voice.problem(LocalError(f"{type(error).__name__} {what}: a fault of ours.", kind="defect"))
            return False
        return True

    async def _deliver(self, http: EventCarrier, key: str) -> None:
        delivery = await self._store.of(DELIVERIES).get(key)
        if delivery is None or not self._ours(delivery):
            return
        endpoint = await self._store.of(ENDPOINTS).get(delivery.endpoint)
        why = await self._why_not(endpoint, delivery)
        if endpoint is None or why:
            await self._record(key, Outcome(DeliveryState.DROPPED), None, why)
            return
        attempt = await self._post(http, endpoint, delivery)
        outcome = outcome_of(delivery.type, attempt.status, delivery.tries + 1)
        await self._record(key, outcome, attempt)

    async def _why_not(self, endpoint: Endpoint | None, delivery: Delivery) -> str:
        """Why the event does not go there any more; "" where it does. What a client may hear is looked up each time."""
        if endpoint is None:
            return "The endpoint was removed."
        if not endpoint.enabled:
            return "The endpoint is disabled."
        if reason := why_not(endpoint.url, local=self._webhooks.local):
            return f"Nothing is sent to this address: {reason}."
        if endpoint.owner:
            grant = await self._granted(endpoint.owner)
            if grant is None:
                return "The endpoint's client was shut out."
            if not concerns(grant, delivery.type, delivery.emaid, delivery.pcid):
                return "The endpoint's client does not own the id any more."
        return ""

    async def _kept(self, owner: str) -> Grant | None:
        client = await self._store.of(CLIENTS).get(owner)
        return client.grant if client is not None and client.enabled else None

    async def _post(self, http: EventCarrier, endpoint: Endpoint, delivery: Delivery) -> Attempt:
        headers = {"Content-Type": "application/json", **signatures(endpoint.secret, delivery.body)}
        what = f"{delivery.type} {delivery.event_id}, attempt {delivery.tries + 1}"
        place = endpoint.url.partition("?")[0]  # behind it may be what lets us in there
        status = None
        try:
            reply = await http.request("The endpoint", "POST", endpoint.url, body=delivery.body, headers=headers)
        except PncError as error:
            text = error.sentence.replace(endpoint.url, place)
            self._voice.judged(what, False, f"{place}: {text}", "EVT-3")
        else:
            status, text = reply.status, ""
            self._voice.http("POST", place, status, what)
        return Attempt(time=self._clock.now(), status=status, text=text)

    async def _record(self, key: str, outcome: Outcome, attempt: Attempt | None, why: str = "") -> None:
        now = self._clock.now()

        async def step(change: Change) -> None:
            current = await change.of(DELIVERIES).get(key)
            if current is None or not self._ours(current):
                return
            made = () if attempt is None else (attempt,)
            done = replace(
                current,
                state=outcome.state,
                attempts=(*current.attempts, *made)[-REMEMBERED:],
                tries=current.tries + len(made),
                due=now + self._interval,
                holder=0,
                text=why,
            )
            await change.of(DELIVERIES).put(done)
            for follow in outcome.follows:
                await self._webhooks.outbox.follow(change, follow, done, now)

        await self._store.change(step)
        if outcome.state is DeliveryState.RETRY:
            self._next = min(self._next, now + self._interval)
        if outcome.follows or outcome.state is DeliveryState.RETRY:
            self._queued.set()

    def _ours(self, delivery: Delivery) -> bool:
        return delivery.state is DeliveryState.HELD and delivery.holder == self._store.owner
