"""The main job: a vehicle without a contract is plugged in, installs one through the station and pays with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pncsim.simulator.scenario import Energy, UseCase, scenario

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab


@scenario(
    "install-contract",
    title="install a contract through the station, authorise with it, charge, sign receipts, stop",
    clauses=("CharIN 2.1.3.2", "CharIN 2.2.1", "OCPP M01", "OCPP C07", "V2G2-823"),
    fresh_station=True,
    use_case=UseCase(
        id="2.1.3.2",
        part=True,
        actors=("EV", "SECC", "CSMS", "CCP", "CPS", "MO"),
        preconditions=("a contract waits in the pool (2.1.2.4)", "the station offers to install it"),
    ),
)
async def install_contract(
    lab: Lab,
    *,
    energy: Annotated[Energy, "AC or DC charging."] = "ac",
    kwh: Annotated[float, "Energy the driver wants, in kWh."] = 1.0,
) -> None:
    """From plug-in to an installed contract and a paid charge.

    The OEM has published the provisioning certificate, the driver subscribes at the MO with the PCID, the bundle waits
    in the CCP. The vehicle asks for its contract through the station and the CSMS, verifies and stores it, authorises
    with a signed challenge, charges, signs the metering receipts and stops; the CSMS closes the transaction.
    """
    vehicle = await lab.vehicle(energy=energy, kwh=kwh, install="if-needed")
    emaid = await lab.subscribe(vehicle)
    outcome = await lab.plug_in(vehicle)
    lab.expect.session(outcome)
    lab.expect.installed(vehicle, outcome, emaid)
    lab.expect.paid(outcome, emaid, kwh=kwh)
