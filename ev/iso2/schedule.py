"""Schedules as numbers: how much power may flow when, and the profile the vehicle announces within it.

An SAScheduleTuple arrives as entries relative to "now" (V2G2-328); here the same is kept in lab time, so that a loop
can ask for the limit at any moment.
"""

from __future__ import annotations

from msgspec import Struct

from pncsim.wire.v2g import iso2

MAX_PROFILE_ENTRIES = 24


class OfferedSchedule(Struct, frozen=True):
    """One offered tuple. ``steps`` are (lab time, W), rising in time; the last lasts until ``ends`` (None: open).

    ``price`` is the mean price level of its verified tariff, or None when there is none to compare.
    """

    tuple_id: int
    steps: tuple[tuple[float, float], ...]
    ends: float | None = None
    price: float | None = None

    def limit(self, now: float) -> float:
        """W allowed at ``now``; the last value holds on after the end, since the vehicle then asks again (V2G2-305)."""
        watts = self.steps[0][1]
        for start, value in self.steps:
            if start > now:
                break
            watts = value
        return watts


def read_schedule(offered: iso2.SAScheduleTupleType, now: float, price: float | None = None) -> OfferedSchedule:
    """The tuple in lab time. An interval of an unknown kind counts as beginning now."""
    steps: list[tuple[float, float]] = []
    ends: float | None = None
    for entry in offered.PMaxSchedule.PMaxScheduleEntry:
        interval = entry.TimeInterval
        start, ends = 0, None
        if isinstance(interval, iso2.RelativeTimeIntervalType):
            start = interval.start
            ends = None if interval.duration is None else now + start + interval.duration
        steps.append((now + start, iso2.amount(entry.PMax)))
    return OfferedSchedule(offered.SAScheduleTupleID, tuple(steps), ends, price)


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


def profile(schedule: OfferedSchedule, now: float, watts: float) -> iso2.ChargingProfileType:
    """What the vehicle announces: at most ``watts`` and never above PMax (V2G2-224), starts rising (V2G2-289).

    Steps beyond the 24 the profile may have are covered by the last entry with the least of their limits.
    """
    rest = [(max(0.0, start - now), limit) for start, limit in schedule.steps]
    while len(rest) > 1 and rest[1][0] == 0.0:
        rest.pop(0)
    if rest[0][0] > 0:
        rest.insert(0, (0.0, rest[0][1]))
    head, tail = rest[: MAX_PROFILE_ENTRIES - 1], rest[MAX_PROFILE_ENTRIES - 1 :]
    if tail:
        head.append((tail[0][0], min(limit for _, limit in tail)))
    return iso2.ChargingProfileType(
        ProfileEntry=[
            iso2.ProfileEntryType(
                ChargingProfileEntryStart=int(start),
                ChargingProfileEntryMaxPower=iso2.physical(min(limit, watts), iso2.UnitSymbolType.W),
            )
            for start, limit in head
        ]
    )
