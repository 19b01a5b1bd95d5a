"""Services of ours that sign and make contracts wrongly."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from pncsim.backend.bundle import ContractData, SignedContractData
from pncsim.backend.cps import generate_http
from pncsim.backend.cps import http as signing_http
from pncsim.backend.cps.contracts import ContractService, _SubCa
from pncsim.backend.cps.service import ProvisioningService
from pncsim.backend.mo.packing import FreshContract, Packing
from pncsim.backend.refusal import Refused
from pncsim.simulator.conformance.put import wrong

_signer, _signed_body, _octets = signing_http._signer, signing_http._signed_body, signing_http._octets
_signed, _choose, _generate = signing_http._Face._signed, ProvisioningService._choose, ContractService.generate
_make, _issue = Packing.make, _SubCa.issue_contract

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


WRONG = wrong(
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
)
