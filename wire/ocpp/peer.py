"""The asyncio shell of a session: calls as coroutines, a table of handlers, a reader and a writer per connection."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from typing import Any

from pncsim.wire.clock import Clock
from pncsim.wire.errors import PncError
from pncsim.wire.ocpp.actions import A, AndThen, Handler, Request
from pncsim.wire.ocpp.channel import FrameChannel, MemoryChannel
from pncsim.wire.ocpp.errors import CallError
from pncsim.wire.ocpp.session import Hangup, Incoming, OcppSession, Output, SendText, Settled
from pncsim.wire.ocpp.types import Payload as Payload
from pncsim.wire.source import Source
from pncsim.wire.trace import OcppFrame, Problem, Trace

MAX_UNSENT = 1024
"""Frames that may wait for a peer that does not read; what it sends then is not read either, until it does."""

CLOSING = 2.0
"""Seconds for what is on its way before a close."""


def message_ids(source: Source) -> Callable[[], str]:
    """128 random bits as 32 hex characters, from an injected random source."""
    return lambda: f"{source.bits(128):032x}"


class OcppPeer:
    """One end of one connection. ``run()`` must be running for calls to be answered.

    ``actor`` and ``peer`` name both ends in events and sentences. ``default_timeout``: seconds a call may take.
    """

    def __init__(
        self,
        channel: FrameChannel,
        clock: Clock,
        source: Source,
        *,
        actor: str,
        peer: str,
        trace: Trace | None = None,
        default_timeout: float = 30.0,
    ) -> None:
        self.channel = channel
        self.peer = peer
        self.default_timeout = default_timeout
        self._clock = clock
        self._trace = trace or Trace()
        self._actor = actor
        self._handlers: dict[str, Handler] = {}
        self._session = OcppSession(channel.version, actor, peer, message_ids(source), self._handlers)
        self._calls: dict[int, asyncio.Future[Payload]] = {}
        self._tasks: set[asyncio.Task[object]] = set()
        self._outbox: deque[str | Hangup] = deque()
        self._writer_wakes: asyncio.Future[None] | None = None
        self._taken: asyncio.Future[None] | None = None
        self._timer: tuple[float, Any] | None = None
        self._memory = channel if isinstance(channel, MemoryChannel) else None
        self._ended = asyncio.Event()

    @property
    def closed(self) -> bool:
        """Whether the channel has ended."""
        return self._ended.is_set()

    def on(self, action: str, handler: Handler) -> None:
        """Let ``handler`` answer ``action``; it may be a plain function or a coroutine function."""
        self._handlers[action] = handler

    def handle(self, handlers: Iterable[tuple[str, Handler]]) -> None:
        """Register several handlers."""
        for action, handler in handlers:
            self.on(action, handler)

    async def ask(self, request: Request[A], timeout: float | None = None) -> A:  # noqa: ASYNC109 (lab time, not the loop's)
        """Call the peer and return its answer: ``ask(v201.Authorize({"idToken": …}))``. Raises as :meth:`call`."""
        answer: Any = await self.call(request.action, request.payload, timeout)
        return answer  # type: ignore[no-any-return]  # its schema has accepted it

    async def call(self, action: str, payload: Mapping[str, Any], timeout: float | None = None) -> Payload:  # noqa: ASYNC109
        """Call the peer by the name of an action and return its payload; where the name is known, :meth:`ask` instead.

        Raises CallError (the peer answered CALLERROR), PeerError (its answer breaks the schema), PeerSilent (no answer
        within ``timeout`` seconds, waiting behind other calls included), PeerClosed, PayloadError (our own mistake).
        """
        limit = self.default_timeout if timeout is None else timeout
        token, outputs = self._session.call(action, payload, limit, self._clock.now())
        done: asyncio.Future[Payload] = asyncio.get_running_loop().create_future()
        self._calls[token] = done
        self._perform(outputs)
        try:
            return await done
        except asyncio.CancelledError:
            self._calls.pop(token, None)
            self._perform(self._session.forget(token, self._clock.now()))
            raise

    async def idle(self) -> None:
        """Wait until no call of ours is open."""
        while self._calls:
            await asyncio.wait(tuple(self._calls.values()))

    async def run(self) -> None:
        """Read until the channel ends. Then every open call has failed and handlers still at work are cancelled."""
        writer = asyncio.create_task(self._write())
        reason = "we failed"
        try:
            while (text := await self.channel.receive()) is not None:
                while len(self._outbox) > MAX_UNSENT and not writer.done():
                    self._taken = asyncio.get_running_loop().create_future()
                    await asyncio.wait((self._taken, writer), return_when=asyncio.FIRST_COMPLETED)
                self._perform(self._session.receive(text, self._clock.now()))
            reason = f"{self.channel.close_code} {self.channel.close_reason}".strip()
        except asyncio.CancelledError:
            reason = "we stopped"
            raise
        finally:
            self._ended.set()
            writer.cancel()
            for task in tuple(self._tasks):
                task.cancel()
            if self._timer is not None:
                self._timer[1].cancel()
            self._perform(self._session.closed(self._clock.now(), reason))
            await asyncio.gather(writer, *self._tasks, return_exceptions=True)

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Close the channel after what is already on its way; :meth:`run` then ends. Waits for that, 2 s at most."""
        self._put(Hangup(code, reason))
        try:
            async with self._clock.timeout(CLOSING):
                await self._ended.wait()
        except TimeoutError:
            # The peer does not read: what still waits is lost.
            await self.channel.close(code, reason)

    def _perform(self, outputs: list[Output]) -> None:
        readers = self._trace.readers
        for output in outputs:
            if isinstance(output, OcppFrame):
                if readers:
                    self._trace.emit(output)
            elif isinstance(output, SendText):
                self._put(output.text)
            elif isinstance(output, Incoming):
                self._handle(output)
            elif isinstance(output, Settled):
                self._settle(output)
            elif isinstance(output, Hangup):
                self._put(output)
            else:
                self._trace.emit(output)
        self._arm()

    def _settle(self, settled: Settled) -> None:
        done = self._calls.pop(settled.token, None)
        if done is None or done.done():
            return
        if settled.error is None:
            done.set_result(settled.payload)
        else:
            done.set_exception(settled.error)

    def _put(self, item: str | Hangup) -> None:
        if self._memory is not None and isinstance(item, str) and self._memory.close_code is None:
            self._memory.post(item)
            return
        self._outbox.append(item)
        if self._writer_wakes is not None and not self._writer_wakes.done():
            self._writer_wakes.set_result(None)

    async def _write(self) -> None:
        # A task of its own, so that a peer that stops reading delays nobody's timeout.
        loop = asyncio.get_running_loop()
        try:
            while True:
                while self._outbox:
                    item = self._outbox.popleft()
                    if isinstance(item, Hangup):
                        await self.channel.close(item.code, item.reason)
                    else:
                        await self.channel.send(item)
                    if self._taken is not None and len(self._outbox) <= MAX_UNSENT and not self._taken.done():
                        self._taken.set_result(None)
                self._writer_wakes = loop.create_future()
                await self._writer_wakes
        except PncError:
            # The reader meets the same end and tells everybody.
            await self.channel.close(1001)

    def _handle(self, incoming: Incoming) -> None:
        try:
            answer = self._handlers[incoming.action](incoming.payload)
        except Exception as error:
            self._fail(incoming, error)
            return
        if isinstance(answer, dict | AndThen):
            self._answer(incoming, answer)
        else:
            self._spawn(self._await_answer(incoming, answer))

    async def _await_answer(self, incoming: Incoming, answer: Awaitable[Any]) -> None:
        try:
            self._answer(incoming, await answer)
        except Exception as error:
            self._fail(incoming, error)

    def _answer(self, incoming: Incoming, answer: Payload | AndThen[Payload]) -> None:
        payload = answer.payload if isinstance(answer, AndThen) else answer
        self._perform(self._session.answer(incoming.id, payload, self._clock.now()))
        if isinstance(answer, AndThen):
            self._spawn(self._afterwards(incoming.action, answer.work()))

    async def _afterwards(self, action: str, work: Coroutine[Any, Any, object]) -> None:
        try:
            await work
        except PncError as error:
            self._report(f"What {action} set off failed: {error.sentence}", error)
        except Exception as error:
            self._report(f"What {action} set off failed inside {self._actor} ({type(error).__name__}: {error}).")

    def _fail(self, incoming: Incoming, error: Exception) -> None:
        if isinstance(error, CallError):
            refusal = error
        else:
            code = (error.ocpp_status if isinstance(error, PncError) else None) or ""
            known_code = code if code in self._session.version.codes else "InternalError"
            refusal = CallError(known_code, f"{incoming.action} could not be handled")
            known = isinstance(error, PncError)
            what = error.sentence if isinstance(error, PncError) else f"{type(error).__name__}: {error}"
            self._report(f"{self._actor} failed on {incoming.action}: {what}", error if known else None)
        self._perform(self._session.refuse(incoming.id, refusal, self._clock.now()))

    def _report(self, text: str, error: Exception | None = None) -> None:
        known = error if isinstance(error, PncError) else PncError(text, kind="defect")
        self._trace.emit(
            Problem(
                time=self._clock.now(),
                role=self._actor,
                text=text,
                kind=known.kind,
                clause=known.clause,
                advice=known.advice,
            )
        )

    def _spawn(self, work: Coroutine[Any, Any, object]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _arm(self) -> None:
        # One timer serves many calls: it is only moved forward, and looks again when it fires.
        deadline = self._session.deadline
        if deadline is None or (self._timer is not None and self._timer[0] <= deadline):
            return
        if self._timer is not None:
            self._timer[1].cancel()
        self._timer = (deadline, self._clock.call_at(deadline, self._wake))

    def _wake(self) -> None:
        self._timer = None
        self._perform(self._session.wake(self._clock.now()))
