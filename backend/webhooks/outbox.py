"""The outbox: the events of a change are queued in that change, so that neither is ever there without the other.

What is queued is one :class:`Delivery` for each endpoint that wants the event and may hear it. Who sends them is
:mod:`backend.webhooks.sender`.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator

from pncsim.backend.events.facts import ContractFact, Fact
from pncsim.backend.rest.access import Grant
from pncsim.backend.store import Change, Tables, every
from pncsim.backend.webhooks.payloads import Payload, body_of, payload_of
from pncsim.backend.webhooks.store import DELIVERIES, ENDPOINTS, Delivery, Endpoint, delivery_key
from pncsim.backend.webhooks.types import EventType, audience, types_of
from pncsim.wire.source import SYSTEM, Source


class Outbox:
    """Queues events; a :data:`backend.store.WriteAlong`. The ids of events come from ``source``."""

    def __init__(self, source: Source = SYSTEM) -> None:
        self._source = source

    async def __call__(self, change: Change, fact: Fact) -> None:
        """Queue what ``fact`` becomes."""
        emaid, pcid = (fact.emaid, fact.pcid) if isinstance(fact, ContractFact) else ("", "")
        for type in types_of(fact):
            endpoints = [endpoint async for endpoint in _listening(change, type, emaid, pcid)]
            if endpoints:
                payload = await payload_of(fact, change)
                await _queue(change, endpoints, type, self._source.uuid(), fact.time, payload)

    async def follow(self, change: Change, type: EventType, cause: Delivery, time: float) -> None:
        """Queue an event that comes of delivering ``cause``: one of a type, however many attempts or endpoints say it.

        A last refusal is told beside an earlier one: ``cause`` is as its attempt has left it.
        """
        payload = json.loads(cause.body)["payload"]
        event_id = str(uuid.uuid5(uuid.UUID(cause.event_id), f"{type} {cause.state}"))
        known = change.of(DELIVERIES)
        endpoints = [
            endpoint
            async for endpoint in _listening(change, type, cause.emaid, cause.pcid)
            if await known.get(delivery_key(endpoint.id, event_id)) is None
        ]
        await _queue(change, endpoints, type, event_id, time, payload)


async def _listening(tables: Tables, type: EventType, emaid: str, pcid: str) -> AsyncIterator[Endpoint]:
    """The endpoints an event goes to: subscribed, enabled, and of somebody whom it concerns (EVT-1)."""
    for role in sorted(audience(type)):
        async for endpoint in every(tables.of(ENDPOINTS), ("role", role)):
            if endpoint.enabled and type in endpoint.events and concerns(endpoint.grant, type, emaid, pcid):
                yield endpoint


def concerns(grant: Grant, type: EventType, emaid: str, pcid: str) -> bool:
    """Whether the event is for the holder of ``grant``: for its role, and about an id it owns; roots are nobody's."""
    if not grant.roles & audience(type):
        return False
    if type.startswith("oem."):
        return grant.owns_vehicle(pcid)
    return grant.owns_contract(emaid) if type.startswith("mo.") else True


async def _queue(
    change: Change, endpoints: list[Endpoint], type: EventType, event_id: str, time: float, payload: Payload
) -> None:
    body = body_of(type, event_id, time, payload)
    for endpoint in endpoints:
        delivery = Delivery(
            event_id=event_id,
            type=type,
            endpoint=endpoint.id,
            created_at=time,
            emaid=str(payload.get("emaid", "")),
            pcid=str(payload.get("pcid", "")),
            body=body,
            due=time,
        )
        await change.of(DELIVERIES).add(delivery)
