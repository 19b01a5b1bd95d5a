"""The one form events have on their way to a dashboard, whoever tells them: a live run, a bundle, another process.

A record is an octet that says the kind and the event's fields as MessagePack. Of a V2G message the octets travel, not
what they say: ``value`` is the name of its message set, None where the octets say nothing, and :func:`read_value` reads
them for the one message somebody looks at. :class:`wire.trace.LinkBytes` have no record: what they carry is told as
messages.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from functools import lru_cache
from typing import Any

import msgspec

from pncsim.wire.errors import LocalError, PncError
from pncsim.wire.gate import Liberty
from pncsim.wire.trace import (
    Event,
    HttpExchange,
    Judged,
    LinkBytes,
    OcppFrame,
    OcppSecured,
    PilotChanged,
    Power,
    Problem,
    SdpDatagram,
    Secured,
    ServiceCall,
    StateEntered,
    Story,
    Tolerated,
    V2gMessage,
    Warned,
)
from pncsim.wire.values import replace

KINDS: tuple[type[Event], ...] = (
    V2gMessage,
    OcppFrame,
    HttpExchange,
    ServiceCall,
    SdpDatagram,
    Secured,
    StateEntered,
    Judged,
    Power,
    PilotChanged,
    Story,
    Warned,
    Tolerated,
    Problem,
    OcppSecured,
)
"""What a record may hold; its first octet is the place in here. New kinds go to the end."""

NUMBER = {kind: number for number, kind in enumerate(KINDS)}


class Level(IntEnum):
    """How much an event matters to who watches."""

    DETAIL = 0
    MESSAGE = 1
    STORY = 2
    NOTICE = 3
    PROBLEM = 4


_LEVELS: dict[type[Event], Level] = {
    V2gMessage: Level.MESSAGE,
    OcppFrame: Level.MESSAGE,
    SdpDatagram: Level.MESSAGE,
    Secured: Level.MESSAGE,
    OcppSecured: Level.MESSAGE,
    Story: Level.STORY,
    Warned: Level.NOTICE,
    Tolerated: Level.NOTICE,
    Problem: Level.PROBLEM,
}


def level_of(event: Event) -> Level:
    """The level of an event: a judgement, a handshake and a call that said no are problems, whoever reports them."""
    if getattr(event, "ok", True) is False:
        return Level.PROBLEM
    return _LEVELS.get(type(event), Level.DETAIL)


def record(event: Event) -> bytes | None:
    """The record of an event; None for octets on a link."""
    kind = type(event)
    if kind is LinkBytes:
        return None
    if isinstance(event, V2gMessage):
        said: Any = event.value
        event = replace(event, value=_set_of(said.__class__))
    lead = _LEADS[kind]
    try:
        return lead + _encode(event)
    except UnicodeEncodeError:
        # Half a character, in a peer's words.
        fields = {name: getattr(event, name) for name in event.__struct_fields__}
        return lead + _encode({name: _whole(value) for name, value in fields.items()})


def records(events: Iterable[Event]) -> list[bytes]:
    """The records of events, in order."""
    return [one for event in events if (one := record(event)) is not None]


def event_of(told: bytes) -> Event:
    """The event of a record. Raises LocalError for octets that are none."""
    try:
        return _DECODERS[told[0]].decode(memoryview(told)[1:])
    except (msgspec.DecodeError, UnicodeDecodeError, IndexError) as error:
        raise LocalError(f"An event cannot be read: {error}.", advice="Is the other side of this release?") from error


@lru_cache(maxsize=256)
def _read(name: str, payload: bytes) -> Any:
    from pncsim.wire.v2g.registry import codec

    try:
        return codec(name).decode(payload, gate=_pass_over)
    except PncError:
        return None


def read_value(event: V2gMessage) -> V2gMessage:
    """The message with what its octets say as ``value``, None where they say nothing."""
    return replace(event, value=_read(event.value, event.payload)) if isinstance(event.value, str) else event


def _pass_over(liberty: Liberty) -> None:
    """What was let pass is told by an event of its own."""


@lru_cache(maxsize=64)
def _set_of(kind: type) -> str | None:
    """The message set whose messages are of this class."""
    from pncsim.wire.v2g.registry import codec_of_class

    try:
        return codec_of_class(kind).name
    except LocalError:
        return None


def _whole(value: object) -> object:
    return value.encode(errors="replace").decode() if isinstance(value, str) else value


def _plain(value: object) -> str:
    return str(value)


_LEADS = {kind: bytes([number]) for kind, number in NUMBER.items()}
_encode = msgspec.msgpack.Encoder(enc_hook=_plain).encode
_DECODERS: tuple[msgspec.msgpack.Decoder[Event], ...] = tuple(msgspec.msgpack.Decoder(kind) for kind in KINDS)
