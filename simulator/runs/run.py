"""One run: started, held, stepped, commanded, cancelled, and what it came to. Every kind of user drives this one.

A run belongs to the loop it is started on (:func:`simulator.runs.loop.run_on_loop` makes the right one). Its events
are in :attr:`Run.journal`, which other threads may read; calls from another thread go through
``loop.call_soon_threadsafe`` or ``asyncio.run_coroutine_threadsafe``.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pncsim.simulator.plan import Plan
from pncsim.simulator.result import Check, RunResult, Verdict, check_name
from pncsim.simulator.runs.gate import VehicleGate
from pncsim.simulator.runs.journal import Journal
from pncsim.simulator.runs.loop import check_loop
from pncsim.simulator.scenario import Scenario
from pncsim.simulator.settings import RunSettings
from pncsim.wire.clock import Clock
from pncsim.wire.errors import LocalError, PncError
from pncsim.wire.source import SYSTEM, Seeded
from pncsim.wire.trace import Event, Problem, Reader, Trace

if TYPE_CHECKING:
    from pncsim.simulator.evidence.folder import Recorder
    from pncsim.simulator.evidence.key_log import KeyLog
    from pncsim.simulator.faults.fault import FaultJudge
    from pncsim.simulator.lab.lab import Lab

T = TypeVar("T")


NO_SECRETS = (
    "EVERY KEY OF THIS RUN CAN BE REPRODUCED from the seed {}: none is a secret, and no certificate of it may leave "
    "the lab."
)
BROKEN_OFF = "The run was broken off before its end."
BUILT_IN = "pncsim.scenarios."
"""Where the scenarios are that come with the simulator."""
REPEATED_FROM = 1_767_225_600.0
"""Lab time at which a run that can be repeated begins: 2026-01-01."""


def _start(settings: RunSettings, plan: Plan) -> float | None:
    """Lab time at the start: the machine's, unless the run has to be the same again.

    A folder's certificates and those on sockets are judged by the machine's time.
    """
    folders = settings.pki is not None or any(pki.folder is not None for pki in plan.pkis)
    repeated = settings.seed is not None and settings.transport == "memory" and not folders
    return REPEATED_FROM if repeated else None


def key_log_at(path: Path | None, trace: Trace) -> KeyLog | None:
    """Let the TLS keys of ``trace`` go to ``path``, if one is given. Raises LocalError."""
    if path is None:
        return None
    from pncsim.simulator.evidence.key_log import KeyLog

    trace.key_log = log = KeyLog(path)
    return log


class Run:
    """One run of ``scenario`` with ``options`` in a fresh lab. Make it on the loop it is to run on.

    Raises LocalError for settings that contradict each other, on a loop that does not go with the transport, and for a
    key log that cannot be written.
    ``readers`` see every event, from the first one on. ``kept``: how many events the journal keeps.
    """

    def __init__(
        self,
        scenario: Scenario,
        options: Mapping[str, Any] | None = None,
        settings: RunSettings | None = None,
        *,
        readers: tuple[Reader, ...] = (),
        kept: int | None = None,
    ) -> None:
        self.scenario, self.options = scenario, dict(options or {})
        self.settings = settings or RunSettings()
        if self.settings.contradiction:
            raise LocalError(self.settings.contradiction)
        check_loop(self.settings.transport)
        self.clock = Clock(_start(self.settings, scenario.plan), leaps=self.settings.transport == "loopback")
        self._source = SYSTEM if self.settings.seed is None else Seeded(self.settings.seed)
        self.trace = Trace(run=f"{scenario.name}-{self._source.of('run').octets(4).hex()}")
        self._key_log = key_log_at(self.settings.keylog, self.trace)
        self.journal = Journal() if kept is None else Journal(kept)
        self.result = RunResult(
            scenario.name,
            self.settings.transport,
            use_case=scenario.shown,
            expect_fault=self.settings.expect_fault,
        )
        self._gate = VehicleGate(self.clock)
        self._task: asyncio.Task[RunResult] | None = None
        self._lab: asyncio.Future[Lab] = asyncio.get_running_loop().create_future()
        first: tuple[Reader, ...] = (self.journal, self._first_problem, self._gate.see)
        for reader in first + readers:
            self.trace.subscribe(reader)

    # Life

    def start(self) -> None:
        """Begin. A run begins once."""
        if self._task is not None:
            raise RuntimeError("this run has begun already")
        self._task = asyncio.create_task(self._run())
        self._task.add_done_callback(lambda task: self._over())

    def cancel(self) -> None:
        """End it at once, in order: what is open is closed. :meth:`done` then raises CancelledError."""
        if self._task is not None:
            self._gate.resume()
            self._task.cancel()

    async def done(self) -> RunResult:
        """The result, when it is over; the run begins if it has not. Whoever is cancelled here cancels the run."""
        if self._task is None:
            self.start()
        assert self._task is not None
        return await self._task

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self._task is not None and self._task.done()

    # Meanwhile

    @property
    def held(self) -> bool:
        """Whether it is paused."""
        return self._gate.shut

    def pause(self) -> None:
        """Hold it where it is: no V2G message passes and lab time stands still until it goes on."""
        self._gate.pause()

    def resume(self) -> None:
        """Let it go on."""
        self._gate.resume()

    async def step(self) -> None:
        """Let it go on until the next V2G message is sent, and hold it there; or until it is over."""
        if not self.over:
            await self._gate.step()

    async def command(self, do: Callable[[Lab], Awaitable[T]]) -> T:
        """What ``do(lab)`` answers, as soon as the lab is there. Raises LocalError if the run is over."""
        if self.over:
            raise LocalError("This run is over.")
        return await do(await asyncio.shield(self._lab))

    # How it goes

    def _over(self) -> None:
        assert self._task is not None
        if self._task.cancelled() and self.result.error is None:
            # It was broken off before it had taken its first step.
            self.result.error = BROKEN_OFF
        self._gate.resume()
        self._gate.stepped()
        self._lab.cancel()

    def _first_problem(self, event: Event) -> None:
        if isinstance(event, Problem) and not self.result.first_problem:
            who = event.unit if self.scenario.plan.several else event.role
            self.result.first_problem = f"{who}: {event.text}"

    async def _run(self) -> RunResult:
        from pncsim.simulator.lab.lab import Lab

        result, settings = self.result, self.settings
        started, wall = self.clock.now(), time.perf_counter()
        recorder = self._recorder(started)
        lab = Lab(
            settings,
            self.clock,
            self.trace,
            result,
            plan=self.scenario.plan,
            installed=not self.scenario.fresh_station,
            through=self._gate.on,
            source=self._source,
        )
        try:
            judge = self._disturb(lab) if settings.faults else None
            async with lab:
                if settings.seed is not None:
                    lab.voice.story(NO_SECRETS.format(settings.seed))
                for title, _ in result.faults.values():
                    lab.voice.story(f"Disturbed on purpose: {title}.")
                self._lab.set_result(lab)
                await self._play(lab)
            if judge is not None:
                result.checks += judge.checks()
        except PncError as error:
            result.error, result.error_kind = str(error), error.kind
        except asyncio.CancelledError:
            result.error = BROKEN_OFF
            raise
        except BaseException as error:
            result.error = f"The run broke off: {type(error).__name__}: {error}.".replace(": .", ".")
            raise
        finally:
            if not result.cause:
                result.first_problem = ""
            result.lab_seconds, result.wall_seconds = self.clock.now() - started, time.perf_counter() - wall
            if self._key_log is not None:
                result.problems += self._key_log.closed()
            if recorder is not None:
                self._finish(recorder, lab)
        return result

    async def _play(self, lab: Lab) -> None:
        """Let the scenario run. Assertions of its own become checks; what else is wrong with it is said so.

        Where something was disturbed or has failed already it need not find what it looks for next: that it does not go
        on is the run's failure then, and not its own.
        """
        run = self.scenario.run
        try:
            await run(lab, **self.options)
        except SystemExit as error:
            raise LocalError("The scenario ended the program: it called exit.") from error
        except LocalError:
            raise
        except Exception as error:
            from pncsim.simulator.runs.own_lines import GOES_ON, blamed, judged

            if failed := judged(error, run):
                self.result.checks += failed
                return
            blame = error if isinstance(error, PncError) else blamed(error, run)
            if blame is None:
                raise
            if not self.settings.faults and all(check.ok for check in self.result.checks):
                raise blame from error.__cause__ if blame is error else error
            self.result.checks.append(Check(GOES_ON, False, str(blame), id=check_name(GOES_ON)))
        else:
            if self.result.checks and run.__module__.startswith(BUILT_IN):
                return
            from pncsim.simulator.runs.own_lines import HELD, asserts, unawaited

            if (forgotten := unawaited(run, lab)) is not None:
                raise forgotten
            if not self.result.checks and asserts(run):
                self.result.checks.append(Check(HELD, True, "", id=check_name(HELD)))

    def _disturb(self, lab: Lab) -> FaultJudge:
        """Apply the faults that were asked for, once, and look for what the standard answers."""
        from pncsim.simulator.faults.fault import FaultJudge
        from pncsim.simulator.faults.table import find_fault

        faults = [find_fault(text) for text in self.settings.faults]
        judge = FaultJudge(faults)
        self.trace.subscribe(judge)
        self.result.faults = {str(fault): (fault.title, fault.answer_text) for fault in faults}
        for fault in faults:
            fault.apply(lab)
        return judge

    def _recorder(self, started: float) -> Recorder | None:
        settings = self.settings
        if settings.evidence is None:
            return None
        from pncsim.simulator.evidence.folder import Recorder

        recorder = Recorder(
            settings.evidence,
            self.scenario.name,
            started,
            units=self.scenario.plan.several,
            seed=settings.seed,
            in_process=settings.transport == "memory",
            live=settings.transport != "memory",
        )
        recorder.listen(self.trace)
        return recorder

    def _finish(self, recorder: Recorder, lab: Lab) -> None:
        self.result.problems += recorder.flaws
        try:
            self.result.evidence = recorder.finish(
                self.result,
                ended=self.clock.now(),
                options=self.options | ({"vehicle_profile": car} if (car := self.settings.vehicle_profile) else {}),
                clauses=self.scenario.clauses,
                use_case=self.scenario.use_case,
                roots=lab.roots(),
                command=self.settings.command,
            )
        except PncError as error:
            if self.result.verdict is Verdict.PASS:
                self.result.error = str(error)
            else:
                self.result.problems.append(str(error))
