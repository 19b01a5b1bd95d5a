"""Every measurement, one after the other: ``make bench``."""

from __future__ import annotations

import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import exi_bench, session_bench, tls_bench

PNC = Path(sys.executable).with_name("pnc")


def cold_runs(rounds: int = 5) -> tuple[float, float]:
    """Wall seconds of `pnc run install-contract` in a fresh process: median with the codec cache, and without it."""
    with tempfile.TemporaryDirectory() as home:
        environment = {"HOME": home, "PATH": "/usr/bin:/bin"}
        command = [str(PNC), "run", "install-contract", "--no-evidence", "--quiet"]
        walls = []
        for _ in range(rounds + 1):
            began = time.perf_counter()
            subprocess.run(command, check=True, env=environment, cwd=home, stdout=subprocess.DEVNULL)
            walls.append(time.perf_counter() - began)
    return statistics.median(walls[1:]), walls[0]


def main() -> None:
    """Print all tables."""
    print(f"pncsim bench: Python {platform.python_version()}, {platform.machine()}, {platform.system()}; medians\n")
    exi_bench.main()
    print()
    handshake = tls_bench.handshake_cost()
    print(f"TLS 1.2 handshake, both sides in memory: {handshake.median:.2f} ms CPU (best {handshake.best:.2f})\n")
    session_bench.main()
    warm, first = cold_runs()
    print(
        f"\ncold `pnc run install-contract` (loopback): {warm:.2f} s wall; "
        f"{first:.2f} s the very first time (codec compiled)"
    )


if __name__ == "__main__":
    main()
