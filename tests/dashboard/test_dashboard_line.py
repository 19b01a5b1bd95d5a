"""What comes by a socket of reports is taken by whoever asks, and by the next one where the last has stopped asking."""

from __future__ import annotations

import socket

from pncsim.simulator.dashboard.report_line import ReportLine
from pncsim.simulator.dashboard.reports import RequestDone, frame
from pncsim.wire.errors import LocalError


def test_what_had_come_when_somebody_stopped_asking_comes_to_the_next_one() -> None:
    here, there = socket.socketpair()
    line = ReportLine(here, lambda: LocalError("It has gone."))
    there.sendall(frame(RequestDone(id=1)) + frame(RequestDone(id=2)))
    there.close()
    line._listener.join()  # both have come, and that nobody is there any more
    first = next(line.reports())
    assert isinstance(first, RequestDone) and first.id == 1
    rest = line.reports()
    second = next(rest)
    assert isinstance(second, RequestDone) and second.id == 2
    line.close()
