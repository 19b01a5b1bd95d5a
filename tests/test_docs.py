"""Documents that are made from the code say what the code says."""

from __future__ import annotations

from pathlib import Path

from simulator import tables
from simulator.faults import FAULTS
from simulator.scenario import all_scenarios

DOCS = Path(__file__).parents[1] / "docs"


def test_the_printed_state_machines_are_current() -> None:
    assert (DOCS / "state-machines.md").read_text() == tables.page(), "run: pnc tables > docs/state-machines.md"


def test_every_scenario_and_fault_is_documented() -> None:
    text = (DOCS / "scenarios.md").read_text()
    assert [name for name in (*all_scenarios(), *FAULTS) if f"`{name}`" not in text] == []
