"""What a dashboard knows: the run that is shown, its events, what became of it, the runs before. No screen in it."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from msgspec import Struct

from pncsim.simulator.by_hand.seen import HandSeen
from pncsim.simulator.dashboard.reports import (
    AroundTold,
    DoInLab,
    EventsTold,
    HandTold,
    LabHello,
    LabReport,
    LabRequest,
    RequestDone,
    RunBegan,
    RunEnded,
    RunHeld,
    StartRun,
)
from pncsim.simulator.dashboard.store import EventStore
from pncsim.simulator.result import RunResult, Verdict
from pncsim.wire.errors import LocalError
from pncsim.wire.values import replace

MOST_RUNS = 200
"""Results that are remembered."""
AT_ONCE = 200
"""Events taken between two looks at the time: some milliseconds of whoever types."""
EARLIER_RUNS, EARLIER_EVENTS = 4, 200_000
"""Runs whose events are still there to be held against, the latest, as long as they are no more together."""


class ReportSource(Protocol):
    """Where reports come from: a lab in a process of its own, a bundle, somebody's socket.

    ``writable``: whether requests are taken; ``plays``: whether it runs scenarios, for this dashboard alone.
    ``waiting``: whether there is more to take at once.
    """

    @property
    def writable(self) -> bool: ...

    @property
    def plays(self) -> bool: ...

    @property
    def waiting(self) -> bool: ...

    def start(self) -> None: ...

    def ask(self, request: LabRequest) -> None: ...

    def take(self, seconds: float) -> Iterator[LabReport]: ...

    def close(self) -> None: ...


class PastRun(Struct, frozen=True):
    """A run that is over: how it began and what it came to."""

    began: RunBegan
    result: RunResult


class EarlierRun(Struct):
    """A run before the one that is shown, with its events; ``result`` is None where it never said."""

    began: RunBegan
    result: RunResult | None
    store: EventStore

    @property
    def verdict(self) -> str:
        """What it came to, in a word."""
        return "no verdict" if self.result is None else str(self.result.verdict)


class Scene:
    """Everything the screens look at. ``version`` grows with whatever changes.

    ``began`` and ``result`` are of the run that is shown; ``running`` while it goes on, ``held`` while it stands.
    ``hand``: how everybody stands in one that is played by hand, while it is.
    ``around``: the PKI and the services as they were told last. ``ended``: how many runs have ended, of which ``runs``
    are the latest.
    """

    def __init__(self, source: ReportSource, *, folder: str | None = None) -> None:
        self.source, self._folder = source, folder
        self.store = EventStore(folder)
        self.hello: LabHello | None = None
        self.began: RunBegan | None = None
        self.result: RunResult | None = None
        self.around = AroundTold()
        self.running = self.held = False
        self.hand: HandSeen | None = None
        self.now = 0.0
        self.version = self.ended = 0
        self.runs: list[PastRun] = []
        self.earlier: list[EarlierRun] = []
        self.last_start: StartRun | None = None
        self._left: EventsTold | None = None
        self._numbers = itertools.count(1)
        self._waiting: dict[int, Callable[[RequestDone], None]] = {}

    # What comes

    def take(self, seconds: float) -> bool:
        """Learn what was reported, for at most ``seconds``; whether anything was. Raises LocalError."""
        before, until = self.version, time.perf_counter() + seconds
        try:
            self._take_left(until)
            if self._left is None:
                for report in self.source.take(max(0.0, until - time.perf_counter())):
                    if isinstance(report, EventsTold):
                        self._left = report
                        self._take_left(until)
                        if self._left is not None:
                            break
                    else:
                        self.see(report)
                    self.version += 1
        except LocalError:
            self.running, self.held, self.hand = False, False, None
            self.version += 1
            raise
        return self.version > before

    @property
    def waiting(self) -> bool:
        """Whether there is more to take at once."""
        return self._left is not None or self.source.waiting

    def _take_left(self, until: float) -> None:
        """What is left of a report of events, some at a time: nobody who types waits for all of them."""
        while (told := self._left) is not None:
            self.see(replace(told, records=told.records[:AT_ONCE]))
            self.version += 1
            more = told.records[AT_ONCE:]
            self._left = replace(told, records=more, dropped=0) if more else None
            if time.perf_counter() > until:
                return

    def see(self, report: LabReport) -> None:
        """Learn one report."""
        match report:
            case EventsTold(records=told, dropped=dropped, now=now):
                self.store.take(told, dropped)
                self.now = now
            case RunBegan():
                self._begin(report)
            case RunHeld(held=held):
                self.held = held
            case HandTold(hand=hand):
                self.hand = hand
            case AroundTold():
                self.around = report
                self.now = max(self.now, report.now)
            case RunEnded(result=result):
                self._end(result)
            case RequestDone():
                done = self._waiting.pop(report.id, None)
                if done is not None:
                    done(report)
            case LabHello():
                self.hello = report

    def _begin(self, began: RunBegan) -> None:
        if self.began is not None:
            self.earlier.append(EarlierRun(self.began, self.result, self.store))
        else:
            self.store.close()
        while len(self.earlier) > EARLIER_RUNS or sum(len(one.store) for one in self.earlier) > EARLIER_EVENTS:
            self.earlier.pop(0).store.close()
        self.store = EventStore(self._folder)
        self.began, self.result, self.around = began, None, AroundTold()
        self.running, self.held, self.hand = True, False, None
        self.now = began.started

    def _end(self, result: RunResult) -> None:
        self.result, self.running, self.held, self.hand = result, False, False, None
        if self.began is not None:
            self.runs.append(PastRun(self.began, result))
            del self.runs[:-MOST_RUNS]
            self.ended += 1

    # What is asked

    def ask(self, request: Any, done: Callable[[RequestDone], None] | None = None) -> None:
        """Send a request; ``done`` hears the answer. Raises LocalError where none are taken."""
        number = next(self._numbers)
        if done is not None:
            self._waiting[number] = done
        if isinstance(request, StartRun):
            self.last_start = request
        try:
            self.source.ask(replace(request, id=number))
        except LocalError:
            self._waiting.pop(number, None)
            raise

    def do(self, command: str, done: Callable[[RequestDone], None] | None = None, **arguments: str) -> None:
        """A command on the lab (:mod:`lab_commands`). Raises LocalError where none are taken."""
        self.ask(DoInLab(command, arguments), done)

    # How it stands

    @property
    def tells_around(self) -> bool:
        """Whether who reports also tells of PKI and services: a lab and services do, a station alone knows none."""
        return self.hello is None or self.hello.around

    @property
    def problems(self) -> int:
        """How many problems the actors have reported."""
        return sum(actor.problems for actor in self.store.actors)

    @property
    def liberties(self) -> int:
        """How many liberties were let pass."""
        return sum(actor.liberties for actor in self.store.actors)

    @property
    def verdict(self) -> Verdict | None:
        """What the run came to, once it has."""
        return None if self.result is None else self.result.verdict

    @property
    def state(self) -> str:
        """One word: ready, running, held, or the verdict."""
        if self.running:
            return "held" if self.held else "running"
        return "ready" if self.verdict is None else str(self.verdict)

    def close(self) -> None:
        """Let everything go: the lab ends its run in order."""
        self.source.close()
        self.store.close()
        for one in self.earlier:
            one.store.close()
