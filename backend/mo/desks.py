"""The customer desks of all operators of an ecosystem: opened when first asked for, looked after by the lab's clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pncsim.backend.answers import TokenStatus
from pncsim.backend.events.facts import ContractDeleted, VehicleDeleted
from pncsim.backend.mo.customers import Customers
from pncsim.backend.mo.service import MobilityOperator
from pncsim.backend.mo.standing import standing
from pncsim.backend.mo.store import SUBSCRIPTIONS, Subscription, VehicleNow, subscription_key
from pncsim.backend.pcp import vehicle_key
from pncsim.backend.ports import DeletionPort, RevocationPort
from pncsim.backend.store import Page, Store, every
from pncsim.wire.clock import Clock
from pncsim.wire.errors import PncError
from pncsim.wire.identifiers import emaid_provider, normal_emaid
from pncsim.wire.voice import Voice

_WHY: Mapping[str, VehicleNow] = {
    "vehicle key changed": "new key",
    "vehicle deleted": "gone",
    "factory reset": "reset",
}
"""What the reason of a bundle's deletion says of the vehicle."""


class Desks:
    """Desks by country and provider id; ``operator`` finds or makes the operator of one."""

    def __init__(
        self,
        clock: Clock,
        voice: Voice,
        store: Store,
        operator: Callable[[str], MobilityOperator],
        *,
        pool: DeletionPort,
        revocation: RevocationPort,
    ) -> None:
        self._clock, self._voice, self._store, self._operator = clock, voice, store, operator
        self._pool, self._revocation = pool, revocation

    def of(self, provider: str) -> Customers:
        """The desk of the operator with this provider id, in any spelling."""
        operator = self._operator(normal_emaid(provider))
        return Customers(self._clock, self._voice, self._store, operator, pool=self._pool, revocation=self._revocation)

    async def authorize(self, emaid: str) -> TokenStatus:
        """Whether a contract may charge now, whichever operator's it is. A CSMS may ask here (CSO-2)."""
        name = normal_emaid(emaid)
        contract = await self._store.of(SUBSCRIPTIONS).get(subscription_key(emaid_provider(name), name))
        status = standing(name, contract, self._clock.now())
        self._voice.judged(f"contract {name[:20]}", status.status == "Accepted", status.text, "CSO-2")
        return status

    async def page(self, provider: str | None, *, after: str = "", limit: int = 1_000) -> Page[Subscription]:
        """A page of the contracts of one operator, or of all (see :meth:`backend.store.tables.Table.page`)."""
        where = None if provider is None else ("operator", normal_emaid(provider))
        return await self._store.of(SUBSCRIPTIONS).page(where, after=after, limit=limit)

    async def look_after(self) -> None:
        """See to every contract; what fails is told, and comes again.

        Who asks meanwhile, here or in another process, comes after: two that look at once would both find a contract
        that is to be renewed.
        """
        async with self._store.alone("looking after contracts"):
            async for contract in every(self._store.of(SUBSCRIPTIONS)):
                try:
                    await self.of(contract.operator).look_after(contract)
                except PncError as error:
                    self._voice.problem(error)

    async def vehicle_deleted(self, fact: VehicleDeleted) -> None:
        """A reset vehicle gets no contract anew; the pool tells of the contracts that went with it (MO-3)."""
        if fact.why == "factory reset":
            async for contract in every(self._store.of(SUBSCRIPTIONS), ("vehicle", vehicle_key(fact.pcid))):
                await self.of(contract.operator).hear(contract.emaid, "reset", fact.time)

    async def contract_deleted(self, fact: ContractDeleted) -> None:
        """A bundle left the pool because of its vehicle."""
        what = _WHY.get(fact.why)
        if what is not None:
            await self.hear(fact.emaid, what, fact.time)

    async def hear(self, emaid: str, what: VehicleNow, time: float) -> None:
        """As :meth:`Customers.hear` of the contract's operator, if it has one here."""
        provider, name = emaid_provider(emaid), normal_emaid(emaid)
        if await self._store.of(SUBSCRIPTIONS).get(subscription_key(provider, name)) is not None:
            await self.of(provider).hear(name, what, time)
