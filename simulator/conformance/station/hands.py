"""What is done at the station itself: a vehicle plugged in, a card shown. By the lab at ours, else by somebody."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol

from pncsim.ev.shell import charge
from pncsim.ev.wheel import Wheel
from pncsim.simulator.conformance.beside import Command, person_does
from pncsim.simulator.conformance.station.options import StationAtCsms
from pncsim.wire.errors import PeerError

if TYPE_CHECKING:
    from pncsim.ev.vehicle import Vehicle
    from pncsim.secc.charge_point import ChargePoint
    from pncsim.secc.evse import Evse
    from pncsim.simulator.lab.lab import Lab

KWH, LOOPS_EVERY = 40.0, 5.0
"""What vehicles of the tester want, so that nobody is full before a case is over, and seconds between their messages
meanwhile."""


class NotToBeHad(Exception):
    """What a case needs is not there: somebody at the station, or something of the tester's. The text says what."""


class StationHand(Protocol):
    """Does what no CSMS can."""

    async def power_up(self) -> None:
        """Ours boots now; somebody else's is up already."""

    async def plug(self, evse: int = 1) -> None:
        """The cable goes in; the vehicle says nothing."""

    async def drive(self, evse: int = 1, *, contract: str = "", **wishes: Any) -> None:
        """A vehicle is there and wants energy. ``contract``: it has one, is to "install" one, or to "update" it."""

    async def show(self, card: str, evse: int = 1) -> None:
        """A card is held before the reader."""

    async def stop(self) -> None:
        """The driver ends charging at the vehicle."""

    async def unplug(self, evse: int = 1) -> None:
        """The cable is pulled out."""

    async def away(self) -> None:
        """Whatever was plugged in is gone."""


class LabHand:
    """At a station of ours, with vehicles of ours. ``wishes``: what the station is like."""

    def __init__(self, lab: Lab, identity: str, wishes: dict[str, Any]) -> None:
        self._lab, self._identity, self._wishes = lab, identity, wishes
        self._charging: dict[int, tuple[Wheel, asyncio.Task[Any]]] = {}
        self._birth: asyncio.Task[ChargePoint] | None = None

    @property
    def site(self) -> ChargePoint:
        """The station. Raises PeerError before it has power."""
        site = self._lab.stations.get(self._identity)
        if site is None:
            raise PeerError("The station has not been switched on.", kind="refused")
        return site

    async def power_up(self) -> None:
        """As :class:`StationHand`; whether it comes in is for the case to see."""
        self._birth = asyncio.create_task(self._lab.station(**self._wishes))

    async def up(self) -> None:
        """Switch it on and wait until it serves vehicles. Raises what keeps it from that."""
        await self._lab.station(**self._wishes)

    def _evse(self, number: int) -> Evse:
        return self.site.evse(number)

    async def plug(self, evse: int = 1) -> None:
        """As :class:`StationHand`."""
        self._evse(evse).pilot.connect()

    async def drive(self, evse: int = 1, *, contract: str = "", **wishes: Any) -> None:
        """As :class:`StationHand`."""
        vehicle = await self._vehicle(contract, wishes)
        there, wheel, lab = self._evse(evse), Wheel(), self._lab
        charging = charge(there.network, vehicle, lab.clock, lab.trace, pilot=there.pilot, wheel=wheel)
        self._charging[evse] = wheel, asyncio.create_task(charging)

    async def _vehicle(self, contract: str, wishes: dict[str, Any]) -> Vehicle:
        vehicle = await self._lab.vehicle(
            kwh=KWH,
            contract=contract not in ("", "install"),
            payment="contract" if contract else "external",
            install="always" if contract == "install" else "never",
            update="always" if contract == "update" else "never",
            **{"loop_interval": LOOPS_EVERY, **wishes},
        )
        if contract == "install":
            await self._lab.subscribe(vehicle)
        return vehicle

    async def show(self, card: str, evse: int = 1) -> None:
        """As :class:`StationHand`."""
        self.site.station.present(card, evse=evse)

    async def stop(self) -> None:
        """As :class:`StationHand`."""
        for wheel, _ in self._charging.values():
            wheel.stop()

    async def unplug(self, evse: int = 1) -> None:
        """As :class:`StationHand`."""
        self._evse(evse).pilot.disconnect()
        if evse in self._charging:
            await self._charging.pop(evse)[1]

    async def away(self) -> None:
        """As :class:`StationHand`."""
        if self._birth is not None:
            await asyncio.gather(self._birth, return_exceptions=True)
        site = self._lab.stations.get(self._identity)
        for evse in site.evses if site is not None else ():
            evse.pilot.disconnect()
        tasks = [task for _, task in self._charging.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class SomebodysHand:
    """At somebody else's station: a person who is asked, or a command that does it. Raises NotToBeHad for neither."""

    def __init__(self, options: StationAtCsms) -> None:
        self._manual = options.manual
        self._command = (
            None
            if options.cp_command is None
            else Command(options.cp_command, "does what is to be done at the station")
        )
        self._plugged = False

    async def _do(self, asked: str, *words: str) -> None:
        if self._command is not None:
            await asyncio.to_thread(self._command.run, *words)
        elif self._manual:
            await person_does(asked)
        else:
            raise NotToBeHad(f"{asked}: nobody is there to do it. Give --manual or --cp-command.")

    async def power_up(self) -> None:
        """As :class:`StationHand`."""

    async def plug(self, evse: int = 1) -> None:
        """As :class:`StationHand`."""
        await self._do(f"Plug the cable in at EVSE {evse}, without a vehicle that charges", "B")
        self._plugged = True

    async def drive(self, evse: int = 1, *, contract: str = "", **wishes: Any) -> None:
        """As :class:`StationHand`."""
        which, *word = {
            "": ("a vehicle that identifies by nothing but your card",),
            "install": ("a vehicle that has no contract and asks for one", "install"),
            "update": ("a vehicle that has its contract renewed", "update"),
        }.get(contract, ("a vehicle with a contract", "contract"))
        await self._do(f"Plug in {which} at EVSE {evse}, and let it charge", "C", *word)
        self._plugged = True

    async def show(self, card: str, evse: int = 1) -> None:
        """As :class:`StationHand`."""
        await self._do(f"Show the card {card} at EVSE {evse}", "card", card)

    async def stop(self) -> None:
        """As :class:`StationHand`."""
        await self._do("End charging at the vehicle", "B")

    async def unplug(self, evse: int = 1) -> None:
        """As :class:`StationHand`."""
        await self._do(f"Unplug the cable at EVSE {evse}", "A")
        self._plugged = False

    async def away(self) -> None:
        """As :class:`StationHand`."""
        if self._plugged:
            await self.unplug()
