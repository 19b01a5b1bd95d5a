"""What runs have shown of the use cases: an item counts where a check of an undisturbed run that passed has its id."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pncsim.simulator.commands.main import main
from pncsim.simulator.coverage.page import lines, page, rows
from pncsim.simulator.coverage.rows import Covered, covered
from pncsim.simulator.coverage.use_cases import ITEMS, TITLES
from pncsim.simulator.every.cases import RunCase
from pncsim.simulator.every.ran import Ran, read_runs, write_record
from pncsim.simulator.every.workers import ran
from pncsim.simulator.result import Verdict
from pncsim.simulator.runs.discovery import all_scenarios, find_scenario
from pncsim.simulator.settings import RunSettings
from pncsim.wire.errors import LocalError
from pncsim.wire.values import replace

MEMORY = RunSettings(transport="memory")


@pytest.fixture(scope="module")
def runs() -> list[Ran]:
    """Of one use case with two variants, of one that was disturbed, and of a scenario that is of none."""
    published, installs = find_scenario("root-set-up"), find_scenario("install-contract")
    cases = [
        RunCase(published),
        RunCase(published, {"kind": "MO"}),
        RunCase(installs, fault="no-bundle"),
        RunCase(find_scenario("eim-ac")),
    ]
    return [ran(case, MEMORY) for case in cases]


def of(id: str, found: list[Covered]) -> Covered:
    return next(one for one in found if one.id == id)


def test_every_use_case_has_a_title_and_items() -> None:
    assert list(TITLES) == list(ITEMS) and all(ITEMS.values())


def test_every_use_case_has_its_place_whether_it_has_run_or_not(runs: list[Ran]) -> None:
    found = covered(runs)
    assert [one.id for one in found] == [*ITEMS, ""]
    whole = of("2.1.1.1.1", found)
    assert (whole.verdict, whole.missing) == ("PASS", ())
    assert [whole.evidence(run) for run in whole.runs] == ["7 of 7 items, 7 of 7 checks"] * 2
    assert of("2.1.2.2", found).verdict == "not run"
    assert [run.name for run in of("", found).runs] == ["eim-ac"]


def test_the_page_tells_of_a_use_case_what_its_own_scenario_says_and_not_a_part_of_it(
    runs: list[Ran],
) -> None:
    part = next(run for run in runs if run.manifest.use_case is not None and run.manifest.use_case.part)
    assert part.manifest.use_case is not None and runs[0].manifest.use_case is not None
    use_case = replace(part.manifest.use_case, id="2.1.1.1.1", actors=("nobody",))
    first = replace(part, name="a-part", manifest=replace(part.manifest, use_case=use_case))
    told = page(covered([first, *runs]))
    assert "Actors: root operator, RCP, OEM, MO, CPS, CPO." in told and "Actors: nobody" not in told


def test_each_use_case_is_shown_as_a_whole_by_one_scenario() -> None:
    shown = [one.shown for one in all_scenarios().values() if one.use_case is not None and not one.use_case.part]
    assert sorted(shown) == sorted(ITEMS)


def test_a_disturbed_run_shows_how_it_was_answered_and_no_item(runs: list[Ran]) -> None:
    found = of("2.1.3.2", covered(runs))
    assert [found.evidence(run) for run in found.runs] == [
        "CertificateInstallationRes FAILED_NoCertificateAvailable; EV reports: refused"
    ]
    assert found.verdict == "FAIL" and set(found.missing) == set(ITEMS["2.1.3.2"])


def test_an_item_needs_a_check_that_held_in_a_run_that_passed(runs: list[Ran]) -> None:
    good = runs[0]
    checks = [replace(check, ok=False) if check.id.endswith("/told") else check for check in good.manifest.checks]
    failed = replace(good, manifest=replace(good.manifest, checks=checks, verdict=Verdict.FAIL))
    without = replace(good, manifest=replace(good.manifest, checks=checks))
    assert of("2.1.1.1.1", covered([failed])).missing == tuple(ITEMS["2.1.1.1.1"])
    assert of("2.1.1.1.1", covered([without])).missing == ("told",)
    assert not of("2.1.1.1.1", covered([without])).ok
    assert of("2.1.1.1.1", covered([failed, good])).ok, "the last run of a name counts"


def test_the_table_is_printed_for_people_programs_and_the_documents(
    runs: list[Ran], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = tmp_path / "record.jsonl"
    write_record(record, runs)

    def said(*words: str) -> str:
        with pytest.raises(SystemExit) as left:
            main(["coverage", str(record), *words])
        assert left.value.code == 1, "most of the use cases have not run"
        return capsys.readouterr().out

    text = said().splitlines()
    assert text == list(lines(covered(runs)))
    assert "  PASS  root-set-up --kind MO  [7 of 7 items, 7 of 7 checks]" in text
    assert text[-1] == f"1 of {len(ITEMS)} use cases with all of their evidence, 4 of 4 runs as expected"
    told = json.loads(said("--format", "json"))
    assert [row["variant"] for row in told] == [row.variant for row in rows(covered(runs))]
    assert told[0] == {
        "use_case": "2.1.1.1.1",
        "variant": "root-set-up",
        "result": "pass",
        "evidence": "7 of 7 items, 7 of 7 checks",
        "bundle": "",
        "cause": "",
    }
    assert said("--format", "markdown") == page(covered(runs))


def test_a_folder_of_bundles_says_the_same_as_a_record(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--transport", "memory", "--evidence", str(tmp_path), "-q"]
    for scenario in (["root-set-up", "--kind", "MO"], ["pnc-ac", "--fault", "wrong-challenge", "--expect-fault"]):
        with pytest.raises(SystemExit):
            main(["run", *scenario, *words])
    assert capsys.readouterr().err == ""
    found = read_runs(tmp_path, all_scenarios())
    assert [run.name for run in found] == ["root-set-up --kind MO", "pnc-ac --fault wrong-challenge"]
    assert all(Path(run.evidence, "report.html").exists() for run in found)


@pytest.mark.parametrize("text", ["{}\n", "no json\n", '{"name": 1}\n'])
def test_what_is_no_record_is_a_sentence(text: str, tmp_path: Path) -> None:
    place = tmp_path / "record"
    place.write_text(text)
    with pytest.raises(LocalError, match="holds no runs"):
        read_runs(place, {})
    with pytest.raises(LocalError, match="cannot be read: no such file"):
        read_runs(tmp_path / "nowhere", {})


def test_before_anything_has_run_there_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(SystemExit) as left:
        main(["coverage"])
    assert left.value.code == 3
    assert capsys.readouterr().err == "pnc: Nothing has run yet. Run `pnc run --all`, or name a folder of bundles.\n"
