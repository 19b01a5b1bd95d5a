"""What a view shows of a store: the events or rows that pass a filter, found as they come; held still while paused."""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable
from typing import Literal

from msgspec import Struct

from pncsim.simulator.dashboard.form import Level
from pncsim.simulator.dashboard.store import EventStore, Names
from pncsim.simulator.dashboard.walk import Walk

AT_ONCE = 2_000
"""Events looked at between two looks at the time."""


class Filter(Struct, frozen=True):
    """What is to be seen: nothing said, everything. ``text``: words that all stand in the event, in any case.

    ``units`` are actors ("EV-1", "CSMS"), ``roles`` kinds of them; either may be met. ``sessions``: SessionIDs.
    ``vehicle``: what passes on its links, whichever end tells it.
    """

    roles: frozenset[str] = frozenset()
    units: frozenset[str] = frozenset()
    sessions: frozenset[str] = frozenset()
    level: Level = Level.DETAIL
    text: str = ""
    vehicle: str = ""

    def __str__(self) -> str:
        parts = [self.vehicle] if self.vehicle else []
        parts += [*sorted(self.roles), *sorted(self.units), *(f"session {one}" for one in sorted(self.sessions))]
        if self.level:
            parts.append(f"{self.level.name.lower()} and worse")
        if self.text:
            parts.append(f'"{self.text}"')
        return ", ".join(parts)


EVERYTHING = Filter()


class Selection:
    """The places (of "events", or numbers of "rows") that pass a filter. :meth:`look` finds those that have come."""

    def __init__(self, store: EventStore, what: Literal["events", "rows"], wanted: Filter = EVERYTHING) -> None:
        self.store, self.of = store, what
        self._wanted = wanted
        self._found = array("I")
        self._walk = Walk(self._total, self._look, AT_ONCE)
        self._passing: Callable[[int], bool] | None = None
        self._held: int | None = None

    def __len__(self) -> int:
        return len(self._found) if self._held is None else self._held

    def __getitem__(self, at: int) -> int:
        return self._found[at]

    @property
    def wanted(self) -> Filter:
        """The filter; another one begins anew."""
        return self._wanted

    @wanted.setter
    def wanted(self, wanted: Filter) -> None:
        if wanted != self._wanted:
            held = self._held is not None
            self._wanted, self._found, self._held = wanted, array("I"), None
            self._walk.begin_anew()
            if held:
                self.look()
                self._held = len(self._found)

    @property
    def paused(self) -> bool:
        """Whether what comes is not shown for now."""
        return self._held is not None

    def pause(self) -> None:
        """Show nothing new."""
        if self._held is None:
            self._held = len(self._found)

    def resume(self) -> None:
        """Show everything again."""
        self._held = None

    @property
    def unseen(self) -> int:
        """How many have come while it is paused."""
        return 0 if self._held is None else len(self._found) - self._held

    @property
    def behind(self) -> int:
        """How many are still to be looked at."""
        return self._walk.behind

    def look(self, seconds: float | None = None) -> bool:
        """Look at what has come, for at most ``seconds``; whether anything was found."""
        before, self._passing = len(self._found), self._passes()
        self._walk.on(None if seconds is None else time.perf_counter() + seconds)
        return len(self._found) > before

    def _look(self, begins: int, ends: int) -> None:
        passing = self._passing
        places = range(begins, ends)
        self._found.extend(places if passing is None else filter(passing, places))

    def place(self, number: int) -> int | None:
        """Where in the selection an event or row stands, or the one before it; None before the first."""
        from bisect import bisect_right

        at = bisect_right(self._found, number, hi=len(self)) - 1
        return at if at >= 0 else None

    def _total(self) -> int:
        return len(self.store) if self.of == "events" else len(self.store.rows)

    def _passes(self) -> Callable[[int], bool] | None:
        """Whether an event, or a row by the event it began with, is to be seen; None: all of them."""
        if self._wanted == EVERYTHING:
            return None
        one, vehicle = self._one_passes(), self._of_vehicle()
        if self.of == "events":
            return one if vehicle is None else lambda place: vehicle(place) and one(place)
        rows = self.store.rows
        first = rows.first_events
        if vehicle is None:
            return lambda number: one(first[number])
        # Who had sent it may not have known whom it would reach.
        return lambda number: (vehicle(first[number]) or vehicle(rows[number].twin)) and one(first[number])

    def _of_vehicle(self) -> Callable[[int], bool] | None:
        if not self._wanted.vehicle:
            return None
        number, vehicles = self.store.unit_names.known(self._wanted.vehicle), self.store.vehicles
        return lambda place: place >= 0 and vehicles[place] == number

    def _one_passes(self) -> Callable[[int], bool]:
        store, wanted = self.store, self._wanted
        roles, units = _numbers(store.role_names, wanted.roles), _numbers(store.unit_names, wanted.units)
        sessions, level = _numbers(store.session_names, wanted.sessions), wanted.level
        words = [word.encode().lower() for word in wanted.text.split()]
        who = bool(wanted.roles or wanted.units)
        which = bool(wanted.sessions)

        def passes(place: int) -> bool:
            if store.levels[place] < level:
                return False
            if who and store.roles[place] not in roles and store.units[place] not in units:
                return False
            if which and store.sessions[place] not in sessions:
                return False
            if words:
                told = (store.record(place) or b"").lower()
                return all(word in told for word in words)
            return True

        return passes


def _numbers(names: Names, words: frozenset[str]) -> frozenset[int]:
    return frozenset(number for word in words if (number := names.known(word)) is not None)
