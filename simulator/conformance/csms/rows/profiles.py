"""Charging profiles: those a CSMS sends, asks for and takes away, and what it makes of a vehicle's needs."""

from __future__ import annotations

from typing import Any

from pncsim.simulator.conformance.csms.course import NOW, TRANSACTION, Begun, CourseStep, Says, asked
from pncsim.simulator.conformance.csms.rows.control import ACCEPTED, REMOTE_START, STARTED
from pncsim.simulator.conformance.csms.rows.table import CHARGING, FLOWS, PLUGGED_IN, add_rows
from pncsim.simulator.conformance.octt import OcttCases
from pncsim.simulator.conformance.pattern import ABSENT, Anything, Fitting, Such
from pncsim.wire.values import replace

PROFILES = OcttCases("charging profiles")
CASES = PROFILES.cases

PERIODS = Such("a schedule whose first period starts at 0", lambda periods: periods[0]["startPeriod"] == 0, [])
SCHEDULE = {
    "id": Anything(1),
    "chargingRateUnit": Anything("A"),
    "chargingSchedulePeriod": replace(PERIODS, example=[{"startPeriod": 0, "limit": 6.0}]),
}
START = {"startSchedule": Anything("2026-01-01T00:00:00Z")}


def _profile(purpose: str, kind: str = "Absolute", **more: Any) -> dict[str, Any]:
    schedule = SCHEDULE if kind == "Relative" else {**SCHEDULE, **START}
    return {
        "id": Anything(11),
        "stackLevel": Anything(0),
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": kind,
        "transactionId": ABSENT,
        "chargingSchedule": [schedule],
        **more,
    }


def _sends(evse: int, profile: Any, answer: Any = ACCEPTED) -> Begun:
    return Begun("SetChargingProfile", {"evseId": evse, "chargingProfile": profile}, answer)


TX_PROFILE = _profile("TxProfile", "Relative", transactionId=TRANSACTION)
DEFAULT = _profile("TxDefaultProfile")
REPORTED = {
    "id": 11,
    "stackLevel": 0,
    "chargingProfilePurpose": "TxDefaultProfile",
    "chargingProfileKind": "Absolute",
    "chargingSchedule": [
        {
            "id": 1,
            "startSchedule": NOW,
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6.0}],
        }
    ],
}


def _reported(evse: Any, criteria: dict[str, Any]) -> tuple[CourseStep, ...]:
    """GetChargingProfiles by these criteria and no others."""
    names = ("chargingProfilePurpose", "stackLevel", "chargingProfileId", "chargingLimitSource")
    wanted = {**dict.fromkeys(names, ABSENT), **criteria}
    payload = {"requestId": Anything(21), "evseId": evse, "chargingProfile": wanted}
    report = {
        "requestId": asked("GetChargingProfiles", "requestId"),
        "chargingLimitSource": "CSO",
        "chargingProfile": [REPORTED],
        "evseId": evse if isinstance(evse, int) else 1,
    }
    return Begun("GetChargingProfiles", payload, ACCEPTED), Says("ReportChargingProfiles", report)


def _clears(payload: Any, status: str = "Accepted") -> Begun:
    return Begun("ClearChargingProfile", payload, {"status": status})


def _composite(evse: int) -> Begun:
    schedule = {
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16.0}],
        "evseId": evse,
        "duration": 300,
        "scheduleStart": NOW,
        "chargingRateUnit": asked("GetCompositeSchedule", "chargingRateUnit"),
    }
    payload = {"evseId": evse, "duration": Anything(300), "chargingRateUnit": Anything("A")}
    return Begun("GetCompositeSchedule", payload, {"status": "Accepted", "schedule": schedule})


PURPOSE = {"chargingProfilePurpose": "TxDefaultProfile"}
LEVEL = {"stackLevel": Anything(0)}
CLEARED = {"chargingProfileCriteria": {**PURPOSE, **LEVEL, "evseId": 1}, "chargingProfileId": ABSENT}
ANOTHER = Fitting(
    "another than that of the profile before",
    lambda id, course: id != course.calls["SetChargingProfile"]["chargingProfile"]["id"],
    12,
)

add_rows(
    PROFILES,
    ("K_01", "Set Charging Profile: TxDefaultProfile - Specific EVSE", "K01", (_sends(1, DEFAULT),)),
    ("K_10", "Set Charging Profile: TxDefaultProfile - All EVSE", "K01", (_sends(0, DEFAULT),)),
    (
        "K_60",
        "Set Charging Profile: TxProfile with ongoing transaction on the specified EVSE",
        "K01",
        (*CHARGING, _sends(1, TX_PROFILE)),
    ),
    (
        "K_03",
        "Set Charging Profile: ChargingStationMaxProfile",
        "K01",
        (_sends(0, _profile("ChargingStationMaxProfile")),),
    ),
    (
        "K_19",
        "Set Charging Profile: ChargingProfileKind is Recurring",
        "K01",
        (_sends(1, _profile("TxDefaultProfile", "Recurring", recurrencyKind=Anything("Daily"))),),
    ),
    (
        "K_04",
        "Replace charging profile: With chargingProfileId",
        "K01",
        (
            _sends(1, DEFAULT),
            _sends(1, {**DEFAULT, "id": asked("SetChargingProfile", "chargingProfile", "id")}),
        ),
    ),
    (
        "K_15",
        "Set Charging Profile: Not Supported",
        "K01",
        (_sends(1, DEFAULT, "NotSupported"), Says("Heartbeat")),
    ),
    (
        "K_70",
        "Set Charging Profile: Multiple Profiles",
        "K01",
        (_sends(1, DEFAULT), _sends(0, _profile("ChargingStationMaxProfile", id=ANOTHER))),
    ),
    (
        "K_37",
        "Remote start transaction with charging profile: Success",
        "F01, K05",
        (
            *PLUGGED_IN,
            Begun(
                REMOTE_START.action,
                {**REMOTE_START.payload, "evseId": 1, "chargingProfile": _profile("TxProfile", "Relative")},
                ACCEPTED,
            ),
            STARTED,
            FLOWS,
        ),
    ),
    ("K_43", "Get Composite Schedule: Specific EVSE", "K08", (_composite(1),)),
    ("K_44", "Get Composite Schedule: Charging Station", "K08", (_composite(0),)),
    ("K_29", "Get Charging Profile: EvseId 0", "K09", _reported(0, PURPOSE)),
    ("K_30", "Get Charging Profile: EvseId > 0", "K09", _reported(1, PURPOSE)),
    ("K_31", "Get Charging Profile: No EvseId", "K09", _reported(ABSENT, PURPOSE)),
    (
        "K_32",
        "Get Charging Profile: chargingProfileId",
        "K09",
        _reported(ABSENT, {"chargingProfileId": Anything([11])}),
    ),
    ("K_33", "Get Charging Profile: EvseId > 0 + stackLevel", "K09", _reported(1, LEVEL)),
    (
        "K_34",
        "Get Charging Profile: EvseId > 0 + chargingLimitSource",
        "K09",
        _reported(1, {"chargingLimitSource": ["CSO"]}),
    ),
    ("K_35", "Get Charging Profile: EvseId > 0 + chargingProfilePurpose", "K09", _reported(1, PURPOSE)),
    (
        "K_36",
        "Get Charging Profile: EvseId > 0 + chargingProfilePurpose + stackLevel",
        "K09",
        _reported(1, {**PURPOSE, **LEVEL}),
    ),
    (
        "K_05",
        "Clear Charging Profile: With chargingProfileId",
        "K10",
        (
            _sends(1, DEFAULT),
            _clears({"chargingProfileId": asked("SetChargingProfile", "chargingProfile", "id")}),
        ),
    ),
    (
        "K_06",
        "Clear Charging Profile: With stackLevel/purpose combination for one profile",
        "K10",
        (_sends(1, DEFAULT), _clears(CLEARED)),
    ),
    (
        "K_08",
        "Clear Charging Profile: Without previous charging profile",
        "K10",
        (_clears(CLEARED, "Unknown"), Says("Heartbeat")),
    ),
)
