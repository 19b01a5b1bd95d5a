"""The EVCC engine: bytes and time in, frames, questions, events and deadlines out. No I/O, no clock, no randomness.

The engine frames and decodes, checks what holds for every response (type, SessionID, code, time), lets the step of the
chapter decide, checks the decision against the sequence table, signs, encodes and arms the deadlines.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pncsim.ev.advice import ADVICE
from pncsim.ev.decision import Decision, End, Later, Say
from pncsim.ev.outcome import SessionOutcome
from pncsim.ev.session import ACTOR, Session
from pncsim.ev.steps import setup
from pncsim.ev.steps.table import SEES_FAILURES, STEPS
from pncsim.ev.vehicle import Vehicle
from pncsim.wire.errors import PeerClosed, PeerError, PeerSilent, PncError
from pncsim.wire.session.outputs import Ask, Close, Output, Send
from pncsim.wire.session.sequence import CONNECTED, Row
from pncsim.wire.trace import Problem, StateEntered, V2gMessage
from pncsim.wire.v2g import appprotocol as app
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g.iso2 import timing
from pncsim.wire.v2g.iso2.evcc_sequence import EVCC_SEQUENCE, response_to
from pncsim.wire.v2g.registry import EXI, codec
from pncsim.wire.v2g.signature import sign
from pncsim.wire.v2g.v2gtp import V2gtpReader, pack

_APP_REQUEST, _APP_RESPONSE = "SupportedAppProtocolReq", "SupportedAppProtocolRes"
_MODES = {"PowerDeliveryReq": "ChargeProgress", "SessionStopReq": "ChargingSession"}


class EvccEngine:
    """One ISO 15118-2 session of ``vehicle`` over one connection; see :class:`wire.engine.Engine`.

    ``tls`` says whether the connection is secured, ``plugged_in`` (lab time) starts the 20 s for communication setup.
    The verdict grows in :attr:`outcome` and is final once a Close was put out. The battery is the one thing of the
    vehicle the engine writes to; contracts go out as questions, a paused session lies in the outcome.
    """

    def __init__(self, vehicle: Vehicle, *, tls: bool, plugged_in: float) -> None:
        config = vehicle.config
        self._s = Session(vehicle=vehicle, tls=tls, now=plugged_in, plugged_in=plugged_in)
        self._s.outcome.tls = tls
        self._s.energy_left = config.energy_wish
        self._s.departure_at = None if config.departure is None else plugged_in + config.departure
        self._reader = V2gtpReader()
        self._asked = ""
        self._expected = ""
        self._after = CONNECTED
        self._answer_by: float | None = None
        self._pending: tuple[int, Later] | None = None
        self._asks = 0
        self._done = False
        self._out: list[Output] = []

    @property
    def outcome(self) -> SessionOutcome:
        """What is known of the session so far."""
        return self._s.outcome

    @property
    def deadline(self) -> float | None:
        """Lab time at which :meth:`wake` is due: the answer's or the phase's limit, whichever comes first."""
        if self._done:
            return None
        limits = [limit for limit in (self._answer_by, self._s.phase_deadline) if limit is not None]
        return min(limits, default=None)

    def start(self, now: float) -> list[Output]:
        """Send SupportedAppProtocolReq."""
        s = self._s
        s.now = now
        s.phase, s.phase_deadline = "communication setup", s.plugged_in + timing.EVCC_SETUP
        s.phase_error = PeerError(
            f"The session was not set up {timing.EVCC_SETUP:g} s after plug-in.",
            clause="V2G2-446",
            advice="Look at how long SDP, TLS and the first messages took.",
        )
        return self._guarded(self._first)

    def receive(self, data: bytes, now: float) -> list[Output]:
        """Take bytes of the station, cut anywhere."""
        self._s.now = now
        return self._guarded(lambda: self._frames(data))

    def answered(self, id: int, answer: object, now: float) -> list[Output]:
        """Go on with the answer to an Ask; an id that is not awaited is ignored."""
        self._s.now = now
        if self._pending is None or self._pending[0] != id:
            return []
        later, self._pending = self._pending[1], None
        return self._guarded(lambda: self._carry_out(later.then(self._s, answer)))

    def wake(self, now: float) -> list[Output]:
        """End the session if a limit has passed."""
        self._s.now = now
        return self._guarded(self._check_time)

    def closed(self, now: float, error: PncError | None = None) -> list[Output]:
        """The connection ended before the session was over; ``error`` if the line has something to say about it."""
        self._s.now = now
        waiting = f"while the vehicle waited for {self._expected}" if self._expected else f"after {self._after}"
        end = PeerClosed(
            f"The station closed the connection {waiting}.", advice="Look at the station's log for why it gave up."
        )
        return self._guarded(lambda: self._fail(error or end))

    def _guarded(self, work: Callable[[], object]) -> list[Output]:
        """Run ``work`` and hand out what it produced; an error of either side ends the session with its sentence."""
        if self._done:
            return []
        try:
            work()
        except PncError as error:
            self._fail(error)
        self._collect()
        out, self._out = self._out, []
        return out

    def _first(self) -> None:
        self._send_app(setup.offer())

    def _frames(self, data: bytes) -> None:
        frames = self._reader.feed(data)
        for ignored in self._reader.ignored:
            self._s.tolerate(f"A V2GTP message of the station was ignored: {ignored.reason}", ignored.clause)
        self._reader.ignored.clear()
        for frame in frames:
            if self._done:
                return
            self._response(frame.payload)

    def _response(self, payload: bytes) -> None:
        """One message of the station, from its bytes to the next decision."""
        s, expected = self._s, self._expected
        if not expected:
            raise PeerError(
                f"The station sent a message of {len(payload)} bytes although nothing was asked.",
                advice="Look for an answer sent twice or too late.",
            )
        liberties: list[str] = []
        grammar = "app" if expected == _APP_RESPONSE else "iso2"
        try:
            document = codec(grammar).decode(payload, liberties)
        except PeerError as error:
            raise PeerError(
                f"The station's answer to {self._asked} cannot be read: {error.sentence}",
                clause=error.clause,
                advice=error.advice or f"Received: {payload[:32].hex()}{'…' if len(payload) > 32 else ''}",
            ) from error
        for liberty in liberties:
            s.tolerate(f"{expected}: {liberty}")
        message: Any = document.Body.BodyElement if isinstance(document, iso2.V2G_Message) else document
        name = _APP_RESPONSE if isinstance(message, app.SupportedAppProtocolRes) else type(message).__name__
        self._collect()
        self._out.append(
            V2gMessage(time=s.now, role=ACTOR, direction="received", name=name, payload=payload, value=document)
        )
        if name != expected:
            raise PeerError(
                f"The station answered {self._asked} with {name}, expected {expected}.",
                clause="V2G2-034",
                advice="The two sides disagree on where the session stands: compare the last messages.",
            )
        self._answer_by, self._expected, self._after = None, "", name
        code = str(message.ResponseCode)
        s.outcome.response_codes.append((name, code))
        header = document.Header if isinstance(document, iso2.V2G_Message) else None
        if header is not None and header.Notification is not None:
            said = (header.Notification.FaultMsg or "").rstrip(" .")
            text = f": {said}" if said else ""
            s.problem(PeerError(f"The station complains of {header.Notification.FaultCode}{text}."))
        if code.startswith("FAILED") and name not in SEES_FAILURES:
            raise PeerError(
                f"The station answered {self._asked} with {code}.",
                kind="refused",
                advice=ADVICE.get(code, ""),
                response_code=code,
            )
        if header is not None:
            self._check_session(header, message)
            s.received_signature = header.Signature
        self._carry_out(STEPS[name](s, message))

    def _check_session(self, header: iso2.MessageHeaderType, message: object) -> None:
        """The first response gives the session its number; later ones carry it, compared by value (V2G2-460)."""
        s = self._s
        if not isinstance(message, iso2.SessionSetupRes):
            self._same_session(header.SessionID)
            return
        if message.ResponseCode == iso2.ResponseCodeType.OK_OldSessionJoined and s.resuming is not None:
            self._same_session(header.SessionID)
        elif not any(header.SessionID):
            s.tolerate("The station gave the session the number 0.", "V2G2-750")
        s.id = header.SessionID

    def _same_session(self, found: bytes) -> None:
        s = self._s
        if found == s.id:
            return
        if int.from_bytes(found, "big") != int.from_bytes(s.id, "big"):
            raise PeerError(
                f"{self._after} belongs to session {found.hex() or 'without number'}, this one is {s.id.hex()}.",
                clause="V2G2-460",
                advice="Look for a station that mixes sessions, or one that does not take over the SessionID.",
            )
        s.tolerate(
            f"The station writes the SessionID with {len(found)} bytes instead of {len(s.id)}, of the same value."
        )

    def _carry_out(self, decision: Decision) -> None:
        if isinstance(decision, Later):
            self._asks += 1
            self._pending = (self._asks, decision)
            self._collect()
            self._out.append(Ask(self._asks, decision.question))
            return
        chosen = EVCC_SEQUENCE.row(self._after, decision.condition)
        if isinstance(decision, End):
            if chosen.outcomes:
                raise RuntimeError(f"The vehicle's table does not end the session after {chosen.name}.")
            self._end(decision.reason, decision.error)
            return
        self._say(decision, chosen)

    def _say(self, say: Say, chosen: Row) -> None:
        """Send a request the table allows here, signed if the step wants it so."""
        s, body = self._s, say.request
        name = type(body).__name__
        mode = _MODES.get(name)
        asked = f"{name}({getattr(body, mode)})" if mode else name
        if asked not in chosen.outcomes:
            raise RuntimeError(f"The vehicle's table does not lead from {chosen.name} to {asked}.")
        alter = s.config.alter
        if alter is not None:
            body = alter(name, body)
        message: Any = body
        if isinstance(body, iso2.BodyElement):
            signature = sign([(type(body).__name__, body)], say.signer) if say.signer is not None else None
            message = iso2.V2G_Message(
                Header=iso2.MessageHeaderType(SessionID=s.id, Signature=signature), Body=iso2.BodyType(BodyElement=body)
            )
            if alter is not None:
                message = alter(name, message)
        self._collect()
        self._out.append(StateEntered(time=s.now, role=ACTOR, state=chosen.name))
        self._put(asked, "iso2", message)

    def _send_app(self, message: Any) -> None:
        alter = self._s.config.alter
        self._put(_APP_REQUEST, "app", alter(_APP_REQUEST, message) if alter is not None else message)

    def _put(self, asked: str, grammar: str, message: Any) -> None:
        """Encode and send ``message`` (bytes go out as they are, None not at all) and wait for its answer."""
        name = asked.partition("(")[0]
        self._asked, self._expected = asked, response_to(asked)
        self._answer_by = self._s.now + timing.message_time(name).timeout
        if message is None:
            return
        payload = message if isinstance(message, bytes) else codec(grammar).encode(message)
        self._out.append(
            V2gMessage(time=self._s.now, role=ACTOR, direction="sent", name=name, payload=payload, value=message)
        )
        self._out.append(Send(pack(EXI, payload)))

    def _check_time(self) -> None:
        s = self._s
        if s.phase_deadline is not None and s.now >= s.phase_deadline and s.phase_error is not None:
            raise s.phase_error
        if self._answer_by is not None and s.now >= self._answer_by:
            limit = timing.message_time(self._expected).timeout
            raise PeerSilent(
                f"The station did not answer {self._asked} within {limit:g} s.",
                clause="Table 109",
                advice="Look at whether the station received the request and what it waited for.",
            )

    def _fail(self, error: PncError) -> None:
        """End the session because of ``error``, or of what made the vehicle leave before the way out went wrong too."""
        first = self._s.ending_error
        if first is not None and error is not first:
            self._s.problem(error)
            error = first
        self._s.events.append(
            Problem(time=self._s.now, role=ACTOR, text=error.sentence, clause=error.clause, advice=error.advice)
        )
        self._finish(error.sentence, error)

    def _end(self, reason: str, error: PncError | None) -> None:
        if error is not None:
            self._fail(error)
            return
        self._s.story(f"The session ends: {reason}.")
        self._finish(reason, None)

    def _finish(self, reason: str, error: PncError | None) -> None:
        s = self._s
        s.settle()
        s.flow = 0.0
        if s.charging_since is not None and not s.outcome.charging_seconds:
            s.outcome.charging_seconds = s.now - s.charging_since
        s.outcome.ok, s.outcome.reason, s.outcome.error = error is None, reason, error
        self._done, self._pending, self._answer_by = True, None, None
        s.end_phase()
        self._collect()
        self._out.append(Close(reason, error))

    def _collect(self) -> None:
        """Move what the steps told into the outputs, in order."""
        if self._s.events:
            self._out += self._s.events
            self._s.events.clear()
