"""The station asks for new charge parameters in the middle of the charge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pncsim.simulator.scenario import Energy, scenario

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab


@scenario(
    "renegotiate",
    title="renegotiate the charge parameters while charging",
    clauses=("V2G2-680", "V2G2-812", "V2G2-813", "V2G2-842"),
)
async def renegotiate(
    lab: Lab,
    *,
    energy: Annotated[Energy, "AC or DC charging."] = "ac",
    kwh: Annotated[float, "Energy the driver wants, in kWh."] = 1.0,
    by: Annotated[Literal["station", "vehicle"], "Who wants it."] = "station",
) -> None:
    """PowerDelivery(Renegotiate), ChargeParameterDiscovery, PowerDelivery(Start): it goes on under the new schedule."""
    own = 4 if by == "vehicle" else None
    vehicle = await lab.vehicle(energy=energy, kwh=kwh, contract=True, payment="contract", renegotiate_after_loops=own)
    outcome = await lab.plug_in(vehicle, renegotiate_after_loops=4 if by == "station" else None)
    lab.expect.session(outcome)
    lab.expect.renegotiated(outcome)
    lab.expect.paid(outcome, vehicle.contracts.all[0].emaid, kwh=kwh)
