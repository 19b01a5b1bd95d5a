"""What a vehicle needs and plans (ISO 15118): a CSMS offers schedules, and takes plans that keep to them."""

from __future__ import annotations

from typing import Any

from pncsim.simulator.conformance.case import Condition
from pncsim.simulator.conformance.csms.course import (
    NOW,
    TRANSACTION,
    Begun,
    CourseStep,
    Quiet,
    Says,
    SetsOff,
    StationCourse,
)
from pncsim.simulator.conformance.csms.declared import CONTRACTS
from pncsim.simulator.conformance.csms.rows.control import ACCEPTED
from pncsim.simulator.conformance.csms.rows.profiles import TX_PROFILE
from pncsim.simulator.conformance.csms.rows.table import FLOWS, PLUGGED_IN, add_rows, goes_on
from pncsim.simulator.conformance.octt import OcttCases
from pncsim.simulator.conformance.pattern import Anything, FromCase, Such

NEEDS = OcttCases("charging needs")
CASES = NEEDS.cases

LIKELY = Such("Accepted or Processing", lambda status: status in ("Accepted", "Processing"), "Accepted")
AC = {"energyAmount": 22_000, "evMinCurrent": 6, "evMaxCurrent": 16, "evMaxVoltage": 400}
ASKS = Says(
    "NotifyEVChargingNeeds",
    {
        "evseId": 1,
        "maxScheduleTuples": 3,
        "chargingNeeds": {"requestedEnergyTransfer": "AC_three_phase", "acChargingParameters": AC},
    },
    {"status": LIKELY},
)
OFFER = {
    "evseId": 1,
    "chargingProfile": {
        "chargingProfilePurpose": "TxProfile",
        "transactionId": TRANSACTION,
        "chargingSchedule": Anything([]),
    },
}
OFFERED = SetsOff(ASKS, Begun("SetChargingProfile", OFFER, ACCEPTED))


def _plan(times: float) -> FromCase:
    """What the first schedule offers, so many times."""

    def of(course: StationCourse) -> Any:
        first = course.calls["SetChargingProfile"]["chargingProfile"]["chargingSchedule"][0]
        return {
            "id": first["id"],
            "chargingRateUnit": first["chargingRateUnit"],
            "chargingSchedulePeriod": [
                {"startPeriod": one["startPeriod"], "limit": times * one["limit"]}
                for one in first["chargingSchedulePeriod"]
            ],
        }

    return FromCase("what was offered" if times <= 1 else f"{times:g} times what was offered", of)


def _tells(times: float, status: str) -> Says:
    payload = {"timeBase": NOW, "evseId": 1, "chargingSchedule": _plan(times)}
    return Says("NotifyEVChargingSchedule", payload, {"status": status})


REFUSED = SetsOff(_tells(3, "Rejected"), Begun("SetChargingProfile", OFFER, ACCEPTED))
PAID: tuple[CourseStep, ...] = (*PLUGGED_IN, goes_on("Authorized", "EVConnected", contract=True))
AGREED: tuple[CourseStep, ...] = (*PAID, OFFERED, _tells(1, "Accepted"), FLOWS)
BEGUN = Begun("SetChargingProfile", {"evseId": 1, "chargingProfile": TX_PROFILE}, ACCEPTED)
_LEVELLING = "Charging with load leveling based on High Level Communication"

add_rows(
    NEEDS,
    ("K_53", f"{_LEVELLING}: Success", "K15", (*AGREED, Quiet("SetChargingProfile", 5.0))),
    (
        "K_55",
        f"{_LEVELLING}: EV charging profile exceeds limits",
        "K15",
        (*PAID, OFFERED, REFUSED, FLOWS, _tells(1, "Accepted")),
    ),
    (
        "K_57",
        "Renegotiating a Charging Schedule: Initiated by EV",
        "K17",
        (*AGREED, OFFERED, _tells(0.5, "Accepted"), FLOWS),
    ),
    (
        "K_58",
        "Renegotiating a Charging Schedule: Initiated by CSMS",
        "K16",
        (*AGREED, BEGUN, _tells(1, "Accepted"), FLOWS),
    ),
    (
        "K_59",
        "Renegotiating a Charging Schedule: Initiated by CSMS - Send NotifyEVChargingNeeds",
        "K16",
        (*AGREED, BEGUN, OFFERED, _tells(1, "Accepted"), FLOWS),
    ),
    when=(*CONTRACTS, Condition("Offers", "true")),
)
