"""Subscriptions and the log of deliveries: each client sees its own endpoints, and nobody else's."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from typing import Any, get_args

from pncsim.backend.auth.store import CLIENTS
from pncsim.backend.refusal import Refused
from pncsim.backend.rest.access import Grant, Role
from pncsim.backend.store import PAGE, Change, Page, Store, every
from pncsim.backend.webhooks.addresses import why_not
from pncsim.backend.webhooks.outbox import Outbox
from pncsim.backend.webhooks.store import (
    DELIVERIES,
    ENDED,
    ENDPOINTS,
    Delivery,
    DeliveryState,
    Endpoint,
    delivery_key,
)
from pncsim.backend.webhooks.types import EventType
from pncsim.wire.clock import Clock
from pncsim.wire.source import SYSTEM, Source
from pncsim.wire.values import replace
from pncsim.wire.voice import Voice

MAX_ENDPOINTS = 32
"""Endpoints of one client."""
MAX_TEXT, MAX_METADATA, MAX_DEPTH = 1_000, 4_000, 16
"""Characters of a description, characters of the metadata as JSON and how deep they go."""
KEPT = 30 * 86_400.0
"""Seconds of lab time a delivery that has ended stays in the log."""
SECRET = 32
"""Random octets of an endpoint's secret."""

_CLAUSE = "OPCP create-webhook-endpoint"
_TYPES: Mapping[str, EventType] = {one: one for one in get_args(EventType)}


class Webhooks:
    """The operations. ``outbox`` must be what ``store`` writes along with facts, for anything to be queued at all.

    ``local``: receivers may be on this machine. ``queued`` is set where there is something to be sent at once, and
    ``wanted`` once somebody has subscribed here.
    """

    def __init__(
        self,
        clock: Clock,
        voice: Voice,
        store: Store,
        outbox: Outbox,
        *,
        local: bool = True,
        source: Source = SYSTEM,
    ) -> None:
        self.store, self.outbox, self.local = store, outbox, local
        self.queued, self.wanted = asyncio.Event(), asyncio.Event()
        self._clock, self._voice, self._source = clock, voice, source

    async def subscribe(
        self,
        holder: Grant,
        url: str,
        events: Iterable[str],
        *,
        enabled: bool = True,
        description: str = "",
        metadata: Mapping[str, Any] | None = None,
    ) -> Endpoint:
        """Have ``events`` sent to ``url`` from now on. Raises Refused for an address or event that is none."""
        with self._voice.call("subscribe to events") as call:
            endpoint = Endpoint(
                id=self._source.uuid(),
                owner=holder.holder,
                role=_role(holder),
                name=await self._name(holder),
                wmis=holder.wmis,
                providers=holder.providers,
                url=self._checked_url(url),
                events=_checked_events(events),
                secret=self._source.token(SECRET),
                created_at=self._clock.now(),
                enabled=enabled,
                description=_checked_text(description),
                metadata=_checked_metadata(metadata),
            )

            async def keep(change: Change) -> None:
                mine = [one async for one in every(change.of(ENDPOINTS), ("owner", holder.holder))]
                if len(mine) >= MAX_ENDPOINTS:
                    text = f"{holder.holder} has {len(mine)} endpoints; more than {MAX_ENDPOINTS} are not allowed."
                    raise Refused(text, clause=_CLAUSE, advice="Remove one first.")
                await change.of(ENDPOINTS).put(endpoint)

            await self.store.change(keep)
            self.wanted.set()
            call.text = f"{endpoint.name} hears of {', '.join(endpoint.events)}."
            return endpoint

    async def endpoints(self, holder: Grant) -> list[Endpoint]:
        """All endpoints of a client."""
        return [one async for one in every(self.store.of(ENDPOINTS), ("owner", holder.holder))]

    async def endpoint(self, holder: Grant, id: str) -> Endpoint:
        """One of them. Raises Refused, 404 for another client's too."""
        return _own(await self.store.of(ENDPOINTS).get(id), holder, id)

    async def change(
        self,
        holder: Grant,
        id: str,
        url: str,
        *,
        events: Iterable[str] | None = None,
        enabled: bool | None = None,
        description: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> Endpoint:
        """Change an endpoint; what is None stays as it is. Its ids become those the client has now."""
        with self._voice.call("change subscription to events") as call:
            changes: dict[str, Any] = {
                "url": self._checked_url(url),
                "events": None if events is None else _checked_events(events),
                "enabled": enabled,
                "description": None if description is None else _checked_text(description),
                "metadata": None if metadata is None else _checked_metadata(metadata),
                "name": await self._name(holder),
            }
            wanted = {name: value for name, value in changes.items() if value is not None}

            async def keep(change: Change) -> Endpoint:
                current = _own(await change.of(ENDPOINTS).get(id), holder, id)
                endpoint = replace(current, wmis=holder.wmis, providers=holder.providers, **wanted)
                await change.of(ENDPOINTS).put(endpoint)
                return endpoint

            endpoint = await self.store.change(keep)
            call.text = f"The endpoint {id} is {'enabled' if endpoint.enabled else 'disabled'}."
            return endpoint

    async def unsubscribe(self, holder: Grant, id: str) -> None:
        """Forget an endpoint; what is on its way there is not sent any more."""

        async def forget(change: Change) -> None:
            _own(await change.of(ENDPOINTS).get(id), holder, id)
            await change.of(ENDPOINTS).remove(id)

        await self.store.change(forget)

    async def deliveries(
        self, holder: Grant, id: str, *, state: DeliveryState | None = None, after: str = "", limit: int = PAGE
    ) -> Page[Delivery]:
        """The log of an endpoint, oldest first; the dead letters are those in state ``failed``.

        Raises ValueError for a cursor that is none.
        """
        await self.endpoint(holder, id)
        where = ("endpoint", id) if state is None else ("endpoint_state", f"{id}/{state}")
        return await self.store.of(DELIVERIES).page(where, after=after, limit=limit)

    async def send_again(self, holder: Grant, id: str, event_id: str) -> Delivery:
        """Send an event once more, at once and with all its retries. Raises Refused, 404 where there is none."""
        await self.endpoint(holder, id)

        async def queue(change: Change) -> Delivery:
            delivery = await change.of(DELIVERIES).get(delivery_key(id, event_id))
            if delivery is None:
                raise Refused(f"The endpoint {id} has no event {event_id[:80]}.", clause="EVT-3", http_status=404)
            if delivery.state in (DeliveryState.NEW, DeliveryState.HELD):
                return delivery
            delivery = replace(delivery, state=DeliveryState.NEW, tries=0, due=self._clock.now(), text="")
            await change.of(DELIVERIES).put(delivery)
            return delivery

        delivery = await self.store.change(queue)
        self.queued.set()
        return delivery

    async def cleanse(self) -> int:
        """Forget deliveries that ended long ago, and say how many."""
        before, gone = self._clock.now() - KEPT, 0
        for state in ENDED:
            async for delivery in every(self.store.of(DELIVERIES), ("state", state)):
                if delivery.created_at > before:
                    break
                await self.store.of(DELIVERIES).remove(DELIVERIES.key(delivery))
                gone += 1
        return gone

    async def _name(self, holder: Grant) -> str:
        client = await self.store.of(CLIENTS).get(holder.holder) if holder.holder else None
        return (client.name if client is not None else "") or holder.holder

    def _checked_url(self, url: str) -> str:
        if reason := why_not(url, local=self.local):
            raise Refused(
                f"Nothing can be sent to the url: {reason}.",
                clause=_CLAUSE,
                advice="Give an absolute http or https address.",
            )
        return url


def _role(holder: Grant) -> Role:
    return sorted(holder.roles)[0]


def _own(endpoint: Endpoint | None, holder: Grant, id: str) -> Endpoint:
    if endpoint is None or endpoint.owner != holder.holder:
        raise Refused(f"There is no endpoint {id[:80]}.", clause="OPCP get-webhook-endpoint", http_status=404)
    return endpoint


def _checked_events(events: Iterable[str]) -> tuple[EventType, ...]:
    found = tuple(dict.fromkeys(events))
    unknown = [one for one in found if one not in _TYPES]
    if unknown or not found:
        said = f"{unknown[0][:80]!r} is no event" if unknown else "The list of events is empty"
        raise Refused(f"{said}; there are {', '.join(sorted(_TYPES))}.", clause="EVT-1")
    return tuple(_TYPES[one] for one in found)


def _checked_text(text: str) -> str:
    if len(text) > MAX_TEXT or not text.isprintable():
        raise Refused(f"The description is no line of up to {MAX_TEXT} printed characters.", clause=_CLAUSE)
    return text


def _checked_metadata(metadata: Mapping[str, Any] | None) -> str:
    """As JSON."""
    try:
        text = "" if _nested(metadata, MAX_DEPTH) else json.dumps(metadata or {}, allow_nan=False)
    except ValueError:
        text = ""
    if not 0 < len(text) <= MAX_METADATA:
        said = f"up to {MAX_METADATA} characters and {MAX_DEPTH} levels of JSON (RFC 8259)"
        raise Refused(f"The metadata are more than {said}.", clause=_CLAUSE)
    return text


def _nested(value: object, levels: int) -> bool:
    """Whether ``value`` has more than ``levels``."""
    within = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return levels < 0 or any(_nested(one, levels - 1) for one in within)
