"""What the vehicle knows while one session runs: the facts the steps read and write."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pncsim.ev.config import VehicleConfig
from pncsim.ev.outcome import SessionOutcome
from pncsim.ev.schedule import Schedule
from pncsim.ev.session_memory import PausedSession
from pncsim.wire.errors import PeerError, PncError
from pncsim.wire.trace import Event, Judged, Power, Problem, Story, Tolerated

if TYPE_CHECKING:
    from pncsim.ev.contracts import Contract
    from pncsim.ev.vehicle import Vehicle
    from pncsim.wire.v2g import iso2

ACTOR = "EV"


@dataclass(slots=True)
class Session:
    """One session from the first request to the last.

    ``now`` is the lab time of the input being worked on. ``phase_deadline`` limits a phase of several exchanges
    (Ongoing, cable check, pre-charge), with ``phase_error`` as the complaint when it passes. ``flow`` is the power the
    vehicle takes since ``flow_since``, in W; ``ending`` is the reason to stop charging once there is one.
    """

    vehicle: Vehicle
    tls: bool
    now: float
    plugged_in: float
    outcome: SessionOutcome = field(default_factory=SessionOutcome)
    events: list[Event] = field(default_factory=list)

    id: bytes = bytes(8)
    resuming: PausedSession | None = None
    departure_at: float | None = None
    energy_left: float | None = None

    payment: str = ""
    contract: Contract | None = None
    action: str = ""
    parameter_sets: dict[str, int] = field(default_factory=dict)
    discovery: iso2.ServiceDiscoveryRes | None = None
    received_signature: object = None

    phase: str = ""
    phase_deadline: float | None = None
    phase_error: PncError | None = None

    mode: str = ""
    schedules: tuple[Schedule, ...] = ()
    schedule: Schedule | None = None
    ac_voltage: float = 0.0
    ac_current: float = 0.0
    dc_limits: tuple[float, float, float] = (0.0, 0.0, 0.0)

    progress: str = ""
    charging_since: float | None = None
    flow: float = 0.0
    flow_since: float = 0.0
    last_energy_at: float = 0.0
    renegotiate: bool = False
    weldings: int = 0
    ending: str = ""
    ending_error: PncError | None = None
    pausing: bool = False
    first_reading: int | None = None

    @property
    def config(self) -> VehicleConfig:
        """The vehicle's wishes."""
        return self.vehicle.config

    @property
    def is_dc(self) -> bool:
        """Whether the chosen energy transfer mode is a DC one."""
        return self.mode.startswith("DC")

    def story(self, text: str) -> None:
        """Tell a milestone."""
        self.events.append(Story(time=self.now, role=ACTOR, text=text))

    def judge(self, what: str, ok: bool, reason: str, clause: str = "") -> None:
        """Report what was verified and how it came out."""
        self.events.append(Judged(time=self.now, role=ACTOR, what=what, ok=ok, reason=reason, clause=clause))

    def problem(self, error: PncError) -> None:
        """Report an error that does not end the session."""
        self.outcome.problems.append(error)
        self.events.append(
            Problem(time=self.now, role=ACTOR, text=error.sentence, clause=error.clause, advice=error.advice)
        )

    def tolerate(self, what: str, clause: str = "") -> None:
        """Let a liberty of the station pass and say so. Raises PeerError instead when the vehicle is strict."""
        if self.config.strict:
            raise PeerError(what, clause=clause, advice="Run without strict to let this pass.")
        if what not in self.outcome.tolerated:
            self.outcome.tolerated.append(what)
            self.events.append(Tolerated(time=self.now, role=ACTOR, what=what, clause=clause))

    def settle(self) -> None:
        """Account for the energy that flowed since the last time, at the power last known."""
        energy = self.vehicle.battery.charge(self.flow, self.now - self.flow_since)
        self.flow_since = self.now
        if energy > 0:
            self.last_energy_at = self.now
            self.outcome.energy_wh += energy
            if self.energy_left is not None:
                self.energy_left -= energy

    def power(self, watts: float, volts: float, amperes: float) -> None:
        """Report a sample of the energy transfer."""
        self.events.append(
            Power(
                time=self.now,
                role=ACTOR,
                watts=watts,
                energy_wh=self.outcome.energy_wh,
                volts=volts,
                amperes=amperes,
                soc=self.vehicle.battery.soc,
            )
        )

    def begin_phase(self, name: str, seconds: float, clause: str, advice: str) -> None:
        """Start the limit of a phase unless it runs already."""
        if self.phase != name:
            self.phase = name
            self.phase_deadline = self.now + seconds
            self.phase_error = PeerError(
                f"The station was still not done with {name} {seconds:g} s after it began.",
                clause=clause,
                advice=advice,
            )

    def end_phase(self) -> None:
        """The phase came to its end in time, or has no limit any more."""
        self.phase, self.phase_deadline, self.phase_error = "", None, None
