"""The charging station's side of one ISO 15118-2 session: bytes, answers and the time in; frames and observations out.

The engine keeps the sequence (wire.v2g.iso2.secc_sequence), the timers and the SessionID; what a request means is in
secc.handlers. A handler that has to wait is a generator: it is resumed by :meth:`SeccEngine.answered` or by
:meth:`SeccEngine.wake`, and the vehicle gets its answer then.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from pncsim.secc import notices
from pncsim.secc.config import PowerSchedule, SeccConfig
from pncsim.secc.failed import failed
from pncsim.secc.handlers import HANDLERS
from pncsim.secc.handlers.session import agree, same_id
from pncsim.secc.power import EvsePower
from pncsim.secc.session import Handling, Reply, Session, Wait
from pncsim.wire import trace
from pncsim.wire.errors import LocalError, PeerClosed, PeerError, PeerSilent, PncError
from pncsim.wire.exi import ExiDecodeError, ExiEncodeError
from pncsim.wire.exi.declare import ComplexType
from pncsim.wire.session.outputs import Close, Output, Send
from pncsim.wire.v2g import appprotocol as app
from pncsim.wire.v2g import iso2, registry, v2gtp
from pncsim.wire.v2g.iso2 import codes, timing
from pncsim.wire.v2g.iso2.secc_sequence import SECC_SEQUENCE, State
from pncsim.wire.v2g.registry import codec

MAX_IGNORED = 64
"""V2GTP messages of a vehicle that are passed over before the connection is given up."""

MAX_QUEUED = 8
"""Requests a vehicle may send ahead of their answers before the connection is given up."""


@dataclass(slots=True)
class _Pending:
    """A request whose answer is not ready."""

    request: iso2.BodyElement
    handling: Handling
    wait: Wait


class SeccEngine:
    """One connection of one vehicle. ``power`` is the EVSE's and outlives the engine; ``random(n)`` gives n bytes.

    ``tls`` tells whether the connection is a TLS one: Contract is offered only there (V2G2-633). All methods return
    what to do, in order, and raise nothing; after a :class:`Close` they return nothing more.
    """

    def __init__(self, config: SeccConfig, *, power: EvsePower, tls: bool, random: Callable[[int], bytes]) -> None:
        self.config = config
        self._s = Session(config, power, tls, random)
        self._reader = v2gtp.V2gtpReader()
        self._queue: deque[bytes] = deque()
        self._pending: _Pending | None = None
        self._iso2, self._app = codec("iso2"), codec("app")
        self._ignored = 0
        self._last_sent = ""
        self._sent_at = 0.0
        self._timeout: float | None = None
        self._setup_until: float | None = None
        self._done = False

    # ---- what the shell and the station may read -----------------------------------------------------------------

    @property
    def deadline(self) -> float | None:
        """Lab time at which :meth:`wake` is due, or None."""
        if self._done:
            return None
        if self._pending is not None:
            return self._pending.wait.until
        if self._setup_until is None:
            return self._timeout
        return self._setup_until if self._timeout is None else min(self._setup_until, self._timeout)

    @property
    def state(self) -> State:
        """The row of the sequence table the station is in."""
        return self._s.state

    @property
    def session_id(self) -> bytes:
        """Zero before SessionSetup."""
        return self._s.id

    # ---- events from outside -------------------------------------------------------------------------------------

    def start(self, now: float) -> list[Output]:
        """The connection is open; the vehicle has 18 s to set up a session (V2G2-714)."""
        out = self._begin(now)
        self._setup_until = now + timing.SECC_SETUP
        self._s.start_wh = self._s.power.energy(now)
        self._enter(State.CONNECTED)
        return out

    def receive(self, data: bytes, now: float) -> list[Output]:
        """Bytes from the vehicle, cut anywhere."""
        out = self._begin(now)
        if self._done:
            return out
        try:
            frames = self._reader.feed(data)
        except PeerError as error:
            self._break(error)
            return out
        self._ignored += len(self._reader.ignored)
        if self._ignored > MAX_IGNORED:
            self._break(
                PeerError(f"The vehicle sent more than {MAX_IGNORED} V2GTP messages that are not for a station.")
            )
            return out
        for ignored in self._reader.ignored:
            self._s.problem(f"A V2GTP message of the vehicle was ignored: {ignored.reason}", ignored.clause)
        self._reader.ignored.clear()
        for frame in frames:
            if self._pending is not None or self._queue:
                self._s.tolerated("The vehicle sent a request before its last one was answered.", "V2G2-538")
            self._queue.append(frame.payload)
        if len(self._queue) > MAX_QUEUED:
            self._break(PeerError(f"The vehicle sent {len(self._queue)} requests without waiting for answers."))
            return out
        self._drain()
        return out

    def answered(self, id: int, answer: object, now: float) -> list[Output]:
        """A question was answered; one nobody waits for any more is kept for the handler that asked, or forgotten."""
        out = self._begin(now)
        if self._done:
            return out
        self._s.answers[id] = LocalError("the station gave no answer") if answer is None else answer
        if self._pending is not None and self._pending.wait.ask == id:
            self._resume(self._s.answers[id])
            self._drain()
        return out

    def wake(self, now: float) -> list[Output]:
        """The deadline has come: answer what was held back, or give up on a silent vehicle."""
        out = self._begin(now)
        deadline = self.deadline
        if deadline is None or now < deadline:
            return out
        if self._pending is not None:
            self._resume(None)
            self._drain()
        elif self._setup_until is not None and now >= self._setup_until:
            self._break(
                PeerSilent(
                    f"The vehicle has not set up a session within {timing.SECC_SETUP:g} s of connecting.",
                    clause="V2G2-714, V2G2-723",
                ),
                "silence",
            )
        else:
            self._break(
                PeerSilent(
                    f"The vehicle has sent nothing for {timing.SEQUENCE_TIMEOUT:g} s after {self._last_sent}; "
                    f"allowed were {', '.join(SECC_SEQUENCE.events(self._s.state, self.config.liberties))}.",
                    clause="V2G2-443",
                ),
                "silence",
            )
        return out

    def closed(self, now: float, error: PncError | None = None) -> list[Output]:
        """The vehicle has closed the connection, or it broke with ``error``."""
        out = self._begin(now)
        if not self._done:
            rest = ", in the middle of a message" if self._reader.partial else ""
            why = f" {error.sentence}" if error is not None else ""
            self._break(
                PeerClosed(f"The vehicle closed the connection while the station was {self._s.state}{rest}.{why}"),
                "vehicle",
            )
        return out

    def request_stop(self, now: float) -> list[Output]:
        """The station wants the vehicle to stop: StopCharging in the next responses (V2G2-679)."""
        out = self._begin(now)
        if not self._done and self._s.stop_wanted_at is None:
            self._s.stop_wanted_at = now
            self._s.story(f"The station asks the vehicle to stop within {self.config.notification_delay} s.")
        return out

    def request_renegotiation(self, now: float, schedule: PowerSchedule | None = None) -> list[Output]:
        """The station wants new schedules: ReNegotiation in the next loop responses (V2G2-680, -841).

        ``schedule`` replaces that of the configuration for the rest of the session.
        """
        out = self._begin(now)
        if not self._done:
            if schedule is not None:
                self._s.policy = schedule
            self._s.renegotiation_wanted = True
            self._s.story("The station asks the vehicle to renegotiate.")
        return out

    def abort(self, reason: str, now: float) -> list[Output]:
        """The station ends the session at once, without a word to the vehicle; ``reason`` is a sentence."""
        out = self._begin(now)
        if not self._done:
            self._finish("failed", reason, LocalError(reason), stopped_by="station")
        return out

    # ---- requests ------------------------------------------------------------------------------------------------

    def _begin(self, now: float) -> list[Output]:
        self._s.now = now
        out: list[Output] = []
        self._s.out = out
        return out

    def _drain(self) -> None:
        while self._queue and self._pending is None and not self._done:
            self._message(self._queue.popleft())

    def _message(self, payload: bytes) -> None:
        s = self._s
        tolerated: list[str] = []
        try:
            document = self._decode(payload, tolerated)
        except ExiDecodeError as error:
            self._break(
                PeerError(
                    f"The vehicle sent {len(payload)} octets that are no message of ISO 15118-2: {error.sentence}",
                    clause=error.clause,
                    advice=f"After {self._last_sent or 'the connection'} came {payload[:32].hex()}"
                    f"{'…' if len(payload) > 32 else ''}.",
                )
            )
            return
        for what in tolerated:
            s.tolerated(what)
        if self._sent_at and s.now - self._sent_at > timing.SEQUENCE_PERFORMANCE:
            s.tolerated(
                f"The vehicle took {s.now - self._sent_at:.1f} s for its next request; "
                f"it should take {timing.SEQUENCE_PERFORMANCE:g} s at most.",
                "V2G2-485",
            )
        s.payload = payload
        if isinstance(document, iso2.V2G_Message):
            self._request(document)
        elif isinstance(document, app.SupportedAppProtocolReq):
            self._agree(document)
        else:
            self._observe("received", type(document).__name__, payload, document)
            self._break(PeerError(f"The vehicle sent {type(document).__name__}, which is no request."))

    def _decode(self, payload: bytes, tolerated: list[str]) -> object:
        """The first message is expected in the SupportedAppProtocol schema, every other one in that of -2."""
        first, second = (self._app, self._iso2) if self._s.state is State.CONNECTED else (self._iso2, self._app)
        try:
            return first.decode(payload, tolerated)
        except ExiDecodeError as error:
            tolerated.clear()
            try:
                return second.decode(payload, tolerated)
            except ExiDecodeError:
                raise error from None

    def _agree(self, request: app.SupportedAppProtocolReq) -> None:
        s = self._s
        self._observe("received", "SupportedAppProtocolReq", s.payload, request)
        expected = s.state is State.CONNECTED
        response = agree(request) if expected else agree(app.SupportedAppProtocolReq(AppProtocol=[]))
        agreed = response.ResponseCode != app.ResponseCodeType.Failed_NoNegotiation
        if not self._transmit("SupportedAppProtocolRes", response, None):
            return
        s.notice(notices.ProtocolAnswered(time=s.now, agreed=agreed))
        if agreed:
            self._enter(State.NEGOTIATED)
            return
        offers = ", ".join(
            f"{o.ProtocolNamespace} {o.VersionNumberMajor}.{o.VersionNumberMinor}" for o in request.AppProtocol
        )
        self._break(
            PeerError(f"The vehicle offers {offers}; this station speaks ISO 15118-2 (2.0) only.", clause="V2G2-172")
            if expected
            else self._out_of_order("SupportedAppProtocolReq")
        )

    def _request(self, root: iso2.V2G_Message) -> None:
        s = self._s
        request = root.Body.BodyElement
        name, handler = HANDLERS.get(type(request), ("", None)) if request is not None else ("", None)
        self._observe("received", name or type(request).__name__, s.payload, root)
        if request is None or handler is None:
            what = type(request).__name__ if request is not None else "a message with an empty body"
            self._break(PeerError(f"The vehicle sent {what}, which is no request.", clause="V2G2-538"))
            return
        s.header = root.Header
        if name != "SessionSetupReq" and any(s.id) and not same_id(root.Header.SessionID, s.id):
            self._refuse(
                request,
                PeerError(
                    f"The vehicle sent {name} with SessionID {root.Header.SessionID.hex().upper()}, "
                    f"its session is {s.id.hex().upper()}.",
                    clause="V2G2-460",
                    kind="unknown session",
                ),
            )
            return
        step = SECC_SEQUENCE.find(s.state, name)
        if step is None or (step.liberty is not None and step.liberty not in self.config.liberties):
            self._refuse(request, self._out_of_order(name))
            return
        if step.liberty is not None:
            s.tolerated(f"The vehicle took a liberty: {step.liberty} ({name} in state '{s.state}').", step.clause)
        try:
            handling = handler(s, request)
        except PncError as error:
            self._refuse(request, error)
            return
        if isinstance(handling, Reply):
            self._answer(request, handling)
        else:
            self._advance(request, handling, None)

    def _out_of_order(self, name: str) -> PeerError:
        now_allowed = " or ".join(SECC_SEQUENCE.events(self._s.state, self.config.liberties)) or "nothing"
        return PeerError(
            f"The vehicle sent {name} while the station was {self._s.state}; allowed was {now_allowed}.",
            clause="V2G2-538, V2G2-539, V2G2-459",
            kind="sequence",
        )

    def _resume(self, value: object) -> None:
        pending = self._pending
        assert pending is not None
        self._pending = None
        self._advance(pending.request, pending.handling, value)

    def _advance(self, request: iso2.BodyElement, handling: Handling, value: object) -> None:
        """Run a handler until it waits, answers or refuses."""
        try:
            wait = handling.send(value)
        except StopIteration as stop:
            self._answer(request, stop.value)
        except PncError as error:
            self._refuse(request, error)
        else:
            self._pending = _Pending(request, handling, wait)

    # ---- answers -------------------------------------------------------------------------------------------------

    def _answer(self, request: iso2.BodyElement, reply: Reply) -> None:
        s = self._s
        name, forwarded = type(reply.message).__name__, reply.forwarded
        if reply.state not in SECC_SEQUENCE.row(s.state, name[:-3] + "Req").outcomes:
            raise RuntimeError(f"The station's table does not lead from {s.state} over {name} to {reply.state}.")
        if forwarded is None:
            sent = self._send(name, reply.message)
        else:
            sent = self._transmit(name, forwarded.root, forwarded.exi)
        if not sent:
            return
        if forwarded is not None and forwarded.code.startswith("FAILED"):
            said = f"The back end refused the vehicle's {name[:-3]}Req with {forwarded.code}."
            self._failed(request, PeerError(said, kind="refused", response_code=forwarded.code))
            return
        self._enter(reply.state)
        if reply.state is State.SESSION:
            self._setup_until = None
        elif reply.state is State.ENDED:
            self._end(cast(iso2.SessionStopReq, request))

    def _refuse(self, request: iso2.BodyElement, error: PncError) -> None:
        """Answer with the error's code and, by default, close (conformance cases; V2G2-539 for sequence errors)."""
        message = failed(request, codes.answer(error.kind, f"{type(request).__name__[:-3]}Res"), self._s)
        if self._send(type(message).__name__, message):
            self._failed(request, error)

    def _failed(self, request: iso2.BodyElement, error: PncError) -> None:
        """A FAILED answer has gone out."""
        s = self._s
        if self.config.close_after_failure or error.kind == "sequence":
            self._break(error)
            return
        s.problem(error.sentence, error.clause, error.advice)
        s.stop_charging("the session has failed")
        certificate = isinstance(request, iso2.CertificateInstallationReq | iso2.CertificateUpdateReq)
        self._enter(State.DELIVERED if certificate and s.state is State.CONTRACT else State.FAILED)

    def _send(self, name: str, message: iso2.BodyElement) -> bool:
        root = iso2.V2G_Message(
            Header=iso2.MessageHeaderType(SessionID=self._s.id), Body=iso2.BodyType(BodyElement=message)
        )
        return self._transmit(name, root, None)

    def _transmit(self, name: str, root: ComplexType, payload: bytes | None) -> bool:
        """Send ``root`` (``payload`` if it is encoded already), unless a lab's fault changes or withholds it.

        False if it cannot be encoded, which ends the session: a value of the configuration or of a fault does not fit.
        """
        s = self._s
        self._last_sent, self._sent_at = name, s.now
        self._timeout = s.now + timing.SEQUENCE_TIMEOUT
        if self.config.alter is not None:
            altered = self.config.alter(name, root)
            if altered is None:
                s.story(f"The lab withholds {name}.")
                return True
            if isinstance(altered, bytes):
                payload = altered
            elif altered is not root:
                root, payload = cast(ComplexType, altered), None
        if payload is None:
            try:
                payload = (self._iso2 if isinstance(root, iso2.V2G_Message) else self._app).encode(root)
            except ExiEncodeError as error:
                reason = f"The station cannot send {name}: {error.sentence}"
                self._finish("failed", reason, LocalError(reason), stopped_by="station")
                return False
        self._observe("sent", name, payload, root)
        s.out.append(Send(v2gtp.pack(registry.EXI, payload)))
        return True

    # ---- ends ----------------------------------------------------------------------------------------------------

    def _end(self, request: iso2.SessionStopReq) -> None:
        """SessionStop was answered: the station closes (V2G2-571)."""
        paused = request.ChargingSession == iso2.ChargingSessionType.Pause
        wanted = self._s.stop_wanted_at is not None
        reason = f"The vehicle has {'paused' if paused else 'ended'} the session"
        reason += ", as the station asked." if wanted else "."
        self._finish("paused" if paused else "ended", reason, None, stopped_by="station" if wanted else "vehicle")

    def _break(self, error: PncError, stopped_by: notices.StoppedBy = "station") -> None:
        """End the session because of ``error``: mostly the station will not go on with this vehicle."""
        self._finish("failed", error.sentence, error, stopped_by=stopped_by)

    def _finish(
        self, kind: notices.EndKind, reason: str, error: PncError | None, *, stopped_by: notices.StoppedBy
    ) -> None:
        s = self._s
        if self._pending is not None:
            self._pending.handling.close()
            self._pending = None
        self._done = True
        self._queue.clear()
        s.stop_charging("the session is over")
        s.power.hold(0.0, s.now)
        if error is not None:
            s.problem(error.sentence, error.clause, error.advice)
        if s.state is not State.ENDED:
            self._enter(State.ENDED)
        if error is None:
            s.story(reason)
        s.notice(
            notices.SessionEnded(
                time=s.now,
                kind=kind,
                reason=reason,
                energy_wh=s.energy_wh,
                register_wh=s.power.reading(s.now),
                stopped_by=stopped_by,
            )
        )
        s.out.append(Close(reason, error))

    # ---- observation ---------------------------------------------------------------------------------------------

    def _enter(self, state: State) -> None:
        s = self._s
        s.state = state
        s.out.append(trace.StateEntered(time=s.now, role=self.config.actor, state=state.value))

    def _observe(self, direction: trace.Direction, name: str, payload: bytes, value: object) -> None:
        self._s.out.append(
            trace.V2gMessage(
                time=self._s.now,
                role=self.config.actor,
                direction=direction,
                name=name,
                payload=payload,
                value=value,
            )
        )
