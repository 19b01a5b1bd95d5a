"""One side alone, told on standard output as it happens and kept as evidence however it ends."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Coroutine, Mapping
from contextlib import nullcontext
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pncsim.simulator.alone.verdicts import say_verdict
from pncsim.simulator.alone.visits import SayVerdict
from pncsim.simulator.attach.entrance import open_entrance
from pncsim.simulator.attach.side import Attachable
from pncsim.simulator.evidence.folder import Recorder
from pncsim.simulator.evidence.story import StoryTeller, printable
from pncsim.simulator.result import Check, RunResult, Verdict, check_name
from pncsim.simulator.runs.loop import run_on_loop
from pncsim.simulator.runs.run import key_log_at
from pncsim.simulator.runs.told import Screen, warn_of_keys
from pncsim.wire.clock import Clock
from pncsim.wire.errors import LocalError, PncError
from pncsim.wire.trace import Event, Problem, Trace

if TYPE_CHECKING:
    from pncsim.simulator.feed.feed import Feed

LoneSide = Callable[[Clock, Trace, SayVerdict], Coroutine[Any, Any, int]]
"""What a lone side does, given the clock, where it reports, and how it says its verdicts; its exit code."""

ALONE = "alone"
"""What the evidence has in the place of a lab's transport."""


def run_side(
    name: str,
    side: LoneSide,
    options: Mapping[str, Any],
    *,
    level: int = 0,
    evidence: Path | None = None,
    keylog: Path | None = None,
    attachable: Attachable | None = None,
    feed: Feed | None = None,
) -> int:
    """Run the side called ``name`` in real time, tell its story with times of day, return its exit code.

    ``evidence`` and ``keylog`` as for a scenario (None: nowhere); ``options`` are what it was told, secrets left out.
    ``attachable``: how dashboards come to it (None: not at all); ``feed``: where it is published, too.
    Raises OutputLost where standard output takes no more, LocalError where what was seen cannot be kept, and what
    ``side`` raises.
    """
    how = attachable or Attachable(kind=name)
    return run_on_loop("loopback", lambda: _Alone(name, options, level, evidence, keylog, how, feed).run(side))


class _Alone:
    """One such run, on its loop."""

    def __init__(
        self,
        name: str,
        options: Mapping[str, Any],
        level: int,
        evidence: Path | None,
        keylog: Path | None,
        attachable: Attachable,
        feed: Feed | None,
    ) -> None:
        self._name, self._options, self._attachable, self._feed = name, options, attachable, feed
        self._clock, self._trace = Clock(), Trace()
        self._started = self._clock.now()
        self._result = RunResult(name, ALONE)
        self._key_log = key_log_at(keylog, self._trace)
        warn_of_keys(keylog)
        self._recorder = Recorder(evidence, name, self._started, wall=True, live=True) if evidence is not None else None
        task = asyncio.current_task()
        assert task is not None
        teller = StoryTeller(self._started, level=level, wall=True)
        self._screen = Screen(teller, task.cancel, heading=self._heading)
        if self._recorder is not None:
            self._recorder.listen(self._trace)
        for reader in (self._first_problem, self._screen):
            self._trace.subscribe(reader)

    async def run(self, side: LoneSide) -> int:
        """The side's exit code, with its evidence kept."""
        with self._screen.watched():
            entrance = open_entrance(self._attachable, self._options, self._clock, self._trace)
            try:
                with nullcontext() if self._feed is None else self._feed.tells_alone(self._trace, self._attachable):
                    code = await side(self._clock, self._trace, self._say)
            except BaseException as error:
                self._broken_off(error)
                raise
            finally:
                lost = self._keep()
                entrance.close(self._result)
            if lost is None:
                return code
            if code == 0:
                raise lost
            # It has failed already: that it cannot be kept either is not the worst.
            print(f"pnc: {printable(str(lost))}", file=sys.stderr, flush=True)
            return code

    def _say(self, who: str, verdict: Verdict, text: str) -> int:
        """A verdict is a check of the evidence, too."""
        self._result.checks.append(Check(who, verdict is Verdict.PASS, text, id=check_name(who)))
        if who == self._name:
            self._result.judged = verdict
        if verdict is Verdict.ERROR:
            self._result.error = text
        return say_verdict(who, verdict, text)

    def _broken_off(self, error: BaseException) -> None:
        """Why there is no verdict, unless there is one: who serves for ever is always broken off."""
        if self._result.judged is not None:
            return
        if isinstance(error, asyncio.CancelledError):
            self._result.error = "It was broken off before its end."
        else:
            self._result.error = str(error) if isinstance(error, PncError) else f"{type(error).__name__}: {error}"

    def _keep(self) -> LocalError | None:
        """Finish the evidence; why it cannot be kept."""
        ended = self._clock.now()
        self._result.lab_seconds = self._result.wall_seconds = ended - self._started
        if self._key_log is not None:
            self._result.problems += self._key_log.closed()
        if self._recorder is None:
            return None
        self._result.problems += self._recorder.flaws
        try:
            self._result.evidence = self._recorder.finish(self._result, ended=ended, options=self._options)
        except LocalError as error:
            return error
        return None

    def _first_problem(self, event: Event) -> None:
        if isinstance(event, Problem) and not self._result.first_problem:
            self._result.first_problem = f"{event.role}: {event.text}"

    def _heading(self) -> str:
        """The day and the zone of the times that follow, and where all of it is kept."""
        kept = self._recorder.folder if self._recorder is not None else None
        day = time.strftime("%Y-%m-%d, UTC%z", time.localtime(self._started))
        return f"pnc {self._name}, pncsim {version('pncsim')}, {day}" + (f"; evidence: {kept}" if kept else "")
