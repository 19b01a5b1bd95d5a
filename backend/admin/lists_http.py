"""What the services hold, page by page, for administrators to look at (``/admin/vehicles`` and so on).

Nobody else is given a list: of vehicles there is none in the protocol, on purpose (PCP-ENUM-1).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from cryptography.x509.oid import NameOID

from pncsim.backend.admin.clients_http import ADMIN
from pncsim.backend.ccp.store import CONTRACTS, StoredContract
from pncsim.backend.pcp.store import VEHICLES, ProvisionedVehicle
from pncsim.backend.pki.store import ISSUED, IssuedCertificate
from pncsim.backend.refusal import Refused
from pncsim.backend.rest.access import Grant
from pncsim.backend.rest.bodies import json_response
from pncsim.backend.rest.routes import Handler, Route
from pncsim.backend.store import KeptKind, Store
from pncsim.backend.webhooks.store import DELIVERIES, Delivery
from pncsim.tls_certs import reading

if TYPE_CHECKING:
    from aiohttp import web

V = TypeVar("V")
PAGE = 50
"""Lines of a page."""


def routes(store: Store) -> tuple[Route, ...]:
    """Lists of what ``store`` keeps; each names the ``next`` page, and the last has an empty one."""
    return (
        Route("GET", "/admin/vehicles", "listVehicles", ADMIN, _listed(store, VEHICLES, "vehicles", _vehicle)),
        Route("GET", "/admin/contracts", "listContracts", ADMIN, _listed(store, CONTRACTS, "contracts", _contract)),
        Route("GET", "/admin/certificates", "listCertificates", ADMIN, _listed(store, ISSUED, "certificates", _issued)),
        Route("GET", "/admin/deliveries", "listDeliveries", ADMIN, _listed(store, DELIVERIES, "deliveries", _delivery)),
    )


def _listed(store: Store, kind: KeptKind[V], name: str, line: Callable[[V], dict[str, Any]]) -> Handler:
    async def page(request: web.Request, grant: Grant) -> web.StreamResponse:
        try:
            found = await store.of(kind).page(after=request.query.get("after", ""), limit=PAGE)
        except ValueError as error:
            raise Refused(f"{error}.", clause="OPCP error body") from None
        return json_response({name: [line(one) for one in found.values], "next": found.next})

    return page


def _vehicle(vehicle: ProvisionedVehicle) -> dict[str, Any]:
    return {
        "pcid": vehicle.pcid,
        "certValidTo": _moment(reading.not_after(vehicle.leaf)),
        "fingerprint": reading.fingerprint(reading.der(vehicle.leaf)),
    }


def _contract(contract: StoredContract) -> dict[str, Any]:
    entry = contract.entry
    return {
        "emaid": entry.emaid,
        "pcid": entry.pcid,
        "defaultContract": entry.default,
        "certValidTo": _moment(entry.valid_to),
        "cpsV2GRootCertificateFingerprint": entry.root,
    }


def _issued(issued: IssuedCertificate) -> dict[str, Any]:
    certificate = issued.certificate
    return {
        "serial": f"{certificate.serial_number:x}",
        "commonName": reading.common_name(certificate),
        "issuer": " ".join(reading.values_of(certificate.issuer, NameOID.COMMON_NAME)),
        "certValidTo": _moment(reading.not_after(certificate)),
        "revokedAt": None if issued.revoked_at is None else _moment(issued.revoked_at),
        "reason": issued.reason if issued.revoked_at is not None else "",
    }


def _delivery(delivery: Delivery) -> dict[str, Any]:
    return {
        "eventId": delivery.event_id,
        "eventType": delivery.type,
        "endpoint": delivery.endpoint,
        "created": _moment(delivery.created_at),
        "state": str(delivery.state),
        "attempts": len(delivery.attempts),
        "text": delivery.text or "".join(attempt.text for attempt in delivery.attempts[-1:]),
    }


def _moment(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
