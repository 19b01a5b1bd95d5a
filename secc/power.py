"""The EVSE's power side: contactor or DC output, and the meter. A pure function of what was set and of lab time.

One :class:`EvsePower` belongs to one EVSE and outlives its sessions: the meter's register never goes back.
"""

from __future__ import annotations

from collections.abc import Callable


class EvsePower:
    """What flows now and what has flowed. Volts and amperes are RMS per phase (AC) or of the output (DC).

    ``fault`` is a sentence while the EVSE cannot deliver, otherwise empty. ``vehicle_ready`` tells whether the vehicle
    signals state C or D on the control pilot; where nobody can tell, it counts as ready. ``seen_ready`` tells whether
    it is seen to do so: never where nobody can tell. ``load_watts`` lets a lab say
    what a coupled vehicle really draws in AC, which a meter sees and an engine does not; None: it is estimated from
    the limits.
    """

    __slots__ = (
        "_contactor_at",
        "_ramp_from",
        "_ramp_slope",
        "_ramp_start",
        "_ramp_to",
        "_register",
        "_since",
        "amperes",
        "fault",
        "load_watts",
        "meter_id",
        "seen_ready",
        "vehicle_ready",
        "volts",
        "watts",
    )

    def __init__(self, meter_id: str = "PNC-METER-1", register_wh: float = 0.0) -> None:
        self.meter_id = meter_id
        self.fault = ""
        self.load_watts: float | None = None
        self.vehicle_ready: Callable[[], bool] = lambda: True
        self.seen_ready: Callable[[], bool] = lambda: False
        self.watts = self.volts = self.amperes = 0.0
        self._register = register_wh
        self._since: float | None = None
        self._contactor_at: float | None = None
        self._ramp_from = self._ramp_to = self._ramp_start = 0.0
        self._ramp_slope = 1.0

    # ---- the meter -----------------------------------------------------------------------------------------------

    def energy(self, now: float) -> float:
        """The register in Wh, with fractions."""
        if self._since is not None and now > self._since:
            self._register += self.watts * (now - self._since) / 3600
            self._since = now
        return self._register

    def reading(self, now: float) -> int:
        """The register in whole Wh, as a meter shows it."""
        return int(self.energy(now))

    def flow(self, watts: float, volts: float, amperes: float, now: float) -> None:
        """From now on this much flows, to the vehicle only: the meter of such an EVSE counts in one direction."""
        self.energy(now)
        self._since = now
        self.watts, self.volts, self.amperes = max(0.0, watts), volts, max(0.0, amperes)

    # ---- AC contactor --------------------------------------------------------------------------------------------

    def close_contactor(self, now: float, seconds: float) -> float:
        """Order the contactor to close, which takes ``seconds``; returns the lab time when it is closed."""
        if self._contactor_at is None:
            self._contactor_at = now + seconds
        return self._contactor_at

    def contactor_closed(self, now: float) -> bool:
        """Whether power can flow to the vehicle."""
        return self._contactor_at is not None and now >= self._contactor_at

    # ---- DC output -----------------------------------------------------------------------------------------------

    def ramp(self, volts: float, slope: float, now: float) -> float:
        """Move the output to ``volts`` at ``slope`` V/s; returns the lab time when it gets there."""
        if volts != self._ramp_to:
            self._ramp_from, self._ramp_to = self.output(now), volts
            self._ramp_start, self._ramp_slope = now, slope
        return self._ramp_start + abs(self._ramp_to - self._ramp_from) / self._ramp_slope

    def output(self, now: float) -> float:
        """The voltage at the DC output."""
        way = self._ramp_to - self._ramp_from
        moved = (now - self._ramp_start) * self._ramp_slope
        if moved >= abs(way):
            return self._ramp_to
        return self._ramp_from + (moved if way > 0 else -moved)

    def hold(self, volts: float, now: float) -> None:
        """The output follows the battery: it is at ``volts`` now."""
        self._ramp_from = self._ramp_to = volts
        self._ramp_start = now

    def off(self, now: float) -> None:
        """No more current; the contactor opens. A DC output keeps its voltage until it is ramped down."""
        self.flow(0.0, 0.0, 0.0, now)
        self._contactor_at = None
        self.load_watts = None
