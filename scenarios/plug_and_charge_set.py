"""CharIN 2.4.1.1: the driver switches Plug & Charge on or off in the vehicle, before it is plugged in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pncsim.ev.screen import VehicleScreen
from pncsim.simulator.lab.driver import drive_up
from pncsim.simulator.scenario import Energy, UseCase, scenario

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab


@scenario(
    "plug-and-charge-set",
    title="Plug & Charge is switched on and off in the vehicle",
    clauses=("CharIN 2.4.1.1", "EV-5"),
    use_case=UseCase(
        id="2.4.1.1",
        actors=("driver", "EV", "SECC", "CSMS"),
        preconditions=("a contract is in the vehicle (2.1.3.1, 2.1.3.2)", "the station takes contracts and cards"),
    ),
)
async def plug_and_charge_set(lab: Lab, *, energy: Annotated[Energy, "AC or DC charging."] = "ac") -> None:
    """Switched off, the driver's card pays; switched on, the contract. The other way is never tried.

    What is switched while the vehicle is plugged in counts the next time, also where the station has not been asked yet
    what it takes.
    """
    ev = lab.expect.of("EV")
    vehicle = await lab.vehicle(energy=energy, kwh=0.2, contract=True)
    emaid, screen = vehicle.contracts.all[0].emaid, VehicleScreen(vehicle)

    async def charges(at_plug_in: bool, switched: bool) -> str:
        """How a session is paid that is begun so, and switched as soon as the vehicle is plugged in."""
        screen.plug_and_charge(at_plug_in)
        outcome, payment = await drive_up(lab, vehicle, then=lambda: screen.plug_and_charge(switched))
        lab.expect.charged(outcome, kwh=0.2, token=emaid if at_plug_in else lab.card)
        return payment

    paid = await charges(False, False)
    ev.shows("off", "EV-5", "with Plug & Charge off the driver's card pays", paid == "ExternalPayment", paid)
    paid = await charges(True, True)
    ev.shows("on", "EV-5", "with Plug & Charge on the contract pays", paid == "Contract", paid)
    both = [await charges(at_plug_in, not at_plug_in) for at_plug_in in (True, False)]
    fixed = both == ["Contract", "ExternalPayment"]
    ev.shows("plugged", "EV-5", "a change after plug-in is for the next session", fixed, both)
