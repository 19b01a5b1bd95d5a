"""Runs for tests of the dashboard: real ones, from a seed and in memory, as the reports a lab would send."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

from pncsim.simulator.dashboard.around_told import around_of
from pncsim.simulator.dashboard.form import records
from pncsim.simulator.dashboard.reports import (
    AroundTold,
    EventsTold,
    FrameCutter,
    LabReport,
    LabRequest,
    RunBegan,
    RunEnded,
    frame,
    report_of,
)
from pncsim.simulator.lab.lab import Lab
from pncsim.simulator.runs.discovery import find_scenario
from pncsim.simulator.runs.loop import run_on_loop
from pncsim.simulator.runs.run import Run
from pncsim.simulator.settings import RunSettings
from pncsim.wire.errors import LocalError
from pncsim.wire.trace import Event


@cache
def events_of(scenario: str, /, *faults: str, **options: str | float) -> tuple[tuple[Event, ...], RunBegan, RunEnded]:
    """What a run told, and how it began and ended; the times of the machine left out."""

    async def main() -> tuple[tuple[Event, ...], RunBegan, RunEnded]:
        settings = RunSettings(transport="memory", seed="7", faults=faults)
        run = Run(find_scenario(scenario), options, settings)
        started = run.clock.now()
        result = await run.done()
        result.wall_seconds = 0.0
        began = RunBegan(
            run=run.trace.run, scenario=scenario, transport="memory", started=started, faults=faults, seed="7"
        )
        return run.journal.page(limit=100_000).events, began, RunEnded(result)

    # Who asks may be on a loop of its own.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(run_on_loop, "memory", main).result()


@cache
def around_run(scenario: str, *faults: str) -> AroundTold:
    """The PKI and the services around a run from a seed in memory, as they stand at its end."""

    async def main() -> AroundTold:
        run = Run(find_scenario(scenario), settings=RunSettings(transport="memory", seed="7", faults=faults))
        run.start()
        lab = await run.command(_itself)
        await run.done()
        return await around_of(lab)

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(run_on_loop, "memory", main).result()


async def _itself(lab: Lab) -> Lab:
    return lab


def reports_of(scenario: str, /, *faults: str, **options: str | float) -> list[LabReport]:
    """The run as a lab reports it."""
    events, began, ended = events_of(scenario, *faults, **options)
    return [began, EventsTold(tuple(records(events)), now=events[-1].time), ended]


RECORDED = Path(__file__).parent / "recorded"


def recorded(name: str) -> list[LabReport]:
    """A run as it was recorded once, so that a screen looks the same whatever else has changed: see :func:`main`."""
    return [report_of(one) for one in FrameCutter().feed((RECORDED / f"{name}.frames").read_bytes())]


RUNS: dict[str, tuple[tuple[str, ...], dict[str, str | float]]] = {
    "installed": (("install-contract",), {}),
    "passed": (("pnc-ac",), {}),
    "refused": (("install-contract", "tampered-bundle"), {}),
    "revoked": (("pnc-ac", "contract-revoked"), {}),
    "charged": (("renegotiate",), {"energy": "dc", "kwh": 3.0}),
}
"""What is recorded, by name: scenario and faults, and options."""


def main() -> None:
    """``python tests/dashboard/seen_runs.py [NAME]``: record runs anew, after a change of what is told or how."""
    RECORDED.mkdir(exist_ok=True)
    for name in sys.argv[1:] or RUNS:
        words, options = RUNS[name]
        reports = reports_of(*words, **options)
        if name == "installed":
            reports.insert(2, around_run(*words))
        (RECORDED / f"{name}.frames").write_bytes(b"".join(map(frame, reports)))


class PlayedBack:
    """A source that says what it is given, and remembers what it was asked."""

    writable = plays = True

    def __init__(self, *reports: LabReport) -> None:
        self.reports = list(reports)
        self.asked: list[LabRequest] = []
        self.refuses = ""

    @property
    def waiting(self) -> bool:
        return bool(self.reports)

    def start(self) -> None:
        pass

    def ask(self, request: LabRequest) -> None:
        if self.refuses:
            raise LocalError(self.refuses)
        self.asked.append(request)

    def take(self, seconds: float) -> Iterator[LabReport]:
        until = time.perf_counter() + seconds
        while self.reports and time.perf_counter() < until:
            yield self.reports.pop(0)

    def close(self) -> None:
        self.reports.clear()


if __name__ == "__main__":
    main()
