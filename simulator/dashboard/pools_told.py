"""What the services around a lab keep, as it is told: pools, contracts, who hears of events, deliveries."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from cryptography import x509

from pncsim.backend.ccp.store import CONTRACTS, StoredContract
from pncsim.backend.mo.store import SUBSCRIPTIONS, Subscription
from pncsim.backend.pcp.store import VEHICLES, ProvisionedVehicle
from pncsim.backend.rcp.store import ROOTS, Root
from pncsim.backend.store import KeptKind, Store
from pncsim.backend.webhooks.store import DELIVERIES, ENDPOINTS, Delivery, Endpoint
from pncsim.simulator.dashboard.holders import Holders
from pncsim.simulator.dashboard.reports import COUNTED, AroundTold, DeliveryTold, PoolLine
from pncsim.tls_certs import reading

if TYPE_CHECKING:
    from pncsim.backend.ecosystem import Ecosystem

V = TypeVar("V")
MOST = 250
"""Of each kind of thing that services keep: what is beyond is counted."""
_ROLES = {"V2G": "v2g_root", "MO": "mo_root", "OEM": "oem_root", "PE": "private_root"}


class DeliveryLog:
    """The last deliveries of a store. Where they begin is remembered, so that a long log is walked once."""

    def __init__(self) -> None:
        self._begins, self._before = "", 0

    async def last(self, store: Store) -> tuple[list[Delivery], int]:
        """The last of them, and how many there were before."""
        after, more, pages = self._begins, True, list[tuple[str, tuple[Delivery, ...]]]()
        while more:
            page = await store.of(DELIVERIES).page(after=after, limit=MOST)
            pages.append((after, page.values))
            after, more = page.next, bool(page.next)
        if self._begins and not pages[0][1]:  # they are gone: the store has begun anew
            self._begins, self._before = "", 0
            return await self.last(store)
        self._before += sum(len(values) for _, values in pages[:-2])
        self._begins = pages[-2:][0][0]
        values = [one for _, some in pages[-2:] for one in some]
        return values[-MOST:], self._before + max(0, len(values) - MOST)


async def kept_by(ecosystem: Ecosystem, found: Holders, now: float, log: DeliveryLog | None = None) -> AroundTold:
    """What they keep at lab time ``now``; the certificates in it go to ``found``. ``log``: that of the last look."""
    store, lines, more = ecosystem.store, list[PoolLine](), dict[str, int]()

    async def keep(pool: str, kind: KeptKind[V], line: Callable[[V], PoolLine]) -> None:
        values, beyond = await _first(store, kind)
        lines.extend(map(line, values))
        if beyond:
            more[pool] = beyond

    await keep("RCP", ROOTS, lambda root: _root(root, found))
    await keep("PCP", VEHICLES, lambda vehicle: _vehicle(vehicle, found))
    await keep("CCP", CONTRACTS, lambda contract: _contract(contract, found))
    for signer in _signers(ecosystem):
        lines.append(_certified("CPS", signer.chain, "cps_leaf", "signs contract data", found))
    await keep("MO", SUBSCRIPTIONS, lambda contract: _subscription(contract, found, now))
    endpoints, _ = await _first(store, ENDPOINTS)
    deliveries, beyond = await (log or DeliveryLog()).last(store)
    if beyond:
        more["events"] = beyond
    names = {one.id: one.name for one in endpoints}
    return AroundTold(
        now=now,
        certificates=tuple(found.told(ecosystem.pkis.values(), ecosystem)),
        pools=tuple(lines),
        listeners=tuple(map(_endpoint, endpoints)),
        deliveries=tuple(_delivery(one, names) for one in deliveries),
        more=more,
    )


async def _first(store: Store, kind: KeptKind[V]) -> tuple[list[V], int]:
    """The first of what is kept, and how many there are beyond, up to :data:`COUNTED`."""
    page = await store.of(kind).page(limit=MOST)
    beyond, after = 0, page.next
    while after and beyond < COUNTED:
        rest = await store.of(kind).page(after=after, limit=MOST)
        beyond, after = beyond + len(rest.values), rest.next
    return list(page.values), beyond


def _certified(
    pool: str, chain: tuple[x509.Certificate, ...], role: str, about: str, found: Holders, name: str = ""
) -> PoolLine:
    found.chain(chain, role, pool)
    leaf = chain[0]
    return PoolLine(
        pool=pool,
        name=name or reading.shown(leaf.subject),
        about=about,
        certificate=reading.fingerprint(reading.der(leaf)),
        ends=reading.not_after(leaf),
    )


def _root(root: Root, found: Holders) -> PoolLine:
    return _certified("RCP", (root.certificate,), _ROLES[root.kind], f"{root.kind} root", found)


def _vehicle(vehicle: ProvisionedVehicle, found: Holders) -> PoolLine:
    trusts = f"trusts {len(vehicle.v2g_roots)} V2G roots" if vehicle.v2g_roots else "roots not told"
    before = f", before {vehicle.previous_pcid}" if vehicle.previous_pcid else ""
    return _certified("PCP", vehicle.chain, "oem_leaf", f"{trusts}{before}", found, vehicle.pcid)


def _contract(contract: StoredContract, found: Holders) -> PoolLine:
    entry = contract.entry
    about = f"waits for {entry.pcid}{', its default' if entry.default else ''}"
    return _certified("CCP", (entry.certificate,), "contract_leaf", about, found, entry.emaid)


def _subscription(contract: Subscription, found: Holders, now: float) -> PoolLine:
    state = "may charge" if contract.may_charge(now) else f"{contract.state}, may not charge"
    told = [f"{contract.driver}: {state}", contract.pcid or "", "renews itself" if contract.renews else ""]
    holder, about = f"MO {contract.operator}", ", ".join(filter(None, told))
    return _certified(holder, (contract.certificate,), "contract_leaf", about, found, contract.emaid)


def _signers(ecosystem: Ecosystem) -> Iterator[Any]:
    """The identities of the provisioning services that are at work."""
    services = [*ecosystem.provisioning.values()]
    if "signing" in vars(ecosystem):
        services.insert(0, ecosystem.signing)
    for service in services:
        for signer in islice(service.signers, MOST):
            yield signer.credentials


def _endpoint(endpoint: Endpoint) -> PoolLine:
    about = f"{', '.join(endpoint.events)} to {endpoint.url}{'' if endpoint.enabled else ' (disabled)'}"
    return PoolLine(pool="events", name=endpoint.name, about=about)


def _delivery(delivery: Delivery, names: dict[str, str]) -> DeliveryTold:
    last = delivery.attempts[-1] if delivery.attempts else None
    return DeliveryTold(
        type=delivery.type,
        to=names.get(delivery.endpoint, delivery.endpoint),
        state=str(delivery.state),
        at=delivery.created_at,
        about=delivery.emaid or delivery.pcid,
        attempts=len(delivery.attempts),
        text=delivery.text or (last.text if last is not None else ""),
        body=delivery.body,
    )
