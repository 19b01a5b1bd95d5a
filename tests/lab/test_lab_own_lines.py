"""What a scenario's own lines say: an ``assert`` that fails is a failed check, another error is the scenario's own."""

from __future__ import annotations

import gc
import warnings
from pathlib import Path

import pytest

from pncsim.simulator.commands.main import main
from pncsim.simulator.lab import lab as lab_module

FILE = '''
import asyncio

from pncsim.simulator.lab.lab import Lab
from pncsim.simulator.scenario import scenario


def check(number):
    assert number < 3


@scenario("mine", title="mine")
async def mine(lab: Lab) -> None:
    """Mine."""
{body}
'''


def ran(
    folder: Path, capsys: pytest.CaptureFixture[str], *lines: str, options: tuple[str, ...] = ()
) -> tuple[int, str]:
    """Exit code and last line of the scenario with this body."""
    file = folder / "mine.py"
    file.write_text(FILE.format(body="\n".join(f"    {line}" for line in lines)))
    with pytest.raises(SystemExit) as left:
        main(["run", str(file), "--transport", "memory", "--no-evidence", "-q", *options])
    return int(str(left.value.code or 0)), capsys.readouterr().out.strip()


def test_an_assertion_that_fails_is_a_failed_check_with_its_text(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = ran(tmp_path, capsys, "number = 3", "assert (number ==", '    4), f"it is {number}"')
    assert said == (1, "FAIL mine: assert number == 4 (mine.py, line 16): it is 3")
    said = ran(tmp_path, capsys, "import unittest", "unittest.TestCase().assertEqual(1, 2)")
    assert said == (1, "FAIL mine: unittest.TestCase().assertEqual(1, 2) (mine.py, line 16): 1 != 2")
    said = ran(tmp_path, capsys, "check(2)", "check(5)")
    assert said == (1, "FAIL mine: assert number < 3 (mine.py, line 9): no")


def test_checks_before_it_are_kept_and_a_fault_is_judged_all_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = (
        "vehicle = await lab.vehicle(kwh=0.5, contract=True, payment='contract')",
        "outcome = await lab.plug_in(vehicle)",
        "lab.expect.session(outcome)",
        "assert outcome.ok",
    )
    options = ("--fault", "contract-revoked")
    code, said = ran(tmp_path, capsys, *lines, options=options)
    assert code == 1 and said.startswith("FAIL mine, disturbed by contract-revoked, answered as the standard says: ")
    assert ran(tmp_path, capsys, *lines, options=(*options, "--expect-fault"))[0] == 0


def test_assertions_that_hold_are_a_check_where_there_is_no_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ran(tmp_path, capsys, "assert lab.card", "check(1)") == (0, "PASS mine")
    assert ran(tmp_path, capsys, "check(1)") == (0, "PASS mine")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "helper.py").write_text("def nothing(): pass\n")
    empty = FILE.replace("    assert number < 3\n", "    return number\n").format(body="    check(1)")
    (tmp_path / "other" / "empty.py").write_text(empty)
    with pytest.raises(SystemExit) as left:
        main(["run", str(tmp_path / "other" / "empty.py"), "--transport", "memory", "--no-evidence", "-q"])
    assert (left.value.code, capsys.readouterr().out) == (1, "FAIL mine: Nothing was checked.\n")


def test_each_assertion_of_a_group_of_tasks_is_a_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = (
        "async def one(number):",
        "    check(number)",
        "async with asyncio.TaskGroup() as group:",
        "    for number in (7, 8):",
        "        group.create_task(one(number))",
    )
    assert ran(tmp_path, capsys, *lines) == (1, "FAIL mine: assert number < 3 (mine.py, line 9): no")


def test_an_assertion_of_the_simulator_that_fails_is_a_defect_and_no_check(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lab_module, "check_name", _as_if_in("pncsim.simulator.lab.vehicles"))
    code, said = ran(tmp_path, capsys, "await lab.vehicle(kwh=1)")
    assert (code, said) == (70, "")


def _as_if_in(module: str) -> object:
    """A function of that module whose assertion fails."""
    names: dict[str, object] = {"__name__": module}
    exec("def check_name(name):\n    assert not name\n", names)
    return names["check_name"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("lab.nothing()", "line 15: AttributeError: 'Lab' object has no attribute 'nothing'"),
        ("{}['key']", "line 15: KeyError: 'key'"),
        ("await lab.plug_in()", "line 15: TypeError: Lab.plug_in() missing 1 required positional argument: 'vehicle'"),
        ("await lab.plug_in(lab.vehicle())", "line 15: write `await` before the call of Lab.vehicle"),
        ("lab.expect.session(lab.plug_in(None))", "line 15: write `await` before the call of Lab.plug_in"),
        ("async with asyncio.timeout(0): await asyncio.sleep(9)", "line 15: TimeoutError"),
    ],
)
def test_an_error_in_the_scenario_is_said_to_be_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], line: str, said: str
) -> None:
    code, told = ran(tmp_path, capsys, line)
    sentence = f"ERROR mine: The scenario broke off in mine.py, {said}. Set PNC_DEBUG=1 for the traceback."
    assert (code, told) == (3, sentence)


SESSION = (
    "messages = lab.watch.messages('SECC', 'PaymentDetailsReq')",
    "vehicle = await lab.vehicle(kwh=0.5, contract=True, payment='contract')",
    "outcome = await lab.plug_in(vehicle)",
)


NOTHING = ("messages[0]", "[one] = messages", "next(iter(messages))", "await lab.back.csms.call('CS001', 'Reset', {})")


@pytest.mark.parametrize("line", NOTHING)
def test_a_disturbed_scenario_that_finds_nothing_to_go_on_with_has_failed_and_is_no_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], line: str
) -> None:
    fault = "dead-csms" if "csms" in line else "no-staple"
    code, said = ran(tmp_path, capsys, *SESSION, line, options=("--fault", fault))
    assert code == 1
    assert said.startswith(f"FAIL mine, disturbed by {fault}, answered as the standard says: the scenario goes on to ")
    assert ran(tmp_path, capsys, *SESSION, line, options=("--fault", fault, "--expect-fault"))[0] == 0


def test_after_a_check_that_failed_it_has_failed_too_and_before_one_it_is_the_scenarios_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = ("lab.expect.that('a', {}, 1)", "next(iter(()))")
    told = ran(tmp_path, capsys, *(line.format(False) for line in lines))
    assert told == (1, "FAIL mine: a: 1")
    code, said = ran(tmp_path, capsys, *(line.format(True) for line in lines))
    assert code == 3 and said.startswith("ERROR mine: The scenario broke off in mine.py, line 16: StopIteration.")


@pytest.mark.parametrize(
    ("line", "call"),
    [
        ("lab.plug_in(await lab.vehicle(kwh=0.5))", "Lab.plug_in"),
        ("lab.clock.pass_time(3600)", "Clock.pass_time"),
        ("asyncio.sleep(1)", "sleep"),
    ],
)
def test_a_call_whose_await_was_forgotten_is_told_and_not_passed_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], line: str, call: str
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as `pnc` does
        code, said = ran(tmp_path, capsys, "lab.expect.that('a', True, 1)", line)
        gc.collect()
    told = f"ERROR mine: mine.py, line 16 does nothing: write `await` before the call of {call}."
    assert (code, said) == (3, told)


def test_a_scenario_that_ends_the_program_has_not_passed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, told = ran(tmp_path, capsys, "raise SystemExit(0)")
    assert (code, told) == (3, "ERROR mine: The scenario ended the program: it called exit.")


def test_with_debugging_the_traceback_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PNC_DEBUG", "1")
    with pytest.raises(AttributeError, match="nothing"):
        ran(tmp_path, capsys, "lab.nothing()")


@pytest.mark.parametrize(
    ("watched", "sentence"),
    [
        ("messages('SEC')", "No end of a V2G session is called 'SEC'."),
        ("messages('SECC', 'PaymentDetailReq')", "No V2G message is called 'PaymentDetailReq'."),
        ("frames('CSM')", "No end of OCPP is called 'CSM'."),
        ("frames('CS', 'authorize')", "No OCPP action is called 'authorize'."),
        ("said('SessionStop')", "No V2G message is called 'SessionStop'."),
        ("answered('Authorise')", "No OCPP action is called 'Authorise'."),
    ],
)
def test_what_nobody_sends_cannot_be_waited_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], watched: str, sentence: str
) -> None:
    code, told = ran(tmp_path, capsys, f"nothing = lab.watch.{watched}", "lab.expect.that('none', not nothing, 0)")
    assert code == 3 and told.startswith(f"ERROR mine: {sentence}")
