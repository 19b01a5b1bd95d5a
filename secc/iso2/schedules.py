"""Schedules a station offers (SAScheduleList) and the check of the profile a vehicle wants to follow."""

from __future__ import annotations

from bisect import bisect_right
from typing import Self

from msgspec import Struct

from pncsim.wire.errors import PeerError
from pncsim.wire.v2g import iso2

DAY = 86_400
"""Longest duration of an entry, and what a schedule covers when no departure time is given (V2G2-304, -331)."""
MAX_START = 16_777_214
"""Highest RelativeTimeInterval.start."""


class Schedule(Struct, frozen=True):
    """Power allowed over time: (start in s from ``since``, watts) pairs, rising, and the second at which they end."""

    tuple_id: int
    since: float
    entries: tuple[tuple[int, float], ...]
    end: int

    @classmethod
    def plan(
        cls,
        tuple_id: int,
        now: float,
        departure: int | None,
        limit: float,
        policy: tuple[tuple[int, float], ...] = (),
        max_entries: int | None = None,
    ) -> Self:
        """A schedule that covers ``departure`` seconds, or a day (V2G2-303, -304), within ``limit`` watts.

        ``policy`` restricts it further over time. A vehicle that takes only ``max_entries`` gets the rest as one entry
        at its lowest power.
        """
        end = min(departure or DAY, MAX_START)
        steps = [(start, min(watts, limit)) for start, watts in policy or ((0, limit),) if start < end]
        room = max(1, min(max_entries or 1024, 1024) - (end - steps[-1][0] > DAY))
        if len(steps) > room:
            rest = steps[room - 1 :]
            steps = [*steps[: room - 1], (rest[0][0], min(watts for _, watts in rest))]
        return cls(tuple_id, now, tuple(steps), end)

    def moved_to(self, now: float) -> Self | None:
        """What is left of it at ``now``, counted from then; None if nothing is (V2G2-741)."""
        elapsed = int(now - self.since)
        if elapsed >= self.end:
            return None
        first = bisect_right(self.entries, elapsed, key=lambda entry: entry[0]) - 1
        left = [(max(0, start - elapsed), watts) for start, watts in self.entries[first:]]
        return type(self)(self.tuple_id, now, tuple(left), self.end - elapsed)

    def watts(self, now: float) -> float:
        """The power allowed at ``now``; after the end the last entry goes on."""
        at = bisect_right(self.entries, max(0.0, now - self.since), key=lambda entry: entry[0]) - 1
        return self.entries[at][1]

    def message(self) -> iso2.SAScheduleListType:
        """As it is sent. Only the last entry has a duration, at most a day (V2G2-330, -331)."""
        entries = list(self.entries)
        if self.end - entries[-1][0] > DAY:
            entries.append((self.end - DAY, entries[-1][1]))
        last = len(entries) - 1
        return iso2.SAScheduleListType(
            SAScheduleTuple=[
                iso2.SAScheduleTupleType(
                    SAScheduleTupleID=self.tuple_id,
                    PMaxSchedule=iso2.PMaxScheduleType(
                        PMaxScheduleEntry=[
                            iso2.PMaxScheduleEntryType(
                                TimeInterval=iso2.RelativeTimeIntervalType(
                                    start=start, duration=self.end - start if i == last else None
                                ),
                                PMax=iso2.physical(watts, iso2.UnitSymbolType.W),
                            )
                            for i, (start, watts) in enumerate(entries)
                        ]
                    ),
                )
            ]
        )


def milli(value: iso2.PhysicalValueType) -> int:
    """A physical value in thousandths of its unit, exactly: limits are compared in integers."""
    return int(value.Value * 10 ** (value.Multiplier + 3))


def check_profile(profile: iso2.ChargingProfileType, schedule: Schedule) -> None:
    """Raise PeerError ("charging profile") unless ``profile`` rises in time and stays within the schedule.

    An entry of the profile lasts to the next one, the last one until replaced (V2G2-289 to -291). V2G2-224, -225, -293.
    """
    sent = [  # the limits as the vehicle read them: rounded to what a PhysicalValue holds
        (start, milli(iso2.physical(watts, iso2.UnitSymbolType.W))) for start, watts in schedule.entries
    ]
    entries = profile.ProfileEntry
    for i, entry in enumerate(entries):
        begin = entry.ChargingProfileEntryStart
        end = entries[i + 1].ChargingProfileEntryStart if i + 1 < len(entries) else max(schedule.end, begin + 1)
        if end <= begin:
            raise _invalid(f"entry {i + 2} starts at {end} s, not after the one before it at {begin} s")
        wanted = milli(entry.ChargingProfileEntryMaxPower)
        for j, (start, limit) in enumerate(sent):
            stop = sent[j + 1][0] if j + 1 < len(sent) else schedule.end
            if start < end and begin < stop and wanted > limit:
                raise _invalid(
                    f"entry {i + 1} wants {wanted / 1000:g} W where PMax is {limit / 1000:g} W from {start} s on"
                )


def _invalid(what: str) -> PeerError:
    return PeerError(
        f"The vehicle's ChargingProfile does not fit the schedule it was offered: {what}.",
        clause="V2G2-225, V2G2-293, V2G2-478",
        kind="charging profile",
    )
