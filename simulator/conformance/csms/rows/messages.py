"""Cards, notifications and data that stations send outside transactions."""

from __future__ import annotations

from pncsim.simulator.conformance.csms.course import NOW, CourseStep, Says, Swiped
from pncsim.simulator.conformance.csms.rows.table import FREE, add_rows, begins, ends
from pncsim.simulator.conformance.octt import OcttCases
from pncsim.simulator.conformance.pattern import Such

MESSAGES = OcttCases("cards and messages")
CASES = MESSAGES.cases

LOCK_PROBLEM = {
    "eventId": 1,
    "timestamp": NOW,
    "trigger": "Alerting",
    "actualValue": "true",
    "component": {"name": "ConnectorPlugRetentionLock", "evse": {"id": 1, "connectorId": 1}},
    "variable": {"name": "Problem"},
    "eventNotificationType": "HardWiredNotification",
}
CUSTOM = {"customData": {"vendorId": "org.example.nobody", "anything": ["may", {"stand": "here"}]}}
SAMPLED = {"value": 1234.5, "context": "Sample.Clock", "measurand": "Energy.Active.Import.Register"}
NO = Such("a refusal", lambda status: status != "Accepted", "Rejected")


def _mastered(card: str) -> tuple[CourseStep, ...]:
    """A driver's card begins a transaction, and the operator's master pass ends it."""
    return (
        Swiped(card),
        begins("Authorized", "EVConnected", card=card),
        Swiped("master_card"),
        ends("StopAuthorized", "MasterPass", "EVConnected", card="master_card"),
    )


add_rows(
    MESSAGES,
    ("C_02", "Local start transaction: Authorization Invalid/Unknown", "C01", (Swiped("unknown_card"),)),
    ("C_06", "Local start transaction: Authorization Restricted", "C01", (Swiped("restricted_card"),)),
    ("C_07", "Local start transaction: Authorization Expired", "C01", (Swiped("expired_card"),)),
    (
        "C_39",
        "Authorization by GroupId: Success",
        "C09",
        (
            Swiped("group_card"),
            begins("Authorized", "EVConnected", card="group_card"),
            Swiped("other_group_card"),
            ends("StopAuthorized", "Local", "EVConnected", card="other_group_card"),
        ),
    ),
    ("C_47", "Stop Transaction with a Master Pass: With UI - All transactions", "C16", (*_mastered("card"), FREE)),
    ("C_48", "Stop Transaction with a Master Pass: With UI - Specific transactions", "C16", _mastered("group_card")),
    ("C_49", "Stop Transaction with a Master Pass: Without UI", "C16", _mastered("card")),
    (
        "G_20",
        "Connector status Notification: Lock Failure",
        "G05",
        (Says("NotifyEvent", {"generatedAt": NOW, "seqNo": 0, "eventData": [LOCK_PROBLEM]}),),
    ),
    (
        "J_01",
        "Clock-aligned Meter Values: No transaction ongoing",
        "J01",
        (Says("MeterValues", {"evseId": 1, "meterValue": [{"timestamp": NOW, "sampledValue": [SAMPLED]}]}),),
    ),
    (
        "P_02",
        "Data Transfer to the CSMS: Rejected / Unknown VendorId / Unknown MessagingId",
        "P02",
        (Says("DataTransfer", {"vendorId": "org.example.nobody", "messageId": "nothing"}, {"status": NO}),),
    ),
    (
        "P_03",
        "CustomData: Receive custom data",
        "customData",
        (
            Says(
                "BootNotification",
                {"chargingStation": {"model": "tester", "vendorName": "pncsim"}, "reason": "PowerUp", **CUSTOM},
                {"status": "Accepted"},
            ),
            Says("Heartbeat", CUSTOM),
        ),
    ),
)
