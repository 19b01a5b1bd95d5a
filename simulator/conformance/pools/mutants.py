"""Services of ours that are wrong in one point: what the cases are held against. Each says which have to see it."""

from __future__ import annotations

from collections.abc import Mapping

from pncsim.simulator.conformance.case import Mutant
from pncsim.simulator.conformance.pools.wrong import (
    access,
    contracts,
    delivery,
    events,
    pki,
    roots,
    signing,
    vehicles,
)

UNKILLED = {
    "PCP-PUB-2": "What is not valid now is refused a second time, with the same code, where its chain is verified.",
    "CPS-6": "An EMAID of another vehicle is refused a second time, by the pool that would keep the contract.",
}
"""Cases that nothing fails in which one thing was replaced, each with the reason."""

_PARTS = (access, roots, vehicles, signing, contracts, delivery, events, pki)
WRONG: Mapping[str, Mutant] = {name: one for part in _PARTS for name, one in part.WRONG.items()}
"""By name."""
