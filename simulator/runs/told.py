"""Runs told on standard output: of a scenario with all actors, and of one side alone."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from pncsim.simulator.evidence.story import StoryTeller, printable
from pncsim.simulator.result import RunResult
from pncsim.simulator.runs.loop import run_on_loop
from pncsim.simulator.runs.run import Run
from pncsim.simulator.scenario import Scenario
from pncsim.simulator.settings import RunSettings
from pncsim.wire.clock import Clock
from pncsim.wire.trace import Trace


def run_and_tell(scenario: Scenario, options: Mapping[str, Any], settings: RunSettings, *, level: int = 0) -> RunResult:
    """Run ``scenario`` on a loop of its own and print the story (``level`` -1: only the verdict line)."""
    return run_on_loop(settings.transport, lambda: _told(scenario, options, settings, level))


async def _told(scenario: Scenario, options: Mapping[str, Any], settings: RunSettings, level: int) -> RunResult:
    run = Run(scenario, options, settings)
    teller = StoryTeller(run.clock.now(), level=level, units=scenario.plan.several)
    if level >= 0:
        run.trace.subscribe(teller)
    result = await run.done()
    if level >= 0:
        teller.summary(result)
    else:
        cause = f": {printable(result.cause)}" if result.cause else ""
        print(f"{result.verdict.upper()} {result.scenario}{cause}")
    return result


def run_alone(side: Callable[[Clock, Trace], Coroutine[Any, Any, int]], *, level: int = 0) -> int:
    """Run one side alone in real time, tell its story on standard output, return its exit code."""

    async def told() -> int:
        clock, trace = Clock(), Trace()
        trace.subscribe(StoryTeller(clock.now(), level=level))
        return await side(clock, trace)

    return run_on_loop("loopback", told)
