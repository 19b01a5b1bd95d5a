"""The course of a charge: samples of power, the schedule offered and the profile announced, and what happened then."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections import deque
from collections.abc import Iterator, Sequence

from msgspec import Struct

from pncsim.ev.iso2.schedule import read_schedule
from pncsim.simulator.dashboard.form import NUMBER, Level
from pncsim.simulator.dashboard.lines import body_of
from pncsim.simulator.dashboard.samples import PowerSample
from pncsim.simulator.dashboard.store import EventStore
from pncsim.simulator.dashboard.walk import Walk
from pncsim.wire.errors import LocalError
from pncsim.wire.trace import OcppFrame, Story, V2gMessage
from pncsim.wire.v2g import iso2

AT_ONCE = 500
"""Events looked at between two looks at the time."""
MOST, NEGOTIATIONS = 20_000, 200
"""Events, and messages about schedules, that are kept at most: the latest. No screen shows more of them."""
MARGIN = 0.02
"""Of the time in which power was told, so much before and after counts as well: what begins a charge stands there."""
_TOLD_BY = frozenset({"EV", "SECC", "LAB"})
_CALLS = frozenset({"SetChargingProfile", "ClearChargingProfile", "NotifyEVChargingSchedule"})


class Limit(Struct, frozen=True):
    """From this lab time on, so many watts; None: none is known any more."""

    time: float
    watts: float | None


class Course:
    """What the power screen shows of a store. :meth:`look` finds what has come.

    ``events``: places in the store of what was told of a charge, in order; the latest of them.
    """

    def __init__(self, store: EventStore) -> None:
        self.store = store
        self.events: list[int] = []
        self._negotiated: deque[int] = deque(maxlen=NEGOTIATIONS)
        self._walks = (
            Walk(lambda: len(store), self._events, AT_ONCE),
            Walk(lambda: len(store.rows), self._rows, AT_ONCE),
        )

    @property
    def behind(self) -> int:
        """How many events and rows are still to be looked at."""
        return sum(walk.behind for walk in self._walks)

    def look(self, seconds: float) -> None:
        """Look at what has come, for at most ``seconds``."""
        until = time.perf_counter() + seconds
        for walk in self._walks:
            walk.on(until)

    def _events(self, begins: int, ends: int) -> None:
        self.events += [place for place in range(begins, ends) if self._happened(place)]
        del self.events[:-MOST]

    def _rows(self, begins: int, ends: int) -> None:
        first = self.store.rows.first_events
        self._negotiated += [number for number in range(begins, ends) if self._negotiates(first[number])]

    def _happened(self, place: int) -> bool:
        store = self.store
        if store.levels[place] >= Level.PROBLEM:
            return True
        kind = store.kinds[place]
        if kind == NUMBER[Story]:
            return store.role_names[store.roles[place]] in _TOLD_BY
        if kind == NUMBER[OcppFrame]:
            event = store.event(place)
            return isinstance(event, OcppFrame) and event.direction == "sent" and event.action in _CALLS
        return False

    def _negotiates(self, place: int) -> bool:
        if self.store.kinds[place] != NUMBER[V2gMessage]:
            return False
        try:
            event = self.store.event(place)
        except LocalError:
            return False
        return isinstance(event, V2gMessage) and event.name in ("ChargeParameterDiscoveryRes", "PowerDeliveryReq")

    # What is drawn

    def units(self) -> list[str]:
        """Who has told of power: vehicles first, for they know the state of charge best."""
        vehicles = {actor.unit for actor in self.store.actors.of("EV")}
        return sorted(self.store.power, key=lambda unit: (unit not in vehicles, unit))

    def window(self) -> tuple[float, float]:
        """The lab times between which power was told, of everybody, with a margin."""
        power = [samples for samples in self.store.power.values() if samples]
        if not power:
            return 0.0, 0.0
        begins, ends = min(one[0].time for one in power), max(one[-1].time for one in power)
        margin = max((ends - begins) * MARGIN, 0.05)
        return max(self.store.started, begins - margin), ends + margin

    def within(self, window: tuple[float, float], unit: str) -> list[int]:
        """Events in that time that are of ``unit``, of the session it is in, or of nobody's."""
        store, (begins, ends) = self.store, window
        sessions = self._sessions(unit)
        return [
            place
            for place in self.events
            if begins <= store.times[place] <= ends
            and (not store.sessions[place] or store.sessions[place] in sessions)
            and (store.role_names[store.roles[place]] not in ("EV", "SECC") or self._of(place, unit, sessions))
        ]

    def _of(self, place: int, unit: str, sessions: frozenset[int]) -> bool:
        store = self.store
        return store.unit_names[store.units[place]] == unit or store.sessions[place] in sessions

    def _sessions(self, unit: str) -> frozenset[int]:
        numbers = map(self.store.session_names.known, self.store.power.sessions.get(unit, ()))
        return frozenset(number for number in numbers if number)

    def limits(self, unit: str) -> tuple[list[Limit], list[Limit]]:
        """What the station offered (PMax) and what the vehicle announced to take, as steps, in the sessions of a unit.

        Of several schedules the one the vehicle has taken is told, as soon as it has.
        """
        offered: list[Limit] = []
        announced: list[Limit] = []
        schedules: dict[int, Sequence[tuple[int, float]]] = {}
        since = 0.0
        for event in self._negotiation(unit):
            body = body_of(event)
            if isinstance(body, iso2.ChargeParameterDiscoveryRes) and isinstance(
                body.SASchedules, iso2.SAScheduleListType
            ):
                since = event.time
                read = [read_schedule(one, since) for one in body.SASchedules.SAScheduleTuple]
                schedules = {one.tuple_id: _ended(one.entries, one.end) for one in read}
                _replace(offered, since, schedules[read[0].tuple_id])
            elif isinstance(body, iso2.PowerDeliveryReq) and schedules:
                if body.ChargeProgress != iso2.ChargeProgressType.Start:
                    continue
                _replace(offered, since, schedules.get(body.SAScheduleTupleID, ()))
                if body.ChargingProfile is not None:
                    steps = [
                        (entry.ChargingProfileEntryStart, iso2.amount(entry.ChargingProfileEntryMaxPower))
                        for entry in body.ChargingProfile.ProfileEntry
                    ]
                    # Counted from the schedule, as its entries are (V2G2-224).
                    _replace(announced, since, sorted(steps))
        return offered, announced

    def _negotiation(self, unit: str) -> Iterator[V2gMessage]:
        store, sessions = self.store, self._sessions(unit)
        for number in self._negotiated:
            place = store.rows[number].last
            if store.sessions[place] in sessions:
                try:
                    event = store.event(place)
                except LocalError:
                    continue
                if isinstance(event, V2gMessage):
                    yield event


def _ended(entries: Sequence[tuple[int, float]], end: int | None) -> Sequence[tuple[int, float]]:
    return entries if end is None else [one for one in entries if one[0] < end]


def _replace(limits: list[Limit], since: float, steps: Sequence[tuple[int, float]]) -> None:
    """What held from ``since`` on does so no more; these do."""
    while limits and limits[-1].time >= since:
        limits.pop()
    limits += [Limit(since + start, watts) for start, watts in steps]


def sample_at(samples: Sequence[PowerSample], moment: float) -> PowerSample | None:
    """The last sample told by then."""
    at = bisect_right(samples, moment, key=lambda one: one.time)
    return samples[at - 1] if at else None


def limit_at(limits: Sequence[Limit], moment: float) -> float | None:
    """The limit that holds then."""
    at = bisect_right(limits, moment, key=lambda one: one.time)
    return limits[at - 1].watts if at else None
