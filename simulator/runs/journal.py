"""The events of a run as several readers page through them: a screen, a test, a fleet, each at its own pace."""

from __future__ import annotations

import threading
from collections import deque
from itertools import islice

from msgspec import Struct

from pncsim.wire.trace import Event

KEPT = 20_000
"""Events kept by default: some hundred sessions."""


class JournalPage(Struct, frozen=True):
    """Events in order. ``dropped``: how many came before them, after what was asked for, and are kept no more."""

    events: tuple[Event, ...]
    dropped: int = 0

    @property
    def last(self) -> int:
        """The number of the last one, to go on from; 0 where there is none."""
        return self.events[-1].seq if self.events else 0


class Journal:
    """The last ``kept`` events of one stream; subscribe it to a trace. Memory stays the same however long a run is.

    Threads other than the run's may read.
    """

    def __init__(self, kept: int = KEPT) -> None:
        self._events: deque[Event] = deque(maxlen=kept)
        self._lock = threading.Lock()

    def __call__(self, event: Event) -> None:
        """Keep ``event``; the oldest one goes when there are too many."""
        with self._lock:
            self._events.append(event)

    @property
    def last(self) -> int:
        """The number of the newest event; 0 before there is one."""
        with self._lock:
            return self._events[-1].seq if self._events else 0

    def page(self, after: int = 0, limit: int = 500) -> JournalPage:
        """At most ``limit`` events that came after number ``after``, the oldest first."""
        with self._lock:
            if not self._events or self._events[-1].seq <= after:
                return JournalPage(())
            # Numbers of one stream have no gaps.
            first = self._events[0].seq
            start = max(0, after + 1 - first)
            return JournalPage(tuple(islice(self._events, start, start + limit)), max(0, first - after - 1))
