"""A face is a table: which method and path is which operation, who may call it, and what answers it.

A route is its own guard: the handler runs only for a caller whose grant has one of the route's roles. What an operation
demands beyond that, that the id is the caller's own, its handler asks of the grant.
"""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from pncsim.backend.refusal import Refused
from pncsim.backend.rest.access import (
    CERTIFICATE,
    EVERYTHING,
    Grant,
    Grants,
    Others,
    Proof,
    Role,
    check_allowed,
    identify,
)
from pncsim.backend.rest.bodies import error_response
from pncsim.backend.rest.exchanges import Exchange, ExchangeReader, octets_of
from pncsim.wire.errors import LocalError, PncError
from pncsim.wire.listener import LIMITS
from pncsim.wire.source import SYSTEM, Source

if TYPE_CHECKING:
    from aiohttp import web

    from pncsim.wire.voice import Voice


UNAVAILABLE = "What the services keep cannot be read or written now."
"""All that is said of a database that fails: where it is and why is for the operator, who is told."""
_SHOWN = 80
"""Characters of a path or method that nobody knows."""
_CLIENT: ContextVar[str] = ContextVar("client", default="")
"""Whose token the request that is being answered came with."""

Handler = Callable[["web.Request", Grant], Awaitable["web.StreamResponse"]]


class Route(Struct, frozen=True):
    """One operation. ``path`` may hold ``{names}``; ``roles`` is None where everybody may, without any token.

    ``service`` is the face the route is of, ``scope`` what a token must name for it; a face's row gives both.
    ``proofs``: what may stand in a token's place.
    """

    method: str
    path: str
    operation: str
    roles: frozenset[Role] | None
    handler: Handler
    service: str = ""
    scope: str = ""
    proofs: frozenset[Proof] = CERTIFICATE


def application(
    routes: Sequence[Route],
    voice: Voice,
    *,
    tokens: Grants | None,
    others: Others | None = None,
    body: int = LIMITS.body,
    source: Source = SYSTEM,
    readers: Sequence[ExchangeReader] = (),
) -> web.Application:
    """The aiohttp application of these routes. Without ``tokens`` everybody who reaches it may do everything.

    ``others`` judges what is shown in a token's place. ``body``: octets of a request that are read. ``source`` makes
    the trace ids of error bodies. ``readers`` hear of each exchange.
    """
    from pncsim.wire.web import web

    served: dict[web.AbstractRoute, Route] = {}
    app = web.Application(client_max_size=body, middlewares=[_reporting(voice, source, served, readers)])
    for route in routes:
        served[app.router.add_route(route.method, route.path, _guarded(route, tokens, others))] = route
    return app


def _guarded(
    route: Route, tokens: Grants | None, others: Others | None
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handler(request: web.Request) -> web.StreamResponse:
        if route.roles is None:
            return await route.handler(request, EVERYTHING)
        grant = await identify(request, tokens, others, route.proofs)
        _CLIENT.set(grant.holder)
        check_allowed(grant, route.roles, route.scope)
        return await route.handler(request, grant)

    return handler


def _reporting(
    voice: Voice, source: Source, routes: Mapping[web.AbstractRoute, Route], readers: Sequence[ExchangeReader]
) -> Any:
    """The middleware that turns errors into answers and every exchange into an event; no trace of a fault leaves it."""
    from pncsim.wire.web import web

    def tell(request: web.Request, response: web.StreamResponse, seconds: float) -> None:
        route = routes.get(request.match_info.route)
        service, operation = ("", "") if route is None else (route.service, route.operation)
        exchange = Exchange(request, response, service, operation, _CLIENT.get(), seconds)
        for reader in readers:
            reader(exchange)

    @web.middleware
    async def middleware(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        text, began = "", time.perf_counter()
        _CLIENT.set("")
        try:
            response = await handler(request)
        except Refused as error:
            text = str(error)
            response = error_response(error.http_status or 400, error.messages, source, error.clause)
            if error.retry_after is not None:
                response.headers["Retry-After"] = str(math.ceil(error.retry_after))
            if error.challenge:
                response.headers["WWW-Authenticate"] = error.challenge
        except PncError as error:
            text, said = str(error), error.sentence
            if isinstance(error, LocalError) and error.http_status == 503:
                voice.problem(error)
                said = UNAVAILABLE
            response = error_response(error.http_status or 500, [said], source, error.clause)
        except web.HTTPException as error:
            text = _sentence(request, error)
            response = error_response(error.status, [text], source)
            if isinstance(error, web.HTTPMethodNotAllowed):
                response.headers["Allow"] = ", ".join(sorted(error.allowed_methods))
        except Exception as error:
            text = f"{type(error).__name__} in {request.method} {request.path}: a fault of ours."
            voice.problem(LocalError(text, kind="defect", http_status=500))
            response = error_response(500, ["Internal error."], source)
        if voice.heard:
            asked, answered = await octets_of(request, response) if voice.wants_bytes else (b"", b"")
            voice.http(request.method, request.path, response.status, text, request=asked, response=answered)
        if readers:
            tell(request, response, time.perf_counter() - began)
        return response

    return middleware


def _sentence(request: web.Request, error: web.HTTPException) -> str:
    """What the library refuses before any handler is asked."""
    from pncsim.wire.web import web

    if isinstance(error, web.HTTPNotFound):
        return f"There is no {request.path[:_SHOWN]} here."
    if isinstance(error, web.HTTPMethodNotAllowed):
        allowed = " or ".join(sorted(error.allowed_methods))
        return f"{request.path[:_SHOWN]} is there for {allowed}, not for {request.method[:_SHOWN]}."
    return error.text or error.reason
