"""Where each service is, for programs that know one base URL only: ``GET /services.json``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pncsim.backend.rest.access import Grant
from pncsim.backend.rest.bodies import json_response
from pncsim.backend.rest.routes import Route

if TYPE_CHECKING:
    from aiohttp import web

PATH = "/services.json"


def routes(services: Mapping[str, str]) -> tuple[Route, ...]:
    """The URL of each service by its name, as a ready file has them, for everybody; nothing of who may call there."""

    async def listed(request: web.Request, grant: Grant) -> web.StreamResponse:
        return json_response({"services": services})

    return (Route("GET", PATH, "services", None, listed),)
