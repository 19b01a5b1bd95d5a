"""Runs told on standard output: of a scenario with all actors, and of services that stand alone."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pncsim.simulator.evidence.story import StoryTeller, printable
from pncsim.simulator.result import OutputLost, RunResult, Verdict
from pncsim.simulator.runs.loop import run_on_loop
from pncsim.simulator.runs.run import Run
from pncsim.simulator.scenario import Scenario
from pncsim.simulator.settings import RunSettings
from pncsim.wire.clock import LATEST, Clock
from pncsim.wire.errors import LocalError, PncError
from pncsim.wire.trace import Event, Trace

if TYPE_CHECKING:
    from pncsim.simulator.attach.side import Attachable
    from pncsim.simulator.feed.feed import Feed


class Screen:
    """A reader of the trace that tells the story on standard output; :attr:`lost` once that takes no more.

    No actor may notice that (a reader never reaches protocol code), and nobody charges on for a reader who has gone:
    ``end()`` is called, which is to end the run in order. ``heading()`` is told before the first event.
    """

    def __init__(
        self, teller: StoryTeller, end: Callable[[], object], *, heading: Callable[[], str] | None = None
    ) -> None:
        self._teller, self._end, self._heading = teller, end, heading
        self.lost: OSError | None = None

    def __call__(self, event: Event) -> None:
        """Tell ``event``."""
        if self.lost is not None:
            return
        try:
            if self._heading is not None:
                print(printable(self._heading()))
                self._heading = None
            self._teller(event)
        except OSError as error:
            self.lost = error
            self._end()

    @contextmanager
    def watched(self) -> Iterator[None]:
        """What is told in the body, and the end this brings about, raise OutputLost where output is lost."""
        try:
            yield
        except asyncio.CancelledError:
            if self.lost is None:
                raise
            raise OutputLost(*self.lost.args) from None
        except OSError as error:
            raise OutputLost(*error.args) from None


def run_and_tell(
    scenario: Scenario,
    options: Mapping[str, Any],
    settings: RunSettings,
    *,
    level: int = 0,
    feed: Feed | None = None,
) -> RunResult:
    """Run ``scenario`` on a loop of its own and print the story (``level`` -1: only the verdict line).

    ``feed``: where it is published, too, and commands come from. Raises OutputLost where standard output takes no more.
    """
    return run_on_loop(settings.transport, lambda: _told(scenario, options, settings, level, feed))


async def _told(
    scenario: Scenario, options: Mapping[str, Any], settings: RunSettings, level: int, feed: Feed | None
) -> RunResult:
    run = Run(scenario, options, settings)
    if feed is not None:
        from pncsim.simulator.attach.side import terminate

        with feed.tells(run, terminate):
            return await _on_screen(run, level)
    return await _on_screen(run, level)


async def _on_screen(run: Run, level: int) -> RunResult:
    scenario, settings = run.scenario, run.settings
    warn_of_keys(settings.keylog)
    teller = StoryTeller(run.clock.now(), level=level, units=scenario.plan.several)
    screen = Screen(teller, run.cancel)
    if level >= 0:
        run.trace.subscribe(screen)
    with screen.watched():
        try:
            result = await run.done()
        except asyncio.CancelledError:
            if screen.lost is None and run.result.evidence is not None:
                print(f"\n  evidence: {run.result.evidence}", flush=True)
            raise
        if level >= 0:
            teller.summary(result)
        else:
            print(printable(result.line), flush=True)
    return result


def warn_of_keys(keylog: Path | None) -> None:
    """Say loudly, whatever else is told, that TLS keys are written."""
    if keylog is not None:
        from pncsim.simulator.evidence.key_log import WARNING

        print(f"pnc: {printable(WARNING.format(keylog))}", file=sys.stderr, flush=True)


def run_alone(
    side: Callable[[Clock, Trace], Coroutine[Any, Any, int]],
    attachable: Attachable,
    options: Mapping[str, Any],
    *,
    level: int = 0,
    offset: float = 0.0,
    feed: Feed | None = None,
) -> int:
    """Run services in real time, tell their story on standard output, return the exit code.

    ``attachable``: how dashboards come to them; ``options``: what they were told, secrets left out. ``offset``: seconds
    their clock is ahead of the machine's. ``feed``: where it is published, too.

    Raises OutputLost where standard output takes no more, LocalError for a time that no certificate can name.
    """
    from pncsim.simulator.attach.entrance import open_entrance

    async def told() -> int:
        start = time.time() + offset
        if not 0 <= start <= LATEST:
            raise LocalError(
                f"A clock {offset:g} s ahead shows no time from 1970 to 9000.", advice="Give a smaller --clock-offset."
            )
        clock, trace = Clock(start), Trace()
        task = asyncio.current_task()
        assert task is not None
        screen = Screen(StoryTeller(clock.now(), level=level), task.cancel)
        trace.subscribe(screen)
        result = RunResult(attachable.kind, "alone", judged=Verdict.PASS)
        with screen.watched():
            entrance = open_entrance(attachable, options, clock, trace)
            try:
                with nullcontext() if feed is None else feed.tells_alone(trace, attachable):
                    return await side(clock, trace)
            except PncError as error:
                result.error = str(error)
                raise
            finally:
                result.lab_seconds = result.wall_seconds = clock.now() - start
                entrance.close(result)

    return run_on_loop("loopback", told)
