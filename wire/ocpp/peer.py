"""The asyncio shell of a session: calls as coroutines, and handlers for the calls of the other end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

from pncsim.wire.clock import Clock
from pncsim.wire.errors import LocalError, PncError
from pncsim.wire.ocpp.actions import A, AndThen, Handler, Request
from pncsim.wire.ocpp.channel import FrameChannel
from pncsim.wire.ocpp.errors import CallError
from pncsim.wire.ocpp.frames import Frame
from pncsim.wire.ocpp.session import Hangup, Incoming, OcppOutput, OcppSession, SendFrame, Settled
from pncsim.wire.ocpp.types import Payload
from pncsim.wire.source import Source
from pncsim.wire.streams import Gate
from pncsim.wire.voice import Voice


def message_ids(source: Source) -> Callable[[], str]:
    """128 random bits as 32 hex characters."""
    return lambda: source.octets(16).hex()


class OcppPeer:
    """One end of one connection. ``run()`` must be running for calls to be answered.

    ``voice`` reports for this end, ``peer`` names the other one in events and sentences. ``handlers`` answer its calls
    by action. ``default_timeout``: seconds a call may take.
    """

    def __init__(
        self,
        channel: FrameChannel,
        clock: Clock,
        source: Source,
        voice: Voice,
        *,
        peer: str,
        handlers: dict[str, Handler],
        default_timeout: float = 30.0,
    ) -> None:
        self.channel = channel
        self.peer = peer
        self.default_timeout = default_timeout
        self.handlers = handlers
        self._clock, self._voice = clock, voice
        self._session = OcppSession(channel.version, voice, peer, message_ids(source), handlers)
        self._calls: dict[int, asyncio.Future[Payload]] = {}
        self._tasks: set[asyncio.Task[object]] = set()
        self._hangup: asyncio.Task[None] | None = None
        self._timer: tuple[float, Any] | None = None
        self._running = False
        self._ended = Gate()

    @property
    def closed(self) -> bool:
        """Whether the connection was served and has ended."""
        return self._session.over

    @property
    def calling(self) -> bool:
        """Whether a call of ours is open."""
        return bool(self._calls)

    async def ask(self, request: Request[A], timeout: float | None = None) -> A:  # noqa: ASYNC109 (lab time, not the loop's)
        """Call the peer and return its answer: ``ask(v201.Authorize({"idToken": …}))``. Raises as :meth:`call`."""
        answer: Any = await self.call(request.action, request.payload, timeout)
        return answer  # type: ignore[no-any-return]  # its schema has accepted it

    async def call(self, action: str, payload: Mapping[str, Any], timeout: float | None = None) -> Payload:  # noqa: ASYNC109 (as above)
        """Call the peer by the name of an action and return its payload; where the name is known, :meth:`ask` instead.

        Raises CallError (the peer answered CALLERROR), PeerError (its answer breaks the schema), PeerSilent (no answer
        within ``timeout`` seconds, waiting behind other calls included), PeerClosed, PayloadError (our own mistake).
        """
        limit = self.default_timeout if timeout is None else timeout
        now = self._clock.now()
        token, outputs = self._session.call(action, payload, limit, now)
        done: asyncio.Future[Payload] = asyncio.get_running_loop().create_future()
        self._calls[token] = done
        self._perform(outputs)
        if self._timer is None or now + limit < self._timer[0]:
            self._arm()
        try:
            return await done
        except asyncio.CancelledError:
            self._calls.pop(token, None)
            self._perform(self._session.forget(token))
            raise

    async def idle(self) -> None:
        """Wait until no call of ours is open."""
        while self._calls:
            await asyncio.wait(tuple(self._calls.values()))

    async def run(self) -> None:
        """Serve the connection until it ends. Then every open call has failed and handlers at work are cancelled."""
        reason = "we failed"
        self._running = True
        try:
            await self.channel.deliver(self._received)
            reason = f"{self.channel.close_code} {self.channel.close_reason}".strip()
        except asyncio.CancelledError:
            reason = "we stopped"
            raise
        finally:
            self._running = False
            for task in tuple(self._tasks):
                task.cancel()
            if self._timer is not None:
                self._timer[1].cancel()
            self._perform(self._session.closed(reason))
            self._ended.open()
            await asyncio.gather(*self._tasks, *filter(None, [self._hangup]), return_exceptions=True)

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Close the channel after what is already on its way; :meth:`run` then ends, and is waited for."""
        # Who asks may be one of the tasks that end with the connection, and the close frame goes out all the same.
        await asyncio.shield(self.hang_up(code, reason))
        if self._running:
            await self._ended.wait()

    def hang_up(self, code: int, reason: str) -> asyncio.Task[None]:
        """Begin to close, without waiting for the end."""
        if self._hangup is None:
            self._hangup = asyncio.create_task(self.channel.close(code, reason))
        return self._hangup

    def _received(self, frame: Frame) -> None:
        self._perform(self._session.receive(frame))

    def _perform(self, outputs: list[OcppOutput]) -> None:
        for output in outputs:
            # By their type itself: isinstance is slow to say no to a struct.
            if type(output) is SendFrame:
                self.channel.post(output.frame)
            elif type(output) is Incoming:
                self._handle(output)
            elif type(output) is Settled:
                self._settle(output)
            elif isinstance(output, Hangup):
                self.hang_up(output.code, output.reason)

    def _settle(self, settled: Settled) -> None:
        done = self._calls.pop(settled.token, None)
        if done is None or done.done():
            return
        if settled.error is None:
            done.set_result(settled.payload)
        else:
            done.set_exception(settled.error)

    def _handle(self, incoming: Incoming) -> None:
        try:
            answer = self.handlers[incoming.action](incoming.payload)
        except Exception as error:
            self._fail(incoming, error)
            return
        if isinstance(answer, dict) or type(answer) is AndThen:
            self._answer(incoming, answer)
        else:
            self._spawn(self._await_answer(incoming, answer))

    async def _await_answer(self, incoming: Incoming, answer: Awaitable[Any]) -> None:
        try:
            self._answer(incoming, await answer)
        except Exception as error:
            self._fail(incoming, error)

    def _answer(self, incoming: Incoming, answer: Payload | AndThen[Payload]) -> None:
        if isinstance(answer, dict):
            self._perform(self._session.answer(incoming.id, answer))
        else:
            self._perform(self._session.answer(incoming.id, answer.payload))
            self._spawn(self._afterwards(incoming.action, answer.work()))

    async def _afterwards(self, action: str, work: Coroutine[Any, Any, object]) -> None:
        try:
            await work
        except Exception as error:
            self._voice.problem(_retold(f"What {action} set off failed", error))

    def _fail(self, incoming: Incoming, error: Exception) -> None:
        if isinstance(error, CallError):
            refusal = error
        else:
            code = (error.ocpp_status if isinstance(error, PncError) else None) or ""
            known_code = code if code in self.channel.version.codes else "InternalError"
            refusal = CallError(known_code, f"{incoming.action} could not be handled")
            self._voice.problem(_retold(f"{self._voice.unit} failed on {incoming.action}", error))
        self._perform(self._session.refuse(incoming.id, refusal))

    def _spawn(self, work: Coroutine[Any, Any, object]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _arm(self) -> None:
        # One timer serves many calls: only a new call can bring it forward, and it looks again when it fires.
        deadline = self._session.deadline
        if self._timer is not None:
            self._timer[1].cancel()
        self._timer = None if deadline is None else (deadline, self._clock.call_at(deadline, self._wake))

    def _wake(self) -> None:
        self._timer = None
        if self._calls:
            self._perform(self._session.wake(self._clock.now()))
            self._arm()


def _retold(what: str, error: Exception) -> PncError:
    """``error`` as a reader should see it: what it ended, and all it knows."""
    if not isinstance(error, PncError):
        return LocalError(f"{what}: {type(error).__name__}: {error}.", kind="defect")
    return PncError(
        f"{what}: {error.sentence}",
        kind=error.kind,
        clause=error.clause,
        advice=error.advice,
        response_code=error.response_code,
        alert=error.alert,
        http_status=error.http_status,
        ocpp_status=error.ocpp_status,
    )
