"""Which events there are, for whom, and which of them a fact becomes (EVT-1): tables, and nothing decided elsewhere.

Nobody hears of a vehicle he has nothing to do with: a manufacturer of its own alone, a mobility operator of its own
contracts alone, also where it is the vehicle that changed (PCP-UPD-2, PCP-DEL-3). A publication is told nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pncsim.backend.events.facts import (
    ContractAdded,
    ContractDeleted,
    ContractDelivered,
    ContractReplaced,
    Fact,
    RootAdded,
    RootRemoved,
)
from pncsim.backend.rest.access import OPERATORS, ROLES, Role

EventType = Literal[
    "root.cert.added",
    "root.cert.expired",
    "root.cert.revoked",
    "mo.prov.cert.updated",
    "mo.prov.cert.updated.factory.reset",
    "mo.prov.cert.deleted",
    "mo.prov.cert.factory.reset",
    "mo.contract.created.sent.to.oem",
    "mo.contract.updated.sent.to.oem",
    "mo.contract.deleted.sent.to.oem",
    "mo.contract.delivered.to.oem",
    "mo.contract.rejected.by.oem",
    "mo.contract.queued.to.oem",
    "oem.contract.created",
    "oem.contract.updated",
    "oem.contract.deleted",
]
"""As they are published. ``mo.prov.cert.updated.factory.reset`` is deprecated: subscribed to, never told."""

_OEM: frozenset[Role] = frozenset({"OEM"})

_AUDIENCES: Mapping[str, frozenset[Role]] = {"root": ROLES, "mo": OPERATORS, "oem": _OEM}


def audience(type: EventType) -> frozenset[Role]:
    """The roles an event is for; the first part of its name says so."""
    return _AUDIENCES[type.partition(".")[0]]


_OF_VEHICLES: Mapping[str, EventType] = {
    "vehicle deleted": "mo.prov.cert.deleted",
    "factory reset": "mo.prov.cert.factory.reset",
    "vehicle key changed": "mo.prov.cert.updated",
}
"""What its operator is told of a contract that went because of its vehicle."""

ACCEPTED: Mapping[EventType, EventType] = {
    "oem.contract.created": "mo.contract.created.sent.to.oem",
    "oem.contract.updated": "mo.contract.updated.sent.to.oem",
    "oem.contract.deleted": "mo.contract.deleted.sent.to.oem",
}
"""What the operator is told once the manufacturer has taken an event."""
REJECTED: EventType = "mo.contract.rejected.by.oem"
RETRYING: EventType = "mo.contract.queued.to.oem"
"""What it is told instead."""


def types_of(fact: Fact) -> tuple[EventType, ...]:
    """The events a fact becomes. A root of a private environment concerns nobody else: it has no event."""
    match fact:
        case RootAdded() if fact.kind != "PE":
            return ("root.cert.added",)
        case RootRemoved() if fact.kind != "PE":
            return ("root.cert.expired" if fact.why == "expired" else "root.cert.revoked",)
        case ContractAdded():
            return ("oem.contract.created",)
        case ContractReplaced():
            return ("oem.contract.updated",)
        case ContractDeleted() if fact.why in _OF_VEHICLES:
            return ("oem.contract.deleted", _OF_VEHICLES[fact.why])
        case ContractDeleted():
            return ("oem.contract.deleted",)
        case ContractDelivered():
            return ("mo.contract.delivered.to.oem",)
    return ()
