"""Reads a run's journal for a dashboard, ten times a second, from a thread of its own: the run waits for nobody."""

from __future__ import annotations

import threading
from collections.abc import Callable

from pncsim.simulator.dashboard.form import records
from pncsim.simulator.dashboard.reports import EventsTold
from pncsim.simulator.runs.journal import Journal

EVERY = 0.1
"""Seconds between two looks at the journal."""
PAGE = 2_000
"""Events told at once."""
KEPT = 100_000
"""Events a journal keeps for a dashboard: two seconds of a run in memory that goes as fast as it can."""


class Teller:
    """Tells a journal's events as :class:`reports.EventsTold`, each once.

    ``tell`` may block, as a full socket does: the journal then goes on without, and what it could not keep is counted.
    ``also`` is called after each look, for what else there is to tell.
    """

    def __init__(
        self,
        journal: Journal,
        tell: Callable[[EventsTold], object],
        now: Callable[[], float],
        also: Callable[[], object] = lambda: None,
    ) -> None:
        self._journal, self._tell, self._now, self._also = journal, tell, now, also
        self._after = 0
        self._over = threading.Event()
        self._looking = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="teller", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more, once all that was reported until now is told. Raises what ``tell`` raises."""
        self._over.set()
        if self._thread.ident is not None:  # it was started
            self._thread.join()
        self.look()

    def look(self) -> None:
        """Tell what has come. Raises what ``tell`` raises."""
        with self._looking:
            while (page := self._journal.page(self._after, PAGE)).events:
                self._after = page.last
                self._tell(EventsTold(tuple(records(page.events)), page.dropped, self._now()))
            self._also()

    def _run(self) -> None:
        while not self._over.wait(EVERY):
            try:
                self.look()
            except OSError:
                # Who listened has gone.
                return
