"""Events as rows of the evidence's files: plain data that JSON has a form for, whatever an event holds."""

from __future__ import annotations

import json
from typing import Any

from pncsim.simulator.evidence.wire_told import readable
from pncsim.wire.tls.hello import client_offer
from pncsim.wire.trace import Event, OcppFrame, Secured, V2gMessage

FILES = ("messages", "ocpp", "events")
"""The files, without their ending ``.jsonl``."""


def row_of(event: Event, presented: dict[str, Any]) -> tuple[str, str]:
    """The file an event belongs to, and its line. ``presented`` says where what was presented in it is kept."""
    match event:
        case V2gMessage():
            name, row = "messages", _message(event)
        case OcppFrame():
            name, row = "ocpp", _fields(event)
        case _:
            name, row = "events", {"event": type(event).__name__, **_fields(event)}
    if isinstance(event, Secured):
        del row["chain"], row["staples"]
        row["offer"] = _fields(client_offer(event.hello)) if event.hello else None
    return name, json.dumps(row | presented, ensure_ascii=False, default=_plain)


def _message(event: V2gMessage) -> dict[str, Any]:
    return {
        "seq": event.seq,
        "time": event.time,
        "role": event.role,
        "unit": event.unit,
        "session": event.session,
        "direction": event.direction,
        "name": event.name,
        "exi": event.payload.hex(),
        "value": readable(event),
    }


def _fields(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__struct_fields__}


def _plain(value: object) -> str:
    """What JSON has no form for: octets as hex, anything else as it calls itself."""
    return value.hex() if isinstance(value, bytes) else str(value)
