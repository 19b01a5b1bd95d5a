"""A face is a table: which method and path is which operation, who may call it, and what answers it.

A route is its own guard: the handler runs only for a caller whose grant has one of the route's roles. What an operation
demands beyond that, that the id is the caller's own, its handler asks of the grant.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from pncsim.backend.refusal import Refused
from pncsim.backend.rest.access import EVERYTHING, Grant, Grants, Role, authorize
from pncsim.backend.rest.bodies import error_response
from pncsim.wire.errors import LocalError, PncError
from pncsim.wire.listener import LIMITS
from pncsim.wire.source import SYSTEM, Source

if TYPE_CHECKING:
    from aiohttp import web

    from pncsim.wire.voice import Voice


class Route(Struct, frozen=True):
    """One operation. ``path`` may hold ``{names}``; ``roles`` is None where everybody may, without any token."""

    method: str
    path: str
    operation: str
    roles: frozenset[Role] | None
    handler: Callable[[web.Request, Grant], Awaitable[web.StreamResponse]]


def application(
    routes: Sequence[Route],
    voice: Voice,
    *,
    tokens: Grants | None,
    body: int = LIMITS.body,
    source: Source = SYSTEM,
) -> web.Application:
    """The aiohttp application of these routes. Without ``tokens`` everybody who reaches it may do everything.

    ``body``: octets of a request that are read. ``source`` makes the trace ids of error bodies.
    """
    from pncsim.wire.web import web

    app = web.Application(client_max_size=body, middlewares=[_reporting(voice, source)])
    for route in routes:
        app.router.add_route(route.method, route.path, _guarded(route, tokens))
    return app


def _guarded(route: Route, tokens: Grants | None) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handler(request: web.Request) -> web.StreamResponse:
        grant = EVERYTHING if route.roles is None else await authorize(request, tokens, route.roles)
        return await route.handler(request, grant)

    return handler


def _reporting(voice: Voice, source: Source) -> Any:
    """The middleware that turns errors into answers and every exchange into an event; no trace of a fault leaves it."""
    from pncsim.wire.web import web

    @web.middleware
    async def middleware(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        text = ""
        try:
            response = await handler(request)
        except Refused as error:
            text = str(error)
            response = error_response(error.http_status or 400, error.messages, source, error.clause)
            if error.retry_after is not None:
                response.headers["Retry-After"] = str(math.ceil(error.retry_after))
        except PncError as error:
            text = str(error)
            response = error_response(error.http_status or 500, [error.sentence], source, error.clause)
        except web.HTTPException as error:
            text = error.text or error.reason
            response = error_response(error.status, [text], source)
        except Exception as error:
            text = f"{type(error).__name__} in {request.method} {request.path}: a fault of ours."
            voice.problem(LocalError(text, kind="defect", http_status=500))
            response = error_response(500, ["Internal error."], source)
        voice.http(request.method, request.path, response.status, text)
        return response

    return middleware
