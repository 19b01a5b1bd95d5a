"""The scenarios screen and the log, by keyboard."""

from __future__ import annotations

from copy import copy
from pathlib import Path
from typing import Annotated, Literal

import pytest
from accepted_screens import Accepted
from screens import NOW, SIZES, dashboard
from seen_runs import PlayedBack, recorded, reports_of
from textual.widgets import Input

from pncsim.simulator.cars.profile import names
from pncsim.simulator.dashboard import choices
from pncsim.simulator.dashboard.choices import everything, fault_rows, matching, source_of, wrong
from pncsim.simulator.dashboard.history import MOST, History, RunOutcome
from pncsim.simulator.dashboard.kept import place
from pncsim.simulator.dashboard.reports import RunBegan, RunEnded, StartRun
from pncsim.simulator.dashboard.screens import scenarios
from pncsim.simulator.dashboard.screens.scenarios import FaultGrid, ScenarioGrid, ScenariosScreen
from pncsim.simulator.faults.table import FAULTS
from pncsim.simulator.runs.discovery import find_scenario
from pncsim.simulator.scenario import scenario
from pncsim.wire.values import replace


async def charging(lab: object, *, kwh: Annotated[float, "Energy the driver wants, in kWh."] = 1.0) -> None:
    """A vehicle charges."""


async def installing(
    lab: object,
    *,
    days: Annotated[int, "Days the contract is valid."] = 365,
    how: Annotated[Literal["new", "again"], "Whether it is the first one."] = "new",
) -> None:
    """A contract is installed."""


@pytest.fixture
def fixed_choices(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same scenarios and faults whatever is added to the real ones."""
    declared = (
        scenario("pnc-ac", title="AC charging with the contract already in the vehicle", clauses=("V2G2-691",))(
            charging
        ),
        scenario("install", title="install a contract through the station, then charge with it")(installing),
    )
    monkeypatch.setattr(scenarios, "everything", lambda: (declared, ()))
    few = ("contract-revoked", "slow-pool", "wrong-install-signature", "bad-certificate")
    monkeypatch.setattr(choices, "FAULTS", {name: FAULTS[name] for name in few})


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("pane", ["options", "faults", "results"])
async def test_the_scenarios_screen_looks_as_it_was_accepted(
    pane: str, size: tuple[int, int], accepted: Accepted, fixed_choices: None
) -> None:
    async with dashboard(PlayedBack(*recorded("passed"), *recorded("revoked")), size) as seen:
        await seen.press("4", "down", "up", {"options": "o", "faults": "f", "results": "u"}[pane])
        if pane == "faults":
            await seen.press("down", "space")
        accepted(f"scenarios-{pane}-{size[0]}x{size[1]}", seen.text)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_the_log_looks_as_it_was_accepted(size: tuple[int, int], accepted: Accepted) -> None:
    async with dashboard(PlayedBack(*recorded("revoked")), size) as seen:
        await seen.press("9", "l", "l")
        accepted(f"log-{size[0]}x{size[1]}", seen.text)


async def test_a_scenario_is_found_its_option_typed_and_it_is_run() -> None:
    source = PlayedBack()
    async with dashboard(source) as seen:
        await seen.press("4", "slash", *"pnc-dc", "enter")
        screen = seen.app.screen
        assert isinstance(screen, ScenariosScreen)
        assert [one.name for one in screen.query_one(ScenarioGrid).scenarios] == ["pnc-dc"]
        await seen.press("down", "o")
        await seen.type("2.5")
        await seen.press("f5")
        assert source.asked == [StartRun(scenario="pnc-dc", options={"kwh": "2.5"}, id=1)]


async def test_an_option_that_is_none_is_said_at_once_and_not_run_with() -> None:
    source = PlayedBack()
    async with dashboard(source) as seen:
        await seen.press("4", "o")
        await seen.type("many")
        assert "kwh: 'many' is no number above 0." in seen.text
        await seen.press("f5")
        assert source.asked == [StartRun(scenario="pnc-ac", id=1)]


async def test_a_fault_is_switched_on_given_an_argument_and_switched_off() -> None:
    source = PlayedBack()
    async with dashboard(source) as seen:
        await seen.press("4", "f")
        screen = seen.app.screen
        assert isinstance(screen, ScenariosScreen)
        faults = screen.query_one(FaultGrid)
        at = [row.fault.name for row in faults.rows].index("slow-pool")
        await seen.press(*["down"] * at, "space")
        assert "faults on: slow-pool" in seen.text
        await seen.press("enter")
        field = screen.query_one("#arguments", Input)
        assert field.value == "slow-pool"
        await seen.press("end")
        await seen.type(":9")
        await seen.press("enter", "f5")
        assert source.asked == [StartRun(scenario="pnc-ac", faults=("slow-pool:9",), id=1)]
        await seen.press("f", "space")
        assert "no fault on" in seen.text


async def test_arguments_a_fault_cannot_have_are_a_sentence() -> None:
    async with dashboard(PlayedBack()) as seen:
        await seen.press("4", "f", "enter", "end")
        await seen.type(":x=1")
        await seen.press("enter")
        assert "has no parameter" in seen.text


async def test_results_are_kept_between_starts_and_a_run_is_run_again_as_it_was(tmp_path: Path) -> None:
    kept = place({"XDG_STATE_HOME": str(tmp_path)})
    began, told, ended = reports_of("pnc-ac", "contract-revoked")
    assert isinstance(began, RunBegan)
    began = replace(began, typed={"kwh": "2"}, vehicle_profile="a-car")
    source = PlayedBack(*reports_of("pnc-ac"), began, told, ended)
    async with dashboard(source, (160, 50), kept=kept) as seen:
        await seen.press("4", "u")
        assert "1 + PASS      0 s pnc-ac" in seen.text
        assert "2 x FAIL      0 s pnc-ac --kwh 2 --fault con" in seen.text
        said = seen.app.history.runs[-1].words
        assert said == "pnc-ac --kwh 2 --fault contract-revoked --vehicle-profile a-car", "as pnc run has it"
        about = str(seen.app.screen.query_one("#about").render())
        assert ". x FAIL 0 s ago. [" in about, "and beside the scenario stands what came of it the last time"
        await seen.press("r")
        assert "Nothing was run yet" in seen.text
        await seen.press("f5")
        source.reports += reports_of("pnc-ac")
        await seen.tick()
        await seen.press("r")
        assert [type(one) for one in source.asked] == [StartRun, StartRun]
        assert source.asked[0].scenario == source.asked[1].scenario  # type: ignore[union-attr]
    results = kept.with_name("results.jsonl")
    assert results.stat().st_mode & 0o777 == 0o600
    with results.open("ab") as file:
        file.write(b"no result\n")
    source = PlayedBack()
    async with dashboard(source, (160, 50), kept=kept) as seen:
        seen.app.machine_time = lambda: NOW + 3 * 86_400
        await seen.press("4", "u")
        assert "2 x FAIL      3 d pnc-ac --kwh 2" in seen.text and "4 " not in seen.text.partition("verdict")[2]
        await seen.press("up")
        assert "Enter runs it again" in seen.last
        await seen.press("enter")
        assert source.asked == [
            StartRun(
                scenario="pnc-ac",
                options={"kwh": "2"},
                faults=("contract-revoked",),
                vehicle_profile="a-car",
                id=1,
            )
        ]


def test_of_many_results_the_latest_are_kept_and_what_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "pncsim" / "results.jsonl"
    history = History(path)
    for number in range(2 * MOST + 1):
        assert history.add(RunOutcome(at=number, scenario="pnc-ac", verdict="pass")) == ""
    assert len(path.read_bytes().splitlines()) == 2 * MOST + 1
    again = History(path)
    assert [run.at for run in again.runs] == [run.at for run in history.runs] == [*range(MOST + 1, 2 * MOST + 1)]
    assert len(path.read_bytes().splitlines()) == MOST, "and the file is short again"
    path.unlink()
    path.mkdir()
    assert "cannot be written (Is a directory)" in History(path).add(again.runs[0])


async def test_a_run_is_repeated_and_the_vehicles_are_like_a_car() -> None:
    source = PlayedBack()
    async with dashboard(source) as seen:
        await seen.press("4", "v")
        await seen.type("no-car")
        await seen.press("enter")
        assert "There is no vehicle profile 'no-car'" in seen.last and "v car as ours" in seen.text
        car = names()[0]
        await seen.press("v")
        await seen.type(car)
        await seen.press("enter")
        assert seen.last == f"Vehicles are like {car}." and f"v car like {car}" in seen.text
        await seen.press("R")
        await seen.type("0")
        await seen.press("enter")
        assert seen.last == "'0' is no number from 1 to 1000."
        await seen.press("R")
        await seen.type("3")
        await seen.press("enter")
        for _ in range(3):
            began, _, ended = reports_of("pnc-ac")
            assert isinstance(ended, RunEnded)
            source.reports += [began, RunEnded(copy(ended.result))]
            await seen.tick()
        assert source.asked == [StartRun(scenario="pnc-ac", vehicle_profile=car, id=at) for at in (1, 2, 3)]


async def test_all_that_are_listed_run_one_after_the_other_until_stopped() -> None:
    source = PlayedBack()
    async with dashboard(source) as seen:
        await seen.press("4", "slash", *"pnc-", "enter", "A")
        for _ in range(3):
            began, _, ended = reports_of("pnc-ac")
            source.reports += [began, ended]
            assert isinstance(ended, RunEnded)
            await seen.tick()
        assert [one.scenario for one in source.asked] == ["pnc-ac", "pnc-dc"]  # type: ignore[union-attr]


async def test_the_log_is_filtered_by_level_actor_and_words() -> None:
    async with dashboard(PlayedBack(*reports_of("pnc-ac", "contract-revoked"))) as seen:
        await seen.press("9", *["l"] * 4)
        assert "only problem and worse" in seen.text and "x authorisation" in seen.text
        await seen.press("a")
        assert "only EV-1, problem and worse" in seen.text
        await seen.press("escape", "slash")
        await seen.type("authorize csms")
        await seen.press("enter")
        lines = [line for line in seen.text.splitlines() if "Authorize" in line]
        assert len(lines) >= 2 and 'only "authorize csms"' in seen.text
        await seen.press("up", "enter")
        assert seen.app.current_mode == "message" and "Authorize" in seen.text


def test_scenarios_are_matched_by_words_in_name_title_and_clauses() -> None:
    known, refused = everything()
    assert not refused and len(known) > 10
    assert [one.name for one in matching(known, "dc contract already")] == ["pnc-dc"]
    assert "pnc-ac" in [one.name for one in matching(known, "ocpp c07")]
    assert "eim-ac" not in [one.name for one in matching(known, "ocpp c07")]
    assert source_of(find_scenario("pnc-ac"))[0] == "@scenario("
    [kwh] = find_scenario("pnc-ac").options
    assert wrong(kwh, "2") == "" and "above 0" in wrong(kwh, "-2")


def test_every_fault_is_a_row_with_its_arguments_as_they_would_be_typed() -> None:
    rows = fault_rows(["slow-pool@CS001:9"])
    assert [row.fault.name for row in rows] == list(FAULTS)
    on = [row for row in rows if row.on]
    assert [(row.fault.name, row.arguments) for row in on] == [("slow-pool", "9")]
    assert "9 s" in on[0].title
