"""The meter, the contactor, the output and the schedules: pure functions of time."""

from __future__ import annotations

import pytest
from secc_playbook import T0, W, power

from pncsim.secc.iso2.schedules import DAY, Schedule, check_profile, milli
from pncsim.secc.power import EvsePower
from pncsim.wire.errors import PeerError
from pncsim.wire.gate import Liberty, NotTolerated, Tolerance
from pncsim.wire.v2g import iso2


def test_energy_is_power_times_lab_time() -> None:
    meter = EvsePower(register_wh=1000.0)
    meter.flow(7_200, 230, 31.3, T0)
    assert meter.reading(T0) == 1000
    assert meter.energy(T0 + 1) == pytest.approx(1002)
    meter.flow(3_600, 230, 15.6, T0 + 3600)
    assert meter.reading(T0 + 3600) == 8200
    meter.off(T0 + 7200)
    assert meter.reading(T0 + 99_999) == 11_800
    assert (meter.watts, meter.volts, meter.amperes) == (0, 0, 0)


def test_the_meter_never_goes_back() -> None:
    meter = EvsePower()
    meter.flow(1_000, 230, 4, T0)
    before = meter.energy(T0 + 100)
    assert meter.energy(T0 + 50) == before


def test_the_contactor_closes_once_and_opens_at_once() -> None:
    evse = EvsePower()
    assert evse.close_contactor(T0, 0.5) == T0 + 0.5
    assert evse.close_contactor(T0 + 0.2, 0.5) == T0 + 0.5
    assert not evse.contactor_closed(T0 + 0.4)
    assert evse.contactor_closed(T0 + 0.5)
    evse.off(T0 + 1)
    assert not evse.contactor_closed(T0 + 2)


def test_the_output_ramps_up_down_and_turns_round() -> None:
    evse = EvsePower()
    assert evse.ramp(400, 200, T0) == T0 + 2
    assert evse.output(T0 + 1) == 200
    assert evse.ramp(400, 200, T0 + 1) == T0 + 2, "asked again, it is still under way"
    assert evse.ramp(0, 100, T0 + 1) == T0 + 3
    assert evse.output(T0 + 2) == 100
    assert evse.output(T0 + 9) == 0
    evse.hold(390, T0 + 10)
    assert evse.output(T0 + 11) == 390


def _entries(schedule: Schedule) -> list[tuple[int, int | None, float]]:
    tuple_ = schedule.message()
    found = []
    for entry in tuple_.PMaxSchedule.PMaxScheduleEntry:
        interval = entry.TimeInterval
        assert isinstance(interval, iso2.RelativeTimeIntervalType)
        found.append((interval.start, interval.duration, iso2.amount(entry.PMax)))
    return found


def test_a_schedule_covers_the_departure_or_a_day() -> None:
    assert _entries(Schedule.plan(1, T0, None, 22_080)) == [(0, DAY, 22_080)]
    assert _entries(Schedule.plan(1, T0, 0, 22_080)) == [(0, DAY, 22_080)]
    assert _entries(Schedule.plan(1, T0, 3600, 22_080)) == [(0, 3600, 22_080)]
    assert _entries(Schedule.plan(1, T0, DAY + 10, 22_080)) == [(0, None, 22_080), (10, DAY, 22_080)]
    far = _entries(Schedule.plan(1, T0, 2**32 - 1, 22_080))
    assert far[-1][0] + (far[-1][1] or 0) == 16_777_214


def test_a_policy_is_cut_at_the_departure_and_at_the_vehicles_entries() -> None:
    policy = ((0, 50_000.0), (600, 4_000.0), (1200, 11_000.0), (5000, 1.0))
    assert _entries(Schedule.plan(1, T0, 3600, 22_000, policy)) == [
        (0, None, 22_000),
        (600, None, 4_000),
        (1200, 2400, 11_000),
    ]
    assert _entries(Schedule.plan(1, T0, 3600, 22_000, policy, 2)) == [(0, None, 22_000), (600, 3000, 4_000)]
    assert _entries(Schedule.plan(1, T0, 3600, 22_000, policy, 1)) == [(0, 3600, 4_000)]
    assert len(_entries(Schedule.plan(1, T0, 2 * DAY, 22_000, policy, 3))) <= 3


@pytest.mark.parametrize("days", [1.5, 2.0, 3.0])
@pytest.mark.parametrize(
    "policy", [(), ((0, 22_000.0), (90_000, 11_000.0)), ((0, 9_000.0), (600, 4_000.0), (900, 1.0))]
)
@pytest.mark.parametrize("most", [1, 2, 3, 4, 0, None])
def test_a_long_departure_is_offered_within_the_entries_the_vehicle_takes(
    most: int | None, policy: tuple[tuple[int, float], ...], days: float
) -> None:
    """MaxEntriesSAScheduleTuple, also where durations of a day at most (V2G2-331) need one more; 0 is no limit."""
    departure = int(days * DAY)
    schedule = Schedule.plan(1, T0, departure, 22_080, policy, most)
    entries = _entries(schedule)
    assert len(entries) <= (most or 4)
    last_start, duration, _ = entries[-1]
    assert duration is not None and 0 < duration <= DAY
    covered = last_start + duration
    assert covered == schedule.end == (departure if most != 1 else DAY), (
        "what one entry cannot cover is asked for again"
    )
    for second in range(0, covered, 300):
        wanted = [watts for start, watts in policy or ((0, 22_080),) if start <= second][-1]
        assert schedule.watts(T0 + second) <= wanted


def test_time_passes_over_a_schedule() -> None:
    schedule = Schedule.plan(5, T0, 3600, 22_000, ((0, 22_000.0), (600, 4_000.0)))
    assert [schedule.watts(T0 + t) for t in (-5, 0, 599, 600, 9999)] == [22_000, 22_000, 22_000, 4_000, 4_000]
    left = schedule.moved_to(T0 + 500)
    assert left is not None
    assert (left.tuple_id, left.entries, left.end) == (5, ((0, 22_000), (100, 4_000)), 3100)
    late = schedule.moved_to(T0 + 700)
    assert late is not None and late.entries == ((0, 4_000),)
    assert schedule.moved_to(T0 + 3600) is None


@pytest.mark.parametrize(
    ("profile", "word"),
    [
        ([(0, 4_000)], ""),
        ([(0, 22_000), (600, 4_000)], ""),
        ([(0, 4_000), (700, 4_000), (3600, 4_000), (9999, 3_000)], ""),
        ([(0, 4_000), (3600, 4_001)], "entry 2 wants 4001 W where PMax is 4000 W from 600 s"),
        ([(0, 4_000), (86_400, 50_000)], "entry 2 wants 50000 W"),
        ([(7200, 4_001)], "entry 1 wants 4001 W"),
        ([(0, 4_000), (600, -1)], "entry 2 wants -1 W"),
        ([(0, 22_001)], "wants 22001 W"),
        ([(0, 22_000)], "PMax is 4000 W from 600 s"),
        ([(0, 22_000), (599, 4_000), (599, 3_000)], "entry 3 starts at 599 s"),
        ([(10, 22_000), (5, 4_000)], "entry 2 starts at 5 s"),
    ],
)
def test_profiles(profile: list[tuple[int, float]], word: str) -> None:
    """V2G2-224: within PMax at every time must be accepted; V2G2-225: otherwise refused."""
    schedule = Schedule.plan(1, T0, 3600, 22_000, ((0, 22_000.0), (600, 4_000.0)))
    request = power("Start", profile=profile).ChargingProfile
    assert request is not None
    if not word:
        check_profile(request, schedule, dc=False)
        return
    with pytest.raises(PeerError, match=word) as caught:
        check_profile(request, schedule, dc=False)
    assert caught.value.kind == "charging profile"


@pytest.mark.parametrize(
    ("profile", "dc", "taken", "word"),
    [
        ([(0, 22_000)], False, [Tolerance.PROFILE_STEPS], "entry 1 wants 22000 W where PMax is 9000 W from 600 s on"),
        ([(0, 1_000), (60, 10_000)], True, [Tolerance.PROFILE_STEPS], "entry 2 wants 10000 W where PMax is 9000 W"),
        ([(700, 5_000)], True, [Tolerance.PROFILE_STEPS], "entry 1 wants 5000 W where PMax is 4000 W from 1200 s on"),
        ([(0, -2_413.6)], True, [Tolerance.PROFILE_NEGATIVE], "entry 1 wants -2413.6 W"),
        ([(0, -1), (5, 9_000)], True, [Tolerance.PROFILE_NEGATIVE, Tolerance.PROFILE_STEPS], "entry 1 wants -1 W"),
    ],
)
def test_profiles_that_take_a_liberty(
    profile: list[tuple[int, float]], dc: bool, taken: list[Tolerance], word: str
) -> None:
    """Only the last entry may overlook a step, and only a later one; less than nothing is for DC."""
    schedule = Schedule.plan(1, T0, 3600, 22_000, ((0, 22_000.0), (600, 9_000.0), (1200, 4_000.0)))
    request = power("Start", profile=profile).ChargingProfile
    assert request is not None
    told: list[Liberty] = []
    check_profile(request, schedule, dc=dc, gate=told.append)
    assert [one.tolerance for one in told] == taken
    assert word in told[0].what
    with pytest.raises(NotTolerated) as caught:
        check_profile(request, schedule, dc=dc)
    assert caught.value.kind == "charging profile"


@pytest.mark.parametrize(
    "profile", [[(0, 22_001)], [(0, 22_000), (700, 1_000)], [(600, 9_001)], [(0, 22_000), (600, 9_000), (1200, 4_001)]]
)
def test_profiles_no_gate_lets_pass(profile: list[tuple[int, float]]) -> None:
    schedule = Schedule.plan(1, T0, 3600, 22_000, ((0, 22_000.0), (600, 9_000.0), (1200, 4_000.0)))
    request = power("Start", profile=profile).ChargingProfile
    assert request is not None
    told: list[Liberty] = []
    with pytest.raises(PeerError) as caught:
        check_profile(request, schedule, dc=True, gate=told.append)
    assert caught.value.kind == "charging profile" and told == []


def test_a_profile_at_the_limit_as_it_was_sent_is_accepted() -> None:
    """PMax is rounded down to what a PhysicalValue holds; the vehicle may use all of what it read."""
    schedule = Schedule.plan(1, T0, 3600, 149_999.7)
    sent = schedule.message().PMaxSchedule.PMaxScheduleEntry[0].PMax
    request = iso2.ChargingProfileType(
        ProfileEntry=[iso2.ProfileEntryType(ChargingProfileEntryStart=0, ChargingProfileEntryMaxPower=sent)]
    )
    check_profile(request, schedule, dc=False)


@pytest.mark.parametrize("limit", [0.0, 3680.0, 11_037.5, 32_768.4, 65_537.9, 149_999.7])
def test_a_vehicle_is_never_offered_more_than_the_limit(limit: float) -> None:
    entries = Schedule.plan(1, T0, 3600, limit).entries
    assert entries[0][1] <= limit < entries[0][1] + 10.01
    sent = Schedule.plan(1, T0, 3600, limit).message().PMaxSchedule.PMaxScheduleEntry[0].PMax
    assert iso2.amount(sent) == entries[0][1]


def test_physical_values_are_compared_exactly() -> None:
    assert milli(iso2.PhysicalValueType(Multiplier=3, Unit=W, Value=11)) == 11_000_000
    assert milli(iso2.PhysicalValueType(Multiplier=-3, Unit=W, Value=-7)) == -7
