"""Contract pools side by side: whom to ask for a contract that is not here, and who had it last (CharIN 2.1.3.2)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from pncsim.backend.answers import PoolAnswer
from pncsim.backend.pcp.store import vehicle_key
from pncsim.wire.errors import PncError
from pncsim.wire.voice import Voice

REMEMBERED = 65_536
"""Vehicles whose pool is remembered; the oldest are forgotten, and asked for everywhere again."""


class ContractSource(Protocol):
    """Another operator's contract pool. ``local``: it asks nobody else in turn, so that nothing goes in a circle."""

    async def provide(self, exi: bytes, schema: str, *, local: bool) -> PoolAnswer: ...


OtherPools = Callable[[], Awaitable[Mapping[str, ContractSource]]]
"""Tells the pools that are kept elsewhere and may be others the next time."""


async def nobody_else() -> Mapping[str, ContractSource]:
    """No pools but those that were added."""
    return {}


class ContractDirectory:
    """The pools of other operators by name; ``voice`` tells of those that do not answer. ``further`` are asked, too."""

    def __init__(self, voice: Voice, further: OtherPools = nobody_else) -> None:
        self._voice, self._further = voice, further
        self._pools: dict[str, ContractSource] = {}
        self._holders: dict[str, str] = {}

    def add(self, name: str, pool: ContractSource) -> None:
        """Know one more pool, or another one under a name."""
        self._pools[name] = pool

    def holder(self, pcid: str) -> str:
        """The pool that had a contract for the vehicle when it was last asked; empty where none is known to."""
        return self._holders.get(vehicle_key(pcid), "")

    async def provide(self, pcid: str, exi: bytes, schema: str) -> PoolAnswer | None:
        """A contract for the vehicle from another pool: from the one that had one last, else from whoever is first."""
        last, pools = self.holder(pcid), {**self._pools, **await self._further()}
        if last in pools:
            answer = await self._ask(last, pools[last], exi, schema)
            if answer is not None:
                return answer
        others = {name: pool for name, pool in pools.items() if name != last}
        asked = {asyncio.create_task(self._ask(name, pool, exi, schema)): name for name, pool in others.items()}
        try:
            for task in asyncio.as_completed(tuple(asked)):
                answer = await task
                if answer is not None:
                    name = next(name for one, name in asked.items() if one.done() and one.result() is answer)
                    self._remember(pcid, name)
                    return answer
        finally:
            for one in asked:
                one.cancel()
            await asyncio.gather(*asked, return_exceptions=True)
        self._holders.pop(vehicle_key(pcid), None)
        return None

    async def _ask(self, name: str, pool: ContractSource, exi: bytes, schema: str) -> PoolAnswer | None:
        """Its answer, if that holds a contract."""
        try:
            answer = await pool.provide(exi, schema, local=True)
        except PncError as error:
            self._voice.warning(f"The contract pool {name} gives no answer: {error.sentence}")
            return None
        return answer if answer.emaid is not None else None

    def _remember(self, pcid: str, name: str) -> None:
        if len(self._holders) >= REMEMBERED:
            del self._holders[next(iter(self._holders))]
        self._holders[vehicle_key(pcid)] = name
