"""The tester: a vehicle of ours up to the step under test, where it says what the case says.

Where the case is about a right message it goes on as any vehicle would, and what is answered is noted. Otherwise it
says no more from there on, and only listens: to what comes, and to whether the station closes the connection.
"""

from __future__ import annotations

from collections.abc import Callable

from pncsim.ev.engine import EvccEngine
from pncsim.ev.vehicle import Vehicle
from pncsim.simulator.conformance.secc.step import AtStep, CaseStep, Heard, Other, Prepared
from pncsim.wire.errors import PncError
from pncsim.wire.exi import ExiDecodeError
from pncsim.wire.session.conversation import UNREADABLE
from pncsim.wire.session.dialect import Dialect, Envelope
from pncsim.wire.session.initiator import Decision, Say
from pncsim.wire.v2g.v2gtp import V2gtpFrame

CLOSES = 5.0
"""Seconds the station has to close the connection (par_CMN_TCP_Connection_Termination_Timeout)."""
ROUNDING = 0.5
"""Seconds by which a station may be early or late with what it does at a limit, the tester's own way being part."""


class TestingVehicle(EvccEngine):
    """One connection of ``vehicle``, which does ``step``. What it has seen is in the attributes below."""

    __test__ = False  # no test of pytest's

    def __init__(
        self, vehicle: Vehicle, step: CaseStep, *, tls: bool, plugged_in: float, dialects: tuple[Dialect, ...]
    ) -> None:
        super().__init__(vehicle, tls=tls, plugged_in=plugged_in, dialects=dialects)
        self.step = step
        self.struck_at: float | None = None
        """When the step was taken; None: it has not come to that."""
        self.answers: list[Heard] = []
        """What came from then on."""
        self.closed_at: float | None = None
        """When the station closed the connection; None: it was the tester."""
        self.listening = False
        self._times = 0

    # ---- up to the step ------------------------------------------------------------------------------------------

    def _first(self) -> None:
        if self._is_due("SupportedAppProtocolReq"):
            self._strike(super()._first)
        else:
            super()._first()

    def _carry_out(self, decision: Decision) -> None:
        if isinstance(decision, Say) and self._is_due(self.dialect.asked(decision.request)):
            self._strike(lambda: EvccEngine._carry_out(self, decision))
        else:
            super()._carry_out(decision)

    def _is_due(self, asked: str) -> bool:
        step = self.step
        if self.struck_at is not None or step.at not in (asked, asked.partition("(")[0]):
            return False
        self._times += 1
        return self._times == step.nth

    # ---- the step ------------------------------------------------------------------------------------------------

    def _strike(self, usual: Callable[[], None]) -> None:
        """Take the step; ``usual()`` says what a vehicle would. Raises PeerError where the station leaves no way to."""
        sends = self.step.sends
        assert not isinstance(sends, Prepared), "what is prepared is so before a vehicle is plugged in"
        change = sends.make(self.session) if isinstance(sends, AtStep) else sends
        self.struck_at = self.now
        if isinstance(change, Other):
            body = change.body()
            self._send(type(body).__name__, self.dialect.wrap(self.session.id, body, None))
        elif not isinstance(change, str):
            before, self.alter = self.alter, change or self.alter
            try:
                usual()
            finally:
                self.alter = before
        if not self.step.goes_on:
            self._listen(self.step.patience)

    def _listen(self, seconds: float) -> None:
        self.listening, self._expected, self._pending, self.phase = True, "", None, None
        self._limit = self.now + seconds + (ROUNDING if self.step.closes else 0.0)

    # ---- from then on --------------------------------------------------------------------------------------------

    def _message(self, frame: V2gtpFrame) -> None:
        if not self.listening:
            super()._message(frame)
            return
        try:
            document, envelope, _ = self._read(frame, [])
        except ExiDecodeError as error:
            self.voice.message("received", UNREADABLE, frame.payload, None)
            self.answers.append(Heard(UNREADABLE, error.sentence, b"", None, self.now))
        else:
            name = envelope.name if envelope is not None else type(document).__name__
            self.voice.message("received", name, frame.payload, document)
            self._note(envelope or Envelope(name, document, b""))
        self._limit = self.now + CLOSES + ROUNDING

    def _decide(self, envelope: Envelope) -> Decision:
        if self.struck_at is None:
            return super()._decide(envelope)
        heard = self._note(envelope)
        decision = super()._decide(envelope)
        heard.accepted = True
        return decision

    def _note(self, envelope: Envelope) -> Heard:
        code = str(getattr(envelope.body, "ResponseCode", ""))
        heard = Heard(envelope.name, code, envelope.session_id, envelope.body, self.now)
        self.answers.append(heard)
        return heard

    def _due(self) -> None:
        if not self.listening:
            super()._due()
            return
        self._finish("The tester has listened long enough.", None)

    def _gone(self, error: PncError | None) -> None:
        if not self.listening:
            super()._gone(error)
            return
        self.closed_at = self.now
        self._finish("The station has closed the connection.", None)
