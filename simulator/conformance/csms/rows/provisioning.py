"""What a CSMS lets a station do to itself: variables, reports, resets, network profiles."""

from __future__ import annotations

from typing import Any

from pncsim.simulator.conformance.csms.course import (
    NOW,
    Begun,
    BootedAgain,
    IntervalOver,
    Plugged,
    Rebooted,
    Says,
    asked,
)
from pncsim.simulator.conformance.csms.declared import PENDING
from pncsim.simulator.conformance.csms.rows.table import CHARGING, FREE, add_rows, ends
from pncsim.simulator.conformance.octt import OcttCases
from pncsim.simulator.conformance.pattern import ABSENT, Anything

PROVISIONING = OcttCases("provisioning")
CASES = PROVISIONING.cases

OFFLINE: dict[str, Any] = {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": "OfflineThreshold"}}
REMOTE_START: dict[str, Any] = {"component": {"name": "AuthCtrlr"}, "variable": {"name": "AuthorizeRemoteStart"}}


def _gets(*variables: tuple[dict[str, Any], str]) -> Begun:
    return Begun(
        "GetVariables",
        {"getVariableData": [one for one, _ in variables]},
        {"getVariableResult": [{**one, "attributeStatus": "Accepted", "attributeValue": v} for one, v in variables]},
    )


def _sets(*variables: tuple[dict[str, Any], str]) -> Begun:
    return Begun(
        "SetVariables",
        {"setVariableData": [{**one, "attributeValue": Anything(value)} for one, value in variables]},
        {"setVariableResult": [{**one, "attributeStatus": "Accepted"} for one, _ in variables]},
    )


def _reports(base: str) -> tuple[Begun, Says, Says]:
    variable = {**OFFLINE, "variableAttribute": [{"value": "60"}]}
    other = {**REMOTE_START, "variableAttribute": [{"value": "true"}]}

    def part(number: int, what: Any, **more: Any) -> Says:
        request = asked("GetBaseReport", "requestId")
        payload = {"requestId": request, "generatedAt": NOW, "seqNo": number, "reportData": [what], **more}
        return Says("NotifyReport", payload)

    asks = Begun("GetBaseReport", {"requestId": Anything(7), "reportBase": base}, {"status": "Accepted"})
    return asks, part(0, variable, tbc=True), part(1, other)


def _resets(kind: str, status: str, evse: Any = ABSENT) -> Begun:
    return Begun("Reset", {"type": kind, "evseId": evse}, {"status": status})


def _network(status: str) -> Begun:
    data = {
        "ocppVersion": "OCPP20",
        "ocppTransport": "JSON",
        "ocppCsmsUrl": Anything("wss://csms.example/ocpp"),
        "messageTimeout": Anything(30),
        "securityProfile": Anything(2),
        "ocppInterface": Anything("Wired0"),
    }
    payload = {"configurationSlot": Anything(1), "connectionData": data}
    return Begun("SetNetworkProfile", payload, {"status": status})


AT_LAST = ends("StopAuthorized", "Local", "EVConnected")
AT_ONCE_OVER = ends("ResetCommand", "ImmediateReset", "EVConnected")

add_rows(
    PROVISIONING,
    ("B_06", "Get Variables: single value", "B06", (_gets((OFFLINE, "60")),)),
    ("B_07", "Get Variables: multiple values", "B06", (_gets((OFFLINE, "60"), (REMOTE_START, "true")),)),
    ("B_09", "Set Variables: single value", "B05", (_sets((OFFLINE, "123")),)),
    ("B_10", "Set Variables: multiple values", "B05", (_sets((OFFLINE, "123"), (REMOTE_START, "false")),)),
    ("B_12", "Get Base Report: ConfigurationInventory", "B07", _reports("ConfigurationInventory")),
    ("B_13", "Get Base Report: FullInventory", "B07", _reports("FullInventory")),
    (
        "B_20",
        "Reset Charging Station: Without ongoing transaction - OnIdle",
        "B11",
        (_resets("OnIdle", "Accepted"), Rebooted("RemoteReset"), FREE),
    ),
    (
        "B_21",
        "Reset Charging Station: With Ongoing Transaction - OnIdle",
        "B12",
        (*CHARGING, _resets("OnIdle", "Scheduled"), AT_LAST, Rebooted("ScheduledReset"), FREE),
    ),
    (
        "B_22",
        "Reset Charging Station: With Ongoing Transaction - Immediate",
        "B12",
        (*CHARGING, _resets("Immediate", "Accepted"), AT_ONCE_OVER, Rebooted("RemoteReset"), FREE),
    ),
    (
        "B_25",
        "Reset EVSE: Without ongoing transaction",
        "B11",
        (_resets("OnIdle", "Accepted", 1), Plugged("Unavailable"), FREE),
    ),
    (
        "B_26",
        "Reset EVSE: With Ongoing Transaction - OnIdle",
        "B12",
        (*CHARGING, _resets("OnIdle", "Scheduled", 1), AT_LAST, Plugged("Unavailable"), FREE),
    ),
    (
        "B_27",
        "Reset EVSE: With Ongoing Transaction - Immediate",
        "B12",
        (*CHARGING, _resets("Immediate", "Accepted", 1), AT_ONCE_OVER, Plugged("Unavailable"), FREE),
    ),
    ("B_42", "Set new NetworkConnectionProfile: Accepted", "B09", (_network("Accepted"),)),
    ("B_44", "Set new NetworkConnectionProfile: Failed", "B09", (_network("Failed"),)),
)

_WHILE_PENDING = Begun("TriggerMessage", {"requestedMessage": "BootNotification"}, {"status": "Accepted"})

add_rows(
    PROVISIONING,
    (
        "B_02",
        "Cold Boot Charging Station: Pending",
        "B02",
        (IntervalOver(), BootedAgain("PowerUp"), FREE),
    ),
    (
        "B_31",
        "Cold Boot Charging Station: Pending/Rejected - TriggerMessage",
        "B02, F06",
        (_WHILE_PENDING, BootedAgain("Triggered"), FREE),
    ),
    when=PENDING,
    given="The CSMS answers the station's BootNotification with Pending.",
    registration="Pending",
)
