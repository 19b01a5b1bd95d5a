"""The rows of the message table: what passed between two, told once for both ends, loops as one row with a count."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

from msgspec import Struct

from pncsim.simulator.dashboard.loops import Rounds, frame_name, stem
from pncsim.simulator.evidence.wire_told import Once
from pncsim.wire.ocpp.frames import Call, Error, Result
from pncsim.wire.trace import (
    Event,
    HttpExchange,
    OcppFrame,
    OcppSecured,
    Problem,
    SdpDatagram,
    Secured,
    ServiceCall,
    V2gMessage,
)
from pncsim.wire.v2g.iso2.timing import MESSAGES

NOBODY = 0xFFFFFFFF
PENDING = 256
"""Calls whose answers are waited for; who never answers must not fill the memory."""


class MessageRow(Struct, frozen=True):
    """One row: places of events in the store, and seconds since the request.

    ``first`` and ``last``: the events it stands for, the same unless it went round ``count`` times. ``twin``: the last
    one as its other end saw it, -1 while only one has. ``took``: the slowest, with the ``limit`` that is nearest to
    being missed and the ``fastest``; 0 where nothing is timed.
    """

    number: int
    first: int
    last: int
    twin: int
    count: int
    took: float
    fastest: float
    limit: float

    @property
    def late(self) -> bool:
        """Whether the standard's time was missed."""
        return bool(self.limit) and self.took > self.limit


class MessageRows:
    """Every row of a run, in columns: 36 octets each."""

    def __init__(self) -> None:
        self._first, self._last, self._twin, self._count = array("I"), array("I"), array("I"), array("I")
        self._took, self._fastest, self._limit = array("f"), array("f"), array("f")
        self._once, self._rounds = Once(), Rounds()
        self._asked: dict[str, tuple[str, float]] = {}
        self._underway: dict[bytes, dict[str, int]] = {}
        self._calls: dict[str, tuple[str, float]] = {}

    def __len__(self) -> int:
        return len(self._first)

    def __getitem__(self, number: int) -> MessageRow:
        twin = self._twin[number]
        return MessageRow(
            number,
            self._first[number],
            self._last[number],
            -1 if twin == NOBODY else twin,
            self._count[number],
            self._took[number],
            self._fastest[number],
            self._limit[number],
        )

    @property
    def first_events(self) -> Sequence[int]:
        """Of each row the event it began with: ascending, to find the row of a moment."""
        return self._first

    def see(self, place: int, event: Event) -> int | None:
        """The row that ``event``, which stands at ``place`` in the store, made or changed."""
        match event:
            case V2gMessage():
                return self._message(place, event)
            case OcppFrame():
                return self._frame(place, event)
            case SdpDatagram(direction="received", data=data) if (row := self._arrived(data)) is not None:
                self._twin[row] = place
                return row
            case SdpDatagram(data=data):
                row = self._new(place)
                self._keep(data, event.unit, row)
                return row
            case HttpExchange() | Secured() | OcppSecured() | Problem() | ServiceCall():
                return self._new(place)
        return None

    def sender(self, number: int, place: int) -> int | None:
        """Where what the event at ``place`` tells to be received was told to be sent, if it is in that row."""
        return self._last[number] if self._twin[number] == place else None

    def _new(self, place: int) -> int:
        self._first.append(place)
        self._last.append(place)
        self._twin.append(NOBODY)
        self._count.append(1)
        for column in (self._took, self._fastest, self._limit):
            column.append(0.0)
        return len(self._first) - 1

    def _row(self, place: int, conversation: str, pair: str, name: str) -> int:
        """The row a message goes to: the one it repeats, or a new one."""
        row = self._rounds.again(conversation, pair, name)
        if row is None:
            row = self._new(place)
            self._rounds.told(conversation, name, row)
        else:
            self._last[row] = place
            self._twin[row] = NOBODY
            self._count[row] += 1
        return row

    def _message(self, place: int, event: V2gMessage) -> int | None:
        pair = stem(event.name)
        took = None
        if event.name.endswith("Req"):
            self._asked[event.unit] = pair, event.time
        elif (asked := self._asked.get(event.unit)) is not None and asked[0] == pair:
            took = event.time - asked[1]
        if self._once.tell(event):
            row = self._row(place, event.session or event.unit, pair, event.name)
            if event.direction == "sent":
                self._keep(event.payload, event.unit, row)
        else:
            found = self._arrived(event.payload)
            if found is None:
                return None
            row = found
            self._twin[row] = place
        if took is not None and (times := MESSAGES.get(pair)) is not None:
            self._time(row, took, times.timeout if event.role == "EV" else times.performance)
        return row

    def _frame(self, place: int, event: OcppFrame) -> int | None:
        told, content = self._once.tell(event), event.content
        pair, name, took = event.action, event.action, None
        match content:
            case Call(id=id):
                pair = name = frame_name(event)
                self._calls[id] = name, event.time
                if len(self._calls) > PENDING:
                    del self._calls[next(iter(self._calls))]
            case Result(id=id) | Error(id=id):
                asked = self._calls.get(id)
                if asked is not None:
                    pair, took = asked[0], event.time - asked[1]
                name = f"{pair} {type(content).__name__}"
        if not told:
            return None
        station = event.peer if event.role == "CSMS" else event.unit
        row = self._row(place, f"ocpp {station}", pair, name)
        if took is not None:
            self._time(row, took, 0.0)
        return row

    def _keep(self, octets: bytes, unit: str, row: int) -> None:
        """What was sent is underway until its other end has seen it; several vehicles may say the same at once."""
        senders = self._underway.setdefault(octets, {})
        senders.pop(unit, None)
        senders[unit] = row
        if len(self._underway) > PENDING:
            del self._underway[next(iter(self._underway))]

    def _arrived(self, octets: bytes) -> int | None:
        """The row of who has waited longest for these to arrive."""
        senders = self._underway.get(octets)
        if senders is None:
            return None
        row = senders.pop(next(iter(senders)))
        if not senders:
            del self._underway[octets]
        return row

    def _time(self, row: int, took: float, limit: float) -> None:
        """A response took so long at one of its ends: the worst of it is told."""
        if not self._took[row] or took > self._took[row]:
            self._took[row] = took
        self._fastest[row] = min(self._fastest[row], took) if self._count[row] > 1 else took
        if not self._limit[row] or 0 < limit < self._limit[row]:
            self._limit[row] = limit
