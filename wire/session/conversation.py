"""The chassis of both roles' engines: V2GTP, codecs, deadlines, questions, observation and the end, in any dialect.

A conversation is given bytes, answers and the time, and returns :mod:`wire.session.outputs`. What an answering side
adds is in :mod:`wire.session.responder`, what an asking side adds in :mod:`wire.session.initiator`; what a station or a
vehicle adds in every dialect, in their rooms.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from pncsim.wire.errors import LocalError, PeerError, PncError
from pncsim.wire.exi import ExiDecodeError, ExiEncodeError
from pncsim.wire.gate import Liberty, Tolerance
from pncsim.wire.session.dialect import Dialect, Envelope
from pncsim.wire.session.outputs import Alter, Ask, Output, RawOctets, Send, SendLater
from pncsim.wire.v2g import appprotocol as app
from pncsim.wire.v2g.registry import EXI, codec
from pncsim.wire.v2g.v2gtp import HEADER_SIZE, V2gtpFrame, V2gtpReader, pack
from pncsim.wire.voice import Voice

if TYPE_CHECKING:
    from pncsim.wire.exi.coder import Codec

MAX_IGNORED = 64
"""V2GTP messages that are passed over before the connection is given up."""
ROUNDING = 0.001
"""Seconds by which a clock may overshoot a time it was set to."""

UNREADABLE = "unreadable message"
"""What events call octets that came as a message and are none."""

_HANDSHAKE = (app.SupportedAppProtocolReq, app.SupportedAppProtocolRes)


class Phase(Struct):
    """A limit on several exchanges: at ``until`` (lab time, None: no limit) the conversation ends with ``error``.

    ``performance``: the share of it the other side should keep within, in seconds.
    """

    name: str
    began: float
    until: float | None
    error: PncError | None
    performance: float | None = None


class Conversation(ABC):
    """One side of one connection. All public methods return what to do, in order; after a Close they return nothing.

    ``dialects`` are those this side speaks, best first; the first one's times hold until one is agreed on. ``unit`` and
    ``role`` are whose voice is heard, ``me`` and ``peer`` what the sides are called in sentences.
    """

    def __init__(
        self,
        dialects: tuple[Dialect, ...],
        *,
        role: str,
        unit: str,
        me: str,
        peer: str,
        alter: Alter | None,
        refuses: frozenset[Tolerance],
    ) -> None:
        self.now = 0.0
        """Lab time of the input being worked on."""
        self.out: list[Output] = []
        self.voice = Voice(role, unit, lambda: self.now, self.out.append, refuses=refuses)
        self.dialects, self.dialect = dialects, dialects[0]
        self.me, self.peer, self.alter = me, peer, alter
        self.session: Any = None
        """What the role and the dialect remember."""
        self.done = False
        self.phase: Phase | None = None
        self._limit: float | None = None  # when the peer's next message is overdue
        self._resumes: float | None = None  # when this side goes on by itself; until then the peer owes nothing
        self._codecs = {EXI: codec("app")}  # by the payload type of what comes
        self._channels: dict[type, tuple[int, Codec]] = {}  # by the type of what goes
        self._agreed = False
        self._reader = V2gtpReader(frozenset({EXI}.union(*(one.sets for one in dialects))))
        self._ignored = 0
        self._asks = 0

    @property
    def deadline(self) -> float | None:
        """Lab time at which :meth:`wake` is due, or None."""
        if self.done:
            return None
        if self._resumes is not None:
            return self._resumes
        until = self.phase.until if self.phase is not None else None
        if until is None or self._limit is None:
            return self._limit if until is None else until
        return min(until, self._limit)

    # ---- events from outside -------------------------------------------------------------------------------------

    def receive(self, data: bytes, now: float) -> list[Output]:
        """Bytes of the peer, cut anywhere."""
        # As _work does it, in one: nothing is called more often.
        self.now = now
        if not self.done:
            try:
                frames = self._reader.feed(data)
                if self._reader.ignored:
                    self._note_ignored()
                self._frames(frames)
            except PncError as error:
                self._break(error)
        spoken = self.out[:]
        self.out.clear()
        return spoken

    def wake(self, now: float) -> list[Output]:
        """The deadline may have come."""
        self.now = now
        deadline = self.deadline
        return [] if deadline is None or now < deadline else self._work(now, self._due)

    def closed(self, now: float, error: PncError | None = None) -> list[Output]:
        """The peer has closed the connection, or it broke with ``error``."""
        return self._work(now, self._gone, error)

    @abstractmethod
    def start(self, now: float) -> list[Output]:
        """The connection is open."""

    @abstractmethod
    def answered(self, id: int, answer: object, now: float) -> list[Output]:
        """A question was answered; one that nobody waits for any more is kept or forgotten."""

    def _work(self, now: float, work: Callable[..., None], *given: Any) -> list[Output]:
        """Do ``work`` and hand out what came of it; an error of either side ends the conversation."""
        self.now = now
        if not self.done:
            try:
                work(*given)
            except PncError as error:
                self._break(error)
        spoken = self.out[:]
        self.out.clear()
        return spoken

    # ---- what a role decides -------------------------------------------------------------------------------------

    @abstractmethod
    def _frames(self, frames: list[V2gtpFrame]) -> None:
        """Messages of the peer, in order."""

    def _due(self) -> None:
        """The deadline has come."""
        phase = self.phase
        over = phase is not None and phase.until is not None and self.now >= phase.until
        raise phase.error if over and phase is not None and phase.error is not None else self._silent()

    @abstractmethod
    def _silent(self) -> PncError:
        """What to say of a peer that has let its time pass."""

    @abstractmethod
    def _gone(self, error: PncError | None) -> None:
        """The line is gone before the end."""

    @abstractmethod
    def _break(self, error: PncError) -> None:
        """End the conversation because of ``error``, unless it has ended."""

    def tolerate(self, liberty: Liberty) -> None:
        """This side's gate: let a liberty of the peer pass and say so, or raise NotTolerated."""
        self.voice.tolerate(liberty)

    # ---- for the moves -------------------------------------------------------------------------------------------

    def ask(self, question: object) -> int:
        """Put a question; the number under which its answer comes."""
        self._asks += 1
        self.out.append(Ask(self._asks, question))
        return self._asks

    def begin_phase(
        self, name: str, seconds: float | None, error: PncError | None = None, *, performance: float | None = None
    ) -> None:
        """Limit what begins now to ``seconds``, unless it has begun; None: it has a name but no limit."""
        if self.phase is None or self.phase.name != name:
            until = None if seconds is None else self.now + seconds
            self.phase = Phase(name, self.now, until, error, performance)

    def end_phase(self) -> None:
        """What the phase is about is done: in time, and perhaps later than it should be."""
        phase, self.phase = self.phase, None
        if phase is not None and phase.performance is not None:
            took = self.now - phase.began
            if took > phase.performance + ROUNDING:
                late = (
                    f"The {self.peer} took {took:.1f} s for the {phase.name}; "
                    f"it should take {phase.performance:g} s at most."
                )
                self.tolerate(Tolerance.LATE_RESPONSE(late, phase.error.clause if phase.error is not None else ""))

    # ---- in ------------------------------------------------------------------------------------------------------

    def _note_ignored(self) -> None:
        ignored = self._reader.ignored[:]
        self._reader.ignored.clear()
        self._ignored += len(ignored)
        if self._ignored > MAX_IGNORED:
            raise PeerError(
                f"The {self.peer} sent more than {MAX_IGNORED} V2GTP messages that are not for a {self.me}.",
                kind="flood",
            )
        for one in ignored:
            ignored_one = f"A V2GTP message of the {self.peer} was ignored: {one.reason}"
            self.tolerate(Tolerance.V2GTP_STRAY(ignored_one, one.clause))

    def _read(self, frame: V2gtpFrame, liberties: list[Liberty]) -> tuple[Any, Envelope | None, Dialect]:
        """A message, what is in it, and whose it is; in no envelope is what is no message of any dialect of ours.

        The grammar that is due is SupportedAppProtocol's first, then that of the dialect agreed on. ``liberties``
        receives those the message takes. Raises ExiDecodeError.
        """
        due = self._codecs.get(frame.payload_type)
        if due is None:
            document = self._decode_undue(frame, None, liberties)
        else:
            try:
                document = due.decode(frame.payload, gate=liberties.append)
            except ExiDecodeError as error:
                document = self._decode_undue(frame, error, liberties)
        if type(document) in _HANDSHAKE:
            return document, Envelope(type(document).__name__, document, b""), self.dialect
        if self._agreed:
            return document, self.dialect.unwrap(document), self.dialect
        for one in self.dialects:
            if frame.payload_type in one.sets and (opened := one.unwrap(document)) is not None:
                return document, opened, one
        return document, None, self.dialect

    def _decode_undue(self, frame: V2gtpFrame, refusal: ExiDecodeError | None, liberties: list[Liberty]) -> Any:
        """What is in another grammar of ours than the one due is read all the same, to say what came.

        Raises ``refusal``, which is that of the grammar due, if no other one fits.
        """
        due = self._codecs.get(frame.payload_type)
        others = [codec("app")] if frame.payload_type == EXI else []
        others += [one.codec(frame.payload_type) for one in self.dialects if frame.payload_type in one.sets]
        for other in others:
            if other is not due:
                liberties.clear()
                try:
                    return other.decode(frame.payload, gate=liberties.append)
                except ExiDecodeError as error:
                    refusal = refusal or error
        liberties.clear()
        assert refusal is not None, "the reader lets payload types of our dialects pass only"
        raise refusal

    def _speak(self, dialect: Dialect) -> None:
        """``dialect`` was agreed on: what comes and goes from now on is in it."""
        self._agreed = True
        self._codecs = {one: dialect.codec(one) for one in dialect.sets}
        self._turn_to(dialect)

    def _turn_to(self, dialect: Dialect) -> None:
        if dialect is not self.dialect:
            self.dialect = dialect
            self._channels.clear()
            self.session = self._new_session()

    @abstractmethod
    def _new_session(self) -> Any:
        """What this side remembers in the dialect now spoken."""

    # ---- out -----------------------------------------------------------------------------------------------------

    def _send(self, name: str, document: Any, payload: bytes | None = None) -> None:
        """Send ``document`` (``payload`` if it is encoded already), unless a lab's fault changes or withholds it.

        Raises LocalError if it cannot be encoded: a value of the configuration or of a fault does not fit.
        """
        if self.alter is not None:
            altered = self.alter(name, document)
            if altered is None or isinstance(altered, (bytes, RawOctets)):
                self._put(name, document, altered)
                return
            if altered is not document:
                document, payload = altered, None
        under, coder = self._channels.get(type(document)) or self._channel(document)
        if payload is None:
            try:
                payload = coder.encode(document)
            except ExiEncodeError as error:
                raise LocalError(f"The {self.me} cannot send {name}: {error.sentence}", clause=error.clause) from error
        if self.voice.heard:
            self.voice.message("sent", name, payload, document)
        self.out.append(Send(pack(under, payload)))

    def _put(self, name: str, document: Any, payload: bytes | RawOctets | None) -> None:
        """These octets in place of ``document``; None: the lab withholds it."""
        if payload is None:
            self.voice.story(f"The lab withholds {name}.")
        elif isinstance(payload, RawOctets):
            self._write(name, payload)
        else:
            self.voice.message("sent", name, payload, None)
            self.out.append(Send(pack(self._channel(document)[0], payload)))

    def _write(self, name: str, octets: RawOctets) -> None:
        self.voice.message("sent", name, b"".join(octets.pieces)[HEADER_SIZE:], None)
        self.out += [SendLater(one, octets.after) if octets.after else Send(one) for one in octets.pieces]

    def _channel(self, document: Any) -> tuple[int, Codec]:
        """The payload type a document travels under, and the codec that writes it."""
        kind = type(document)
        found = self._channels.get(kind)
        if found is None:
            if kind in _HANDSHAKE:
                found = EXI, codec("app")
            else:
                under = self.dialect.payload_type(kind)
                found = under, self.dialect.codec(under)
            self._channels[kind] = found
        return found
