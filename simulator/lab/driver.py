"""What a driver does at the station while a vehicle is plugged in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pncsim.ev.vehicle import Vehicle
    from pncsim.secc.charge_point import ChargePoint
    from pncsim.simulator.lab.lab import Lab


def swipes_before(lab: Lab, vehicle: Vehicle, station: ChargePoint, message: str) -> None:
    """The driver holds the lab's card to EVSE 1 just before ``vehicle`` sends ``message`` for the first time."""
    waiting = [lab.card]

    def alter(name: str, sent: Any) -> Any:
        if name == message and waiting:
            station.station.present(waiting.pop(), evse=1)
        return sent

    lab.alter_vehicle(vehicle, alter)
