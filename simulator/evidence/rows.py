"""Events as rows of the bundle's files: one line of JSON each, whatever an event holds."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from pncsim.simulator.evidence.wire_told import readable
from pncsim.wire.tls.hello import client_offer
from pncsim.wire.trace import (
    Event,
    HttpExchange,
    Judged,
    OcppFrame,
    OcppSecured,
    SdpDatagram,
    Secured,
    ServiceCall,
    V2gMessage,
)
from pncsim.wire.v2g.iso2.timing import MESSAGES

FILES = ("messages", "ocpp", "http", "events")
"""The files of rows, without their ending ``.jsonl``."""


class Message(msgspec.Struct):
    """A V2G message as one end saw it.

    ``value``: what it says, None for octets that are no message. ``code``: the ResponseCode. ``signed``: whether it
    carries an XML signature. ``judged``: what was verified by who received it, or by the back end for it. ``took``
    and ``limit``: of a response, seconds since the request at this end, and what the standard allows there (the
    station's performance time, the vehicle's timeout). ``packet``: where it ends in ``trace.pcapng``, as Wireshark
    counts.
    """

    seq: int
    time: float
    role: str
    unit: str
    session: str
    direction: str
    name: str
    exi: str
    value: msgspec.Raw
    code: str | None
    signed: bool
    judged: list[dict[str, Any]]
    took: float | None
    limit: float | None
    packet: int | None
    chains: list[str] | msgspec.UnsetType = msgspec.UNSET


class _Said(msgspec.Struct):
    """What both ends have seen alike: of which class the value is, and all that follows from it."""

    of: type
    exi: str
    value: msgspec.Raw
    code: str | None
    signed: bool


_KEPT = 64
"""Messages that may be underway between both ends."""


class RowMaker:
    """Makes the rows of a run; what both ends saw is made readable once."""

    def __init__(self) -> None:
        self._said: dict[bytes, _Said] = {}
        self._asked: dict[str, tuple[str, float]] = {}

    def message(self, event: V2gMessage, presented: dict[str, Any]) -> Message:
        """The row of a message; :func:`line` writes it when all is known of it."""
        said = self._said.get(event.payload)
        if said is None or said.of is not event.value.__class__:
            said = self._read(event)
        took, limit = self._timing(event)
        return Message(
            event.seq,
            event.time,
            event.role,
            event.unit,
            event.session,
            event.direction,
            event.name,
            said.exi,
            said.value,
            said.code,
            said.signed,
            [],
            took,
            limit,
            None,
            presented.get("chains", msgspec.UNSET),
        )

    def _read(self, event: V2gMessage) -> _Said:
        value = event.value
        body = getattr(getattr(value, "Body", None), "BodyElement", value)
        code = getattr(body, "ResponseCode", None)
        signed = getattr(getattr(value, "Header", None), "Signature", None) is not None
        if len(self._said) > _KEPT:
            self._said.clear()
        told = msgspec.Raw(line(readable(event)))
        said = _Said(value.__class__, event.payload.hex(), told, None if code is None else str(code), signed)
        self._said[event.payload] = said
        return said

    def _timing(self, event: V2gMessage) -> tuple[float | None, float | None]:
        name = event.name
        if name.endswith("Req"):
            self._asked[event.unit] = name[:-3], event.time
            return None, None
        pair, asked = self._asked.get(event.unit, ("", 0.0))
        if pair != name[:-3]:
            return None, None
        times = MESSAGES.get(pair)
        limit = None if times is None else times.timeout if event.role == "EV" else times.performance
        return round(event.time - asked, 6), limit


def line(row: Any) -> bytes:
    """A row as JSON, without its line feed. Raises whatever a value raises that has no words."""
    try:
        return _encode(row)
    except UnicodeEncodeError:
        # Half a character, in a peer's words: JSON can spell it out.
        if isinstance(row, msgspec.Struct):
            row = {name: getattr(row, name) for name in row.__struct_fields__}
        row = {name: json.loads(value) if isinstance(value, msgspec.Raw) else value for name, value in row.items()}
        return json.dumps(row, default=_plain).encode()


def event_row(event: Event, presented: dict[str, Any]) -> tuple[str, bytes]:
    """The file an event that is no message belongs to, and its line.

    ``presented`` says where what was presented in it is kept.
    """
    kind = type(event)
    name, begin = _PLACES.get(kind) or _place(kind)
    if kind not in _UNLIKE:
        return name, begin + line(event)[1:]
    if isinstance(event, HttpExchange):
        kept = {"request": http_message(event.request), "response": http_message(event.response)}
        return name, line(_fields(event) | kept)
    if isinstance(event, ServiceCall) and event.asked:
        return name, line({"event": kind.__name__, **{name: _hex(value) for name, value in _fields(event).items()}})
    if kind is Secured or kind is SdpDatagram or kind is OcppSecured:
        row = {"event": kind.__name__, **{name: _hex(value) for name, value in _fields(event).items()}}
        if isinstance(event, Secured):
            del row["chain"], row["staples"]
            row["offer"] = _fields(client_offer(event.hello)) if event.hello else None
        if isinstance(event, OcppSecured):
            del row["certificate"]
        return name, line(row | presented)
    return name, begin + line(event)[1:]


_UNLIKE = frozenset({HttpExchange, ServiceCall, Secured, OcppSecured, SdpDatagram})
"""Events that hold octets: their rows are made field by field where they do."""
_PLACES: dict[type[Event], tuple[str, bytes]] = {OcppFrame: ("ocpp", b"{"), HttpExchange: ("http", b"{")}


def http_message(octets: bytes) -> dict[str, str] | None:
    """Head and body of an HTTP message, the body as text, or in hex where it is none; None where nothing was kept."""
    if not octets:
        return None
    head, _, body = octets.partition(b"\r\n\r\n")
    kept = {"head": head.decode("utf-8", "backslashreplace")}
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        text = "\0"
    return kept | ({"hex": body.hex()} if "\0" in text else {"body": text})


def http_octets(kept: Mapping[str, str] | None) -> bytes:
    """The message that :func:`http_message` has made ``kept`` of."""
    if not kept:
        return b""
    body = bytes.fromhex(kept["hex"]) if "hex" in kept else kept["body"].encode()
    return kept["head"].encode() + b"\r\n\r\n" + body


def _place(kind: type[Event]) -> tuple[str, bytes]:
    """The file events of a kind belong to, and how their line begins."""
    found = _PLACES[kind] = "events", b'{"event":"%b",' % kind.__name__.encode()
    return found


def judgement(event: Judged) -> dict[str, Any]:
    """A judgement where it stands beside the message it is about."""
    return {"by": event.unit, "what": event.what, "ok": event.ok, "reason": event.reason, "clause": event.clause}


def _fields(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__struct_fields__}


def _hex(value: Any) -> Any:
    return value.hex() if isinstance(value, bytes) else value


def _plain(value: object) -> str:
    """What JSON has no form for: octets as hex, anything else as it calls itself."""
    return value.hex() if isinstance(value, bytes) else str(value)


_encode: Callable[[Any], bytes] = msgspec.json.Encoder(enc_hook=_plain).encode
