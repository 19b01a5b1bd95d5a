"""Schedules as numbers: how much power may flow when, and the profile the vehicle announces within it.

Every time in an SAScheduleTuple and in the ChargingProfile that answers it is counted from one NOW, the moment of the
ChargeParameterDiscoveryRes (V2G2-289, -328): a profile sent after a long cable check still begins there.
"""

from __future__ import annotations

from bisect import bisect_right
from math import inf

from msgspec import Struct

from pncsim.wire.v2g import iso2

MAX_PROFILE_ENTRIES = 24
RENEWAL_LEAD = 60.0
"""Seconds before its end a schedule is negotiated anew: so long may a station look for the next one (V2G2-711)."""
RENEWAL_SHARE = 0.25
"""A short schedule is negotiated anew when this share of it is left."""
_PUNCTUAL = 0.001
"""Seconds by which a clock may fall short of a time it was set to."""


class OfferedSchedule(Struct, frozen=True):
    """One offered tuple: (start in s after ``since``, W) pairs, rising; the last lasts until ``end`` (None: open).

    ``since`` is the lab time of its ChargeParameterDiscoveryRes. ``price`` is the mean price level of its verified
    tariff, or None when there is none to compare.
    """

    tuple_id: int
    since: float
    entries: tuple[tuple[int, float], ...]
    end: int | None = None
    price: float | None = None

    def limit(self, now: float) -> float:
        """W allowed at ``now``; the last value holds on after the end, since the vehicle then asks again (V2G2-305)."""
        return self.entries[max(0, self._begun(now) - 1)][1]

    def next_change(self, now: float) -> float | None:
        """The lab time at which another limit holds, None if that does not come."""
        if now - self.since + _PUNCTUAL >= self.entries[-1][0]:
            return None  # which is nearly always so
        at = max(1, self._begun(now))
        return self.since + self.entries[at][0] if at < len(self.entries) else None

    def renewal(self, departure: float | None) -> float | None:
        """The lab time at which to ask for another one, None if this one lasts until ``departure`` (V2G2-305).

        A DepartureTime is whole seconds: a schedule that covers it may end up to one second early.
        """
        if self.end is None or (departure is not None and departure <= self.since + self.end + 1):
            return None
        return self.since + self.end - min(RENEWAL_LEAD, self.end * RENEWAL_SHARE)

    def _begun(self, now: float) -> int:
        """How many entries have."""
        return bisect_right(self.entries, (now - self.since + _PUNCTUAL, inf))


def read_schedule(offered: iso2.SAScheduleTupleType, now: float, price: float | None = None) -> OfferedSchedule:
    """The tuple as it came at ``now``. An interval of an unknown kind counts as beginning now.

    Entries are put in order, and of two for the same second the lower one holds. What would not fit into the profile,
    which may have 24 entries, is one entry at its least power: the vehicle then keeps to what it announces.
    """
    limits: dict[int, float] = {}
    end: int | None = None
    for entry in offered.PMaxSchedule.PMaxScheduleEntry:
        interval = entry.TimeInterval
        start, end = 0, None
        if isinstance(interval, iso2.RelativeTimeIntervalType):
            start = interval.start
            end = None if interval.duration is None else start + interval.duration
        watts = iso2.amount(entry.PMax)
        limits[start] = min(watts, limits.get(start, watts))
    entries = sorted(limits.items())
    head, tail = entries[: MAX_PROFILE_ENTRIES - 1], entries[MAX_PROFILE_ENTRIES - 1 :]
    if tail:
        head.append((tail[0][0], min(watts for _, watts in tail)))
    return OfferedSchedule(offered.SAScheduleTupleID, now, tuple(head), end, price)


def in_order(offered: iso2.SAScheduleTupleType) -> bool:
    """Whether the starts of its entries rise, as V2G2-328 and -329 have it."""
    intervals = [entry.TimeInterval for entry in offered.PMaxSchedule.PMaxScheduleEntry]
    starts = [interval.start for interval in intervals if isinstance(interval, iso2.RelativeTimeIntervalType)]
    return starts == sorted(set(starts))


def mean_price(tariff: iso2.SalesTariffType) -> float | None:
    """Mean price level of a tariff's entries, or None if one of them has no level."""
    levels = [entry.EPriceLevel for entry in tariff.SalesTariffEntry if isinstance(entry, iso2.SalesTariffEntryType)]
    known = [level for level in levels if level is not None]
    return sum(known) / len(known) if known and len(known) == len(tariff.SalesTariffEntry) else None


def choose(schedules: tuple[OfferedSchedule, ...], wanted: int | None = None) -> OfferedSchedule:
    """The tuple ``wanted`` if offered; else the cheapest if all can be compared; else the first (V2G2-297, -298)."""
    for schedule in schedules:
        if schedule.tuple_id == wanted:
            return schedule
    prices = [schedule.price for schedule in schedules]
    if len(schedules) > 1 and all(price is not None for price in prices):
        return min(schedules, key=lambda schedule: schedule.price or 0.0)
    return schedules[0]


def profile(schedule: OfferedSchedule, watts: float) -> iso2.ChargingProfileType:
    """What the vehicle announces: at most ``watts`` and never above PMax (V2G2-224), counted as the schedule is.

    It has a value from the first second on, also where the schedule begins later.
    """
    return iso2.ChargingProfileType(
        ProfileEntry=[
            iso2.ProfileEntryType(
                ChargingProfileEntryStart=start if place else 0,
                ChargingProfileEntryMaxPower=iso2.physical(max(0.0, min(limit, watts)), iso2.UnitSymbolType.W),
            )
            for place, (start, limit) in enumerate(schedule.entries)
        ]
    )
