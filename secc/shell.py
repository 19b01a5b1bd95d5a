"""The asyncio shell of the SECC engine: one engine on one stream, driven by the lab's clock."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Protocol

from pncsim.secc.engine import SeccEngine
from pncsim.wire.clock import Clock
from pncsim.wire.errors import PncError
from pncsim.wire.session.outputs import Ask, Close, Notice, Output, Send
from pncsim.wire.streams import ByteStream
from pncsim.wire.trace import Event, Trace

CLOSE_SECONDS = 5.0
"""How long the vehicle may take to close its side before the connection is dropped."""

Answer = Callable[[object], Awaitable[object]]
Tell = Callable[[object], None]


class Timer(Protocol):
    """What Clock.call_at returns."""

    def cancel(self) -> None:
        """Do not ring."""


class Connection:
    """One engine on one stream."""

    def __init__(
        self, engine: SeccEngine, stream: ByteStream, clock: Clock, trace: Trace, answer: Answer, tell: Tell
    ) -> None:
        self.engine = engine
        self._stream, self._clock, self._trace, self._answer, self._tell = stream, clock, trace, answer, tell
        self._end: asyncio.Future[Close] = asyncio.get_running_loop().create_future()
        self._tasks: set[asyncio.Task[None]] = set()
        self._alarm: Timer | None = None
        self._alarm_at = 0.0

    async def run(self) -> Close:
        """Drive the engine until it says Close; then close the stream, or drop it if that takes too long."""
        self.act(self.engine.start(self._clock.now()))
        self._spawn(self._read())
        try:
            return await self._end
        except BaseException as stopped:
            # Cancelled from outside, or a defect of ours: the station still has to hear the end of the session.
            self.act(self.engine.abort(_stopped(stopped), self._clock.now()))
            raise
        finally:
            self._end.cancel()
            if self._alarm is not None:
                self._alarm.cancel()
            for task in self._tasks:
                task.cancel()
            try:
                async with self._clock.timeout(CLOSE_SECONDS):
                    await self._stream.close()
            except TimeoutError:
                self._stream.abort()

    def act(self, outputs: list[Output]) -> None:
        """Do what the engine says, in order."""
        for output in outputs:
            if isinstance(output, Send):
                self._stream.write(output.frame)
            elif isinstance(output, Event):
                self._trace.emit(output)
            elif isinstance(output, Notice):
                self._tell(output.content)
            elif isinstance(output, Ask):
                self._spawn(self._obtain(output))
            elif not self._end.done():
                self._end.set_result(output)
        deadline = self.engine.deadline
        # Deadlines mostly move away with every message: an alarm that rings early just looks again.
        if deadline is not None and (self._alarm is None or deadline < self._alarm_at):
            if self._alarm is not None:
                self._alarm.cancel()
            self._alarm_at = deadline
            self._alarm = self._clock.call_at(deadline, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        # The clock may round to just before the time it was set to.
        self.act(self.engine.wake(max(self._clock.now(), self._alarm_at)))

    async def _read(self) -> None:
        error: PncError | None = None
        try:
            while data := await self._stream.read():
                self.act(self.engine.receive(data, self._clock.now()))
                await self._stream.drain()
        except PncError as gone:
            error = gone
        self.act(self.engine.closed(self._clock.now(), error))

    async def _obtain(self, ask: Ask) -> None:
        try:
            answer = await self._answer(ask.question)
        except PncError as error:
            answer = error
        self.act(self.engine.answered(ask.id, answer, self._clock.now()))

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        """A task that fails is a defect of ours: it ends the session and surfaces where it is served."""
        self._tasks.discard(task)
        if not task.cancelled() and (defect := task.exception()) and not self._end.done():
            self._end.set_exception(defect)


def _stopped(by: BaseException) -> str:
    """Why a session ends from within, as a sentence."""
    if isinstance(by, asyncio.CancelledError):
        return "The station has been shut down."
    said = str(by).rstrip(".")
    return f"A defect in the station ended the session: {type(by).__name__}{f', {said}' if said else ''}."
