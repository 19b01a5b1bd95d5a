"""What is done to the contracts that are kept: each in one step with the fact it makes."""

from __future__ import annotations

from typing import Any, Literal

from pncsim.backend.ccp.store import CONTRACTS, ContractEntry, StoredContract, of_vehicle
from pncsim.backend.events.facts import ContractAdded, ContractDeleted, ContractDelivered, ContractReplaced
from pncsim.backend.pcp import ProvisionedVehicle, vehicle_key
from pncsim.backend.refusal import Refused
from pncsim.backend.store import Change, Store
from pncsim.tls_certs import reading
from pncsim.wire.identifiers import same_pcid
from pncsim.wire.values import replace

Why = Literal[
    "withdrawn", "vehicle deleted", "factory reset", "vehicle key changed", "cleansed", "revoked", "root purged"
]
"""Why a contract is deleted."""


def check_tuple(previous: StoredContract | None, vehicle: ProvisionedVehicle) -> None:
    """CPS-6: an EMAID belongs to one vehicle."""
    if previous is not None and not same_pcid(previous.entry.pcid, vehicle.pcid):
        raise Refused(
            f"{previous.entry.emaid} belongs to {previous.entry.pcid}, not to {vehicle.pcid}.",
            clause="CPS-6",
            # The published text of this answer, its spelling included.
            message="Invalid Tupple - EMAID is already used by other PCID.",
        )


async def keep(store: Store, contract: StoredContract, vehicle: ProvisionedVehicle) -> None:
    """Store a bundle, if its EMAID is still free for the vehicle; a vehicle's first is its default (CCP-DEF-1)."""

    async def step(change: Change) -> None:
        contracts = change.of(CONTRACTS)
        previous = await contracts.get(contract.entry.emaid)
        check_tuple(previous, vehicle)
        if previous is not None:
            default = previous.entry.default
        else:
            others = await contracts.page(("vehicle", vehicle_key(vehicle.pcid)), limit=1)
            default = not others.values
        entry = replace(contract.entry, default=default)
        await contracts.put(replace(contract, entry=entry))
        kind = ContractAdded if previous is None else ContractReplaced
        change.tell(kind(time=contract.stored_at, **_told(entry)))

    await store.change(step)


async def choose_default(store: Store, pcid: str, emaid: str) -> bool:
    """Make ``emaid`` the only default of its vehicle; False if that has no such contract (CCP-DEF-1)."""

    async def step(change: Change) -> bool:
        contracts = [contract async for contract in of_vehicle(change, pcid)]
        if all(contract.entry.emaid != emaid for contract in contracts):
            return False
        for contract in contracts:
            entry = replace(contract.entry, default=contract.entry.emaid == emaid)
            await change.of(CONTRACTS).put(replace(contract, entry=entry))
        return True

    return await store.change(step)


async def forget(store: Store, entry: ContractEntry, why: Why, now: float) -> None:
    """Delete a contract; who finds it gone already has nothing to tell."""

    async def step(change: Change) -> None:
        if await change.of(CONTRACTS).remove(entry.emaid) is not None:
            change.tell(ContractDeleted(time=now, why=why, **_told(entry)))

    await store.change(step)


async def delivered(store: Store, entry: ContractEntry, to: Literal["station", "manufacturer"], now: float) -> None:
    """A bundle is handed out: nothing kept changes, but somebody may wait to hear of it (CCP-GET-6)."""

    async def step(change: Change) -> None:
        change.tell(ContractDelivered(time=now, to=to, **_told(entry)))

    await store.change(step)


def _told(entry: ContractEntry) -> dict[str, Any]:
    """What facts say of a contract."""
    return {
        "emaid": entry.emaid,
        "pcid": entry.pcid,
        "certificate": reading.der(entry.certificate),
        "root": entry.root,
    }
