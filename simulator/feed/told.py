"""Events as the feed publishes them: the lines that evidence keeps, with the stream's name and a number in front."""

from __future__ import annotations

from msgspec import Struct

from pncsim.simulator.evidence.rows import RowMaker, event_row, line
from pncsim.simulator.feed.messages import RunClosed, RunOpened, Untold
from pncsim.wire.trace import Event, LinkBytes, V2gMessage

LONGEST_EVENT = 1 << 18
"""Octets of an event; brokers have limits, some of 128 or 256 kB."""
LATER = frozenset({"judged", "packet", "chains"})
"""What a message's line in the evidence is given afterwards, when more is known: an event is published at once."""

FeedItem = Event | RunOpened | RunClosed | Untold

Publication = tuple[str, bytes]
"""A topic and what is published there."""


class FeedLines:
    """Makes the topic and the payload of what one stream says."""

    def __init__(self, topic: str, stream: str) -> None:
        self._topic, self._stream = topic, stream
        self._rows = RowMaker()

    def __call__(self, number: int, told: FeedItem) -> Publication:
        """The topic and the payload of ``told``."""
        try:
            topic, payload = self._said(number, told)
        except Exception as error:
            # A fault may put anything into an event: its number is told all the same.
            return self._said(number, Untold(type(told).__name__, f"{type(error).__name__}: {error}"))
        if len(payload) > LONGEST_EVENT:
            # A broker that takes no such packet closes the connection, again and again.
            why = f"It has {len(payload)} octets, and at most {LONGEST_EVENT} are published."
            return self._said(number, Untold(type(told).__name__, why))
        return topic, payload

    def _said(self, number: int, told: FeedItem) -> Publication:
        name = type(told).__name__
        head: dict[str, object] = {"stream": self._stream, "number": number, "event": name}
        if isinstance(told, V2gMessage):
            row = self._message(told)
            head["run"] = told.run
        elif isinstance(told, Event):
            file, row = event_row(told, {})
            if file == "events":
                # It says by itself what it is.
                del head["event"]
        else:
            row = line(told)
        role = told.role if isinstance(told, Event) else "LAB"
        return f"{self._topic}/events/{name}/{role}", line(head)[:-1] + b"," + row[1:]

    def _message(self, told: V2gMessage) -> bytes:
        row: Struct = self._rows.message(told, {})
        return line({name: getattr(row, name) for name in row.__struct_fields__ if name not in LATER})


def published(event: Event) -> bool:
    """Whether the feed tells ``event``: the octets on the links, which evidence asks for, are in its packets."""
    return type(event) is not LinkBytes


def published_kinds() -> tuple[type[Event], ...]:
    """Every kind of event it tells."""
    return tuple(kind for kind in Event.__subclasses__() if kind is not LinkBytes)
