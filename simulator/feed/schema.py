"""The JSON Schema of what travels over the broker: ``pnc schema feed``, which is ``docs/feed.schema.json``."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from pncsim.simulator.evidence.rows import Message
from pncsim.simulator.feed.messages import (
    EventNumber,
    FeedStatus,
    Order,
    OrderAnswer,
    RunClosed,
    RunOpened,
    Stream,
    Untold,
)
from pncsim.simulator.feed.on_command import RunOrder
from pncsim.simulator.feed.told import LATER, published_kinds
from pncsim.wire.tls.hello import ClientOffer
from pncsim.wire.trace import V2gMessage

_REF = "#/$defs/{name}"
_HEX = {"type": "string", "pattern": "^([0-9a-f]{2})*$"}
_HTTP = {
    "type": ["object", "null"],
    "properties": {"head": {"type": "string"}, "body": {"type": "string"}, "hex": _HEX},
    "required": ["head"],
}
"""An HTTP message where it was kept: its head, and its body as text, or in hex where it is none."""
OFFER = {"anyOf": [{"$ref": _REF.format(name=ClientOffer.__name__)}, {"type": "null"}]}


IN_FILES = {"Secured": ("chain", "staples"), "OcppSecured": ("certificate",)}
"""What was presented is in the evidence, as files, and in no line."""


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of every payload: events, the status, commands and their answers."""
    kinds = published_kinds()
    others: tuple[type[Struct], ...] = (FeedStatus, Order, OrderAnswer)
    (*_, number, stream), found = msgspec.json.schema_components(
        [*kinds, Message, RunOpened, RunClosed, Untold, ClientOffer, RunOrder, *others, EventNumber, Stream],
        schema_hook=_anything,
        ref_template=_REF,
    )
    row, message = found.pop(Message.__name__)["properties"], found[V2gMessage.__name__]
    message["properties"] = {
        **{name: about for name, about in row.items() if name not in LATER},
        **{name: message["properties"][name] for name in ("run", "value")},
    }
    told: tuple[type[Struct], ...] = (*kinds, RunOpened, RunClosed, Untold)
    names = [kind.__name__ for kind in told]
    for name in names:
        event = found[name]
        own = {field: _shown(name, about) for field, about in event["properties"].items()}
        for field in IN_FILES.get(name, ()):
            del own[field]
        if name == "Secured":
            own["offer"] = OFFER
        event["properties"] = {"stream": stream, "number": number, "event": {"const": name}, **own}
        event["required"] = list(event["properties"])
    events = {"oneOf": [{"$ref": _REF.format(name=name)} for name in names]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "What pncsim publishes at an MQTT broker, and takes from it",
        "oneOf": [{"$ref": _REF.format(name=name)} for name in ("Event", *(kind.__name__ for kind in others))],
        "$defs": {"Event": events, **found},
    }


def _anything(kind: type) -> dict[str, Any]:
    if kind is object:
        return {
            "description": "what the message says, by the names of its own schema; null for octets that say nothing"
        }
    raise NotImplementedError(kind)


def _shown(event: str, about: dict[str, Any]) -> dict[str, Any]:
    """Octets are hex digits here, and messages of HTTP are taken apart."""
    if about.get("contentEncoding") != "base64":
        return about
    return _HTTP if event == "HttpExchange" else _HEX
