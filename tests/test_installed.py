"""In somebody else's project, whose folders may be called like our rooms: a wheel, and an editable install."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("wire", "tls_certs", "ev", "secc", "backend", "simulator", "scenarios")

THEIR_TEST = """
import backend
import scenarios
import simulator
from pncsim.simulator.result import Verdict
from pncsim.simulator.runs.loop import run_on_loop
from pncsim.simulator.runs.run import Run
from pncsim.simulator.runs.discovery import find_scenario
from pncsim.simulator.settings import RunSettings


def test_our_own_packages_are_ours():
    assert {backend.WHOSE, scenarios.WHOSE, simulator.WHOSE} == {"theirs"}


def test_a_contract_is_installed_in_the_lab():
    async def run():
        return await Run(find_scenario("install-contract"), {}, RunSettings(transport="memory")).done()

    assert run_on_loop("memory", run).verdict is Verdict.PASS
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Somebody's project with a test that uses our lab."""
    folder = tmp_path_factory.mktemp("project")
    for room in ROOMS:
        (folder / room).mkdir()
        (folder / room / "__init__.py").write_text('WHOSE = "theirs"\n')
    (folder / "test_theirs.py").write_text(THEIR_TEST)
    return folder


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this tree, built without a network from a copy: building leaves traces."""
    if int(version("setuptools").split(".")[0]) < 77:
        pytest.skip("building the wheel needs setuptools 77 or later in this environment")
    folder = tmp_path_factory.mktemp("build")
    rubbish = shutil.ignore_patterns("__pycache__")
    for name in (*ROOMS, "src"):
        shutil.copytree(ROOT / name, folder / name, symlinks=True, ignore=rubbish)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    build = "from setuptools.build_meta import build_wheel; print(build_wheel('.'))"
    run([sys.executable, "-c", build], folder)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def fresh(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a fresh environment with the wheel in it and this one's other packages beside it."""
    folder = tmp_path_factory.mktemp("fresh")
    venv.create(folder, symlinks=True)
    # A folder named in a .pth file is searched, but the .pth files in it are not read: ours is not found twice.
    packages = next(folder.glob("lib/python*/site-packages"))
    (packages / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    pip: list[str | Path] = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        folder / "bin" / "python",
        "--disable-pip-version-check",
    ]
    run([*pip, "install", "--quiet", "--no-index", "--no-deps", wheel], folder)
    return folder / "bin"


@pytest.fixture(scope="module", params=["wheel", "editable"])
def programs(request: pytest.FixtureRequest) -> Path:
    """Where ``python`` and ``pnc`` are, for each way to install."""
    chosen: Path = request.getfixturevalue("fresh") if request.param == "wheel" else Path(sys.executable).parent
    return chosen


def run(command: list[str | Path], folder: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_wheel_holds_every_module_the_facts_and_the_mark_of_typed_packages(wheel: Path) -> None:
    wanted = {f"pncsim/{path.relative_to(ROOT)}" for room in ROOMS for path in (ROOT / room).rglob("*.py")}
    wanted |= {f"pncsim/{path.relative_to(ROOT)}" for path in (ROOT / "simulator/cars/facts").glob("*.toml")}
    wanted |= {"pncsim/__init__.py", "pncsim/__main__.py", "pncsim/py.typed"}
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert held == wanted


def test_the_command_works_from_an_empty_folder(programs: Path, tmp_path: Path) -> None:
    run([programs / "pnc", "run", "pnc-ac", "--transport", "memory", "--no-evidence", "--quiet"], tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_module_works_among_packages_called_like_our_rooms(programs: Path, project: Path) -> None:
    """``python -m`` puts the folder at the head of the path: a bare import would find theirs."""
    assert "install-contract" in run([programs / "python", "-m", "pncsim", "list"], project)


def test_a_test_of_theirs_uses_our_lab(programs: Path, project: Path) -> None:
    said = run([programs / "python", "-m", "pytest", "-q", "-p", "no:cacheprovider"], project)
    assert "2 passed" in said
    where = "import pncsim; print(pncsim.__file__)"
    found = Path(run([programs / "python", "-c", where], project).strip())
    assert found.is_relative_to(programs.parent) == (programs != Path(sys.executable).parent)


def test_a_newcomers_own_scenario_works_from_an_empty_folder(fresh: Path, tmp_path: Path) -> None:
    """The one that docs/scenarios.md shows: alone, among all, and through pytest."""
    chapter = (ROOT / "docs" / "scenarios.md").read_text().partition("## Writing one")[2]
    [text] = re.findall(r"```python\n# two_sessions\.py\n(.*?)```", chapter, re.DOTALL)
    (tmp_path / "two_sessions.py").write_text(text)
    quiet: list[str | Path] = ["--transport", "memory", "--quiet"]
    own = [fresh / "pnc", "run", "./two_sessions.py", "--no-evidence", *quiet]
    assert run(own, tmp_path) == "PASS two-sessions\n"
    among_all = [fresh / "pnc", "run", "--all", "--scenarios", ".", "--select", "two-sessions", *quiet]
    assert run([*among_all, "--record", "record"], tmp_path).startswith("PASS 1 run, all as expected (")
    said = run([fresh / "python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "./two_sessions.py"], tmp_path)
    assert "1 passed" in said
    assert {path.name for path in tmp_path.iterdir()} - {"__pycache__"} == {"two_sessions.py", "record"}


def test_the_example_project_passes_from_the_wheel(fresh: Path, tmp_path: Path) -> None:
    """Station, vehicle, lab and services by the fixtures; a scenario and conformance cases as tests."""
    shutil.copytree(ROOT / "docs" / "examples" / "project", tmp_path / "project")
    command: list[str | Path] = [fresh / "python", "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    said = run([*command, ".", "./home_charging.py"], tmp_path / "project")
    assert re.search(r"^\d+ passed(, \d+ skipped)? in ", said, re.MULTILINE), said


@pytest.mark.parametrize("name", ["github-workflow.yml", "gitlab-ci.yml"])
def test_the_five_lines_of_a_workflow_hold_a_station_against_the_suite(name: str, fresh: Path, tmp_path: Path) -> None:
    """What they run is run here, with the wheel that is installed already and a part of the cases."""
    text = (ROOT / "docs" / "examples" / "project" / name).read_text()
    assert len(text.splitlines()) == 5
    [command] = re.findall(r"pip install pncsim && (pnc .*?)\"?(?:\}\]|\n)", text)
    program, *words = command.split()
    said = run([fresh / program, *words, "--select", "SessionSetup"], tmp_path)
    assert said.startswith("PASS secc: ") and "failed" not in said
    assert "<testsuite" in (tmp_path / "results.xml").read_text()
