"""What a driver does at the station while a vehicle is plugged in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pncsim.simulator.lab.bundles import body_of

if TYPE_CHECKING:
    from pncsim.ev.outcome import SessionOutcome
    from pncsim.ev.vehicle import Vehicle
    from pncsim.secc.charge_point import ChargePoint
    from pncsim.simulator.lab.lab import Lab

PLUGGED_IN, SELECTED = "SupportedAppProtocolReq", "PaymentServiceSelectionReq"
"""A vehicle's first message, when nobody has spoken of payment yet, and the one that says how it wants to pay."""


async def drive_up(
    lab: Lab, vehicle: Vehicle, *, then: Callable[[], None] = lambda: None
) -> tuple[SessionOutcome, str]:
    """Plug in at the first station; the outcome, and the payment option the vehicle has selected.

    The driver has a card at hand and shows it only where the station waits for one: shown before, it would settle how
    the session is paid (CSO-3). ``then`` is done as soon as the vehicle is plugged in.
    """
    selected = lab.watch.messages("EV", SELECTED)
    plugged_in, asked = lab.watch.said(PLUGGED_IN), lab.watch.said(SELECTED)
    session = asyncio.ensure_future(lab.plug_in(vehicle, card=""))
    await _first(session, plugged_in)
    then()
    await _first(session, asked)
    option = str(body_of(selected[-1]).SelectedPaymentOption) if selected else ""
    if option == "ExternalPayment":
        lab.site.station.present(lab.card, evse=1)
    return await session, option


async def _first(*futures: asyncio.Future[Any]) -> None:
    """Until one of them is done: a session may be over before its vehicle has said anything."""
    await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)


def swipes_before(lab: Lab, vehicle: Vehicle, station: ChargePoint, message: str) -> None:
    """The driver holds the lab's card to EVSE 1 just before ``vehicle`` sends ``message`` for the first time."""
    waiting = [lab.card]

    def alter(name: str, sent: Any) -> Any:
        if name == message and waiting:
            station.station.present(waiting.pop(), evse=1)
        return sent

    lab.alter_vehicle(vehicle, alter)
