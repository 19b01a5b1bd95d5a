"""The container file: what it starts starts, and, where a Docker daemon answers, it builds."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "Dockerfile"


def instruction(name: str) -> list[str]:
    """The words of an instruction in its exec form."""
    (line,) = [line for line in DOCKERFILE.read_text().splitlines() if line.startswith(f"{name} [")]
    words: list[str] = json.loads(line.removeprefix(name))
    return words


def daemon_answers() -> bool:
    docker = shutil.which("docker")
    return docker is not None and subprocess.run([docker, "info"], capture_output=True, check=False).returncode == 0


def test_what_the_container_starts_answers_and_ends_on_the_signal_it_is_stopped_by(tmp_path: Path) -> None:
    program, *words = instruction("ENTRYPOINT") + instruction("CMD")
    assert program == "pnc" and "STOPSIGNAL SIGTERM" in DOCKERFILE.read_text()
    places = {"/data": str(tmp_path / "data"), "8182": "0"}
    ready = tmp_path / "ready.json"
    command = [sys.executable, "-m", "pncsim", *(places.get(word, word) for word in words)]
    process = subprocess.Popen(
        [*command, "--port", "0", "--ready-file", str(ready)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert any(line.startswith("Ready.") for line in process.stdout)
        services = json.loads(ready.read_text())["services"]
        with urllib.request.urlopen(f"{services['rcp']}/health", timeout=10) as answer:
            assert json.load(answer)["status"] == "ok"
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 143
    finally:
        process.kill()
        process.communicate()
    assert (tmp_path / "data" / "pnc.db").exists()


def test_the_packages_a_container_needs_are_those_of_the_project() -> None:
    text = DOCKERFILE.read_text()
    assert ".[postgresql]" in text and "pncsim[postgresql]" in text
    kept_out = (ROOT / ".dockerignore").read_text().splitlines()
    assert {".git", ".venv", "evidence"} <= set(kept_out)


@pytest.mark.skipif(not daemon_answers(), reason="no Docker daemon answers")
def test_the_container_builds() -> None:
    done = subprocess.run(
        ["docker", "build", "-q", str(ROOT)], capture_output=True, text=True, check=False, timeout=900
    )
    assert done.returncode == 0, done.stderr[-2000:]
