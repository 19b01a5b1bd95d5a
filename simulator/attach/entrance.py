"""The socket of a process that dashboards attach to. Until one does, it costs a file and an entry in the loop's list.

What a dashboard is told and asks is no business of the loop the session runs on: each has threads of its own
(:mod:`onlooker`), and one that does not read is let go.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import struct
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pncsim.simulator.attach.place import check_own, place_of
from pncsim.simulator.attach.side import Attachable, WatchedSide
from pncsim.simulator.runs.journal import Journal
from pncsim.wire.clock import Clock
from pncsim.wire.errors import LocalError
from pncsim.wire.trace import Trace
from pncsim.wire.voice import Voice

if TYPE_CHECKING:
    from pncsim.simulator.attach.onlooker import Onlooker
    from pncsim.simulator.result import RunResult

MOST = 8
"""Dashboards at one process; more are turned away."""
PAUSE = 1.0
"""Seconds in which nobody is let in once the process has no more files to open."""
FAREWELL = 0.5
"""Seconds for the last words to all who do not take them at once."""


class Entrance:
    """Lets the dashboards of this user in; open and close it on the loop of the side."""

    def __init__(self, side: WatchedSide) -> None:
        self._side = side
        self._loop = asyncio.get_running_loop()
        self._socket: socket.socket | None = None
        self._path: Path | None = None
        self._onlookers: list[Onlooker] = []

    def open(self, folder: Path) -> None:
        """Listen in ``folder``. Raises LocalError where that cannot be."""
        check_own(folder)
        path = place_of(folder, self._side.kind, os.getpid()).path
        listening = socket.socket(socket.AF_UNIX)
        try:
            # Whoever had this number before has ended without tidying up.
            path.unlink(missing_ok=True)
            listening.bind(str(path))
            path.chmod(0o600)
            listening.listen(MOST)
        except OSError as error:
            listening.close()
            raise LocalError(f"{path} cannot be opened: {error.strerror or error}.") from error
        listening.setblocking(False)
        self._socket, self._path = listening, path
        self._listen()

    def admit(self, line: socket.socket, *, owner: bool = False) -> None:
        """Serve a dashboard at the other end of ``line``; when its ``owner`` leaves, the side ends."""
        from pncsim.simulator.attach.onlooker import Onlooker

        onlooker = Onlooker(line, self._side, self._loop, owner=owner)
        self._onlookers.append(onlooker)
        onlooker.start()

    def close(self, result: RunResult) -> None:
        """Tell those who listen what it came to, and close. Nobody who does not listen is waited for."""
        if self._socket is not None:
            self._loop.remove_reader(self._socket)
            self._socket.close()
            self._socket = None
        if self._path is not None:
            with suppress(OSError):
                self._path.unlink()
        farewells = [onlooker.farewell(result) for onlooker in self._onlookers]
        until = time.perf_counter() + FAREWELL
        for thread, onlooker in zip(farewells, self._onlookers, strict=True):
            if thread.ident is not None:  # it is there still
                thread.join(max(0.0, until - time.perf_counter()))
            onlooker.leave()

    def _listen(self) -> None:
        if self._socket is not None:
            self._loop.add_reader(self._socket, self._come)

    def _come(self) -> None:
        assert self._socket is not None
        try:
            line, _ = self._socket.accept()
        except OSError as error:
            # Gone again; or no file is left to be opened, which nobody should be asked a thousand times a second.
            if error.errno in (errno.EMFILE, errno.ENFILE):
                self._loop.remove_reader(self._socket)
                self._loop.call_later(PAUSE, self._listen)
            return
        self._onlookers = [onlooker for onlooker in self._onlookers if not onlooker.gone]
        if len(self._onlookers) < MOST and of_this_user(line):
            line.setblocking(True)
            self.admit(line)
        else:
            line.close()


def of_this_user(line: socket.socket) -> bool:
    """Whether the other end is a process of this user, or of root, who could do anything anyway."""
    told = line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, user, _ = struct.unpack("3i", told)
    return user in (os.geteuid(), 0)


def open_entrance(how: Attachable, options: Mapping[str, Any], clock: Clock, trace: Trace) -> Entrance:
    """Let dashboards in as ``how`` says, and keep what happens for them. Where no socket can be, that is told: whoever
    charges is not to be stopped by it.
    """
    side = WatchedSide(
        kind=how.kind, options=options, clock=clock, started=clock.now(), handle=how.handle, journal=Journal()
    )
    trace.subscribe(side.journal)
    entrance = Entrance(side)
    if how.folder is not None:
        try:
            entrance.open(how.folder)
        except LocalError as error:
            Voice.on(clock, trace, "LAB").warning(f"No dashboard can attach to this. {error.sentence}")
    if how.line is not None:
        entrance.admit(socket.socket(fileno=how.line), owner=True)
    return entrance
