"""Schedules a station offers (SAScheduleList) and the check of the profile a vehicle wants to follow."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise
from math import inf
from typing import Self

from msgspec import Struct

from pncsim.wire.errors import PeerError
from pncsim.wire.gate import Tolerance, Tolerate, refuse
from pncsim.wire.v2g import iso2
from pncsim.wire.values import replace

DAY = 86_400
"""Longest duration of an entry, and what a schedule covers when no departure time is given (V2G2-304, -331)."""
MAX_START = 16_777_214
"""Highest RelativeTimeInterval.start."""
MOST_ENTRIES = 1024
"""Entries of a PMaxSchedule."""


class Schedule(Struct, frozen=True):
    """Power allowed over time: (start in s from ``since``, watts) pairs, rising, and the second at which they end.

    What is here is what is sent: each PMax is a number a PhysicalValue holds, and the last entry, the only one with a
    duration, lasts a day at most (V2G2-330, -331).
    """

    tuple_id: int
    since: float
    entries: tuple[tuple[int, float], ...]
    end: int
    tariff: iso2.SalesTariffType | None = None
    given: int | None = None
    """What who gave it knows it by; None: it is the station's own."""

    @classmethod
    def plan(
        cls,
        tuple_id: int,
        now: float,
        departure: int | None,
        limit: float,
        policy: tuple[tuple[int, float], ...] = (),
        max_entries: int | None = None,
        tariff: iso2.SalesTariffType | None = None,
        given: int | None = None,
    ) -> Self:
        """A schedule that covers ``departure`` seconds, or a day (V2G2-303, -304), within ``limit`` watts.

        ``policy`` restricts it further over time; ``max_entries`` is as in :meth:`fitted`.
        """
        end = min(departure or DAY, MAX_START)
        entries = tuple((start, watts) for start, watts in policy or ((0, limit),) if start < end)
        return cls(tuple_id, now, entries, end, tariff, given).fitted(limit, max_entries)

    def fitted(self, limit: float, max_entries: int | None) -> Self:
        """Within ``limit`` watts, and in no more entries than the vehicle takes (MaxEntriesSAScheduleTuple).

        Where the entries are too many, the last one holds for the rest of the time at its lowest power. Where that one
        would be too long, the schedule ends before, and the vehicle asks again (V2G2-305).
        """
        room = min(max_entries or MOST_ENTRIES, MOST_ENTRIES)
        entries = [(start, _sendable(min(watts, limit))) for start, watts in self.entries]
        if len(entries) > room:
            entries[room - 1 :] = [_rest(entries[room - 1 :])]
        end = self.end
        if end - entries[-1][0] > DAY:
            if len(entries) == room > 1:
                entries[-2:] = [_rest(entries[-2:])]
            if len(entries) < room:
                entries.append((end - DAY, entries[-1][1]))
            end = min(end, entries[-1][0] + DAY)
        return type(self)(self.tuple_id, self.since, tuple(entries), end, self.tariff, self.given)

    def moved_to(self, now: float) -> Self | None:
        """What is left of it at ``now``, counted from then; None if nothing is (V2G2-741)."""
        elapsed = int(now - self.since)
        if elapsed >= self.end:
            return None
        first = bisect_right(self.entries, (elapsed, inf)) - 1
        left = [(max(0, start - elapsed), watts) for start, watts in self.entries[first:]]
        return type(self)(self.tuple_id, now, tuple(left), self.end - elapsed)

    def watts(self, now: float) -> float:
        """The power allowed at ``now``; after the end the last entry goes on."""
        at = bisect_right(self.entries, (max(0.0, now - self.since), inf)) - 1
        return self.entries[at][1]

    def message(self) -> iso2.SAScheduleTupleType:
        """As it is sent."""
        last = len(self.entries) - 1
        return iso2.SAScheduleTupleType(
            SAScheduleTupleID=self.tuple_id,
            PMaxSchedule=iso2.PMaxScheduleType(
                PMaxScheduleEntry=[
                    iso2.PMaxScheduleEntryType(
                        TimeInterval=iso2.RelativeTimeIntervalType(
                            start=start, duration=self.end - start if i == last else None
                        ),
                        PMax=iso2.physical(watts, iso2.UnitSymbolType.W),
                    )
                    for i, (start, watts) in enumerate(self.entries)
                ]
            ),
            SalesTariff=self.tariff,
        )


def _sendable(watts: float) -> float:
    """``watts`` as a vehicle reads it: the most that a PhysicalValue holds and that is not more."""
    sent = iso2.physical(watts, iso2.UnitSymbolType.W)
    if iso2.amount(sent) > watts:
        sent = replace(sent, Value=sent.Value - 1)
    return iso2.amount(sent)


def _rest(entries: Sequence[tuple[int, float]]) -> tuple[int, float]:
    """One entry in the place of several: from the first one's start on, at the lowest power."""
    return entries[0][0], min(watts for _, watts in entries)


def milli(value: iso2.PhysicalValueType) -> int:
    """A physical value in thousandths of its unit, exactly: limits are compared in integers."""
    return int(value.Value * 10 ** (value.Multiplier + 3))


def check_profile(profile: iso2.ChargingProfileType, schedule: Schedule, *, dc: bool, gate: Tolerate = refuse) -> None:
    """Raise PeerError ("charging profile") unless ``profile`` rises in time and stays within the schedule.

    An entry of the profile lasts to the next one, the last one until replaced (V2G2-289 to -291), and so does PMax: an
    entry beyond the schedule's end is held against the last of them. V2G2-224, -225, -293.

    Two liberties are for ``gate`` to judge: cars that look at no later step send one entry for all of the time, and
    some send less than nothing in DC. Neither moves the power: PMax holds at every time, and a meter stands still.
    """
    sent = [(start, milli(iso2.physical(watts, iso2.UnitSymbolType.W))) for start, watts in schedule.entries]
    begins = [entry.ChargingProfileEntryStart for entry in profile.ProfileEntry]
    liberties = []
    for i, (begin, end) in enumerate(pairwise(begins)):
        if end <= begin:
            raise _invalid(f"entry {i + 2} starts at {end} s, not after the one before it at {begin} s")
    for i, (entry, until) in enumerate(zip(profile.ProfileEntry, [*begins[1:], None], strict=True), 1):
        wanted = milli(entry.ChargingProfileEntryMaxPower)
        if wanted < 0:
            backwards = f"entry {i} wants {wanted / 1000:g} W, and no meter runs backwards"
            if not dc:
                raise _invalid(backwards)
            liberties.append(Tolerance.PROFILE_NEGATIVE(_misfit(backwards), _CLAUSE))
        in_force = _in_force(sent, begins[i - 1], until)
        lower = next(((start, limit) for start, limit in in_force if wanted > limit), None)
        if lower is not None:
            above = f"entry {i} wants {wanted / 1000:g} W where PMax is {lower[1] / 1000:g} W from {lower[0]} s on"
            if until is not None or lower == in_force[0]:
                raise _invalid(above)
            liberties.append(Tolerance.PROFILE_STEPS(_misfit(above), _CLAUSE))
    for liberty in liberties:
        gate(liberty)


def _in_force(sent: Sequence[tuple[int, int]], begin: int, end: int | None) -> Sequence[tuple[int, int]]:
    """The PMax entries that hold at some time from ``begin`` to before ``end`` (None: without end)."""
    starts = [start for start, _ in sent]
    return sent[max(0, bisect_right(starts, begin) - 1) : len(sent) if end is None else bisect_left(starts, end)]


_CLAUSE = "V2G2-225, V2G2-293, V2G2-478"


def _misfit(what: str) -> str:
    return f"The vehicle's ChargingProfile does not fit the schedule it was offered: {what}."


def _invalid(what: str) -> PeerError:
    return PeerError(_misfit(what), clause=_CLAUSE, kind="charging profile")
