"""A lab in which a test does what a scenario would do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from pncsim.simulator.lab.lab import Lab
from pncsim.simulator.plan import USUAL, Plan
from pncsim.simulator.result import RunResult
from pncsim.simulator.runs.loop import run_on_loop
from pncsim.simulator.runs.run import Run
from pncsim.simulator.scenario import Scenario
from pncsim.simulator.settings import RunSettings


def came_to(act: Callable[[Lab], Awaitable[None]], *, plan: Plan = USUAL, **settings: Any) -> RunResult:
    """What the scenario ``act`` comes to, in memory."""

    async def main() -> RunResult:
        scenario = Scenario("acted", "acted", (), act, plan=plan)
        return await Run(scenario, {}, RunSettings(transport="memory", **settings)).done()

    return run_on_loop("memory", main)


def failed(result: RunResult) -> list[tuple[str, str]]:
    """The checks that did not hold, and what was seen."""
    return [(check.expected, check.seen) for check in result.checks if not check.ok]
