"""Two vehicles of different contracts charge at one station at the same time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

from pncsim.simulator.plan import Plan, StationPlan
from pncsim.simulator.scenario import UseCase, scenario

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab


@scenario(
    "two-at-once",
    title="two vehicles with a contract each charge at both EVSEs of one station at the same time",
    clauses=("CharIN 2.2.1", "OCPP E02", "OCPP C07"),
    plan=Plan(stations=(StationPlan(evses=2),)),
    use_case=UseCase(
        id="2.2.1",
        part=True,
        actors=("EV", "SECC", "CSMS", "MO"),
        preconditions=("a contract is in each vehicle, and its operator grants it",),
    ),
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
        lab.expect.session(outcome)
        lab.expect.paid(outcome, vehicle.contracts.all[0].emaid, kwh=kwh)
    many = len(lab.transactions())
    lab.expect.of("CSMS").shows("two-transactions", "OCPP E01", "the transactions are two", many == 2, many)
