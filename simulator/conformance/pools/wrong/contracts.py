"""Contract pools of ours that take, keep and show contracts wrongly."""

from __future__ import annotations

from typing import Any

from pncsim.backend.bundle import SignedContractData
from pncsim.backend.ccp import http as pool_http
from pncsim.backend.ccp import requests, steps
from pncsim.backend.ccp.service import ContractPool
from pncsim.backend.ccp.store import ContractEntry, StoredContract, of_vehicle
from pncsim.backend.pcp import ProvisionedVehicle
from pncsim.backend.refusal import Refused
from pncsim.backend.rest.access import Grant, not_owned
from pncsim.backend.rest.bodies import json_object
from pncsim.backend.store import Store
from pncsim.simulator.conformance.pools.wrong import as_typed
from pncsim.simulator.conformance.put import comes_to, wrong

_bring, _entry, _keep = pool_http._Face.add, pool_http._entry, steps.keep
_add, _contracts, _provide = ContractPool.add, ContractPool.contracts, ContractPool.provide_to_oem
_check = ContractPool._check_bundle


async def _brought_by_signers(face: Any, request: Any, grant: Grant) -> Any:
    emaid = (await json_object(request)).get("emaid")
    if emaid and "CPS" not in grant.roles:
        raise not_owned(emaid)
    return await _bring(face, request, grant)


async def _any_signer(contracts: ContractPool, bundle: SignedContractData, begins: float) -> str:
    try:
        return await _check(contracts, bundle, begins)
    except Refused:
        return "00" * 32  # the root that it is below is nobody's


async def _expired_are_taken(contracts: ContractPool, pcid: str, bundle: SignedContractData) -> None:
    try:
        await _add(contracts, pcid, bundle)
    except Refused as error:
        if error.clause != "CCP-PUB-3":
            raise


async def _first_two(contracts: ContractPool, pcid: str) -> list[ContractEntry]:
    return (await _contracts(contracts, pcid))[:2]


async def _first_kept(store: Store, contract: StoredContract, vehicle: ProvisionedVehicle) -> None:
    kept = [one async for one in of_vehicle(store, vehicle.pcid) if one.entry.emaid == contract.entry.emaid]
    await _keep(store, kept[0] if kept else contract, vehicle)


async def _dropped_in_any_case(contracts: ContractPool, fact: Any) -> None:
    await contracts._drop(fact.pcid, "vehicle key changed", revoke=False)


async def _valid_alone(contracts: ContractPool, emaid: str, pcid: str, *more: Any) -> Any:
    held = [one for one in await _contracts(contracts, pcid) if one.emaid == emaid]
    if held and held[0].valid_to < contracts._clock.now():
        raise Refused(f"The contract {emaid} has expired.", clause="CCP-OEM-1")
    return await _provide(contracts, emaid, pcid, *more)


def _default_each(entry: ContractEntry) -> dict[str, Any]:
    return _entry(entry) | {"defaultContract": True}


WRONG = wrong(
    (
        "signers-alone",
        "only who signs contract data puts contracts into the pool",
        pool_http._Face,
        "add",
        _brought_by_signers,
        ("CCP-PUB-1",),
    ),
    (
        "any-bundle",
        "nobody verifies who has signed a contract",
        ContractPool,
        "_check_bundle",
        _any_signer,
        ("CCP-PUB-2",),
    ),
    ("emaids-as-typed", "EMAIDs are kept as typed", requests, "check_emaid", as_typed, ("ID-1", "CCP-DEL-1")),
    (
        "expired-taken",
        "an expired contract is answered as if it were taken",
        ContractPool,
        "add",
        _expired_are_taken,
        ("CCP-PUB-3",),
    ),
    (
        "two-contracts",
        "of a vehicle's contracts two are shown",
        ContractPool,
        "contracts",
        _first_two,
        ("CCP-PUB-4",),
    ),
    (
        "first-contract",
        "the first contract of an EMAID stays when it is made again",
        steps,
        "keep",
        _first_kept,
        ("CCP-UPD-1", "CPS-11"),
    ),
    (
        "default-each",
        "every contract is shown as the default",
        pool_http,
        "_entry",
        _default_each,
        ("CCP-DEF-1",),
    ),
    (
        "valid-for-manufacturers",
        "manufacturers are handed no contract that has expired",
        ContractPool,
        "provide_to_oem",
        _valid_alone,
        ("CCP-OEM-1",),
    ),
    (
        "contracts-of-old-keys",
        "contracts stay when a vehicle has another key",
        ContractPool,
        "vehicle_replaced",
        comes_to([]),
        ("PCP-UPD-2", "PCP-UPD-3"),
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
        "contracts-of-nobody",
        "contracts stay when their vehicle is deleted",
        ContractPool,
        "vehicle_deleted",
        comes_to([]),
        ("PCP-DEL-1", "PCP-DEL-2", "PCP-DEL-3", "PCP-PUB-7", "PCP-CLEAN-1", "RCP-9", "EVT-5"),
    ),
    (
        "nothing-revoked",
        "who deletes a contract does not revoke it",
        ContractPool,
        "_revoke",
        comes_to(True),
        ("CCP-DEL-2", "PCP-DEL-2"),
    ),
    (
        "lasting-contracts",
        "expired contracts stay",
        ContractPool,
        "cleanse",
        comes_to([]),
        ("CCP-CLEAN-1",),
    ),
    (
        "revoked-contracts",
        "contracts stay until the daily job when they are revoked",
        ContractPool,
        "certificate_revoked",
        comes_to([]),
        ("CCP-CLEAN-2", "POOL-1"),
    ),
)
