"""Events of somebody else's pools, as a manufacturer's back end receives them: ``POST /v1/manufacturer/events``.

An event is believed for its signature (EVT-2). It may come twice, and another may never come: what a vehicle holds is
looked at with each of its visits all the same.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any

from pncsim.backend.events.facts import ContractAdded, ContractDeleted
from pncsim.backend.oem.fleet import Fleet
from pncsim.backend.refusal import Refused
from pncsim.backend.rest.access import Grant
from pncsim.backend.rest.bodies import json_response
from pncsim.backend.rest.routes import Route
from pncsim.backend.webhooks.received import read_event
from pncsim.wire.clock import Clock
from pncsim.wire.identifiers import IdentifierError, check_emaid, check_pcid

if TYPE_CHECKING:
    from aiohttp import web

PATH = "/v1/manufacturer/events"
EVENTS = (
    "oem.contract.created",
    "oem.contract.updated",
    "oem.contract.deleted",
    "root.cert.added",
    "root.cert.expired",
    "root.cert.revoked",
)
"""What to subscribe to."""


def routes(fleet: Fleet, clock: Clock, secrets: Callable[[], Collection[str]]) -> tuple[Route, ...]:
    """The operation; ``secrets`` are those of the subscriptions (a pool draws one for each)."""

    async def receive(request: web.Request, grant: Grant) -> web.StreamResponse:
        type, payload = read_event(request.headers, await request.read(), secrets())
        try:
            if type in EVENTS[:3]:
                await _contract(fleet, clock.now(), type, payload)
            elif type in EVENTS:
                fleet.roots.stale()
        except (KeyError, TypeError, ValueError, binascii.Error, IdentifierError) as error:
            raise Refused(f"The event cannot be read: {error!r}.", clause="EVT-5") from None
        return json_response({})

    return (Route("POST", PATH, "receiveEvent", None, receive),)


async def _contract(fleet: Fleet, now: float, type: str, payload: Mapping[str, Any]) -> None:
    """A contract came, or went. Why it went an event does not say, and one whose vehicle changed its key stays good in
    it: so what is installed already goes only if it was revoked, which is found out with the next visit."""
    told: dict[str, Any] = {
        "time": now,
        "emaid": check_emaid(payload["emaid"]),
        "pcid": check_pcid(payload["pcid"]),
        "certificate": base64.b64decode(payload.get("contractCert", ""), validate=True),
        "root": str(payload.get("cpsSignerRootFingerprint", "")),
    }
    if type == "oem.contract.deleted":
        await fleet.deliveries.contract_gone(ContractDeleted(**told, why="vehicle key changed"))
    else:
        await fleet.deliveries.contract_waits(ContractAdded(**told))
