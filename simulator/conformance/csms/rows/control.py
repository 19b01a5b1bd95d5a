"""What a CSMS does at a station from afar: transactions, triggers, availability, locks."""

from __future__ import annotations

from typing import Any

from pncsim.simulator.conformance.csms.course import NOW, TRANSACTION, Begun, CourseStep, Plugged, Says, Swiped
from pncsim.simulator.conformance.csms.rows.table import (
    CHARGING,
    FLOWS,
    OVER,
    PLUGGED_IN,
    add_rows,
    begins,
    ends,
    goes_on,
)
from pncsim.simulator.conformance.octt import OcttCases
from pncsim.simulator.conformance.pattern import ABSENT, Anything

CONTROL = OcttCases("remote control")
CASES = CONTROL.cases

TOKEN = {"idToken": Anything("04A1B2C3"), "type": Anything("ISO14443")}
EVSE: dict[str, Any] = {"id": 1, "connectorId": ABSENT}
CONNECTOR: dict[str, Any] = {"id": 1, "connectorId": 1}
ACCEPTED = {"status": "Accepted"}

REMOTE_START = Begun("RequestStartTransaction", {"idToken": TOKEN, "remoteStartId": Anything(4711)}, ACCEPTED)
REMOTE_STOP = Begun("RequestStopTransaction", {"transactionId": TRANSACTION}, ACCEPTED)


def _status_of(transaction: Any, answer: Any) -> Begun:
    return Begun("GetTransactionStatus", {"transactionId": transaction}, answer)


def _triggers(message: str, evse: Any = ABSENT, status: str = "Accepted") -> Begun:
    return Begun("TriggerMessage", {"requestedMessage": message, "evse": evse}, {"status": status})


def _metered(evse: int) -> Says:
    sampled = {"value": 1000.0, "context": "Trigger"}
    return Says("MeterValues", {"evseId": evse, "meterValue": [{"timestamp": NOW, "sampledValue": [sampled]}]})


def _turns(to: str, evse: Any, status: str = "Accepted") -> Begun:
    return Begun("ChangeAvailability", {"operationalStatus": to, "evse": evse}, {"status": status})


def _goes_off(evse: Any) -> tuple[CourseStep, ...]:
    return (_turns("Inoperative", evse), Plugged("Unavailable"))


def _goes_off_later(evse: Any) -> tuple[CourseStep, ...]:
    return (*CHARGING, _turns("Inoperative", evse, "Scheduled"), OVER, Plugged("Unavailable"))


def _goes_on_again(evse: Any) -> tuple[CourseStep, ...]:
    return (Plugged("Unavailable"), _turns("Operative", evse), Plugged("Available"))


LATE_METER = goes_on("MeterValuePeriodic", "Charging", values="Sample.Periodic", offline=True)
LATE_END = ends("StopAuthorized", "Local", "EVConnected", card="card", offline=True)
STARTED = goes_on("RemoteStart", "EVConnected", card="card", remote=True)
TRIGGERED = goes_on("Trigger", "Charging", values="Trigger")
_SECOND = (begins("CablePluggedIn", "EVConnected", evse=2), goes_on("Trigger", "EVConnected", evse=2))

add_rows(
    CONTROL,
    (
        "E_21",
        "Stop transaction options: StopAuthorized - Remote",
        "E06(S3), F03",
        (*CHARGING, REMOTE_STOP, ends("RemoteStop", "Remote", "EVConnected")),
    ),
    (
        "E_29",
        "Check Transaction status: Transaction with id ongoing - with message in queue",
        "E14",
        (*CHARGING, _status_of(TRANSACTION, {"ongoingIndicator": True, "messagesInQueue": True}), LATE_METER),
    ),
    (
        "E_30",
        "Check Transaction status: Transaction with id ongoing - without message in queue",
        "E14",
        (*CHARGING, _status_of(TRANSACTION, {"ongoingIndicator": True, "messagesInQueue": False})),
    ),
    (
        "E_31",
        "Check Transaction status: Transaction with id ended - with message in queue",
        "E14",
        (*CHARGING, _status_of(TRANSACTION, {"ongoingIndicator": False, "messagesInQueue": True}), LATE_END),
    ),
    (
        "E_33",
        "Check Transaction status: Without transactionId - with message in queue",
        "E14",
        (*CHARGING, _status_of(ABSENT, {"messagesInQueue": True}), LATE_METER),
    ),
    (
        "E_34",
        "Check Transaction status: Without transactionId - without message in queue",
        "E14",
        (*CHARGING, _status_of(ABSENT, {"messagesInQueue": False})),
    ),
    ("F_01", "Remote start transaction: Cable plugin first", "F01", (*PLUGGED_IN, REMOTE_START, STARTED, FLOWS)),
    (
        "F_02",
        "Remote start transaction: Remote start first - AuthorizationRemoteStart is true",
        "F02",
        (
            REMOTE_START,
            Swiped(),
            begins("RemoteStart", card="card", remote=True),
            Plugged("Occupied"),
            goes_on("CablePluggedIn", "EVConnected"),
            FLOWS,
        ),
    ),
    (
        "F_03",
        "Remote start transaction: Remote start first - AuthorizationRemoteStart is false",
        "F02",
        (
            REMOTE_START,
            begins("RemoteStart", card="card", remote=True),
            Plugged("Occupied"),
            goes_on("CablePluggedIn", "EVConnected"),
            FLOWS,
        ),
    ),
    (
        "F_04",
        "Remote start transaction: Remote start first - Cable plugin timeout",
        "F02, E03",
        (REMOTE_START, begins("RemoteStart", card="card", remote=True), ends("EVConnectTimeout", "Timeout")),
    ),
    (
        "F_06",
        "Remote unlock Connector: Without ongoing transaction - Accepted",
        "F05",
        (Begun("UnlockConnector", {"evseId": 1, "connectorId": 1}, {"status": "Unlocked"}),),
    ),
    (
        "F_11",
        "Trigger message: MeterValues - Specific EVSE",
        "F06",
        (_triggers("MeterValues", EVSE), _metered(1)),
    ),
    ("F_12", "Trigger message: MeterValues - All EVSE", "F06", (_triggers("MeterValues"), _metered(1), _metered(2))),
    (
        "F_13",
        "Trigger message: TransactionEvent - Specific EVSE",
        "F06",
        (*CHARGING, _triggers("TransactionEvent", EVSE), TRIGGERED),
    ),
    (
        "F_14",
        "Trigger message: TransactionEvent - All EVSE",
        "F06",
        (*CHARGING, _triggers("TransactionEvent"), TRIGGERED, *_SECOND),
    ),
    (
        "F_15",
        "Trigger message: LogStatusNotification - Idle",
        "F06",
        (_triggers("LogStatusNotification"), Says("LogStatusNotification", {"status": "Idle"})),
    ),
    (
        "F_18",
        "Trigger message: FirmwareStatusNotification - Idle",
        "F06",
        (_triggers("FirmwareStatusNotification"), Says("FirmwareStatusNotification", {"status": "Idle"})),
    ),
    ("F_20", "Trigger message: Heartbeat", "F06", (_triggers("Heartbeat"), Says("Heartbeat"))),
    (
        "F_23",
        "Trigger message: StatusNotification - Specific EVSE - Available",
        "F06",
        (_triggers("StatusNotification", CONNECTOR), Plugged("Available")),
    ),
    (
        "F_24",
        "Trigger message: StatusNotification - Specific EVSE - Occupied",
        "F06",
        (Plugged("Occupied"), _triggers("StatusNotification", CONNECTOR), Plugged("Occupied")),
    ),
    (
        "F_27",
        "Trigger message: NotImplemented",
        "F06",
        (_triggers("SignCombinedCertificate", status="NotImplemented"), Says("Heartbeat")),
    ),
    ("G_03", "Change Availability EVSE: Operative to inoperative", "G03", _goes_off(EVSE)),
    ("G_04", "Change Availability EVSE: Inoperative to operative", "G03", _goes_on_again(EVSE)),
    ("G_11", "Change Availability EVSE: With ongoing transaction", "G03", _goes_off_later(EVSE)),
    ("G_05", "Change Availability Charging Station: Operative to inoperative", "G04", _goes_off(ABSENT)),
    ("G_06", "Change Availability Charging Station: Inoperative to operative", "G04", _goes_on_again(ABSENT)),
    ("G_14", "Change Availability Charging Station: With ongoing transaction", "G04", _goes_off_later(ABSENT)),
    ("G_07", "Change Availability Connector: Operative to inoperative", "G03", _goes_off(CONNECTOR)),
    ("G_08", "Change Availability Connector: Inoperative to operative", "G03", _goes_on_again(CONNECTOR)),
    ("G_17", "Change Availability Connector: With ongoing transaction", "G03", _goes_off_later(CONNECTOR)),
)
