"""The driver's seat of a vehicle that is played by hand: its plug, its screen, and what is agreed with its maker."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from pncsim.ev.battery import Battery
from pncsim.ev.screen import VehicleScreen
from pncsim.ev.wheel import Wheel
from pncsim.simulator.by_hand.seen import VehicleSeen
from pncsim.simulator.by_hand.telematics import App
from pncsim.simulator.by_hand.wallet import Wallet
from pncsim.simulator.lab.vehicles import configure, profile_of
from pncsim.wire.errors import LocalError
from pncsim.wire.values import replace

if TYPE_CHECKING:
    from pncsim.ev.config import InstallPolicy
    from pncsim.ev.outcome import SessionOutcome
    from pncsim.ev.vehicle import Vehicle
    from pncsim.simulator.lab.lab import Lab
    from pncsim.simulator.scenario import Energy

LOOP_INTERVAL = 1.0
"""Seconds between two loop messages of a vehicle that is played by hand: whoever watches sees it move."""

_KEPT = ("evccid", "payment", "install", "ocsp", "refuses", "algorithms", "alter", "pairing")
"""What of a vehicle's configuration stays when it becomes another car."""


class Seat:
    """Of ``vehicle``, the ``number``-th in ``lab``. ``app``: where its owner approves contracts, if it can call."""

    def __init__(self, lab: Lab, vehicle: Vehicle, number: int, energy: Energy, app: App | None) -> None:
        self.vehicle, self._lab, self._number, self._energy = vehicle, lab, number, energy
        self.screen, self.wallet = VehicleScreen(vehicle), Wallet(lab, vehicle, app)
        self.wheel = Wheel(self.wallet.asks)
        self.session: asyncio.Task[SessionOutcome] | None = None
        self.left_at_once = False
        """The driver has ended the session that is on, or the last one, in a way that is no orderly end."""
        self._at = self._car = self._last = ""
        self._energy_wh = 0.0

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
            asks_first=self.wallet.asks_first,
            asks=self.wallet.question,
            telematics=self.wallet.telematics,
            open=self.wallet.open,
            contracts=self.wallet.contracts,
            notices=self.wallet.notices,
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
