"""Samples of power, by who told them: a curve that gets too long loses every second of its points, never its ends."""

from __future__ import annotations

from msgspec import Struct

from pncsim.wire.trace import Power

MOST = 20_000
"""Samples that are kept of all units together."""


class PowerSample(Struct, frozen=True, gc=False):
    """What :class:`wire.trace.Power` says."""

    time: float
    watts: float
    volts: float
    amperes: float
    energy_wh: float
    soc: float | None = None


class PowerSamples(dict[str, list[PowerSample]]):
    """The samples of each unit, in order. ``sessions``: those each was in."""

    def __init__(self) -> None:
        super().__init__()
        self.sessions: dict[str, set[str]] = {}
        self._many = 0

    def see(self, event: Power) -> None:
        """Add a sample."""
        unit = event.unit or event.role
        self.setdefault(unit, []).append(
            PowerSample(event.time, event.watts, event.volts, event.amperes, event.energy_wh, event.soc)
        )
        self.sessions.setdefault(unit, set()).add(event.session)
        self._many += 1
        if self._many > MOST:
            # Of each by itself: two that take turns would else lose one of them.
            for samples in self.values():
                del samples[1:-1:2]
            self._many = sum(map(len, self.values()))
