"""A scenario of their own: ``pytest ./home_charging.py`` runs it with each current."""

from typing import Annotated, Literal

from pncsim.simulator.lab.lab import Lab
from pncsim.simulator.scenario import scenario


@scenario("home-charging", title="a vehicle with a contract charges at home")
async def home_charging(lab: Lab, *, energy: Annotated[Literal["ac", "dc"], "Kind of current."] = "ac") -> None:
    """The station at home lets every contract in that its operator knows."""
    vehicle = await lab.vehicle(energy=energy, kwh=1.0, contract=True)
    outcome = await lab.plug_in(vehicle)
    lab.expect.session(outcome)
    lab.expect.that("1 kWh is charged", round(outcome.energy_wh) in range(990, 1011), f"{outcome.energy_wh:.0f} Wh")
