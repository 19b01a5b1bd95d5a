"""The dashboard's end of a lab that runs in a process of its own: requests go, reports come, nobody waits."""

from __future__ import annotations

import math
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress

from pncsim.simulator.dashboard.reports import FrameCutter, LabReport, LabRequest, LeaveLab, frame, report_of
from pncsim.wire.errors import LocalError

MOST = 64
"""FrameCutter that wait to be taken; the lab's socket fills up behind them, and its journal goes on without."""
FAREWELL = 10.0
"""Seconds a lab may take to close what is open."""


class LabProcess:
    """A lab, started by the first request. Its session is another one than the terminal's: Ctrl-C is not for it."""

    def __init__(self) -> None:
        self._line: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115  (until close)
        self._waiting: deque[LabReport | LocalError] = deque()
        self._room = threading.Semaphore(MOST)
        self._come = threading.Event()
        self._listener: threading.Thread | None = None
        self._closing = self._lost = False

    writable = True
    """Whether it takes requests."""

    def start(self) -> None:
        """Let it come up while nobody waits for it. Idempotent."""
        if self._process is not None:
            if not self._lost:
                return
            self._process.kill()
            self._process.wait()
        if self._line is not None:
            self._line.close()
        self._lost = False
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
        self._line = ours
        self._listener = threading.Thread(target=self._listen, args=[ours], name="lab", daemon=True)
        self._listener.start()

    def ask(self, request: LabRequest) -> None:
        """Send a request. Raises LocalError where nobody is there."""
        self.start()
        assert self._line is not None
        try:
            self._line.sendall(frame(request))
        except OSError as error:
            raise LocalError("The lab's process has gone.", advice="Start the run again.") from error

    def take(self, seconds: float) -> Iterator[LabReport]:
        """What has been reported, for at most ``seconds``. Raises LocalError once the process has died."""
        until = time.perf_counter() + seconds
        while self._waiting:
            one = self._waiting.popleft()
            self._room.release()
            if isinstance(one, LocalError):
                raise one
            yield one
            if time.perf_counter() > until:
                return

    def reports(self) -> Iterator[LabReport]:
        """What is reported, waiting for it, until nobody asks for more. Raises LocalError once the process has died."""
        while True:
            self._come.wait()
            self._come.clear()
            yield from self.take(math.inf)

    @property
    def pid(self) -> int | None:
        """The process of the lab, if there is one."""
        return None if self._process is None else self._process.pid

    @property
    def waiting(self) -> bool:
        """Whether there is more to take at once."""
        return bool(self._waiting)

    def close(self) -> None:
        """Let the lab end its run in order, and wait for it. Idempotent."""
        self._closing = True
        for _ in range(MOST):
            self._room.release()
        if self._process is None or self._line is None:
            return
        with suppress(OSError):  # it may have gone by itself
            self._line.sendall(frame(LeaveLab()))
        try:
            self._process.wait(FAREWELL)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._listener is not None:
            self._listener.join()
        self._line.close()
        self._complaints.close()
        self._process = self._line = None

    def _listen(self, line: socket.socket) -> None:
        frames = FrameCutter()
        try:
            with suppress(OSError):  # the line is closed, here or there
                while octets := line.recv(1 << 18):
                    for one in frames.feed(octets):
                        if not self._closing:
                            self._room.acquire()
                            self._put(report_of(one))
        except LocalError as error:
            self._put(error)
        self._lost = True
        if not self._closing:
            self._put(LocalError(f"The lab's process has ended{self._last_words()}."))

    def _put(self, what: LabReport | LocalError) -> None:
        self._waiting.append(what)
        self._come.set()

    def _last_words(self) -> str:
        descriptor = self._complaints.fileno()
        size = os.fstat(descriptor).st_size
        told = os.pread(descriptor, 4096, max(0, size - 4096)).decode(errors="replace").strip()
        return f": {told.splitlines()[-1]}" if told else ""
