"""What owners decide about their vehicles, over HTTP (``/v1/manufacturer/my``): with name and password (RFC 7617)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pncsim.backend.oem.consent_store import Consent, VehicleOwner
from pncsim.backend.oem.fleet import Fleet
from pncsim.backend.oem.line import errand_body
from pncsim.backend.oem.oauth_http import basic
from pncsim.backend.rest.access import Grant
from pncsim.backend.rest.bodies import json_response
from pncsim.backend.rest.routes import Route

if TYPE_CHECKING:
    from aiohttp import web

_MY = "/v1/manufacturer/my"
_DECISIONS = {"approve": True, "refuse": False}


def routes(fleet: Fleet) -> tuple[Route, ...]:
    """An owner's operations."""
    face = _Face(fleet)

    def row(
        method: str, path: str, operation: str, answer: Callable[[web.Request, VehicleOwner], Awaitable[dict[str, Any]]]
    ) -> Route:
        async def handler(request: web.Request, grant: Grant) -> web.StreamResponse:
            return await face.answered(request, answer)

        return Route(method, _MY + path, operation, None, handler)

    return (
        row("GET", "/vehicles", "getMyVehicles", face.vehicles),
        row("GET", "/contracts", "getMyContracts", face.contracts),
        row("POST", "/contracts/{id}/{decision:approve|refuse}", "decideOnContract", face.decide),
        row("GET", "/consents", "getMyConsents", face.consents),
        row("DELETE", "/consents/{id}", "withdrawConsent", face.withdraw),
    )


async def owner_of(request: web.Request, fleet: Fleet) -> VehicleOwner:
    """The owner whose name and password came along."""
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    name, password = basic(value) if scheme.lower() == "basic" else ("", "")
    return await fleet.owners.authenticate(name, password)


class _Face:
    """One method for each operation, given who the owner is."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    async def answered(
        self, request: web.Request, answer: Callable[[web.Request, VehicleOwner], Awaitable[dict[str, Any]]]
    ) -> web.StreamResponse:
        """The answer for the owner whose name and password came along."""
        response = json_response(await answer(request, await owner_of(request, self._fleet)))
        response.headers["Cache-Control"] = "no-store"
        return response

    async def vehicles(self, request: web.Request, owner: VehicleOwner) -> dict[str, Any]:
        found = await self._fleet.owners.vehicles(owner.name)
        return {"vehicles": [{"vin": one.vin, "pcid": one.pcid, "published": one.published} for one in found]}

    async def contracts(self, request: web.Request, owner: VehicleOwner) -> dict[str, Any]:
        found = []
        for vehicle in await self._fleet.owners.vehicles(owner.name):
            errands = await self._fleet.deliveries.of_vehicle(vehicle.vin)
            found += [{"vin": vehicle.vin, **errand_body(one)} for one in errands if one.deed == "install"]
        return {"contracts": found}

    async def decide(self, request: web.Request, owner: VehicleOwner) -> dict[str, Any]:
        approved = _DECISIONS[request.match_info["decision"]]
        return errand_body(await self._fleet.deliveries.decide(owner.name, request.match_info["id"], approved=approved))

    async def consents(self, request: web.Request, owner: VehicleOwner) -> dict[str, Any]:
        return {"consents": [_consent(one) for one in await self._fleet.consents.of_owner(owner.name)]}

    async def withdraw(self, request: web.Request, owner: VehicleOwner) -> dict[str, Any]:
        return _consent(await self._fleet.consents.withdraw(owner.name, request.match_info["id"]))


def _consent(consent: Consent) -> dict[str, Any]:
    return {
        "id": consent.id,
        "client": consent.client,
        "vin": consent.vin,
        "state": "refused" if not consent.granted else "granted" if consent.withdrawn_at is None else "withdrawn",
        "decidedAt": datetime.fromtimestamp(consent.decided_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
