"""The PKI and the services of a process, told to a dashboard that has attached: when something has happened there."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError
from contextlib import suppress
from typing import Any

from pncsim.simulator.attach.side import WatchedSide
from pncsim.simulator.attach.steering import steering_of
from pncsim.simulator.dashboard.reports import AroundTold
from pncsim.wire.errors import PncError
from pncsim.wire.values import replace

EVERY = 1.0
"""Seconds between two looks: each is work for the services."""


class AroundSide:
    """What is around ``side``: its loop is asked by ``on_loop``, in the thread of who looks, and ``tell`` tells it."""

    def __init__(
        self,
        side: WatchedSide,
        on_loop: Callable[[Coroutine[Any, Any, object]], object],
        tell: Callable[[AroundTold], object],
    ) -> None:
        self._side, self._on_loop, self._tell = side, on_loop, tell
        make = steering_of(side.kind).around
        self._around = None if make is None else make()
        self._told = AroundTold()
        self._seen, self._next = -1, 0.0

    def due(self) -> None:
        """Something was done: look at once."""
        self._seen, self._next = -1, 0.0

    def look(self) -> None:
        """Tell how it is now, if anything has happened since and that has changed. Raises what ``tell`` raises."""
        side, now = self._side, time.monotonic()
        if self._around is None or side.handle.on is None or now < self._next:
            return
        last = side.journal.last
        if last == self._seen:
            return
        # Who cannot say it now has told of that; and who ends says nothing any more.
        with suppress(PncError, CancelledError):
            told = self._on_loop(self._around(side.handle.on, side.clock.now()))
            self._seen, self._next = last, now + EVERY
            if isinstance(told, AroundTold) and replace(told, now=0.0) != replace(self._told, now=0.0):
                self._told = told
                self._tell(told)
