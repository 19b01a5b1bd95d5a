"""The station's display and lamp at one EVSE: what a driver who stands there sees, and what is wanted of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from pncsim.wire.amounts import shown_energy
from pncsim.wire.pilot import PilotState

if TYPE_CHECKING:
    from pncsim.secc.charge_point import ChargePoint

Lamp = Literal["free", "waiting", "charging", "error"]


class Display(Struct, frozen=True):
    """The lamp, and the sentences of the display."""

    lamp: Lamp
    text: str


def display(station: ChargePoint, number: int, now: float) -> Display:
    """What EVSE ``number`` shows at ``now`` (lab seconds)."""
    evse, outlet = station.evse(number), station.station.outlet(number)
    power, pilot, ended = evse.power, evse.pilot, evse.ended
    if power.fault:
        return Display("error", f"Out of order: {power.fault}.")
    if pilot.state in (PilotState.E, PilotState.F):
        return Display("error", "Out of order.")
    if not pilot.plugged:
        if outlet.authorizer.identified:
            return Display("waiting", "Thank you. Plug in, please.")
        return Display("free", "Plug in, please." if evse.engine is None else "A vehicle connects.")
    if evse.engine is not None:
        if power.watts > 0:
            energy = shown_energy(evse.engine.session.energy_wh)
            return Display("charging", f"Charging with {power.watts / 1000:.1f} kW, {energy} until now.")
        if outlet.authorizer.waiting:
            return Display("waiting", "Show your card, please.")
        return Display("waiting", "One moment: vehicle and station agree.")
    if ended is None:
        return Display("waiting", "Connected. The vehicle has not spoken yet.")
    if ended.kind == "failed":
        return Display("error", f"Ended without success: {ended.reason} Unplug, please.")
    if ended.kind == "paused":
        return Display("waiting", f"The vehicle pauses after {shown_energy(ended.energy_wh)}.")
    return Display("waiting", f"Done: {shown_energy(ended.energy_wh)}. Unplug, please.")
