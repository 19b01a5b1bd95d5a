"""Each published use case that has a scenario is shown with every item of its evidence, on both transports."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from lab_runs import Transport
from test_lab_scenarios import variants
from use_cases import AWAITED, ITEMS

from pncsim.simulator.result import RunResult, Verdict
from pncsim.simulator.runs.discovery import all_scenarios
from pncsim.simulator.runs.loop import run_on_loop
from pncsim.simulator.runs.run import Run
from pncsim.simulator.settings import RunSettings
from pncsim.wire.trace import Event, Problem

SHOWN = {name: scenario for name, scenario in all_scenarios().items() if scenario.use_case is not None}
VARIANTS = [(name, tuple(options.items())) for name, scenario in SHOWN.items() for options in variants(scenario)]


@cache
def ran(name: str, options: tuple[tuple[str, Any], ...], transport: Transport = "memory") -> RunResult:
    """The result of one run, in which no defect of ours was told."""
    events = list[Event]()

    async def main() -> RunResult:
        return await Run(SHOWN[name], dict(options), RunSettings(transport=transport), readers=(events.append,)).done()

    result = run_on_loop(transport, main)
    assert [event.text for event in events if isinstance(event, Problem) and event.kind == "defect"] == []
    return result


def assert_shown(result: RunResult) -> None:
    assert result.verdict is Verdict.PASS, result.cause
    assert all(check.id and check.clause and check.actor and check.seen for check in result.checks), result.checks
    assert len({check.id for check in result.checks}) == len(result.checks)


@pytest.mark.parametrize(("name", "options"), VARIANTS, ids=str)
def test_in_memory(name: str, options: tuple[tuple[str, Any], ...]) -> None:
    assert_shown(ran(name, options))


@pytest.mark.parametrize("name", SHOWN)
def test_on_loopback(name: str) -> None:
    assert_shown(ran(name, (), "loopback"))


@pytest.mark.parametrize("case", sorted(ITEMS.keys() - AWAITED))
def test_every_item_of_a_use_case_has_a_check(case: str) -> None:
    checked: set[str] = set()
    for name, options in VARIANTS:
        shown = SHOWN[name].use_case
        if shown is not None and shown.id == case:
            checked |= {check.id for check in ran(name, options).checks}
    assert {f"{case}/{item}" for item in ITEMS[case]} - checked == set()


def test_the_use_cases_without_a_scenario_are_known() -> None:
    shown = {scenario.use_case.id for scenario in SHOWN.values() if scenario.use_case is not None}
    assert shown <= ITEMS.keys()
    assert ITEMS.keys() - shown == AWAITED


@pytest.mark.parametrize("name", SHOWN)
def test_a_use_case_says_who_acts_and_what_has_to_be_so_before(name: str) -> None:
    scenario = SHOWN[name]
    case = scenario.use_case
    assert case is not None and case.source and case.preconditions
    assert scenario.clauses[0] == f"CharIN {case.id}"
    assert {check.actor for check in ran(name, ()).checks} - {*case.actors} == set()
