"""Signers below V2G roots of others over HTTP, for administrators (``/admin/signers``)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cryptography import x509

from pncsim.backend import certificates
from pncsim.backend.admin.clients_http import ADMIN
from pncsim.backend.cps.further import FurtherSigner, FurtherSigners
from pncsim.backend.refusal import Refused
from pncsim.backend.rest.access import Grant
from pncsim.backend.rest.bodies import base64_text, json_object, json_response
from pncsim.backend.rest.routes import Route
from pncsim.tls_certs import reading

if TYPE_CHECKING:
    from aiohttp import web

_ALL = "/admin/signers"
_ONE = _ALL + "/{signer}"


def routes(signers: FurtherSigners) -> tuple[Route, ...]:
    """The operations. No private key is in any answer."""
    face = _Face(signers)
    return (
        Route("GET", _ALL, "getSigners", ADMIN, face.list),
        Route("POST", _ALL, "addSigner", ADMIN, face.add),
        Route("PUT", _ONE, "certifySigner", ADMIN, face.certify),
        Route("DELETE", _ONE, "removeSigner", ADMIN, face.remove),
    )


class _Face:
    """One method for each operation."""

    def __init__(self, signers: FurtherSigners) -> None:
        self._signers = signers

    async def list(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        return json_response({"signers": [_body(one) for one in await self._signers.kept()]})

    async def add(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        return json_response(_body(await self._signers.begin()), 201)

    async def certify(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        chain = _chain(await json_object(request))
        return json_response(_body(await self._signers.certify(request.match_info["signer"], chain)))

    async def remove(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        await self._signers.remove(request.match_info["signer"])
        return json_response({})


def _body(one: FurtherSigner) -> Mapping[str, Any]:
    certified = (
        {} if one.root is None else {"cpsV2GRootCertificateFingerprint": reading.fingerprint(reading.der(one.root))}
    )
    return {
        "id": one.id,
        "certificateRequest": base64_text(one.request),
        "chain": [base64_text(reading.der(each)) for each in one.chain],
        **certified,
    }


def _chain(body: Mapping[str, Any]) -> list[x509.Certificate]:
    given = body.get("chain")
    if not isinstance(given, list) or not 2 <= len(given) <= 3:
        raise Refused(
            "The member 'chain' is no list of the signer's certificate and its one or two Sub-CAs.", clause="CPS-1"
        )
    try:
        octets = [base64.b64decode(one if isinstance(one, str) else "-", validate=True) for one in given]
    except (binascii.Error, ValueError):
        raise Refused("The member 'chain' holds what is not base64.", clause="CPS-1") from None
    return [certificates.load(one, "chain") for one in octets]
