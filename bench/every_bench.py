"""What it costs to run everything: ``pnc run --all`` beside each of its runs alone in a warm process, summed.

python -m bench.every_bench
"""

from __future__ import annotations

import gc
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from msgspec import Struct

from pncsim.simulator.entry import COLLECTOR
from pncsim.simulator.every.cases import cases
from pncsim.simulator.every.workers import ran
from pncsim.simulator.runs.discovery import all_scenarios
from pncsim.simulator.settings import RunSettings

PNC = Path(sys.executable).with_name("pnc")
JOBS = 2
MOST_SECONDS = 30.0
"""Of wall time on two processors, negative cases included."""
MOST_SHARE = 1.2
"""CPU time of all together beside the sum of each alone."""


class EveryCost(Struct, frozen=True):
    """Seconds: of the machine's time and of CPU for all together, and of CPU for each alone, summed."""

    runs: int
    wall: float
    together: float
    alone: float

    @property
    def share(self) -> float:
        """All together beside each alone."""
        return self.together / self.alone


def measure() -> EveryCost:
    """Run everything once with the command, then each case here, twice: what it costs when it has run before."""
    before, began = _of_children(), time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        command = [str(PNC), "run", "--all", "--quiet", "--jobs", str(JOBS), "--record", f"{folder}/record"]
        subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL)
    wall, together = time.perf_counter() - began, _of_children() - before
    chosen, settings = cases(all_scenarios()), RunSettings(transport="memory")
    alone = 0.0
    for number, case in enumerate(chosen):
        alone += min(ran(case, settings).cpu_seconds for _ in range(2))
        if number % 20 == 0:
            gc.collect()  # not on the clock of a run that happens to be going on
    return EveryCost(len(chosen), wall, together, alone)


def _of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Print the table."""
    gc.set_threshold(*COLLECTOR)
    cost = measure()
    title = f"pnc run --all --jobs {JOBS}: {cost.runs} runs in memory"
    print(f"{title:<48}{'seconds':>9}{'at most':>9}")
    print(f"{f'wall time ({len(os.sched_getaffinity(0))} processors)':<48}{cost.wall:>9.1f}{MOST_SECONDS:>9.1f}")
    print(f"{'CPU time, all together':<48}{cost.together:>9.2f}")
    print(f"{'CPU time, each alone in a warm process':<48}{cost.alone:>9.2f}")
    print(f"{'share':<48}{cost.share:>9.2f}{MOST_SHARE:>9.2f}")


if __name__ == "__main__":
    main()
