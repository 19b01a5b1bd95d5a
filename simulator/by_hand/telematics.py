"""The owner's app of a vehicle that can call its manufacturer: contracts that wait are approved or refused (OEM-2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pncsim.simulator.by_hand.seen import ContractSeen
from pncsim.simulator.lab.plant import OWNERS_OWN
from pncsim.wire.errors import LocalError, PncError

if TYPE_CHECKING:
    from pncsim.ev.vehicle import Vehicle
    from pncsim.simulator.lab.desk import Caller
    from pncsim.simulator.lab.lab import Lab
    from pncsim.simulator.lab.plant import OrderedVehicle

OWNER = "Ada"
"""Whose vehicles they are."""


class App:
    """Of ``owner``, for one vehicle."""

    def __init__(self, made: OrderedVehicle, owner: Caller) -> None:
        self._made, self._owner = made, owner

    async def waiting(self) -> list[ContractSeen]:
        """The contracts she has still to decide about, or that were not fetched yet."""
        return [
            ContractSeen(emaid=one["emaid"], where="waits for approval")
            for one in await self._contracts()
            if one["state"] in ("waiting", "ready") and one["deed"] == "install"
        ]

    async def approve(self, emaid: str) -> str:
        """Say yes; the vehicle then fetches it, verifies and opens it. Raises PncError."""
        await self._decide(emaid, "approve")
        done = await self._made.visit()
        if emaid not in [one.emaid for one in self._made.vehicle.contracts.all]:
            raise LocalError(f"{emaid} was approved and did not arrive: {done or 'there was nothing to do'}.")
        return f"{emaid} came by telematics and is installed."

    async def refuse(self, emaid: str) -> str:
        """Say no, for good. Raises PncError."""
        await self._decide(emaid, "refuse")
        return f"{emaid} is refused: it will not be installed by telematics."

    async def _decide(self, emaid: str, word: str) -> None:
        found = next((one for one in await self._contracts() if one["emaid"] == emaid), None)
        if found is None:
            raise LocalError(f"No contract {emaid!r} waits for {self._made.vehicle.name}.")
        if found["state"] == "ready" and word == "approve":
            return
        answer = await self._owner.post(f"{OWNERS_OWN}/contracts/{found['id']}/{word}")
        if answer.status >= 400:
            raise LocalError(f"The manufacturer does not take it: {answer.said}.")

    async def _contracts(self) -> list[dict[str, Any]]:
        answer = await self._owner.get(f"{OWNERS_OWN}/contracts")
        return [one for one in answer.body.get("contracts", []) if one["vin"] == self._made.vin]


async def app_of(lab: Lab, vehicle: Vehicle) -> App | None:
    """Have the vehicle made by its manufacturer and sold to her; None where no manufacturer of this lab can."""
    before = vehicle.provisioning, vehicle.v2g_roots
    try:
        made = await lab.order(vehicle)
        await made.produce()
        return App(made, await made.sell(OWNER))
    except PncError as error:
        vehicle.provisioning, vehicle.v2g_roots = before
        lab.voice.story(f"{vehicle.name} has no telematics here: {error.sentence}")
        return None
