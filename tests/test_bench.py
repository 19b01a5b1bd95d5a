"""The side-by-side bench runs each build's own code, whatever is installed, and each conformance case has a session."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.conformance_bench import HELD, scenario, session_cases
from bench.side_by_side import ROOT, Build, in_turns
from pncsim.simulator.conformance.suites import SUITES
from pncsim.simulator.runs.discovery import find_scenario

OLD = {
    "simulator/__init__.py": "",
    "simulator/entry.py": "from pathlib import Path\ndef main():\n    Path('was-here').write_text('')\n",
    "bench/__init__.py": "",
    "bench/__main__.py": "COLLECTOR = (700, 10, 10)\n",
    "bench/session_bench.py": (
        "from types import SimpleNamespace\n"
        "import simulator.entry\n"
        "KINDS = ('one',)\n"
        "def measure(transport, kind, rounds):\n"
        "    return SimpleNamespace(cpu=40.0 if transport == 'memory' else 80.0)\n"
    ),
}
"""A build of the time when rooms were top-level packages."""


def old_build(folder: Path, **changed: str) -> Build:
    for name, text in {**OLD, **changed}.items():
        path = folder / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (folder / "home").mkdir()
    return Build("old", folder / "tree", folder / "home")


def test_a_build_with_rooms_at_the_top_is_measured_with_its_own_code(tmp_path: Path) -> None:
    build = old_build(tmp_path)
    assert build.session("memory") == {"session-memory": 40.0}
    assert build.session("loopback") == {"session-loopback": 80.0}
    build.leave()
    assert set(build.cold("memory")) == {"cold-memory", "cold-memory CPU"}
    assert (tmp_path / "home" / "was-here").exists()


def test_a_build_that_would_run_the_installed_code_is_refused(tmp_path: Path) -> None:
    """Without a room of its own the import falls through to what is installed: figures of the wrong build."""
    bench = OLD["bench/session_bench.py"].replace("import simulator.entry", "import pncsim.wire.errors")
    build = old_build(tmp_path, **{"bench/session_bench.py": bench})
    build.session("memory")
    with pytest.raises(SystemExit, match="did not run its own code"):
        build.leave()


def test_this_tree_begins_where_the_command_begins(tmp_path: Path) -> None:
    assert Build("own", ROOT, tmp_path).simulator == "pncsim.simulator"


def test_builds_take_turns_and_each_is_first_every_second_time(tmp_path: Path) -> None:
    one, other = Build("one", tmp_path, tmp_path), Build("other", tmp_path, tmp_path)
    turns: list[str] = []

    def measured(build: Build, transport: str) -> dict[str, float]:
        turns.append(build.name)
        return {transport: len(turns)}

    in_turns((one, other), 2, measured)
    assert turns[:6] == ["one", "other", "other", "one", "one", "other"]
    assert one.figures == {"memory": [4, 5], "loopback": [10, 11]}


@pytest.mark.parametrize("name", HELD)
def test_every_case_with_a_session_is_measured_beside_one_that_there_is(name: str) -> None:
    suite = SUITES[name][1]()
    measured = session_cases(suite)
    for kind in {scenario(case) for case in measured}:
        assert find_scenario(kind).name == kind
    left = [case.id for case in suite.cases if case not in measured and not suite.usual.against(case)]
    assert all("SDP" in id or "V2GTP" in id for id in left)
    assert len(measured) > 100
