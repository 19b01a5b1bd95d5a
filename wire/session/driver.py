"""The one asyncio driver of both roles' engines: a stream, the lab's clock and whoever answers questions.

Bytes arrive by the stream's push, deadlines by one alarm; nothing is awaited and no task is made for a message. A task
is made only for a question that somebody else has to answer. The driver goes on reading meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

from pncsim.wire.clock import Clock, Timer
from pncsim.wire.errors import LocalError, PeerError, PncError
from pncsim.wire.session.outputs import Ask, Close, Notice, Output, PassTime, Send, SendLater, Wait
from pncsim.wire.streams import BUFFER, ByteStream
from pncsim.wire.trace import Event, Trace
from pncsim.wire.voice import Voice

CLOSE_SECONDS = 5.0
"""How long the peer may take to let the connection end in order before it is dropped."""

GLANCE = 16_384
"""Octets that are sent before it is looked whether the peer takes them."""

Answerer = Callable[[object], Awaitable[object]]
"""Answers a question; a PncError it raises is the answer then."""
Tell = Callable[[object], None]
"""Hears notices."""


class Engine(Protocol):
    """A sans-I/O engine, see :mod:`wire.session.outputs`."""

    me: str
    voice: Voice
    now: float

    @property
    def deadline(self) -> float | None: ...

    def start(self, now: float) -> list[Output]: ...

    def receive(self, data: bytes, now: float) -> list[Output]: ...

    def answered(self, id: int, answer: object, now: float) -> list[Output]: ...

    def wake(self, now: float) -> list[Output]: ...

    def closed(self, now: float, error: PncError | None = None) -> list[Output]: ...

    def abort(self, error: LocalError, now: float) -> list[Output]: ...


E = TypeVar("E", bound=Engine)


class Driver(Generic[E]):
    """One engine on one stream. ``answer`` and ``tell`` are the vehicle's or station's."""

    def __init__(
        self,
        engine: E,
        stream: ByteStream,
        clock: Clock,
        trace: Trace,
        answer: Answerer,
        tell: Tell = lambda notice: None,
    ) -> None:
        self.engine, self._stream, self._clock, self._trace = engine, stream, clock, trace
        self._answer, self._tell = answer, tell
        engine.voice.follow(trace)
        self._end: asyncio.Future[Close] = asyncio.get_running_loop().create_future()
        self._tasks: set[asyncio.Task[None]] = set()
        self._waits: dict[int, Timer] = {}  # by the question that is answered then
        self._late: set[Timer] = set()
        self._passing: tuple[int, Timer | asyncio.Task[None]] | None = None
        self._alarm: Timer | None = None
        self._alarm_at = 0.0
        self._blocked = False
        self._sent = 0  # octets since it was looked whether the peer takes them

    async def run(self) -> Close:
        """Drive the engine until it says Close; then close the stream, or drop it if that takes too long.

        A defect, wherever it happens, is raised here. Cancelled, it lets the engine say how the session ended.
        """
        try:
            self._stream.attach(self)
            self.act(self.engine.start(self._clock.now()))
            return await self._end
        except BaseException as stopped:
            # Cancelled from outside, or a defect of ours: whoever is served still has to hear the end of the session.
            self.act(self.engine.abort(_stopped(stopped, self.engine.me), self._clock.now()))
            raise
        finally:
            self._end.cancel()
            for timer in (*self._waits.values(), *self._late, *filter(None, [self._alarm])):
                timer.cancel()
            for task in self._tasks:
                task.cancel()
            await self._close()

    def act(self, outputs: list[Output]) -> None:
        """Do what the engine says, in order."""
        for output in outputs:
            # By their type itself where they are frequent: isinstance is slow to say no to a struct.
            if type(output) is Send:
                self._stream.write(output.frame)
                self._sent += len(output.frame)
            elif type(output) is Notice:
                self._tell(output.content)
            elif type(output) is Ask:
                self._ask(output)
            elif isinstance(output, Event):
                self._trace.emit(output)
            elif isinstance(output, SendLater):
                self._send_later(output)
            elif isinstance(output, Close) and not self._end.done():
                self._end.set_result(output)
        if self._sent > GLANCE:
            self._sent = 0
            if not self._blocked and self._stream.unsent > BUFFER:
                # A peer that does not take our answers does not get to ask for more.
                self._blocked = True
                self._stream.pause()
        deadline = self.engine.deadline
        # Deadlines mostly move away with every message: an alarm that rings early just looks again.
        if self._alarm is not None and (deadline is None or deadline < self._alarm_at):
            self._alarm.cancel()
            self._alarm = None
        if self._alarm is None and deadline is not None:
            self._alarm_at = deadline
            self._alarm = self._clock.call_at(deadline, self._ring)

    def hurry(self) -> None:
        """Time that the engine lets pass is over: it goes on at once."""
        if self._passing is not None:
            id, passing = self._passing
            passing.cancel()
            self._answered(id, None)

    def vanish(self) -> None:
        """Whose driver this is has lost its power: what its engine still says goes nowhere. Abort the stream, too."""
        self._tell, self._trace = _nobody, Trace()

    # ---- what the stream says ------------------------------------------------------------------------------------

    def received(self, data: bytes) -> None:
        """As :class:`wire.streams.Receiver`."""
        try:
            self.act(self.engine.receive(data, self._clock.now()))
        except Exception as defect:
            self._fail(defect)

    def ended(self, error: PncError | None) -> None:
        """As :class:`wire.streams.Receiver`."""
        try:
            self.act(self.engine.closed(self._clock.now(), error))
        except Exception as defect:
            self._fail(defect)

    def drained(self) -> None:
        """As :class:`wire.streams.Receiver`."""
        if self._blocked:
            self._blocked = False
            self._stream.resume()

    # ---- time and questions --------------------------------------------------------------------------------------

    def _ring(self) -> None:
        self._alarm = None
        now = max(self._clock.now(), self._alarm_at)  # the clock may round to just before the time it was set to
        deadline = self.engine.deadline
        if deadline is not None and now < deadline:
            self._alarm_at = deadline
            self._alarm = self._clock.call_at(deadline, self._ring)
            return
        try:
            self.act(self.engine.wake(now))
        except Exception as defect:
            self._fail(defect)

    def _ask(self, ask: Ask) -> None:
        question = ask.question
        if isinstance(question, PassTime):
            leaps = self._clock.leaps
            pass_on = (
                self._work(self._pass(ask.id, question.seconds)) if leaps else self._wait(ask.id, question.seconds)
            )
            self._passing = ask.id, pass_on
        elif isinstance(question, Wait):
            self._wait(ask.id, question.seconds)
        else:
            self._work(self._obtain(ask))

    def _work(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _wait(self, id: int, seconds: float) -> Timer:
        timer = self._clock.call_at(self.engine.now + seconds, partial(self._answered, id, None))
        self._waits[id] = timer
        return timer

    def _send_later(self, late: SendLater) -> None:
        def due() -> None:
            self._late.discard(timer)
            self._stream.write(late.frame)

        timer = self._clock.call_at(self.engine.now + late.seconds, due)
        self._late.add(timer)

    async def _pass(self, id: int, seconds: float) -> None:
        await self._clock.pass_time(seconds, acting=True)
        self._answered(id, None)

    async def _obtain(self, ask: Ask) -> None:
        try:
            answer = await self._answer(ask.question)
        except PncError as error:
            answer = error
        self._answered(ask.id, answer)

    def _answered(self, id: int, answer: object) -> None:
        self._waits.pop(id, None)
        try:
            self.act(self.engine.answered(id, answer, self._clock.now()))
        except Exception as defect:
            self._fail(defect)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (defect := task.exception()):
            self._fail(defect)

    # ---- ends ----------------------------------------------------------------------------------------------------

    def _fail(self, defect: BaseException) -> None:
        """A defect of ours ends the session and surfaces where it is served."""
        if not self._end.done():
            self._end.set_exception(defect)

    async def _close(self) -> None:
        try:
            async with self._clock.timeout(CLOSE_SECONDS):
                await self._stream.close()
        except (TimeoutError, PeerError):
            self._stream.abort()


def _nobody(notice: object) -> None:
    """Where nobody is left to hear it."""


def _stopped(by: BaseException, who: str) -> LocalError:
    """Why a session ends from within."""
    if isinstance(by, asyncio.CancelledError):
        return LocalError(f"The {who} has been shut down.")
    said = str(by).rstrip(".")
    text = f"A defect in the {who} ended the session: {type(by).__name__}{f', {said}' if said else ''}."
    return LocalError(text, kind="defect")
