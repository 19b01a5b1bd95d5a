"""How a suite goes and what it came to, for whoever waits: a bar at a terminal, lines for what did not pass, a sum."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Sequence
from typing import TextIO

from pncsim.simulator.conformance.case import CaseVerdict
from pncsim.simulator.conformance.record import Tried, exit_code, none_applied
from pncsim.simulator.every.told import ProgressBar
from pncsim.simulator.evidence.story import printable

QUIETLY = frozenset({CaseVerdict.PASS, CaseVerdict.NOT_APPLICABLE, CaseVerdict.EXPECTED})
"""Verdicts that are told only to whoever wants each."""

_SAID = {
    CaseVerdict.PASS: "passed",
    CaseVerdict.FAIL: "failed",
    CaseVerdict.INCONCLUSIVE: "inconclusive",
    CaseVerdict.ERROR: "could not be run",
    CaseVerdict.FLAKY: "flaky",
    CaseVerdict.EXPECTED: "failed as expected",
    CaseVerdict.NOT_APPLICABLE: "not applicable",
}


class SuiteTally:
    """Tells cases as they end: with ``level`` -1 none, with 0 what is not as one wishes, with 1 each.

    ``ahead``: the ids of what is still to be run, in this order, where one follows the other.
    """

    def __init__(
        self, suite: str, total: int, level: int, out: TextIO | None = None, *, ahead: Sequence[str] = ()
    ) -> None:
        self._suite, self._total, self._level = suite, total, level
        self._bar = ProgressBar(total, out or sys.stderr)
        self._began = time.monotonic()
        self._tried: dict[str, Tried] = {}
        self._bad = self._recalled = 0
        self._ahead = list(reversed(ahead))

    def recall(self, before: Sequence[Tried]) -> None:
        """Tell what an earlier run came to, which the verdict counts, and says that it does."""
        for one in before:
            self(one)
        self._recalled = len(before)

    def __call__(self, tried: Tried) -> None:
        """Tell one more."""
        self._tried[tried.id] = tried
        quiet = tried.verdict in QUIETLY
        self._bad += not quiet and tried.verdict is not CaseVerdict.FLAKY
        if self._level >= (1 if quiet else 0):
            self._bar.clear()
            print(printable(tried.line), flush=True)
        if self._ahead and self._ahead[-1] == tried.id:
            self._ahead.pop()
        self._draw(tried.id)

    def say(self, what: str) -> None:
        """Something that whoever waits has to know."""
        if self._level >= 0:
            self._bar.clear()
            print(what, flush=True)

    def begin(self) -> None:
        """What is still to be run begins."""
        self._draw("")

    def _draw(self, ended: str) -> None:
        """The bar; where one case follows the other it names the one that is going on."""
        now = self._ahead[-1] if self._ahead else ended
        self._bar.draw(len(self._tried), self._bad, now, at_once=bool(self._ahead))

    def done(self) -> None:
        """No more will come."""
        self._bar.clear()

    @property
    def tried(self) -> Sequence[Tried]:
        """Those that have ended, in the order in which they did."""
        return list(self._tried.values())

    def line(self, against: str) -> str:
        """The verdict about all."""
        counts = Counter(one.verdict for one in self.tried)
        told = [f"{counts[verdict]} {word}" for verdict, word in _SAID.items() if counts[verdict]]
        known = sum(one.known for one in self.tried)
        told += [f"{known} of them known" if known else "", self._missing]
        told += [f"{self._recalled} as the record has them" if self._recalled else ""]
        verdict = "FAIL" if exit_code(self.tried) or self._missing else "PASS"
        if verdict == "PASS" and none_applied(self.tried):
            verdict = "INCONCLUSIVE"
        seconds, cpu = time.monotonic() - self._began, sum(one.cpu_seconds for one in self.tried)
        cases = "1 case" if self._total == 1 else f"{self._total} cases"
        said = ", ".join(filter(None, told))
        return f"{verdict} {self._suite}: {cases} against {against}: {said} ({seconds:.1f} s, {cpu:.1f} s CPU)"

    @property
    def _missing(self) -> str:
        missing = self._total - len(self._tried)
        return f"{missing} not run" if missing else ""
