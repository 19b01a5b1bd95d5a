"""One vehicle at one station: what a deed is done to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pncsim.ev.vehicle import Vehicle
    from pncsim.secc.charge_point import ChargePoint
    from pncsim.simulator.lab.back_end import BackEnd
    from pncsim.wire.clock import Clock

Subject = Literal["vehicle", "station", "csms"]
"""Whose instances are told apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlugIn:
    """Who meets whom, and what stands behind the station."""

    vehicle: Vehicle
    station: ChargePoint
    back: BackEnd
    clock: Clock

    def unit(self, subject: Subject) -> str:
        """What the instance of ``subject`` that takes part is called."""
        match subject:
            case "vehicle":
                return self.vehicle.name
            case "station":
                return self.station.station.config.identity
        return self.back.name
