"""How anybody reports: one voice per instance, bound to who it is, what time it is and where its events go.

A shell's or service's voice speaks to the lab's clock and :class:`wire.trace.Trace`; an engine's speaks to the engine's
own time and list of outputs, so that engines stay without I/O. There is no other way to make an event.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from pncsim.wire import trace
from pncsim.wire.errors import PncError
from pncsim.wire.gate import LENIENT, Liberty, NotTolerated, Tolerance
from pncsim.wire.trace import Carrier, Direction, EndPoint, Event, LinkMark, Trace

if TYPE_CHECKING:
    from pncsim.wire.clock import Clock


_SOMEBODY = ("whoever owns the sink",)
"""Who reads what goes into a sink that leads to no stream we know."""


class CallReport:
    """One call in progress; who makes it fills in ``text``, one sentence saying what came of it.

    ``ok`` False marks an answer that says no without being an error of the call. ``asked`` and ``answered``: what was
    handed over and came back, for who keeps it (:attr:`Voice.wants_bytes`).
    """

    __slots__ = ("_operation", "_voice", "answered", "asked", "ok", "text")

    def __init__(self, voice: Voice, operation: str) -> None:
        self._voice, self._operation = voice, operation
        self.text, self.ok = "", True
        self.asked = self.answered = b""

    def __enter__(self) -> CallReport:
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        called, role = self._voice.called, self._voice.role
        if error is None:
            called(role, self._operation, self.ok, self.text, asked=self.asked, answered=self.answered)
        elif isinstance(error, PncError):
            called(role, self._operation, False, str(error), asked=self.asked)


class Voice:
    """Speaks for one instance: ``role`` is a key of :data:`wire.trace.ROLES`, ``unit`` names the instance.

    ``session`` is set once the SessionID is known, and stays on all that is said from then on. ``refuses``: the
    liberties this instance does not let pass (:meth:`tolerate`).
    """

    __slots__ = ("_now", "_sink", "_stream", "heard", "refuses", "role", "session", "unit")

    def __init__(
        self,
        role: str,
        unit: str,
        now: Callable[[], float],
        sink: Callable[[Event], None],
        stream: Trace | None = None,
        *,
        refuses: frozenset[Tolerance] = LENIENT,
    ) -> None:
        self.role, self.unit, self.session = role, unit or role, ""
        self.refuses = refuses
        self._now, self._sink = now, sink
        self.follow(stream)

    @classmethod
    def on(
        cls, clock: Clock, trace: Trace, role: str, unit: str = "", *, refuses: frozenset[Tolerance] = LENIENT
    ) -> Voice:
        """The voice of a shell or service: lab time, straight into the stream."""
        return cls(role, unit, clock.now, trace.emit, trace, refuses=refuses)

    def of(self, role: str, unit: str = "") -> Voice:
        """The voice of another instance, where this one's events go."""
        return Voice(role, unit, self._now, self._sink, self._stream, refuses=self.refuses)

    def follow(self, stream: Trace | None) -> None:
        """Whoever owns the sink passes all on to ``stream``: from now on, what nobody there would read is not made."""
        self._stream = stream
        self.heard: Sequence[object] = _SOMEBODY if stream is None else stream.readers
        """Who reads what is told. Where nobody does, what is dear to say need not be said."""

    def _tell(self, event: Callable[..., Event], /, **what: Any) -> None:
        if self.heard:
            self._sink(event(time=self._now(), role=self.role, unit=self.unit, session=self.session, **what))

    # For people

    def story(self, text: str) -> None:
        """A milestone in one sentence."""
        self._tell(trace.Story, text=text)

    def problem(self, error: PncError, *, response_code: str | None = None) -> None:
        """Something went wrong; ``response_code`` is what it is answered with, if it is."""
        self._tell(
            trace.Problem,
            text=error.sentence,
            kind=error.kind,
            response_code=response_code or error.response_code,
            alert=error.alert,
            http_status=error.http_status,
            ocpp_status=error.ocpp_status,
            clause=error.clause,
            advice=error.advice,
        )

    def judged(self, what: str, ok: bool, reason: str, clause: str = "") -> None:
        """Something was verified, with this result."""
        self._tell(trace.Judged, what=what, ok=ok, reason=reason, clause=clause)

    def tolerate(self, liberty: Liberty) -> None:
        """This instance's gate (:mod:`wire.gate`): tell the liberty and let it pass, or raise NotTolerated."""
        if liberty.tolerance in self.refuses:
            raise NotTolerated(liberty)
        self._tell(trace.Tolerated, code=liberty.tolerance, what=liberty.what, clause=liberty.clause)

    def pass_over(self, liberty: Liberty) -> None:
        """As :meth:`tolerate` for what has no effect and no answer: where it is not let pass, it is a problem."""
        try:
            self.tolerate(liberty)
        except NotTolerated as refusal:
            self.problem(refusal)

    def warning(self, text: str) -> None:
        """Something in our own set-up that will surprise whoever has set it up: one sentence."""
        self._tell(trace.Warned, text=text)

    # From the wire

    @property
    def wants_bytes(self) -> bool:
        """Whether anybody reads :meth:`octets`."""
        return self._stream is not None and self._stream.wants_bytes

    @property
    def key_log(self) -> Callable[[str], None] | None:
        """Where the lines of a TLS key log go, if anywhere."""
        return None if self._stream is None else self._stream.key_log

    def octets(
        self,
        direction: Direction,
        carrier: Carrier,
        local: EndPoint,
        remote: EndPoint,
        data: bytes = b"",
        mark: LinkMark = "",
    ) -> None:
        """A datagram, or payload of a connection, or what became of the connection; ask ``wants_bytes`` first."""
        self._tell(
            trace.LinkBytes, direction=direction, carrier=carrier, local=local, remote=remote, data=data, mark=mark
        )

    def sdp(self, direction: Direction, peer: EndPoint, data: bytes) -> None:
        """A datagram of the SECC discovery protocol."""
        self._tell(trace.SdpDatagram, direction=direction, peer=peer, data=data)

    def message(self, direction: Direction, name: str, payload: bytes, value: object) -> None:
        """A V2GTP message, without its header, and what it says."""
        if self.heard:  # here and below: said so often that it is not even put together for nobody
            self._tell(trace.V2gMessage, direction=direction, name=name, payload=payload, value=value)

    def state(self, state: str) -> None:
        """A row of a state machine was entered."""
        if self.heard:
            self._tell(trace.StateEntered, state=state)

    def secured(
        self,
        *,
        version: str,
        cipher: str,
        peer: str,
        chain: tuple[bytes, ...] = (),
        staples: tuple[bytes | None, ...] = (),
    ) -> None:
        """A TLS handshake was completed; ``chain`` and ``staples`` are what the station presented."""
        self._tell(
            trace.Secured,
            ok=True,
            version=version,
            cipher=cipher,
            peer=peer,
            stapled=any(staples),
            chain=chain,
            staples=staples,
        )

    def not_secured(
        self,
        error: PncError,
        *,
        hello: bytes = b"",
        chain: tuple[bytes, ...] = (),
        staples: tuple[bytes | None, ...] = (),
    ) -> None:
        """A TLS handshake failed: the event with what had been shown until then, and the problem behind it."""
        self._tell(
            trace.Secured,
            ok=False,
            alert=error.alert,
            reason=error.sentence,
            hello=hello,
            chain=chain,
            stapled=any(staples),
            staples=staples,
        )
        self.problem(error)

    def ocpp_secured(self, peer: str, version: str, cipher: str, shown: str, certificate: bytes = b"") -> None:
        """A TLS handshake between station and CSMS was completed.

        ``shown`` is the subject of the ``certificate`` (DER) that ``peer`` has shown.
        """
        self._tell(
            trace.OcppSecured,
            ok=True,
            peer=peer,
            version=version,
            cipher=cipher,
            shown=shown,
            certificate=certificate,
        )

    def ocpp_not_secured(self, peer: str, error: PncError) -> None:
        """A TLS handshake between station and CSMS has failed; whoever goes on from there tells the problem."""
        self._tell(trace.OcppSecured, ok=False, peer=peer, alert=error.alert, reason=error.sentence)

    def frame(self, direction: Direction, peer: str, action: str, frame: str) -> None:
        """An OCPP-J frame, secrets masked already."""
        if self.heard:
            self._tell(trace.OcppFrame, direction=direction, peer=peer, action=action, frame=frame)

    def http(
        self, method: str, url: str, status: int, text: str = "", *, request: bytes = b"", response: bytes = b""
    ) -> None:
        """A request and its answer; ask ``wants_bytes`` before making heads and bodies (:mod:`wire.http_said`)."""
        self._tell(
            trace.HttpExchange,
            method=method,
            url=url,
            status=status,
            text=text,
            request=request,
            response=response,
        )

    def power(self, *, watts: float, energy_wh: float, volts: float, amperes: float, soc: float | None = None) -> None:
        """A sample of the energy transfer."""
        if self.heard:
            self._tell(trace.Power, watts=watts, energy_wh=energy_wh, volts=volts, amperes=amperes, soc=soc)

    def pilot(self, state: str, duty: float) -> None:
        """The control pilot changed: state (A to F), duty cycle in percent."""
        self._tell(trace.PilotChanged, state=state, duty=duty)

    # Between services

    def called(
        self, service: str, operation: str, ok: bool, text: str, *, asked: bytes = b"", answered: bytes = b""
    ) -> None:
        """Another service was asked, or this one was, and how it ended."""
        if not self.heard:
            return
        if not self.wants_bytes:
            asked = answered = b""
        self._tell(
            trace.ServiceCall,
            service=service,
            operation=operation,
            ok=ok,
            text=text,
            asked=asked,
            answered=answered,
        )

    def call(self, operation: str) -> CallReport:
        """Report the body as one call of this service: ended as :class:`CallReport` says, or refused with the error."""
        return CallReport(self, operation)
