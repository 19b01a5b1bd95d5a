"""Subscriptions over HTTP: the paths and bodies of the Open Plug&Charge Protocol 1.0 (``/v1/webhook/endpoints``).

Below an endpoint of one's own is what the protocol has nothing for: its log of deliveries, and sending one again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pncsim.backend.refusal import Refused
from pncsim.backend.rest.access import OPERATORS, ROLES, Grant
from pncsim.backend.rest.bodies import json_object, json_response, text_member
from pncsim.backend.rest.routes import Route
from pncsim.backend.webhooks.service import Webhooks
from pncsim.backend.webhooks.store import Delivery, DeliveryState, Endpoint

if TYPE_CHECKING:
    from aiohttp import web

_ALL = "/v1/webhook/endpoints"
_ONE = _ALL + "/{id}"
_LOG = _ONE + "/deliveries"
_CLAUSE = "OPCP create-webhook-endpoint"
_STATUS = {"enabled": True, "disabled": False}
_UUID = re.compile(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}", re.ASCII)
VERSION = "v1"
"""The one form events are sent in."""


def routes(webhooks: Webhooks) -> tuple[Route, ...]:
    """The operations; whoever has a token may subscribe, and hears what concerns its role and its ids."""
    face = _Face(webhooks)
    return (
        Route("POST", _ALL, "create-webhook-endpoint", ROLES, face.create),
        Route("GET", _ALL, "get-webhook-endpoints", ROLES, face.list),
        Route("GET", _ONE, "get-webhook-endpoint", ROLES, face.get),
        Route("PUT", _ONE, "update-webhook-endpoint", ROLES, face.update),
        Route("DELETE", _ONE, "delete-webhook-endpoint", ROLES, face.delete),
        Route("GET", _LOG, "getWebhookDeliveries", ROLES, face.deliveries),
        Route("POST", _LOG + "/{eventId}", "sendWebhookEventAgain", ROLES, face.send_again),
    )


class _Face:
    """One method for each operation: read, call the service, write."""

    def __init__(self, webhooks: Webhooks) -> None:
        self._webhooks = webhooks

    async def create(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        body = await json_object(request)
        url, events, wanted = text_member(body, "url"), _events(body), _wanted(body)
        if events is None:
            raise Refused(
                "The member 'enabledEvents' is missing.", clause=_CLAUSE, message="enabledEvents : must not be null"
            )
        return json_response(endpoint_body(await self._webhooks.subscribe(grant, url, events, **wanted), True), 201)

    async def list(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        from pncsim.wire.web import web

        return web.json_response([endpoint_body(one) for one in await self._webhooks.endpoints(grant)])

    async def get(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        return json_response(endpoint_body(await self._webhooks.endpoint(grant, _id(request)), True))

    async def update(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        body = await json_object(request)
        url, events, wanted = text_member(body, "url"), _events(body), _wanted(body)
        endpoint = await self._webhooks.change(grant, _id(request), url, events=events, **wanted)
        return json_response(endpoint_body(endpoint))

    async def delete(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        from pncsim.wire.web import web

        await self._webhooks.unsubscribe(grant, _id(request))
        return web.Response()

    async def deliveries(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        id, after, named = _id(request), request.query.get("after", ""), request.query.get("state")
        if named is not None and named not in set(DeliveryState):
            raise Refused(f"The state {named[:40]!r} is none of {', '.join(DeliveryState)}.", clause="EVT-3")
        state = None if named is None else DeliveryState(named)
        try:
            page = await self._webhooks.deliveries(grant, id, state=state, after=after)
        except ValueError as error:
            raise Refused(f"{error}.", clause="EVT-3") from None
        return json_response({"deliveries": [delivery_body(one) for one in page.values], "next": page.next})

    async def send_again(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        id, event_id = _id(request), _id(request, "eventId")
        return json_response(delivery_body(await self._webhooks.send_again(grant, id, event_id)))


def endpoint_body(endpoint: Endpoint, secret: bool = False) -> dict[str, Any]:
    """An EndpointResponse. The published examples name the list of events in two ways: both are there."""
    body = {
        "id": endpoint.id,
        "apiVersion": VERSION,
        "created": int(endpoint.created_at),
        "description": endpoint.description,
        "enabledEvents": list(endpoint.events),
        "events": list(endpoint.events),
        "metadata": json.loads(endpoint.metadata),
        "status": "enabled" if endpoint.enabled else "disabled",
        "url": endpoint.url,
        "secret": endpoint.secret if secret else None,
        "providerIds": sorted(endpoint.providers or ()) if endpoint.role in OPERATORS else None,
        "wmis": sorted(endpoint.wmis or ()) if endpoint.role == "OEM" else None,
        "userRole": "MO" if endpoint.role in OPERATORS else endpoint.role,
        "userName": endpoint.name,
    }
    return {name: value for name, value in body.items() if value is not None}


def delivery_body(delivery: Delivery) -> dict[str, Any]:
    """A line of an endpoint's log: what was sent, how often, and what came of it."""
    return {
        "eventId": delivery.event_id,
        "eventType": delivery.type,
        "state": str(delivery.state),
        "attempts": [
            {"attempt": number, "time": _moment(one.time), "status": one.status, "text": one.text}
            for number, one in enumerate(delivery.attempts, 1)
        ],
        "nextAttempt": _moment(delivery.due) if delivery.state is DeliveryState.RETRY else None,
        "text": delivery.text,
        "event": json.loads(delivery.body),
    }


def _id(request: web.Request, name: str = "id") -> str:
    """An id in the path: what is none belongs to nothing."""
    id = request.match_info[name].lower()
    if not _UUID.fullmatch(id):
        raise Refused(f"Nothing here has the id {id[:80]!r}.", clause="OPCP get-webhook-endpoint", http_status=404)
    return id


def _moment(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _events(body: Mapping[str, Any]) -> list[str] | None:
    """The list of events under either name it is published by; None where it is under neither."""
    events = body.get("enabledEvents", body.get("events"))
    if events is not None and not (isinstance(events, list) and all(isinstance(one, str) for one in events)):
        raise Refused("The member 'enabledEvents' is no list of texts.", clause=_CLAUSE)
    return events


def _wanted(body: Mapping[str, Any]) -> dict[str, Any]:
    """The optional members, by what the service calls them."""
    status, version = body.get("status"), body.get("apiVersion")
    description, metadata = body.get("description"), body.get("metadata")
    if status is not None and (not isinstance(status, str) or status not in _STATUS):
        raise Refused("The member 'status' is neither 'enabled' nor 'disabled'.", clause=_CLAUSE)
    if version not in (None, VERSION):
        raise Refused(f"The apiVersion is not {VERSION!r}, the only one there is.", clause=_CLAUSE)
    if description is not None and not isinstance(description, str):
        raise Refused("The member 'description' is no text.", clause=_CLAUSE)
    if metadata is not None and not isinstance(metadata, dict):
        raise Refused("The member 'metadata' is no object.", clause=_CLAUSE)
    given = {"enabled": _STATUS.get(status) if status else None, "description": description, "metadata": metadata}
    return {name: value for name, value in given.items() if value is not None}
