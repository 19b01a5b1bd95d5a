"""What many cases begin or end with: the station boots, a driver identifies, energy flows, a transaction ends."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from pncsim.simulator.conformance.station.desk import PATIENCE, CsmsDesk
from pncsim.simulator.conformance.unlike import Unlike, must
from pncsim.wire.errors import PeerError
from pncsim.wire.ocpp import v201

CHARGES_WITHIN = 120.0
"""Seconds from plug-in until energy flows; a person may have to plug in and show a card meanwhile."""


async def switched_on(desk: CsmsDesk) -> Any:
    """The station boots: its first BootNotification. One of somebody else's is reset for it. Raises Unlike."""
    if desk.foreign:
        answer: Any = await desk.ask(v201.Reset({"type": "Immediate"}))
        if answer["status"] == "Rejected":
            raise PeerError("The station does not let itself be reset: the case cannot begin.", kind="refused")
        desk.mark()
    await desk.hand.power_up()
    return await desk.expect("BootNotification", within=desk.options.wait)


async def charging(desk: CsmsDesk, *, contract: str = "", evse: int = 1, **wishes: Any) -> str:
    """A vehicle comes, is authorised and charges: the id of the transaction. Raises PeerError if it does not come to
    that."""
    await desk.hand.drive(evse, contract=contract, **wishes)
    if not contract:
        await desk.hand.show(desk.options.card, evse)
    try:
        event = await desk.event(state="Charging", within=CHARGES_WITHIN)
    except Unlike as unlike:
        raise PeerError(f"No vehicle charges: {unlike}", kind="refused") from unlike
    transaction: str = event["transactionInfo"]["transactionId"]
    return transaction


async def occupied(desk: CsmsDesk, evse: int = 1) -> Any:
    """The cable is plugged in, and the station says so. Raises Unlike."""
    await desk.hand.plug(evse)
    return await desk.expect(
        "StatusNotification", lambda said: said["connectorStatus"] == "Occupied", what="(Occupied)"
    )


async def over(
    desk: CsmsDesk, transaction: str, *, reason: str = "", stopped: str = "", within: float = PATIENCE
) -> Any:
    """The Ended event of that transaction. ``reason``, ``stopped``: its triggerReason and stoppedReason, with | between
    those that will do. Raises Unlike."""
    event = await desk.event("Ended", transaction=transaction, within=within)
    said = event["transactionInfo"].get("stoppedReason", "Local")  # Local may be left out (E06.FR.08)
    if reason and event["triggerReason"] not in reason.split("|"):
        raise Unlike(f"The transaction has ended by {event['triggerReason']}, not {reason.replace('|', ' or ')}.")
    if stopped and said not in stopped.split("|"):
        raise Unlike(f"stoppedReason is {said}, not {stopped.replace('|', ' or ')}.")
    return event


async def not_charging(desk: CsmsDesk, *, within: float = PATIENCE) -> None:
    """No energy flows. Raises Unlike where it does."""
    await desk.never(
        "TransactionEvent",
        lambda said: said["transactionInfo"].get("chargingState") == "Charging",
        within=within,
        what="with chargingState Charging",
    )


def numbered(events: list[Any]) -> None:
    """seqNo rises by one from event to event. Raises Unlike."""
    numbers = [event["seqNo"] for event in events]
    gaps = [f"{a}, {b}" for a, b in pairwise(numbers) if b != a + 1]
    must(not gaps, f"seqNo of the events is not continuous: {gaps[0] if gaps else ''}.")


def events_of(desk: CsmsDesk, transaction: str) -> list[Any]:
    """All events of that transaction that have been heard."""
    events = [one.payload for one in desk.heard if one.action == "TransactionEvent"]
    return [event for event in events if event["transactionInfo"]["transactionId"] == transaction]
