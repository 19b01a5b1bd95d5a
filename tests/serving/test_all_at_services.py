"""All runs with running services behind them: what one does to their time is undone before the next."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from runs_at import base_in, free_port, serving

from pncsim.simulator.commands.main import main


def left(words: list[str]) -> int | str | None:
    with pytest.raises(SystemExit) as code:
        main(["run", "--all", *words])
    return code.value.code


def test_a_run_that_lets_years_go_by_spoils_no_other_and_what_cannot_be_there_is_left_out(tmp_path: Path) -> None:
    chosen = "(contract-concluded or crypto-agility or vehicle-made) and not fault"
    record = tmp_path / "record.jsonl"
    with serving(tmp_path, "--test-controls"):
        ready = tmp_path / "ready.json"
        words = ["--ecosystem", base_in(ready), "--credentials", str(ready), "--select", chosen, "-v"]
        command = [sys.executable, "-m", "pncsim", "run", "--all", *words, "--record", str(record)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    said = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (0, ""), said
    assert [line.split(":")[0] for line in said[:-1]] == [
        "PASS contract-concluded",
        "LEFT OUT crypto-agility",
        "PASS vehicle-made",
    ]
    assert said[-1].startswith("PASS 3 runs, all as expected, 1 left out")
    ran = [json.loads(line) for line in record.read_text().splitlines()]
    assert [one["name"] for one in ran] == ["contract-concluded", "vehicle-made"]
    # The years that have gone by in between are no part of the second run.
    first, second = (one["manifest"] for one in ran)
    assert first["ended"] > second["ended"]


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["--jobs", "2"], 2, "--jobs cannot be had with --ecosystem"),
        (["--transport", "memory"], 2, "In memory there are no sockets"),
        ([], 3, "cannot be reached"),
    ],
)
def test_what_cannot_be_had_of_services_is_said_before_anything_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], code: int, sentence: str
) -> None:
    known = tmp_path / "clients.json"
    known.write_text('[{"id": "demo-admin", "role": "ADMIN", "secret": "none"}]')
    at = ["--ecosystem", f"http://127.0.0.1:{free_port()}", "--credentials", str(known), "--select", "eim-ac"]
    assert left([*at, *words]) == code
    assert sentence in " ".join(capsys.readouterr().err.split())
