"""What evidence costs beside the session it is of: taking down, the files of the bundle, the report; in memory, CPU.

python -m bench.evidence_bench

A session is the one of :mod:`bench.session_bench` with the contract in the vehicle. Taking down is what a session with
a recorder costs more than one without, in turns; the bundle is then written and the report made, each on its own clock.
"""

from __future__ import annotations

import gc
import os
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median

from msgspec import Struct

from bench.session_bench import KINDS, prepared
from pncsim.ev.vehicle import Vehicle
from pncsim.simulator.entry import COLLECTOR
from pncsim.simulator.evidence.folder import Recorder
from pncsim.simulator.lab.lab import Lab
from pncsim.simulator.result import Check, RunResult
from pncsim.simulator.runs.loop import run_on_loop
from pncsim.simulator.settings import RunSettings
from pncsim.wire.clock import Clock
from pncsim.wire.trace import Trace

ROUNDS = 41
MEMORY = "/dev/shm"
"""Where files are kept in memory, so that no disk is measured."""
LIMITS = {"taking down": 0.2, "files of the bundle": 0.5, "report.html": 2.0}
"""Shares of the session that each may cost."""


class EvidenceCost(Struct, frozen=True):
    """Medians in milliseconds of CPU time; ``recording`` is that of the differences within each turn."""

    session: float
    recording: float
    files: float
    report: float

    @property
    def shares(self) -> dict[str, float]:
        """By what is paid for, as a share of the session."""
        paid = (self.recording, self.files, self.report)
        return {name: cost / self.session for name, cost in zip(LIMITS, paid, strict=True)}


class _Timed(Recorder):
    """A recorder that says how long its report took."""

    report = 0.0

    def _report(self, *told: object) -> None:
        began = time.process_time()
        super()._report(*told)  # type: ignore[arg-type]  # what it was given
        self.report = time.process_time() - began


def measure(rounds: int = ROUNDS) -> EvidenceCost:
    """Sessions in one lab, with and without a recorder in turns (after three of each to warm up)."""
    with tempfile.TemporaryDirectory(dir=MEMORY if os.path.isdir(MEMORY) else None) as folder:
        return run_on_loop("memory", lambda: _measure(Path(folder), rounds))


async def _measure(folder: Path, rounds: int) -> EvidenceCost:
    trace = Trace()
    result = RunResult("bench", "memory", checks=[Check("the session ends in order", True, "")])
    taken: dict[str, list[float]] = {"session": [], "recording": [], "files": [], "report": []}
    async with Lab(RunSettings(transport="memory"), Clock(), trace, result, installed=True) as lab:
        prepare = prepared(lab, KINDS[0])
        for number in range(rounds + 3):
            plain = await _session(lab, prepare)
            recorder = _Timed(folder, "bench", lab.clock.now(), in_process=True)
            recorder.listen(trace)
            recorded = await _session(lab, prepare)
            trace.readers.clear()
            trace.wants_bytes, trace.key_log = False, None
            began = time.process_time()
            recorder.finish(result, ended=lab.clock.now(), options={}, roots=lab.roots())
            files = time.process_time() - began - recorder.report
            gc.collect()
            if number >= 3:
                for name, cost in zip(taken, (plain, recorded - plain, files, recorder.report), strict=True):
                    taken[name].append(cost)
    return EvidenceCost(*(median(costs) * 1000 for costs in taken.values()))


async def _session(lab: Lab, prepare: Callable[[], Awaitable[Vehicle]]) -> float:
    vehicle = await prepare()
    began = time.process_time()
    outcome = await lab.plug_in(vehicle)
    taken = time.process_time() - began
    if not outcome.ok:
        raise RuntimeError(f"a session of the bench failed: {outcome.error}")
    return taken


def main() -> None:
    """Print the table."""
    gc.set_threshold(*COLLECTOR)
    cost = measure()
    print(f"{'evidence of one AC session in memory':<40}{'CPU ms':>9}{'share':>8}{'at most':>9}")
    print(f"{'the session, nobody reading':<40}{cost.session:>9.2f}")
    paid = (cost.recording, cost.files, cost.report)
    for (name, share), ms in zip(cost.shares.items(), paid, strict=True):
        print(f"{name:<40}{ms:>9.2f}{share:>8.2f}{LIMITS[name]:>9.1f}")


if __name__ == "__main__":
    main()
