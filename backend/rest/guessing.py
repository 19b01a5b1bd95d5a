"""Nobody finds out which ids exist by trying (PCP-ENUM-1): who misses too often is not answered any more for a while.

What counts are different ids that were asked for and are not there: asking again for the same one finds out nothing
new, and what is there may be read as often as one likes. Each process counts for itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pncsim.backend.refusal import Refused
from pncsim.wire.clock import Clock

MISSES = 30
"""Different ids a client may ask for in vain within WINDOW: a desk with typing errors, no search."""
WINDOW = 3_600.0
"""Seconds after which a miss is forgotten."""


class Guesses:
    """What each client has asked for in vain of late, by the lab's time."""

    def __init__(self, clock: Clock, *, misses: int = MISSES, window: float = WINDOW) -> None:
        self._clock, self._misses, self._window = clock, misses, window
        self._of: dict[str, dict[str, float]] = {}

    @contextmanager
    def attempt(self, holder: str, id: str) -> Iterator[None]:
        """Around the look for ``id``, in normal form, which is Refused with 404 if it is not there.

        Raises Refused with 429 before and after: of many attempts at once, no answer gets out beyond those allowed.
        """
        self.check(holder)
        try:
            yield
        except Refused as error:
            self.check(holder)
            if error.http_status == 404:
                self.missed(holder, id)
            raise
        self.check(holder)

    def missed(self, holder: str, id: str) -> None:
        """Remember that ``id`` is not there, for an operation that says so otherwise."""
        self._of.setdefault(holder, {}).setdefault(id, self._clock.now())

    def check(self, holder: str) -> None:
        """Raise Refused with 429 if ``holder`` has missed too often."""
        missed = self._of.get(holder)
        if not missed:
            return
        now = self._clock.now()
        for id in [id for id, when in missed.items() if when + self._window <= now]:
            del missed[id]
        if len(missed) >= self._misses:
            wait = min(missed.values()) + self._window - now
            raise Refused(
                f"{len(missed)} different ids that are not there were asked for within {self._window:g} s; "
                f"the next may be asked for in {wait:.0f} s.",
                clause="PCP-ENUM-1",
                http_status=429,
                retry_after=wait,
            )
