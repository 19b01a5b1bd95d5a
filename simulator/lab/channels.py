"""The two ways a contract comes into a vehicle: by telematics from its manufacturer, or through a charging station."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pncsim.simulator.lab.plant import approve_all

if TYPE_CHECKING:
    from pncsim.simulator.lab.desk import Caller
    from pncsim.simulator.lab.lab import Lab
    from pncsim.simulator.lab.plant import OrderedVehicle

Channel = Literal["telematics", "station"]


async def bring(lab: Lab, made: OrderedVehicle, owner: Caller, channel: Channel) -> None:
    """Let what waits for the vehicle come into it: once its owner has approved all of it, or at the first station.

    At a station it asks if its driver has let it (:class:`ev.screen.VehicleScreen`), and charges.
    """
    if channel == "telematics":
        await approve_all(owner)
        await made.visit()
    else:
        await lab.plug_in(made.vehicle)
