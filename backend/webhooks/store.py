"""What is kept of subscriptions and of what is delivered to them."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from msgspec import Struct

from pncsim.backend.rest.access import Grant, Role
from pncsim.backend.store.tables import KeptKind
from pncsim.backend.webhooks.types import EventType
from pncsim.wire.values import Discreet


class Endpoint(Discreet, Struct, frozen=True, kw_only=True):
    """Where the client ``owner`` wants to hear of ``events``. ``secret`` is the key of the signatures (EVT-2).

    ``wmis`` and ``providers`` are what the client owned when it last wrote the endpoint: they say whose events go
    there. ``created_at`` is in lab seconds since the epoch, ``name`` the client's for people, ``metadata`` a JSON
    object of the client's.
    """

    id: str
    owner: str
    role: Role
    name: str
    wmis: frozenset[str] | None
    providers: frozenset[str] | None
    url: str
    events: tuple[EventType, ...]
    secret: str
    created_at: float
    enabled: bool = True
    description: str = ""
    metadata: str = "{}"

    _hidden: ClassVar[tuple[str, ...]] = ("secret",)

    @property
    def grant(self) -> Grant:
        """Whose ids' events it may hear."""
        return Grant(frozenset({self.role}), self.wmis, self.providers, self.owner)


class DeliveryState(StrEnum):
    """How far a delivery is. ``held``: a process has it in hand; ``failed`` are the dead letters (EVT-3).

    ``dropped``: nobody is left who may hear of it.
    """

    NEW = "new"
    HELD = "held"
    RETRY = "retry"
    DELIVERED = "delivered"
    FAILED = "failed"
    DROPPED = "dropped"


ENDED = (DeliveryState.DELIVERED, DeliveryState.FAILED, DeliveryState.DROPPED)


class Attempt(Struct, frozen=True, kw_only=True):
    """One request to an endpoint, in lab seconds since the epoch; ``status`` is None where there was no answer."""

    time: float
    status: int | None
    text: str


class Delivery(Struct, frozen=True, kw_only=True):
    """One event on its way to one endpoint. ``body`` is what is sent, octet by octet, with each attempt.

    ``tries`` counts attempts since it was last queued, ``due`` is when the next may begin (lab seconds since the
    epoch), ``holder`` the process that has it in hand (:attr:`backend.store.Store.owner`).
    """

    event_id: str
    type: EventType
    endpoint: str
    created_at: float
    emaid: str
    pcid: str
    body: bytes
    state: DeliveryState = DeliveryState.NEW
    attempts: tuple[Attempt, ...] = ()
    tries: int = 0
    due: float = 0.0
    holder: int = 0
    text: str = ""


def delivery_key(endpoint: str, event_id: str) -> str:
    """Under what the delivery of an event to an endpoint is kept."""
    return f"{endpoint}/{event_id}"


ENDPOINTS: KeptKind[Endpoint] = KeptKind(
    "endpoints",
    Endpoint,
    key=lambda endpoint: endpoint.id,
    indexes={"role": lambda endpoint: endpoint.role, "owner": lambda endpoint: endpoint.owner},
)
DELIVERIES: KeptKind[Delivery] = KeptKind(
    "deliveries",
    Delivery,
    key=lambda delivery: delivery_key(delivery.endpoint, delivery.event_id),
    indexes={
        "state": lambda delivery: delivery.state,
        "endpoint": lambda delivery: delivery.endpoint,
        "endpoint_state": lambda delivery: f"{delivery.endpoint}/{delivery.state}",
    },
)
