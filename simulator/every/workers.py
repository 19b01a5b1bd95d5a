"""Processes that run one case after the other, each as warm as the last one has left it: of scenarios, or of a suite.

They are forked from a process that has everything imported and has run once, so that none of that is paid again; what
a run leaves behind is in its process alone. A process that dies takes the run it was at with it and is replaced.
"""

from __future__ import annotations

import ctypes
import gc
import multiprocessing
import os
import signal
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import FrameType, TracebackType
from typing import Any, Generic, Protocol, TypeVar

import msgspec
from msgspec import Struct

from pncsim.simulator.every.cases import RunCase
from pncsim.simulator.every.ran import Ran
from pncsim.simulator.evidence.manifest import Manifest, manifest_of
from pncsim.simulator.result import EXIT_TERMINATED, RunResult
from pncsim.simulator.runs.discovery import find_scenario
from pncsim.simulator.runs.loop import run_on_loop
from pncsim.simulator.runs.run import Run
from pncsim.simulator.settings import RunSettings
from pncsim.simulator.terminated import Terminated, came_before
from pncsim.wire.errors import LocalError
from pncsim.wire.values import replace

PATIENCE = 5.0
"""Seconds for a run that is to end at once: it closes what is open and writes what it has seen."""
WARMS = "install-contract"
"""What is run once ahead of all: it touches most of the house."""

_PR_SET_PDEATHSIG = 1
"""prctl(2): the signal a process gets when the one that has started it is gone."""
_FORK = multiprocessing.get_context("fork")


def processors() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0))


C = TypeVar("C")
R = TypeVar("R", bound=Struct)
Given = TypeVar("Given", contravariant=True)
Made = TypeVar("Made", bound=Struct, covariant=True)


class Work(Protocol[Given, Made]):
    """What the processes do with cases: each comes to something of ``kind``, which passes between them as JSON."""

    @property
    def kind(self) -> type[Made]: ...

    def warm(self) -> None:
        """Run something once ahead of all that touches most of what the cases need."""

    def run(self, case: Given) -> Made:
        """What a case comes to, whatever fails."""

    def lost(self, case: Given, why: str) -> Made:
        """What it has come to where its process has gone, or was ended; ``why`` is a sentence."""


class ScenarioWork(Struct, frozen=True):
    """Running scenarios.

    ``settings`` are those of every run but for its fault; their ``command`` is what one types behind the name of each.
    ``ahead``: the seconds that services which they use are ahead of the machine's time before the first one.
    """

    settings: RunSettings
    ahead: float = 0.0

    @property
    def kind(self) -> type[Ran]:
        """As :class:`Work`."""
        return Ran

    def warm(self) -> None:
        """As :class:`Work`."""
        run_on_loop("memory", lambda: Run(find_scenario(WARMS), settings=RunSettings(transport="memory")).done())

    def run(self, case: RunCase) -> Ran:
        """As :class:`Work`."""
        if self.settings.ecosystem is not None:
            from pncsim.simulator.every.turned_back import turn_back

            turn_back(self.settings, self.ahead)
        return ran(case, self.settings)

    def lost(self, case: RunCase, why: str) -> Ran:
        """As :class:`Work`."""
        result = RunResult(case.scenario.name, self.settings.transport, expect_fault=bool(case.fault))
        result.error = why
        return Ran(name=case.name, manifest=_manifest(case, result, self.settings, began=time.time()))


class Crew(Generic[C, R]):
    """``jobs`` processes that do ``work`` with ``cases``; a context manager, which ends them however it is left.

    ``limit``: the seconds after which a case that has not ended is ended with its process.
    """

    def __init__(self, cases: Sequence[C], work: Work[C, R], jobs: int, *, limit: float) -> None:
        self._cases, self._work, self._limit = cases, work, limit
        self._jobs = min(jobs, len(cases))
        self._next = 0
        self._workers: dict[Connection, _Worker] = {}

    def __enter__(self) -> Crew[C, R]:
        if len(self._cases) > self._jobs:
            self._work.warm()
        gc.freeze()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for worker in self._workers.values():
            assert worker.process.pid is not None
            os.kill(worker.process.pid, signal.SIGUSR1)
        until = time.monotonic() + PATIENCE
        for line, worker in self._workers.items():
            worker.process.join(max(0.0, until - time.monotonic()))
            worker.process.kill()
            worker.process.join()
            line.close()
        self._workers.clear()
        gc.unfreeze()

    def enough(self) -> None:
        """Begin no further run; those that are going on may end."""
        self._next = len(self._cases)

    def results(self) -> Iterator[tuple[int, R]]:
        """The number of each case and what it came to, as they end."""
        while len(self._workers) < self._jobs:
            self._hire()
        while self._workers:
            for line in self._told():
                assert isinstance(line, Connection)
                worker = self._workers[line]
                try:
                    ran = (
                        self._lost(line, worker)
                        if worker.late
                        else msgspec.json.decode(line.recv_bytes(), type=self._work.kind)
                    )
                except EOFError:
                    ran = self._lost(line, worker)
                # Who hears of it may have enough by then.
                yield worker.at, ran
                if line in self._workers:
                    self._give(line)
                elif self._next < len(self._cases):
                    self._hire()

    def _told(self) -> Sequence[object]:
        """The lines on which something has come, be it that their process was at one run for too long and is gone."""
        soonest = min(worker.began for worker in self._workers.values()) + self._limit
        lines = wait(list(self._workers), max(0.0, soonest - time.monotonic()))
        if lines:
            return lines
        now = time.monotonic()
        late = [line for line, worker in self._workers.items() if now - worker.began >= self._limit]
        for line in late:
            worker = self._workers[line]
            worker.late = True
            worker.process.terminate()
            worker.process.join(PATIENCE)
            worker.process.kill()
        return late

    def _hire(self) -> None:
        ours, theirs = _FORK.Pipe()
        not_its_own = [ours, *self._workers]
        process = _FORK.Process(
            target=_live, args=(theirs, not_its_own, self._cases, self._work, os.getpid()), daemon=True
        )
        process.start()
        theirs.close()
        self._workers[ours] = _Worker(process)
        self._give(ours)

    def _give(self, line: Connection) -> None:
        """The next case for a process, or leave to go."""
        worker = self._workers[line]
        if self._next < len(self._cases):
            worker.at, self._next = self._next, self._next + 1
            worker.began = time.monotonic()
            line.send(worker.at)
        else:
            del self._workers[line]
            line.close()
            worker.process.join()

    def _lost(self, line: Connection, worker: _Worker) -> R:
        """A process is gone, and with it the run it was at."""
        del self._workers[line]
        line.close()
        worker.process.join()
        code = worker.process.exitcode or 0
        how = f"signal {-code} ({signal.Signals(-code).name})" if code < 0 else f"exit code {code}"
        why = f"The process it ran in has gone: {how}."
        if worker.late:
            why = f"It had not ended after {self._limit:g} s (--limit)."
        return self._work.lost(self._cases[worker.at], why)


class _Worker:
    """A process, the number of the case it is at, since when (monotonic), and whether it was at it for too long."""

    def __init__(self, process: BaseProcess) -> None:
        self.process, self.at, self.began, self.late = process, -1, 0.0, False


def _live(
    line: Connection, not_its_own: Sequence[Connection], cases: Sequence[Any], work: Work[Any, Any], starter: int
) -> None:
    """The life of a process: a number comes, what that run came to goes, until nobody is there any more."""
    for other in not_its_own:
        # Otherwise nobody would see the end of a line whose process has gone.
        other.close()
    # Ctrl-C comes to the whole group; who has started us says what becomes of us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGUSR1, _end_in_order)
    _follow(starter)
    try:
        while True:
            line.send_bytes(msgspec.json.encode(work.run(cases[line.recv()])))
    except Terminated:
        sys.exit(EXIT_TERMINATED)
    except (EOFError, BrokenPipeError):
        return


def _follow(starter: int) -> None:
    """End when ``starter`` is killed: a run without end would see no line close, and go on for ever."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != starter:
        raise Terminated


def _leave(number: int, frame: FrameType | None) -> None:
    """Between two runs SIGTERM ends the process; in a run it ends that (:mod:`simulator.runs.loop`)."""
    raise Terminated


def _end_in_order(number: int, frame: FrameType | None) -> None:
    """As SIGTERM, but for a run that has had that already: a second one would end it halfway through its evidence."""
    if not came_before():
        signal.raise_signal(signal.SIGTERM)


def ran(case: RunCase, settings: RunSettings) -> Ran:
    """Run ``case`` in this process, on a loop of its own; whatever fails is in the result."""
    own = replace(settings, faults=(case.fault,), expect_fault=True) if case.fault else settings
    if settings.command:
        expects = " --expect-fault" if case.fault else ""
        own = replace(own, command=f"pnc run {case.name} {settings.command}{expects}")
    began, used, defect = time.time(), time.process_time(), False
    made: list[Run] = []

    async def main() -> RunResult:
        made.append(Run(case.scenario, options_of(case), own))
        return await made[0].done()

    result = RunResult(case.scenario.name, own.transport, expect_fault=own.expect_fault)
    try:
        result = run_on_loop(own.transport, main)
    except LocalError as error:
        result.error = str(error)
    except Exception as error:
        if os.environ.get("PNC_DEBUG"):
            traceback.print_exc()
        defect = True
        result = made[0].result if made else result
        result.error = result.error or f"The run broke off: {type(error).__name__}: {error}."
    manifest = _manifest(case, result, own, began, made[0] if made else None)
    evidence = str(result.evidence) if result.evidence is not None else ""
    return Ran(
        name=case.name,
        manifest=manifest,
        evidence=evidence,
        cpu_seconds=round(time.process_time() - used, 6),
        defect=defect,
        left_out=settings.ecosystem is not None and result.error_kind == "elsewhere",
    )


def options_of(case: RunCase) -> dict[str, object]:
    """All options of its scenario, those it does not name as they are usually."""
    return {option.name: option.default for option in case.scenario.options} | dict(case.options)


def _manifest(
    case: RunCase, result: RunResult, settings: RunSettings, began: float, run: Run | None = None
) -> Manifest:
    return manifest_of(
        result,
        run=run.trace.run if run is not None else "",
        seed=settings.seed,
        started=run.clock.now() - result.lab_seconds if run is not None else began,
        ended=run.clock.now() if run is not None else began,
        wall_started=began,
        options=options_of(case),
        clauses=case.scenario.clauses,
        cited=(),
        use_case=case.scenario.use_case,
        command=settings.command,
    )
