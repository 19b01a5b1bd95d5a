"""Root pools of ours that take, show and keep roots wrongly, and what is below them."""

from __future__ import annotations

from typing import Any

from pncsim.backend import certificates
from pncsim.backend.pcp import ProvisionedVehicle, ProvisioningPool
from pncsim.backend.rcp import Root, RootKind, RootPool
from pncsim.backend.rcp import http as rcp_http
from pncsim.backend.rcp import service as rcp_service
from pncsim.backend.refusal import Refused
from pncsim.simulator.conformance.put import comes_to, gives, wrong
from pncsim.tls_certs.validation import Use, ValidatedChain
from pncsim.wire.source import SYSTEM

_roots, _activity, _verified = RootPool.roots, rcp_http._activity, ProvisioningPool._check_status_and_chain


def _any_fingerprint(pool: Any, der: bytes, fingerprint: str, expected: str | None) -> Any:
    certificate = certificates.load(der, "caCertificate")
    pool._check_root(certificate)
    return certificate


async def _of_every_kind(pool: RootPool, kind: RootKind | None = None) -> list[Root]:
    return await _roots(pool)


def _by_nobody(activity: Any) -> dict[str, Any]:
    return {**_activity(activity), "by": ""}


def _new_id(fingerprint: str) -> str:
    return SYSTEM.uuid()


async def _below_no_root(pool: ProvisioningPool, vehicle: ProvisionedVehicle) -> ValidatedChain:
    try:
        return await _verified(pool, vehicle)
    except Refused as error:
        if error.clause != "PCP-PUB-4":
            raise
        return ValidatedChain(Use.PROVISIONING, (*vehicle.chain, vehicle.chain[-1]))


WRONG = wrong(
    (
        "any-root",
        "whatever is a certificate is taken as root",
        RootPool,
        "_check_root",
        gives(None),
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
        "new-root-ids",
        "a root that is added again gets another id",
        rcp_service,
        "root_id",
        _new_id,
        ("RCP-11",),
    ),
    ("lasting-roots", "expired roots stay", RootPool, "cleanse", comes_to(0), ("RCP-6",)),
    (
        "always-purged",
        "whoever removes a root removes all that is below it",
        rcp_http,
        "_CASCADES",
        {"none": True, "purge": True},
        ("RCP-8",),
    ),
    (
        "roots-alone",
        "what is below a purged root stays in the provisioning pool",
        ProvisioningPool,
        "root_removed",
        comes_to([]),
        ("RCP-9",),
    ),
    (
        "below-no-root",
        "vehicles are published whose root is not in the pool",
        ProvisioningPool,
        "_check_status_and_chain",
        _below_no_root,
        ("RCP-10", "PCP-PUB-4"),
    ),
)
