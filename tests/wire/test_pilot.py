"""The control pilot: states from both ends, duty cycle, who is told."""

from __future__ import annotations

import asyncio

import pytest

from pncsim.wire.clock import VirtualTimeLoop
from pncsim.wire.pilot import DIGITAL, STEADY, Pilot, PilotState, amperes, duty_for

A, B, C, D, E, F = PilotState


def watched() -> tuple[Pilot, list[str]]:
    """A pilot and the changes it tells, as "AB"."""
    pilot, seen = Pilot(), list[str]()
    pilot.subscribe(lambda before, now: seen.append(f"{before}{now}"))
    return pilot, seen


def test_a_vehicle_plugs_in_charges_and_leaves() -> None:
    pilot, seen = watched()
    pilot.connect(2)
    assert (pilot.state, pilot.connector, pilot.plugged, pilot.ready) == (B, 2, True, False)
    pilot.signal_ready()
    assert pilot.ready
    pilot.signal_ready(ventilation=True)
    assert (pilot.state, pilot.ready) == (D, True)
    pilot.signal_not_ready()
    pilot.disconnect()
    assert (pilot.state, pilot.connector, pilot.plugged) == (A, 0, False)
    assert seen == ["AB", "BC", "CD", "DB", "BA"]


def test_what_changes_nothing_is_told_to_nobody() -> None:
    pilot, seen = watched()
    pilot.signal_ready()
    pilot.signal_not_ready()
    pilot.disconnect()
    pilot.offer(STEADY)
    pilot.clear()
    assert seen == [] and pilot.state is A
    pilot.connect()
    pilot.connect(2)
    assert seen == ["AB"] and pilot.connector == 1


def test_the_station_hides_the_vehicle_behind_e_and_f() -> None:
    pilot, seen = watched()
    pilot.connect()
    pilot.fail(F)
    pilot.signal_ready()
    assert (pilot.state, pilot.ready, pilot.plugged) == (F, False, True)
    pilot.fail(E)
    pilot.clear()
    assert pilot.state is C
    pilot.fail(F)
    pilot.disconnect()
    assert pilot.state is F and not pilot.plugged
    pilot.clear()
    assert seen == ["AB", "BF", "FE", "EC", "CF", "FA"]
    with pytest.raises(ValueError, match="E or F"):
        pilot.fail(B)


def test_the_duty_cycle_is_told_as_a_change_without_a_change_of_state() -> None:
    pilot, seen = watched()
    pilot.connect()
    pilot.offer(DIGITAL)
    assert seen == ["AB", "BB"] and pilot.duty == DIGITAL
    with pytest.raises(ValueError, match="duty cycle"):
        pilot.offer(101)


def test_a_toggle_goes_through_c_and_back() -> None:
    pilot, seen = watched()
    pilot.connect()
    pilot.toggle()
    assert seen == ["AB", "BC", "CB"]


def test_who_is_no_longer_subscribed_hears_nothing() -> None:
    pilot, seen = Pilot(), list[str]()

    def watch(before: PilotState, now: PilotState) -> None:
        seen.append(now)
        pilot.unsubscribe(watch)

    pilot.subscribe(watch)
    pilot.connect()
    pilot.disconnect()
    assert seen == ["B"]


def test_the_data_link_can_be_waited_for() -> None:
    async def main() -> bool:
        pilot = Pilot()
        waiting = asyncio.ensure_future(pilot.matched())
        await asyncio.sleep(0)
        assert not waiting.done()
        pilot.match(True)
        await waiting
        pilot.match(False)
        later = asyncio.ensure_future(pilot.matched())
        await asyncio.sleep(0)
        held = not later.done()
        later.cancel()
        return held

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        assert runner.run(main())


@pytest.mark.parametrize(
    ("duty", "current"),
    [
        (5, None),
        (7.9, None),
        (8, 6),
        (10, 6),
        (16, 9.6),
        (53.3, 31.98),
        (85, 51),
        (86, 55),
        (96, 80),
        (97, 80),
        (98, None),
    ],
)
def test_a_duty_cycle_offers_current_as_iec_61851_says(duty: float, current: float | None) -> None:
    assert amperes(duty) == (None if current is None else pytest.approx(current))


@pytest.mark.parametrize("current", [6, 10, 16, 32, 51, 63, 80])
def test_a_current_has_a_duty_cycle_that_offers_it(current: float) -> None:
    assert amperes(duty_for(current)) == pytest.approx(current)


def test_less_than_six_amperes_cannot_be_offered() -> None:
    assert duty_for(5) == STEADY
