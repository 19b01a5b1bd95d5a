"""A lab in a process of its own, for tests that wait for what it reports."""

from __future__ import annotations

from collections.abc import Callable

from pncsim.simulator.by_hand.seen import HandSeen
from pncsim.simulator.dashboard.form import event_of
from pncsim.simulator.dashboard.lab_process import LabProcess
from pncsim.simulator.dashboard.reports import (
    DoInLab,
    EventsTold,
    HandTold,
    LabReport,
    RequestDone,
    RunEnded,
)
from pncsim.wire.trace import V2gMessage


class Watched:
    """A lab whose reports are waited for; the test's own limit ends a wait in vain."""

    def __init__(self) -> None:
        self.lab = LabProcess()
        self.seen: list[LabReport] = []
        self._asked = 1000

    def until(self, wanted: Callable[[LabReport], bool]) -> LabReport:
        while True:
            for report in self.lab.reports():
                self.seen.append(report)
                if wanted(report):
                    return report

    def ended(self) -> RunEnded:
        report = self.until(lambda one: isinstance(one, RunEnded))
        assert isinstance(report, RunEnded)
        return report

    def done(self, id: int) -> RequestDone:
        report = self.until(lambda one: isinstance(one, RequestDone) and one.id == id)
        assert isinstance(report, RequestDone)
        return report

    def sent(self) -> list[str]:
        events = [event_of(one) for report in self.seen if isinstance(report, EventsTold) for one in report.records]
        return [event.name for event in events if isinstance(event, V2gMessage) and event.direction == "sent"]

    def hand(self, wanted: Callable[[HandSeen], object]) -> HandSeen:
        """How everybody stands in a lab that is played by hand, as soon as that is as wanted."""
        told = [one.hand for one in self.seen if isinstance(one, HandTold)]
        if told and wanted(told[-1]):
            return told[-1]
        report = self.until(lambda one: isinstance(one, HandTold) and bool(wanted(one.hand)))
        assert isinstance(report, HandTold)
        return report.hand

    def do(self, command: str, **arguments: str) -> RequestDone:
        """What came of a command."""
        self._asked += 1
        self.lab.ask(DoInLab(command, arguments, id=self._asked))
        return self.done(self._asked)
