"""Events of somebody else's pools, as an operator's back end receives them: ``POST /v1/mo/events`` (MO-3).

An event is believed for its signature (EVT-2) and may come twice. Beside pools of one's own it is not needed: there the
desks hear the facts themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

from pncsim.backend.mo.desks import Desks
from pncsim.backend.mo.store import VehicleNow
from pncsim.backend.refusal import Refused
from pncsim.backend.rest.access import Grant
from pncsim.backend.rest.bodies import json_response
from pncsim.backend.rest.routes import Route
from pncsim.backend.webhooks.received import read_event
from pncsim.wire.clock import Clock
from pncsim.wire.identifiers import IdentifierError, check_emaid

if TYPE_CHECKING:
    from aiohttp import web

PATH = "/v1/mo/events"
EVENTS: Mapping[str, VehicleNow] = {
    "mo.prov.cert.updated": "new key",
    "mo.prov.cert.deleted": "gone",
    "mo.prov.cert.factory.reset": "reset",
}
"""What to subscribe to, and what each says of a contract's vehicle."""


def routes(desks: Desks, clock: Clock, secrets: Callable[[], Collection[str]]) -> tuple[Route, ...]:
    """The operation; ``secrets`` are those of the subscriptions."""

    async def receive(request: web.Request, grant: Grant) -> web.StreamResponse:
        type, payload = read_event(request.headers, await request.read(), secrets())
        what = EVENTS.get(type)
        if what is not None:
            try:
                emaid = check_emaid(str(payload.get("emaid")))
            except IdentifierError as error:
                raise Refused(f"The event cannot be read: {error.sentence}", clause="EVT-5") from None
            await desks.hear(emaid, what, clock.now())
        return json_response({})

    return (Route("POST", PATH, "receiveEvent", None, receive),)
