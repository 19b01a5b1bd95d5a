"""CharIN 2.4.1.2: a contract is asked for at a station only while the driver has let the vehicle do that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pncsim.ev.screen import VehicleScreen
from pncsim.simulator.lab.driver import drive_up
from pncsim.simulator.scenario import Energy, UseCase, scenario

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab


@scenario(
    "installation-mode",
    title="installation of contracts is switched on and off in the vehicle",
    clauses=("CharIN 2.4.1.2", "EV-6"),
    use_case=UseCase(
        id="2.4.1.2",
        actors=("driver", "EV", "SECC", "CSMS", "CCP"),
        preconditions=("a bundle waits in the contract pool (2.1.2.4)", "Plug & Charge is on (2.4.1.1)"),
    ),
)
async def installation_mode(lab: Lab, *, energy: Annotated[Energy, "AC or DC charging."] = "ac") -> None:
    """Switched off, the vehicle takes no notice of the contract that waits, and a card pays.

    Switched on, it asks at the next station, installs and pays; switched off again it asks no more, though another
    contract waits by then.
    """
    ev, ccp = lab.expect.of("EV"), lab.expect.of("CCP")
    vehicle = await lab.vehicle(energy=energy, kwh=0.2)
    emaid, screen = await lab.subscribe(vehicle), VehicleScreen(vehicle)
    requests, provided = lab.watch.messages("SECC", "CertificateInstallationReq"), lab.watch.contracts_asked()
    asked = []

    async def charges(on: bool, token: str) -> None:
        screen.installation(on)
        before = len(requests)
        outcome, _ = await drive_up(lab, vehicle)
        asked.append((on, len(requests) > before))
        lab.expect.charged(outcome, kwh=0.2, token=token)

    await charges(False, lab.card)
    ev.shows("off", "EV-6", "with installation off nothing is installed", not vehicle.contracts.all, len(requests))
    await charges(True, emaid)
    held = [contract.emaid for contract in vehicle.contracts.all]
    ev.shows("on", "EV-6", "with installation on the contract is", held == [emaid], held)
    await lab.subscribe(vehicle)
    await charges(False, emaid)
    still = [contract.emaid for contract in vehicle.contracts.all]
    ev.shows("off-again", "EV-6", "off again, no other one follows", still == [emaid], still)
    right = asked == [(False, False), (True, True), (False, False)]
    told = [f"{'on' if on else 'off'}: {'asked' if did else 'not asked'}" for on, did in asked]
    ev.shows("only-in-mode", "EV-6", "a contract is asked for only where installation is on", right, told)
    ccp.shows("asked-once", "EV-6", "the pool was asked once", provided() == [True], provided())
