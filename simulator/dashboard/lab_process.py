"""The dashboard's end of a lab that runs in a process of its own: requests go, reports come, nobody waits."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress

from pncsim.simulator.dashboard.report_line import ReportLine
from pncsim.simulator.dashboard.reports import LabReport, LabRequest, LeaveLab
from pncsim.wire.errors import LocalError

FAREWELL = 10.0
"""Seconds a lab may take to close what is open."""


class LabProcess:
    """A lab, started by the first request. Its session is another one than the terminal's: Ctrl-C is not for it."""

    def __init__(self) -> None:
        self._line: ReportLine | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115  (until close)

    writable = plays = True

    def start(self) -> None:
        """Let it come up while nobody waits for it. Idempotent."""
        if self._process is not None:
            if self._line is None or not self._line.lost:
                return
            self._process.kill()
            self._process.wait()
        if self._line is not None:
            self._line.close()
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "pncsim.simulator.dashboard.lab_side", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._complaints,
                start_new_session=True,
            )
        self._line = ReportLine(ours, lambda: LocalError(f"The lab's process has ended{self._last_words()}."))

    def ask(self, request: LabRequest) -> None:
        """Send a request. Raises LocalError where nobody is there."""
        self.start()
        assert self._line is not None
        try:
            self._line.send(request)
        except OSError as error:
            raise LocalError("The lab's process has gone.", advice="Start the run again.") from error

    def take(self, seconds: float) -> Iterator[LabReport]:
        """What has been reported, for at most ``seconds``. Raises LocalError once the process has died."""
        return iter(()) if self._line is None else self._line.take(seconds)

    def reports(self) -> Iterator[LabReport]:
        """What is reported, waiting for it, until nobody asks for more. Raises LocalError once the process has died."""
        self.start()
        assert self._line is not None
        return self._line.reports()

    @property
    def pid(self) -> int | None:
        """The process of the lab, if there is one."""
        return None if self._process is None else self._process.pid

    @property
    def waiting(self) -> bool:
        """Whether there is more to take at once."""
        return self._line is not None and self._line.waiting

    def close(self) -> None:
        """Let the lab end its run in order, and wait for it. Idempotent."""
        if self._process is None or self._line is None:
            return
        self._line.deafen()
        with suppress(OSError):  # it may have gone by itself
            self._line.send(LeaveLab())
        try:
            self._process.wait(FAREWELL)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._line.close()
        self._complaints.close()
        self._process = self._line = None

    def _last_words(self) -> str:
        descriptor = self._complaints.fileno()
        size = os.fstat(descriptor).st_size
        told = os.pread(descriptor, 4096, max(0, size - 4096)).decode(errors="replace").strip()
        return f": {told.splitlines()[-1]}" if told else ""
