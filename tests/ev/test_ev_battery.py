"""The battery model: conservation, taper, limits; and the schedules the vehicle reads."""

from __future__ import annotations

import ev_playbook as sn
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pncsim.ev.battery import Battery
from pncsim.ev.iso2.schedule import OfferedSchedule, choose, mean_price, profile, read_schedule
from pncsim.wire.v2g import iso2


def test_an_hour_at_ten_kilowatts_is_ten_kilowatt_hours() -> None:
    battery = Battery(capacity=50_000, soc=20)
    assert battery.charge(10_000, 3600) == pytest.approx(10_000)
    assert battery.soc == pytest.approx(40)
    assert battery.stored == pytest.approx(10_000)


@settings(derandomize=True, database=None, deadline=None)
@given(
    st.floats(0, 100),
    st.lists(st.tuples(st.floats(-1e5, 3e5), st.floats(-10, 7200)), max_size=20),
)
def test_energy_is_conserved_and_the_battery_never_overflows(soc: float, flows: list[tuple[float, float]]) -> None:
    battery = Battery(soc=soc)
    taken = sum(battery.charge(watts, seconds) for watts, seconds in flows)
    assert 0 <= battery.soc <= 100
    assert battery.soc == pytest.approx(soc + taken / battery.capacity * 100)
    assert battery.stored == pytest.approx(taken)


def test_acceptance_falls_after_the_taper_point() -> None:
    accepted = [Battery(soc=soc, max_power=100_000, taper_from=80, tail=0.05).acceptance for soc in (10, 80, 90, 99.9)]
    assert accepted[0] == accepted[1] == 100_000
    assert accepted[2] == pytest.approx(52_500)
    assert accepted[1] > accepted[2] > accepted[3] > 5_000
    assert Battery(soc=100).acceptance == 0


def test_voltage_rises_with_the_charge() -> None:
    assert Battery(soc=0).voltage == 340
    assert Battery(soc=100).voltage == 410
    assert Battery(soc=50).voltage == 375


def test_room_ends_at_the_target() -> None:
    assert Battery(capacity=10_000, soc=40, target_soc=50).room == pytest.approx(1000)
    assert Battery(soc=90, target_soc=80).room == 0


def test_a_schedule_is_kept_in_lab_time() -> None:
    schedule = read_schedule(sn.pmax((0, 11_000), (600, 3_700), tuple_id=7), sn.NOW)
    assert schedule.tuple_id == 7
    limits = [schedule.limit(sn.NOW + seconds) for seconds in (0, 599, 600, 90_000)]
    assert limits == [11_000, 11_000, 3_700, 3_700]


def test_the_next_change_of_a_schedule_is_that_of_the_entry_that_has_not_begun() -> None:
    schedule = OfferedSchedule(1, 100.0, ((0, 3.0), (10, 2.0), (20, 1.0)))
    seconds = (-1, 0, 9.9, 9.9995, 10, 19.9, 19.9995, 20, 99)
    assert [schedule.next_change(100 + s) for s in seconds] == [110, 110, 110, 120, 120, 120, None, None, None]
    late = OfferedSchedule(1, 100.0, ((5, 3.0),))
    assert [late.next_change(100 + s) for s in (0, 5, 9)] == [None, None, None], "its only value holds from the start"


def test_the_tuple_is_the_wanted_the_cheapest_or_the_first() -> None:
    one, two = OfferedSchedule(1, 0.0, ((0, 1.0),), price=3.0), OfferedSchedule(2, 0.0, ((0, 1.0),), price=2.0)
    unknown = OfferedSchedule(3, 0.0, ((0, 1.0),))
    assert choose((one, two)).tuple_id == 2
    assert choose((one, two, unknown)).tuple_id == 1
    assert choose((one, two), wanted=1).tuple_id == 1
    assert choose((one,), wanted=9).tuple_id == 1


def test_a_price_needs_a_level_in_every_entry() -> None:
    def tariff(*levels: int | None) -> iso2.SalesTariffType:
        return iso2.SalesTariffType(
            SalesTariffID=1,
            SalesTariffEntry=[
                iso2.SalesTariffEntryType(TimeInterval=iso2.RelativeTimeIntervalType(start=i * 60), EPriceLevel=level)
                for i, level in enumerate(levels)
            ],
        )

    assert mean_price(tariff(1, 3)) == 2
    assert mean_price(tariff(1, None)) is None


@settings(derandomize=True, database=None, deadline=None)
@given(st.lists(st.integers(0, 22_000), min_size=1, max_size=60), st.integers(1000, 30_000))
def test_a_profile_never_exceeds_pmax_and_has_at_most_24_entries(limits: list[int], wish: int) -> None:
    schedule = read_schedule(sn.pmax(*((i * 300, watts) for i, watts in enumerate(limits))), sn.NOW)
    entries = profile(schedule, wish).ProfileEntry
    starts = [entry.ChargingProfileEntryStart for entry in entries]
    assert starts[0] == 0
    assert starts == sorted(set(starts))
    assert len(entries) <= 24
    for second in range(0, len(limits) * 300, 100):
        active = [e for e in entries if e.ChargingProfileEntryStart <= second][-1]
        announced = iso2.amount(active.ChargingProfileEntryMaxPower)
        assert announced <= min(limits[second // 300], wish)
        assert announced == min(schedule.limit(sn.NOW + second), wish), "the vehicle keeps to what it announces"


def test_steps_beyond_the_24th_are_covered_by_the_least_of_them() -> None:
    limits = [11_000] * 25 + [2_000, 9_000]
    schedule = read_schedule(sn.pmax(*((i * 300, watts) for i, watts in enumerate(limits))), sn.NOW)
    entries = profile(schedule, 11_000).ProfileEntry
    assert len(entries) == 24
    assert iso2.amount(entries[-1].ChargingProfileEntryMaxPower) == 2_000
    assert entries[-1].ChargingProfileEntryStart == 23 * 300


def test_entries_out_of_order_are_put_in_order_and_the_lower_of_two_holds() -> None:
    schedule = read_schedule(sn.pmax((600, 9_000), (0, 5_000), (0, 4_000)), sn.NOW)
    assert schedule.entries == ((0, 4_000), (600, 9_000))
    starts = [entry.ChargingProfileEntryStart for entry in profile(schedule, 11_000).ProfileEntry]
    assert starts == [0, 600]


@pytest.mark.parametrize(
    ("departure", "due"), [(None, 3540), (7200, 3540), (3600, None), (3600.9, None), (3602, 3540), (60, None)]
)
def test_a_schedule_is_renewed_a_minute_before_its_end_unless_the_vehicle_departs(
    departure: float | None, due: float | None
) -> None:
    schedule = OfferedSchedule(1, sn.NOW, ((0, 1.0),), end=3600)
    renewal = schedule.renewal(None if departure is None else sn.NOW + departure)
    assert renewal == (None if due is None else sn.NOW + due)
