"""What a driver has and is told: contracts behind the PIN, those that wait, and the vehicle's questions."""

from __future__ import annotations

import asyncio
import hmac
import math
from typing import TYPE_CHECKING

from pncsim.ev.screen import VehicleScreen
from pncsim.simulator.by_hand.seen import ContractSeen
from pncsim.simulator.by_hand.telematics import App
from pncsim.tls_certs.reading import common_name, shown
from pncsim.wire.errors import LocalError

if TYPE_CHECKING:
    from pncsim.ev.contracts import Contract
    from pncsim.ev.vehicle import Vehicle
    from pncsim.simulator.lab.lab import Lab

PIN = "1234"
"""The driver's PIN of a lab's vehicles: no secret, and what is behind it is as in a real one."""
ANSWER_WITHIN = 30.0
"""Seconds a driver has to say whether a contract is wanted; the vehicle should ask on within 40 s (V2G2-485)."""
GUESSES, LOCKED = 3, 60.0
"""Wrong PINs in a row that are heard, and seconds of lab time in which then none is, not even the right one."""
MOST_NOTICES = 4


class Wallet:
    """Of ``vehicle``. ``app``: where its owner approves contracts, if it can call its manufacturer.

    ``open``: the PIN was given. ``asks_first``: the driver is asked before a contract is kept.
    """

    def __init__(self, lab: Lab, vehicle: Vehicle, app: App | None) -> None:
        self._lab, self._vehicle, self._app = lab, vehicle, app
        self._screen = VehicleScreen(vehicle)
        self.open, self.asks_first = False, True
        self._wrong, self._locked_until = 0, 0.0
        self._question: tuple[str, asyncio.Future[bool]] | None = None
        self._waiting: tuple[ContractSeen, ...] = ()
        self._notices: list[str] = []

    @property
    def telematics(self) -> bool:
        """Whether the vehicle can call its manufacturer."""
        return self._app is not None

    @property
    def question(self) -> str:
        """The contract whose installation waits for the driver's word; without the PIN only its operator."""
        return self._question[0][: None if self.open else 5] if self._question is not None else ""

    @property
    def notices(self) -> tuple[str, ...]:
        """What the driver was told, the newest last."""
        return tuple(self._notices)

    @property
    def contracts(self) -> tuple[ContractSeen, ...]:
        """Those held and those that wait, for who has given the PIN."""
        return (*self._held(), *self._waiting) if self.open else ()

    # Behind the PIN

    async def unlock(self, pin: str) -> str:
        """Show the contracts. Raises LocalError for another PIN, and after :data:`GUESSES` of these for any."""
        now = self._lab.clock.now()
        if now < self._locked_until:
            raise LocalError(
                f"{GUESSES} PINs were wrong: none is heard for another {math.ceil(self._locked_until - now)} s.",
                advice="Wait, or move the lab's clock.",
            )
        if not hmac.compare_digest(pin.encode(), PIN.encode()):
            self._wrong += 1
            if self._wrong < GUESSES:
                left = GUESSES - self._wrong
                raise LocalError(
                    f"That is not the driver's PIN; {left} more {'guess is' if left == 1 else 'guesses are'} heard.",
                    advice="In a lab it is 1234.",
                )
            self._wrong, self._locked_until = 0, now + LOCKED
            self.notify("Somebody has tried wrong PINs.")
            raise LocalError(f"That is not the driver's PIN: none is heard for {LOCKED:g} s now.")
        self.open, self._wrong = True, 0
        await self.look()
        return "The contracts are shown."

    def lock(self) -> str:
        """Show them no more."""
        self.open, self._waiting = False, ()
        return "The contracts are behind the PIN again."

    async def look(self) -> str:
        """What waits for the vehicle; the driver is notified of it."""
        before = {one.emaid for one in self._waiting}
        held = {contract.emaid for contract in self._vehicle.contracts.all}
        found = await self._app.waiting() if self._app is not None else await self._in_pool()
        self._waiting = tuple(one for one in found if one.emaid not in held)
        for one in self._waiting:
            if one.emaid not in before:
                self.notify("A contract waits for this vehicle.")
        return f"{len(self._waiting) or 'No'} contract{'' if len(self._waiting) == 1 else 's'} waiting."

    async def _in_pool(self) -> list[ContractSeen]:
        """What the contract pool has, where nobody is there to be asked for approval."""
        provisioning, parties = self._vehicle.provisioning, await self._lab.region.parties()
        if provisioning is None:
            return []
        emaids = await parties.waiting(common_name(provisioning.leaf))
        return [ContractSeen(emaid=emaid, where="in the pool") for emaid in emaids]

    async def subscribe(self, operator: str) -> str:
        """The driver concludes a contract; its bundle waits in the pool. Raises PncError."""
        emaid = await self._lab.subscribe(self._vehicle, operator=operator)
        await self.look()
        return f"Contract {emaid} is concluded and waits in the contract pool."

    async def install(self, emaid: str) -> str:
        """Approve one that waits, and have it come by telematics. Raises PncError."""
        if self._app is None:
            raise LocalError(
                f"{self._vehicle.name} cannot call its manufacturer.",
                advice="Turn installation on and plug it in: the station fetches the contract.",
            )
        said = await self._app.approve(emaid)
        await self.look()
        return said

    async def refuse(self, emaid: str) -> str:
        """Have one that waits never installed. Raises PncError."""
        if self._app is None:
            raise LocalError(f"{self._vehicle.name} cannot call its manufacturer: nobody waits for a word.")
        said = await self._app.refuse(emaid)
        await self.look()
        return said

    def choose(self, emaid: str) -> str:
        """Make one the default. Raises LocalError."""
        self._needs_pin()
        self._screen.choose(emaid)
        return f"{emaid} pays from now on."

    async def uninstall(self, emaid: str) -> str:
        """Forget one and its key. Raises LocalError."""
        self._needs_pin()
        if self._vehicle.contracts.get(emaid) is None:
            raise LocalError(f"{self._vehicle.name} holds no contract {emaid}.")
        self._screen.uninstall(emaid)
        await self.look()
        return f"{emaid} is gone from the vehicle."

    def _needs_pin(self) -> None:
        if not self.open:
            raise LocalError("The contracts are behind the driver's PIN.", advice="Give it first.")

    # What it asks and tells its driver

    async def asks(self, contract: Contract) -> bool:
        """Whether the driver wants a contract that has arrived: no, where nobody answers in time."""
        if not self.asks_first:
            return True
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._question = contract.emaid, answer
        self.notify("A contract has arrived: is it to be installed?")
        try:
            async with self._lab.clock.timeout(ANSWER_WITHIN):
                return await answer
        except TimeoutError:
            self.notify(f"Nobody answered within {ANSWER_WITHIN:g} s: the contract is not installed.")
            return False
        finally:
            self._question = None

    def answer(self, yes: bool) -> str:
        """The driver's word on what was asked. Raises LocalError where nothing was."""
        if self._question is None or self._question[1].done():
            raise LocalError(f"{self._vehicle.name} asks nothing.")
        self._question[1].set_result(yes)
        return f"The contract is {'taken' if yes else 'refused'}."

    def notify(self, text: str) -> None:
        """Tell the driver."""
        self._notices = [*self._notices, text][-MOST_NOTICES:]

    def _held(self) -> list[ContractSeen]:
        default = self._vehicle.contracts.default
        return [
            ContractSeen(
                emaid=one.emaid,
                where="in the vehicle",
                default=one is default,
                ends=one.not_after,
                issuer=shown(one.credentials.leaf.issuer),
            )
            for one in self._vehicle.contracts.all
        ]
