"""AC charging authorised at the station (card, app): no contract involved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pncsim.simulator.scenario import OCPP, UseCase, scenario

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab


@scenario(
    "eim-ac",
    title="AC charging with external identification, over TLS or plain TCP",
    clauses=("OCPP C08", "V2G2-854"),
    use_case=UseCase(
        id="C08",
        source=OCPP,
        part=True,
        actors=("driver", "EV", "SECC", "CSMS"),
        preconditions=("the driver has a card that the CSMS knows",),
    ),
)
async def eim_ac(
    lab: Lab,
    *,
    kwh: Annotated[float, "Energy the driver wants, in kWh."] = 1.0,
    tls: Annotated[bool, "Secure the line; without it the session runs over plain TCP."] = True,
) -> None:
    """External identification, AC: the driver shows a card, the station asks the CSMS, the vehicle waits for it."""
    vehicle = await lab.vehicle(energy="ac", kwh=kwh, payment="external", tls="require" if tls else "off")
    outcome = await lab.plug_in(vehicle)
    lab.expect.session(outcome)
    lab.expect.charged(outcome, kwh=kwh, token=lab.card)
