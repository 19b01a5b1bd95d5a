"""A vehicle's PCID as a QR code, which its owner shows to an operator instead of typing it (CharIN 2.4.2.1).

``GET /v1/manufacturer/my/vehicles/{vin}/qr``, for the owner, by name and password.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from pncsim.backend.oem.fleet import Fleet
from pncsim.backend.oem.owner_http import owner_of
from pncsim.backend.refusal import Refused
from pncsim.backend.rest.access import Grant
from pncsim.backend.rest.routes import Route
from pncsim.wire.identifiers import check_pcid

if TYPE_CHECKING:
    from aiohttp import web

PATH = "/v1/manufacturer/my/vehicles/{vin}/qr"
_SCALE = 8
"""Pixels of the side of a module: a phone reads it off any screen."""


def qr_code(pcid: str) -> bytes:
    """The PCID as a QR code (ISO/IEC 18004), as PNG; the text in it is the PCID alone. Raises IdentifierError.

    A quarter of it may be covered or dirty (error correction Q): it may be printed on a windscreen.
    """
    import segno

    picture = io.BytesIO()
    segno.make_qr(check_pcid(pcid), error="q").save(picture, kind="png", scale=_SCALE)
    return picture.getvalue()


def routes(fleet: Fleet) -> tuple[Route, ...]:
    """The operation; a vehicle that is not the owner's is not there."""

    async def code(request: web.Request, grant: Grant) -> web.StreamResponse:
        from pncsim.wire.web import web

        owner, vin = await owner_of(request, fleet), request.match_info["vin"]
        for vehicle in await fleet.owners.vehicles(owner.name):
            if vehicle.vin == vin:
                headers = {"Cache-Control": "no-store"}
                return web.Response(body=qr_code(vehicle.pcid), content_type="image/png", headers=headers)
        raise Refused(f"{owner.name} has no vehicle {vin[:40]!r}.", clause="OEM-1", http_status=404)

    return (Route("GET", PATH, "getMyVehicleCode", None, code),)
