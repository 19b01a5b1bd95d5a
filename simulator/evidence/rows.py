"""Events as rows of the bundle's files: one line of JSON each, whatever an event holds."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec

from pncsim.simulator.evidence.wire_told import readable
from pncsim.wire.tls.hello import client_offer
from pncsim.wire.trace import Event, HttpExchange, Judged, OcppFrame, SdpDatagram, Secured, V2gMessage
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


class RowMaker:
    """Makes the rows of a run; what both ends saw is made readable once."""

    def __init__(self) -> None:
        self._values: dict[bytes, msgspec.Raw] = {}
        self._asked: dict[str, tuple[str, float]] = {}

    def message(self, event: V2gMessage, presented: dict[str, Any]) -> Message:
        """The row of a message; :meth:`line` writes it when all is known of it."""
        body = getattr(getattr(event.value, "Body", None), "BodyElement", event.value)
        code = getattr(body, "ResponseCode", None)
        header = getattr(event.value, "Header", None)
        took, limit = self._timing(event)
        return Message(
            event.seq,
            event.time,
            event.role,
            event.unit,
            event.session,
            event.direction,
            event.name,
            event.payload.hex(),
            self._value(event),
            None if code is None else str(code),
            getattr(header, "Signature", None) is not None,
            [],
            took,
            limit,
            None,
            presented.get("chains", msgspec.UNSET),
        )

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

    def _value(self, event: V2gMessage) -> msgspec.Raw:
        known = self._values.get(event.payload)
        if known is None:
            if len(self._values) > 64:
                self._values.clear()
            known = self._values[event.payload] = msgspec.Raw(line(readable(event)))
        return known


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
    match event:
        case OcppFrame():
            return "ocpp", line(event)
        case HttpExchange():
            return "http", line(event)
        case Secured() | SdpDatagram():
            row = {"event": type(event).__name__, **_fields(event)}
            if isinstance(event, Secured):
                del row["chain"], row["staples"]
                row["offer"] = _fields(client_offer(event.hello)) if event.hello else None
            return "events", line({name: _hex(value) for name, value in row.items()} | presented)
    told = line(event)
    return "events", b'{"event":"%b",%b' % (type(event).__name__.encode(), told[1:])


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
