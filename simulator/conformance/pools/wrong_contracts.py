"""Services of ours that are wrong with contracts: those that sign and make them, and the pool where they wait."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from pncsim.backend.bundle import ContractData, SignedContractData
from pncsim.backend.ccp import http as pool_http
from pncsim.backend.ccp import service as pool
from pncsim.backend.ccp import steps
from pncsim.backend.ccp.responses import positive
from pncsim.backend.ccp.service import ContractPool
from pncsim.backend.ccp.store import ContractEntry, StoredContract, of_vehicle
from pncsim.backend.cps import generate_http
from pncsim.backend.cps import http as signing_http
from pncsim.backend.cps.contracts import ContractService, _SubCa
from pncsim.backend.cps.service import ProvisioningService
from pncsim.backend.events.facts import ContractReplaced, Fact
from pncsim.backend.mo.packing import FreshContract, Packing
from pncsim.backend.pcp import ProvisionedVehicle
from pncsim.backend.refusal import Refused
from pncsim.backend.rest.access import Grant, not_owned
from pncsim.backend.rest.bodies import json_object
from pncsim.backend.store import Store
from pncsim.backend.webhooks import outbox
from pncsim.backend.webhooks.types import types_of
from pncsim.simulator.conformance.put import wrong
from pncsim.wire.values import replace

_signer, _signed_body, _octets = signing_http._signer, signing_http._signed_body, signing_http._octets
_signed, _bring, _entry = signing_http._Face._signed, pool_http._Face.add, pool_http._entry
_choose, _make, _issue = ProvisioningService._choose, Packing.make, _SubCa.issue_contract
_add, _contracts, _keep = ContractPool.add, ContractPool.contracts, steps.keep
_provide, _generate = ContractPool.provide_to_oem, ContractService.generate

_SIZES = {"contractSignatureEncryptedPrivateKey": 48, "dHpublickey": 65}


def _hyphenated(emaid: str) -> str:
    return f"{emaid[:2]}-{emaid[2:5]}-{emaid[5:14]}-{emaid[14:]}"


def _without_sub_ca_2(*args: Any) -> dict[str, Any]:
    return {name: value for name, value in _signer(*args).items() if name != "cpsSubCa2Certificate"}


async def _below_any_root(service: Any, roots: object, *more: Any) -> Any:
    return await _choose(service, (), *more)


async def _not_stored(face: Any, *args: Any, **more: Any) -> Any:
    return await _signed(face, *args, **more | {"store": False})


def _answered_hyphenated(bundle: SignedContractData, *more: Any) -> dict[str, Any]:
    return _signed_body(bundle, *more) | {"emaid": _hyphenated(bundle.emaid.value)}


async def _chain_as_given(service: Any, data: ContractData, leaf: object) -> tuple[bytes, ...]:
    return data.chain


def _zeros_for_what_is_missing(given: Any, above: str, name: str) -> bytes:
    try:
        return _octets(given, above, name)
    except Refused:
        return bytes(_SIZES.get(name, 0))


async def _as_long_as_asked(packing: Packing, emaid: str, ends: float, vehicle: object) -> FreshContract:
    return await _make(packing, emaid, ends, None)


async def _past_is_taken(contracts: ContractService, *names: str, ends: float, **more: Any) -> Any:
    return None if ends <= contracts._clock.now() else await _generate(contracts, *names, ends=ends, **more)


async def _issued_hyphenated(authority: Any, emaid: str, *more: Any) -> Any:
    return await _issue(authority, _hyphenated(emaid), *more)


def _changed_when_delivered(request: Any, session_id: bytes, bundle: SignedContractData) -> bytes:
    emaid = replace(bundle.emaid, Id="id9")
    return positive(request, session_id, replace(bundle, emaid=emaid))


async def _brought_by_signers(face: Any, request: Any, grant: Grant) -> Any:
    emaid = (await json_object(request)).get("emaid")
    if emaid and "CPS" not in grant.roles:
        raise not_owned(emaid)
    return await _bring(face, request, grant)


async def _expired_are_taken(contracts: ContractPool, pcid: str, bundle: SignedContractData) -> None:
    try:
        await _add(contracts, pcid, bundle)
    except Refused as error:
        if error.clause != "CCP-PUB-3":
            raise


async def _first_two(contracts: ContractPool, pcid: str) -> list[ContractEntry]:
    return (await _contracts(contracts, pcid))[:2]


def _not_told_when_replaced(fact: Fact) -> tuple[Any, ...]:
    return () if isinstance(fact, ContractReplaced) else types_of(fact)


async def _first_kept(store: Store, contract: StoredContract, vehicle: ProvisionedVehicle) -> None:
    kept = [one async for one in of_vehicle(store, vehicle.pcid) if one.entry.emaid == contract.entry.emaid]
    await _keep(store, kept[0] if kept else contract, vehicle)


async def _valid_alone(contracts: ContractPool, emaid: str, pcid: str, *more: Any) -> Any:
    held = [one for one in await _contracts(contracts, pcid) if one.emaid == emaid]
    if held and held[0].valid_to < contracts._clock.now():
        raise Refused(f"The contract {emaid} has expired.", clause="CCP-OEM-1")
    return await _provide(contracts, emaid, pcid, *more)


def _default_each(entry: ContractEntry) -> dict[str, Any]:
    return _entry(entry) | {"defaultContract": True}


MUTANTS = wrong(
    (
        "no-sub-ca",
        "a signer's chain is shown without its Sub-CA 2",
        signing_http,
        "_signer",
        _without_sub_ca_2,
        ("CPS-1",),
    ),
    (
        "any-signer",
        "the root a contract is to be signed below is not heeded",
        ProvisioningService,
        "_choose",
        _below_any_root,
        ("CPS-3",),
    ),
    (
        "signed-only",
        "contract data that name a vehicle are signed, and wait nowhere",
        signing_http._Face,
        "_signed",
        _not_stored,
        ("CPS-4",),
    ),
    (
        "hyphens-in-answers",
        "who has a contract signed is answered its EMAID with hyphens",
        signing_http,
        "_signed_body",
        _answered_hyphenated,
        ("CPS-5",),
    ),
    (
        "any-chain",
        "contract data are signed whatever their chain leads to",
        ProvisioningService,
        "_check_chain",
        _chain_as_given,
        ("CPS-7",),
    ),
    (
        "zeros-for-keys",
        "a wrapped key that is missing or no base64 is signed as zeros",
        signing_http,
        "_octets",
        _zeros_for_what_is_missing,
        ("CPS-8",),
    ),
    (
        "outliving",
        "contracts end as they were ordered, whenever the vehicle's certificate does",
        Packing,
        "make",
        _as_long_as_asked,
        ("CPS-9",),
    ),
    (
        "past-orders",
        "an order for a contract whose end has passed is answered as if one were made",
        ContractService,
        "generate",
        _past_is_taken,
        ("CPS-10",),
    ),
    (
        "not-found-when-ordered",
        "who orders a contract for no vehicle is answered 404",
        generate_http,
        "bad_request",
        nullcontext,
        ("CPS-10",),
    ),
    (
        "hyphens-in-certificates",
        "the certificates of contracts that are made have EMAIDs with hyphens",
        _SubCa,
        "issue_contract",
        _issued_hyphenated,
        ("CPS-11",),
    ),
    (
        "changed-on-delivery",
        "a signed part is changed when a vehicle is answered",
        pool,
        "positive",
        _changed_when_delivered,
        ("CPS-12", "CCP-GET-1"),
    ),
    (
        "signers-alone",
        "only who signs contract data puts contracts into the pool",
        pool_http._Face,
        "add",
        _brought_by_signers,
        ("CCP-PUB-1",),
    ),
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
        "silent-replacement",
        "nobody is told of a contract that was replaced",
        outbox,
        "types_of",
        _not_told_when_replaced,
        ("CCP-PUB-5",),
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
        "valid-for-manufacturers",
        "manufacturers are handed no contract that has expired",
        ContractPool,
        "provide_to_oem",
        _valid_alone,
        ("CCP-OEM-1",),
    ),
    (
        "default-each",
        "every contract is shown as the default",
        pool_http,
        "_entry",
        _default_each,
        ("CCP-DEF-1",),
    ),
)
