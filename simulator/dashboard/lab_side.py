"""The lab's side of a dashboard: runs, one after the other, each on the loop of its transport; told over a socket.

``python -m pncsim.simulator.dashboard.lab_side FD``: a process of its own, so that neither waits for the other (the
figures are in docs/decisions.md). When the dashboard is gone the run is ended in order, and the process with it.
"""

from __future__ import annotations

import asyncio
import os
import queue
import socket
import sys
import threading
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pncsim.simulator.by_hand.commands import DEEDS
from pncsim.simulator.by_hand.opening import Opening
from pncsim.simulator.by_hand.seen import NAME
from pncsim.simulator.dashboard.around_told import AroundTeller
from pncsim.simulator.dashboard.lab_commands import (
    COMMANDS,
    LabCommand,
    command_on,
    hello_of,
    stop_charging,
    values_of,
)
from pncsim.simulator.dashboard.reports import (
    DoInLab,
    FrameCutter,
    HandTold,
    HoldRun,
    LabReport,
    LabRequest,
    LeaveLab,
    RequestDone,
    RunBegan,
    RunEnded,
    RunHeld,
    StartRun,
    StepRun,
    StopRun,
    frame,
    request_of,
)
from pncsim.simulator.dashboard.teller import KEPT, Teller
from pncsim.simulator.parameters import parameters_of
from pncsim.simulator.plan import USUAL
from pncsim.simulator.result import RunResult
from pncsim.simulator.runs.discovery import find_scenario
from pncsim.simulator.runs.loop import run_on_loop
from pncsim.simulator.runs.run import Run
from pncsim.simulator.scenario import Scenario
from pncsim.simulator.settings import RunSettings
from pncsim.wire.errors import LocalError, PncError
from pncsim.wire.values import replace

if TYPE_CHECKING:
    from pncsim.simulator.by_hand.hand import Hand

BY_HAND = {name: LabCommand(*deed) for name, deed in DEEDS.items()}
"""What is asked of whoever plays by hand."""
GRACE = 5.0
"""Seconds of the machine's time in which sessions that were asked to stop may end."""


class LabSide:
    """Serves one dashboard at ``line`` until that is closed or says that it leaves."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._sending = threading.Lock()
        self._starts: queue.SimpleQueue[StartRun | None] = queue.SimpleQueue()
        self._run: Run | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: threading.Timer | None = None
        self._teller: Teller | None = None
        self._hand: Hand | None = None
        self._shown: object = None
        self._around = AroundTeller(self._say)

    def serve(self) -> None:
        """Run what is asked for, in this thread, until nobody needs it."""
        self._say(hello_of("lab", version("pncsim"), COMMANDS | BY_HAND))
        threading.Thread(target=self._listen, name="requests", daemon=True).start()
        while (start := self._starts.get()) is not None:
            self._play(start)

    def _say(self, report: LabReport) -> None:
        octets = frame(report)
        with self._sending:
            self._line.sendall(octets)

    # What is asked, in a thread of its own

    def _listen(self) -> None:
        frames = FrameCutter()
        try:
            # Whoever is gone, or speaks something else, is served no longer.
            with suppress(OSError, LocalError):
                while octets := self._line.recv(1 << 16):
                    for one in frames.feed(octets):
                        self._asked(request_of(one))
        finally:
            self._starts.put(None)
            self._on_loop(lambda run: run.cancel())

    def _asked(self, request: LabRequest) -> None:
        match request:
            case StartRun():
                if self._run is None:
                    self._starts.put(request)
                else:
                    self._say(RequestDone(request.id, error="A run is going on: stop it first."))
            case LeaveLab():
                self._starts.put(None)
                self._on_loop(lambda run: run.cancel())
            case _ if self._run is None:
                self._say(RequestDone(request.id, error="No run is going on."))
            case StopRun(now=True):
                self._on_loop(lambda run: run.cancel())
            case StopRun():
                self._do(request.id, self._stop())
            case HoldRun(held=held):
                self._do(request.id, self._hold(held))
            case StepRun():
                self._do(request.id, self._step())
            case DoInLab(command=name, arguments=arguments):
                self._do(request.id, self._command(name, arguments))

    def _on_loop(self, do: Any) -> None:
        run, loop = self._run, self._loop
        if run is not None and loop is not None:
            loop.call_soon_threadsafe(do, run)

    def _do(self, id: int, work: Any) -> None:
        """Let the loop of the run do some work, and tell what came of it."""
        loop = self._loop
        if loop is None:
            work.close()
            return

        async def done() -> None:
            try:
                said = RequestDone(id, await work)
            except PncError as error:
                said = RequestDone(id, error=str(error))
            except asyncio.CancelledError:
                said = RequestDone(id, error="The run ended meanwhile.")
            # What it brought about is told ahead of it.
            if self._hand is not None:
                self._hand.look()
            if self._teller is not None:
                self._teller.look()
            await self._around.look()
            self._say(said)

        asyncio.run_coroutine_threadsafe(done(), loop)

    # What is done about it, on the run's loop

    async def _hold(self, held: bool) -> None:
        assert self._run is not None
        (self._run.pause if held else self._run.resume)()
        self._say(RunHeld(self._run.held))

    async def _step(self) -> None:
        assert self._run is not None
        await self._run.step()
        self._say(RunHeld(self._run.held))

    async def _stop(self) -> str:
        run = self._run
        assert run is not None
        run.resume()
        asked = await (run.command(stop_charging) if self._hand is None else self._hand.leave())
        if not asked:
            run.cancel()
            return "No vehicle was in a session: the run is broken off."
        self._timer = threading.Timer(GRACE, self._on_loop, [lambda run: run.cancel()])
        self._timer.daemon = True
        self._timer.start()
        return asked

    async def _command(self, name: str, arguments: dict[str, str]) -> object:
        assert self._run is not None
        if name not in BY_HAND:
            return await self._run.command(lambda lab: command_on(lab, name, arguments))
        if self._hand is None:
            raise LocalError(f"This run is not played by hand: it knows no {name}.", advice="Open a lab by hand.")
        await self._hand.open()
        return await command_on(self._hand, name, arguments, BY_HAND)

    # Runs

    def _play(self, start: StartRun) -> None:
        try:
            scenario, options, settings, self._hand = prepared(start)
            result = run_on_loop(settings.transport, lambda: self._played(start, scenario, options, settings))
        except PncError as error:
            self._say(RequestDone(start.id, error=str(error)))
            return
        finally:
            self._run = self._loop = self._teller = self._hand = None
            if self._timer is not None:
                self._timer.cancel()
        self._say(RunEnded(result))

    async def _played(
        self, start: StartRun, scenario: Scenario, options: dict[str, Any], settings: RunSettings
    ) -> RunResult:
        run = Run(scenario, options, settings, kept=KEPT)
        self._say(
            RunBegan(
                run=run.trace.run,
                scenario=scenario.name,
                title=scenario.title,
                transport=settings.transport,
                started=run.clock.now(),
                several=scenario.plan.several,
                options={name: str(value) for name, value in options.items()},
                faults=settings.faults,
                seed=settings.seed,
                typed=start.options,
                vehicle_profile=settings.vehicle_profile,
            )
        )
        self._teller = teller = Teller(run.journal, self._say, run.clock.now, self._tell_hand)
        self._loop, self._run = asyncio.get_running_loop(), run
        run.start()
        if start.held:
            await self._hold(True)
        self._say(RequestDone(start.id))
        teller.start()
        self._around = around = AroundTeller(self._say)
        begun = asyncio.ensure_future(run.command(around.begin))
        try:
            return await run.done()
        except asyncio.CancelledError:
            if not run.over:
                raise
            return run.result
        except Exception as error:
            if os.environ.get("PNC_DEBUG"):
                raise
            run.result.error = run.result.error or f"{type(error).__name__}: {error}"
            return run.result
        finally:
            begun.cancel()
            teller.stop()
            await around.look()

    def _tell_hand(self) -> None:
        """How everybody stands that is played by hand, if that has changed."""
        seen = self._hand.seen if self._hand is not None else None
        if seen is not None and seen != self._shown:
            self._shown = seen
            self._say(HandTold(seen))


def prepared(start: StartRun) -> tuple[Scenario, dict[str, Any], RunSettings, Hand | None]:
    """What a run needs that was asked for in a person's words, and the hand that plays it. Raises LocalError."""
    by_hand = start.scenario == NAME
    scenario = None if by_hand else find_scenario(start.scenario)
    options = (
        values_of("A lab that is played by hand", parameters_of(Opening), start.options)
        if scenario is None
        else values_of(f"The scenario {scenario.name}", scenario.options, start.options)
    )
    if start.faults:
        from pncsim.simulator.faults.table import find_fault

        for fault in start.faults:
            find_fault(fault)
    settings = RunSettings(
        # Whoever plays lives in real time.
        transport="loopback" if by_hand else start.transport,
        faults=start.faults,
        expect_fault=start.expect_fault,
        seed=start.seed,
        evidence=Path(start.evidence) if start.evidence else None,
        vehicle_profile=start.vehicle_profile,
    )
    plan = USUAL if scenario is None else scenario.plan
    if start.lab is not None:
        from pncsim.simulator.labs.checks import lab_at
        from pncsim.simulator.labs.taking_part import plan_of, settings_of

        written = lab_at(Path(start.lab), os.environ)
        plan = plan_of(written, plan, os.environ, transport=settings.transport)
        settings = settings_of(written, settings)
    if scenario is not None:
        return replace(scenario, plan=plan), options, settings, None
    from pncsim.simulator.by_hand.hand import Hand

    hand = Hand(opening := Opening(**options))
    if opening.pki:
        settings = replace(settings, pki=Path(opening.pki))
    return hand.scenario(opening.among(plan, written=start.lab is not None)), options, settings, hand


def main() -> None:
    """Serve the dashboard at the other end of an inherited socket."""
    import gc

    from pncsim.simulator.entry import COLLECTOR

    gc.set_threshold(*COLLECTOR)
    with socket.socket(fileno=int(sys.argv[1])) as line, suppress(BrokenPipeError):
        LabSide(line).serve()


if __name__ == "__main__":
    main()
