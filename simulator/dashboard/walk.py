"""Going through what a store has, once, as it comes, and never for longer than a screen can wait."""

from __future__ import annotations

import time
from collections.abc import Callable


class Walk:
    """Has ``look(begins, ends)`` look at the next places of ``total()``, at most ``at_once`` of them at a time."""

    def __init__(self, total: Callable[[], int], look: Callable[[int, int], None], at_once: int) -> None:
        self._total, self._look, self._at_once = total, look, at_once
        self._seen = 0

    @property
    def behind(self) -> int:
        """How many are still to be looked at."""
        return self._total() - self._seen

    def on(self, until: float | None = None) -> None:
        """Go on to the end, or until this moment of ``time.perf_counter`` has passed; one step is always made."""
        total = self._total()
        while self._seen < total:
            begins, self._seen = self._seen, min(total, self._seen + self._at_once)
            self._look(begins, self._seen)
            if until is not None and time.perf_counter() > until:
                break

    def begin_anew(self) -> None:
        """Look at everything again."""
        self._seen = 0
