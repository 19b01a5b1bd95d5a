"""Where what is told goes: standard output that is closed, full or read by nobody any more harms no actor."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from lab_runs import run

from pncsim.simulator.evidence.folder import Recorder
from pncsim.simulator.evidence.story import StoryTeller
from pncsim.simulator.result import OutputLost, RunResult
from pncsim.simulator.runs.discovery import find_scenario
from pncsim.simulator.runs.loop import run_on_loop
from pncsim.simulator.runs.run import Run
from pncsim.simulator.runs.told import Screen, run_and_tell
from pncsim.simulator.settings import RunSettings
from pncsim.wire.errors import LocalError
from pncsim.wire.trace import Story

COMMAND = [sys.executable, "-c", "from pncsim.simulator.commands.main import main; main()"]
PATIENCE = 60

COMMANDS = [
    ["list"],
    ["tables"],
    ["run", "--help"],
    ["run", "pnc-ac", "--transport", "memory", "--no-evidence"],
    ["run", "pnc-ac", "--transport", "memory", "--no-evidence", "-q"],
]


def told_to(out: int, arguments: list[str], desk: Path, *, buffered: bool) -> tuple[int, str]:
    """Exit code and standard error of a command whose standard output is the descriptor ``out``."""
    env = {"PATH": os.environ["PATH"], "HOME": str(desk)} | ({} if buffered else {"PYTHONUNBUFFERED": "1"})
    done = subprocess.run(
        [*COMMAND, *arguments],
        cwd=desk,
        env=env,
        stdout=out,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize("buffered", [True, False], ids=["buffered", "unbuffered"])
@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_a_reader_that_has_gone_ends_the_program_quietly(arguments: list[str], buffered: bool, tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        assert told_to(writing, arguments, tmp_path, buffered=buffered) == (141, "")
    finally:
        os.close(writing)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full here")
@pytest.mark.parametrize("buffered", [True, False], ids=["buffered", "unbuffered"])
@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_a_full_disk_is_a_sentence_and_the_exit_code_3(arguments: list[str], buffered: bool, tmp_path: Path) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        code, said = told_to(full, arguments, tmp_path, buffered=buffered)
    finally:
        os.close(full)
    assert (code, said) == (3, "pnc: Standard output cannot be written: No space left on device.\n")


def test_a_closed_standard_output_is_a_sentence_and_the_exit_code_3(tmp_path: Path) -> None:
    script = " ".join(["exec", sys.executable, "-c", f"'{COMMAND[2]}'", "list", ">&-"])
    done = subprocess.run(
        ["sh", "-c", script], cwd=tmp_path, stderr=subprocess.PIPE, text=True, timeout=PATIENCE, check=False
    )
    assert (done.returncode, done.stderr) == (
        3,
        "pnc: Standard output is closed. Use >/dev/null where nothing shall be told.\n",
    )


def test_a_lone_station_ends_when_nobody_reads_what_it_tells(tmp_path: Path) -> None:
    """Without a reader it would wait for a vehicle for ever."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        assert told_to(writing, ["secc", "--sdp-port", free_port()], tmp_path, buffered=True) == (141, "")
    finally:
        os.close(writing)


def free_port() -> str:
    from test_lab_cli import free_port

    return free_port()


class Gone:
    """A place that takes so many lines, and then none."""

    def __init__(self, lines: int) -> None:
        self.left = lines

    def write(self, text: str) -> int:
        self.left -= text.count("\n")
        if self.left < 0:
            raise BrokenPipeError(32, "Broken pipe")
        return len(text)

    def flush(self) -> None:
        """Nothing waits."""

    def isatty(self) -> bool:
        return False


def test_output_lost_in_the_middle_of_a_run_ends_the_run_in_order(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "stdout", Gone(20))
    settings = RunSettings(transport="memory", evidence=tmp_path)
    with pytest.raises(OutputLost):
        run_and_tell(find_scenario("pnc-ac"), {}, settings, level=1)
    [folder] = tmp_path.iterdir()
    assert (folder / "manifest.json").exists(), "what was seen until then is kept"


def test_who_reports_never_hears_that_a_reader_has_failed() -> None:
    ended: list[bool] = []
    screen = Screen(StoryTeller(0.0, out=Gone(0)), lambda: ended.append(True))  # type: ignore[arg-type]
    for _ in range(3):
        screen(Story(time=0.0, role="EV", text="Something happened."))
    assert ended == [True]
    assert isinstance(screen.lost, BrokenPipeError)


@pytest.mark.parametrize(
    ("loop", "transport"),
    [(lambda main: asyncio.run(main()), "memory"), (lambda main: run_on_loop("memory", main), "loopback")],
    ids=["memory on real time", "sockets on virtual time"],
)
def test_a_run_refuses_a_loop_that_is_not_its_transports(loop: Callable[..., None], transport: str) -> None:
    async def main() -> None:
        Run(find_scenario("pnc-ac"), settings=RunSettings(transport=transport))  # type: ignore[arg-type]

    with pytest.raises(LocalError, match="run_on_loop"):
        loop(main)


def test_a_loop_of_its_own_cannot_be_made_inside_another_one() -> None:
    async def main() -> None:
        run_and_tell(find_scenario("pnc-ac"), {}, RunSettings(transport="memory"))

    with pytest.raises(LocalError, match="A loop is running in this thread already"):
        asyncio.run(main())


async def _open_a_socket() -> None:
    await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)


async def _ask_a_thread() -> None:
    await asyncio.to_thread(len, "")


@pytest.mark.parametrize("real", [_open_a_socket, _ask_a_thread], ids=["a socket", "a thread"])
@pytest.mark.filterwarnings("ignore:unclosed")
def test_virtual_time_does_not_pretend_to_wait_for_what_is_real(real: Callable[[], None]) -> None:
    async def main() -> None:
        with pytest.raises(LocalError, match="loop of virtual time"):
            await real()  # type: ignore[func-returns-value, misc]

    run_on_loop("memory", main)


def test_a_creation_of_certificates_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    """A file may have 400 octets here, which no certificate does with."""
    program = (
        "import resource, sys; sys.dont_write_bytecode = True; "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (400, 400)); "
        "from pncsim.simulator.commands.main import main; main(['certs', 'create', 'deep/pki'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 3
    assert done.stderr == "The PKI folder deep/pki cannot be written: File too large.\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full here")
def test_evidence_on_a_disk_that_is_full_never_reaches_an_actor_and_is_said_at_the_end(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, "full", 0.0)
    recorder(Story(time=0.0, role="EV", text="There is room for this."))
    recorder.write()
    assert recorder._files is not None
    recorder._files.close()
    recorder._files._open["events.jsonl"] = os.open("/dev/full", os.O_WRONLY)
    for _ in range(3):
        recorder(Story(time=0.0, role="EV", text="There is none for this."))
        recorder.write()
    with pytest.raises(LocalError, match=r"No space left on device.*--evidence DIR"):
        recorder.finish(RunResult("full", "memory"), ended=1.0, options={})


# The verdict


@pytest.mark.parametrize(("expected", "verdict"), [(False, "FAIL"), (True, "PASS")])
def test_a_fault_answered_as_the_standard_says_passes_where_it_is_expected(
    expected: bool, verdict: str, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = RunSettings(transport="memory", faults=("no-staple",), expect_fault=expected)
    result = run_and_tell(find_scenario("pnc-ac"), {}, settings, level=-1)
    assert result.exit_code == (0 if expected else 1)
    said = capsys.readouterr().out
    assert said.startswith(f"{verdict} pnc-ac, disturbed by no-staple, answered as the standard says")


def test_a_fault_nobody_answers_fails_where_it_is_expected(capsys: pytest.CaptureFixture[str]) -> None:
    settings = RunSettings(transport="memory", faults=("wrong-signature",), expect_fault=True)
    assert run_and_tell(find_scenario("eim-ac"), {}, settings, level=-1).exit_code == 1
    assert "disturbed by wrong-signature, not answered as the standard says" in capsys.readouterr().out


def test_an_expected_answer_needs_a_fault(capsys: pytest.CaptureFixture[str]) -> None:
    from pncsim.simulator.commands.main import main

    with pytest.raises(SystemExit) as left:
        main(["run", "pnc-ac", "--expect-fault"])
    assert left.value.code == 2
    assert "--fault NAME" in capsys.readouterr().err


def test_the_verdict_names_the_failed_check_and_then_the_first_problem() -> None:
    result = run("pnc-ac", faults=["wrong-challenge"]).result
    failed = next(check for check in result.checks if not check.ok)
    assert result.cause.startswith(f"{failed.expected}: {failed.seen}")
    assert result.first_problem.startswith("SECC: The vehicle sent the challenge")
    assert result.line.startswith(f"FAIL pnc-ac, {result.disturbed}: {result.cause}")
    assert result.line.endswith(f"(first problem: {result.first_problem})")
