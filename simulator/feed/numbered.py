"""What a feed has to say, numbered: kept until the broker has acknowledged it, and a while longer."""

from __future__ import annotations

import threading
from collections import deque
from itertools import islice
from typing import Generic, TypeVar

T = TypeVar("T")

KEPT = 50_000
"""What is kept by default: more than a hundred sessions, some 50 MB."""


class Numbered(Generic[T]):
    """Numbers without gaps from 1 on. Any thread may put something in; who takes it is one.

    Nothing waits for a broker: once there is more than ``kept`` the oldest goes, acknowledged or not; ``lost`` counts
    what went unacknowledged.
    """

    def __init__(self, kept: int = KEPT) -> None:
        self._items: deque[T] = deque(maxlen=kept)
        self._lock = threading.Lock()
        self.acknowledged = 0
        self.last = 0
        self.lost = 0

    def put(self, item: T) -> int:
        """Add ``item``; its number."""
        with self._lock:
            self._items.append(item)
            self.last += 1
            if self.acknowledged < self.last - len(self._items):
                self.acknowledged += 1
                self.lost += 1
            return self.last

    @property
    def first(self) -> int:
        """The number of the oldest that is kept."""
        return self.last - len(self._items) + 1

    @property
    def waiting(self) -> int:
        """How many are not acknowledged."""
        return self.last - self.acknowledged

    def between(self, first: int, last: int, limit: int) -> list[tuple[int, T]]:
        """At most ``limit`` of those with the numbers from ``first`` to ``last`` that are kept."""
        with self._lock:
            oldest = self.first
            begin = max(first, oldest)
            end = min(last, self.last, begin + limit - 1)
            return list(enumerate(islice(self._items, begin - oldest, max(begin, end + 1) - oldest), begin))

    def acknowledge(self, number: int) -> None:
        """All up to ``number`` have arrived at the broker."""
        with self._lock:
            self.acknowledged = max(self.acknowledged, number)
