"""How the runs of all go, for whoever waits: a bar where somebody looks at a terminal, lines where not."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Sequence
from typing import TextIO

from pncsim.simulator.every.ran import Ran, exit_code
from pncsim.simulator.evidence.story import printable
from pncsim.simulator.result import Verdict

BAR = 24
"""Its width in characters."""
REDRAWN = 0.1
"""Seconds after which it is drawn anew, at the earliest."""


class ProgressBar:
    """A bar on ``out`` that stands for ``total`` runs; nothing at all where that is no terminal."""

    def __init__(self, total: int, out: TextIO = sys.stderr) -> None:
        self._total, self._out = total, out
        self._shown = out.isatty()
        self._due = 0.0

    def draw(self, done: int, bad: int, name: str, *, at_once: bool = False) -> None:
        """So many have ended, so many of them badly; the last one was ``name``. ``at_once``: nothing may come soon."""
        if not self._shown or (time.monotonic() < self._due and done < self._total and not at_once):
            return
        self._due = time.monotonic() + REDRAWN
        full = BAR * done // self._total
        told = f"[{'#' * full}{'.' * (BAR - full)}] {done}/{self._total}{f', {bad} bad' if bad else ''}  {name}"
        width = max(20, shutil.get_terminal_size().columns) - 1
        print(f"\r\x1b[K{printable(told)[:width]}", end="", file=self._out, flush=True)

    def clear(self) -> None:
        """Take it away, so that something else can be printed."""
        if self._shown:
            print("\r\x1b[K", end="", file=self._out, flush=True)
            self._due = 0.0


class Tally:
    """Tells runs as they end: with ``level`` -1 none, with 0 those that were not as expected, with 1 each."""

    def __init__(self, total: int, level: int, out: TextIO = sys.stderr) -> None:
        self._level, self._total = level, total
        self._bar = ProgressBar(total, out)
        self._began = time.monotonic()
        self._runs: dict[int, Ran] = {}
        self.bad = 0

    def __call__(self, number: int, run: Ran) -> None:
        """Tell ``run``, which has the place ``number`` among all."""
        self._runs[number] = run
        passed = run.left_out or run.manifest.verdict is Verdict.PASS
        self.bad += not passed
        if self._level >= (1 if passed else 0):
            self._bar.clear()
            print(printable(run.line), flush=True)
        self._bar.draw(len(self._runs), self.bad, run.name)

    def done(self) -> None:
        """No more will come."""
        self._bar.clear()

    @property
    def runs(self) -> Sequence[Ran]:
        """Those that have ended, in their own order; what was left out came to nothing."""
        return [run for _, run in sorted(self._runs.items()) if not run.left_out]

    def line(self, jobs: int) -> str:
        """The verdict about all."""
        runs, left_out = self.runs, len(self._runs) - len(self.runs)
        counts = {
            "not as expected": sum(run.manifest.verdict is Verdict.FAIL for run in runs),
            "could not be done": sum(run.manifest.verdict is Verdict.ERROR for run in runs),
            "not done": self._total - len(self._runs),
        }
        told = [f"{count} {what}" for what, count in counts.items() if count] or ["all as expected"]
        told += [f"{left_out} left out (-v says why)"] if left_out else []
        verdict = "FAIL" if exit_code(runs) or counts["not done"] else "PASS"
        cpu = sum(run.cpu_seconds for run in runs)
        of_all = "1 run" if self._total == 1 else f"{self._total} runs"
        processes = "1 process" if jobs == 1 else f"{jobs} processes"
        seconds = time.monotonic() - self._began
        return f"{verdict} {of_all}, {', '.join(told)} ({seconds:.1f} s, {cpu:.1f} s CPU, {processes})"
