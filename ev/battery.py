"""The battery as a pure model: how much power it takes, at what voltage, and how full that makes it."""

from __future__ import annotations

from msgspec import Struct


class Battery(Struct):
    """A traction battery.

    ``soc`` and ``target_soc`` are percent of ``capacity`` (Wh). ``max_power`` (W) is accepted up to ``taper_from``
    percent; from there it falls linearly to ``tail`` times ``max_power`` at 100 percent. The terminal voltage rises
    linearly from ``empty_voltage`` to ``full_voltage``. ``stored`` counts the Wh charged since it was made or reset.
    """

    capacity: float = 60_000.0
    soc: float = 40.0
    target_soc: float = 80.0
    max_power: float = 100_000.0
    taper_from: float = 80.0
    tail: float = 0.05
    empty_voltage: float = 340.0
    full_voltage: float = 410.0
    stored: float = 0.0

    @property
    def voltage(self) -> float:
        """Terminal voltage now, V."""
        return self.empty_voltage + (self.full_voltage - self.empty_voltage) * self.soc / 100

    @property
    def acceptance(self) -> float:
        """Highest charging power the battery takes now, W; 0 when it is full."""
        if self.soc >= 100:
            return 0.0
        if self.soc <= self.taper_from:
            return self.max_power
        share = (100 - self.soc) / (100 - self.taper_from)
        return self.max_power * (self.tail + (1 - self.tail) * share)

    @property
    def room(self) -> float:
        """Wh missing to the target."""
        return max(0.0, (self.target_soc - self.soc) / 100 * self.capacity)

    def charge(self, watts: float, seconds: float) -> float:
        """Take ``watts`` for ``seconds``; answers the Wh stored, at most what fits into the battery."""
        if watts <= 0 or seconds <= 0 or self.soc >= 100:
            return 0.0
        energy = min(watts * seconds / 3600, (100 - self.soc) / 100 * self.capacity)
        self.soc = min(100.0, self.soc + energy / self.capacity * 100)
        self.stored += energy
        return energy
