"""The answering side of a conversation: the station's half of the chassis, in any dialect.

It keeps the sequence (the dialect's ``station`` table), the timers and the SessionID; what a request means is a move of
the dialect. A move that has to wait is a generator: it is resumed with the answer to its question or at its time, and
the vehicle gets its response then.
"""

from __future__ import annotations

from abc import abstractmethod
from collections import deque
from collections.abc import Generator
from functools import cache
from math import inf
from typing import Any, Literal

from msgspec import Struct

from pncsim.wire.errors import LocalError, PeerClosed, PeerError, PeerSilent, PncError
from pncsim.wire.exi import ExiDecodeError
from pncsim.wire.gate import Liberty, Tolerance
from pncsim.wire.session.conversation import ROUNDING, UNREADABLE, Conversation
from pncsim.wire.session.dialect import Dialect, Envelope
from pncsim.wire.session.outputs import Alter, Output
from pncsim.wire.session.sequence import CONNECTED, ENDED, FAILED, Row
from pncsim.wire.v2g import appprotocol as app
from pncsim.wire.v2g.v2gtp import V2gtpFrame

MAX_QUEUED = 8
"""Requests a vehicle may send ahead of their answers before the connection is given up."""

HowEnded = Literal["ended", "paused"]
AfterFailed = Literal["close", "continue", "goodbye"]
"""What follows a FAILED answer. ``close``: the end, whatever it was about, as the ISO 15118-4 cases expect.
``continue``: the same, but for refusals after which the standard lets the vehicle go on (the dialect's ``forgiven``).
``goodbye``: after the others, too, the connection stays open for the vehicle's SessionStopReq. Whoever breaks the
sequence is hung up on in any case."""


class Forwarded(Struct, frozen=True):
    """A whole message as somebody else wrote it, to go out byte for byte: ``exi``, what it says, and its code."""

    exi: bytes
    root: Any
    code: str


class Reply(Struct, frozen=True):
    """A move's answer and the state it leads to; ``end`` says how the session ends if that is ENDED.

    ``forwarded`` if the answer is not the station's own. ``signature``: one that somebody else has made over parts of
    it, for its header.
    """

    message: Any
    state: str
    forwarded: Forwarded | None = None
    end: HowEnded = "ended"
    signature: Any = None


class Until(Struct, frozen=True):
    """A move yields this to be resumed with the answer to question ``ask``, or with None once ``time`` has come."""

    time: float
    ask: int | None = None


Handling = Generator[Until, object, Reply]


class _Pending(Struct):
    """A request whose answer is not ready."""

    row: Row
    request: Any
    handling: Handling
    until: Until


class Responder(Conversation):
    """A conversation whose peer asks. A request that takes a liberty ``refuses`` names gets a failed response.

    ``after_failed``: whether the conversation goes on after a FAILED answer.
    """

    def __init__(
        self,
        dialects: tuple[Dialect, ...],
        *,
        role: str,
        unit: str,
        alter: Alter | None,
        refuses: frozenset[Tolerance],
        after_failed: AfterFailed,
    ) -> None:
        super().__init__(dialects, role=role, unit=unit, me="station", peer="vehicle", alter=alter, refuses=refuses)
        self.state: str = CONNECTED
        """The state of the sequence table the station is in."""
        self.reached: str = CONNECTED
        """The same, and after the end the last one before it."""
        self.answers: dict[int, object] = {}
        """Answers to questions by their number: for moves that look later."""
        self.after_failed = after_failed
        self._queue: deque[tuple[V2gtpFrame, bool]] = deque()  # and whether it came too early
        self._pending: _Pending | None = None
        self._asked_at = 0.0
        self._last_sent = ""
        self._sent_at = inf
        self._refusal: PncError | None = None  # after which the vehicle was let go on

    def answered(self, id: int, answer: object, now: float) -> list[Output]:
        """A question was answered; an answer nobody waits for any more is kept for the move that asked."""
        return self._work(now, self._answered, id, answer)

    # ---- what a station adds -------------------------------------------------------------------------------------

    @abstractmethod
    def _choose(self, request: app.SupportedAppProtocolReq) -> tuple[app.SupportedAppProtocolRes, Dialect | None]:
        """The answer to what the vehicle offers, and the dialect spoken from now on."""

    @abstractmethod
    def _handshaken(self, agreed: bool) -> None:
        """Whoever has connected is a vehicle: its SupportedAppProtocolReq was answered."""

    @abstractmethod
    def _session_failed(self) -> None:
        """A request was refused and the vehicle may still say goodbye."""

    @abstractmethod
    def _ended(self, end: HowEnded) -> None:
        """The last answer has gone out; end the conversation in order."""

    @abstractmethod
    def _refused(self, error: PncError, code: str) -> None:
        """End the conversation because of ``error``, which was answered with ``code``."""

    # ---- requests ------------------------------------------------------------------------------------------------

    def _frames(self, frames: list[V2gtpFrame]) -> None:
        if len(frames) == 1 and self._pending is None and not self._queue:
            self._message(frames[0], False)  # nearly always
            return
        for frame in frames:
            self._queue.append((frame, self._pending is not None or bool(self._queue)))
        if len(self._queue) > MAX_QUEUED:
            raise PeerError(f"The vehicle sent {len(self._queue)} requests without waiting for answers.", kind="flood")
        self._drain()

    def _drain(self) -> None:
        while self._queue and self._pending is None and not self.done:
            self._message(*self._queue.popleft())

    def _message(self, frame: V2gtpFrame, early: bool) -> None:
        liberties: list[Liberty] = []
        try:
            document, envelope, dialect = self._read(frame, liberties)
        except ExiDecodeError as error:
            payload = frame.payload
            self.voice.message("received", UNREADABLE, payload, None)
            spoken = " or ".join(one.name for one in self.dialects) if not self._agreed else self.dialect.name
            raise PeerError(
                f"The vehicle sent {len(payload)} octets that are no message of {spoken}: {error.sentence}",
                kind="malformed",
                clause=error.clause,
                advice=f"After {self._last_sent or 'the connection'} came {payload[:32].hex()}"
                f"{'…' if len(payload) > 32 else ''}.",
            ) from error
        if early or self.now - self._sent_at > self.dialect.times.sequence_performance.seconds + ROUNDING:
            liberties.append(self._ill_timed(early))
        self._asked_at = self.now
        name = envelope.name if envelope is not None else type(document).__name__
        if self.voice.heard:
            self.voice.message("received", name or type(document).__name__, frame.payload, document)
        if type(document) is app.SupportedAppProtocolReq:
            self._handshake(document)
        elif envelope is None or name not in dialect.moves:
            what = name if envelope is None or name else "a message with an empty body"
            raise PeerError(
                f"The vehicle sent {what}, which is no request.", kind="out of turn", clause=self._clause("out of turn")
            )
        else:
            if dialect is not self.dialect:
                self._turn_to(dialect)
            self._request(envelope, frame.payload, liberties)

    def _ill_timed(self, early: bool) -> Liberty:
        """What is wrong with when a request came: it may come after the last answer, and soon."""
        if early:
            what = "The vehicle sent a request before its last one was answered."
            return Tolerance.EARLY_REQUEST(what, self._clause("out of turn"))
        waited, limit = self.now - self._sent_at, self.dialect.times.sequence_performance
        what = f"The vehicle took {waited:.1f} s for its next request; it should take {limit.seconds:g} s at most."
        return Tolerance.LATE_REQUEST(what, limit.source)

    def _handshake(self, request: app.SupportedAppProtocolReq) -> None:
        row = self.dialect.station.rows.get((self.state, "SupportedAppProtocolReq"))
        offered = request if row is not None else app.SupportedAppProtocolReq(AppProtocol=[])
        response, chosen = self._choose(offered)
        self._respond("SupportedAppProtocolRes", response)
        self._handshaken(chosen is not None)
        if row is None:
            raise self._out_of_order("SupportedAppProtocolReq")
        if chosen is None:
            offers = ", ".join(
                f"{o.ProtocolNamespace} {o.VersionNumberMajor}.{o.VersionNumberMinor}" for o in request.AppProtocol
            )
            spoken = " and ".join(f"{one.name} ({one.version[0]}.{one.version[1]})" for one in self.dialects)
            raise PeerError(
                f"The vehicle offers {offers}; this station speaks {spoken} only.",
                kind="no common protocol",
                clause=self._clause("no common protocol"),
            )
        self._speak(chosen)
        self._enter(row.outcomes[0])

    def _request(self, envelope: Envelope, payload: bytes, liberties: list[Liberty]) -> None:
        dialect, session, name = self.dialect, self.session, envelope.name
        session.received, session.payload = envelope, payload
        try:
            for liberty in liberties:
                self.tolerate(liberty)
            if envelope.session_id != session.id and name != f"{dialect.opening}Req":
                self._check_session(name, envelope.session_id)
            row = self._row(name)
            handling = dialect.moves[name](session, envelope.body)
        except PncError as refusal:
            self._refuse(name, envelope.body, refusal)
            return
        if isinstance(handling, Reply):
            self._answer(row, envelope.body, handling)
        else:
            self._advance(row, envelope.body, handling, None)

    def _check_session(self, name: str, found: bytes) -> None:
        own = self.session.id
        if any(own) and not same_id(found, own):
            raise PeerError(
                f"The vehicle sent {name} with SessionID {found.hex().upper()}, its session is {own.hex().upper()}.",
                kind="unknown session",
                clause=self._clause("unknown session"),
            )
        if len(found) != len(own):
            what = f"The vehicle writes the SessionID with {len(found)} bytes, of the same value."
            self.tolerate(Tolerance.SESSION_ID_FORM(what, self._clause("unknown session")))

    def _row(self, name: str) -> Row:
        """The row of a request that may come now. Raises PeerError for one that may not."""
        row = self.dialect.station.rows.get((self.state, name))
        if row is None or row.liberty in self.voice.refuses:
            raise self._out_of_order(name)
        if row.liberty is not None:
            what = f"The vehicle took a liberty: {row.liberty.meaning} ({name} in state '{self.state}')."
            self.tolerate(row.liberty(what, row.clause))
        return row

    def _out_of_order(self, name: str) -> PeerError:
        return PeerError(
            f"The vehicle sent {name} while the station was {self.state}; allowed was "
            f"{' or '.join(self._allowed()) or 'nothing'}.",
            kind="sequence",
            clause=self._clause("sequence"),
        )

    def _allowed(self) -> tuple[str, ...]:
        return tuple(row.event for row in self.dialect.station.of(self.state) if row.liberty not in self.voice.refuses)

    def _clause(self, kind: Any) -> str:
        return self.dialect.clauses.get(kind, "")

    def _answered(self, id: int, answer: object) -> None:
        self.answers[id] = LocalError("the station gave no answer", kind="defect") if answer is None else answer
        if self._pending is not None and self._pending.until.ask == id:
            self._resume(self.answers[id])

    def _due(self) -> None:
        if self._pending is not None:
            self._resume(None)
        else:
            super()._due()

    def _resume(self, value: object) -> None:
        pending = self._pending
        assert pending is not None
        self._pending = self._resumes = None
        self._advance(pending.row, pending.request, pending.handling, value)
        self._drain()

    def _advance(self, row: Row, request: Any, handling: Handling, value: object) -> None:
        """Run a move until it waits, answers or refuses."""
        try:
            until = handling.send(value)
        except StopIteration as stop:
            reply: Reply = stop.value
        except PncError as error:
            self._refuse(row.event, request, error)
            return
        else:
            self._pending, self._resumes = _Pending(row, request, handling, until), until.time
            return
        self._answer(row, request, reply)

    # ---- answers -------------------------------------------------------------------------------------------------

    def _answer(self, row: Row, request: Any, reply: Reply) -> None:
        name, forwarded = _response(row.event), reply.forwarded
        if reply.state not in row.outcomes:
            raise RuntimeError(f"The station's table does not lead from {self.state} over {name} to {reply.state}.")
        if forwarded is None:
            self._respond(name, self.dialect.wrap(self.session.id, reply.message, reply.signature))
        else:
            self._respond(name, forwarded.root, forwarded.exi)
            if forwarded.code.startswith("FAILED"):
                said = f"The back end refused the vehicle's {row.event} with {forwarded.code}."
                self._fail(row.event, PeerError(said, kind="refused", response_code=forwarded.code), forwarded.code)
                return
        self._refusal = None
        self._enter(reply.state)
        if row.event == f"{self.dialect.opening}Req":
            self.end_phase()
        if reply.state == ENDED:
            self._ended(reply.end)

    def _refuse(self, name: str, request: Any, error: PncError) -> None:
        """Answer with the error's code; what follows is for ``after_failed`` to say."""
        dialect, response = self.dialect, _response(name)
        assert dialect.refuse is not None, f"{dialect.name} has no failed responses"
        code = dialect.answer(error.kind, response)
        self._respond(response, dialect.wrap(self.session.id, dialect.refuse(request, code, self.session), None))
        self._fail(name, error, code)

    def _fail(self, name: str, error: PncError, code: str) -> None:
        """A FAILED answer has gone out."""
        ends = self.after_failed == "close" or error.kind == "sequence"
        forgiven = None if ends else self.dialect.forgiven.get((self.state, name))
        if ends or (forgiven is None and self.after_failed == "continue"):
            self._refused(error, code)
            return
        self.voice.problem(error, response_code=code)
        self._refusal = error
        if forgiven is None:
            self._session_failed()
        self._enter(forgiven or FAILED)

    def _respond(self, name: str, document: Any, payload: bytes | None = None) -> None:
        """Send a response and wait for the next request. The station's own slowness is reported, too."""
        times = self.dialect.times
        took, own = self.now - self._asked_at, times.messages[name[:-3]]
        if took > own.performance + ROUNDING:
            reason = f"it took the station {took:.1f} s; it should take {own.performance:g} s at most"
            self.voice.judged(f"{name} in time", False, reason, own.source)
        self._last_sent, self._sent_at = name, self.now
        self._limit = self.now + times.sequence_timeout.seconds
        self._send(name, document, payload)

    # ---- ends ----------------------------------------------------------------------------------------------------

    def _silent(self) -> PncError:
        limit = self.dialect.times.sequence_timeout
        return PeerSilent(
            f"The vehicle has sent nothing for {limit.seconds:g} s after {self._last_sent}; "
            f"allowed were {', '.join(self._allowed())}.",
            clause=limit.source,
        )

    def _gone(self, error: PncError | None) -> None:
        rest = ", in the middle of a message" if self._reader.partial else ""
        why = f" {error.sentence}" if error is not None else ""
        when = f"while the station was {self.state}{rest}."
        if self._refusal is not None:
            when = f"after it had been refused: {self._refusal.sentence}"
        raise PeerClosed(f"The vehicle closed the connection {when}{why}")

    def _stop(self) -> None:
        """Nothing more is answered."""
        if self._pending is not None:
            self._pending.handling.close()
            self._pending = self._resumes = None
        self.done = True
        self.phase = None
        self._queue.clear()

    def _enter(self, state: str) -> None:
        self.state = state
        if state != ENDED:
            self.reached = state
        if self.voice.heard:
            self.voice.state(str(state))


def same_id(one: bytes, other: bytes) -> bool:
    """SessionIDs are compared as numbers: vehicles send zero in one byte as well as in eight."""
    return int.from_bytes(one, "big") == int.from_bytes(other, "big")


@cache
def _response(request: str) -> str:
    return f"{request.removesuffix('Req')}Res"
