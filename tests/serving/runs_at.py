"""Services of a process of their own, and runs whose pools, PKI and operators they are."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from pncsim.simulator.result import RunResult
from pncsim.simulator.runs.loop import run_on_loop
from pncsim.simulator.runs.run import Run
from pncsim.simulator.scenario import Scenario
from pncsim.simulator.settings import RunSettings
from pncsim.wire.trace import Reader

EMAID = re.compile(r"\b[A-Z]{2}[A-Z0-9]{3}C[A-Z0-9]{8,9}\b")


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """A process of its own that serves an ecosystem kept in ``folder``; its ready file is there, too."""
    command = [sys.executable, "-m", "pncsim", "serve", "ecosystem", "--data", str(folder), "--port", "0"]
    command += ["--ready-file", str(folder / "ready.json"), *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert any(line.startswith("Ready.") for line in process.stdout), "it did not begin"
        yield process
    finally:
        process.terminate()
        process.communicate()


def run_at(
    found: Scenario,
    ecosystem: object,
    credentials: Path | None = None,
    readers: tuple[Reader, ...] = (),
    faults: tuple[str, ...] = (),
    options: Mapping[str, object] = {},
) -> RunResult:
    chosen = RunSettings(ecosystem=str(ecosystem), credentials=credentials, faults=faults)
    told = run_on_loop("loopback", lambda: Run(found, dict(options), chosen, readers=readers).done())
    # What a test that wanted something else shows beside its assertion.
    print(told.verdict, told.first_problem, *(check.seen for check in told.checks if not check.ok), sep="\n")
    return told


def in_process(found: Scenario, faults: Sequence[str] = (), options: Mapping[str, object] = {}) -> RunResult:
    chosen = RunSettings(transport="memory", faults=tuple(faults))
    return run_on_loop("memory", lambda: Run(found, dict(options), chosen).done())


def base_in(ready: Path) -> str:
    """The address of all services, as a ready file has it."""
    return str(json.loads(ready.read_text())["services"]["rcp"])


def checks(result: RunResult) -> list[tuple[str, bool, str]]:
    """Each check and how it went, whatever the contract is called."""
    return [(EMAID.sub("EMAID", check.expected), check.ok, check.fault) for check in result.checks]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
