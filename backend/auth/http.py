"""The token endpoint (RFC 6749 4.4, accessToken.v1): ``POST /oauth/token`` with JSON or a form."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from pncsim.backend.auth.clients import Clients
from pncsim.backend.auth.remote import USERINFO, holder_info
from pncsim.backend.auth.tokens import BearerTokens
from pncsim.backend.rest.access import ROLES, Grant
from pncsim.backend.rest.bodies import json_response
from pncsim.backend.rest.client import HttpReply
from pncsim.backend.rest.routes import Route

if TYPE_CHECKING:
    from aiohttp import web

PATH = "/oauth/token"
_REQUIRED = ("grant_type", "client_id", "client_secret")
_FORM = "application/x-www-form-urlencoded"


def routes(clients: Clients, tokens: BearerTokens) -> tuple[Route, ...]:
    """The operation everybody may try, and what a token says of its holder."""

    async def token(request: web.Request, grant: Grant) -> web.StreamResponse:
        asked = _members(await request.read(), request.content_type)
        missing = [name for name in _REQUIRED if not isinstance(asked.get(name), str)]
        if missing:
            return _error(400, "invalid_request", f"The request has no {', '.join(missing)}.")
        if asked["grant_type"] != "client_credentials":
            said = f"The grant type {asked['grant_type'][:40]!r} is not served, client_credentials is."
            return _error(400, "unsupported_grant_type", said)
        audience = asked.get("audience", tokens.audience)
        if isinstance(audience, str) and audience.rstrip("/") == f"{request.scheme}://{request.host}":
            audience = tokens.audience  # by whatever name it was reached
        if not isinstance(audience, str) or not await tokens.accepts(audience):
            return _error(400, "invalid_request", f"The audience is not {tokens.audience}.")
        client = await clients.authenticate(asked["client_id"], asked["client_secret"])
        if client is None:
            return _error(401, "invalid_client", "The client is unknown, shut out, or that is not its secret.")
        scope = asked.get("scope")
        response = json_response(await tokens.issue(client, scope if isinstance(scope, str) else "", audience))
        response.headers["Cache-Control"] = "no-store"
        return response

    async def userinfo(request: web.Request, grant: Grant) -> web.StreamResponse:
        response = json_response(holder_info(grant))
        response.headers["Cache-Control"] = "no-store"
        return response

    return (
        Route("POST", PATH, "oauthToken", None, token),
        Route("GET", USERINFO, "userinfo", ROLES, userinfo),
    )


LogIn = Callable[[bytes, str], Awaitable[HttpReply]]
"""Hands a request for a token, body and media type, to where clients are known. Raises PeerError."""


def forwarded(log_in: LogIn) -> tuple[Route, ...]:
    """The operation where clients are known in another process, which answers."""
    from pncsim.wire.web import web

    async def token(request: web.Request, grant: Grant) -> web.StreamResponse:
        reply = await log_in(await request.read(), request.content_type)
        headers = {"Cache-Control": "no-store"}
        return web.Response(status=reply.status, body=reply.body, content_type="application/json", headers=headers)

    return (Route("POST", PATH, "oauthToken", None, token),)


def _members(body: bytes, media_type: str) -> Mapping[str, Any]:
    """The request's members, whatever they are; none of a body that is neither form nor JSON object."""
    try:
        if media_type == _FORM:
            return dict(parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=32))
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _error(status: int, code: str, description: str) -> web.Response:
    response = json_response({"error": code, "error_description": description}, status)
    response.headers["Cache-Control"] = "no-store"
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response
