"""The same message in another run: which one that is, and element by element what differs."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import Literal

from msgspec import Struct

from pncsim.simulator.dashboard.anatomy import Anatomy, MessagePart
from pncsim.simulator.dashboard.form import NUMBER
from pncsim.simulator.dashboard.recorded import RecordedRun
from pncsim.simulator.dashboard.reports import EventsTold
from pncsim.simulator.dashboard.scene import Scene
from pncsim.simulator.dashboard.store import EventStore
from pncsim.simulator.evidence.manifest import NAME
from pncsim.wire.errors import LocalError
from pncsim.wire.trace import Event, OcppFrame, V2gMessage

MOST_ROWS = 20_000
"""Rows of a run that are looked through for the same message."""
MOST_BUNDLES = 200
"""Bundles of a folder that are offered, the latest."""

Differs = Literal["", "≠", "+", "-"]
"""Nothing differs in it; something does; it is here alone; it is in the other run alone."""


class OtherRun(Struct):
    """A run to hold messages against, as a person calls it."""

    title: str
    store: EventStore


class RunChoice(Struct, frozen=True):
    """A run that can be chosen: one of this dashboard (``store``), or the bundle at ``folder``."""

    title: str
    told: str
    store: EventStore | None = None
    folder: Path | None = None


class PartRow(Struct, frozen=True):
    """An element in the tree, with its value in the other run; ``part`` has no number where it is there alone."""

    part: MessagePart
    sign: Differs = ""
    there: str = ""


def choices(scene: Scene, evidence: Path | None) -> list[RunChoice]:
    """Runs that can be chosen, the latest first: those of this dashboard, then bundles beside that of this run."""
    found = [
        RunChoice(one.began.scenario, _told(one.began.faults, one.verdict), store=one.store)
        for one in reversed(scene.earlier)
    ]
    shown = scene.result.evidence if scene.result is not None else None
    folder = shown.parent if shown is not None else evidence
    kept = {one.result.evidence for one in scene.earlier if one.result is not None}
    try:
        bundles = sorted(path.parent for path in folder.glob(f"*/{NAME}")) if folder is not None else []
    except OSError:
        bundles = []
    for bundle in reversed(bundles[-MOST_BUNDLES:]):
        if bundle != shown and bundle not in kept:
            found.append(RunChoice(bundle.name, "a bundle", folder=bundle))
    return found


def _told(faults: Sequence[str], verdict: str) -> str:
    return " · ".join([*faults, verdict])


def loaded(choice: RunChoice) -> OtherRun:
    """The run of a choice, read if it is a bundle. Raises LocalError where it cannot be."""
    if choice.store is not None:
        return OtherRun(choice.title, choice.store)
    assert choice.folder is not None
    source, store = RecordedRun(choice.folder), EventStore()
    while source.waiting:
        for report in source.take(60.0):
            if isinstance(report, EventsTold):
                store.take(report.records, report.dropped)
    return OtherRun(choice.title, store)


# Which one it is


def same_message(store: EventStore, place: int, other: EventStore) -> int | None:
    """Where the message at ``place`` is in another run: as often as its name came here, it has come there.

    A loop is one message: of one that goes round, the last stands for all. None where there is none.
    """
    name = _name(store.event(place))
    if not name:
        return None
    last = bisect_right(store.rows.first_events, place) - 1
    wanted = sum(1 for _ in _named(store, name, last))
    found = None
    for count, number in enumerate(_named(other, name, len(other.rows) - 1), 1):
        found = number
        if count == max(1, wanted):
            break
    return None if found is None else other.rows[found].last


def _named(store: EventStore, name: str, last: int) -> Iterator[int]:
    """Rows of that name from the first one to ``last``."""
    kinds = (NUMBER[V2gMessage], NUMBER[OcppFrame])
    for number in range(min(last + 1, MOST_ROWS)):
        first = store.rows.first_events[number]
        if store.kinds[first] in kinds:
            try:
                event = store.event(first)
            except LocalError:
                continue
            if _name(event) == name:
                yield number


def _name(event: Event) -> str:
    """What two runs call the same; empty for what is no message."""
    if isinstance(event, V2gMessage):
        return event.name
    return f"{event.action} {event.frame[1:2]}" if isinstance(event, OcppFrame) and event.action else ""


# What differs


def rows_of(parts: Sequence[MessagePart]) -> list[PartRow]:
    """The parts of a message that is held against none."""
    return [PartRow(part) for part in parts]


def rows_beside(here: Anatomy, there: Anatomy) -> list[PartRow]:
    """The parts of a message and of the same one in another run, in one tree."""
    return list(_pair(here.parts[0], there.parts[0]))


def _pair(here: MessagePart, there: MessagePart) -> Iterator[PartRow]:
    yield PartRow(here, "" if _same(here, there) else "≠", there.text)
    names = [one.name for one in here.parts], [one.name for one in there.parts]
    for tag, first, last, first_there, last_there in SequenceMatcher(None, *names, autojunk=False).get_opcodes():
        if tag == "equal":
            for mine, other in zip(here.parts[first:last], there.parts[first_there:last_there], strict=True):
                yield from _pair(mine, other)
            continue
        for part in here.parts[first:last]:
            yield from (PartRow(one, "+") for one in part.walk())
        for part in there.parts[first_there:last_there]:
            for one in part.walk():
                yield PartRow(MessagePart(one.name, one.depth, said=one.said), "-", one.text)


def _same(here: MessagePart, there: MessagePart) -> bool:
    if (here.name, here.text, len(here.parts)) != (there.name, there.text, len(there.parts)):
        return False
    return all(_same(mine, other) for mine, other in zip(here.parts, there.parts, strict=True))
