"""A contract close to its end is replaced during the session that finds out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pncsim.simulator.scenario import Energy, scenario

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab


@scenario(
    "update-contract",
    title="replace a contract that ends soon (CertificateUpdate)",
    clauses=("OCPP M02", "V2G2-690", "V2G2-821"),
)
async def update_contract(
    lab: Lab,
    *,
    energy: Annotated[Energy, "AC or DC charging."] = "ac",
    kwh: Annotated[float, "Energy the driver wants, in kWh."] = 1.0,
) -> None:
    """The vehicle holds a contract with two weeks left and asks for its successor.

    The request is signed with the old contract key, the new key arrives encrypted to it; the vehicle verifies the CPS
    signature, replaces the contract as a whole and pays this session with the new one.
    """
    vehicle = await lab.vehicle(
        energy=energy, kwh=kwh, contract=True, contract_days=14, payment="contract", update="if-needed"
    )
    before = vehicle.contracts.all[0]
    outcome = await lab.plug_in(vehicle)
    lab.expect.session(outcome)
    lab.expect.updated(vehicle, outcome, before)
    lab.expect.paid(outcome, before.emaid, kwh=kwh)
