"""Documents that are made from the code say what the code says, and what they show can be run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pncsim.ev.config import VehicleConfig
from pncsim.simulator.cars import page
from pncsim.simulator.commands import tables
from pncsim.simulator.commands.main import main
from pncsim.simulator.faults.table import FAULTS
from pncsim.simulator.grid import page as grid
from pncsim.simulator.lab.expect import Expectations
from pncsim.simulator.lab.lab import Lab
from pncsim.simulator.runs.discovery import all_scenarios

DOCS = Path(__file__).parents[1] / "docs"


def test_the_printed_state_machines_are_current() -> None:
    assert (DOCS / "state-machines.md").read_text() == tables.page(), "run: pnc tables > docs/state-machines.md"


def test_the_printed_vehicles_are_current() -> None:
    assert (DOCS / "vehicles.md").read_text() == page.page(), "run: pnc tables --vehicles > docs/vehicles.md"


def test_the_printed_grid_is_current() -> None:
    assert (DOCS / "grid.md").read_text() == grid.page(), "run: pnc tables --grid > docs/grid.md"


def test_the_house_is_drawn_with_all_its_rooms() -> None:
    chapter = (DOCS / "architecture.md").read_text().partition("## ")[0]
    rooms = {path.parent for path in DOCS.parent.glob("*/*/__init__.py") if (path.parents[1] / "__init__.py").exists()}
    assert len(rooms) > 30
    assert [str(room.relative_to(DOCS.parent)) for room in rooms if f"{room.name}/" not in chapter] == []


def test_the_documented_scenarios_exist_and_every_fault_is_documented() -> None:
    text = (DOCS / "scenarios.md").read_text()
    table = text[text.index("| scenario |") : text.index("`pnc run NAME --help`")]
    documented = {
        name for row in table.splitlines()[2:] if row for name in re.findall(r"`([a-z-]+)`", row.split("|")[1])
    }
    assert len(documented) >= 8
    assert documented <= set(all_scenarios())
    faults = (DOCS / "faults.md").read_text()
    assert [name for name in FAULTS if f"`{name}`" not in faults] == []


def test_what_a_scenario_writer_is_shown_runs_as_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each file and each command of the chapter, in an empty folder; what a command is shown to say it says."""
    chapter = (DOCS / "scenarios.md").read_text().partition("## Writing one")[2]
    monkeypatch.chdir(tmp_path)
    told: list[tuple[str, list[str]]] = []
    for language, block in re.findall(r"```(python|console)\n(.*?)```", chapter, re.DOTALL):
        if language == "python":
            Path(block.partition("\n")[0].removeprefix("# ")).write_text(block)
            continue
        for line in block.splitlines():
            if line.startswith("$ pnc "):
                told.append((line.removeprefix("$ pnc "), []))
            else:
                told[-1][1].append(line)
    assert len(list(tmp_path.glob("*.py"))) >= 2 and len(told) >= 6
    for command, expected in told:
        with pytest.raises(SystemExit) as left:
            main(command.split())
        said = capsys.readouterr()
        assert (left.value.code, said.err) == (0, ""), (command, said.out, said.err)
        for line in expected:
            assert any(shown.startswith(line) for shown in said.out.splitlines()), (command, line, said.out)


def test_what_the_chapter_names_is_there() -> None:
    """Calls of the lab, expectations, files and fields."""
    chapter = (DOCS / "scenarios.md").read_text().partition("## Writing one")[2]
    expected = set(re.findall(r"lab\.expect\.(\w+)", chapter))
    assert expected and not [name for name in expected if not hasattr(Expectations, name)]
    called = set(re.findall(r"(?:await |`)lab\.(\w+)\(", chapter))
    assert called and not [name for name in called if not hasattr(Lab, name)]
    for file in re.findall(r"`(\w+(?:/\w+)*\.py)`", chapter):
        assert (DOCS.parent / file).exists(), file
    assert {"payment", "install", "pause_after_loops"} <= set(VehicleConfig.__struct_fields__)
