"""OCSP over HTTP (RFC 6960 appendix A): POST with the request as body, GET with it as base64 in the path."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING
from urllib.parse import unquote

from pncsim.backend.pki.responder import OcspResponder
from pncsim.backend.rest.access import Grant
from pncsim.backend.rest.routes import Route, application
from pncsim.tls_certs.ocsp_answers import MALFORMED, refusal

if TYPE_CHECKING:
    from aiohttp import web

    from pncsim.wire.voice import Voice

REQUEST, RESPONSE = "application/ocsp-request", "application/ocsp-response"
MAX_REQUEST = 4096
"""Octets of a request that are read; one certificate takes about 100."""


def routes(responder: OcspResponder, path: str = "/ocsp") -> tuple[Route, ...]:
    """The responder at ``path``; it is for everybody (PKI-5). Clients err in media types: none is refused."""
    from pncsim.wire.web import web

    async def post(request: web.Request, grant: Grant) -> web.Response:
        response = await responder.answer(await request.read(), as_asked=True)
        return web.Response(body=response, content_type=RESPONSE)

    async def get(request: web.Request, grant: Grant) -> web.Response:
        # The raw path: base64 may hold slashes and plus signs, escaped or not.
        text = unquote(request.rel_url.raw_path[len(path) + 1 :])
        try:
            octets = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            return web.Response(body=refusal(MALFORMED), content_type=RESPONSE)
        return web.Response(body=await responder.answer(octets, as_asked=True), content_type=RESPONSE)

    return (
        Route("POST", path, "ocsp", None, post),
        Route("POST", path + "/", "ocsp", None, post),
        Route("GET", path + "/{request:.+}", "ocsp", None, get),
    )


def ocsp_app(responder: OcspResponder, voice: Voice, *, path: str = "/ocsp") -> web.Application:
    """The aiohttp application that serves ``responder`` at ``path``."""
    return application(routes(responder, path), voice, tokens=None, body=MAX_REQUEST)
