"""DC charging paid with the contract the vehicle already holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pncsim.simulator.scenario import UseCase, scenario

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab


@scenario(
    "pnc-dc",
    title="DC charging with the contract already in the vehicle",
    clauses=("CharIN 2.2.1", "OCPP C07", "V2G2-691"),
    use_case=UseCase(
        id="2.2.1",
        part=True,
        actors=("EV", "SECC", "CSMS", "MO"),
        preconditions=("a contract is in the vehicle, and its operator grants it",),
    ),
)
async def pnc_dc(
    lab: Lab,
    *,
    kwh: Annotated[float, "Energy the driver wants, in kWh."] = 1.0,
) -> None:
    """Plug & Charge, DC: contract chain, signed challenge, charging loop, signed receipts, transaction in the CSMS."""
    vehicle = await lab.vehicle(energy="dc", kwh=kwh, contract=True, payment="contract")
    outcome = await lab.plug_in(vehicle)
    lab.expect.session(outcome)
    lab.expect.paid(outcome, vehicle.contracts.all[0].emaid, kwh=kwh)
