"""Provisioning pools of ours that take, keep and show vehicles wrongly."""

from __future__ import annotations

from typing import Any

from pncsim.backend.ccp import requests
from pncsim.backend.pcp import VEHICLES, ProvisionedVehicle, ProvisioningPool
from pncsim.backend.pcp import http as pcp_http
from pncsim.backend.pcp import service as pcp_service
from pncsim.backend.rest.access import ROLES, Grant
from pncsim.backend.rest.bodies import json_response
from pncsim.backend.rest.routes import Route
from pncsim.backend.store import every
from pncsim.backend.verification import Verifier
from pncsim.simulator.conformance.pools.wrong import as_typed
from pncsim.simulator.conformance.put import comes_to, gives, wrong
from pncsim.wire.values import replace

_keep, _named, _routes = ProvisioningPool._keep, ProvisioningPool._named, pcp_http.routes


def _without_former(pool: ProvisioningPool, vehicle: ProvisionedVehicle, wmis: Any) -> ProvisionedVehicle:
    return replace(_named(pool, vehicle, wmis), previous_pcid=None)


async def _first_kept(pool: ProvisioningPool, vehicle: ProvisionedVehicle) -> None:
    first = await pool.find(vehicle.pcid)
    await _keep(pool, vehicle)
    if first is not None:
        await pool._store.of(VEHICLES).put(first)


def _with_a_list(pool: ProvisioningPool, guesses: Any) -> tuple[Route, ...]:
    async def listing(request: Any, grant: Grant) -> Any:
        return json_response({"pcids": [one.pcid async for one in every(pool._store.of(VEHICLES))]})

    return (*_routes(pool, guesses), Route("GET", "/v1/oem/provCerts", "getOEMProvCerts", ROLES, listing))


WRONG = wrong(
    (
        "any-validity",
        "vehicles are published whose certificates are not valid",
        ProvisioningPool,
        "_check_validity",
        gives(None),
        ("PCP-PUB-5", "PCP-PUB-9"),
    ),
    (
        "any-status",
        "no responder is asked",
        Verifier,
        "status",
        comes_to([]),
        ("PCP-PUB-3", "PCP-PUB-5", "PCP-GET-1", "PCP-CLEAN-1", "CCP-GET-2", "POOL-1"),
    ),
    (
        "pcids-as-typed",
        "whatever names a vehicle is a PCID for the provisioning pool",
        pcp_service,
        "check_pcid",
        as_typed,
        ("PCP-PUB-6", "PCP-ENUM-1", "PCP-UPD-5", "ID-2"),
    ),
    (
        "contracts-of-any-name",
        "whatever names a vehicle is a PCID for the contract pool",
        requests,
        "check_pcid",
        as_typed,
        ("ID-2",),
    ),
    (
        "no-root-ids",
        "the V2G roots in a vehicle are not kept",
        pcp_http,
        "_key_ids",
        gives(()),
        ("PCP-PUB-8",),
    ),
    (
        "listed-vehicles",
        "the provisioning pool has a list of its vehicles",
        pcp_http,
        "routes",
        _with_a_list,
        ("PCP-ENUM-1",),
    ),
    (
        "first-certificate",
        "a vehicle keeps the certificate it was first published with",
        ProvisioningPool,
        "_keep",
        _first_kept,
        ("PCP-UPD-1", "PCP-UPD-4"),
    ),
    (
        "no-former-pcid",
        "the former PCID of a vehicle is not kept",
        ProvisioningPool,
        "_named",
        _without_former,
        ("PCP-UPD-5",),
    ),
    (
        "looks-in-full",
        "who asks whether a vehicle is there is told all of it",
        pcp_http._Face,
        "lookup",
        pcp_http._Face.get,
        ("PCP-GET-2",),
    ),
    (
        "lasting-vehicles",
        "revoked vehicles stay",
        ProvisioningPool,
        "cleanse",
        comes_to([]),
        ("PCP-CLEAN-1",),
    ),
)
