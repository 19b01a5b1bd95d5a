"""Runs one scenario: chooses the loop for the transport, builds the lab, tells the story, collects the evidence."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from pncsim.simulator.evidence.story import StoryTeller, printable
from pncsim.simulator.result import RunResult, Terminated, Verdict
from pncsim.simulator.scenario import Scenario
from pncsim.wire.clock import Clock, VirtualTimeLoop
from pncsim.wire.errors import PncError
from pncsim.wire.trace import Event, Problem, Trace

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """What every scenario can be told: transport, PKI folder, faults by name, where evidence goes (None = nowhere)."""

    transport: Literal["loopback", "memory"] = "loopback"
    pki: Path | None = None
    faults: tuple[str, ...] = ()
    evidence: Path | None = None


def run_and_tell(scenario: Scenario, options: Mapping[str, Any], settings: RunSettings, *, level: int = 0) -> RunResult:
    """Run ``scenario`` on a loop of its own and print the story (``level`` -1: only the verdict line)."""
    return run_on_loop(settings.transport, lambda: _told(scenario, options, settings, level))


def run_on_loop(transport: str, main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run the coroutine ``main()`` on the loop that belongs to the transport.

    SIGINT and SIGTERM cancel it, so that it closes what is open; they end in KeyboardInterrupt and Terminated.
    """
    factory = VirtualTimeLoop if transport == "memory" else None
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.get_loop().set_exception_handler(_Complaint())
        return runner.run(_terminable(main))


async def _terminable(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """``main()``, which a first SIGTERM cancels; a second one ends the process at once. Raises Terminated."""
    if threading.current_thread() is not threading.main_thread():
        return await main()
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    assert task is not None
    told = False

    def stop(*_: object) -> None:
        nonlocal told
        told = True
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        loop.call_soon_threadsafe(task.cancel)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        return await main()
    except asyncio.CancelledError:
        if told:
            raise Terminated from None
        raise
    finally:
        signal.signal(signal.SIGTERM, before)


class _Complaint:
    """What fails where nobody waits for it (a full table of open files, a defect in a connection's handler): one
    sentence for each kind of failure instead of a stack trace, unless PNC_DEBUG asks for it."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if os.environ.get("PNC_DEBUG"):
            loop.default_exception_handler(context)
            return
        error = context.get("exception")
        why = f": {type(error).__name__}: {error}" if error is not None else ""
        said = printable(f"{context.get('message', 'something failed')}{why}")
        if said not in self._said:
            self._said.add(said)
            print(f"pnc: {said}. Set PNC_DEBUG=1 for the traceback.", file=sys.stderr)


def run_alone(side: Callable[[Clock, Trace], Coroutine[Any, Any, int]], *, level: int = 0) -> int:
    """Run one side alone in real time, tell its story on standard output, return its exit code."""

    async def told() -> int:
        clock, trace = Clock(), Trace()
        trace.subscribe(StoryTeller(clock.now(), level=level))
        return await side(clock, trace)

    return run_on_loop("loopback", told)


async def _told(scenario: Scenario, options: Mapping[str, Any], settings: RunSettings, level: int) -> RunResult:
    clock = Clock(leaps=settings.transport == "loopback")
    trace, events = Trace(), list[Event]()
    trace.subscribe(events.append)
    teller = StoryTeller(clock.now(), level=level)
    if level >= 0:
        trace.subscribe(teller)
    result = await run_scenario(scenario, options, settings, clock, trace, events)
    if level >= 0:
        teller.summary(result)
    else:
        cause = f": {printable(result.cause)}" if result.cause else ""
        print(f"{result.verdict.upper()} {result.scenario}{cause}")
    return result


async def run_scenario(
    scenario: Scenario,
    options: Mapping[str, Any],
    settings: RunSettings,
    clock: Clock,
    trace: Trace,
    events: list[Event],
) -> RunResult:
    """Run ``scenario`` in a fresh lab. Never raises PncError: that becomes the result's ``error``.

    ``events`` is the list some reader of ``trace`` fills; the evidence is written from it.
    """
    from pncsim.simulator.lab.lab import Lab

    result = RunResult(scenario.name, settings.transport)
    started, wall = clock.now(), time.perf_counter()
    lab = Lab(settings, clock, trace, result, installed=not scenario.fresh_station)
    result.faults = {fault.name: (fault.title, fault.answer_text) for fault in lab.faults}
    try:
        async with lab:
            await scenario(lab, **options)
        for fault in lab.faults:
            lab.expect.answered(fault, events)
    except PncError as error:
        result.error = str(error)
    if result.cause:
        result.first_problem = next((f"{e.role}: {e.text}" for e in events if isinstance(e, Problem)), "")
    result.lab_seconds, result.wall_seconds = clock.now() - started, time.perf_counter() - wall
    # Where nothing has happened, for instance because there is no such PKI folder, there is nothing to keep.
    if settings.evidence is not None and events:
        from pncsim.simulator.evidence.folder import write_evidence

        try:
            result.evidence = write_evidence(
                settings.evidence, result, events, started=started, options=options, chains=lab.chains()
            )
        except PncError as error:
            if result.verdict is Verdict.PASS:
                result.error = str(error)
            else:
                result.problems.append(str(error))
    return result


__all__ = ["RunSettings", "Verdict", "run_and_tell", "run_on_loop", "run_scenario"]
