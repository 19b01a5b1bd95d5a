"""What the dashboard costs: its first paint, how fast it takes events, its memory, and what a lab pays for it.

python -m bench.dashboard_bench
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from statistics import median
from typing import Literal

from pncsim.simulator.dashboard.app import Dashboard
from pncsim.simulator.dashboard.form import records
from pncsim.simulator.dashboard.lab_process import LabProcess
from pncsim.simulator.dashboard.reports import EventsTold, LabReport, LabRequest, RunBegan, StartRun
from pncsim.simulator.dashboard.store import EventStore
from pncsim.simulator.dashboard.teller import KEPT, PAGE, Teller
from pncsim.simulator.dashboard.widgets.grid import Grid
from pncsim.simulator.entry import COLLECTOR
from pncsim.simulator.runs.discovery import find_scenario
from pncsim.simulator.runs.loop import run_on_loop
from pncsim.simulator.runs.run import Run
from pncsim.simulator.settings import RunSettings

BARE = """
from textual.app import App
class Bare(App):
    def on_ready(self):
        self.exit()
Bare().run(headless=True, size=(160, 50))
"""
OURS = """
from pncsim.simulator.dashboard.app import Dashboard
from pncsim.simulator.dashboard.lab_process import LabProcess
class Painted(Dashboard):
    def on_ready(self):
        self.exit(0)
app = Painted(LabProcess(), ticking=False)
app.run(headless=True, size=(160, 50))
app.scene.close()
"""


def first_paint(rounds: int = 7) -> tuple[float, float]:
    """Seconds of a fresh process to its first paint and out again: ours and a bare application, in turns, medians."""
    taken: dict[str, list[float]] = {OURS: [], BARE: []}
    for _ in range(rounds):
        for program, times in taken.items():
            began = time.perf_counter()
            subprocess.run([sys.executable, "-c", program], check=True, stdout=subprocess.DEVNULL)
            times.append(time.perf_counter() - began)
    return median(taken[OURS]), median(taken[BARE])


ROWS = 50
"""Rows there are before keys are pressed."""


class _Fed:
    """A source that is given records as a clock says, as a lab would: ``rate`` events a second."""

    writable = plays = True

    def __init__(self, told: list[bytes], rate: int, seconds: float) -> None:
        self._told, self._rate, self._seconds = told, rate, seconds
        self.given, self.began = 0, 0.0

    @property
    def waiting(self) -> bool:
        return False

    def start(self) -> None:
        """Nothing has to come up."""

    def ask(self, request: LabRequest) -> None:
        """Nobody is asked."""

    def take(self, seconds: float) -> Iterator[LabReport]:
        if not self.began:
            self.began = time.perf_counter()
            yield RunBegan(run="bench", scenario="pnc-ac")
        due = int(min(time.perf_counter() - self.began, self._seconds) * self._rate)
        while self.given < due:
            first, many = self.given, min(PAGE, due - self.given)
            self.given += many
            yield EventsTold(tuple(self._told[(first + n) % len(self._told)] for n in range(many)))

    def close(self) -> None:
        """Nothing is open."""

    @property
    def over(self) -> bool:
        return self.given >= int(self._seconds * self._rate)


async def answered_under_load(
    told: list[bytes], rate: int = 5000, seconds: float = 4.0
) -> tuple[int, int, float, float]:
    """Events told, events in the store, and the longest time from a key to its effect, in seconds: wall and CPU."""
    source = _Fed(told, rate, seconds)
    app = Dashboard(source)
    worst = worst_used = 0.0
    async with app.run_test(size=(160, 50)) as pilot:
        grid = app.screen.query_one(Grid)
        while grid.count() < ROWS:  # noqa: ASYNC110  (a key moves nothing where there is nothing)
            await asyncio.sleep(0.01)
        await pilot.press("home", "down")
        for number in itertools.count():
            if source.over:
                break
            before, began, used = grid.cursor, time.perf_counter(), time.process_time()
            app.simulate_key("up" if number % 2 else "down")
            while grid.cursor == before and not source.over:  # noqa: ASYNC110  (it is what is measured)
                await asyncio.sleep(0.001)
            worst, worst_used = max(worst, time.perf_counter() - began), max(worst_used, time.process_time() - used)
            await asyncio.sleep(0.02)
        while app.scene.waiting:
            await pilot.pause(0.1)
        await pilot.pause(0.3)
        return source.given, len(app.scene.store), worst, worst_used


def session_records() -> list[bytes]:
    """The events of one session, as they are told."""

    async def main() -> list[bytes]:
        run = Run(find_scenario("pnc-ac"), settings=RunSettings(transport="memory", seed="7"))
        await run.done()
        return records(run.journal.page(limit=100_000).events)

    return run_on_loop("memory", main)


MEMORY = """
import resource, sys
from bench.dashboard_bench import filled
print(*filled(int(sys.argv[1])))
"""


def filled(events: int) -> tuple[float, float, float]:
    """A store with so many events: MiB of memory it took, microseconds to take one, milliseconds to look at the
    slowest of a hundred."""
    told = session_records()
    store = EventStore()
    store.take(told)
    before, began, taken = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter(), 0
    while taken < events:
        store.take(told)
        taken += len(told)
    each = (time.perf_counter() - began) / taken
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    slowest = 0.0
    for place in range(0, taken, taken // 100):
        began = time.perf_counter()
        store.event(place)
        slowest = max(slowest, time.perf_counter() - began)
    store.close()
    return grown, each * 1e6, slowest * 1e3


def memory_of(events: int) -> tuple[float, float, float]:
    """As :func:`filled`, in a process of its own."""
    done = subprocess.run([sys.executable, "-c", MEMORY, str(events)], check=True, capture_output=True, text=True)
    grown, each, slowest = map(float, done.stdout.split())
    return grown, each, slowest


# What a lab pays

Where = Literal["alone", "process", "thread"]
KWH = {"kwh": "40"}


def lab_seconds(where: Where, sessions: int = 12) -> float:
    """Seconds of wall time for so many runs in memory: alone, or watched by a dashboard that lives beside them."""
    return {"alone": _alone, "process": _in_process, "thread": _in_thread}[where](sessions)


def _runs(sessions: int, watch: Callable[[Run], Teller | None]) -> float:
    """The time of the runs themselves, as the lab's side does them."""
    taken = 0.0
    for _ in range(sessions):

        async def main() -> float:
            run = Run(find_scenario("pnc-ac"), {"kwh": 40.0}, RunSettings(transport="memory"), kept=KEPT)
            teller = watch(run)
            began = time.perf_counter()
            await run.done()
            spent = time.perf_counter() - began
            if teller is not None:
                teller.stop()
            return spent

        taken += run_on_loop("memory", main)
    return taken


def _alone(sessions: int) -> float:
    return _runs(sessions, lambda run: None)


def _in_process(sessions: int) -> float:
    """A dashboard here, the lab in its process; the time each run took there, as its result says."""

    async def main() -> float:
        source, taken = LabProcess(), 0.0
        app = Dashboard(source)
        async with app.run_test(size=(160, 50)) as pilot:
            for _ in range(sessions):
                app.play(StartRun(scenario="pnc-ac", options=KWH))
                while app.scene.result is None or app.scene.running:
                    await pilot.pause(0.02)
                taken += app.scene.result.wall_seconds
                app.scene.result = None
        app.scene.close()
        return taken

    return asyncio.run(main())


def _in_thread(sessions: int) -> float:
    """The lab in a thread of the dashboard's process: what was not chosen."""
    source = _Threaded()
    taken: list[float] = []

    def lab() -> None:
        def watch(run: Run) -> Teller:
            source.reports.append(RunBegan(run="bench", scenario="pnc-ac"))
            teller = Teller(run.journal, source.reports.append, run.clock.now)
            teller.start()
            return teller

        taken.append(_runs(sessions, watch))

    async def main() -> None:
        app = Dashboard(source)
        async with app.run_test(size=(160, 50)) as pilot:
            thread = threading.Thread(target=lab)
            thread.start()
            while thread.is_alive():
                await pilot.pause(0.02)

    asyncio.run(main())
    return taken[0]


class _Threaded(_Fed):
    def __init__(self) -> None:
        super().__init__([], 0, 0.0)
        self.reports: list[LabReport] = []

    def take(self, seconds: float) -> Iterator[LabReport]:
        until = time.perf_counter() + seconds
        while self.reports and time.perf_counter() < until:
            yield self.reports.pop(0)


def main() -> None:
    """Print the rows."""
    gc.set_threshold(*COLLECTOR)
    ours, bare = first_paint()
    times = ours / bare
    print(f"dashboard, start to first paint: {ours:.2f} s, {times:.2f} times a bare Textual application ({bare:.2f})")
    told, kept, worst, used = asyncio.run(answered_under_load(session_records()))
    answered = f"the slowest key answered in {worst * 1000:.0f} ms ({used * 1000:.0f} ms of CPU)"
    print(f"dashboard at 5000 events/s: {told - kept} of {told} lost, {answered}")
    grown, each, longest = memory_of(1_000_000)
    print(
        f"dashboard, a million events: {grown:.0f} MiB more, {each:.1f} us to take one, "
        f"any event in {longest:.1f} ms at most"
    )
    rounds: dict[Where, list[float]] = {"alone": [], "process": [], "thread": []}
    for _ in range(3):
        for where, taken in rounds.items():
            taken.append(lab_seconds(where))
    alone, process, thread = (median(taken) for taken in rounds.values())
    print(
        f"a lab's throughput with a dashboard: {alone / process:.2f} of that without "
        f"(in a thread of it, {alone / thread:.2f})"
    )


if __name__ == "__main__":
    main()
