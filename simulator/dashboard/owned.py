"""``pnc secc --dashboard``: the side in a process of its own, the dashboard in this one, and both end together."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress

from pncsim.simulator.attach.side import LINE
from pncsim.simulator.dashboard.child import ChildProcess
from pncsim.simulator.dashboard.reports import LabReport, LabRequest, LeaveLab, RunEnded
from pncsim.simulator.result import RunResult
from pncsim.wire.errors import LocalError

FAREWELL = 15.0
"""Seconds for a vehicle to stop, for the CSMS to hear of it, and for the evidence."""


class OwnedSide:
    """``pnc`` with these ``words``, which belongs to this dashboard."""

    writable, plays = True, False

    def __init__(self, words: Sequence[str]) -> None:
        self._name = f"pnc {words[0]}"
        self._child = ChildProcess(
            self._name, lambda line: ["pncsim", *words], lambda line: os.environ | {LINE: str(line)}
        )
        self._result: RunResult | None = None

    def start(self) -> None:
        """It has been started."""

    def ask(self, request: LabRequest) -> None:
        """Send a request. Raises LocalError where nobody is there any more."""
        try:
            self._child.line.send(request)
        except OSError as error:
            raise LocalError(f"{self._name} has ended.", advice="q leaves.") from error

    def take(self, seconds: float) -> Iterator[LabReport]:
        """What has been reported, for at most ``seconds``. Raises LocalError once if the process has died."""
        try:
            for report in self._child.line.take(seconds):
                self._note(report)
                yield report
        except LocalError:
            if self._result is None:
                raise

    @property
    def waiting(self) -> bool:
        """Whether there is more to take at once."""
        return self._child.line.waiting

    def close(self) -> None:
        """Let it end in order, and wait for that. Idempotent."""
        line = self._child.line
        if not line.lost:
            print(f"{self._name} ends: a vehicle that charges is asked to stop first.", file=sys.stderr, flush=True)
        with suppress(OSError, LocalError):  # until it is gone
            line.send(LeaveLab())
            for report in line.reports(FAREWELL):
                self._note(report)
        self._child.ended(FAREWELL)

    def conclude(self) -> int:
        """Say on this terminal what it came to, as the side alone would have; the exit code of its verdict, else its
        own."""
        code = self._child.ended(FAREWELL)
        for line in self._child.said().splitlines()[-1:]:
            print(line)
        if self._result is not None and self._result.judged is not None:
            code = self._result.exit_code
        else:
            print(self._child.complained(), end="", file=sys.stderr)
        self._child.forget()
        return code

    def _note(self, report: LabReport) -> None:
        if isinstance(report, RunEnded):
            self._result = report.result


def run_with_dashboard(words: Sequence[str]) -> int:
    """Run ``pnc`` with these words below a dashboard; the exit code of the side."""
    from pncsim.simulator.dashboard.app import open_dashboard

    side = OwnedSide(words)
    try:
        open_dashboard(side)
    finally:
        side.close()
    return side.conclude()
