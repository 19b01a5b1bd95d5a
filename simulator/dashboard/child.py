"""A process of ours that reports to the dashboard it was started by, over an inherited socket."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from pncsim.simulator.dashboard.report_line import ReportLine
from pncsim.simulator.dashboard.reports import LeaveLab
from pncsim.wire.errors import LocalError


class ChildProcess:
    """``python -m`` with the ``words(line)``, where ``line`` is the number of its socket, in ``environment(line)``.

    It is called ``name`` in errors. Its session is another one than the terminal's: Ctrl-C is not for it.
    """

    def __init__(
        self,
        name: str,
        words: Callable[[int], Sequence[str]],
        environment: Callable[[int], Mapping[str, str]] = lambda line: os.environ,
    ) -> None:
        self._name = name
        self._output, self._complaints = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115  (until close)
        ours, theirs = socket.socketpair()
        with theirs:
            line = theirs.fileno()
            self._process = subprocess.Popen(
                [sys.executable, "-m", *words(line)],
                pass_fds=[line],
                stdin=subprocess.DEVNULL,
                stdout=self._output,
                stderr=self._complaints,
                env=environment(line),
                start_new_session=True,
            )
        self.line = ReportLine(ours, self._gone)

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    def ended(self, within: float) -> int:
        """Let it end what is open, and end: it is told that nobody needs it, and killed after so many seconds. The exit
        code. Idempotent.
        """
        self.line.deafen()
        with suppress(OSError):  # it may have gone by itself
            self.line.send(LeaveLab())
        try:
            return self._process.wait(within)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()
        finally:
            self.line.close()

    def said(self) -> str:
        """What it has written on its standard output."""
        return _content(self._output.fileno())

    def complained(self) -> str:
        """What it has written on its standard error."""
        return _content(self._complaints.fileno())

    def forget(self) -> None:
        """Let what it has written go. Idempotent."""
        self._output.close()
        self._complaints.close()

    def _gone(self) -> LocalError:
        last = self.complained().strip().splitlines()[-1:]
        return LocalError(f"{self._name} has ended{': ' if last else ''}{''.join(last)}.")


MOST = 1 << 20


def _content(descriptor: int) -> str:
    """The last of a file."""
    size = os.fstat(descriptor).st_size
    return os.pread(descriptor, MOST, max(0, size - MOST)).decode(errors="replace")
