"""Every event of a run, for views: columns in memory, the events themselves in a file, rows and actors beside them.

A million events weigh some 30 MB here. Whoever looks at one reads it again, which takes microseconds; those that were
looked at last are kept.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence

from pncsim.simulator.dashboard.actors import Actors
from pncsim.simulator.dashboard.form import NUMBER, event_of, level_of
from pncsim.simulator.dashboard.links import VehicleLinks
from pncsim.simulator.dashboard.rows import MessageRows
from pncsim.simulator.dashboard.samples import PowerSamples
from pncsim.simulator.dashboard.spill import Spill
from pncsim.wire.errors import LocalError
from pncsim.wire.trace import Event, Power

LOOKED_AT = 2_000
"""Events that are kept as they were read."""


class Names:
    """Words that come often, as small numbers."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {"": 0}
        self._words = [""]

    def number(self, word: str) -> int:
        """The number of a word; a new one gets the next."""
        found = self._numbers.get(word)
        if found is None:
            found = self._numbers[word] = len(self._words)
            self._words.append(word)
        return found

    def known(self, word: str) -> int | None:
        """The number of a word, if it has one."""
        return self._numbers.get(word)

    def __getitem__(self, number: int) -> str:
        return self._words[number]

    def __iter__(self) -> Iterator[str]:
        return iter(self._words[1:])

    def __len__(self) -> int:
        return len(self._words) - 1


class EventStore:
    """The events of one run, in the order they were told.

    Columns have one entry for each event: ``kinds`` are places in :data:`form.KINDS`, ``levels`` a
    :class:`form.Level`, ``units``, ``roles`` and ``sessions`` numbers of names, ``vehicles`` units: whose link an event
    is of, 0 for nobody's. ``dropped``: how many events were told faster than they could be taken, and are missing.
    """

    def __init__(self, folder: str | None = None) -> None:
        self.kinds, self.levels = array("B"), array("B")
        self.roles, self.units, self.sessions = array("B"), array("H"), array("I")
        self.vehicles = array("H")
        self.times = array("d")
        self.role_names, self.unit_names, self.session_names = Names(), Names(), Names()
        self.rows, self.actors = MessageRows(), Actors()
        self.power = PowerSamples()
        self.dropped = 0
        self._links = VehicleLinks()
        self._begins = array("Q")
        self._spill = Spill(folder)
        self._looked_at: dict[int, Event] = {}

    def __len__(self) -> int:
        return len(self._begins)

    @property
    def trouble(self) -> str:
        """What is wrong with keeping events, as a sentence; empty if nothing is."""
        if self._spill.trouble:
            return self._spill.trouble
        return f"{self.dropped} events are missing: they had gone before they could be taken." if self.dropped else ""

    @property
    def started(self) -> float:
        """Lab time of the first event; 0 before there is one."""
        return self.times[0] if self.times else 0.0

    def take(self, told: Sequence[bytes], dropped: int = 0) -> None:
        """Add records (:mod:`form`), in order. Raises LocalError for octets that are no record."""
        self.dropped += dropped
        for one in told:
            event = event_of(one)
            place = len(self._begins)
            self._begins.append(self._spill.add(one))
            self.kinds.append(NUMBER[type(event)])
            self.levels.append(level_of(event))
            self.roles.append(self.role_names.number(event.role))
            self.units.append(min(self.unit_names.number(event.unit or event.role), 0xFFFF))
            self.sessions.append(self.session_names.number(event.session))
            self.times.append(event.time)
            row = self.rows.see(place, event)
            self.vehicles.append(self._vehicle(event, place, row))
            self.actors.see(event)
            if isinstance(event, Power):
                self.power.see(event)

    def _vehicle(self, event: Event, place: int, row: int | None) -> int:
        sent = None if row is None else self.rows.sender(row, place)
        vehicle = self._links.see(event, "" if sent is None else self.unit_names[self.units[sent]])
        return min(self.unit_names.number(vehicle), 0xFFFF) if vehicle else 0

    def record(self, place: int) -> bytes | None:
        """The record of an event; None where the disk had no room for it."""
        ends = self._begins[place + 1] if place + 1 < len(self._begins) else self._spill.size
        return self._spill.piece(self._begins[place], ends)

    def event(self, place: int) -> Event:
        """An event. Raises LocalError where the disk had no room for it."""
        found = self._looked_at.get(place)
        if found is None:
            told = self.record(place)
            if told is None:
                raise LocalError("This event is not kept any more.", advice=self.trouble)
            found = event_of(told)
            if len(self._looked_at) >= LOOKED_AT:
                del self._looked_at[next(iter(self._looked_at))]
            self._looked_at[place] = found
        return found

    def close(self) -> None:
        """Let the file go. Idempotent."""
        self._spill.close()

    @property
    def handle(self) -> int | None:
        """The open file older events are in, once there are any."""
        return self._spill.handle
