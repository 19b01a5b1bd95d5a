"""A file of scenarios that is named to pytest: each variant is a test, and files of other people are left alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pncsim.simulator.conformance.secc.options import StationUnderTest
from pncsim.simulator.pytest_cases import read_cases
from pncsim.tls_certs.pki import create_pki, write_pki
from pncsim.wire.errors import LocalError

MINE = """
from typing import Literal

from pncsim.simulator.lab.lab import Lab
from pncsim.simulator.scenario import scenario


@scenario("mine", title="a colour is looked at")
async def mine(lab: Lab, *, colour: Literal["red", "blue"] = "red") -> None:
    lab.voice.story("Looking.")
    assert colour == "red", f"it is {colour}"
"""


def pytest_says(folder: Path, *words: str) -> tuple[int, str]:
    """Exit code and output, with the plugin as an installed package announces it."""
    # What else announces itself in this environment takes longer to import than the tests to run.
    alone = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    named = ["-p", "no:cacheprovider", "-p", "pncsim.simulator.pytest_plugin"]
    command = [sys.executable, "-m", "pytest", "-q", *named, *words]
    done = subprocess.run(command, cwd=folder, env=alone, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout + done.stderr


def test_each_variant_of_a_named_file_is_a_test_and_says_what_did_not_hold(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(MINE)
    code, said = pytest_says(tmp_path, "./mine.py")
    assert code == 1
    assert "1 failed, 1 passed" in said and "mine --colour blue" in said
    assert "assert colour == 'red' (mine.py, line 11): it is blue" in said
    assert "Traceback" not in said and "pncsim/simulator" not in said


def test_a_file_that_cannot_be_used_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(MINE.replace("*, ", ""))
    code, said = pytest_says(tmp_path, "./mine.py")
    assert code == 2 and "mine cannot be called: colour has to stand behind a `*`" in said


def test_files_that_nobody_named_or_that_are_tests_are_left_to_pytest(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(MINE)
    (tmp_path / "test_mine.py").write_text(MINE + "\n\ndef test_it() -> None:\n    assert mine.name == 'mine'\n")
    (tmp_path / "other.py").write_text("WHOSE = 'theirs'\n")
    assert "1 passed" in pytest_says(tmp_path)[1]
    assert "1 passed" in pytest_says(tmp_path, "./test_mine.py")[1]
    assert pytest_says(tmp_path, "./other.py")[0] == 5


def test_cases_that_a_file_selects_are_tests(tmp_path: Path) -> None:
    """Those that apply; one that is known to fail and passes passes."""
    (tmp_path / "station.conformance.toml").write_text('suite = "secc"\nselect = "TC_SECC_CMN_VTB_SessionSetup"\n')
    code, said = pytest_says(tmp_path, "-rp")
    assert code == 0
    assert "PASSED station.conformance.toml::TC_SECC_CMN_VTB_SessionSetup_001" in said and "failed" not in said


FAILING = """
from pncsim.simulator.conformance import suites
from pncsim.simulator.conformance.case import CaseVerdict, Finding
from pncsim.simulator.conformance.secc.suite import SECC
from pncsim.wire.values import replace


async def drive(case, bench):
    return Finding(CaseVerdict.FAIL, "Nothing came.")


suites.SUITES = {"secc": ("wrong", lambda: replace(SECC, drive=drive))}
"""


def test_a_case_that_fails_says_what_was_expected_and_where_that_stands(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(FAILING)
    (tmp_path / "station.conformance.toml").write_text('suite = "secc"\nselect = "TC_SECC_CMN_VTB_SessionSetup_001"\n')
    code, said = pytest_says(tmp_path)
    assert code == 1
    assert "FAIL TC_SECC_CMN_VTB_SessionSetup_001: Nothing came." in said and "source:" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('suite = "sec"', "names no suite: 'sec'. Did you mean secc?"),
        ('suite = "secc"\nselect = "NothingOfTheKind"', "selects no case of the suite secc"),
        ('suite = "secc"\ntarge = "eth0"', "unknown field `targe`"),
        ('suite = "secc"\npics = "none.toml"', "none.toml"),
        ('suite = "secc"\n[options]\nwhat = 1', "has no parameter 'what'"),
        ("suite", "says not which cases are meant"),
    ],
)
def test_a_file_of_cases_that_is_no_good_is_a_sentence(text: str, why: str, tmp_path: Path) -> None:
    (tmp_path / "my.conformance.toml").write_text(text)
    with pytest.raises(LocalError) as error:
        read_cases(tmp_path / "my.conformance.toml")
    assert why in str(error.value)


def test_paths_are_beside_the_file_that_names_them(tmp_path: Path) -> None:
    below = tmp_path / "below"
    write_pki(create_pki(0.0), below / "pki")
    (below / "station.conformance.toml").write_text('suite = "secc"\nevidence = "kept"\n[options]\npki = "pki"\n')
    _, bench, _, _ = read_cases(below / "station.conformance.toml")
    assert isinstance(bench.options, StationUnderTest)
    assert (bench.options.pki, bench.evidence) == (below / "pki", below / "kept")


GONE = FAILING.replace('CaseVerdict.FAIL, "Nothing came."', 'CaseVerdict.ERROR, "Nobody answers.", unreached=True')


def test_after_a_device_that_is_not_there_no_case_is_tried(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(GONE)
    (tmp_path / "station.conformance.toml").write_text('suite = "secc"\nselect = "CMN_VTB_SessionSetup_00"\n')
    code, said = pytest_says(tmp_path)
    assert code == 1
    assert "ERROR TC_SECC_CMN_VTB_SessionSetup_001: Nobody answers." in said
    assert said.count("It was not run, since nobody was there before: Nobody answers.") >= 3
