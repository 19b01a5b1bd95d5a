"""Every negative case ends as the sources demand; the catalogue is written down as it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from lab_runs import run

from pncsim.simulator.commands.main import main
from pncsim.simulator.faults.negatives import NEGATIVES, Negative
from pncsim.simulator.faults.page import page
from pncsim.simulator.faults.table import FAULTS
from pncsim.simulator.faults.waiting import WAITING

PAGE = Path(__file__).parents[2] / "docs" / "faults.md"


@pytest.mark.parametrize("negative", NEGATIVES, ids=lambda one: one.name)
def test_it_ends_as_the_sources_demand(negative: Negative) -> None:
    done = run(negative.scenario, negative.options, faults=[negative.fault])
    assert done.result.error is None
    answers = [check for check in done.result.checks if check.fault]
    assert answers and all(check.clause for check in answers)
    assert [check.expected for check in answers if not check.ok] == []


def test_each_is_there_once() -> None:
    assert len({negative.name for negative in NEGATIVES}) == len(NEGATIVES) >= 60


def test_every_fault_is_tried_by_a_case() -> None:
    tried = {negative.chosen.fault.name for negative in NEGATIVES}
    assert {name for name, fault in FAULTS.items() if fault.group != "process"} - tried == {"raw-value"}


@pytest.mark.parametrize("name", [name for name, fault in FAULTS.items() if fault.group != "process"])
def test_something_demands_the_answer(name: str) -> None:
    assert FAULTS[name].chosen().clause


def test_what_waits_is_nothing_that_is_there() -> None:
    assert not {one.name for one in WAITING} & FAULTS.keys()
    assert all(one.waits_for and one.clause for one in WAITING)


def test_the_page_is_the_catalogue() -> None:
    assert PAGE.read_text() == page(), "pnc faults --format markdown > docs/faults.md"


def test_the_command_tells_it_all(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["faults", "--format", "json"])
    told = json.loads(capsys.readouterr().out)
    assert [one["id"] for one in told["faults"]] == list(FAULTS)
    assert all({"group", "where", "does", "parameters", "must", "clause"} <= one.keys() for one in told["faults"])
    assert len(told["negatives"]) == len(NEGATIVES) and len(told["waiting"]) == len(WAITING)
    with pytest.raises(SystemExit):
        main(["faults"])
    shown = capsys.readouterr().out
    assert "wrong-challenge  (messages, at: vehicle)" in shown
    assert "  must   AuthorizationRes FAILED_ChallengeInvalid  [V2G2-475]" in shown


def test_one_of_them_alone_is_told_and_a_name_nobody_knows_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["faults", "no-staple", "--format", "json"])
    assert [one["id"] for one in json.loads(capsys.readouterr().out)] == ["no-staple"]
    with pytest.raises(SystemExit) as left:
        main(["faults", "no-staple"])
    shown = capsys.readouterr().out
    assert left.value.code == 0 and shown.startswith("no-staple  (TLS") and "\n\n" not in shown
    for words in (["no-stapel"], ["no-staple", "--format", "markdown"]):
        with pytest.raises(SystemExit) as left:
            main(["faults", *words])
        assert left.value.code == 2
