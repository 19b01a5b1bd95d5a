"""A socket reports come by: a thread reads it, whoever shows them takes what has come, and nobody waits."""

from __future__ import annotations

import math
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress

from pncsim.simulator.dashboard.reports import FrameCutter, LabReport, LabRequest, frame, report_of
from pncsim.wire.errors import LocalError

MOST = 64
"""Reports that wait to be taken; the socket fills up behind them, and the journal at its other end goes on without."""


class ReportLine:
    """What comes by ``line``. ``last_words()`` is the error that is told once the other end has gone.

    ``lost``: it has, or (``garbled``) it says what is no report.
    """

    def __init__(self, line: socket.socket, last_words: Callable[[], LocalError]) -> None:
        self._line, self._last_words = line, last_words
        self._waiting: deque[LabReport | LocalError] = deque()
        self._room = threading.Semaphore(MOST)
        self._come = threading.Event()
        self._closing = self.lost = self.garbled = False
        self._listener = threading.Thread(target=self._listen, name="reports", daemon=True)
        self._listener.start()

    def send(self, request: LabRequest) -> None:
        """Ask something. Raises OSError where nobody is there."""
        self._line.sendall(frame(request))

    def take(self, seconds: float) -> Iterator[LabReport]:
        """What has been reported, for at most ``seconds``. Raises LocalError once the other end has gone."""
        until = time.perf_counter() + seconds
        while self._waiting:
            one = self._waiting.popleft()
            self._room.release()
            if isinstance(one, LocalError):
                raise one
            yield one
            if time.perf_counter() > until:
                return

    def reports(self, patience: float | None = None) -> Iterator[LabReport]:
        """What is reported, waiting for it, until nobody asks or nothing comes for ``patience`` seconds. Raises
        LocalError once the other end has gone."""
        # Whoever asked before may have stopped in the middle: what has come already comes first.
        yield from self.take(math.inf)
        while self._come.wait(patience):
            self._come.clear()
            yield from self.take(math.inf)

    def wait(self) -> None:
        """Until there is something to take that there was not, or may not have been, the last time."""
        self._come.wait()
        self._come.clear()

    @property
    def waiting(self) -> bool:
        """Whether there is more to take at once."""
        return bool(self._waiting)

    def deafen(self) -> None:
        """Take nothing any more: what still comes is passed over until the other end closes."""
        self._closing = True
        for _ in range(MOST):
            self._room.release()

    def close(self) -> None:
        """Close it. Idempotent."""
        self.deafen()
        with suppress(OSError):  # the other end has closed it
            self._line.shutdown(socket.SHUT_RDWR)
        self._listener.join()
        self._line.close()

    def _listen(self) -> None:
        frames = FrameCutter()
        try:
            with suppress(OSError):  # the line is closed, here or there
                while octets := self._line.recv(1 << 18):
                    for one in frames.feed(octets):
                        if not self._closing:
                            self._room.acquire()
                            self._put(report_of(one))
        except LocalError as error:
            self.garbled = self.lost = True
            self._put(error)
            return
        self.lost = True
        if not self._closing:
            self._put(self._last_words())

    def _put(self, what: LabReport | LocalError) -> None:
        self._waiting.append(what)
        self._come.set()
