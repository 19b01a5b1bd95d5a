"""What one V2G protocol has of its own, as a value: everything else of a conversation is the same in all of them.

:mod:`wire.v2g.iso2.dialect` holds what both sides of ISO 15118-2 share; the rooms of vehicle and station add their half
(``ev.iso2``, ``secc.iso2``) by :func:`wire.values.replace`. A conformance suite makes its mutants the same way: a
dialect with one row or one move replaced misbehaves in exactly that point.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct, field

from pncsim.wire.errors import Kind
from pncsim.wire.session.sequence import Row, Sequence
from pncsim.wire.v2g.registry import codec
from pncsim.wire.values import replace

if TYPE_CHECKING:
    from pncsim.wire.exi.coder import Codec


class MessageTime(Struct, frozen=True):
    """One message pair, in seconds: how long the vehicle waits, and by when the station should have answered."""

    timeout: float
    performance: float
    source: str


class TimeLimit(Struct, frozen=True):
    """Any other time: its length in seconds, the requirement behind it and what it bounds."""

    seconds: float
    source: str
    meaning: str


class Times(Struct, frozen=True, kw_only=True):
    """The times of a conversation that every dialect has; ``messages`` is by pair, the name without Req or Res."""

    messages: Mapping[str, MessageTime]
    sequence_timeout: TimeLimit
    sequence_performance: TimeLimit
    vehicle_setup: TimeLimit
    station_setup: TimeLimit


class Envelope(Struct, frozen=True):
    """A message taken out of what it travels in. ``name`` is the body's, ``complaint`` what its header grumbles."""

    name: str
    body: Any
    session_id: bytes
    signature: Any = None
    complaint: str = ""


Move = Callable[[Any, Any], Any]
"""What a side does with a message: ``move(session, body)``. A station's gives a Reply or waits, a vehicle's decides."""


class Dialect(Struct, frozen=True, kw_only=True):
    """One V2G protocol. The fields up to ``clauses`` are facts of the wire, the rest is what one role adds."""

    name: str
    """For people: ``ISO 15118-2``."""
    namespace: str
    version: tuple[int, int]
    """How SupportedAppProtocol calls it: namespace, major and minor version."""
    sets: Mapping[int, str]
    """V2GTP payload type -> name of the message set that travels under it."""
    wrap: Callable[[bytes, Any, Any], Any]
    """``wrap(session_id, body, signer)``: the whole message, its body signed as a whole if there is a signer
    (:class:`wire.credentials.Signer`), or with the signature that stands in its place, which somebody else has made."""
    unwrap: Callable[[Any], Envelope | None]
    """The way back; None for what is no message of this dialect."""
    asked: Callable[[Any], str]
    """A request's body as the vehicle's table writes it: ``PowerDeliveryReq(Start)``."""
    opening: str
    """The message pair that gives a session its number."""
    station: Sequence
    vehicle: Sequence
    times: Times
    answer: Callable[[Kind, str], str]
    """``answer(kind, response)``: the ResponseCode with which ``response`` says that this kind of thing went wrong."""
    clauses: Mapping[Kind, str] = field(default_factory=dict)
    """The requirement behind what the chassis itself refuses."""

    session: Callable[..., Any] = object
    """Makes what a side remembers of a session in this dialect."""
    moves: Mapping[str, Move] = field(default_factory=dict)
    """Station: request -> what answers it. Vehicle: response -> what decides after it."""
    refuse: Callable[[Any, str, Any], Any] | None = None
    """Station: ``refuse(request, code, session)``, the failed response's body."""
    forgiven: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """Station: (state, request) -> where a refusal leads from which the vehicle may go on; others lead to FAILED."""
    hears_failures: frozenset[str] = frozenset()
    """Vehicle: responses whose moves decide about FAILED codes themselves; elsewhere such a code ends the session."""
    advice: Mapping[str, str] = field(default_factory=dict)
    """Vehicle: ResponseCode -> what a tester should look at."""

    def codec(self, payload_type: int) -> Codec:
        """The codec of what travels under ``payload_type``. Raises KeyError for a type of another dialect."""
        return codec(self.sets[payload_type])

    def payload_type(self, document: type) -> int:
        """The V2GTP payload type under which documents of a type travel; the first one for those of no set."""
        first, *more = self.sets
        return next((one for one in (first, *more) if self.codec(one).has_root(document)), first) if more else first

    def with_row(self, role: Literal["station", "vehicle"], row: Row) -> Dialect:
        """This dialect with one row of one role's table replaced, or added."""
        if role == "station":
            return replace(self, station=self.station.with_row(row))
        return replace(self, vehicle=self.vehicle.with_row(row))

    def with_move(self, message: str, move: Move) -> Dialect:
        """This dialect with another move on one message."""
        return replace(self, moves={**self.moves, message: move})
