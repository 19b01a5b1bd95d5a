"""Scenarios of other people's folders: found by path and by entry point; one that is bad spoils nothing else."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from pncsim.simulator.commands.main import main
from pncsim.simulator.runs import discovery
from pncsim.simulator.runs.discovery import discover, find_scenario
from pncsim.wire.errors import LocalError

MINE = '''
from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pncsim.simulator.scenario import scenario

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab


@scenario("{name}", title="my own")
async def mine(lab: Lab, *, number: Annotated[int, "A number."] = 2) -> None:
    """It is my own."""
    lab.expect.that("the number is 2", number == 2, number)
'''


TWO = MINE.format(name="one") + MINE.partition("if TYPE_CHECKING")[2].partition("\n\n\n")[2].replace(
    "def mine", "def other"
)
"""A file with a second scenario, whose name is to be filled in."""


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def pnc(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Exit code, output and complaints of a command."""
    with pytest.raises(SystemExit) as left:
        main(words)
    said = capsys.readouterr()
    return int(str(left.value.code or 0)), said.out, said.err


def test_a_file_of_ones_own_is_run_with_its_options(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path, "my_scenario.py", MINE.format(name="mine"))
    monkeypatch.chdir(tmp_path)
    common = ("--transport", "memory", "--no-evidence", "-q")
    assert pnc(capsys, "run", "./my_scenario.py", *common) == (0, "PASS mine\n", "")
    assert pnc(capsys, "run", "my_scenario.py", "--number", "3", *common)[0] == 1
    assert pnc(capsys, "run", "my_scenario.py:mine", *common)[0] == 0


def test_a_parameter_without_words_is_an_option_too_and_one_nobody_can_type_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    common = ("--transport", "memory", "--no-evidence", "-q")
    plain = MINE.format(name="plain").replace('Annotated[int, "A number."]', "int")
    path = str(written(tmp_path, "plain.py", plain))
    assert pnc(capsys, "run", path, "--number", "2", *common)[0] == 0
    assert pnc(capsys, "run", path, "--number", "x", *common)[0] == 2
    for kind, why in (("list[int] = 2", "nobody knows how to read number"), ("int", "number has no default")):
        bad = written(tmp_path, "bad.py", plain.replace("int = 2", kind))
        code, _, said = pnc(capsys, "run", str(bad), *common)
        assert code == 3 and why in said


def test_a_file_that_is_not_there_is_said_in_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert pnc(capsys, "run", "./nofile.py") == (3, "", "pnc: ./nofile.py cannot be used: no such file or directory.\n")


def test_a_scenario_of_ones_own_loads_none_of_ours(tmp_path: Path) -> None:
    """The simulator knows of the built-in scenarios through discovery alone."""
    path = written(tmp_path, "my_scenario.py", MINE.format(name="mine"))
    script = f"""
import sys
from pncsim.simulator.commands.main import main
try:
    main(["run", {str(path)!r}, "--transport", "memory", "--no-evidence", "--quiet"])
except SystemExit as left:
    assert not left.code, left.code
assert not [name for name in sys.modules if name.startswith("pncsim.scenarios")]
"""
    subprocess.run([sys.executable, "-c", script], check=True, cwd=tmp_path, timeout=60)


def test_a_scenario_that_is_called_by_name_loads_its_own_module_only() -> None:
    script = """
import sys
from pncsim.simulator.runs.discovery import find_scenario
assert find_scenario("pnc-ac").name == "pnc-ac"
print(*sorted(name for name in sys.modules if name.startswith("pncsim.scenarios.")))
"""
    told = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True, timeout=60)
    assert told.stdout.split() == ["pncsim.scenarios.pnc_ac"]


@pytest.mark.parametrize(
    ("text", "name", "sentence"),
    [
        ("x = 1\n", "", "declares no scenario."),
        ("def broken(:\n", "", "cannot be used: line 1: "),
        ("1 / 0\n", "", "cannot be used: ZeroDivisionError: division by zero."),
        (TWO.format(name="two"), "", "several scenarios"),
        (MINE.format(name="one"), ":three", "declares no scenario 'three'; it declares one."),
        (TWO.format(name="one"), ":one", "two scenarios of"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(tmp_path: Path, text: str, name: str, sentence: str) -> None:
    path = written(tmp_path, "bad.py", text)
    with pytest.raises(LocalError) as refused:
        find_scenario(f"{path}{name}")
    assert str(path) in str(refused.value) and sentence in str(refused.value)


def test_a_file_that_is_not_there_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = pnc(capsys, "run", "./nowhere.py")
    assert (code, out) == (3, "")
    assert err.startswith("pnc: ./nowhere.py cannot be used: ")


@pytest.fixture
def announced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with three installed packages that announce scenarios: a good one, a broken one, a thief of names."""
    package = tmp_path / "theirs"
    package.mkdir()
    written(package, "__init__.py", "")
    written(package, "good.py", MINE.format(name="theirs"))
    written(tmp_path, "broken_one.py", "import nothing_of_that_name\n")
    written(tmp_path, "thief.py", MINE.format(name="pnc-ac"))
    monkeypatch.syspath_prepend(tmp_path)
    found = [EntryPoint(name, name, discovery.GROUP) for name in ("theirs", "broken_one", "thief")]
    monkeypatch.setattr("importlib.metadata.entry_points", lambda **wanted: found)
    return tmp_path


@pytest.mark.usefixtures("announced")
def test_installed_packages_announce_theirs_and_a_bad_one_spoils_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    found = discover()
    assert {"theirs", "pnc-ac", "install-contract"} <= set(found.scenarios)
    assert found.scenarios["pnc-ac"].run.__module__ == "pncsim.scenarios.pnc_ac"
    broken, stolen = found.refused
    assert broken == "broken_one cannot be used: ModuleNotFoundError: No module named 'nothing_of_that_name'."
    assert stolen == "thief declares the scenario pnc-ac, which pncsim.scenarios.pnc_ac has already."
    code, out, err = pnc(capsys, "list")
    assert code == 0 and "theirs" in out
    assert err.splitlines() == [f"pnc: {broken}", f"pnc: {stolen}"]
    assert pnc(capsys, "run", "theirs", "--transport", "memory", "--no-evidence", "-q")[:2] == (0, "PASS theirs\n")


def test_an_unknown_name_says_what_there_is() -> None:
    with pytest.raises(LocalError, match=r"There is no scenario 'nonsense'.*pnc-ac") as refused:
        find_scenario("nonsense")
    assert "pnc list" in refused.value.advice
