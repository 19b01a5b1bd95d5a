"""Two vehicles of different contracts charge at one station at the same time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

from pncsim.simulator.plan import Plan, StationPlan
from pncsim.simulator.scenario import scenario

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab


@scenario(
    "two-at-once",
    title="two vehicles with a contract each charge at both EVSEs of one station at the same time",
    clauses=("CharIN 2.2.1", "OCPP E02", "OCPP C07"),
    plan=Plan(stations=(StationPlan(evses=2),)),
)
async def two_at_once(
    lab: Lab,
    *,
    kwh: Annotated[float, "Energy each driver wants, in kWh."] = 1.0,
) -> None:
    """Each EVSE holds a session of its own; each contract pays a transaction of its own.

    The first vehicle pays with the contract it holds, the second one too; neither knows of the other. Events tell them
    apart: the vehicles are EV-1 and EV-2, the EVSEs CS001/1 and CS001/2.
    """
    vehicles = [await lab.vehicle(kwh=kwh, contract=True, payment="contract") for _ in range(2)]
    places = ("CS001/1", "CS001/2")
    outcomes = await asyncio.gather(
        *(lab.plug_in(vehicle, at=place) for vehicle, place in zip(vehicles, places, strict=True))
    )
    for vehicle, outcome in zip(vehicles, outcomes, strict=True):
        emaid = vehicle.contracts.all[0].emaid
        lab.expect.that(f"{vehicle.name} ends in order", outcome.ok, outcome.error or outcome.reason)
        charged = abs(outcome.energy_wh - kwh * 1000) <= kwh * 50
        lab.expect.that(f"{vehicle.name} is charged with {kwh:g} kWh", charged, f"{outcome.energy_wh:.0f} Wh")
        paid = [transaction for transaction in lab.transactions() if transaction.token == emaid]
        lab.expect.that(f"{emaid} pays one transaction", len(paid) == 1, len(paid))
        closed = [one.id for one in paid if one.complete]
        lab.expect.that("which is complete and closed", 0 < len(closed) == len(paid), ", ".join(closed) or "none")
    lab.expect.that("the transactions are two", len(lab.transactions()) == 2, len(lab.transactions()))
