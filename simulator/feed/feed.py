"""A reader of the trace that publishes every event at a broker, and does what is asked there."""

from __future__ import annotations

import asyncio
import sys
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Struct

from pncsim.simulator.feed.commands import FeedCommand, command, of_run, of_side
from pncsim.simulator.feed.courier import Courier
from pncsim.simulator.feed.messages import (
    LONGEST_COMMAND,
    CommandTold,
    FeedStatus,
    Order,
    OrderAnswer,
    RunClosed,
    RunOpened,
)
from pncsim.simulator.feed.numbered import Numbered
from pncsim.simulator.feed.options import Broker
from pncsim.simulator.feed.told import FeedItem, FeedLines, Publication, published
from pncsim.simulator.parameters import Bounds, did_you_mean
from pncsim.wire.errors import LocalError, PncError
from pncsim.wire.source import SYSTEM
from pncsim.wire.trace import Event, Trace

if TYPE_CHECKING:
    from pncsim.simulator.attach.side import Attachable
    from pncsim.simulator.by_hand.hand import Hand
    from pncsim.simulator.runs.run import Run

PATIENCE = 10.0
"""Seconds without progress after which the end waits no longer for a broker."""
REMEMBERED = 1_000
"""Orders whose answers are kept, for who asks again."""
AT_ONCE = 64
"""Orders that may be underway."""

GONE = "What was to do it has ended meanwhile."

_encode = msgspec.json.Encoder().encode
_order: msgspec.json.Decoder[Order] = msgspec.json.Decoder(Order)


class Feed:
    """The feed of one process, which is ``side``: ``run``, ``secc`` …; what it is told may come from any thread.

    Subscribe it to a trace: it never waits, and no actor notices it. :meth:`tell` is for what is no event.
    """

    def __init__(self, broker: Broker, side: str) -> None:
        self.stream = SYSTEM.of("feed").octets(6).hex()
        self._broker, self._side = broker, side
        self._numbered: Numbered[_Kept] = Numbered()
        self._lines = FeedLines(broker.topic, self.stream)
        self._again: list[tuple[int, int]] = []
        self._taken = 0
        self._over = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._own = {"again": command("again", "Publish what was said once more, by its numbers", self._repeat)}
        self._commands: Mapping[str, FeedCommand] = self._own
        self._underway: set[Future[object]] = set()
        self._answers: OrderedDict[str, OrderAnswer | None] = OrderedDict()
        self._courier = Courier(
            broker,
            f"pncsim-{side}-{self.stream}",
            take=self._take,
            carried=self._numbered.acknowledge,
            afresh=self._afresh,
            status=self._status,
            orders=f"{broker.topic}/commands",
            heard=self._heard,
        )

    def open(self) -> None:
        """Connect. Raises LocalError where the broker cannot be used."""
        self._courier.start()

    def __call__(self, event: Event) -> None:
        """Publish ``event``, soon."""
        if published(event):
            self.tell(event)

    def tell(self, told: FeedItem) -> None:
        """Publish this, soon."""
        self._numbered.put(_Kept(told))
        self._courier.wake()

    @contextmanager
    def tells(self, run: Run, end: Callable[[], object], hand: Hand | None = None) -> Iterator[None]:
        """Within the body all of ``run`` is published, its begin and its end, and what is asked of it is done.

        ``end`` breaks it off; ``hand`` plays it, where it is played by hand.
        """
        settings = run.settings
        self.tell(
            RunOpened(
                run=run.trace.run,
                scenario=run.scenario.name,
                transport=settings.transport,
                options={name: str(value) for name, value in run.options.items()},
                faults=settings.faults,
                seed=settings.seed,
            )
        )
        run.trace.subscribe(self)
        try:
            with self.obeys(of_run(run, end, hand)):
                yield
        finally:
            result = run.result
            self.tell(
                RunClosed(
                    run=run.trace.run,
                    scenario=run.scenario.name,
                    verdict=result.verdict,
                    cause=result.cause,
                    checks=result.checks,
                    evidence=None if result.evidence is None else str(result.evidence),
                )
            )

    @contextmanager
    def tells_alone(self, trace: Trace, side: Attachable) -> Iterator[None]:
        """Within the body ``trace`` is published, and what is asked of ``side`` is done."""
        trace.subscribe(self)
        with self.obeys(of_side(side)):
            yield

    @contextmanager
    def obeys(self, commands: Mapping[str, FeedCommand]) -> Iterator[None]:
        """Within the body orders of these names are done, on the loop that runs."""
        self._loop, self._commands = asyncio.get_running_loop(), {**self._own, **commands}
        self._courier.announce()
        try:
            yield
        finally:
            self._loop, self._commands = None, self._own
            for one in tuple(self._underway):
                one.cancel()
            self._courier.announce()

    def close(self) -> None:
        """Wait until the broker has everything, for as long as it goes on taking it; say what it did not take."""
        self._over = True
        self._courier.finish()
        left, until = self._numbered.waiting, time.monotonic() + PATIENCE
        while not self._courier.over(0.2):
            if self._numbered.waiting < left:
                left, until = self._numbered.waiting, time.monotonic() + PATIENCE
            elif time.monotonic() > until:
                self._courier.give_up()
                break
        if missing := self._numbered.waiting + self._numbered.lost:
            what = f"{missing} of {self._numbered.last} events did not reach the broker at {self._broker.name}"
            print(f"pnc: {what}.", file=sys.stderr, flush=True)

    # What the courier asks, on its own loop

    def _take(self, most: int) -> list[tuple[int, Publication]]:
        """What comes next: what somebody wants to have again, or what is new."""
        if self._again and most:
            first, last = self._again.pop(0)
            found = self._numbered.between(first, last, most)
            if found and found[-1][0] < last:
                self._again.insert(0, (found[-1][0] + 1, last))
        else:
            found = self._numbered.between(self._taken + 1, self._numbered.last, most)
            self._taken = found[-1][0] if found else self._taken
        return [(number, self._message(number, kept)) for number, kept in found]

    def _message(self, number: int, kept: _Kept) -> Publication:
        """Made once, in order: how long an answer took follows from what was told before."""
        if kept.message is None:
            assert kept.told is not None
            kept.message, kept.told = self._lines(number, kept.told), None
        return kept.message

    def _afresh(self) -> None:
        self._taken = self._numbered.acknowledged

    def _status(self, lost: bool) -> Publication:
        commands = {} if lost or self._over else self._commands
        status = FeedStatus(
            stream=self.stream,
            side=self._side,
            state="lost" if lost else "over" if self._over and not self._numbered.waiting else "online",
            version=version("pncsim"),
            number=0 if lost else self._numbered.last,
            oldest=self._numbered.first,
            commands={name: CommandTold(one.title, one.arguments) for name, one in commands.items()},
        )
        return f"{self._broker.topic}/status", _encode(status)

    # Orders

    async def _heard(self, payload: bytes) -> Publication | None:
        answer = await self._answered(payload)
        return None if answer is None else (f"{self._broker.topic}/answers", _encode(answer))

    async def _answered(self, payload: bytes) -> OrderAnswer | None:
        """What became of an order; None for one that is underway already."""
        try:
            if len(payload) > LONGEST_COMMAND:
                raise LocalError(f"A command has at most {LONGEST_COMMAND} octets, this one {len(payload)}.")
            order = _order.decode(payload)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return self._refusal("", f"This is no command: {error}.")
        except LocalError as error:
            return self._refusal("", str(error))
        if order.id in self._answers:
            return self._answers[order.id]
        if list(self._answers.values()).count(None) >= AT_ONCE:
            return self._refusal(order.id, f"{AT_ONCE} commands are underway: wait for an answer.")
        self._answers[order.id] = None
        while len(self._answers) > REMEMBERED:
            self._answers.popitem(last=False)
        try:
            said = await self._done(order)
            answer = OrderAnswer(
                stream=self.stream,
                id=order.id,
                done=True,
                said="" if said is None else str(said),
                number=self._numbered.last,
            )
        except PncError as error:
            answer = self._refusal(order.id, str(error))
        except Exception as error:
            # A defect is no reason to leave who asks without an answer.
            answer = self._refusal(order.id, f"A defect of pncsim: {type(error).__name__}: {error}.")
        self._answers[order.id] = answer
        return answer

    def _refusal(self, id: str, why: str) -> OrderAnswer:
        return OrderAnswer(stream=self.stream, id=id, done=False, error=why, number=self._numbered.last)

    async def _done(self, order: Order) -> object:
        known, loop = self._commands, self._loop
        found = known.get(order.command)
        if found is None:
            advice = did_you_mean(order.command, known)
            raise LocalError(f"{order.command!r} is not a command that is taken here now.", advice=advice)
        if order.command in self._own or loop is None:
            return await found.do(order.arguments)
        doing = _begun(found, order, loop)
        self._underway.add(doing)
        if self._loop is not loop:
            doing.cancel()
        try:
            return await asyncio.wrap_future(doing)
        except asyncio.CancelledError:
            if not doing.cancelled():
                raise
            raise LocalError(GONE) from None
        finally:
            self._underway.discard(doing)

    async def _repeat(
        self,
        *,
        first: Annotated[int, "The first number."] = 1,
        last: Annotated[int, "The last one; 0: up to the newest.", Bounds(0)] = 0,
    ) -> str:
        newest, oldest = self._numbered.last, self._numbered.first
        begin, end = max(first, oldest), min(last or newest, newest)
        if begin > end:
            raise LocalError(f"Kept are the numbers from {oldest} to {newest}.")
        self._again.append((begin, end))
        self._courier.wake()
        return f"Said once more: {begin} to {end}."


class _Kept(Struct):
    """What has a number: as it was told, until it has become a message."""

    told: FeedItem | None
    message: Publication | None = None


def _begun(command: FeedCommand, order: Order, loop: asyncio.AbstractEventLoop) -> Future[object]:
    """The command, going on on ``loop``. Raises LocalError where that is closed."""

    async def done() -> object:
        return await command.do(order.arguments)

    doing = done()
    try:
        return asyncio.run_coroutine_threadsafe(doing, loop)
    except RuntimeError:
        doing.close()
        raise LocalError(GONE) from None
