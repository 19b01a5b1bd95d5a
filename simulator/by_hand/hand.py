"""A lab that stays open until whoever plays in it is done: the scenario, and what is at hand meanwhile.

Time is as long as for whoever watches; what lasts (a battery that charges) can be leapt over (:attr:`Hand.lapse`).
"""

from __future__ import annotations

import asyncio
import math
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pncsim.secc.display import display
from pncsim.simulator.by_hand.opening import Opening
from pncsim.simulator.by_hand.seat import LOOP_INTERVAL, Seat
from pncsim.simulator.by_hand.seen import NAME, HandSeen, StationSeen, VehicleSeen
from pncsim.simulator.by_hand.telematics import app_of
from pncsim.simulator.parameters import did_you_mean
from pncsim.simulator.plan import Plan, VehiclePlan
from pncsim.simulator.scenario import Scenario
from pncsim.wire.amounts import shown_energy
from pncsim.wire.errors import LocalError, PncError
from pncsim.wire.values import replace

if TYPE_CHECKING:
    from pncsim.ev.outcome import SessionOutcome
    from pncsim.ev.vehicle import Vehicle
    from pncsim.secc.charge_point import ChargePoint
    from pncsim.secc.evse import Evse
    from pncsim.simulator.lab.lab import Lab

EVERY = 0.1
"""Seconds between two looks at everybody."""


class Hand:
    """Of one run, opened so: give :meth:`scenario` to it.

    ``seen``: how everybody stands, once they do; for other threads, too.
    """

    def __init__(self, opening: Opening) -> None:
        self.opening = opening
        self.seen: HandSeen | None = None
        self.seats: dict[str, Seat] = {}
        self.guests: dict[str, asyncio.Task[None]] = {}
        self._lab: Lab | None = None
        self._ready, self._left = asyncio.Event(), asyncio.Event()
        self._broken: set[str] = set()
        self._sessions = 0

    def scenario(self, plan: Plan) -> Scenario:
        """The run, with those of ``plan``; somebody else's vehicles are waited for without end."""
        vehicles = tuple(replace(one, wait=math.inf) for one in plan.vehicles)
        return Scenario(NAME, "a lab that is played by hand", (), self._play, plan=replace(plan, vehicles=vehicles))

    # The lab

    async def open(self) -> Lab:
        """The lab, once everybody is there."""
        await self._ready.wait()
        assert self._lab is not None
        return self._lab

    @property
    def lapse(self) -> bool:
        """Whether what lasts is leapt over."""
        return self._lab is not None and self._lab.clock.leaps

    async def _play(self, lab: Lab, **opened: object) -> None:
        """Everybody is there; whoever plays does the rest."""
        self._lab, lab.clock.leaps = lab, False
        try:
            for station in lab.plan.stations:
                if not station.foreign:
                    await lab.station(identity=station.identity)
            for one in lab.plan.vehicles or (VehiclePlan(),):
                await self._seat(lab, one)
            self.seen = HandSeen()
            self.look()
            self._ready.set()
            lab.voice.story("The lab is open, and played by hand.")
            while not self._left.is_set():
                self.look()
                # Its own time, not the lab's: that may be held.
                with suppress(TimeoutError):
                    async with asyncio.timeout(EVERY):
                        await self._left.wait()
            await self._everybody_leaves(lab)
        finally:
            self._ready.set()
            tasks = [*self.guests.values(), *(one.session for one in self.seats.values() if one.session is not None)]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        lab.expect.that("the lab stayed open until it was left", True, f"{self._sessions} sessions", id="left")

    async def _seat(self, lab: Lab, plan: VehiclePlan) -> None:
        """A vehicle of ours and who sits in it, or one of somebody else that is waited for."""
        energy, kwh = self.opening.energy, self.opening.kwh
        if plan.link is not None:
            # What it pays with is known to the operator where it is that of the PKI folder.
            guest = await lab.vehicle(energy=energy, kwh=kwh, contract=self.opening.contract)
            station = next(one.identity for one in lab.plan.stations if one.link is not None and not one.foreign)
            self.guests[guest.name] = asyncio.ensure_future(self._receive(lab, guest, station))
            return
        wishes: dict[str, Any] = {} if plan.profile else {"loop_interval": LOOP_INTERVAL}
        if any(one.foreign for one in lab.plan.stations):
            # Somebody else's station may have no TLS, and no staple.
            wishes |= {"tls": "prefer"} | ({"ocsp": "prefer"} if lab.plan.policies.ocsp is None else {})
        wishes = {name: value for name, value in wishes.items() if name not in plan.traits}
        vehicle = await lab.vehicle(energy=energy, kwh=kwh, contract=self.opening.contract, **wishes)
        app = await app_of(lab, vehicle) if _all_made_here(lab) else None
        self.seats[vehicle.name] = Seat(lab, vehicle, len(lab.vehicles), energy, app)

    async def _receive(self, lab: Lab, guest: Vehicle, station: str) -> None:
        """One visit of somebody else's vehicle after the other."""
        try:
            while True:
                self._judge(lab, guest.name, await lab.plug_in(guest, at=station, card=""))
        except PncError as error:
            lab.voice.problem(error)
            lab.expect.that(f"{guest.name} can come", False, error.sentence)

    async def leave(self) -> str:
        """Let the sessions end in order, and then the run; what was asked."""
        await self._ready.wait()
        told = [name for name, seat in self.seats.items() if seat.wheel.stop()]
        for site in self._lab.stations.values() if self._lab is not None else ():
            for evse in site.evses:
                if evse.engine is not None:
                    evse.request_stop()
        self._left.set()
        return f"Asked to stop: {', '.join(told)}." if told else "The lab is closed."

    async def _everybody_leaves(self, lab: Lab) -> None:
        under_way = [one.session for one in self.seats.values() if one.session is not None]
        await asyncio.gather(*under_way, return_exceptions=True)
        for site in lab.stations.values():
            await site.idle()
        for seat in self.seats.values():
            await lab.unplug(seat.vehicle)

    # Who is meant

    def seat(self, name: str) -> Seat:
        """The seat of a vehicle of ours, "" the first. Raises LocalError."""
        if name in self.guests:
            raise LocalError(f"{name} is somebody else's vehicle: its driver sits elsewhere.")
        if not self.seats:
            raise LocalError("There is no vehicle of ours in this lab.")
        if name and name not in self.seats:
            raise LocalError(f"There is no vehicle {name!r} here.", advice=did_you_mean(name, self.seats))
        return self.seats[name or next(iter(self.seats))]

    async def evse(self, place: str) -> tuple[ChargePoint, Evse]:
        """A station and one of its EVSEs, "" the first of the first. Raises LocalError."""
        lab = await self.open()
        identity, _, number = place.partition("/")
        site = await lab.station(identity=identity)
        if number and (not number.isdecimal() or not 1 <= int(number) <= len(site.evses)):
            raise LocalError(f"{site.station.config.identity} has EVSEs 1 to {len(site.evses)}, no {number!r}.")
        return site, site.evse(int(number or 1))

    # Sessions

    async def plug_in(self, name: str, at: str) -> str:
        """Plug a vehicle in and let it go its way; where. Raises LocalError."""
        lab, seat = await self.open(), self.seat(name)
        place = seat.plug_in(at)
        self._broken.discard(seat.vehicle.name)
        assert seat.session is not None
        seat.session.add_done_callback(lambda task: self._ended(lab, seat, task))
        return f"{seat.vehicle.name} is plugged in at {place}."

    async def subscribe(self, name: str, operator: str) -> str:
        """A driver concludes a contract; somebody else's does so for the vehicle of the PKI folder. Raises PncError."""
        lab = await self.open()
        if name not in self.guests:
            return await self.seat(name).wallet.subscribe(operator)
        emaid = await lab.subscribe(lab.vehicles[name], operator=operator)
        return f"Contract {emaid} is concluded for the vehicle of the PKI folder and waits in the contract pool."

    def broken_at(self, evse: Evse, site: ChargePoint) -> None:
        """Whoever is at that EVSE does not end its session in order, and that is meant so."""
        place = f"{site.station.config.identity}/{evse.number}"
        seen = self.seen.vehicles if self.seen is not None else ()
        self._broken |= {one.name for one in seen if one.at == place and one.in_session}

    def _ended(self, lab: Lab, seat: Seat, task: asyncio.Task[SessionOutcome]) -> None:
        if task.cancelled():
            seat.over("broken off")
            return
        error = task.exception()
        if error is not None:
            said = error.sentence if isinstance(error, PncError) else f"{type(error).__name__}: {error}"
            seat.over(said)
            lab.expect.that(f"{seat.vehicle.name} charges", False, said)
            return
        outcome = task.result()
        seat.over(outcome.error.sentence if outcome.error is not None else outcome.reason, outcome.energy_wh)
        if outcome.installed is not None:
            seat.wallet.notify("A contract was installed at the station.")
        if seat.left_at_once:
            self._broken.add(seat.vehicle.name)
        self._judge(lab, seat.vehicle.name, outcome)

    def _judge(self, lab: Lab, name: str, outcome: SessionOutcome) -> None:
        """A session that somebody has broken off on purpose is told; any other one has to end in order."""
        self._sessions += 1
        session = lab.sessions.of(outcome)
        told = f"{name}, session {session.number}"
        if name in self._broken:
            self._broken.discard(name)
            lab.expect.fact(told, "broken off by hand")
            return
        lab.expect.session(outcome)
        lab.expect.fact(told, f"{shown_energy(outcome.energy_wh)}, {outcome.emaid or outcome.payment or 'unpaid'}")

    # As it is seen

    def look(self) -> None:
        """Renew :attr:`seen`."""
        lab = self._lab
        if lab is None or self.seen is None:
            return
        ours = [seat.seen() for seat in self.seats.values()]
        guests = [self._guest(lab, name) for name in self.guests]
        stations = [
            seen
            for plan in lab.plan.stations
            for seen in (
                [StationSeen(place=plan.identity, ours=False)]
                if plan.foreign
                else self._station(lab, lab.stations[plan.identity], [*ours, *guests])
            )
        ]
        self.seen = HandSeen(vehicles=(*ours, *guests), stations=tuple(stations), lapse=self.lapse)

    def _station(self, lab: Lab, site: ChargePoint, vehicles: list[VehicleSeen]) -> list[StationSeen]:
        now, seen = lab.clock.now(), []
        for evse in site.evses:
            place = f"{site.station.config.identity}/{evse.number}"
            shown = display(site, evse.number, now)
            seen.append(
                StationSeen(
                    place=place,
                    lamp=shown.lamp,
                    text=shown.text,
                    pilot="" if evse.plan.assumed else evse.pilot.state,
                    vehicle=next((one.name for one in vehicles if one.plugged and one.at == place), ""),
                    emergency=bool(evse.power.fault),
                    online=site.station.online or site.station.config.private_emaids is not None,
                )
            )
        return seen

    def _guest(self, lab: Lab, name: str) -> VehicleSeen:
        place = lab.plugged_at(lab.vehicles[name])
        if place is None:
            return VehicleSeen(name=name, ours=False, doing="not here")
        site, number = place
        evse = site.evse(number)
        return VehicleSeen(
            name=name,
            ours=False,
            at=f"{site.station.config.identity}/{number}",
            plugged=evse.pilot.plugged,
            in_session=evse.engine is not None,
            doing="in a session" if evse.engine is not None else "waited for",
            watts=evse.power.watts,
        )


def _all_made_here(lab: Lab) -> bool:
    """Whether no PKI was brought along: the vehicles of one that was are known by the certificates in it."""
    folders = lab.settings.pki is not None or any(pki.folder is not None for pki in lab.plan.pkis)
    return not folders and not lab.plan.roots and not any(one.foreign for one in lab.plan.stations)
