"""A process that runs in another terminal as a source of reports: watched and steered, and never ended by looking."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from pncsim.simulator.attach.entrance import of_this_user
from pncsim.simulator.attach.place import SocketPlace, places
from pncsim.simulator.dashboard.report_line import ReportLine
from pncsim.simulator.dashboard.reports import FrameCutter, LabReport, LabRequest, RunBegan, RunEnded, report_of
from pncsim.wire.errors import LocalError

PATIENCE = 2.0
"""Seconds a process may take to say who it is."""


class Attached:
    """The process at ``place``. Raises LocalError where nobody listens there.

    Should it let go of a dashboard that has not read for long (one that was stopped, say), it is attached to again and
    tells from the beginning of what it has kept.
    """

    writable, plays = True, False

    def __init__(self, place: SocketPlace) -> None:
        self.place = place
        self._ended = False
        self.line = self._attach()

    def start(self) -> None:
        """It runs already."""

    def ask(self, request: LabRequest) -> None:
        """Send a request. Raises LocalError where nobody is there any more."""
        try:
            self.line.send(request)
        except OSError as error:
            raise LocalError(f"{self.place.process} has ended.") from error

    def take(self, seconds: float) -> Iterator[LabReport]:
        """What has been reported, for at most ``seconds``. Raises LocalError once if the process has died."""
        try:
            for report in self.line.take(seconds):
                self._ended = isinstance(report, RunEnded)
                yield report
        except LocalError as gone:
            if self._ended:
                return
            self._attach_again(gone)

    @property
    def waiting(self) -> bool:
        """Whether there is more to take at once."""
        return self.line.waiting

    def close(self) -> None:
        """Detach: whatever goes on there goes on. Idempotent."""
        self.line.close()

    def _attach_again(self, gone: LocalError) -> None:
        """Take up the line that was lost. Raises ``gone``, once, where there is none to be had."""
        try:
            line = None if self.line.garbled else self._attach()
        except LocalError:
            line = None
        if line is None:
            self._ended = True
            raise gone
        self.line.close()
        self.line = line

    def _attach(self) -> ReportLine:
        return ReportLine(connected(self.place), lambda: LocalError(f"{self.place.process} has gone."))


class Running(Struct, frozen=True):
    """A process that can be attached to, and how it introduces itself; None if it says nothing in time."""

    place: SocketPlace
    began: RunBegan | None


def running(folder: Path) -> list[Running]:
    """What runs here and can be attached to. Sockets of processes that have died are removed."""
    return list(_introduced(places(folder)))


def connected(place: SocketPlace) -> socket.socket:
    """A line to the process. Raises LocalError where it has none to offer."""
    line = socket.socket(socket.AF_UNIX)
    try:
        line.settimeout(PATIENCE)
        line.connect(str(place.path))
        line.settimeout(None)
    except OSError as error:
        line.close()
        if isinstance(error, ConnectionRefusedError):
            place.path.unlink(missing_ok=True)
        raise LocalError(
            f"Nobody listens at {place.path}: {error.strerror or error}.",
            advice="`pnc dashboard --attach` says what runs here.",
        ) from error
    if not of_this_user(line):
        line.close()
        raise LocalError(f"{place.path} belongs to another user's process.")
    return line


def _introduced(found: Iterable[SocketPlace]) -> Iterator[Running]:
    for place in found:
        with suppress(LocalError):
            line = connected(place)
            with line:
                yield Running(place, _introduction(line))


def _introduction(line: socket.socket) -> RunBegan | None:
    """What the process says first of its run."""
    line.settimeout(PATIENCE)
    frames = FrameCutter()
    with suppress(OSError):
        while octets := line.recv(1 << 16):
            for one in frames.feed(octets):
                if isinstance(report := report_of(one), RunBegan):
                    return report
    return None
