"""Services of ours that are wrong in one point of access, roots, vehicles or their ids: more of what cases see."""

from __future__ import annotations

from typing import Any

from pncsim.backend.ccp import requests
from pncsim.backend.ccp.service import ContractPool
from pncsim.backend.events.facts import ContractAdded, Fact
from pncsim.backend.pcp import VEHICLES, ProvisionedVehicle, ProvisioningPool
from pncsim.backend.pcp import http as pcp_http
from pncsim.backend.pcp import service as pcp_service
from pncsim.backend.rcp import Root, RootKind, RootPool
from pncsim.backend.rcp import http as rcp_http
from pncsim.backend.rcp import service as rcp_service
from pncsim.backend.refusal import Refused
from pncsim.backend.rest import routes
from pncsim.backend.rest.access import EVERYTHING, OPERATORS, ROLES, Grant, identify
from pncsim.backend.rest.bodies import json_response
from pncsim.backend.rest.routes import Route
from pncsim.backend.store import every
from pncsim.backend.webhooks import outbox, types
from pncsim.simulator.conformance.put import wrong
from pncsim.tls_certs.validation import Use, ValidatedChain
from pncsim.wire.source import SYSTEM
from pncsim.wire.values import replace

_ROOTS, _ACTIVITY = RootPool.roots, rcp_http._activity
_KEEP, _NAMED, _VERIFIED = (
    ProvisioningPool._keep,
    ProvisioningPool._named,
    ProvisioningPool._check_status_and_chain,
)
_PCP_ROUTES, _TYPES_OF = pcp_http.routes, types.types_of


async def _or_anybody(*args: Any) -> Grant:
    try:
        return await identify(*args)
    except Refused:
        return EVERYTHING


def _some_operators(grant: Grant) -> Any:
    return frozenset() if "MO_HUBJECT_PKI" in grant.roles else None if grant.roles & OPERATORS else grant.wmis


async def _of_every_kind(pool: RootPool, kind: RootKind | None = None) -> list[Root]:
    return await _ROOTS(pool)


def _by_nobody(activity: Any) -> dict[str, Any]:
    return {**_ACTIVITY(activity), "by": ""}


def _new_id(fingerprint: str) -> str:
    return SYSTEM.uuid()


async def _below_no_root(pool: ProvisioningPool, vehicle: ProvisionedVehicle) -> ValidatedChain:
    try:
        return await _VERIFIED(pool, vehicle)
    except Refused as error:
        if error.clause != "PCP-PUB-4":
            raise
        return ValidatedChain(Use.PROVISIONING, (*vehicle.chain, vehicle.chain[-1]))


def _as_typed(text: str) -> str:
    return text


def _no_key_ids(body: object) -> tuple[str, ...]:
    return ()


def _without_former(pool: ProvisioningPool, vehicle: ProvisionedVehicle, wmis: Any) -> ProvisionedVehicle:
    return replace(_NAMED(pool, vehicle, wmis), previous_pcid=None)


async def _first_kept(pool: ProvisioningPool, vehicle: ProvisionedVehicle) -> None:
    first = await pool.find(vehicle.pcid)
    await _KEEP(pool, vehicle)
    if first is not None:
        await pool._store.of(VEHICLES).put(first)


def _with_a_list(pool: ProvisioningPool, guesses: Any) -> tuple[Route, ...]:
    async def listing(request: Any, grant: Grant) -> Any:
        return json_response({"pcids": [one.pcid async for one in every(pool._store.of(VEHICLES))]})

    return (*_PCP_ROUTES(pool, guesses), Route("GET", "/v1/oem/provCerts", "getOEMProvCerts", ROLES, listing))


async def _dropped_in_any_case(pool: ContractPool, fact: Any) -> None:
    await pool._drop(fact.pcid, "vehicle key changed", revoke=False)


def _vehicles_told(fact: Fact) -> tuple[types.EventType, ...]:
    also: tuple[types.EventType, ...] = ("mo.prov.cert.updated",) if isinstance(fact, ContractAdded) else ()
    return (*_TYPES_OF(fact), *also)


MUTANTS = wrong(
    ("anybody", "who shows no token may do everything", routes, "identify", _or_anybody, ("ACC-1",)),
    (
        "some-operators",
        "operators without a PKI of their own read no vehicle",
        pcp_http,
        "_readable",
        _some_operators,
        ("ACC-6", "PCP-UPD-4", "PCP-GET-2"),
    ),
    (
        "roots-of-every-kind",
        "the kind of root that is asked for does not count",
        RootPool,
        "roots",
        _of_every_kind,
        ("RCP-1",),
    ),
    (
        "roots-by-nobody",
        "the log of roots does not say who it was",
        rcp_http,
        "_activity",
        _by_nobody,
        ("RCP-5",),
    ),
    (
        "roots-told-to-some",
        "station operators hear nothing of roots",
        types,
        "_AUDIENCES",
        {**types._AUDIENCES, "root": ROLES - {"CPO"}},
        ("RCP-7",),
    ),
    (
        "always-purged",
        "whoever removes a root removes all that is below it",
        rcp_http,
        "_CASCADES",
        {"none": True, "purge": True},
        ("RCP-8",),
    ),
    (
        "below-no-root",
        "vehicles are published whose root is not in the pool",
        ProvisioningPool,
        "_check_status_and_chain",
        _below_no_root,
        ("RCP-10", "PCP-PUB-4"),
    ),
    (
        "new-root-ids",
        "a root that is added again gets another id",
        rcp_service,
        "root_id",
        _new_id,
        ("RCP-11",),
    ),
    (
        "pcids-as-typed",
        "whatever names a vehicle is a PCID for the provisioning pool",
        pcp_service,
        "check_pcid",
        _as_typed,
        ("PCP-PUB-6", "PCP-ENUM-1", "PCP-UPD-5", "ID-2"),
    ),
    (
        "contracts-of-any-name",
        "whatever names a vehicle is a PCID for the contract pool",
        requests,
        "check_pcid",
        _as_typed,
        ("ID-2",),
    ),
    (
        "vehicles-told",
        "operators are told of vehicles that nobody has changed",
        outbox,
        "types_of",
        _vehicles_told,
        ("PCP-PUB-7", "PCP-UPD-2"),
    ),
    (
        "no-root-ids",
        "the V2G roots in a vehicle are not kept",
        pcp_http,
        "_key_ids",
        _no_key_ids,
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
        "contracts-of-same-keys",
        "contracts go when their vehicle is published again as it was",
        ContractPool,
        "vehicle_replaced",
        _dropped_in_any_case,
        ("PCP-UPD-2", "PCP-UPD-3"),
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
)
