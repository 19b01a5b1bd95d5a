"""Plans of vehicles beside what a CSMS has offered, and schedules it sends in between (OCPP K15 to K17)."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ocpp_lab import IDENTITY, Lab, virtual
from variable_lab import EMAID, plug_in, ready

from pncsim.backend.csms.schedules import charging_schedule, told_plan
from pncsim.secc import notices
from pncsim.secc.questions import SchedulesAnswer, SchedulesWanted
from pncsim.wire.ocpp.actions import AndThen

Course = tuple[tuple[int, float], ...]
OFFER: Course = ((0, 11_000.0), (3_600, 7_000.0))


def schedule(course: Course, *, number: int = 1, unit: str = "W") -> dict[str, Any]:
    periods = [{"startPeriod": start, "limit": limit} for start, limit in course]
    return {"id": number, "chargingRateUnit": unit, "chargingSchedulePeriod": periods}


def answered(planned: dict[str, Any], *offered: dict[str, Any], evse: int = 1) -> tuple[str, list[str]]:
    told: list[str] = []
    voice = SimpleNamespace(warning=told.append)
    link: Any = SimpleNamespace(offered={1: list(offered)}, identity="CS1", context=SimpleNamespace(voice=voice))
    request: Any = {"timeBase": "2026-11-21T10:00:00Z", "evseId": evse, "chargingSchedule": planned}
    return charging_schedule(link, request)["status"], told


@pytest.mark.parametrize(
    "course",
    [OFFER, ((0, 11_000.0), (1_800, 5_000.0)), ((0, 0.0), (7_200, 7_000.0)), ((600, 11_000.0), (3_600, 7_000.0))],
)
def test_a_plan_that_keeps_to_the_offer_is_accepted(course: Course) -> None:
    assert answered(schedule(course), schedule(OFFER)) == ("Accepted", [])


@pytest.mark.parametrize(
    "course",
    [((0, 11_001.0),), ((0, 11_000.0), (3_601, 7_000.0)), ((0, 7_000.0), (10_000, 7_001.0)), ((3_600, 8_000.0),)],
)
def test_a_plan_that_takes_more_at_any_time_is_rejected_and_told(course: Course) -> None:
    status, told = answered(schedule(course), schedule(OFFER))
    assert status == "Rejected" and "plans to take more than it was offered" in told[0]


def test_what_was_too_much_is_negotiated_anew_once_and_again_after_a_plan_that_is_not() -> None:
    voice = SimpleNamespace(warning=lambda text: None)
    link: Any = SimpleNamespace(
        offered={1: [schedule(OFFER)]}, insisted=set(), identity="CS1", context=SimpleNamespace(voice=voice)
    )

    def told(watts: float) -> tuple[str, bool]:
        plan = {"timeBase": "2026-11-21T10:00:00Z", "evseId": 1, "chargingSchedule": schedule(((0, watts),))}
        answer: Any = told_plan(link, plan)  # type: ignore[arg-type]
        follows = isinstance(answer, AndThen)
        return (answer.payload if follows else answer)["status"], follows

    much, little = 12_000.0, 5_000.0
    assert [told(watts) for watts in (much, much, little, much)] == [
        ("Rejected", True),
        ("Rejected", False),
        ("Accepted", False),
        ("Rejected", True),
    ]


def test_a_plan_is_held_against_the_schedule_it_names_or_else_against_all() -> None:
    offers = (schedule(((0, 3_000.0),), number=1), schedule(((0, 11_000.0),), number=2))
    assert answered(schedule(((0, 5_000.0),), number=1), *offers)[0] == "Rejected"
    assert answered(schedule(((0, 5_000.0),), number=2), *offers)[0] == "Accepted"
    assert answered(schedule(((0, 5_000.0),), number=3), *offers)[0] == "Accepted"
    assert answered(schedule(((0, 12_000.0),), number=3), *offers)[0] == "Rejected"


def test_where_nothing_comparable_was_offered_a_plan_is_accepted() -> None:
    much = schedule(((0, 50_000.0),))
    assert answered(much)[0] == "Accepted"
    assert answered(much, schedule(OFFER), evse=2)[0] == "Accepted"
    assert answered(schedule(((0, 50_000.0),), unit="A"), schedule(OFFER))[0] == "Accepted"


WANTED = SchedulesWanted(
    transfer="AC_three_phase", energy=10_000.0, max_current=16.0, min_current=6.0, max_voltage=230.0, departure=None
)


async def profile_sent(lab: Lab, transaction: str) -> tuple[str, str]:
    """What SetChargingProfile for that transaction is answered: status and reasonCode."""
    profile = {
        "id": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Relative",
        "transactionId": transaction,
        "chargingSchedule": [schedule(((0, 4_000.0),), number=9)],
    }
    answer = await lab.csms.call(IDENTITY, "SetChargingProfile", {"evseId": 1, "chargingProfile": profile})
    return answer["status"], answer.get("statusInfo", {}).get("reasonCode", "")


@virtual
async def test_a_profile_in_between_is_for_a_vehicle_that_charges_and_has_said_what_it_needs() -> None:
    lab, again = Lab(), []
    async with ready(lab) as station:
        outlet = station.outlet()
        outlet.renegotiate = lambda: again.append(lab.clock.now())
        plug_in(station, lab, 1000)
        outlet.note(notices.Authorized(time=lab.clock.now(), emaid=EMAID))
        assert outlet.transaction is not None
        transaction = outlet.transaction.id
        outlet.note(notices.ChargingStarted(time=lab.clock.now(), register_wh=1000))
        too_early = ("Rejected", "InvalidMessageSeq")
        assert await profile_sent(lab, transaction) == too_early, "nobody was asked what the vehicle needs"
        assert await outlet.answer(WANTED) == SchedulesAnswer(), "this CSMS offers nothing"
        assert await profile_sent(lab, "another") == ("Rejected", "TxNotFound")
        assert await profile_sent(lab, transaction) == ("Accepted", "") and len(again) == 1
        asked = lab.frames().count("NotifyEVChargingNeeds")
        answer = await outlet.answer(WANTED)
        assert isinstance(answer, SchedulesAnswer)
        assert [(one.number, one.periods) for one in answer.schedules] == [(9, ((0, 4_000.0),))]
        assert lab.frames().count("NotifyEVChargingNeeds") == asked, "K16: the CSMS is not asked again"
        await outlet.answer(WANTED)
        assert lab.frames().count("NotifyEVChargingNeeds") == asked + 1, "K17: where the vehicle begins it is"
        outlet.note(notices.ChargingStopped(time=lab.clock.now(), energy_wh=1.0, register_wh=1001, reason="enough"))
        assert await profile_sent(lab, transaction) == too_early, "it does not charge any more"
