"""What an idle station costs: resident growth over many stations connected to one CSMS in memory, divided by them.

python -m bench.memory_bench
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from pathlib import Path

STATIONS = 200


def station_memory() -> float:
    """kB per idle station, measured in a process of its own."""
    command = [sys.executable, "-c", "from bench.memory_bench import measure; print(measure())"]
    here = Path(__file__).resolve().parents[1]
    return float(subprocess.run(command, check=True, cwd=here, stdout=subprocess.PIPE, text=True).stdout)


def measure() -> float:
    """kB by which this process grows for each of :data:`STATIONS` stations that have booted and wait for a vehicle."""
    from pncsim.simulator.runs.loop import run_on_loop

    return run_on_loop("memory", _measure)


async def _measure() -> float:
    from pncsim.secc.charge_point import ChargePoint, trusted_roots
    from pncsim.secc.config import SeccConfig
    from pncsim.secc.evse import EvsePlan
    from pncsim.secc.station.config import StationConfig
    from pncsim.simulator.lab.region import open_back_end
    from pncsim.wire.clock import Clock
    from pncsim.wire.network.memory import MemoryNetwork
    from pncsim.wire.source import SYSTEM
    from pncsim.wire.trace import Trace

    clock, trace = Clock(), Trace()
    back = await open_back_end("memory", clock, trace)
    stations: list[ChargePoint] = []

    async def boot(number: int) -> None:
        identity, evse_id, password = f"CS{number:03}", f"DE*PNC*E{number:06}", f"password-of-CS{number:03}"
        await back.csms.register.add(identity, password)
        station = ChargePoint(
            clock,
            trace,
            StationConfig(identity=identity, secc_id=evse_id),
            [EvsePlan(config=SeccConfig(evse_id=evse_id), network=MemoryNetwork(clock))],
            connect=back.connect,
            source=SYSTEM,
            password=password,
            roots=trusted_roots(back.pki),
        )
        await station.open()
        stations.append(station)

    for number in range(STATIONS // 10):  # the first ones load and compile what all share
        await boot(number)
    before = _resident()
    for number in range(STATIONS):
        await boot(STATIONS + number)
    after = _resident()
    for station in stations:
        await station.close()
    await back.close()
    return (after - before) / STATIONS / 1000


def _resident() -> int:
    """Octets of this process in memory, rubbish taken out first."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    """Print the figure."""
    print(f"memory of an idle station (of {STATIONS} at one CSMS, in memory): {station_memory():.0f} kB")


if __name__ == "__main__":
    main()
