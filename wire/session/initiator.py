"""The asking side of a conversation: the vehicle's half of the chassis, in any dialect.

It checks what holds for every response (its type, SessionID, code and time), lets the dialect's move decide, checks the
decision against the dialect's ``vehicle`` table, has the request signed and sent, and arms the deadlines.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from pncsim.wire.errors import PeerClosed, PeerError, PeerSilent, PncError
from pncsim.wire.exi import ExiDecodeError
from pncsim.wire.exi.beyond import Unlisted
from pncsim.wire.gate import Liberty, Tolerance
from pncsim.wire.session.conversation import ROUNDING, UNREADABLE, Conversation
from pncsim.wire.session.dialect import Dialect, Envelope, MessageTime
from pncsim.wire.session.outputs import Alter, Output, RawOctets
from pncsim.wire.session.sequence import CONNECTED
from pncsim.wire.v2g import appprotocol as app
from pncsim.wire.v2g.v2gtp import V2gtpFrame
from pncsim.wire.values import replace

if TYPE_CHECKING:
    from pncsim.wire.credentials import Signer


class Say(Struct, frozen=True):
    """Send ``request`` now. ``condition`` names the row of the sequence table; ``signer`` signs the whole request."""

    condition: str
    request: Any
    signer: Signer | None = None


class Later(Struct, frozen=True):
    """Ask ``question``; with its answer ``then(session, answer)`` decides again."""

    question: object
    then: Callable[[Any, object], Decision]


class End(Struct, frozen=True):
    """Close the connection; ``condition`` names the row. ``error`` is None after an orderly end."""

    condition: str
    reason: str
    error: PncError | None = None


Decision = Say | Later | End


class Initiator(Conversation):
    """A conversation in which this side asks. ``patience``: it waits so many times as long as the standard says."""

    def __init__(
        self,
        dialects: tuple[Dialect, ...],
        *,
        role: str,
        unit: str,
        alter: Alter | None,
        refuses: frozenset[Tolerance],
        patience: float = 1.0,
    ) -> None:
        super().__init__(dialects, role=role, unit=unit, me="vehicle", peer="station", alter=alter, refuses=refuses)
        self.patience = patience
        self.response_codes: list[tuple[str, str]] = []
        """What came: the names of the responses and their codes."""
        self._asked = ""  # the last request, as the table writes it
        self._asked_at = 0.0
        self._pace: MessageTime  # of the response that is due
        self._expected = ""  # the response that is due, empty for none
        self._after = CONNECTED
        self._heard_at: float | None = None
        self._pending: tuple[int, Later] | None = None

    def answered(self, id: int, answer: object, now: float) -> list[Output]:
        """Go on with the answer to an Ask; an id that is not awaited is ignored."""
        pending = self._pending
        if pending is None or pending[0] != id:
            return []
        self._pending = None
        return self._work(now, self._go_on, pending[1], answer)

    # ---- what a vehicle adds -------------------------------------------------------------------------------------

    @abstractmethod
    def _offer(self) -> app.SupportedAppProtocolReq:
        """What this side speaks, as it is sent first."""

    @abstractmethod
    def _chosen(self, response: app.SupportedAppProtocolRes) -> Dialect:
        """The dialect the station chose. Raises PeerError for none."""

    @abstractmethod
    def _refused(self, name: str, code: str) -> None:
        """A response came with this code, which says no."""

    @abstractmethod
    def _complains(self, error: PeerError) -> None:
        """The station said something is wrong, without ending the session."""

    @abstractmethod
    def _ended(self, reason: str, error: PncError | None) -> None:
        """End the conversation as a move decided."""

    @abstractmethod
    def overdue(self, what: str, took: float, limit: float) -> None:
        """Patience was needed: ``what`` took longer than the standard's ``limit``, both in seconds."""

    # ---- responses -----------------------------------------------------------------------------------------------

    def _first(self) -> None:
        name = "SupportedAppProtocolReq"
        if name not in self.dialect.vehicle.rows[CONNECTED, ""].outcomes:
            raise RuntimeError(f"The vehicle's table does not lead from {CONNECTED} to {name}.")
        self._await(name)
        self._send(name, self._offer())

    def _frames(self, frames: list[V2gtpFrame]) -> None:
        for frame in frames:
            if self.done:
                return
            self._message(frame)

    def _message(self, frame: V2gtpFrame) -> None:
        """One message of the station, from its bytes to the next decision."""
        payload, expected = frame.payload, self._expected
        if not expected:
            raise PeerError(
                f"The station sent a message of {len(payload)} bytes although nothing was asked.",
                kind="out of turn",
                advice="Look for an answer sent twice or too late.",
            )
        liberties: list[Liberty] = []
        try:
            document, envelope, _ = self._read(frame, liberties)
        except ExiDecodeError as error:
            self.voice.message("received", UNREADABLE, payload, None)
            raise PeerError(
                f"The station's answer to {self._asked} cannot be read: {error.sentence}",
                kind="malformed",
                clause=error.clause,
                advice=error.advice or f"Received: {payload[:32].hex()}{'…' if len(payload) > 32 else ''}",
            ) from error
        name = envelope.name if envelope is not None else type(document).__name__
        if self.voice.heard:
            self.voice.message("received", name or type(document).__name__, payload, document)
        for liberty in liberties:
            self.tolerate(replace(liberty, what=f"{name}: {liberty.what}"))
        if envelope is None or name != expected:
            raise PeerError(
                f"The station answered {self._asked} with {name or 'an empty body'}, expected {expected}.",
                kind="unexpected answer",
                clause=self.dialect.clauses.get("unexpected answer", ""),
                advice="The two sides disagree on where the session stands: compare the last messages.",
            )
        if self.now - self._asked_at > self._pace.performance + ROUNDING:
            self._slowly_answered()
        self._limit, self._expected, self._after, self._heard_at = None, "", name, self.now
        self._carry_out(self._decide(envelope))

    def _decide(self, envelope: Envelope) -> Decision:
        name, body = envelope.name, envelope.body
        code = str(body.ResponseCode)
        self.response_codes.append((name, code))
        failed = code.startswith("FAILED")
        if failed:
            self._refused(name, code)
        if type(body) is app.SupportedAppProtocolRes:
            self._speak(self._chosen(body))
        elif envelope.complaint:
            self._complains(PeerError(f"The station complains of {envelope.complaint}.", kind="refused"))
        if isinstance(body.ResponseCode, Unlisted):
            raise PeerError(
                f"The station answered {self._asked} with the ResponseCode {code}, which the standard does not list.",
                kind="unexpected answer",
            )
        if failed and name not in self.dialect.hears_failures:
            raise PeerError(
                f"The station answered {self._asked} with {code}.",
                kind="refused",
                advice=self.dialect.advice.get(code, ""),
                response_code=code,
            )
        other = envelope.session_id != self.session.id
        if other and name not in ("SupportedAppProtocolRes", f"{self.dialect.opening}Res"):
            self.check_session(envelope.session_id)
        self.session.received = envelope
        decision: Decision = self.dialect.moves[name](self.session, body)
        return decision

    def _slowly_answered(self) -> None:
        """A station may be slower than it should be without being late."""
        took, times = self.now - self._asked_at, self._pace
        late = f"The station took {took:.3g} s for {self._expected}; it should take {times.performance:g} s at most."
        self.tolerate(Tolerance.LATE_RESPONSE(late, times.source))
        if took > times.timeout + ROUNDING:
            self.overdue(self._expected, took, times.timeout)

    def check_session(self, found: bytes) -> None:
        """A response carries the session's number, compared by value. Raises PeerError for another one."""
        own = self.session.id
        if found == own:
            return
        if int.from_bytes(found, "big") != int.from_bytes(own, "big"):
            raise PeerError(
                f"{self._after} belongs to session {found.hex() or 'without number'}, this one is {own.hex()}.",
                kind="unknown session",
                clause=self.dialect.clauses.get("unknown session", ""),
                advice="Look for a station that mixes sessions, or one that does not take over the SessionID.",
            )
        form = f"The station writes the SessionID with {len(found)} bytes instead of {len(own)}, of the same value."
        self.tolerate(Tolerance.SESSION_ID_FORM(form))

    # ---- decisions -----------------------------------------------------------------------------------------------

    def _go_on(self, later: Later, answer: object) -> None:
        self._carry_out(later.then(self.session, answer))

    def _carry_out(self, decision: Decision) -> None:
        """Ask, end, or send a request; each as the table allows here, the request signed if the move wants it so."""
        if isinstance(decision, Later):
            self._pending = (self.ask(decision.question), decision)
            return
        row = self.dialect.vehicle.rows[self._after, decision.condition]
        if isinstance(decision, End):
            if row.outcomes:
                raise RuntimeError(f"The vehicle's table does not end the session after {row.name}.")
            self._ended(decision.reason, decision.error)
            return
        request = decision.request
        asked = self.dialect.asked(request)
        if asked not in row.outcomes:
            raise RuntimeError(f"The vehicle's table does not lead from {row.name} to {asked}.")
        name = asked.partition("(")[0]
        body = request if self.alter is None else self.alter(name, request)
        if self.voice.heard:
            self.voice.state(row.name)
        self._await(asked)
        if body is not request and (body is None or isinstance(body, (bytes, RawOctets))):
            self._put(name, request, body)
        else:
            self._send(name, self.dialect.wrap(self.session.id, body, decision.signer))

    def _await(self, asked: str) -> None:
        """From now on the answer to ``asked`` is due. The vehicle's own slowness is reported, too."""
        pair, times = asked.partition("(")[0][:-3], self.dialect.times
        pace = times.sequence_performance
        if self._heard_at is not None and self.now - self._heard_at > pace.seconds + ROUNDING:
            reason = f"it took the vehicle {self.now - self._heard_at:.1f} s; it should take {pace.seconds:g} s at most"
            self.voice.judged(f"{pair}Req in time", False, reason, pace.source)
        self._asked, self._asked_at, self._expected = asked, self.now, f"{pair}Res"
        self._pace = times.messages[pair]
        self._limit = self.now + self._pace.timeout * self.patience

    # ---- ends ----------------------------------------------------------------------------------------------------

    def _silent(self) -> PncError:
        times = self._pace
        return PeerSilent(
            f"The station did not answer {self._asked} within {times.timeout * self.patience:g} s.",
            clause=times.source,
            advice="Look at whether the station received the request and what it waited for.",
        )

    def _gone(self, error: PncError | None) -> None:
        waiting = f"while the vehicle waited for {self._expected}" if self._expected else f"after {self._after}"
        raise error or PeerClosed(
            f"The station closed the connection {waiting}.", advice="Look at the station's log for why it gave up."
        )

    def _stop(self) -> None:
        """Nothing more is said."""
        self.done, self._pending, self._limit, self.phase = True, None, None, None
