"""Everything there is to run, run once: all of it as expected, within its time, and as the documents say."""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from pncsim.simulator.coverage.page import page
from pncsim.simulator.coverage.rows import covered
from pncsim.simulator.every.cases import cases
from pncsim.simulator.every.ran import Ran, read_runs
from pncsim.simulator.runs.discovery import all_scenarios

PAGE = Path(__file__).parents[2] / "docs" / "use-cases.md"
PNC = [sys.executable, "-c", "from pncsim.simulator.entry import main; main()"]
PATIENCE = 240


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``pnc run --all`` has left: a record, and a JUnit file beside it."""
    folder = tmp_path_factory.mktemp("all")
    command = [*PNC, "run", "--all", "--record", "record.jsonl", "--junit", "junit.xml"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    return folder / "record.jsonl"


@pytest.fixture(scope="module")
def runs(record: Path) -> list[Ran]:
    return read_runs(record, {})


def test_every_case_has_run_once_in_its_place(runs: list[Ran]) -> None:
    assert [run.name for run in runs] == [case.name for case in cases(all_scenarios())]


def test_every_check_of_a_use_case_says_what_demands_it_whose_doing_it_is_and_what_was_seen(runs: list[Ran]) -> None:
    checks = [(run.name, check) for run in runs if run.manifest.use_case for check in run.manifest.checks]
    mute = [f"{name}: {c.id}" for name, c in checks if not c.fault and not (c.id and c.clause and c.actor and c.seen)]
    assert checks and mute == []


def test_the_junit_file_has_a_case_for_each_check_and_no_name_twice(record: Path, runs: list[Ran]) -> None:
    suites = ET.parse(record.with_name("junit.xml")).getroot()
    assert suites.get("tests") == str(sum(len(run.manifest.checks) for run in runs))
    assert [suite.get("name") for suite in suites] == [run.name for run in runs]


def test_the_printed_use_cases_are_current(runs: list[Ran]) -> None:
    again = "run: pnc run --all && pnc coverage --format markdown > docs/use-cases.md"
    assert PAGE.read_text() == page(covered(runs)), again
