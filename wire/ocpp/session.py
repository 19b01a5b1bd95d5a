"""One OCPP-J session, for either role: frames in, frames and results out. No I/O, no clock, no randomness of its own.

The rules are Part 4's: one CALL of ours is outstanding at a time and the others queue; the peer's CALLs are answered
meanwhile, in any order; a result nobody waits for is reported and otherwise ignored; CALLERRORs follow the table in
:mod:`wire.ocpp.errors`. Payloads are checked against OCPP's own schemas in both directions.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pncsim.wire.errors import PeerClosed, PeerError, PeerSilent, PncError
from pncsim.wire.ocpp import frames, schema
from pncsim.wire.ocpp.errors import CallError, PayloadError
from pncsim.wire.ocpp.mask import masked
from pncsim.wire.ocpp.types import Payload
from pncsim.wire.ocpp.versions import OcppVersion
from pncsim.wire.trace import Direction, Event, OcppFrame, Problem, Tolerated

MAX_TEXT = 262_144
"""Longest frame read, in characters: four times the largest an action can need with all its fields full."""

MAX_UNANSWERED = 16
"""CALLs of the peer in work at once. More than one means it gave up waiting, or breaks the one-outstanding rule."""

MAX_QUEUED = 1024


class SendText(NamedTuple):
    """Write this frame."""

    text: str


class Incoming(NamedTuple):
    """A CALL of the peer that fits its schema: answer with :meth:`OcppSession.answer` or :meth:`OcppSession.refuse`."""

    id: str
    action: str
    payload: Payload


class Settled(NamedTuple):
    """Our call ``token`` ended: with the peer's ``payload``, or with ``error``."""

    token: int
    payload: Payload
    error: PncError | None = None


class Hangup(NamedTuple):
    """Close the connection with this WebSocket close code."""

    code: int
    reason: str


Output = SendText | Incoming | Settled | Hangup | Event


@dataclass(slots=True)
class _Waiting:
    """A call of ours, queued or sent."""

    token: int
    action: str
    payload: Mapping[str, Any]
    deadline: float
    timeout: float
    id: str = ""


@dataclass(slots=True)
class OcppSession:
    """The session of ``actor`` (as in trace.ROLES) with ``peer`` (a name for people: "CSMS", a station's identity).

    ``ids`` makes message ids, at most 36 characters, never the same twice. ``supported``: the actions answered here;
    other actions of ``version`` earn NotSupported, unknown ones NotImplemented.
    """

    version: OcppVersion
    actor: str
    peer: str
    ids: Callable[[], str]
    supported: Container[str]
    _queue: deque[_Waiting] = field(default_factory=deque)
    _outstanding: _Waiting | None = None
    _unanswered: dict[str, str] = field(default_factory=dict)
    _tokens: int = 0
    _closed: PncError | None = None

    @property
    def deadline(self) -> float | None:
        """Lab time at which :meth:`wake` is due: the first call to time out."""
        first = None if self._outstanding is None else self._outstanding.deadline
        for waiting in self._queue:
            first = waiting.deadline if first is None else min(first, waiting.deadline)
        return first

    # Our calls

    def call(self, action: str, payload: Mapping[str, Any], timeout: float, now: float) -> tuple[int, list[Output]]:
        """Start a call; ``timeout`` in seconds counts from now, waiting in the queue included.

        Raises PayloadError when the payload breaks its schema or too many calls wait, PeerClosed on a closed session.
        """
        if self._closed is not None:
            raise PeerClosed(f"{action} was not sent: {self._closed.sentence}")
        if len(self._queue) >= MAX_QUEUED:
            raise PayloadError(f"{action} was not sent: {MAX_QUEUED} calls to {self.peer} are waiting already.")
        if action not in self.version.actions:
            raise PayloadError(f"{action} was not sent: {self.version} has no such action.")
        wrong = schema.violation(self.version, action, "Request", payload)
        if wrong is not None:
            raise PayloadError(f"{action} was not sent: our own payload breaks OCPP's schema, {wrong.text}.")
        self._tokens += 1
        self._queue.append(_Waiting(self._tokens, action, payload, now + timeout, timeout))
        return self._tokens, self._next(now) if self._outstanding is None else []

    def forget(self, token: int, now: float) -> list[Output]:
        """The caller lost interest: a queued call is dropped, the outstanding one no longer waited for."""
        if self._outstanding is not None and self._outstanding.token == token:
            self._outstanding = None
            return self._next(now)
        self._queue = deque(w for w in self._queue if w.token != token)
        return []

    def _next(self, now: float) -> list[Output]:
        if not self._queue:
            return []
        waiting = self._outstanding = self._queue.popleft()
        waiting.id = self.ids()
        text = frames.call(waiting.id, waiting.action, waiting.payload)
        return self._sent(text, waiting.action, waiting.payload, now)

    # The peer's frames

    def receive(self, text: str, now: float) -> list[Output]:
        """One text frame arrived."""
        if self._closed is not None:
            return []
        if len(text) > MAX_TEXT:
            reason = f"a frame of {len(text)} characters, at most {MAX_TEXT} are read"
            return [
                Problem(time=now, role=self.actor, text=f"{self.peer} sent {reason}.", kind="flood"),
                Hangup(1009, "too big"),
            ]
        frame = frames.parse(text)
        match frame:
            case frames.Call():
                return self._called(frame, text, now)
            case frames.Result():
                return self._answered(frame.id, text, now, frame)
            case frames.Error():
                return self._answered(frame.id, text, now, frame)
        event = self._event("received", "", text, None, now)
        problem = Problem(
            time=now, role=self.actor, text=f"{self.peer} sent no OCPP frame: {frame.text}.", kind="malformed"
        )
        if not frame.code:
            return [event, problem]
        return [event, problem, *self._error(frame.id, "", CallError(frame.code, frame.text), now)]

    def _called(self, frame: frames.Call, text: str, now: float) -> list[Output]:
        out: list[Output] = [self._event("received", frame.action, text, frame.payload, now)]
        if frame.id in self._unanswered:
            # An answer could not say which of the two it is for.
            what = f"{self.peer} used message id {frame.id} again while the first call with it was open; ignored."
            return [*out, Tolerated(time=now, role=self.actor, what=what, clause=self.version.clause("4.1.4"))]
        refusal = self._refusal(frame)
        if refusal is not None:
            return [*out, *self._error(frame.id, frame.action, refusal, now)]
        self._unanswered[frame.id] = frame.action
        return [*out, Incoming(frame.id, frame.action, frame.payload)]

    def _refusal(self, frame: frames.Call) -> CallError | None:
        if frame.action not in self.version.actions:
            return CallError("NotImplemented", f"{self.version} has no such action")
        if frame.action not in self.supported:
            return CallError("NotSupported", f"{frame.action} is not supported here")
        if len(self._unanswered) >= MAX_UNANSWERED:
            return CallError("RpcFrameworkError", f"{MAX_UNANSWERED} calls are open already, one is allowed")
        wrong = schema.violation(self.version, frame.action, "Request", frame.payload)
        return None if wrong is None else CallError(wrong.code, wrong.text)

    def _answered(self, id: str, text: str, now: float, frame: frames.Result | frames.Error) -> list[Output]:
        waiting = self._outstanding
        if waiting is None or waiting.id != id:
            what = f"{self.peer} answered message id {id[:36]}, which nobody waits for (late or never asked); ignored."
            event = self._event("received", "", text, None, now)
            return [event, Tolerated(time=now, role=self.actor, what=what, clause=self.version.clause("4.1.3"))]
        self._outstanding = None
        payload = frame.payload if isinstance(frame, frames.Result) else frame.details
        event = self._event("received", waiting.action, text, payload, now)
        if isinstance(frame, frames.Error):
            settled = Settled(waiting.token, {}, self._refused(waiting, frame))
        else:
            wrong = schema.violation(self.version, waiting.action, "Response", frame.payload)
            settled = Settled(
                waiting.token,
                frame.payload if wrong is None else {},
                None if wrong is None else self._broken(waiting, wrong),
            )
        return [event, settled, *self._next(now)]

    def _broken(self, waiting: _Waiting, wrong: schema.Violation) -> PeerError:
        sentence = f"{self.peer} answered {waiting.action} with a payload that breaks OCPP's schema: {wrong.text}."
        return PeerError(sentence, ocpp_status=wrong.code)

    def _refused(self, waiting: _Waiting, frame: frames.Error) -> CallError:
        code = self.version.aliases.get(frame.code, frame.code)
        meaning = self.version.codes.get(code, f"a code {self.version} does not list")
        # The description is the peer's text and may echo our payload, so it is not repeated for actions with secrets.
        said = f', "{frame.description[:255]}"' if frame.description and not waiting.action.startswith("Set") else ""
        sentence = f"{self.peer} refused {waiting.action} with CALLERROR {code[:50]} ({meaning}){said}."
        return CallError(code, frame.description, sentence=sentence)

    # Our answers

    def answer(self, id: str, payload: Mapping[str, Any], now: float) -> list[Output]:
        """Answer the peer's call ``id``. A payload that breaks its schema is reported and becomes InternalError."""
        action = self._unanswered.get(id)
        if action is None or self._closed is not None:
            return []
        wrong = schema.violation(self.version, action, "Response", payload)
        if wrong is not None:
            text = f"{self.actor} built an answer to {action} that breaks OCPP's schema: {wrong.text}."
            problem = Problem(time=now, role=self.actor, text=text, kind="defect")
            return [problem, *self.refuse(id, CallError("InternalError"), now)]
        del self._unanswered[id]
        return self._sent(frames.result(id, payload), action, payload, now)

    def refuse(self, id: str, error: CallError, now: float) -> list[Output]:
        """Answer the peer's call ``id`` with a CALLERROR."""
        action = self._unanswered.pop(id, None)
        if action is None or self._closed is not None:
            return []
        return self._error(id, action, error, now)

    def _error(self, id: str, action: str, error: CallError, now: float) -> list[Output]:
        text = frames.error(id, error.code, error.description, error.details)
        return self._sent(text, action, error.details, now)

    # Time and end

    def wake(self, now: float) -> list[Output]:
        """The deadline passed: calls whose time is over end with PeerSilent; the next one in the queue is sent."""
        out: list[Output] = []
        late = [w for w in self._queue if w.deadline <= now]
        if late:
            self._queue = deque(w for w in self._queue if w.deadline > now)
        if self._outstanding is not None and self._outstanding.deadline <= now:
            late.insert(0, self._outstanding)
            self._outstanding = None
        for waiting in late:
            told = "did not answer" if waiting.id else "was kept busy by other calls and was never asked"
            sentence = f"{self.peer} {told} {waiting.action} within {waiting.timeout:g} s."
            out.append(Settled(waiting.token, {}, PeerSilent(sentence)))
        if self._outstanding is None:
            out += self._next(now)
        return out

    def closed(self, now: float, reason: str) -> list[Output]:
        """The connection is gone: every open call of ours ends with PeerClosed."""
        if self._closed is not None:
            return []
        self._closed = PeerClosed(f"the connection to {self.peer} is closed ({reason}).")
        open_calls = [self._outstanding] if self._outstanding is not None else []
        open_calls += self._queue
        self._outstanding = None
        self._queue.clear()
        self._unanswered.clear()
        return [
            Settled(
                w.token, {}, PeerClosed(f"{self.peer} closed the connection before it answered {w.action} ({reason}).")
            )
            for w in open_calls
        ]

    # Observation

    def _sent(self, text: str, action: str, payload: Any, now: float) -> list[Output]:
        return [SendText(text), self._event("sent", action, text, payload, now)]

    def _event(self, direction: Direction, action: str, text: str, payload: Any, now: float) -> OcppFrame:
        frame = masked(text, action, payload)
        return OcppFrame(time=now, role=self.actor, direction=direction, peer=self.peer, action=action, frame=frame)
