"""Every measurement, one after the other: ``make bench``; against a git revision: ``make bench BASE=REVISION``.

python -m bench [REVISION]
"""

from __future__ import annotations

import gc
import platform
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench import (
    conformance_bench,
    dashboard_bench,
    every_bench,
    evidence_bench,
    exi_bench,
    memory_bench,
    services_bench,
    session_bench,
    side_by_side,
    tls_bench,
)
from pncsim.simulator.entry import COLLECTOR

PNC = Path(sys.executable).with_name("pnc")

LAUNCH = """
import resource, subprocess, sys, time
began = time.perf_counter()
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
wall, used = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
print(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
"""


@dataclass(frozen=True)
class ColdRun:
    """One `pnc run install-contract` in a fresh process: seconds of wall and CPU time, MiB of memory at its peak."""

    wall: float
    cpu: float
    memory: float


def cold_runs(transport: str, rounds: int = 5) -> tuple[ColdRun, ColdRun]:
    """Medians of runs that find the codec cache, and the very first run, which fills it."""
    with tempfile.TemporaryDirectory() as home:
        environment = {"HOME": home, "PATH": "/usr/bin:/bin"}
        command = [str(PNC), "run", "install-contract", "--no-evidence", "--quiet", "--transport", transport]
        first, *others = [_timed(command, environment, home) for _ in range(rounds + 1)]
    middle = (median(getattr(run, name) for run in others) for name in ("wall", "cpu", "memory"))
    return ColdRun(*middle), first


def _timed(command: list[str], environment: dict[str, str], folder: str) -> ColdRun:
    # Through a small process in between: a child's peak memory counts from what its parent has.
    launch = [sys.executable, "-S", "-c", LAUNCH, *command]
    told = subprocess.run(launch, check=True, env=environment, cwd=folder, stdout=subprocess.PIPE, text=True).stdout
    return ColdRun(*map(float, told.split()))


def main() -> None:
    """Print all tables, or, where a revision is given, how this tree compares with it."""
    if len(sys.argv) > 1:
        side_by_side.main()
        memory_bench.main()
        return
    gc.set_threshold(*COLLECTOR)
    print(f"pncsim bench: Python {platform.python_version()}, {platform.machine()}, {platform.system()}; medians\n")
    exi_bench.main()
    print()
    handshake = tls_bench.handshake_cost()
    print(f"TLS 1.2 handshake, both sides in memory: {handshake.median:.2f} ms CPU (best {handshake.best:.2f})")
    with_tls, without = (tls_bench.message_cost(secured=secured) for secured in (True, False))
    print(f"a message through it, one way: {with_tls:.1f} us CPU ({without:.1f} without TLS)\n")
    session_bench.main()
    print()
    evidence_bench.main()
    print()
    every_bench.main()
    print()
    conformance_bench.main()
    title = "cold `pnc run install-contract`"
    print(f"\n{title:<40}{'transport':>10}{'wall s':>9}{'CPU s':>9}{'MiB':>7}{'first s':>9}")
    for transport in ("memory", "loopback"):
        warm, first = cold_runs(transport)
        print(f"{'':<40}{transport:>10}{warm.wall:>9.2f}{warm.cpu:>9.2f}{warm.memory:>7.0f}{first.wall:>9.2f}")
    print("(first: without compiled codec; MiB: peak memory of the process)\n")
    memory_bench.main()
    print()
    services_bench.main()
    print()
    dashboard_bench.main()


if __name__ == "__main__":
    main()
