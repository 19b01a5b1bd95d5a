"""What a whole session costs: vehicle, station, OCPP and pools in one process, CPU and wall, by transport.

python -m bench.session_bench
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from statistics import median
from typing import Literal

from pncsim.ev.battery import Battery
from pncsim.ev.vehicle import Vehicle
from pncsim.simulator.lab.lab import Lab
from pncsim.simulator.result import RunResult
from pncsim.simulator.runs.loop import run_on_loop
from pncsim.simulator.settings import RunSettings
from pncsim.wire.clock import Clock
from pncsim.wire.trace import Trace

Transport = Literal["memory", "loopback"]
KINDS = ("PnC, contract in the vehicle", "PnC with installation")


@dataclass(frozen=True)
class SessionCost:
    """Medians over the sessions of one lab, in milliseconds; ``messages`` is the number of V2G message pairs."""

    transport: str
    kind: str
    cpu: float
    wall: float
    messages: int


def measure(transport: Transport, kind: str, rounds: int = 15) -> SessionCost:
    """Run ``rounds`` AC sessions one after the other in one lab (after two to warm up)."""
    return run_on_loop(transport, lambda: _measure(transport, kind, rounds))


async def _measure(transport: Transport, kind: str, rounds: int) -> SessionCost:
    clock = Clock(leaps=transport == "loopback")
    async with Lab(
        RunSettings(transport=transport), clock, Trace(), RunResult("bench", transport), installed=True
    ) as lab:
        prepare = prepared(lab, kind)
        taken: list[tuple[float, float]] = []
        messages = 0
        for number in range(rounds + 2):
            vehicle = await prepare()
            cpu, wall = time.process_time(), time.perf_counter()
            outcome = await lab.plug_in(vehicle)
            cost = (time.process_time() - cpu, time.perf_counter() - wall)
            if not outcome.ok:
                raise RuntimeError(f"a session of the bench failed: {outcome.error}")
            messages = len(outcome.response_codes)
            if number >= 2:
                taken.append(cost)
    cpus, walls = zip(*taken, strict=True)
    return SessionCost(transport, kind, median(cpus) * 1000, median(walls) * 1000, messages)


def prepared(lab: Lab, kind: str) -> Callable[[], Awaitable[Vehicle]]:
    """Makes the next vehicle of a kind ready to be plugged in."""
    return _installing(lab) if kind == KINDS[1] else _holding(lab)


def _holding(lab: Lab) -> Callable[[], Awaitable[Vehicle]]:
    """One vehicle, plugged in again and again, as empty as it was the first time."""
    made: list[Vehicle] = []

    async def vehicle() -> Vehicle:
        if not made:
            made.append(await lab.vehicle(kwh=1.0, contract=True, payment="contract"))
        made[0].battery = Battery()
        return made[0]

    return vehicle


def _installing(lab: Lab) -> Callable[[], Awaitable[Vehicle]]:
    async def vehicle() -> Vehicle:
        made = await lab.vehicle(kwh=1.0, install="if-needed")
        await lab.subscribe(made)
        return made

    return vehicle


def main() -> None:
    """Print the table."""
    print(f"{'one AC session, 1 kWh, TLS 1.2':<40}{'transport':>10}{'pairs':>7}{'CPU ms':>9}{'wall ms':>9}")
    for kind in KINDS:
        for transport in ("memory", "loopback"):
            cost = measure(transport, kind)
            print(f"{kind:<40}{transport:>10}{cost.messages:>7}{cost.cpu:>9.1f}{cost.wall:>9.1f}")


if __name__ == "__main__":
    main()
