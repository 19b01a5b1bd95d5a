"""Contract pools side by side: whom to ask for a contract that is not here, and who had it last (CharIN 2.1.3.2)."""

from __future__ import annotations

import asyncio
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


class ContractDirectory:
    """The pools of other operators by name; ``voice`` tells of those that do not answer."""

    def __init__(self, voice: Voice) -> None:
        self._voice = voice
        self._pools: dict[str, ContractSource] = {}
        self._holders: dict[str, str] = {}

    def add(self, name: str, pool: ContractSource) -> None:
        """Know one more pool, or another one under a name."""
        self._pools[name] = pool

    @property
    def names(self) -> tuple[str, ...]:
        """The pools there are."""
        return tuple(self._pools)

    def holder(self, pcid: str) -> str:
        """The pool that had a contract for the vehicle when it was last asked; empty where none is known to."""
        return self._holders.get(vehicle_key(pcid), "")

    async def provide(self, pcid: str, exi: bytes, schema: str) -> PoolAnswer | None:
        """A contract for the vehicle from another pool: from the one that had one last, else from whoever is first."""
        last = self.holder(pcid)
        if last:
            answer = await self._ask(last, exi, schema)
            if answer is not None:
                return answer
        asked = {asyncio.create_task(self._ask(name, exi, schema)): name for name in self._pools if name != last}
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

    async def _ask(self, name: str, exi: bytes, schema: str) -> PoolAnswer | None:
        """Its answer, if that holds a contract."""
        try:
            answer = await self._pools[name].provide(exi, schema, local=True)
        except PncError as error:
            self._voice.warning(f"The contract pool {name} gives no answer: {error.sentence}")
            return None
        return answer if answer.emaid is not None else None

    def _remember(self, pcid: str, name: str) -> None:
        if len(self._holders) >= REMEMBERED:
            del self._holders[next(iter(self._holders))]
        self._holders[vehicle_key(pcid)] = name
