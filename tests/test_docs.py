"""Documents that are made from the code say what the code says, and what they show can be run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from pncsim.simulator.commands import tables
from pncsim.simulator.faults.table import FAULTS
from pncsim.simulator.result import RunResult, Verdict
from pncsim.simulator.runs.discovery import all_scenarios
from pncsim.simulator.runs.loop import run_on_loop
from pncsim.simulator.runs.run import Run
from pncsim.simulator.scenario import Scenario
from pncsim.simulator.settings import RunSettings

DOCS = Path(__file__).parents[1] / "docs"


def test_the_printed_state_machines_are_current() -> None:
    assert (DOCS / "state-machines.md").read_text() == tables.page(), "run: pnc tables > docs/state-machines.md"


def test_the_documented_scenarios_exist_and_every_fault_is_documented() -> None:
    text = (DOCS / "scenarios.md").read_text()
    table = text[text.index("| scenario |") : text.index("`pnc run NAME --help`")]
    documented = {
        name for row in table.splitlines()[2:] if row for name in re.findall(r"`([a-z-]+)`", row.split("|")[1])
    }
    assert len(documented) >= 8
    assert documented <= set(all_scenarios())
    assert [name for name in FAULTS if f"`{name}`" not in text] == []


def test_the_example_scenario_runs_as_written() -> None:
    text = (DOCS / "scenarios.md").read_text()
    written: dict[str, Any] = {}
    exec(re.findall(r"```python\n(.*?)```", text, re.DOTALL)[0], written)
    (example,) = [value for value in written.values() if isinstance(value, Scenario)]

    async def run() -> RunResult:
        settings = RunSettings(transport="memory")
        return await Run(example, {"kwh": 0.5}, settings).done()

    result = run_on_loop("memory", run)
    assert result.verdict is Verdict.PASS, result.cause
    assert len([check for check in result.checks if check.expected == "nothing is installed"]) == 2
