"""A folder of scenarios: every file is looked at, a bad one is named and spoils nothing, a name is given once."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from pncsim.simulator.commands.main import main
from pncsim.simulator.runs import discovery
from pncsim.simulator.runs.discovery import discover

GOOD = """
from pncsim.simulator.lab.lab import Lab
from pncsim.simulator.scenario import scenario


@scenario("{name}", title="of {name}")
async def mine(lab: Lab, *, number: int = 2) -> None:
    assert number == 2
"""
COMMON = ("--transport", "memory", "--no-evidence", "-q")


def pnc(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Exit code, output and complaints of a command."""
    with pytest.raises(SystemExit) as left:
        main(words)
    said = capsys.readouterr()
    return int(str(left.value.code or 0)), said.out, said.err


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two good files, one of which uses what a third keeps for them."""
    place = tmp_path / "scenarios"
    place.mkdir()
    (place / "first.py").write_text(GOOD.format(name="first"))
    (place / "second.py").write_text("from _shared import NAME\n" + GOOD.replace('"{name}"', "NAME").format(name="it"))
    (place / "_shared.py").write_text('NAME = "second"\n')
    (place / "notes.txt").write_text("no scenario\n")
    return place


def test_scenarios_of_a_folder_are_listed_and_run_like_any_other(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = pnc(capsys, "list", "--scenarios", str(folder))
    assert (code, err) == (0, "") and "first" in out and "second" in out and "pnc-ac" in out
    for words in (("--scenarios", str(folder), "first"), ("first", f"--scenarios={folder}")):
        assert pnc(capsys, "run", *words, *COMMON) == (0, "PASS first\n", "")
    assert pnc(capsys, "run", "second", "--scenarios", str(folder), "--number", "3", *COMMON)[0] == 1
    assert pnc(capsys, "run", "pnc-ac", "--scenarios", str(folder), *COMMON)[:2] == (0, "PASS pnc-ac\n")


BAD = {
    "syntax.py": ("def broken(:\n", "line 1: invalid syntax"),
    "raises.py": ("1 / 0\n", "ZeroDivisionError: division by zero"),
    "leaves.py": ("import sys\nsys.exit('no bench here')\n", "it ends the program (no bench here)"),
    "imports.py": ("import nothing_of_that_name\n", "No module named 'nothing_of_that_name'"),
    "nulls.py": ("x = 1\0\n", "null bytes"),
    "sync.py": (GOOD.format(name="sync").replace("async def", "def"), "is no coroutine function: write `async def`"),
    "path.py": (GOOD.format(name="../../etc"), "'../../etc' is no name for a scenario"),
    "options.py": (GOOD.format(name="o").replace("int = 2", "list[int] = 2"), "nobody knows how to read number"),
    "stars.py": (GOOD.format(name="s").replace("*, ", ""), "s cannot be called: number has to stand behind a `*`"),
    "nolab.py": (GOOD.format(name="n").replace("lab: Lab, ", ""), "n cannot be called: it takes no lab"),
}


@pytest.mark.parametrize("name", BAD)
def test_one_bad_file_is_named_and_spoils_nothing_else(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    text, why = BAD[name]
    (folder / name).write_text(text)
    code, out, err = pnc(capsys, "run", "second", "--scenarios", str(folder), *COMMON)
    assert (code, out) == (0, "PASS second\n")
    assert err.startswith(f"pnc: {folder / name} cannot be used: ") and why in err and err.count("\n") == 1
    assert pnc(capsys, "run", str(folder / name), *COMMON)[0] == 3


def test_what_cannot_be_opened_is_named_too(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a_link.py").symlink_to(folder / "nowhere.py")
    (folder / "a_folder.py").mkdir()
    code, out, err = pnc(capsys, "run", "second", "--scenarios", str(folder), *COMMON)
    assert (code, out) == (0, "PASS second\n")
    assert "a_folder.py cannot be used: is a directory." in err
    assert "a_link.py cannot be used: no such file or directory." in err


def test_a_name_that_is_taken_is_refused_and_neither_of_the_two_runs(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "thief.py").write_text(GOOD.format(name="pnc-ac"))
    (folder / "twin.py").write_text(GOOD.format(name="first"))
    found = discover([folder])
    assert found.refused == [
        f"{folder / 'thief.py'} declares the scenario pnc-ac, which pncsim.scenarios.pnc_ac has already.",
        f"{folder / 'twin.py'} declares the scenario first, which {folder / 'first.py'} has already.",
    ]
    for name, sentence in zip(("pnc-ac", "first"), found.refused, strict=True):
        code, out, err = pnc(capsys, "run", name, "--scenarios", str(folder), *COMMON)
        assert (code, out) == (3, "") and sentence in err
    assert pnc(capsys, "run", "second", "--scenarios", str(folder), *COMMON)[0] == 0


def test_a_folder_that_is_none_is_a_sentence(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for place, why in ((folder / "nowhere", "no such file"), (folder / "first.py", "not a directory")):
        code, out, err = pnc(capsys, "list", "--scenarios", str(place))
        assert (code, out) == (3, "") and f"There are no scenarios in {place}: {why}" in err
    assert pnc(capsys, "run", "--scenarios")[0] == 2


def test_a_package_that_cannot_be_loaded_spoils_no_other_that_is_announced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its modules are not even to be counted then: looking for them would load it once more."""
    for name, text in (("broken_package", "1 / 0\n"), ("whole_package", "")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(text)
        (tmp_path / name / "inside.py").write_text(GOOD.format(name=name.replace("_", "-")))
    monkeypatch.syspath_prepend(tmp_path)
    announced = ("broken_package.inside", "broken_package", "whole_package")
    found = [EntryPoint(name, name, discovery.GROUP) for name in announced]
    monkeypatch.setattr("importlib.metadata.entry_points", lambda **wanted: found)
    seen = discover()
    assert "whole-package" in seen.scenarios
    assert [sentence.partition(" cannot")[0] for sentence in seen.refused] == [
        "broken_package.inside",
        "broken_package",
    ]
