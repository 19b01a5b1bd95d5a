"""Certificates for clients over HTTP, for administrators: ``/admin/clients/{client}/certificates``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pncsim.backend.auth.certificates import ClientCertificates
from pncsim.backend.pki.est_http import request_in
from pncsim.backend.refusal import Refused
from pncsim.backend.rest.access import Grant, Role
from pncsim.backend.rest.bodies import base64_text, json_response
from pncsim.backend.rest.routes import Route
from pncsim.tls_certs import reading

if TYPE_CHECKING:
    from aiohttp import web


def routes(certificates: ClientCertificates | None) -> tuple[Route, ...]:
    """``POST`` a certificate request, as EST takes it, or ``DELETE`` all there are. None where no TLS is served."""

    def served() -> ClientCertificates:
        if certificates is None:
            text = "Certificates are shown in TLS, which is not served here."
            raise Refused(text, clause="ACC-9", http_status=409, advice="Start the services with --tls.")
        return certificates

    async def forget(request: web.Request, grant: Grant) -> web.StreamResponse:
        return json_response({"forgotten": await served().forget(_client(request))})

    async def certify(request: web.Request, grant: Grant) -> web.StreamResponse:
        made = await served().certify(_client(request), request_in(await request.read()))
        root = await served().own.root()
        ends = f"{made.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}"
        return json_response(
            {
                "certificate": base64_text(reading.der(made)),
                "root": base64_text(reading.der(root)),
                "validTo": ends,
            },
            201,
        )

    path, admin = "/admin/clients/{client}/certificates", frozenset[Role]({"ADMIN"})
    return (
        Route("POST", path, "certifyClient", admin, certify),
        Route("DELETE", path, "forgetClientCertificates", admin, forget),
    )


def _client(request: web.Request) -> str:
    return request.match_info["client"][:80]
