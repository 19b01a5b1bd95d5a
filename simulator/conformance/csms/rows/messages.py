"""Cards, notifications and data that stations send outside transactions."""

from __future__ import annotations

from typing import Any

from pncsim.simulator.conformance.csms.declared import AT_ONCE
from pncsim.simulator.conformance.csms.desk import StationDesk
from pncsim.simulator.conformance.octt import OcttCases
from pncsim.simulator.conformance.unlike import must
from pncsim.wire.ocpp import v201

MESSAGES = OcttCases("cards and messages", when=AT_ONCE)
CASES = MESSAGES.cases


async def authorised(desk: StationDesk, card: str, *statuses: str) -> None:
    """Authorize ``card``. Raises Unlike unless the CSMS says one of these about it."""
    answer = await desk.ask(v201.Authorize({"idToken": {"idToken": card, "type": "ISO14443"}}))
    status = answer["idTokenInfo"]["status"]
    must(status in statuses, f"The card {card!a} is answered {status}, not {' or '.join(statuses)}.")


async def _unknown_card(desk: StationDesk) -> None:
    await desk.boot()
    await authorised(desk, desk.options.unknown_card, "Invalid", "Unknown")


async def _expired_card(desk: StationDesk) -> None:
    await desk.boot()
    await authorised(desk, desk.options.expired_card, "Expired")


async def _lock_failure(desk: StationDesk) -> None:
    await desk.boot()
    event: Any = {
        "eventId": 1,
        "timestamp": desk.time,
        "trigger": "Alerting",
        "actualValue": "true",
        "component": {"name": "ConnectorPlugRetentionLock", "evse": {"id": 1, "connectorId": 1}},
        "variable": {"name": "Problem"},
        "eventNotificationType": "HardWiredNotification",
    }
    await desk.ask(v201.NotifyEvent({"generatedAt": desk.time, "seqNo": 0, "eventData": [event]}))


async def _foreign_data(desk: StationDesk) -> None:
    await desk.boot()
    answer = await desk.ask(v201.DataTransfer({"vendorId": "org.example.nobody", "messageId": "nothing"}))
    status = answer["status"]
    must(status != "Accepted", f"DataTransfer of a vendor nobody knows is answered {status}.")


async def _custom_data(desk: StationDesk) -> None:
    custom: Any = {"vendorId": "org.example.nobody", "anything": ["may", {"stand": "here"}]}
    await desk.boot(customData=custom)
    await desk.ask(v201.Heartbeat({"customData": custom}))


async def _clock_aligned(desk: StationDesk) -> None:
    await desk.boot()
    sampled: Any = {"value": 1234.5, "context": "Sample.Clock", "measurand": "Energy.Active.Import.Register"}
    value: Any = {"timestamp": desk.time, "sampledValue": [sampled]}
    await desk.ask(v201.MeterValues({"evseId": 1, "meterValue": [value]}))


MESSAGES.add(
    "C_02",
    "Local start transaction: Authorization Invalid/Unknown",
    _unknown_card,
    use_case="C01",
    does="it sends Authorize with a card the CSMS does not know (--unknown-card)",
    expects="idTokenInfo has status Invalid or Unknown",
)
MESSAGES.add(
    "C_07",
    "Local start transaction: Authorization Expired",
    _expired_card,
    use_case="C01",
    does="it sends Authorize with a card the CSMS knows as expired (--expired-card)",
    expects="idTokenInfo has status Expired",
)
MESSAGES.add(
    "G_20",
    "Connector status Notification: Lock Failure",
    _lock_failure,
    use_case="G05",
    does="it sends NotifyEvent about a problem of ConnectorPlugRetentionLock",
    expects="NotifyEvent is answered",
)
MESSAGES.add(
    "J_01",
    "Clock-aligned Meter Values: No transaction ongoing",
    _clock_aligned,
    use_case="J01",
    does="it sends MeterValues with the context Sample.Clock",
    expects="MeterValues is answered",
)
MESSAGES.add(
    "P_02",
    "Data Transfer to the CSMS: Rejected / Unknown VendorId / Unknown MessagingId",
    _foreign_data,
    use_case="P02",
    does="it sends DataTransfer with a vendorId nobody knows",
    expects="status Rejected, UnknownVendorId or UnknownMessageId",
)
MESSAGES.add(
    "P_03",
    "CustomData: Receive custom data",
    _custom_data,
    use_case="customData",
    given="the station is known to the CSMS",
    does="it sends BootNotification and Heartbeat with customData of its own",
    expects="both are answered as if it were not there",
)
