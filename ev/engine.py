"""The vehicle's side of one session: bytes and time in; frames, questions, events and deadlines out.

This is what a vehicle adds in every dialect: it offers what it speaks, is strict or lenient, and keeps the outcome and
the energy account. Framing, checks and deadlines are in :class:`wire.session.initiator.Initiator`; what is decided
after a response is a move of the dialect the station chose.
"""

from __future__ import annotations

from typing import Any

from pncsim.ev import iso2
from pncsim.ev.config import VehicleConfig
from pncsim.ev.negotiation import chosen, offer, offers
from pncsim.ev.outcome import SessionOutcome
from pncsim.ev.vehicle import Vehicle
from pncsim.wire.errors import PeerError, PncError
from pncsim.wire.gate import Liberty
from pncsim.wire.session.dialect import Dialect
from pncsim.wire.session.initiator import Initiator
from pncsim.wire.session.outputs import Close, Output
from pncsim.wire.v2g import appprotocol as app

DIALECTS = (iso2.ISO2,)
"""What a vehicle speaks, best first."""


def spoken_by(config: VehicleConfig) -> tuple[Dialect, ...]:
    """What this vehicle speaks: the dialects, in the way of its kind if it has habits."""
    return DIALECTS if config.habits is None else (iso2.with_habits(config.habits),)


class EvccEngine(Initiator):
    """One session of ``vehicle`` over one connection.

    ``tls`` says whether the connection is secured, ``plugged_in`` (lab time) starts the time for communication setup.
    The verdict grows in :attr:`outcome` and is final once a Close was put out. The battery is the one thing of the
    vehicle the engine writes to; contracts go out as questions, a paused session lies in the outcome.
    """

    def __init__(
        self, vehicle: Vehicle, *, tls: bool, plugged_in: float, dialects: tuple[Dialect, ...] = DIALECTS
    ) -> None:
        config = vehicle.config
        super().__init__(
            dialects,
            role="EV",
            unit=vehicle.name,
            alter=config.alter,
            patience=config.patience,
            refuses=config.refuses,
        )
        self.vehicle, self.tls, self.plugged_in = vehicle, tls, plugged_in
        self._offered = offers(dialects, config.habits)
        self.outcome = SessionOutcome(tls=tls, response_codes=self.response_codes)
        """What is known of the session so far."""
        self.session = self._new_session()

    def _new_session(self) -> Any:
        return self.dialect.session(self, self.vehicle, self.tls, self.plugged_in, self.outcome)

    def start(self, now: float) -> list[Output]:
        """Say what the vehicle speaks."""
        return self._work(now, self._plugged_in)

    def abort(self, error: PncError, now: float) -> list[Output]:
        """The vehicle ends the session at once because of ``error``, without a word to the station."""
        return self._work(now, self._break, error)

    def request_stop(self, now: float, *, pause: bool = False) -> list[Output]:
        """The driver wants no more energy, or with ``pause`` later again: the vehicle stops with its next message.

        Before energy could flow there is nothing to stop: it closes the connection.
        """
        return self._work(now, self._want_stop, pause)

    def _want_stop(self, pause: bool) -> None:
        session = self.session
        if session.charging_since is None:
            self._ended("the driver leaves before charging has begun", None)
        elif not session.ending:
            session.ending, session.pausing = "the driver pauses" if pause else "the driver stops", pause

    def _plugged_in(self) -> None:
        limit = self.dialect.times.vehicle_setup
        seconds = limit.seconds * self.patience
        late = PeerError(
            f"The session was not set up {seconds:g} s after plug-in.",
            kind="silent",
            clause=limit.source,
            advice="Look at how long SDP, TLS and the first messages took.",
        )
        self.begin_phase("communication setup", self.plugged_in + seconds - self.now, late)
        if self.phase is not None:
            self.phase.began = self.plugged_in
        self._first()

    def tolerate(self, liberty: Liberty) -> None:
        """As in every conversation; what the station does again and again is told once."""
        if liberty not in self.outcome.tolerated:
            super().tolerate(liberty)
            self.outcome.tolerated.append(liberty)

    def overdue(self, what: str, took: float, limit: float) -> None:
        """As :class:`Initiator`; the slowest of each counts."""
        known = self.outcome.overdue.get(what)
        if known is None or took > known[0]:
            self.outcome.overdue[what] = took, limit

    # ---- what the conversation asks ------------------------------------------------------------------------------

    def _offer(self) -> app.SupportedAppProtocolReq:
        return offer(self._offered)

    def _chosen(self, response: app.SupportedAppProtocolRes) -> Dialect:
        return chosen(response, self._offered, self.dialects, self.tolerate)

    def _refused(self, name: str, code: str) -> None:
        self.session.refused(name, code)

    def _complains(self, error: PeerError) -> None:
        self.session.problem(error)

    def _ended(self, reason: str, error: PncError | None) -> None:
        if error is not None:
            self._break(error)
            return
        self.voice.story(f"The session ends: {reason}.")
        self._finish(reason, None)

    def _break(self, error: PncError) -> None:
        """End because of ``error``, or of what made the vehicle leave before the way out went wrong too."""
        first = self.session.ending_error
        if first is not None and error is not first:
            self.session.problem(error)
            error = first
        self.voice.problem(error)
        self._finish(error.sentence, error)

    def _finish(self, reason: str, error: PncError | None) -> None:
        session, outcome = self.session, self.outcome
        session.settle()
        session.flow = 0.0
        if session.charging_since is not None and not outcome.charging_seconds:
            outcome.charging_seconds = self.now - session.charging_since
        outcome.ok, outcome.reason, outcome.error = error is None, reason, error
        self._stop()
        self.out.append(Close(reason, error))
