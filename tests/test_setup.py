"""``make`` sets up its environment, and repairs what an interrupted set-up has left; what documents make is ignored."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

PYTHON = """#!/bin/sh
# Stands for python: makes an environment whose own python stands for python with pip.
echo "$@" >> "$LOG"
case "$1 $2" in
"-m venv")
  mkdir -p "$3/bin"; cp "$0" "$3/bin/python"
  test "$BREAK" = venv && exit 130
  touch "$3/bin/pip" ;;
"-m pip")
  test -e "$(dirname "$0")/pip" || exit 1
  test "$3" = install || exit 0
  printf 'Collecting cryptography<51,>=45 (from pncsim)\\nInstalling collected packages: cryptography\\n'
  test "$BREAK" = pip && exit 130
  exit 0 ;;
esac
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    folder = tmp_path / "checkout"
    folder.mkdir()
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    program = folder / "python"
    program.write_text(PYTHON)
    program.chmod(0o755)
    return folder


def make(checkout: Path, broken_off: str = "") -> tuple[int, str, list[str]]:
    """Exit code and standard error of a set-up that is interrupted there, and what was done."""
    log = checkout / "log"
    log.write_text("")
    done = subprocess.run(
        ["make", "-s", ".venv/.installed", f"PYTHON={checkout / 'python'}"],
        cwd=checkout,
        env={"PATH": os.environ["PATH"], "LOG": str(log), "BREAK": broken_off},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    steps = re.findall(r"^-m (venv|pip install)", log.read_text(), re.MULTILINE)
    return done.returncode, done.stderr, steps


def test_a_set_up_shows_size_progress_and_time(checkout: Path) -> None:
    code, told, steps = make(checkout)
    assert code == 0, told
    assert steps == ["venv", "pip install"]
    begin, package, installing, end = told.splitlines()
    assert re.fullmatch(r"Setting up \.venv: about \d+ MB, .*", begin)
    assert (package, installing) == ("  cryptography", "  installing ...")
    assert re.fullmatch(r"\.venv is ready: \d+ MB, \d+ s\.", end)


@pytest.mark.parametrize("where", ["venv", "pip"])
def test_a_set_up_that_was_interrupted_is_made_anew_and_then_stays(where: str, checkout: Path) -> None:
    code, _, _ = make(checkout, broken_off=where)
    assert code != 0
    assert not (checkout / ".venv" / ".installed").exists()
    code, told, steps = make(checkout)
    assert code == 0, told
    assert "was not finished: it is made anew" in told
    assert steps == ["venv", "pip install"]
    assert make(checkout) == (0, "", []), "nothing is left to be done"


def test_an_environment_without_pip_is_made_anew(checkout: Path) -> None:
    """As a set-up leaves it that was interrupted before it could leave a mark."""
    (checkout / ".venv" / "bin").mkdir(parents=True)
    shutil.copy(checkout / "python", checkout / ".venv" / "bin" / "python")
    code, told, steps = make(checkout)
    assert code == 0 and "made anew" in told
    assert steps == ["venv", "pip install"]


def test_a_changed_list_of_dependencies_is_installed_into_what_is_there(checkout: Path) -> None:
    assert make(checkout)[0] == 0
    later = (checkout / ".venv" / ".installed").stat().st_mtime + 10
    os.utime(checkout / "pyproject.toml", (later, later))
    code, _, steps = make(checkout)
    assert (code, steps) == (0, ["pip install"])


def test_what_the_documents_let_people_make_is_ignored_by_git() -> None:
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("this is no checkout")
    made = {".venv", "evidence"}
    patterns = (
        r"certs create ([\w-]+)",
        r"-m venv ([\w-]+)",
        r"josev_layout\.py \w+ ([\w-]+)",
        r"--(?:evidence|keylog|contracts) ([\w.-]+)",
        r"evcc\.main ([\w.-]+)",
    )
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for block in re.findall(r"```console\n(.*?)```", page.read_text(), re.DOTALL):
            for pattern in patterns:
                made |= {name for name in re.findall(pattern, block) if name != "DIR"}
    assert {"pki", "josev", "josev-pki", "evcc.json"} <= made
    # A trailing slash says that it is a folder, which need not be there.
    asked = [name if "." in name[1:] else f"{name}/" for name in sorted(made)]
    done = subprocess.run(
        ["git", "check-ignore", "--no-index", *asked], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert sorted(set(asked) - set(done.stdout.split())) == []
