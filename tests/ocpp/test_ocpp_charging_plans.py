"""What a CSMS makes of a vehicle's plan, beside what it has offered (OCPP K15)."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from pncsim.backend.csms.schedules import charging_schedule

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
