"""A manufacturer's back office over HTTP (``/v1/manufacturer``, ours): its vehicles, from the line to the scrapyard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pncsim.backend.oem.fleet import Fleet
from pncsim.backend.oem.line import decoded, errand_body
from pncsim.backend.oem.store import FleetVehicle
from pncsim.backend.refusal import Refused
from pncsim.backend.rest.access import Grant, Role, not_owned
from pncsim.backend.rest.bodies import base64_text, json_object, json_response, text_member
from pncsim.backend.rest.routes import Route
from pncsim.tls_certs import reading

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import web

ROOT = "/v1/manufacturer"
_ONE = ROOT + "/vehicles/{vin}"
_OEM: frozenset[Role] = frozenset({"OEM"})
_WHEN = {"now": True, "later": False}


def routes(fleet: Fleet) -> tuple[Route, ...]:
    """The back office's operations, for the manufacturer's own vehicles."""
    face = _Face(fleet)
    return (
        Route("PUT", _ONE, "orderVehicle", _OEM, face.order),
        Route("GET", _ONE, "getVehicle", _OEM, face.get),
        Route("DELETE", _ONE, "withdrawVehicle", _OEM, face.withdraw),
        Route("POST", _ONE + "/telematics", "equipVehicle", _OEM, face.equip),
        Route("POST", _ONE + "/renewal", "renewVehicle", _OEM, face.renew),
        Route("POST", _ONE + "/revocation", "revokePredecessors", _OEM, face.revoke),
        Route("POST", _ONE + "/factoryReset", "resetVehicle", _OEM, face.reset),
        Route("GET", _ONE + "/errands", "getErrands", _OEM, face.errands),
        Route("PUT", _ONE + "/owner", "giveVehicle", _OEM, face.give),
        Route("DELETE", _ONE + "/owner", "takeVehicle", _OEM, face.give),
        Route("PUT", ROOT + "/owners/{owner}", "addOwner", _OEM, face.owner),
        Route("GET", ROOT + "/telematics", "getTelematics", _OEM, face.telematics),
    )


class _Face:
    """One method for each operation: read, call the service, write."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet, self._production, self._deliveries = fleet, fleet.production, fleet.deliveries

    async def order(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        vin, body = request.match_info["vin"], await json_object(request)
        pcid = text_member(body, "pcid")
        for id in (vin, pcid):
            if not grant.owns_vehicle(id):
                raise not_owned(id)
        return json_response(_vehicle(await self._production.order(vin, pcid, maker=grant.holder)), 201)

    async def get(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        return json_response(_vehicle(await self._vehicle(request, grant)))

    async def withdraw(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        await self._production.withdraw((await self._vehicle(request, grant)).vin)
        return json_response({})

    async def equip(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        """The request comes from the vehicle on the line; the answer holds its certificate and the root, in PEM."""
        vehicle = await self._vehicle(request, grant)
        leaf, root = await self._production.equip(vehicle.vin, decoded(await request.read()))
        told = {"telematicsCertificate": reading.pem([leaf]), "manufacturerRoot": reading.pem([root])}
        return json_response({**told, "telematics": self._fleet.telematics})

    async def renew(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        vehicle, body = await self._vehicle(request, grant), await _optional(request)
        pcid, new_key, revoke = body.get("pcid"), body.get("newKey", True), body.get("revoke", "later")
        if not isinstance(new_key, bool) or revoke not in _WHEN:
            raise Refused("newKey is true or false, revoke is now or later.", clause="2.1.1.2.4")
        wanted = text_member(body, "pcid") if pcid is not None else None
        if wanted is not None and not grant.owns_vehicle(wanted):
            raise not_owned(wanted)
        errand = await self._production.renew(vehicle.vin, pcid=wanted, new_key=new_key, revoke=_WHEN[revoke])
        return json_response(errand_body(errand), 201)

    async def revoke(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        vehicle = await self._vehicle(request, grant)
        return json_response(_vehicle(await self._production.revoke_predecessors(vehicle.vin)))

    async def reset(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        vehicle = await self._vehicle(request, grant)
        return json_response(_vehicle(await self._fleet.reset(vehicle.vin)))

    async def owner(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        body = await _optional(request)
        password = text_member(body, "password") if body.get("password") is not None else None
        name = request.match_info["owner"]
        secret = await self._fleet.owners.add(name, maker=grant.holder, password=password)
        response = json_response({"owner": name, "password": secret}, 201)
        response.headers["Cache-Control"] = "no-store"
        return response

    async def give(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        vehicle = await self._vehicle(request, grant)
        owner = text_member(await json_object(request), "owner") if request.method == "PUT" else ""
        return json_response(_vehicle(await self._fleet.give(vehicle.vin, owner, maker=grant.holder)))

    async def errands(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        vehicle = await self._vehicle(request, grant)
        found = await self._deliveries.of_vehicle(vehicle.vin)
        return json_response({"errands": [errand_body(errand) for errand in found]})

    async def telematics(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        return json_response({"telematics": self._fleet.telematics})

    async def _vehicle(self, request: web.Request, grant: Grant) -> FleetVehicle:
        """The caller's own vehicle; that it is somebody else's is told before anybody looks whether it is there."""
        vin = request.match_info["vin"]
        if not grant.owns_vehicle(vin):
            raise not_owned(vin)
        return await self._production.vehicle(vin)


async def _optional(request: web.Request) -> Mapping[str, Any]:
    """A body that may be left out."""
    return await json_object(request) if await request.read() else {}


def _vehicle(vehicle: FleetVehicle) -> dict[str, Any]:
    body: dict[str, Any] = {
        "vin": vehicle.vin,
        "pcid": vehicle.pcid,
        "wantedPcid": vehicle.wanted,
        "previousPcid": vehicle.previous_pcid,
        "owner": vehicle.owner,
        "published": vehicle.published,
        "provisioningCertificate": base64_text(reading.der(vehicle.chain[0])) if vehicle.chain else None,
        "predecessors": [base64_text(reading.der(old)) for old in vehicle.predecessors],
        "v2gRootAuthorityKeyIdentifiers": list(vehicle.v2g_roots),
        "contracts": [contract.emaid for contract in vehicle.contracts],
        "defaultContract": vehicle.default,
    }
    return {name: value for name, value in body.items() if value not in (None, "", [])}
