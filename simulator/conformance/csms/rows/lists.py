"""What stations remember of cards and customers: caches, lists, and what they are told to forget."""

from __future__ import annotations

from typing import Any

from pncsim.simulator.conformance.csms.course import NOW, Begun, CourseStep, Plugged, Says, Swiped, asked
from pncsim.simulator.conformance.csms.rows.control import ACCEPTED
from pncsim.simulator.conformance.csms.rows.table import FLOWS, add_rows, begins, ends, goes_on
from pncsim.simulator.conformance.octt import OcttCases
from pncsim.simulator.conformance.pattern import ABSENT, Anything, Fitting, FromCase, Such

LISTS = OcttCases("lists and customers")
CASES = LISTS.cases


def _card(name: str) -> FromCase:
    return FromCase(f"the {name.replace('_', ' ')}", lambda course: getattr(course.desk.options, name))


def _entry(name: str, status: str = "Accepted", **more: Any) -> dict[str, Any]:
    return {
        "idToken": {"idToken": _card(name), "type": "ISO14443"},
        "idTokenInfo": {"status": status, **more},
    }


_HIGHER = Fitting(
    "above that of the list there is",
    lambda number, course: number > course.desk.list_version,
    FromCase("the next version", lambda course: course.desk.list_version + 1),
)


def _list(kind: str, *entries: Any, version: int = 1) -> Begun:
    payload = {
        "versionNumber": _HIGHER if kind == "Differential" else Such("above 0", lambda number: number > 0, version),
        "updateType": kind,
        "localAuthorizationList": list(entries) or ABSENT,
    }
    return Begun("SendLocalList", payload, ACCEPTED)


REMOVED = {"idToken": {"idToken": _card("card"), "type": "ISO14443"}, "idTokenInfo": ABSENT}
FIRST = _list("Full", _entry("card"))
CLEARS = Begun("ClearCache", {}, ACCEPTED)


def _customer(report: bool, clear: bool, status: str = "Accepted", **who: Any) -> Begun:
    names = ("idToken", "customerCertificate", "customerIdentifier")
    payload = {"requestId": Anything(51), "report": report, "clear": clear, **dict.fromkeys(names, ABSENT), **who}
    return Begun("CustomerInformation", payload, {"status": status})


def _informed(data: str) -> Says:
    request = asked("CustomerInformation", "requestId")
    return Says("NotifyCustomerInformation", {"data": data, "seqNo": 0, "generatedAt": NOW, "requestId": request})


TOKEN: dict[str, Any] = {"idToken": {"idToken": _card("card"), "type": "ISO14443"}}
HELD, NOTHING = _informed("idToken 04A1B2C3, one transaction"), _informed("nothing")
CERTIFICATE: dict[str, Any] = {
    "customerCertificate": FromCase("the hash data", lambda course: course.desk.a_certificate_hash("SHA256"))
}


def _charged() -> tuple[CourseStep, ...]:
    return (begins("Authorized", card="card"), Plugged("Occupied"), goes_on("CablePluggedIn", "EVConnected"))


add_rows(
    LISTS,
    ("C_37", "Clear Authorization Data in Authorization Cache: Accepted", "C11", (CLEARS, Says("Heartbeat"))),
    (
        "C_38",
        "Clear Authorization Data in Authorization Cache: Rejected",
        "C11",
        (Begun("ClearCache", {}, {"status": "Rejected"}), Says("Heartbeat")),
    ),
    ("C_08", "Authorization through authorization cache: Accepted", "C12", _charged()),
    (
        "C_20",
        "Authorization through authorization cache: Invalid",
        "C12",
        (begins("Authorized", card="unknown_card"), ends("Deauthorized", "DeAuthorized")),
    ),
    (
        "C_40",
        "Authorization by GroupId: Success with Local Authorization List",
        "C09, C13",
        (
            begins("Authorized", "EVConnected", card="group_card"),
            FLOWS,
            goes_on("StopAuthorized", "EVConnected", card="other_group_card"),
            ends("EVCommunicationLost", "Local", "Idle"),
        ),
    ),
    (
        "C_43",
        "Authorization by GroupId: Invalid status with Local Authorization List",
        "C09, C13",
        (
            begins("Authorized", "EVConnected", card="group_card"),
            FLOWS,
            Swiped("other_group_card"),
            goes_on("StopAuthorized", "EVConnected", card="other_group_card"),
            ends("EVCommunicationLost", "Local", "Idle"),
        ),
    ),
    ("D_01", "Send Local Authorization List: Full", "D01", (FIRST,)),
    (
        "D_02",
        "Send Local Authorization List: Differential Update",
        "D01",
        (FIRST, _list("Differential", _entry("group_card"))),
    ),
    (
        "D_03",
        "Send Local Authorization List: Differential Remove",
        "D01",
        (FIRST, _list("Differential", REMOVED)),
    ),
    ("D_04", "Send Local Authorization List: Full with empty list", "D01", (FIRST, _list("Full", version=2))),
    (
        "D_08",
        "Get Local List Version: Success",
        "D02",
        (FIRST, Begun("GetLocalListVersion", {}, {"versionNumber": asked("SendLocalList", "versionNumber")})),
    ),
    (
        "D_09",
        "Get Local List Version: No list available",
        "D02",
        (Begun("GetLocalListVersion", {}, {"versionNumber": 0}), Says("Heartbeat")),
    ),
    ("N_27", "Get Customer Information: Accepted + data", "N09", (_customer(True, False, **TOKEN), HELD)),
    ("N_28", "Get Customer Information: Accepted + no data", "N09", (_customer(True, False, **TOKEN), NOTHING)),
    (
        "N_29",
        "Get Customer Information: Not Accepted",
        "N09",
        (_customer(True, False, "Rejected", **TOKEN), Says("Heartbeat")),
    ),
    ("N_30", "Clear Customer Information: Clear and report + data", "N10", (_customer(True, True, **TOKEN), HELD)),
    (
        "N_31",
        "Clear Customer Information: Clear and report + no data",
        "N10",
        (_customer(True, True, **TOKEN), NOTHING),
    ),
    (
        "N_32",
        "Clear Customer Information: Clear and no report",
        "N10",
        (_customer(False, True, **TOKEN), Says("Heartbeat")),
    ),
    (
        "N_46",
        "Clear Customer Information: Update Local Authorization List",
        "N10, D01",
        (FIRST, _customer(True, True, **TOKEN), HELD, _list("Differential", REMOVED)),
    ),
    (
        "N_62",
        "Clear Customer Information: Clear and report - customerIdentifier",
        "N10",
        (_customer(True, True, customerIdentifier=Anything("customer 1")), HELD),
    ),
    (
        "N_63",
        "Clear Customer Information: Clear and report - customerCertificate",
        "N10",
        (_customer(True, True, **CERTIFICATE), HELD),
    ),
)
