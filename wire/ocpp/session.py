"""One OCPP-J session, for either role: frames in, frames and results out. No I/O, no clock, no randomness of its own.

The rules are Part 4's: one CALL of ours is outstanding at a time and the others queue; the peer's CALLs are answered
meanwhile, in any order; a result nobody waits for is reported and otherwise ignored; CALLERRORs are those of the
version. Payloads are checked against OCPP's own schemas at the boundary: ours before they are sent, a stranger's when
they arrive.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Container, Mapping
from typing import Any

from msgspec import Struct

from pncsim.wire.errors import LocalError, PeerClosed, PeerError, PeerSilent, PncError
from pncsim.wire.gate import Liberty, NotTolerated, Tolerance
from pncsim.wire.ocpp import frames, schema
from pncsim.wire.ocpp.errors import CallError, PayloadError
from pncsim.wire.ocpp.frames import Frame
from pncsim.wire.ocpp.mask import masked
from pncsim.wire.ocpp.types import Payload
from pncsim.wire.ocpp.versions import OcppVersion
from pncsim.wire.trace import Direction
from pncsim.wire.voice import Voice

MAX_TEXT = 262_144
"""Longest frame read, in characters: four times the largest an action can need with all its fields full."""

MAX_UNANSWERED = 16
"""CALLs of the peer in work at once. More than one means it gave up waiting, or breaks the one-outstanding rule."""

MAX_QUEUED = 1024


class SendFrame(Struct, frozen=True):
    """Let this frame go."""

    frame: Frame


class Incoming(Struct, frozen=True):
    """A CALL of the peer that fits its schema: answer with :meth:`OcppSession.answer` or :meth:`OcppSession.refuse`."""

    id: str
    action: str
    payload: Payload


class Settled(Struct, frozen=True):
    """Our call ``token`` ended: with the peer's ``payload``, or with ``error``."""

    token: int
    payload: Payload
    error: PncError | None = None


class Hangup(Struct, frozen=True):
    """Close the connection with this WebSocket close code."""

    code: int
    reason: str


OcppOutput = SendFrame | Incoming | Settled | Hangup


class _Waiting(Struct, eq=False):
    """A call of ours, queued or sent; ``payload`` as JSON, as it was when it was checked."""

    token: int
    action: str
    payload: str
    deadline: float
    timeout: float
    id: str = ""


class OcppSession:
    """The session of ``voice``'s unit with ``peer`` (a name for people: "CSMS", a station's identity).

    ``ids`` makes message ids, at most 36 characters of printable ASCII without quotes, never the same twice.
    ``supported``: the actions answered here; other actions of ``version`` earn NotSupported, unknown ones
    NotImplemented.
    """

    def __init__(
        self, version: OcppVersion, voice: Voice, peer: str, ids: Callable[[], str], supported: Container[str]
    ) -> None:
        self.version = version
        self.peer = peer
        self._voice, self._ids, self._supported = voice, ids, supported
        self._queue: deque[_Waiting] = deque()
        self._outstanding: _Waiting | None = None
        self._unanswered: dict[str, str] = {}
        self._tokens = 0
        self._closed: PncError | None = None

    @property
    def deadline(self) -> float | None:
        """Lab time at which :meth:`wake` is due: the first call to time out."""
        first = None if self._outstanding is None else self._outstanding.deadline
        for waiting in self._queue:
            first = waiting.deadline if first is None else min(first, waiting.deadline)
        return first

    @property
    def over(self) -> bool:
        """Whether the connection has ended."""
        return self._closed is not None

    # Our calls

    def call(self, action: str, payload: Mapping[str, Any], timeout: float, now: float) -> tuple[int, list[OcppOutput]]:
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
        self._queue.append(_Waiting(self._tokens, action, frames.written(payload), now + timeout, timeout))
        return self._tokens, self._next() if self._outstanding is None else []

    def forget(self, token: int) -> list[OcppOutput]:
        """The caller lost interest: a queued call is dropped, the outstanding one no longer waited for."""
        if self._outstanding is not None and self._outstanding.token == token:
            self._outstanding = None
            return self._next() if self._queue else []
        self._queue = deque(w for w in self._queue if w.token != token)
        return []

    def _next(self) -> list[OcppOutput]:
        """The first call of the queue, which must hold one, goes out."""
        waiting = self._outstanding = self._queue.popleft()
        waiting.id = self._ids()
        return self._sent(frames.call(waiting.id, waiting.action, waiting.payload), waiting.action)

    # The peer's frames

    def receive(self, frame: Frame) -> list[OcppOutput]:
        """One frame arrived. What its sender, one of this process, has checked by our schemas is not checked again."""
        if self._closed is not None:
            return []
        length = len(frame.text)
        if length > MAX_TEXT:
            sentence = f"{self.peer} sent a frame of {length} characters, at most {MAX_TEXT} are read."
            self._voice.problem(PeerError(sentence, kind="flood"))
            return [Hangup(1009, "too big")]
        content = frame.content
        if type(content) is frames.Call:  # here and below: isinstance is slow to say no to a struct
            return self._called(content, frame)
        if type(content) is frames.BadFrame:
            return self._unread(content, frame)
        return self._answered(content, frame)

    def _passed_over(self, liberty: Liberty) -> list[OcppOutput]:
        """There is no answer to a frame like that: who does not let it pass hangs up."""
        try:
            self._voice.tolerate(liberty)
        except NotTolerated as refusal:
            self._voice.problem(refusal)
            return [Hangup(1002, "protocol error")]
        return []

    def _unread(self, content: frames.BadFrame, frame: Frame) -> list[OcppOutput]:
        self._tell("received", "", frame.text, None)
        self._voice.problem(PeerError(f"{self.peer} sent no OCPP frame: {content.text}.", kind="malformed"))
        return self._error(content.id, "", CallError(content.code, content.text)) if content.code else []

    def _called(self, content: frames.Call, frame: Frame) -> list[OcppOutput]:
        if self._voice.heard:
            self._tell("received", content.action, frame.text, content.payload)
        if content.id in self._unanswered:
            # An answer could not say which of the two it is for.
            what = f"{self.peer} used message id {content.id} again while the first call with it was open; ignored."
            return self._passed_over(Tolerance.OCPP_ID_REUSED(what, self.version.clause("4.1.4")))
        refusal = self._refusal(content, checked=frame.checked is self.version)
        if refusal is not None:
            return self._error(content.id, content.action, refusal)
        self._unanswered[content.id] = content.action
        return [Incoming(content.id, content.action, content.payload)]

    def _refusal(self, content: frames.Call, *, checked: bool) -> CallError | None:
        if content.action not in self.version.actions:
            return CallError("NotImplemented", f"{self.version} has no such action")
        if content.action not in self._supported:
            return CallError("NotSupported", f"{content.action} is not supported here")
        if len(self._unanswered) >= MAX_UNANSWERED:
            return CallError("RpcFrameworkError", f"{MAX_UNANSWERED} calls are open already, one is allowed")
        wrong = None if checked else schema.violation(self.version, content.action, "Request", content.payload)
        return None if wrong is None else CallError(wrong.code, wrong.text)

    def _answered(self, content: frames.Result | frames.Error, frame: Frame) -> list[OcppOutput]:
        waiting = self._outstanding
        if waiting is None or waiting.id != content.id:
            self._tell("received", "", frame.text, None)
            id = content.id[:36]
            what = f"{self.peer} answered message id {id}, which nobody waits for (late or never asked); ignored."
            return self._passed_over(Tolerance.OCPP_UNAWAITED(what, self.version.clause("4.1.3")))
        self._outstanding = None
        if type(content) is frames.Error:
            self._tell("received", waiting.action, frame.text, content.details)
            settled = Settled(waiting.token, {}, self._refused(waiting, content))
        else:
            if self._voice.heard:
                self._tell("received", waiting.action, frame.text, content.payload)
            checked = frame.checked is self.version
            wrong = None if checked else schema.violation(self.version, waiting.action, "Response", content.payload)
            if wrong is None:
                settled = Settled(waiting.token, content.payload)
            else:
                settled = Settled(waiting.token, {}, self._broken(waiting, wrong))
        return [settled, *self._next()] if self._queue else [settled]

    def _broken(self, waiting: _Waiting, wrong: schema.Violation) -> PeerError:
        sentence = f"{self.peer} answered {waiting.action} with a payload that breaks OCPP's schema: {wrong.text}."
        return PeerError(sentence, kind="malformed", ocpp_status=wrong.code)

    def _refused(self, waiting: _Waiting, content: frames.Error) -> CallError:
        code = self.version.aliases.get(content.code, content.code)
        meaning = self.version.codes.get(code, f"a code {self.version} does not list")
        # The description is the peer's text and may echo our payload, so it is not repeated for actions with secrets.
        text = "" if waiting.action.startswith("Set") else content.description[:255]
        said = f', "{text}"' if text else ""
        sentence = f"{self.peer} refused {waiting.action} with CALLERROR {code[:50]} ({meaning}){said}."
        return CallError(code, content.description, sentence=sentence)

    # Our answers

    def answer(self, id: str, payload: Mapping[str, Any]) -> list[OcppOutput]:
        """Answer the peer's call ``id``. A payload that breaks its schema is reported and becomes InternalError."""
        action = self._unanswered.get(id)
        if action is None or self._closed is not None:
            return []
        wrong = schema.violation(self.version, action, "Response", payload)
        if wrong is not None:
            sentence = f"{self._voice.unit} built an answer to {action} that breaks OCPP's schema: {wrong.text}."
            self._voice.problem(LocalError(sentence, kind="defect"))
            return self.refuse(id, CallError("InternalError"))
        del self._unanswered[id]
        return self._sent(frames.result(id, payload), action)

    def refuse(self, id: str, error: CallError) -> list[OcppOutput]:
        """Answer the peer's call ``id`` with a CALLERROR."""
        action = self._unanswered.pop(id, None)
        if action is None or self._closed is not None:
            return []
        return self._error(id, action, error)

    def _error(self, id: str, action: str, error: CallError) -> list[OcppOutput]:
        return self._sent(frames.error(id, error.code, error.description, error.details), action)

    # Time and end

    def wake(self, now: float) -> list[OcppOutput]:
        """The deadline passed: calls whose time is over end with PeerSilent; the next one in the queue is sent."""
        out: list[OcppOutput] = []
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
        if self._outstanding is None and self._queue:
            out += self._next()
        return out

    def closed(self, reason: str) -> list[OcppOutput]:
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

    def _sent(self, text: str, action: str) -> list[OcppOutput]:
        if self._voice.heard:
            self._tell("sent", action, text, {})
        return [SendFrame(Frame(text, self.version))]

    def _tell(self, direction: Direction, action: str, text: str, payload: Any) -> None:
        self._voice.frame(direction, self.peer, action, masked(text, action, payload))
