"""Participants over HTTP, for administrators (``/admin/clients``): taken in, confirmed, shut out, let go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from pncsim.backend.auth import Client, Clients, NewClient
from pncsim.backend.refusal import Refused
from pncsim.backend.rest.access import Grant, Role
from pncsim.backend.rest.bodies import json_object, json_response, text_member
from pncsim.backend.rest.routes import Route

if TYPE_CHECKING:
    from aiohttp import web

_ALL = "/admin/clients"
_ONE = _ALL + "/{client}"
ADMIN: frozenset[Role] = frozenset({"ADMIN"})
IDS = 64
"""Ids a client may own."""


def routes(clients: Clients) -> tuple[Route, ...]:
    """The operations. A secret is in the answer that makes it, and in no other."""
    face = _Face(clients)
    return (
        Route("GET", _ALL, "getClients", ADMIN, face.list),
        Route("POST", _ALL, "addClient", ADMIN, face.add),
        Route("GET", _ONE, "getClient", ADMIN, face.get),
        Route("DELETE", _ONE, "removeClient", ADMIN, face.remove),
        Route("POST", _ONE + "/disable", "disableClient", ADMIN, face.disable),
        Route("POST", _ONE + "/enable", "enableClient", ADMIN, face.enable),
        Route("POST", _ONE + "/confirm", "confirmClient", ADMIN, face.confirm),
        Route("POST", _ONE + "/rotate", "rotateClient", ADMIN, face.rotate),
    )


class _Face:
    """One method for each operation."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    async def list(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        return json_response({"clients": [client_body(client) for client in await self._clients.list()]})

    async def get(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        return json_response(client_body(await self._clients.get(_named(request))))

    async def add(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        body = await json_object(request)
        made = await self._clients.add(
            text_member(body, "id"),
            cast(Role, text_member(body, "role")),
            name=_text(body, "name"),
            wmis=_ids(body, "wmi"),
            providers=_ids(body, "providers"),
            confirmation=_text(body, "confirmation"),
        )
        return _secret(made, 201)

    async def remove(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        await self._clients.remove(_other(request, grant))
        return json_response({})

    async def disable(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        return json_response(client_body(await self._clients.enable(_other(request, grant), False)))

    async def enable(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        return json_response(client_body(await self._clients.enable(_named(request), True)))

    async def confirm(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        confirmation = text_member(await json_object(request), "confirmation")
        return json_response(client_body(await self._clients.confirm(_named(request), confirmation)))

    async def rotate(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        return _secret(await self._clients.rotate(_named(request)), 200)


def client_body(client: Client) -> dict[str, Any]:
    """A client as administrators see it; nothing of its secret."""
    return {
        "id": client.id,
        "name": client.name,
        "role": client.role,
        "wmi": list(client.wmis),
        "providers": list(client.providers),
        "enabled": client.enabled,
        "confirmation": client.confirmation,
        "createdAt": client.created_at,
    }


def _secret(made: NewClient, status: int) -> web.Response:
    response = json_response({**client_body(made.client), "secret": made.secret}, status)
    response.headers["Cache-Control"] = "no-store"
    return response


def _named(request: web.Request) -> str:
    id: str = request.match_info["client"]
    return id[:80]


def _other(request: web.Request, grant: Grant) -> str:
    """The client named, which must not be the caller: an ecosystem whose last administrator is gone has none."""
    id = _named(request)
    if id == grant.holder:
        raise Refused(
            "An administrator does not shut itself out.",
            clause="ACC-2",
            http_status=409,
            advice="Have another administrator do it.",
        )
    return id


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise Refused(f"The member {name!r} is no text.", clause="OPCP error body")
    return value or ""


def _ids(body: Mapping[str, Any], name: str) -> Sequence[str]:
    value = body.get(name, [])
    if not isinstance(value, list) or len(value) > IDS or not all(isinstance(one, str) for one in value):
        raise Refused(f"The member {name!r} is not a list of up to {IDS} texts.", clause="ACC-3, ACC-4")
    return value
