"""Services of ours that are wrong in one point: what the cases are held against. Each row says which have to see it."""

from __future__ import annotations

from typing import Any

from pncsim.backend.auth import tokens
from pncsim.backend.ccp import requests
from pncsim.backend.ccp.delivery import BundleDelivery
from pncsim.backend.ccp.service import ContractPool
from pncsim.backend.pcp.service import ProvisioningPool
from pncsim.backend.rcp.service import RootPool
from pncsim.backend.rest import routes
from pncsim.backend.rest.access import Grant
from pncsim.backend.verification import Verifier
from pncsim.backend.webhooks import outcomes
from pncsim.simulator.conformance.pools import wrong_contracts, wrong_delivery, wrong_pki, wrong_roots
from pncsim.simulator.conformance.put import wrong


def _yes(*args: object, **more: object) -> bool:
    return True


def _nothing(*args: object, **more: object) -> None:
    return None


async def _rest(*args: object, **more: object) -> list[str]:
    return []


async def _no_root(*args: object, **more: object) -> int:
    return 0


async def _done(*args: object, **more: object) -> bool:
    return True


async def _below_some_root(*args: object, **more: object) -> str:
    return "00" * 32


def _as_typed(text: str) -> str:
    return text


def _any_fingerprint(pool: Any, der: bytes, fingerprint: str, expected: str | None) -> Any:
    from pncsim.backend import certificates

    certificate = certificates.load(der, "caCertificate")
    pool._check_root(certificate)
    return certificate


UNKILLED = {
    "PCP-PUB-2": "What is not valid now is refused a second time, with the same code, where its chain is verified.",
    "CPS-6": "An EMAID of another vehicle is refused a second time, by the pool that would keep the contract.",
}
"""Cases that nothing fails in which one thing was replaced, each with the reason."""

_OWN = wrong(
    (
        "any-role",
        "whoever has a token may do everything",
        routes,
        "check_allowed",
        _nothing,
        ("ACC-2", "RCP-2", "PKI-1"),
    ),
    (
        "any-provider",
        "every operator owns every EMAID",
        Grant,
        "owns_contract",
        _yes,
        ("ACC-4", "CCP-ISO-1", "CCP-DEL-1"),
    ),
    (
        "any-manufacturer",
        "every manufacturer owns every vehicle in the provisioning pool",
        ProvisioningPool,
        "check_owned",
        _nothing,
        ("ACC-3", "ACC-5", "PCP-PUB-1"),
    ),
    ("long-tokens", "tokens are good for a week", tokens, "LIFETIME", 604_800, ("ACC-8",)),
    (
        "any-root",
        "whatever is a certificate is taken as root",
        RootPool,
        "_check_root",
        _nothing,
        ("RCP-4",),
    ),
    (
        "any-fingerprint",
        "the fingerprint that was confirmed is not compared",
        RootPool,
        "_checked",
        _any_fingerprint,
        ("RCP-3",),
    ),
    ("lasting-roots", "expired roots stay", RootPool, "cleanse", _no_root, ("RCP-6",)),
    (
        "roots-alone",
        "what is below a purged root stays in the provisioning pool",
        ProvisioningPool,
        "root_removed",
        _rest,
        ("RCP-9",),
    ),
    (
        "any-validity",
        "vehicles are published whose certificates are not valid",
        ProvisioningPool,
        "_check_validity",
        _nothing,
        ("PCP-PUB-5", "PCP-PUB-9"),
    ),
    (
        "any-status",
        "no responder is asked",
        Verifier,
        "status",
        _rest,
        ("PCP-PUB-3", "PCP-PUB-5", "PCP-GET-1", "CCP-GET-2", "POOL-1"),
    ),
    (
        "contracts-of-old-keys",
        "contracts stay when a vehicle has another key",
        ContractPool,
        "vehicle_replaced",
        _rest,
        ("PCP-UPD-3",),
    ),
    (
        "contracts-of-nobody",
        "contracts stay when their vehicle is deleted",
        ContractPool,
        "vehicle_deleted",
        _rest,
        ("PCP-DEL-1", "PCP-DEL-2", "PCP-DEL-3", "PCP-CLEAN-1", "RCP-9"),
    ),
    (
        "lasting-vehicles",
        "revoked vehicles stay",
        ProvisioningPool,
        "cleanse",
        _rest,
        ("PCP-CLEAN-1",),
    ),
    (
        "nothing-revoked",
        "who deletes a contract does not revoke it",
        ContractPool,
        "_revoke",
        _done,
        ("CCP-DEL-2", "PCP-DEL-2"),
    ),
    (
        "any-signature",
        "the signature of a vehicle's request is not checked",
        BundleDelivery,
        "_check_signature",
        _nothing,
        ("CCP-GET-2",),
    ),
    (
        "lasting-contracts",
        "expired contracts stay",
        ContractPool,
        "cleanse",
        _rest,
        ("CCP-CLEAN-1",),
    ),
    (
        "revoked-contracts",
        "contracts stay until the daily job when they are revoked",
        ContractPool,
        "certificate_revoked",
        _rest,
        ("CCP-CLEAN-2",),
    ),
    (
        "any-bundle",
        "nobody verifies who has signed a contract",
        ContractPool,
        "_check_bundle",
        _below_some_root,
        ("CCP-PUB-2",),
    ),
    ("one-retry", "an event is tried twice", outcomes, "RETRIES", 1, ("EVT-3",)),
    ("emaids-as-typed", "EMAIDs are kept as typed", requests, "check_emaid", _as_typed, ("ID-1",)),
)
MUTANTS = {
    **_OWN,
    **wrong_roots.MUTANTS,
    **wrong_contracts.MUTANTS,
    **wrong_delivery.MUTANTS,
    **wrong_pki.MUTANTS,
}
