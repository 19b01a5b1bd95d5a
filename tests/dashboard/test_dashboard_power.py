"""The power screen: what was told of power, the schedule and what happened, and nothing that nobody told."""

from __future__ import annotations

from typing import Any

import pytest
from accepted_screens import Accepted
from screens import SIZES, dashboard
from seen_runs import PlayedBack, events_of, recorded, reports_of

from pncsim.simulator.dashboard.course import Course, limit_at, sample_at
from pncsim.simulator.dashboard.curves import Axis, Drawn, Panel, Steps, drawn, event_line, heights, time_line
from pncsim.simulator.dashboard.form import records
from pncsim.simulator.dashboard.screens.power import PowerScreen
from pncsim.simulator.dashboard.store import EventStore
from pncsim.simulator.evidence.wire_told import readable
from pncsim.wire.trace import Power, Story, V2gMessage


def course_of(scenario: str, *faults: str, **options: str | float) -> Course:
    store = EventStore()
    store.take(records(events_of(scenario, *faults, **options)[0]))
    course = Course(store)
    while course.behind:
        course.look(0.0)
    course.look(10.0)
    return course


def shown(cells: list[list[Drawn]]) -> list[str]:
    return ["".join(cell.character for cell in row) for row in cells]


# What is told


def test_every_sample_of_every_unit_is_there_as_it_was_told() -> None:
    events, _, _ = events_of("two-at-once")
    store = course_of("two-at-once").store
    for unit, samples in store.power.items():
        told = [event for event in events if isinstance(event, Power) and event.unit == unit]
        assert [(one.time, one.watts, one.volts, one.amperes, one.energy_wh, one.soc) for one in samples] == [
            (one.time, one.watts, one.volts, one.amperes, one.energy_wh, one.soc) for one in told
        ]
    assert len(store.power) == 4, "two vehicles and two stations"


def test_vehicles_are_shown_first() -> None:
    assert course_of("two-at-once").units()[:2] == ["EV-1", "EV-2"]


@pytest.mark.parametrize("unit", ["EV-1", "CS001/1"])
def test_limits_are_those_of_the_messages_and_begin_anew_with_each_negotiation(unit: str) -> None:
    """Held against the messages as the evidence tells them."""
    events, _, _ = events_of("renegotiate")
    sent = [event for event in events if isinstance(event, V2gMessage) and event.direction == "sent"]
    offers = [event for event in sent if event.name == "ChargeParameterDiscoveryRes" and "SAScheduleList" in str(event)]
    wanted = []
    for event in offers:
        [schedule] = _body(event)["SAScheduleList"]["SAScheduleTuple"]
        [entry] = schedule["PMaxSchedule"]["PMaxScheduleEntry"]
        wanted.append(entry["PMax"]["Value"] * 10 ** entry["PMax"]["Multiplier"])
    course = course_of("renegotiate")
    offered, announced = course.limits(unit)
    assert len(offers) == len(offered) == len(announced) == 2
    assert [one.watts for one in offered] == wanted
    for event, limit in zip(offers, offered, strict=True):
        assert limit.time == pytest.approx(event.time, abs=0.1)
    starts = [event for event in sent if event.name == "PowerDeliveryReq" and "Start" in str(_body(event))]
    profile = _body(starts[0])["ChargingProfile"]["ProfileEntry"][0]["ChargingProfileEntryMaxPower"]
    assert announced[0].watts == profile["Value"] * 10 ** profile["Multiplier"]


def _body(event: V2gMessage) -> Any:
    [(_, message)] = readable(event).items()
    [(_, body)] = message["Body"].items()
    return body


def test_each_vehicle_has_the_limits_of_its_own_session() -> None:
    course = course_of("two-at-once")
    both = {unit: course.limits(unit)[0] for unit in ("EV-1", "EV-2")}
    assert all(len(limits) == 1 for limits in both.values())
    for unit, limits in both.items():
        watts = max(sample.watts for sample in course.store.power[unit])
        assert limits[0].watts is not None and watts <= limits[0].watts


def test_what_happened_to_a_vehicle_is_told_and_nothing_of_another() -> None:
    course = course_of("two-at-once")
    store = course.store
    units = {store.unit_names[store.units[place]] for place in course.within(course.window(), "EV-1")}
    assert "EV-1" in units and "EV-2" not in units
    other = course_of("renegotiate")
    told = [other.store.event(place) for place in other.within(other.window(), "EV-1")]
    assert "The schedule is negotiated anew." in [event.text for event in told if isinstance(event, Story)]


def test_a_value_holds_until_the_next_one_is_told() -> None:
    samples = course_of("pnc-dc").store.power["EV-1"]
    first, second = samples[0], samples[1]
    assert sample_at(samples, first.time - 0.1) is None
    assert sample_at(samples, (first.time + second.time) / 2) == first
    assert sample_at(samples, second.time) == second
    assert limit_at([], 0.0) is None


# How it is drawn


def test_an_area_is_as_high_as_its_value_to_an_eighth_of_a_line() -> None:
    panel = Panel("power", "kW", [(0.0, 4.0), (5.0, 2.5), (8.0, None)], 1, filled=True)
    assert shown(drawn(panel, Axis(0.0, 10.0, 10), 4)) == [
        "   4.0 kW┤█████     ",
        "    power┤█████▄▄▄  ",
        "         │████████  ",
        "   0.0 kW┤████████  ",
    ]


def test_a_line_of_dots_goes_from_value_to_value_without_a_gap() -> None:
    panel = Panel("charge", "%", [(0.0, 40.0), (5.0, 80.0)])
    rows = shown(drawn(panel, Axis(0.0, 10.0, 10), 3))
    assert [row[:10] for row in rows] == ["     80 %┤", "   charge┤", "     40 %┤"]
    assert rows[2][10:].startswith("⣀⣀⣀⣀") and rows[0][10:].endswith("⠉⠉⠉⠉")
    assert all(any(letter not in " ⠀" for letter in row[14:16]) for row in rows), "it rises through every line"


def test_a_limit_stands_where_it_lies_also_within_the_area() -> None:
    steps = Steps([(0.0, 2.0), (5.0, 4.0)], "━", "notice")
    cells = drawn(Panel("power", "kW", [(0.0, 4.0)], filled=True, steps=(steps,)), Axis(0.0, 10.0, 10), 4)
    rows = [row[10:] for row in shown(cells)]
    assert rows[0] == "█████━━━━━" and rows[2] == "━━━━━█████"
    assert cells[2][10].filled, "its ground is that of the area"


def test_the_lines_are_shared_out_and_power_has_the_most() -> None:
    assert heights(17, 4) == [8, 3, 3, 3] and sum(heights(35, 4)) == 35 and heights(14, 3)[0] == 8


def test_the_worse_of_two_signs_in_one_column_is_shown_and_times_stand_below() -> None:
    axis = Axis(100.0, 110.0, 40)
    [line] = shown([event_line([(100.0, "x"), (100.1, "*"), (109.9, "*")], axis)])
    assert line == "   events│x" + " " * 38 + "*"
    [times] = shown([time_line(axis, 100.0, 105.0)])
    assert "▲ 5.0 s" in times and times.startswith("     time└0.1 s") and times.endswith("9.9 s")


# The screen


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_the_power_screen_looks_as_it_was_accepted(size: tuple[int, int], accepted: Accepted) -> None:
    async with dashboard(PlayedBack(*recorded("charged")), size) as seen:
        await seen.press("6", "home", "n", "n", "n")
        accepted(f"power-{size[0]}x{size[1]}", seen.text)


async def test_before_anything_is_charged_the_screen_says_what_to_do(accepted: Accepted) -> None:
    async with dashboard(PlayedBack(), (80, 24)) as seen:
        await seen.press("6")
        accepted("power-nothing-80x24", seen.text)


async def test_the_cursor_goes_from_event_to_event_and_opens_one() -> None:
    async with dashboard(PlayedBack(*reports_of("renegotiate"))) as seen:
        await seen.press("6", "home")
        for _ in range(20):
            if "▲ 90.0 s" in seen.text:
                break
            await seen.press("n")
        assert "The station asks the vehicle to renegotiate" in seen.text and "━ 22.1 ┄ 11.0" in seen.text
        await seen.press("enter")
        assert seen.app.current_mode == "message" and "Story" in seen.text
        await seen.press("6", "end", "n")
        assert seen.last == "No event there."


async def test_less_time_is_shown_around_the_cursor_and_arrows_move_it() -> None:
    async with dashboard(PlayedBack(*reports_of("renegotiate")), (80, 24)) as seen:
        await seen.press("6", "home", "n", "n")
        screen = seen.app.screen
        assert isinstance(screen, PowerScreen)
        whole = screen._axis
        await seen.press("plus", "plus")
        part = screen._axis
        assert part.ends - part.begins == pytest.approx((whole.ends - whole.begins) / 4)
        before = seen.text
        await seen.press("right", "right", "left")
        assert seen.text != before
        await seen.press("minus", "minus")
        assert (screen._axis.begins, screen._axis.ends) == (whole.begins, whole.ends)


async def test_another_unit_is_shown_and_a_click_puts_the_cursor_there() -> None:
    async with dashboard(PlayedBack(*reports_of("renegotiate"))) as seen:
        await seen.press("6")
        assert "EV-1 (1/2)" in seen.text
        await seen.press("u")
        assert "CS001/1 (2/2)" in seen.text
        await seen.pilot.click("#plot", offset=(40, 3))
        await seen.tick()
        screen = seen.app.screen
        assert isinstance(screen, PowerScreen) and screen._moment == pytest.approx(screen._axis.moment(30))
