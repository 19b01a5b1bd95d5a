"""What vehicles call: EST and telematics over mutual TLS, below the manufacturer's own root (ACC-9; RFC 7030 3.3.2).

Who calls is known by the certificate shown in the handshake; OpenSSL has verified that it was issued below the root,
and whose it is and whether it is valid by the lab's clock is looked at with each request.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from cryptography import x509

from pncsim.backend import certificates
from pncsim.backend.oem.deliveries import MOST_CONTRACTS, Deliveries
from pncsim.backend.oem.production import VehicleProduction
from pncsim.backend.oem.roots import VerifiedRoots
from pncsim.backend.oem.store import Errand, FleetVehicle, HeldContract
from pncsim.backend.refusal import Refused
from pncsim.backend.rest.access import Grant
from pncsim.backend.rest.bodies import base64_text, json_object, json_response, text_member
from pncsim.backend.rest.routes import Route
from pncsim.tls_certs import reading
from pncsim.tls_certs.pkcs7 import certs_only
from pncsim.wire.identifiers import IdentifierError, check_emaid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aiohttp import web

TELEMATICS = "/v1/manufacturer/telematics"
_EST = ("/.well-known/est", "/.well-known/est/oem")
_MOST_CHAIN = 4
_CERTS_ONLY = {"Content-Type": "application/pkcs7-mime; smime-type=certs-only", "Content-Transfer-Encoding": "base64"}


def routes(production: VehicleProduction, deliveries: Deliveries, roots: VerifiedRoots) -> tuple[Route, ...]:
    """The operations of the line; each asks for itself who calls."""
    face = _Face(production, deliveries, roots)
    est = (
        ("GET", "cacerts", face.ca_certificates),
        ("POST", "simpleenroll", face.enrol),
        ("POST", "simplereenroll", face.enrol),
    )
    errand = TELEMATICS + "/errands/{id}"
    return (
        *(Route(method, f"{prefix}/{name}", name, None, handler) for prefix in _EST for method, name, handler in est),
        Route("GET", TELEMATICS + "/roots", "getVehicleRoots", None, face.trust_anchors),
        Route("POST", TELEMATICS + "/visit", "visitManufacturer", None, face.visit),
        Route("GET", errand + "/contract", "getErrandContract", None, face.contract),
        Route("PUT", errand, "reportErrand", None, face.report),
    )


class _Face:
    """One method for each operation: who calls, read, call the service, write."""

    def __init__(self, production: VehicleProduction, deliveries: Deliveries, roots: VerifiedRoots) -> None:
        self._production, self._deliveries, self._roots = production, deliveries, roots

    async def ca_certificates(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        vehicle = await self._caller(request)
        above = (vehicle.fresh or vehicle.chain)[1:]
        return _bag([*above, *(await self._roots.for_vehicle())["oemRoots"]])

    async def enrol(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        vehicle = await self._caller(request)
        return _bag(await self._production.enrol(vehicle, decoded(await request.read())))

    async def trust_anchors(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        await self._caller(request)
        given = await self._roots.for_vehicle()
        return json_response({name: [base64_text(reading.der(one)) for one in given[name]] for name in given})

    async def visit(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        vehicle = await self._caller(request)
        body = await json_object(request)
        held, default = _contracts(body), body.get("defaultContract", "")
        if default not in ("", *(contract.emaid for contract in held)):
            raise Refused("The defaultContract is none of the EMAIDs in 'contracts'.", clause="EV-7")
        if body.get("provisioningCertificate") is not None:
            roots = body.get("v2gRootAuthorityKeyIdentifiers", [])
            if not isinstance(roots, list) or not all(isinstance(one, str) for one in roots):
                raise Refused("The v2gRootAuthorityKeyIdentifiers are no list of texts.", clause="PCP-PUB-8")
            vehicle = await self._production.confirm(vehicle, text_member(body, "provisioningCertificate"), roots)
        errands = await self._deliveries.visit(vehicle, held, default)
        told = {"pcid": vehicle.pcid, "wantedPcid": vehicle.wanted, "published": vehicle.published}
        return json_response({**told, "errands": [errand_body(errand) for errand in errands]})

    async def contract(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        vehicle = await self._caller(request)
        exi = await self._deliveries.bundle(vehicle, request.match_info["id"])
        return json_response({"certificateInstallationRes": base64_text(exi)})

    async def report(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        vehicle = await self._caller(request)
        body = await json_object(request)
        ok, text = body.get("done"), body.get("text", "")
        if not isinstance(ok, bool) or not isinstance(text, str):
            raise Refused("The member 'done' is no true or false, or 'text' no text.", clause="2.1.3.1")
        errand = await self._deliveries.done(vehicle, request.match_info["id"], ok=ok, text=text)
        return json_response(errand_body(errand))

    async def _caller(self, request: web.Request) -> FleetVehicle:
        """The vehicle whose certificate was shown in the handshake."""
        tls = request.get_extra_info("ssl_object")
        octets = tls.getpeercert(binary_form=True) if tls is not None else None
        if not octets:
            raise Refused("A vehicle has to show its telematics certificate.", clause="ACC-9", http_status=401)
        return await self._production.caller(reading.load(octets, "The telematics certificate"))


def errand_body(errand: Errand) -> dict[str, Any]:
    """An errand as vehicles and back offices read it."""
    body = {
        "id": errand.id,
        "deed": errand.deed,
        "state": errand.state,
        "emaid": errand.emaid,
        "pcid": errand.pcid,
        "fingerprint": errand.fingerprint,
        "text": errand.text,
    }
    return {name: value for name, value in body.items() if value} | (
        {"newKey": errand.new_key} if errand.deed == "renew" else {}
    )


def decoded(body: bytes) -> bytes:
    """A request in PEM or DER; a body in base64, broken into lines or not, is DER (RFC 7030 4.2.1)."""
    try:
        return base64.b64decode(b"".join(body.split()), validate=True)
    except (binascii.Error, ValueError):
        return body


def _bag(certificates: Sequence[x509.Certificate]) -> web.Response:
    from pncsim.wire.web import web

    return web.Response(body=base64.b64encode(certs_only(map(reading.der, certificates))), headers=_CERTS_ONLY)


def _contracts(body: Mapping[str, Any]) -> list[HeldContract]:
    """The contracts a vehicle says it holds: ``[{"emaid", "contractChain": [base64 of DER, leaf first]}]``."""
    given = body.get("contracts", [])
    wrong = Refused("The member 'contracts' is no list of EMAIDs, each with its chain.", clause="OEM-4")
    if not isinstance(given, list) or len(given) > MOST_CONTRACTS:
        raise wrong
    held = []
    for one in given:
        chain = one.get("contractChain") if isinstance(one, dict) else None
        if not isinstance(chain, list) or not 1 <= len(chain) <= _MOST_CHAIN:
            raise wrong
        try:
            octets = [base64.b64decode(text, validate=True) for text in chain]
            held.append(HeldContract(check_emaid(text_member(one, "emaid")), certificates.load_chain(octets, "chain")))
        except (IdentifierError, TypeError, ValueError):
            raise wrong from None
    return held
