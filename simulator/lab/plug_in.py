"""One vehicle at one station: what a deed is done to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

if TYPE_CHECKING:
    from pncsim.ev.vehicle import Vehicle
    from pncsim.secc.charge_point import ChargePoint
    from pncsim.simulator.lab.back_end import BackEnd
    from pncsim.wire.clock import Clock

Subject = Literal["vehicle", "station", "csms"]
"""Whose instances are told apart."""


class PlugIn(Struct, frozen=True, kw_only=True):
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
