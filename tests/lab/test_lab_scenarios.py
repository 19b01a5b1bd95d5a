"""Every scenario passes on both transports: what is declared is tested by existing."""

from __future__ import annotations

from typing import Any

import pytest
from further import FURTHER
from lab_runs import Run, leaks, run, texts

from pncsim.simulator.every.cases import variants
from pncsim.simulator.result import Verdict
from pncsim.simulator.runs.discovery import all_scenarios
from pncsim.wire.gate import Tolerance
from pncsim.wire.trace import Event, Judged, Power, Problem, Tolerated

REFUSING = frozenset({"card-first", "no-roaming", "root-removed", "sales-tariff", "station-offline"})
"""What they show is refused or left aside, which actors report."""

SCENARIOS = {
    name: scenario
    for name, scenario in all_scenarios().items()
    if not scenario.shown and name not in REFUSING.union(FURTHER)
}
"""Those of charging; what the published use cases show as a whole is in test_use_cases."""


IN_MEMORY = [
    pytest.param(name, options, id=" ".join([name, *(f"{k}={v}" for k, v in options.items())]))
    for name, scenario in SCENARIOS.items()
    for options in variants(scenario)
]


def of_the_machine(event: Event, transport: str) -> bool:
    """On sockets time is real: how long an answer takes there is the business of a busy machine."""
    return transport == "loopback" and isinstance(event, Tolerated) and event.code == Tolerance.LATE_RESPONSE


def assert_passed(done: Run) -> None:
    result = done.result
    assert result.verdict is Verdict.PASS, result.cause
    assert result.exit_code == 0
    assert result.checks and all(check.ok for check in result.checks)
    told = [e for e in done.events if isinstance(e, Problem | Tolerated) or (isinstance(e, Judged) and not e.ok)]
    assert [e for e in told if not of_the_machine(e, result.transport)] == []
    assert done.after is not None
    assert not (done.after.session or done.after.transaction_of_station or done.after.waiting)
    assert done.after.transactions
    assert all(complete for _, complete in done.after.transactions)
    assert leaks(texts(done.events), done.keys, done.password) == []


@pytest.mark.parametrize(("name", "options"), IN_MEMORY)
def test_in_memory(name: str, options: dict[str, Any]) -> None:
    assert_passed(run(name, options))


@pytest.mark.parametrize("name", SCENARIOS)
def test_on_loopback(name: str) -> None:
    assert_passed(run(name, transport="loopback"))


def test_the_main_job_by_direct_current_on_loopback() -> None:
    assert_passed(run("install-contract", {"energy": "dc"}, transport="loopback"))


def test_the_shipped_scenarios_are_there() -> None:
    wanted = {"install-contract", "pnc-ac", "pnc-dc", "eim-ac", "eim-dc"}
    wanted |= {"update-contract", "pause-resume", "renegotiate"}
    assert wanted <= set(SCENARIOS)


@pytest.mark.parametrize("kwh", [0.05, 7.5])
def test_the_vehicle_gets_the_energy_it_wants(kwh: float) -> None:
    done = run("pnc-dc", {"kwh": kwh})
    assert done.result.verdict is Verdict.PASS, done.result.cause
    last = [e for e in done.events if isinstance(e, Power) and e.role == "EV"][-1]
    assert last.energy_wh == pytest.approx(kwh * 1000, rel=0.05)


def test_a_run_takes_time_in_the_lab_only() -> None:
    done = run("pnc-ac", {"kwh": 7.5})
    assert done.result.lab_seconds > 1_000
    assert done.result.wall_seconds < 30


def test_a_paused_vehicle_may_sleep_for_long() -> None:
    assert_passed(run("pause-resume", {"minutes": 45.0}))


def test_two_runs_share_nothing() -> None:
    first, second = run("install-contract"), run("install-contract")
    assert first.result.facts.keys() == second.result.facts.keys()
    mine, other = ({k.private_numbers().private_value for k in r.keys} for r in (first, second))
    assert not mine & other
