"""Services of ours that heed wrongly who may do what, or take tokens for too long."""

from __future__ import annotations

from typing import Any

from pncsim.backend.auth import tokens
from pncsim.backend.pcp import ProvisioningPool
from pncsim.backend.pcp import http as pcp_http
from pncsim.backend.refusal import Refused
from pncsim.backend.rest import routes
from pncsim.backend.rest.access import EVERYTHING, OPERATORS, Grant, identify
from pncsim.simulator.conformance.put import gives, wrong


async def _or_anybody(*args: Any) -> Grant:
    try:
        return await identify(*args)
    except Refused:
        return EVERYTHING


def _some_operators(grant: Grant) -> Any:
    return frozenset() if "MO_HUBJECT_PKI" in grant.roles else None if grant.roles & OPERATORS else grant.wmis


WRONG = wrong(
    ("anybody", "who shows no token may do everything", routes, "identify", _or_anybody, ("ACC-1",)),
    (
        "any-role",
        "whoever has a token may do everything",
        routes,
        "check_allowed",
        gives(None),
        ("ACC-2", "RCP-2", "RCP-5", "PKI-1"),
    ),
    (
        "any-provider",
        "every operator owns every EMAID",
        Grant,
        "owns_contract",
        gives(True),
        ("ACC-4", "CCP-ISO-1", "CCP-DEL-1"),
    ),
    (
        "any-manufacturer",
        "every manufacturer owns every vehicle in the provisioning pool",
        ProvisioningPool,
        "check_owned",
        gives(None),
        ("ACC-3", "ACC-5", "PCP-PUB-1", "PCP-PUB-5"),
    ),
    (
        "any-vehicle",
        "every manufacturer owns every vehicle of everybody",
        Grant,
        "owns_vehicle",
        gives(True),
        ("EVT-1", "ACC-5"),
    ),
    (
        "some-operators",
        "operators without a PKI of their own read no vehicle",
        pcp_http,
        "_readable",
        _some_operators,
        ("ACC-6", "PCP-UPD-4", "PCP-GET-2"),
    ),
    ("long-tokens", "tokens are good for a week", tokens, "LIFETIME", 604_800, ("ACC-8",)),
)
