"""The driver's seat of a vehicle that is played by hand: its plug, its screen, and what is agreed with its maker."""

from __future__ import annotations

import asyncio
import hmac
from typing import TYPE_CHECKING

from pncsim.ev.battery import Battery
from pncsim.ev.screen import VehicleScreen
from pncsim.ev.wheel import Wheel
from pncsim.simulator.by_hand.seen import ContractSeen, VehicleSeen
from pncsim.simulator.by_hand.telematics import App
from pncsim.simulator.lab.vehicles import configure, profile_of
from pncsim.tls_certs.reading import common_name, shown
from pncsim.wire.errors import LocalError
from pncsim.wire.values import replace

if TYPE_CHECKING:
    from pncsim.ev.config import InstallPolicy
    from pncsim.ev.contracts import Contract
    from pncsim.ev.outcome import SessionOutcome
    from pncsim.ev.vehicle import Vehicle
    from pncsim.simulator.lab.lab import Lab
    from pncsim.simulator.scenario import Energy

PIN = "1234"
"""The driver's PIN of a lab's vehicles: no secret, and what is behind it is as in a real one."""
ANSWER_WITHIN = 30.0
"""Seconds a driver has to say whether a contract is wanted; the vehicle should ask on within 40 s (V2G2-485)."""
LOOP_INTERVAL = 1.0
"""Seconds between two loop messages of a vehicle that is played by hand: whoever watches sees it move."""
MOST_NOTICES = 4

_KEPT = ("evccid", "payment", "install", "ocsp", "refuses", "algorithms", "alter", "pairing")
"""What of a vehicle's configuration stays when it becomes another car."""


class Seat:
    """Of ``vehicle``, the ``number``-th in ``lab``. ``app``: where its owner approves contracts, if it can call."""

    def __init__(self, lab: Lab, vehicle: Vehicle, number: int, energy: Energy, app: App | None) -> None:
        self.vehicle, self._lab, self._number, self._energy, self._app = vehicle, lab, number, energy, app
        self.screen = VehicleScreen(vehicle)
        self.wheel = Wheel(self._asks)
        self.session: asyncio.Task[SessionOutcome] | None = None
        self.left_at_once = False
        """The driver has ended the session that is on, or the last one, in a way that is no orderly end."""
        self._at = self._car = self._last = ""
        self._energy_wh = 0.0
        self._open, self._asks_first = False, True
        self._question: tuple[str, asyncio.Future[bool]] | None = None
        self._waiting: tuple[ContractSeen, ...] = ()
        self._notices: list[str] = []

    # Plug and pedals

    @property
    def in_session(self) -> bool:
        """Whether it speaks with a station, or is about to."""
        return self.session is not None and not self.session.done()

    def plug_in(self, at: str) -> str:
        """Plug it in, or where it is plugged in begin another session; the place. Raises LocalError."""
        if self.in_session:
            raise LocalError(f"{self.vehicle.name} is in a session already.", advice="Stop it first.")
        plugged = self._lab.plugged_at(self.vehicle)
        if plugged is not None:
            at = f"{plugged[0].station.config.identity}/{plugged[1]}"
        self._at = at = self._lab.place_for(self.vehicle, at)
        self.left_at_once, self._last, self._energy_wh = False, "", 0.0
        self.session = asyncio.ensure_future(
            self._lab.plug_in(self.vehicle, at=at, card="", keep_plugged=True, wheel=self.wheel)
        )
        return at

    def over(self, told: str, energy_wh: float = 0.0) -> None:
        """How the session ended and what it brought, to be shown."""
        self._last, self._energy_wh = told, energy_wh

    async def unplug(self) -> str:
        """Pull the plug. Raises LocalError while it is locked."""
        if self.in_session:
            raise LocalError(
                "The plug is locked while a session is on.", advice="Stop it first; ! ends it at once in an emergency."
            )
        if self._lab.plugged_at(self.vehicle) is None:
            return f"{self.vehicle.name} is not plugged in."
        await self._lab.unplug(self.vehicle)
        self._forget()
        return f"{self.vehicle.name} is unplugged."

    def _forget(self) -> None:
        """What was paused is over with the plug."""
        self.vehicle.restart()
        self._last = ""

    def stop(self, *, pause: bool = False) -> str:
        """End the session in order, or let it pause. Raises LocalError where there is none."""
        if not self.wheel.stop(pause=pause):
            raise LocalError(f"{self.vehicle.name} is in no session.")
        return f"{self.vehicle.name} {'pauses' if pause else 'stops'}."

    def leave(self) -> str:
        """End the session at once. Raises LocalError where there is none."""
        if self.wheel.engine is None:
            raise LocalError(f"{self.vehicle.name} is in no session.")
        self.left_at_once = True
        self.wheel.leave()
        return f"{self.vehicle.name} takes no more energy and has hung up."

    # What the driver sets; in a session it is for the next one

    def wish(self, kwh: float) -> str:
        """So much energy the next time."""
        self.vehicle.config = replace(self.vehicle.config, energy_wish=kwh * 1000)
        return f"{self.vehicle.name} wants {kwh:g} kWh."

    def installs(self, policy: InstallPolicy) -> str:
        """When it asks a station for a contract."""
        self.vehicle.config = replace(self.vehicle.config, install=policy)
        return f"{self.vehicle.name} asks stations for a contract: {policy}."

    def asks_first(self, on: bool) -> str:
        """Whether the driver is asked before a contract is kept."""
        self._asks_first = on
        return f"{self.vehicle.name} {'asks before it keeps' if on else 'keeps'} a contract."

    def become(self, car: str, energy: Energy) -> str:
        """Be like another car, charging with that current. Raises LocalError for one nobody knows, and at the plug."""
        if self.in_session or self._lab.plugged_at(self.vehicle) is not None:
            raise LocalError("No vehicle becomes another one at the plug.", advice="Unplug it first.")
        profile, config = profile_of(car), self.vehicle.config
        kept = {name: getattr(config, name) for name in _KEPT}
        kwh = (config.energy_wish or 1000.0) / 1000
        if profile is None:
            kept["loop_interval"] = LOOP_INTERVAL
        self.vehicle.config = configure(energy, kwh, self._number, profile, **kept)
        self.vehicle.battery = Battery() if profile is None else profile.cells()
        self._car, self._energy = car, energy
        self._forget()
        return (
            f"{self.vehicle.name} is now {'like ' + profile.model if profile else 'a car of ours'}, {energy.upper()}."
        )

    # Contracts, behind the PIN

    async def unlock(self, pin: str) -> str:
        """Show the contracts. Raises LocalError for another PIN."""
        if not hmac.compare_digest(pin.encode(), PIN.encode()):
            raise LocalError("That is not the driver's PIN.", advice="In a lab it is 1234.")
        self._open = True
        await self.look()
        return "The contracts are shown."

    def lock(self) -> str:
        """Show them no more."""
        self._open, self._waiting = False, ()
        return "The contracts are behind the PIN again."

    async def look(self) -> str:
        """What waits for the vehicle; the driver is notified of it."""
        before = {one.emaid for one in self._waiting}
        held = {contract.emaid for contract in self.vehicle.contracts.all}
        found = await self._app.waiting() if self._app is not None else await self._in_pool()
        self._waiting = tuple(one for one in found if one.emaid not in held)
        for one in self._waiting:
            if one.emaid not in before:
                self.notify("A contract waits for this vehicle.")
        return f"{len(self._waiting) or 'No'} contract{'' if len(self._waiting) == 1 else 's'} waiting."

    async def _in_pool(self) -> list[ContractSeen]:
        """What the contract pool has, where nobody is there to be asked for approval."""
        provisioning, parties = self.vehicle.provisioning, await self._lab.region.parties()
        if provisioning is None:
            return []
        emaids = await parties.waiting(common_name(provisioning.leaf))
        return [ContractSeen(emaid=emaid, where="in the pool") for emaid in emaids]

    async def subscribe(self, operator: str) -> str:
        """The driver concludes a contract; its bundle waits in the pool. Raises PncError."""
        emaid = await self._lab.subscribe(self.vehicle, operator=operator)
        await self.look()
        return f"Contract {emaid} is concluded and waits in the contract pool."

    async def install(self, emaid: str) -> str:
        """Approve one that waits, and have it come by telematics. Raises PncError."""
        if self._app is None:
            raise LocalError(
                f"{self.vehicle.name} cannot call its manufacturer.",
                advice="Turn installation on and plug it in: the station fetches the contract.",
            )
        said = await self._app.approve(emaid)
        await self.look()
        return said

    async def refuse(self, emaid: str) -> str:
        """Have one that waits never installed. Raises PncError."""
        if self._app is None:
            raise LocalError(f"{self.vehicle.name} cannot call its manufacturer: nobody waits for a word.")
        said = await self._app.refuse(emaid)
        await self.look()
        return said

    def choose(self, emaid: str) -> str:
        """Make one the default. Raises LocalError."""
        self._needs_pin()
        self.screen.choose(emaid)
        return f"{emaid} pays from now on."

    async def uninstall(self, emaid: str) -> str:
        """Forget one and its key. Raises LocalError."""
        self._needs_pin()
        if self.vehicle.contracts.get(emaid) is None:
            raise LocalError(f"{self.vehicle.name} holds no contract {emaid}.")
        self.screen.uninstall(emaid)
        await self.look()
        return f"{emaid} is gone from the vehicle."

    def _needs_pin(self) -> None:
        if not self._open:
            raise LocalError("The contracts are behind the driver's PIN.", advice="Give it first.")

    # What it asks and tells its driver

    async def _asks(self, contract: Contract) -> bool:
        if not self._asks_first:
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
            raise LocalError(f"{self.vehicle.name} asks nothing.")
        self._question[1].set_result(yes)
        return f"The contract is {'taken' if yes else 'refused'}."

    def notify(self, text: str) -> None:
        """Tell the driver."""
        self._notices = [*self._notices, text][-MOST_NOTICES:]

    # As it is seen

    def seen(self) -> VehicleSeen:
        """The panel."""
        config, engine = self.vehicle.config, self.wheel.engine
        plugged = self._lab.plugged_at(self.vehicle)
        at = f"{plugged[0].station.config.identity}/{plugged[1]}" if plugged is not None else self._at
        watts = engine.session.flow if engine is not None else 0.0
        return VehicleSeen(
            name=self.vehicle.name,
            at=at,
            plugged=plugged is not None or self.in_session,
            in_session=self.in_session,
            doing=self._doing(plugged is not None, watts),
            soc=self.vehicle.battery.soc,
            watts=watts,
            energy_wh=engine.outcome.energy_wh if engine is not None else self._energy_wh,
            wish_wh=config.energy_wish,
            current=self._energy,
            car=self._car,
            plug_and_charge=config.payment != "external",
            installs=config.install,
            asks_first=self._asks_first,
            asks=self._question[0][: None if self._open else 5] if self._question is not None else "",
            telematics=self._app is not None,
            open=self._open,
            contracts=(*self._held(), *self._waiting) if self._open else (),
            notices=tuple(self._notices),
        )

    def _doing(self, plugged: bool, watts: float) -> str:
        if self.in_session:
            engine = self.wheel.engine
            if engine is None:
                return "connecting"
            return "charging" if watts > 0 else "agreeing with the station"
        if self.vehicle.memory.paused is not None and plugged:
            return "paused"
        return self._last or ("plugged in" if plugged else "unplugged")

    def _held(self) -> list[ContractSeen]:
        default = self.vehicle.contracts.default
        return [
            ContractSeen(
                emaid=one.emaid,
                where="in the vehicle",
                default=one is default,
                ends=one.not_after,
                issuer=shown(one.credentials.leaf.issuer),
            )
            for one in self.vehicle.contracts.all
        ]
