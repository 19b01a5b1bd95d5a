"""Whether the services can do their work: what a container's probe and a load balancer ask."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from pncsim.backend.refusal import Refused
from pncsim.backend.rest.access import Grant
from pncsim.backend.rest.bodies import json_response
from pncsim.backend.rest.routes import Route
from pncsim.wire.errors import PncError

if TYPE_CHECKING:
    from aiohttp import web

PATH = "/health"
PATIENCE = 2.0
"""Seconds of the machine that the store has for an answer."""


def routes(probe: Callable[[], Awaitable[object]]) -> tuple[Route, ...]:
    """``GET /health``: 200 while ``probe`` returns in time, else 503. Why not, a stranger is not told."""

    async def health(request: web.Request, grant: Grant) -> web.StreamResponse:
        try:
            async with asyncio.timeout(PATIENCE):
                await probe()
        except (PncError, TimeoutError) as error:
            raise Refused("What the services keep cannot be read.", clause="health", http_status=503) from error
        return json_response({"status": "ok"})

    return (Route("GET", PATH, "health", None, health),)
