"""A bundle as a source of reports: the screens that show a live run show a recorded one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from pncsim.simulator.dashboard.around_recorded import around_in
from pncsim.simulator.dashboard.form import records
from pncsim.simulator.dashboard.reports import EventsTold, LabReport, LabRequest, RunBegan, RunEnded
from pncsim.simulator.evidence.bundle import Bundle
from pncsim.simulator.result import RunResult
from pncsim.wire.errors import LocalError
from pncsim.wire.values import replace

AT_ONCE = 500
"""Events told at once."""


class RecordedRun:
    """The run in a bundle. Raises LocalError for what is none."""

    writable = plays = False

    def __init__(self, folder: Path) -> None:
        self.bundle = Bundle(folder)
        self._reports = self._told()
        self.waiting = True

    def start(self) -> None:
        """There is nothing to wait for."""

    def ask(self, request: LabRequest) -> None:
        """Raises LocalError: what has happened takes no commands."""
        raise LocalError("This run is recorded: it cannot be changed.", advice="Start `pnc dashboard` to run one.")

    def take(self, seconds: float) -> Iterator[LabReport]:
        """The next of it, for at most ``seconds``. Raises LocalError for rows that are none."""
        until = time.perf_counter() + seconds
        for report in self._reports:
            yield report
            if time.perf_counter() > until:
                return
        self.waiting = False

    def close(self) -> None:
        """Nothing is open."""

    def _told(self) -> Iterator[LabReport]:
        bundle, result = self.bundle, self.bundle.result()
        told = bundle.manifest
        yield RunBegan(
            run=told.run if told is not None else bundle.folder.name,
            scenario=result.scenario,
            title=f"recorded in {bundle.folder}",
            transport=result.transport,
            started=bundle.started,
            several=bundle.units,
            options={name: str(value) for name, value in told.options.items()} if told is not None else {},
            faults=tuple(result.faults),
            seed=told.seed if told is not None else None,
        )
        yield around_in(bundle.folder, bundle.started)
        events = bundle.told()
        while chunk := list(islice(events, AT_ONCE)):
            yield EventsTold(tuple(records(chunk)), now=chunk[-1].time)
        yield RunEnded(_with_place(result, bundle.folder))


def _with_place(result: RunResult, folder: Path) -> RunResult:
    return replace(result, evidence=folder)
