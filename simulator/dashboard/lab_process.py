"""The dashboard's end of a lab that runs in a process of its own: requests go, reports come, nobody waits."""

from __future__ import annotations

from collections.abc import Iterator

from pncsim.simulator.dashboard.child import ChildProcess
from pncsim.simulator.dashboard.reports import LabReport, LabRequest
from pncsim.wire.errors import LocalError

FAREWELL = 10.0
"""Seconds a lab may take to close what is open."""


class LabProcess:
    """A lab, started by the first request."""

    writable = plays = True

    def __init__(self) -> None:
        self._child: ChildProcess | None = None

    def start(self) -> None:
        """Let it come up while nobody waits for it. Idempotent."""
        if self._child is not None and not self._child.line.lost:
            return
        self._end(0)
        self._child = ChildProcess("The lab's process", lambda line: ["pncsim.simulator.dashboard.lab_side", str(line)])

    def ask(self, request: LabRequest) -> None:
        """Send a request. Raises LocalError where nobody is there."""
        self.start()
        assert self._child is not None
        try:
            self._child.line.send(request)
        except OSError as error:
            raise LocalError("The lab's process has gone.", advice="Start the run again.") from error

    def take(self, seconds: float) -> Iterator[LabReport]:
        """What has been reported, for at most ``seconds``. Raises LocalError once the process has died."""
        return iter(()) if self._child is None else self._child.line.take(seconds)

    def reports(self) -> Iterator[LabReport]:
        """What is reported, waiting for it, until nobody asks for more. Raises LocalError once the process has died."""
        self.start()
        assert self._child is not None
        return self._child.line.reports()

    def wait(self) -> None:
        """Until something may have been reported; the lab is started by that."""
        self.start()
        assert self._child is not None
        self._child.line.wait()

    @property
    def pid(self) -> int | None:
        """The process of the lab, if there is one."""
        return None if self._child is None else self._child.pid

    @property
    def waiting(self) -> bool:
        """Whether there is more to take at once."""
        return self._child is not None and self._child.line.waiting

    def close(self) -> None:
        """Let the lab end its run in order, and wait for it. Idempotent."""
        self._end(FAREWELL)

    def _end(self, within: float) -> None:
        if self._child is not None:
            self._child.ended(within)
            self._child.forget()
            self._child = None
