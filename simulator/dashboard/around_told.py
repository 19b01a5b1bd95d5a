"""What a lab tells of the PKI and the services around it, read where it stands; nothing is made or asked by that."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from pncsim.simulator.dashboard.holders import Holders
from pncsim.simulator.dashboard.pools_told import kept_by
from pncsim.simulator.dashboard.reports import AroundTold
from pncsim.simulator.lab.here import Here
from pncsim.wire.errors import PncError
from pncsim.wire.values import replace

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab

EVERY = 1.0
"""Seconds between two looks."""


async def around_of(lab: Lab) -> AroundTold:
    """The PKI and the services of a lab as they stand now; empty before anybody has needed them."""
    parties = lab.region.built
    if parties is None:
        return AroundTold(now=lab.clock.now())
    found = Holders()
    for name, pki in parties.pkis.items():
        found.of_pki(name, pki)
    for station in lab.stations.values():
        found.of_station(station)
    for vehicle in lab.vehicles.values():
        chosen = vehicle.contracts.choose(vehicle.config.emaid)
        for contract in vehicle.contracts.all:
            name = vehicle.name if contract is chosen else ""
            found.chain(contract.credentials.chain, "contract_leaf", vehicle.name, name)
        if vehicle.provisioning is not None:
            found.chain(vehicle.provisioning.chain, "oem_leaf", vehicle.name)
    if not isinstance(parties, Here):
        return AroundTold(now=lab.clock.now(), certificates=tuple(found.told(parties.pkis.values(), None)))
    return await kept_by(parties.ecosystem, found, lab.clock.now())


class AroundTeller:
    """Tells what is around a lab whenever somebody has it :meth:`look`, and now and then where its time is real."""

    def __init__(self, tell: Callable[[AroundTold], object]) -> None:
        self._tell = tell
        self._lab: Lab | None = None
        self._told = AroundTold()

    async def begin(self, lab: Lab) -> None:
        """Look as soon as there is something around it, and whenever that has changed, until cancelled."""
        self._lab = lab
        with suppress(PncError):  # whoever needs them says so
            await lab.region.parties()
        await self.look()
        while lab.settings.transport == "loopback":
            # The machine's time: somebody may look while the lab's stands still.
            await asyncio.sleep(EVERY)
            if replace(await around_of(lab), now=0.0) != replace(self._told, now=0.0):
                await self.look()

    async def look(self) -> None:
        """Tell it as it is now."""
        if self._lab is not None:
            if self._lab.settings.transport == "memory":
                # Nobody is waited for, and nobody looks again until something else is done.
                await self._lab.mailed()
            self._told = await around_of(self._lab)
            self._tell(self._told)
