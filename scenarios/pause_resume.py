"""The vehicle pauses, sleeps, and joins the same session again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pncsim.simulator.scenario import Energy, scenario

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab


@scenario(
    "pause-resume",
    title="pause the session, come back, join it again and finish",
    clauses=("V2G2-739", "V2G2-740", "V2G2-741"),
)
async def pause_resume(
    lab: Lab,
    *,
    energy: Annotated[Energy, "AC or DC charging."] = "ac",
    kwh: Annotated[float, "Energy the driver wants, in kWh."] = 1.0,
    minutes: Annotated[float, "How long the vehicle sleeps."] = 20.0,
) -> None:
    """SessionStop(Pause) keeps the session; the second connection joins it with the same SessionID and payment.

    The transaction in the CSMS is one, from the first plug-in to the end.
    """
    vehicle = await lab.vehicle(energy=energy, kwh=kwh, contract=True, payment="contract", pause_after_loops=4)
    first = await lab.plug_in(vehicle, keep_plugged=True)
    lab.expect.paused(first)
    await lab.clock.pass_time(minutes * 60)
    second = await lab.plug_in(vehicle)
    lab.expect.session(second)
    lab.expect.resumed(first, second)
    lab.expect.paid(second, vehicle.contracts.all[0].emaid, kwh=kwh, before=first)
