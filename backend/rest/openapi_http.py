"""The documents over HTTP: ``/openapi.json`` of everything a port serves, one for each service, and pages of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pncsim.backend.described.tables import DESCRIBED, TITLES
from pncsim.backend.refusal import Refused
from pncsim.backend.rest.access import Grant
from pncsim.backend.rest.openapi import document
from pncsim.backend.rest.openapi_page import POLICY, page
from pncsim.backend.rest.routes import Route

if TYPE_CHECKING:
    from aiohttp import web

DOCUMENTS, PAGES = "/openapi", "/docs"
ALL = "Plug & Charge services"
_HEADERS = {"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}


def routes(served: Sequence[Route], base: str) -> tuple[Route, ...]:
    """The documents of ``served``, for everybody, each made when first asked for; ``base`` is the URL clients call."""
    from pncsim.wire.web import web

    names = tuple(dict.fromkeys(route.service for route in served))
    made: dict[str, dict[str, Any]] = {}

    def of(request: web.Request) -> Mapping[str, Any]:
        """The document asked for; that of all services where none is named."""
        name = request.match_info.get("service", "")
        if name and name not in names:
            raise Refused(
                f"There is no service {name[:40]!r} here, but {', '.join(names)}.", clause="", http_status=404
            )
        if name not in made:
            mine = [route for route in served if name in ("", route.service)]
            made[name] = document(TITLES.get(name, name) if name else ALL, mine, DESCRIBED, base)
        return made[name]

    async def openapi(request: web.Request, grant: Grant) -> web.StreamResponse:
        body = json.dumps(of(request)).encode()
        return web.Response(body=body, content_type="application/json")

    async def read(request: web.Request, grant: Grant) -> web.StreamResponse:
        others = [(PAGES, "all"), *((f"{PAGES}/{name}", TITLES.get(name, name)) for name in names)]
        text = page(of(request), others)
        return web.Response(text=text, content_type="text/html", charset="utf-8", headers=_HEADERS)

    return (
        Route("GET", f"{DOCUMENTS}.json", "openapi", None, openapi),
        Route("GET", f"{DOCUMENTS}/{{service}}.json", "openapi", None, openapi),
        Route("GET", PAGES, "page", None, read),
        Route("GET", f"{PAGES}/{{service}}", "page", None, read),
    )
