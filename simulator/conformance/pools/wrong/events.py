"""Services of ours that tell events wrongly: to whom, of what, how often, and signed by whom."""

from __future__ import annotations

import json
from typing import Any

from pncsim.backend.events.facts import ContractAdded, ContractReplaced, Fact
from pncsim.backend.rest.access import ROLES
from pncsim.backend.webhooks import outbox, outcomes, payloads, sender, types
from pncsim.simulator.conformance.put import wrong

_types_of = types.types_of


def _vehicles_told(fact: Fact) -> tuple[types.EventType, ...]:
    also: tuple[types.EventType, ...] = ("mo.prov.cert.updated",) if isinstance(fact, ContractAdded) else ()
    return (*_types_of(fact), *also)


def _not_told_when_replaced(fact: Fact) -> tuple[types.EventType, ...]:
    return () if isinstance(fact, ContractReplaced) else _types_of(fact)


def _by_nobody(secret: str, body: bytes) -> dict[str, str]:
    return payloads.signatures("", body)


def _of_some_type(*args: Any) -> bytes:
    event = json.loads(payloads.body_of(*args))
    event["type"] = event.pop("eventType")
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()


WRONG = wrong(
    (
        "roots-told-to-some",
        "station operators hear nothing of roots",
        types,
        "_AUDIENCES",
        {**types._AUDIENCES, "root": ROLES - {"CPO"}},
        ("RCP-7",),
    ),
    (
        "vehicles-told",
        "operators are told of vehicles that nobody has changed",
        outbox,
        "types_of",
        _vehicles_told,
        ("PCP-PUB-7", "PCP-UPD-2"),
    ),
    (
        "silent-replacement",
        "nobody is told of a contract that was replaced",
        outbox,
        "types_of",
        _not_told_when_replaced,
        ("CCP-PUB-5",),
    ),
    (
        "unkeyed-events",
        "events are signed with no secret",
        sender,
        "signatures",
        _by_nobody,
        ("EVT-2",),
    ),
    ("one-retry", "an event is tried twice", outcomes, "RETRIES", 1, ("EVT-3",)),
    (
        "untyped-events",
        "events have a type where their eventType is due",
        outbox,
        "body_of",
        _of_some_type,
        ("EVT-5",),
    ),
)
