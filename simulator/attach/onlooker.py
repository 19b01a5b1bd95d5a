"""One dashboard that has attached: what it is told, and what it asks. Nothing of it is done by the loop of the session.

Two threads serve it, which end with it: one tells what the journal has, one listens. The loop is asked for what only it
can do, and never waits for the dashboard; one that takes nothing for a while is let go, and may come again.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Coroutine
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from importlib.metadata import version
from typing import Any

from pncsim.simulator.attach.around_side import AroundSide
from pncsim.simulator.attach.side import WatchedSide
from pncsim.simulator.attach.steering import steering_of
from pncsim.simulator.dashboard.lab_commands import command_on, hello_of
from pncsim.simulator.dashboard.reports import (
    DoInLab,
    EventsTold,
    FrameCutter,
    HoldRun,
    LabReport,
    LabRequest,
    LeaveLab,
    RequestDone,
    RunBegan,
    RunEnded,
    StartRun,
    StepRun,
    StopRun,
    frame,
    request_of,
)
from pncsim.simulator.dashboard.teller import Teller
from pncsim.simulator.result import RunResult
from pncsim.wire.errors import LocalError, PncError

DEAF = 10.0
"""Seconds in which a dashboard may take nothing of what it is told."""
GRACE = 5.0
"""Seconds a vehicle may take to stop when the dashboard leaves that the side belongs to."""


class Onlooker:
    """Serves the dashboard at the other end of ``line``; to one that is the ``owner``, the side belongs."""

    def __init__(self, line: socket.socket, side: WatchedSide, loop: asyncio.AbstractEventLoop, *, owner: bool) -> None:
        # Only what is sent has a limit: a dashboard may have nothing to ask for days.
        line.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", int(DEAF), int(DEAF % 1 * 1e6)))
        self._line, self._side, self._loop, self._owner = line, side, loop, owner
        self._sending = threading.Lock()
        self._around = AroundSide(side, self._on_loop, self._say)
        self._teller = Teller(side.journal, self._tell, side.clock.now, self._around.look)
        self._asked: set[Future[object]] = set()
        self._greeted = threading.Event()
        self.gone = self._over = False

    def start(self) -> None:
        """Begin to tell and to listen."""
        threading.Thread(target=self._serve, name="onlooker", daemon=True).start()

    def farewell(self, result: RunResult) -> threading.Thread:
        """Tell the last of it, in a thread that may be waited for as long as one likes; then :meth:`leave`.

        The loop is asked for nothing any more: it may be what waits.
        """
        self._over = True
        self._let_go()

        def tell() -> None:
            self._greeted.wait()
            with suppress(OSError):
                self._teller.stop()
                self._say(RunEnded(result))

        thread = threading.Thread(target=tell, name="onlooker's farewell", daemon=True)
        if not self.gone:
            thread.start()
        return thread

    def leave(self) -> None:
        """Close the line, and let go what is still asked. Idempotent."""
        self.gone = True
        self._greeted.set()
        with suppress(OSError):  # the other end has closed it
            self._line.shutdown(socket.SHUT_RDWR)
        self._let_go()

    def _let_go(self) -> None:
        for one in tuple(self._asked):
            one.cancel()

    # In threads of its own

    def _serve(self) -> None:
        frames = FrameCutter()
        try:
            # Whoever is gone, or speaks something else, is served no longer.
            with suppress(OSError, LocalError):
                self._greet()
                while octets := self._line.recv(1 << 16):
                    for one in frames.feed(octets):
                        self._answer(request_of(one))
        finally:
            self.leave()
            with suppress(OSError):
                self._teller.stop()
            self._line.close()
            if self._owner:
                self._part()

    def _part(self) -> None:
        """The owner needs the side no more."""
        self._owner = False
        with suppress(CancelledError):  # it has ended already
            self._on_loop(self._end())

    def _greet(self) -> None:
        side = self._side
        steering = steering_of(side.kind)
        told = steering.around is not None
        self._say(hello_of(side.kind, version("pncsim"), steering.commands, around=told))
        self._say(
            RunBegan(
                run=side.kind,
                scenario=side.kind,
                title=side.command,
                transport="alone",
                started=side.started,
                options={name: str(value) for name, value in side.options.items() if value is not None},
            )
        )
        self._teller.start()
        self._greeted.set()

    def _tell(self, told: EventsTold) -> None:
        try:
            self._say(told)
        except OSError:
            self.leave()
            raise

    def _say(self, report: LabReport) -> None:
        octets = frame(report)
        with self._sending:
            self._line.sendall(octets)

    def _answer(self, request: LabRequest) -> None:
        if isinstance(request, LeaveLab):
            if self._owner:
                self._part()  # and hear the end of it
            else:
                self.leave()
            return
        error, brought = "", None
        try:
            brought = self._done(request)
        except CancelledError:
            error = f"{self._side.command} has ended meanwhile."
        except PncError as refused:
            error = str(refused)
        except Exception as defect:
            error = f"{type(defect).__name__}: {defect}"
        # What it brought about is told ahead of it.
        self._around.due()
        self._teller.look()
        self._say(RequestDone(request.id, brought, error))

    def _done(self, request: LabRequest) -> object:
        """Do what is asked; what it has brought. Raises PncError."""
        pnc, on = self._side.command, self._side.handle.on
        steering = steering_of(self._side.kind)
        match request:
            case DoInLab(command=name) if on is None and name in steering.commands:
                raise LocalError(f"{pnc} is not up yet.", advice="Try again in a moment.")
            case DoInLab(command=name, arguments=arguments):
                return self._on_loop(command_on(on, name, arguments, steering.commands))
            case StopRun(now=True):
                self._loop.call_soon_threadsafe(self._side.end)
                return f"{pnc} ends."
            case StopRun():
                asked = on is not None and self._on_loop(steering.stop(on))
                return asked or f"Nobody charges; F8 again ends {pnc}."
            case StartRun():
                raise LocalError(f"This is {pnc}, which runs no scenarios.", advice="Start `pnc dashboard`.")
            case HoldRun() | StepRun():
                raise LocalError(f"{pnc} goes on: nobody could hold the other side.")
        raise LocalError(f"{pnc} cannot do that.")

    def _on_loop(self, work: Coroutine[Any, Any, object]) -> object:
        """What the side's loop brings about; raises what it raises, CancelledError when the side ends meanwhile."""
        if self._over:
            work.close()
            raise CancelledError
        try:
            asked = asyncio.run_coroutine_threadsafe(work, self._loop)
        except RuntimeError:  # the loop is closed
            work.close()
            raise CancelledError from None
        self._asked.add(asked)
        try:
            if self._over:
                asked.cancel()
            return asked.result()
        finally:
            self._asked.discard(asked)

    # On the loop

    async def _end(self) -> None:
        """Nobody needs the side any more: a vehicle that charges is asked to stop first."""
        side, steering = self._side, steering_of(self._side.kind)
        with suppress(PncError, TimeoutError):
            if side.handle.on is not None and await steering.stop(side.handle.on):
                async with side.clock.timeout(GRACE):
                    await steering.quiet(side.handle.on)
        side.end()
