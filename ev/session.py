"""What a vehicle knows while one session runs, in any dialect, and the few things a move may do besides deciding."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

from pncsim.ev.notices import Switch
from pncsim.ev.outcome import SessionOutcome
from pncsim.wire.errors import PeerError, PncError
from pncsim.wire.gate import Liberty
from pncsim.wire.session.dialect import Envelope
from pncsim.wire.session.initiator import Initiator
from pncsim.wire.session.outputs import Notice

if TYPE_CHECKING:
    from pncsim.ev.vehicle import Vehicle
    from pncsim.wire.voice import Voice


class VehicleSession(Struct):
    """One session from the first request to the last; ``talk`` is the conversation it belongs to.

    ``received`` is the response being decided on. ``flow`` is the power the vehicle takes since ``flow_since``, in W;
    ``ending`` is the reason to stop charging once there is one; ``pausing``: to go on later.
    """

    talk: Initiator
    vehicle: Vehicle
    tls: bool
    plugged_in: float
    outcome: SessionOutcome

    received: Envelope = field(default_factory=lambda: Envelope("", None, b""))
    id: bytes = bytes(8)
    departure_at: float | None = None
    energy_left: float | None = None
    charging_since: float | None = None
    flow: float = 0.0
    flow_since: float = 0.0
    last_energy_at: float = 0.0
    ending: str = ""
    ending_error: PncError | None = None
    pausing: bool = False
    ready: bool = False

    def __post_init__(self) -> None:
        config = self.vehicle.config
        self.energy_left = config.energy_wish
        self.departure_at = None if config.departure is None else self.plugged_in + config.departure

    def switch(self, *, ready: bool) -> None:
        """Signal by the control pilot whether energy may come."""
        if ready is not self.ready:
            self.ready = ready
            self.talk.out.append(Notice(Switch(ready)))

    @property
    def now(self) -> float:
        """Lab time, for those who know nothing of conversations; moves read it from ``talk``."""
        return self.talk.now

    @property
    def voice(self) -> Voice:
        """How to report."""
        return self.talk.voice

    def open(self, id: bytes) -> None:
        """The session has its number."""
        self.id = id
        self.outcome.session_id = id
        self.voice.session = id.hex().upper()

    def problem(self, error: PncError) -> None:
        """Report an error that does not end the session."""
        self.outcome.problems.append(error)
        self.voice.problem(error)

    def tolerate(self, liberty: Liberty) -> None:
        """The vehicle's gate: let a liberty of the station pass and say so, or raise NotTolerated."""
        self.talk.tolerate(liberty)

    def refused(self, response: str, code: str) -> None:
        """The station answered with a code that says no. What a dialect makes of it besides ending the session."""

    def settle(self) -> None:
        """Account for the energy that flowed since the last time, at the power last known."""
        now = self.talk.now
        if now == self.flow_since:
            return
        energy = self.vehicle.battery.charge(self.flow, now - self.flow_since)
        self.flow_since = now
        if energy > 0:
            self.last_energy_at = now
            self.outcome.energy_wh += energy
            if self.energy_left is not None:
                self.energy_left -= energy

    def sample(self, watts: float, volts: float, amperes: float) -> None:
        """Report a sample of the energy transfer."""
        voice = self.talk.voice
        if voice.heard:
            soc = self.vehicle.battery.soc
            voice.power(watts=watts, energy_wh=self.outcome.energy_wh, volts=volts, amperes=amperes, soc=soc)

    def begin_phase(
        self, name: str, seconds: float, clause: str, advice: str, *, performance: float | None = None
    ) -> None:
        """Start the limit of a phase unless it runs already: the standard's ``seconds``, or more if we are patient.

        The station should keep within ``performance`` seconds.
        """
        stretched = seconds * self.talk.patience
        error = PeerError(
            f"The station was still not done with {name} {stretched:g} s after it began.",
            kind="silent",
            clause=clause,
            advice=advice,
        )
        self.talk.begin_phase(name, stretched, error, performance=performance)

    def end_phase(self) -> None:
        """The phase came to its end in time, or has no limit any more."""
        phase, patience = self.talk.phase, self.talk.patience
        if patience != 1 and phase is not None and phase.until is not None:
            took, limit = self.talk.now - phase.began, (phase.until - phase.began) / patience
            if took > limit:
                self.talk.overdue(phase.name, took, limit)
        self.talk.end_phase()
