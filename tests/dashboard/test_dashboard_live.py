"""The live screen: what it shows at three sizes, and what can be done on it by keyboard alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from accepted_screens import Accepted
from screens import SIZES, dashboard
from seen_runs import PlayedBack, recorded, reports_of
from textual.screen import ModalScreen
from textual.widgets import Input

from pncsim.simulator.dashboard.form import records
from pncsim.simulator.dashboard.kept import Layout, place, remember, remembered
from pncsim.simulator.dashboard.lab_commands import COMMANDS, hello_of
from pncsim.simulator.dashboard.lines import line_of
from pncsim.simulator.dashboard.reports import (
    DoInLab,
    EventsTold,
    FieldTold,
    HoldRun,
    LabHello,
    RequestDone,
    RunEnded,
    RunHeld,
    StartRun,
    StepRun,
    StopRun,
)
from pncsim.simulator.dashboard.screen_rows import SCREENS
from pncsim.simulator.dashboard.screens.live import LiveScreen, filter_of
from pncsim.simulator.dashboard.store import EventStore
from pncsim.simulator.dashboard.widgets.lines import fitting
from pncsim.wire.trace import Event, SdpDatagram, Secured, V2gMessage
from pncsim.wire.voice import Voice


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", ["nothing", "passed", "refused"])
async def test_the_live_screen_looks_as_it_was_accepted(name: str, size: tuple[int, int], accepted: Accepted) -> None:
    reports = recorded(name) if name != "nothing" else []
    async with dashboard(PlayedBack(*reports), size) as seen:
        accepted(f"live-{name}-{size[0]}x{size[1]}", seen.text)


async def test_the_line_above_has_every_screen_by_its_key_and_how_the_run_stands() -> None:
    async with dashboard(PlayedBack(*recorded("passed")), (80, 24)) as seen:
        for row in SCREENS:
            await seen.press(row.key)
            line = seen.text.splitlines()[0]
            assert f" {row.key} {row.heading} " in line and "+ PASS " in line and line.endswith(" s")
            assert all(f" {one.key} {one.heading[:2]}" in line for one in SCREENS)


def test_titles_give_way_to_that_of_the_screen_that_is_open() -> None:
    many = [(str(number), f"screen{number}", "Ecosystem") for number in range(1, 10)]
    assert [title for _, _, title in fitting(many, "screen3", 1000)] == ["Ecosystem"] * 9
    for room in (61, 80, 99):
        titles = [title for _, _, title in fitting(many, "screen3", room)]
        assert titles[2] == "Ecosystem" and len(set(titles)) == 2 and sum(len(title) + 4 for title in titles) <= room


def test_the_handshake_of_a_station_with_its_csms_is_an_arrow_between_them() -> None:
    held: list[Event] = []
    voice = Voice("CS", "CS001", lambda: 1.0, held.append)
    voice.ocpp_secured(peer="CSMS", version="TLSv1.3", cipher="TLS_AES_128_GCM_SHA256", shown="CN=csms")
    store = EventStore()
    store.take(records(held))
    line = line_of(store, store.rows[0])
    assert (line.source, line.target, line.way, line.name, line.sign) == (1, 2, "tls", "OCPP TLSv1.3", "")
    assert "CN=csms" in line.detail


# By keyboard


async def test_a_scenario_is_run_held_stepped_and_stopped_by_keys() -> None:
    source = PlayedBack()
    async with dashboard(source) as seen:
        assert "First time here? F5 runs a scenario" in seen.text
        await seen.press("f5")
        assert source.asked == [StartRun(scenario="pnc-ac", id=1)]
        began, told, ended = reports_of("pnc-ac")
        source.reports += [began, RequestDone(1), told]
        await seen.tick()
        assert "> RUNNING" in seen.text and "following" in seen.text
        await seen.press("f7")
        source.reports.append(RunHeld(True))
        await seen.tick()
        assert "= HELD" in seen.text
        await seen.press("f6", "f8", "f8")
        assert source.asked[1:] == [HoldRun(True, id=2), StepRun(id=3), StopRun(id=4), StopRun(now=True, id=5)]
        source.reports.append(ended)
        await seen.tick()
        assert "+ PASS" in seen.text and "of 8 checks held" in seen.text
        await seen.press("f8")
        assert seen.last == "No run is going on."


async def test_stepping_without_a_run_starts_one_that_stands() -> None:
    source = PlayedBack()
    async with dashboard(source) as seen:
        await seen.press("f6")
        assert source.asked == [StartRun(scenario="pnc-ac", held=True, id=1)]


async def test_a_filter_is_typed_and_taken_away() -> None:
    async with dashboard(PlayedBack(*reports_of("pnc-ac"))) as seen:
        await seen.press("slash")
        await seen.type("paymentdetails")
        await seen.press("enter")
        assert "PaymentDetailsReq" in seen.text and "SessionSetupReq" not in seen.text
        assert 'only "paymentdetails": 2 of' in seen.text
        await seen.press("escape")
        assert "SessionStopReq" in seen.text and "only" not in seen.text


async def test_one_vehicle_after_the_other_is_shown() -> None:
    async with dashboard(PlayedBack(*reports_of("two-at-once")), (160, 50)) as seen:
        screen = seen.app.screen
        assert isinstance(screen, LiveScreen)
        store, whole, found = seen.app.scene.store, screen.grid.count(), list[tuple[str, list[Event]]]()
        for _ in range(3):
            await seen.press("v")
            selection = screen.grid.selection
            rows = (store.rows[selection[at]] for at in range(len(selection)))
            found.append((str(selection.wanted), [store.event(row.first) for row in rows]))
        assert [who for who, _ in found] == ["EV-1", "EV-2", ""] and len(found[2][1]) == whole
    for (who, events), evse in zip(found, ("CS001/1", "CS001/2"), strict=False):
        assert {event.unit for event in events} == {who, evse}, "what both ends of its link tell, and nobody else's"
        assert [(type(event), event.unit) for event in events[:4]] == [
            (SdpDatagram, who),
            (SdpDatagram, evse),
            (Secured, evse),
            (Secured, who),
        ], "before there is a SessionID, too"
        assert [event.name for event in events[4:8] if isinstance(event, V2gMessage)] == [
            "SupportedAppProtocolReq",
            "SupportedAppProtocolRes",
            "SessionSetupReq",
            "SessionSetupRes",
        ]


async def test_the_next_problem_is_found_and_the_one_before() -> None:
    async with dashboard(PlayedBack(*reports_of("install-contract", "tampered-bundle"))) as seen:
        screen = seen.app.screen
        assert isinstance(screen, LiveScreen)
        await seen.press("home", "n")
        first = screen.grid.cursor
        await seen.press("n")
        second = screen.grid.cursor
        await seen.press("N")
        assert 0 < first < second and screen.grid.cursor == first
        await seen.press("n", "n")
        assert seen.last == "No problem there."


async def test_paused_the_table_stands_still_and_says_how_much_has_come() -> None:
    began, told, ended = reports_of("pnc-ac")
    assert isinstance(told, EventsTold) and isinstance(ended, RunEnded)
    source = PlayedBack(began, EventsTold(told.records[:80]))
    async with dashboard(source) as seen:
        screen = seen.app.screen
        assert isinstance(screen, LiveScreen)
        before = screen.grid.count()
        await seen.press("space")
        source.reports += [EventsTold(told.records[80:])]
        await seen.tick()
        assert screen.grid.count() == before and "more [space]" in seen.text
        await seen.press("space")
        assert screen.grid.count() > before and screen.grid.cursor == screen.grid.count() - 1


async def test_a_refusal_is_a_sentence_at_the_foot() -> None:
    source = PlayedBack()
    async with dashboard(source) as seen:
        source.refuses = "This run is recorded: it cannot be changed."
        await seen.press("f5")
        assert "it cannot be changed" in seen.text
        source.refuses = ""
        await seen.press("f5")
        source.reports.append(RequestDone(2, error="There is no scenario 'pnc-ac'."))
        await seen.tick()
        assert "There is no scenario" in seen.text


async def test_control_c_during_a_session_lets_the_vehicle_stop_first() -> None:
    began, told, ended = reports_of("pnc-ac")
    source = PlayedBack(began, told)
    async with dashboard(source) as seen:
        await seen.press("ctrl+c")
        assert source.asked == [StopRun(id=1)] and "The vehicle stops" in seen.text
        assert seen.app.is_running
        source.reports.append(ended)
        await seen.tick()
        assert not seen.app.is_running and seen.app.return_value == 0


async def test_every_key_of_the_screen_is_in_its_help() -> None:
    async with dashboard(PlayedBack(), (120, 60)) as seen:
        await seen.press("question_mark")
        for key in ("space", "f5", "f6", "f7", "f8", "Everywhere", "Next problem", "Run the scenario"):
            assert key in seen.text, key
        await seen.press("escape")
        assert "Everywhere" not in seen.text


@pytest.mark.parametrize("called", [row.called for row in SCREENS])
async def test_every_key_that_is_told_does_something_that_is_seen_or_says_why_not(called: str) -> None:
    """Those of the screen itself; what runs, shows and leaves anywhere has tests of its own."""
    run = {"power": "charged", "pki": "installed", "ecosystem": "installed"}.get(called, "refused")
    source = PlayedBack(hello_of("lab", "", COMMANDS), *recorded(run))
    async with dashboard(source, (80, 24)) as seen:
        app = seen.app
        app.action_go(called)
        await seen.tick()
        view = app.view
        assert view is not None
        own = [(key, one) for key, all in view._bindings.key_to_bindings.items() for one in all if one.id is not None]
        assert len(own) > 3
        await seen.press("end", "up")
        for key, one in own:
            app.say("")
            before = seen.text, len(source.asked), app.clipboard, app.focused
            await seen.press(key)
            now = seen.text, len(source.asked), app.clipboard, app.focused
            there = one.action.startswith(("pane(", "form(", "back", "clear", "deviation(", "move(", "edge("))
            assert now != before or there, f"{key} ({one.description}) is told, and nothing comes of it"
            if isinstance(app.screen, ModalScreen):
                await seen.press("escape")
            if isinstance(app.focused, Input):
                await seen.press("escape")
            app.action_go(called)
            await seen.tick()


async def test_the_palette_finds_what_a_key_does_and_does_it() -> None:
    source = PlayedBack(LabHello("lab", "0", {"move-clock": "Move the lab's clock forward"}))
    async with dashboard(source) as seen:
        await seen.press("ctrl+p")
        await seen.type("next problem")
        await seen.pilot.pause(0.2)
        assert "Live: Next problem" in seen.text
        await seen.press("enter", "enter")
        assert seen.last == "No problem there."
        await seen.press("ctrl+p")
        await seen.type("lab clock")
        await seen.pilot.pause(0.2)
        assert "Lab: move-clock" in seen.text
        await seen.press("enter", "enter")
        assert source.asked == [DoInLab("move-clock", id=1)]


REVOKE = LabHello(
    "lab",
    "0",
    {"revoke": "Revoke a certificate"},
    {"revoke": (FieldTold("whose", "Whose it is.", "EV-1"), FieldTold("reason", "Why.", "fraud", ("fraud", "error")))},
)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_a_command_with_arguments_asks_for_them_and_remembers_what_was_typed(
    size: tuple[int, int], accepted: Accepted
) -> None:
    source = PlayedBack(REVOKE, *recorded("passed"))
    async with dashboard(source, size) as seen:
        await seen.press("ctrl+p")
        await seen.type("lab revoke")
        await seen.pilot.pause(0.2)
        await seen.press("enter")
        await seen.press("tab")
        await seen.type("error")
        accepted(f"lab-command-{size[0]}x{size[1]}", seen.text)
        await seen.press("enter")
        assert source.asked == [DoInLab("revoke", {"reason": "error"}, id=1)]
        source.reports.append(RequestDone(1, brought="It is revoked."))
        await seen.tick()
        assert seen.last == "It is revoked." and "Tab next field" not in seen.text
        seen.app.do_in_lab("revoke")
        await seen.tick()
        assert "error" in [field.value for field in seen.app.screen.query(Input)]
        await seen.press("escape")
        assert len(source.asked) == 1, "it was left"


async def test_a_terminal_that_gets_too_small_says_so() -> None:
    async with dashboard(PlayedBack(), (80, 24)) as seen:
        await seen.pilot.resize_terminal(70, 20)
        while seen.app.screen._compositor.size != (70, 20):  # it looks at the size now and then
            await seen.tick()
        assert "This terminal is too small: 70x20" in seen.text


# What is kept


async def test_the_layout_is_kept_between_starts_for_its_owner_alone(tmp_path: Path) -> None:
    path = place({"XDG_STATE_HOME": str(tmp_path)})
    async with dashboard(PlayedBack(), kept=path) as seen:
        await seen.press("t", "c", "f5")
        seen.app.leave()
    assert path == tmp_path / "pncsim" / "dashboard.json" and path.stat().st_mode & 0o777 == 0o600
    async with dashboard(PlayedBack(), kept=path) as seen:
        assert seen.app.theme == "pnc-light" and not seen.app.layout_kept.chart
        assert "First time here?" not in seen.text, "the hint is for the first time"


def test_a_layout_nobody_can_read_is_the_usual_one(tmp_path: Path) -> None:
    path = tmp_path / "dashboard.json"
    assert remembered(path) == Layout()
    path.write_text('{"theme": 4}')
    assert remembered(path) == Layout()
    assert "cannot be written" in remember(Path("/proc/nowhere/dashboard.json"), Layout())


def test_what_is_typed_as_filter() -> None:
    wanted = filter_of("who:EV-1 session:ab level:problem Payment details")
    assert wanted.units == {"EV-1"} and wanted.sessions == {"AB"} and wanted.level.name == "PROBLEM"
    assert wanted.text == "Payment details"
    assert filter_of("who: level:loud").text == "who: level:loud"
