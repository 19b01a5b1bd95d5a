"""All runs at once: which there are, how some are chosen, and that whatever becomes of one spoils no other."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest
from signals import hear_ctrl_c

from pncsim.simulator.commands.main import main
from pncsim.simulator.every.cases import RunCase, cases, typed
from pncsim.simulator.every.ran import Ran, exit_code, read_runs
from pncsim.simulator.every.selection import selection
from pncsim.simulator.every.told import ProgressBar
from pncsim.simulator.every.workers import options_of, ran
from pncsim.simulator.faults.table import FAULTS
from pncsim.simulator.result import Verdict
from pncsim.simulator.runs.discovery import all_scenarios, find_scenario
from pncsim.simulator.settings import RunSettings
from pncsim.wire.errors import LocalError

PNC = [sys.executable, "-c", "from pncsim.simulator.entry import main; main()"]
PATIENCE = 60
OWN = """
import asyncio, os, signal
from typing import Literal
from pncsim.simulator.lab.lab import Lab
from pncsim.simulator.scenario import scenario


@scenario("mine-good", title="is good", clauses=("MY-1",))
async def good(lab: Lab, *, colour: Literal["red", "blue"] = "red") -> None:
    lab.expect.that("it is a colour", colour in ("red", "blue"), colour)


@scenario("mine-bad", title="is not")
async def bad(lab: Lab) -> None:
    lab.expect.that("it is <good>", False, "bad & worse")


@scenario("mine-wrong", title="raises")
async def wrong(lab: Lab) -> None:
    {}["nothing"]


@scenario("mine-dead", title="takes its process with it")
async def dead(lab: Lab) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@scenario("mine-endless", title="never ends")
async def endless(lab: Lab) -> None:
    lab.voice.story("It has begun.")
    open("begun", "w").close()
    while True:
        await asyncio.sleep(0)
"""


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A working directory with a folder of scenarios."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "own.py").write_text(OWN)
    return tmp_path


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return kept | {"HOME": str(tmp_path), "XDG_CACHE_HOME": os.path.expanduser("~/.cache")}


def run_all(desk: Path, env: dict[str, str], select: str, *words: str) -> subprocess.CompletedProcess[str]:
    command = [*PNC, "run", "--all", "--scenarios", "mine", "--select", select, "--record", "record.jsonl", *words]
    return subprocess.run(command, cwd=desk, env=env, capture_output=True, text=True, timeout=PATIENCE, check=False)


# Which there are


def test_every_scenario_runs_with_each_word_and_every_fault_with_each_choice() -> None:
    scenarios = all_scenarios()
    found = cases(scenarios)
    names = [case.name for case in found]
    assert len(set(names)) == len(names)
    assert {*scenarios} <= {*names}
    assert {"renegotiate --by vehicle", "eim-ac --no-tls", "pnc-ac --fault wrong-challenge"} <= {*names}
    assert {case.fault.partition(":")[0] for case in found} - {""} == {*FAULTS}
    assert sum(bool(case.fault) for case in found) >= 60


@pytest.mark.parametrize("case", cases(all_scenarios())[::9], ids=lambda case: case.name)
def test_what_a_run_is_called_is_what_one_types(case: RunCase) -> None:
    from pncsim.simulator.commands.main import _parser

    words = ["run", *case.name.split()]
    typed_in = _parser(words).parse_args(words)
    assert {option.name: getattr(typed_in, option.name) for option in case.scenario.options} == options_of(case)
    assert typed_in.fault == ([case.fault] if case.fault else [])


def test_a_name_with_blanks_is_quoted() -> None:
    assert typed("one", {"a_b": "c d", "e": False, "f": True}, ["g"]) == "one --a-b 'c d' --no-e --f --fault g"


# Which are chosen

LABELS = ("install-contract --energy dc", "OCPP C07", "CharIN 2.1.3.2")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("install", True),
        ("INSTALL", True),
        ("pnc", False),
        ("not pnc and dc", True),
        ("not (pnc or dc)", False),
        ("pnc or dc and install", True),
        ("pnc and dc or install", True),
        ("(pnc or dc) and eim", False),
        ('"ocpp c07"', True),
        ("2.1.3", True),
        ("2.1.3.2", True),
        ("3.2", False),
        ("2.1.3.20", False),
        ("2", True),
        ("not not dc", True),
    ],
)
def test_an_expression_selects(text: str, meant: bool) -> None:
    assert selection(text)(LABELS) is meant


@pytest.mark.parametrize("named", ["--junit", "--record"])
def test_a_file_that_cannot_be_written_is_found_before_anything_runs(
    named: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    nowhere = tmp_path / "file" / "results"
    with pytest.raises(SystemExit) as left:
        main(["run", "--all", "--select", "eim-ac", named, str(nowhere)])
    assert left.value.code == 3
    told = capsys.readouterr()
    assert told.err.startswith(f"pnc: {nowhere} cannot be written: ") and told.out == ""


@pytest.mark.parametrize("text", ["", "and", "a and", "a b", "(a", "a)", "not", 'a "b', "or a", "()", '""x'])
def test_what_is_no_expression_is_a_sentence(text: str) -> None:
    with pytest.raises(LocalError) as refused:
        selection(text)
    assert "selects nothing" in str(refused.value)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--select", "nothing-is-called-so"], "--select means none of the runs"),
        (["--select", "(a"], "a bracket is not closed"),
        (["--jobs", "0"], "'0' is no number of processes"),
        (["--jobs", "two"], "'two' is no number of processes"),
        (["-v", "-q"], "not allowed with"),
    ],
)
def test_wrong_usage_is_a_sentence(words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["run", "--all", *words])
    assert left.value.code == 2
    assert sentence in capsys.readouterr().err


def test_runs_are_named_without_being_run(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["run", "--all", "--list", "--select", "renegotiate"])
    assert not left.value.code
    assert capsys.readouterr().out.splitlines() == [
        "renegotiate",
        "renegotiate --energy dc",
        "renegotiate --by vehicle",
    ]


# How they go


def test_all_that_passes_is_a_pass_with_record_junit_and_evidence(desk: Path, env: dict[str, str]) -> None:
    words = ("--junit", "out.xml", "--evidence", "kept", "--seed", "7", "-v")
    done = run_all(desk, env, "mine-good or wrong-challenge", *words)
    assert (done.returncode, done.stderr) == (0, "")
    *told, last = done.stdout.splitlines()
    names = ["mine-good", "mine-good --colour blue", "pnc-ac --fault wrong-challenge"]
    assert sorted(told) == sorted(f"PASS {name}" for name in names)
    assert last.startswith("PASS 3 runs, all as expected (")
    runs = read_runs(desk / "record.jsonl", {})
    assert [run.name for run in runs] == names
    assert [run.manifest.options for run in runs[:2]] == [{"colour": "red"}, {"colour": "blue"}]
    assert [fault.name for fault in runs[2].manifest.faults] == ["wrong-challenge"]
    assert all(run.cpu_seconds > 0 and run.manifest.seed == "7" for run in runs)
    for run in runs:
        held = json.loads((desk / run.evidence / "manifest.json").read_text())
        again = f"pnc run {run.name} --scenarios=mine --transport=memory --seed=7"
        assert held["command"] == again + (" --expect-fault" if "--fault" in run.name else "")
        assert (held["checks"] != [], held["options"]) == (True, run.manifest.options)
    suites = ET.parse(desk / "out.xml").getroot()
    assert [suite.get("name") for suite in suites] == names
    assert (suites.get("failures"), suites.get("errors")) == ("0", "0")
    assert f"[[ATTACHMENT|{runs[0].evidence}/report.html]]" in (suites[0].findtext("system-out") or "")


def test_what_fails_breaks_off_or_dies_is_told_and_spoils_nothing_else(desk: Path, env: dict[str, str]) -> None:
    done = run_all(desk, env, "mine- and not endless", "--junit", "out.xml", "--jobs", "1")
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[0] == "FAIL mine-bad: it is <good>: bad & worse"
    assert lines[1].startswith("ERROR mine-wrong: The scenario broke off in own.py, line ")
    assert lines[2] == "ERROR mine-dead: The process it ran in has gone: signal 9 (SIGKILL)."
    assert lines[3].startswith("FAIL 5 runs, 1 not as expected, 2 could not be done (")
    suites = ET.parse(desk / "out.xml").getroot()
    assert (suites.get("tests"), suites.get("failures"), suites.get("errors")) == ("5", "1", "2")
    failure = suites.find(".//failure")
    assert failure is not None and failure.get("message") == "bad & worse"


def test_a_run_without_end_is_ended_and_the_next_one_begun(desk: Path, env: dict[str, str]) -> None:
    done = run_all(desk, env, "mine-endless or mine-good", "--jobs", "1", "--limit", "0.5", "--evidence", "kept")
    assert (done.returncode, done.stderr) == (3, "")
    told = done.stdout.splitlines()
    assert "ERROR mine-endless: It had not ended after 0.5 s (--limit)." in told
    assert told[-1].startswith("FAIL 3 runs, 1 could not be done (")
    assert [*desk.glob("kept/*mine-endless/manifest.json")], "what was seen of it is kept"


def test_the_first_that_fails_may_be_the_last_that_is_begun(desk: Path, env: dict[str, str]) -> None:
    done = run_all(desk, env, "mine- and not endless", "--jobs", "1", "--fail-fast", "-q")
    assert done.returncode == 1
    assert done.stdout.startswith("FAIL 5 runs, 1 not as expected, 2 not done (")
    assert [run.name for run in read_runs(desk / "record.jsonl", {})][-1] == "mine-bad"


def test_a_file_that_cannot_be_used_is_no_success(desk: Path, env: dict[str, str]) -> None:
    (desk / "mine" / "broken.py").write_text("def broken(:\n")
    done = run_all(desk, env, "mine-good", "-q")
    assert done.returncode == 3 and done.stdout.startswith("PASS 2 runs")
    assert done.stderr == "pnc: mine/broken.py cannot be used: line 1: invalid syntax.\n"


def endless(desk: Path, env: dict[str, str]) -> subprocess.Popen[str]:
    """A run without end, begun, in a group of its own."""
    words = ["--scenarios", "mine", "--select", "mine-endless", "--evidence", "kept"]
    process = subprocess.Popen(
        [*PNC, "run", "--all", *words, "--record", "record.jsonl"],
        cwd=desk,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=hear_ctrl_c,
    )
    until = time.monotonic() + PATIENCE
    while not (desk / "begun").exists():
        assert time.monotonic() < until and process.poll() is None
        time.sleep(0.01)
    return process


def test_who_is_killed_leaves_no_process_either(desk: Path, env: dict[str, str]) -> None:
    process = endless(desk, env)
    process.kill()
    process.communicate(timeout=PATIENCE)  # ends when nobody holds the pipes any more, the workers included
    assert process.returncode == -signal.SIGKILL
    verdicts = [json.loads(path.read_text())["verdict"] for path in desk.glob("kept/*/manifest.json")]
    assert verdicts == ["error"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["Ctrl-C", "SIGTERM"])
def test_who_is_interrupted_leaves_no_process_and_every_bundle_whole(
    desk: Path, env: dict[str, str], number: signal.Signals, code: int
) -> None:
    process = endless(desk, env)
    os.killpg(process.pid, number)
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, "Traceback" in err) == (code, False), err
    assert out.startswith("FAIL 1 run, 1 not done (")
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
    verdicts = [json.loads(path.read_text())["verdict"] for path in desk.glob("kept/*/manifest.json")]
    assert verdicts == ["error"]


def test_a_defect_of_ours_has_a_code_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> object:
        raise ZeroDivisionError("ours")

    monkeypatch.delenv("PNC_DEBUG", raising=False)
    monkeypatch.setattr("pncsim.simulator.lab.lab.make_vehicle", broken)
    run = ran(RunCase(find_scenario("eim-ac")), RunSettings(transport="memory"))
    assert run.defect and run.exit_code == 70 and run.manifest.verdict is Verdict.ERROR
    assert run.line == "ERROR eim-ac: The run broke off: ZeroDivisionError: ours."
    assert exit_code([run]) == 70


def of_verdict(verdict: str, *, defect: bool = False) -> Ran:
    run = ran(RunCase(find_scenario("vehicle-published")), RunSettings(transport="memory"))
    from pncsim.wire.values import replace

    return replace(run, manifest=replace(run.manifest, verdict=Verdict(verdict)), defect=defect)


def test_the_worst_run_decides() -> None:
    good, bad, undone, defect = (*map(of_verdict, ("pass", "fail", "error")), of_verdict("error", defect=True))
    assert [exit_code(runs) for runs in ([], [good], [good, undone], [undone, bad], [bad, defect])] == [0, 0, 3, 1, 70]


class Terminal:
    """What a terminal of this width is told."""

    def __init__(self, tty: bool) -> None:
        self.text, self._tty = "", tty

    def isatty(self) -> bool:
        return self._tty

    def write(self, text: str) -> int:
        self.text += text
        return len(text)

    def flush(self) -> None:
        """Nothing is held back."""


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("COLUMNS", "50")
    yield


@pytest.mark.usefixtures("narrow")
def test_a_terminal_sees_a_bar_of_one_line_and_a_file_nothing() -> None:
    seen, file = Terminal(True), Terminal(False)
    for out in (seen, file):
        bar = ProgressBar(4, out)  # type: ignore[arg-type]
        bar.draw(2, 1, "renegotiate --energy dc\n")
        bar.draw(4, 1, "x" * 100)
        bar.clear()
    assert file.text == ""
    first, second, last = seen.text.split("\r\x1b[K")[1:]
    assert first == "[############............] 2/4, 1 bad  renegotiate --energy dc"[:49]
    assert len(second) == 49 and second.startswith("[########################] 4/4")
    assert last == ""
