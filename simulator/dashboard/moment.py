"""The moment of a message: the state it met, what was allowed in it, how long each side had and took.

Read from the literal tables the engines run on (:mod:`wire.v2g.iso2`), and from the events around.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from pncsim.simulator.dashboard.form import NUMBER, read_value
from pncsim.simulator.dashboard.loops import stem
from pncsim.simulator.dashboard.store import EventStore
from pncsim.wire.trace import Event, Judged, Problem, StateEntered, Tolerated, V2gMessage
from pncsim.wire.v2g.iso2.evcc_sequence import EVCC_SEQUENCE
from pncsim.wire.v2g.iso2.secc_sequence import SECC_SEQUENCE
from pncsim.wire.v2g.iso2.timing import MESSAGES, TIMES

STATES, MESSAGE_KIND = NUMBER[StateEntered], NUMBER[V2gMessage]
FAR = 20_000
"""Events looked at before and after a message."""


class Allowed(Struct, frozen=True):
    """What might have come: a message, the requirement that says so, the liberty it would have been ("" for none)."""

    name: str
    clause: str
    liberty: str = ""


class Spent(Struct, frozen=True):
    """Seconds ``who`` took for ``what``, and might have; ``source`` says where that stands."""

    who: str
    what: str
    seconds: float
    limit: float
    source: str

    @property
    def late(self) -> bool:
        """Whether it was missed."""
        return self.seconds > self.limit


class MessageMoment(Struct, frozen=True):
    """``state`` of the station before a request, or the vehicle's last decision before an answer; "" where nobody says.

    ``about``: what was judged, tolerated and complained of by who received it, until it spoke again.
    """

    state: str
    allowed: tuple[Allowed, ...]
    spent: tuple[Spent, ...]
    about: tuple[Event, ...] = ()


def moment_of(store: EventStore, place: int) -> MessageMoment:
    """The moment of the V2G message at ``place``."""
    event = store.event(place)
    assert isinstance(event, V2gMessage)
    state = _state_before(store, place, event)
    return MessageMoment(
        state, tuple(_allowed(event, state)), tuple(_spent(store, place, event)), tuple(_about(store, place))
    )


def _state_before(store: EventStore, place: int, event: V2gMessage) -> str:
    """What the station entered last; for a station that is somebody else's there is none to be seen."""
    for other in _back(store, place, STATES, event.session):
        if isinstance(other, StateEntered) and other.role == "SECC":
            return other.state
    return ""


def _allowed(event: V2gMessage, state: str) -> Iterator[Allowed]:
    if event.name.endswith("Req"):
        for row in SECC_SEQUENCE.of(state):
            yield Allowed(row.event, row.clause, row.liberty.meaning if row.liberty is not None else "")
    elif event.name.endswith("Res"):
        for row in EVCC_SEQUENCE.of(event.name):
            yield Allowed(", ".join(row.outcomes) or "close the connection", f"if {row.event}: {row.clause}")


def _spent(store: EventStore, place: int, event: V2gMessage) -> Iterator[Spent]:
    pair, times = stem(event.name), MESSAGES.get(stem(event.name))
    if event.name.endswith("Req"):
        for role, limit, what in (
            ("EV", TIMES.sequence_performance, "from the last answer to this request"),
            ("SECC", TIMES.sequence_timeout, "the station waits for a request"),
        ):
            answered = _last(store, place, role, "Res", event)
            mine = _own(store, place, role, event)
            if answered is not None and mine is not None:
                yield Spent(role, what, mine.time - answered.time, limit.seconds, limit.source)
    elif times is not None:
        for role, seconds, what in (
            ("SECC", times.performance, "to answer (performance time)"),
            ("EV", times.timeout, "the vehicle waits for the answer (timeout)"),
        ):
            asked, mine = _last(store, place, role, f"{pair}Req", event), _own(store, place, role, event)
            if asked is not None and mine is not None:
                yield Spent(role, what, mine.time - asked.time, seconds, times.source)


def _own(store: EventStore, place: int, role: str, event: V2gMessage) -> V2gMessage | None:
    """The message as the end of that role saw it, which may be shortly before or after."""
    for at in range(max(0, place - 50), min(len(store), place + 50)):
        if store.kinds[at] == NUMBER[V2gMessage]:
            other = store.event(at)
            if isinstance(other, V2gMessage) and other.role == role and other.payload == event.payload:
                return other
    return None


def _last(store: EventStore, place: int, role: str, ending: str, event: V2gMessage) -> V2gMessage | None:
    """The last message before this one that ends so, as the end of that role saw it."""
    for other in _back(store, place, MESSAGE_KIND, event.session):
        if isinstance(other, V2gMessage) and other.role == role and other.name.endswith(ending):
            return other
    return None


def _back(store: EventStore, place: int, number: int, session: str) -> Iterator[Event]:
    """Events of a kind (:data:`form.NUMBER`) before a place, the newest first, of this session or of none yet."""
    wanted = {"", session}
    for at in range(place - 1, max(-1, place - FAR), -1):
        if store.kinds[at] == number and store.session_names[store.sessions[at]] in wanted:
            yield store.event(at)


_SAYS = frozenset(NUMBER[kind] for kind in (Judged, Problem, Tolerated))


def _about(store: EventStore, place: int) -> Iterator[Event]:
    """What is said of a message: what its receiver, or the back end for it, reports until it sends the next one."""
    event = store.event(place)
    assert isinstance(event, V2gMessage)
    for at in range(place + 1, min(len(store), place + FAR)):
        if store.kinds[at] == NUMBER[V2gMessage]:
            other = store.event(at)
            if isinstance(other, V2gMessage) and other.payload != event.payload:
                return
        elif store.kinds[at] in _SAYS:
            yield store.event(at)


def earlier(store: EventStore, place: int, name: str) -> V2gMessage | None:
    """The last message of that name before a place, in the same session, read."""
    event = store.event(place)
    for other in _back(store, place, MESSAGE_KIND, event.session):
        if isinstance(other, V2gMessage) and other.name == name:
            return read_value(other)
    return None
