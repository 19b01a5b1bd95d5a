"""What always has to be so in every store, whoever was taken away: nothing is half there, and what happened is told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING

from pncsim.backend.ccp.store import CONTRACTS
from pncsim.backend.mo.store import SUBSCRIPTIONS, SubscriptionState
from pncsim.backend.pcp.store import VEHICLES
from pncsim.backend.store import every
from pncsim.tls_certs.reading import der
from pncsim.wire.trace import Event, ServiceCall

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pncsim.backend.csms.transactions import Transaction
    from pncsim.backend.events.facts import ContractDelivered
    from pncsim.ev.vehicle import Vehicle
    from pncsim.simulator.lab.lab import Lab
    from pncsim.wire.credentials import Credentials


async def broken(
    lab: Lab, vehicle: Vehicle, transactions: Iterable[Transaction], delivered: list[ContractDelivered], emaid: str
) -> list[str]:
    """What is not so, as sentences. ``transactions``: all the CSMS keeps; ``delivered``: the facts of that kind."""
    return [
        *_station(lab, transactions),
        *_vehicle(vehicle, emaid),
        *[one async for one in _pools(lab, vehicle, emaid)],
        *([] if delivered else ["no event tells that the contract was handed out"]),
        *[f"an event tells of {fact.emaid}" for fact in delivered if fact.emaid != emaid],
    ]


def untold(events: Iterable[Event], delivered: list[ContractDelivered]) -> list[str]:
    """Every bundle the contract pool has handed out is told, and no other."""
    handed = [one for one in events if isinstance(one, ServiceCall) and one.operation == "provide contract" and one.ok]
    if len(handed) == len(delivered):
        return []
    return [f"{len(handed)} bundles were handed out and {len(delivered)} told"]


def _station(lab: Lab, transactions: Iterable[Transaction]) -> Iterator[str]:
    """No transaction is open without its station, none has a gap, and nothing waits to be told."""
    station = lab.site.station
    own = {outlet.transaction.id for outlet in station.outlets if outlet.transaction is not None}
    for one in transactions:
        if one.ended is None and one.id not in own:
            yield f"transaction {one.id} is open, and its station does not know it"
        elif one.id not in own and not one.complete:
            yield f"transaction {one.id} has events {sorted(one.events)} only"
    if own:
        yield f"the station still has {own} open with nobody plugged in"
    if station.delivery.holds():
        yield "the station still has TransactionEvents to tell"
    if station.credentials is None or not _fits(station.credentials):
        yield "the station has no certificate with its key"


def _vehicle(vehicle: Vehicle, emaid: str) -> Iterator[str]:
    """Its contract is there once, whole, and with the key that fits."""
    held = vehicle.contracts.all
    if [one.emaid for one in held] != [emaid]:
        yield f"the vehicle holds {[one.emaid for one in held]}"
    for one in held:
        if not _fits(one.credentials):
            yield f"the key of {one.emaid} in the vehicle is not that of its certificate"


async def _pools(lab: Lab, vehicle: Vehicle, emaid: str) -> AsyncIterator[str]:
    """Contract pool, provisioning pool and operator know the one contract of the one vehicle, as they did before."""
    store = lab.back.ecosystem.store
    bundles = [one async for one in every(store.of(CONTRACTS))]
    held = [der(one.credentials.leaf) for one in vehicle.contracts.all]
    if [one.bundle.contract_certificates[0] for one in bundles] != held:
        yield f"the contract pool keeps {[one.entry.emaid for one in bundles]}, not what the vehicle holds"
    if not all(one.entry.default for one in bundles):
        yield "the vehicle's contract is no default any more"
    if len([one async for one in every(store.of(VEHICLES))]) != 1:
        yield "the provisioning pool does not know the one vehicle"
    sold = [one async for one in every(store.of(SUBSCRIPTIONS))]
    if [(one.emaid, one.state) for one in sold] != [(emaid, SubscriptionState.ACTIVE)]:
        yield f"the operator has sold {[(one.emaid, one.state) for one in sold]}"


def _fits(credentials: Credentials) -> bool:
    return credentials.leaf.public_key() == credentials.key.public_key()
