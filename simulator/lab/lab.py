"""The lab: the actors of a plan, made as somebody needs them, wired for a transport; what a scenario speaks to.

Order of birth: ports, certificates, roots and pools, CSMS, station (boot, certificate, staple) at its first plug-in.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Any

from pncsim.backend.store import every
from pncsim.ev.outcome import SessionOutcome
from pncsim.ev.shell import charge
from pncsim.ev.vehicle import Vehicle
from pncsim.ev.wheel import Wheel
from pncsim.secc.charge_point import ChargePoint
from pncsim.secc.config import SeccConfig
from pncsim.simulator.lab.around import named
from pncsim.simulator.lab.back_end import BackEnd
from pncsim.simulator.lab.behind.cards import CARD
from pncsim.simulator.lab.expect import Expectations
from pncsim.simulator.lab.foreign_vehicle import attend
from pncsim.simulator.lab.hooks import Hooks, chained
from pncsim.simulator.lab.plug_in import PlugIn
from pncsim.simulator.lab.plugs import EvsePlace, Plugs
from pncsim.simulator.lab.region import Region
from pncsim.simulator.lab.revocation import Revocable, revoke
from pncsim.simulator.lab.sessions import LabSessions, SessionWatch
from pncsim.simulator.lab.sites import Sites
from pncsim.simulator.lab.stations import can_staple, network_at
from pncsim.simulator.lab.vehicles import check_name, configure, make_vehicle, planned, profile_of
from pncsim.simulator.lab.watch import Watch
from pncsim.simulator.plan import USUAL, Plan, StationPlan, VehiclePlan
from pncsim.simulator.result import RunResult
from pncsim.simulator.scenario import Energy
from pncsim.simulator.settings import RunSettings
from pncsim.wire.clock import Clock
from pncsim.wire.errors import LocalError
from pncsim.wire.network import Network
from pncsim.wire.session.outputs import Alter
from pncsim.wire.source import SYSTEM, Source
from pncsim.wire.trace import Trace
from pncsim.wire.values import replace
from pncsim.wire.voice import Voice

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from pncsim.backend.csms.ports import Services
    from pncsim.backend.csms.transactions import Transaction
    from pncsim.simulator.lab.desk import Caller, Desk
    from pncsim.simulator.lab.elsewhere.desk import RemoteDesk
    from pncsim.simulator.lab.plant import OrderedVehicle, Plant
    from pncsim.tls_certs.revocation import Reason


class Lab:
    """The actors of one run. Use it as an async context manager; scenarios then call the methods below.

    ``installed``: stations have their V2G certificate from the start. ``through`` lays something upon the vehicles'
    links. Parts that nobody needs are not made: a lab that only sells contracts boots no station.
    """

    def __init__(
        self,
        settings: RunSettings,
        clock: Clock,
        trace: Trace,
        result: RunResult,
        *,
        plan: Plan = USUAL,
        installed: bool = False,
        through: Callable[[Network], Network] = lambda network: network,
        source: Source = SYSTEM,
    ) -> None:
        self.settings, self.clock, self.trace, self.plan = settings, clock, trace, plan
        self.voice = Voice.on(clock, trace, "LAB")
        self.sessions = LabSessions(plan.several)
        self.expect = Expectations(result, self.sessions, self.transactions)
        self.hooks, self.watch = Hooks(), Watch(trace)
        self.card = CARD
        self.region = Region(
            settings.transport,
            clock,
            trace,
            plan=plan,
            folder=settings.pki,
            source=source,
            elsewhere=settings.ecosystem,
            credentials=settings.credentials,
        )
        self.vehicles: dict[str, Vehicle] = {}
        self.through, self._source = through, source
        self._sites, self._plugs = Sites(self.region, self.hooks, self.voice, installed=installed), Plugs()
        self.homes, self.lives = self._sites.homes, self._sites.lives
        self._foreign: dict[str, float] = {}
        self._deeds: list[asyncio.Future[None]] = []
        self._transactions: list[Transaction] = []
        self._sockets = AsyncExitStack()
        self._desk: Desk | RemoteDesk | None = None
        self.plant: Plant | None = None

    async def __aenter__(self) -> Lab:
        self.clock.settle = self._sites.heard
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for deed in self._deeds:
            deed.cancel()
        try:
            await self._sites.close()
        finally:
            await self._sockets.aclose()
            await self.region.close()

    # What scenarios say

    async def vehicle(
        self,
        *,
        energy: Energy = "ac",
        kwh: float = 1.0,
        contract: bool = False,
        contract_days: float | None = None,
        name: str = "",
        operator: str = "",
        pki: str = "",
        profile: str = "",
        **wishes: Any,
    ) -> Vehicle:
        """A vehicle with identity and key of its own, and with ``contract`` one already installed, known to the MO.

        ``contract_days``: remaining validity of that contract, default a year. ``name``: what events call it (EV-1,
        EV-2 ...). ``operator``: the provider id of the contract's MO. ``pki``: whose provisioning certificate it has.
        ``profile``: what car it is like (:mod:`simulator.cars`), by default what the run was told.
        ``wishes`` are fields of :class:`ev.config.VehicleConfig`. Faults that change what it sends are built in. Raises
        LocalError for a name that is taken or cannot be one, and for wishes that make no sense. What the plan says of
        this vehicle counts where nothing is said here.
        """
        parties = await self.region.parties()
        # Several may be made at once: number and name are this one's from here on.
        number = len(self.vehicles) + 1
        plan = self.plan.vehicles[number - 1] if number <= len(self.plan.vehicles) else VehiclePlan()
        name, operator, pki = name or plan.name or f"EV-{number}", operator or plan.operator, pki or plan.pki
        if name in self.vehicles:
            raise LocalError(f"There is a vehicle {name} in this lab already.")
        check_name(name)
        wishes = planned(plan, self.plan.policies, wishes)
        if not can_staple(named(parties.pkis, "")):
            wishes.setdefault("ocsp", "prefer")
        car = profile_of(profile or plan.profile or self.settings.vehicle_profile)
        config = configure(energy, kwh, number, car, alter=self.hooks.altering("vehicle", name), **wishes)
        self.vehicles[name] = vehicle = make_vehicle(name, None, parties.pkis.values(), config)
        vehicle.provisioning = await parties.provision(number, pki)
        if car is not None:
            vehicle.battery = car.cells()
            self.voice.of("EV", name).story(f"This vehicle speaks as a {car.model} does.")
        if contract:
            await parties.sell(vehicle, number, operator=operator, days=contract_days)
        if plan.link is not None:
            self._foreign[name] = plan.wait
        return vehicle

    async def subscribe(self, vehicle: Vehicle, *, operator: str = "") -> str:
        """The OEM publishes the vehicle, the driver subscribes at the MO, the bundle waits in the CCP; the EMAID."""
        parties = await self.region.parties()
        pcid = await parties.publish(vehicle)
        self.voice.of("OEM", f"OEM {pcid[:3]}").story(f"Provisioning certificate of {pcid} is published in the PCP.")
        emaid = await parties.subscribe(pcid, operator=operator)
        text = f"The driver subscribes with {pcid}: contract {emaid}; its bundle is in the CCP."
        self.voice.of("MO", f"MO {emaid[:5]}").story(text)
        return emaid

    async def revoke(self, what: Revocable, reason: Reason = "key_compromise") -> None:
        """Revoke a certificate at the CA that has issued it, whose responder says so from now on.

        ``what``: a vehicle (the contract it would pay with), a contract, a station (its V2G certificate), credentials
        or a certificate. Raises LocalError for what is not there or was issued by nobody in this lab.
        """
        await revoke(await self.region.parties(), what, reason)

    async def status(self, certificate: Certificate) -> str:
        """What the responder says of a certificate that was issued in this lab: good, revoked or unknown."""
        return await (await self.region.parties()).status(certificate)

    async def renew_root(self, *, new_key: bool) -> Certificate:
        """The V2G root's operator sets up its successor, which the root pool does not know yet."""
        return await (await self.region.parties()).renew_root(new_key=new_key)

    async def recertify(self, station: ChargePoint) -> None:
        """Its CSMS has the station ask for a new V2G certificate (OCPP A03), and it has that and its staples."""
        from pncsim.simulator.lab.enrolment import certificate_comes

        async with certificate_comes(self, station):
            await self.ask_to_recertify(station)

    async def ask_to_recertify(self, station: ChargePoint) -> None:
        """As :meth:`recertify`, without waiting for what comes of it: lab time may stand still."""
        identity = station.station.config.identity
        await self._sites.behind[identity].csms.trigger(identity, "SignV2GCertificate")

    async def renew_authorities(self) -> None:
        """Renew what issues or signs and ends within its time, as back ends do regularly: after a long jump."""
        await (await self.region.parties()).renew_authorities()

    async def look_after_contracts(self) -> None:
        """Let the mobility operators do what is due for their contracts by now, as back ends do each day."""
        await (await self.region.parties()).look_after_contracts()

    async def caller(self, name: str, of: str = "") -> Caller:
        """Who calls the services over HTTP as ``name``: ADMIN (the pool's operator), OEM, MO, CPS or CPO.

        ``of``: the WMI or provider id that is theirs; unless told, of the first manufacturer and operator. Raises
        LocalError for nobody.
        """
        if self._desk is None:
            self._desk = await self.region.desk(self._source, self._sockets)
        return self.hooks.calling(await self._desk.caller(name, of))

    async def mailed(self) -> None:
        """Once the events that are due are with who has subscribed."""
        if self._desk is not None:
            await self._desk.mailed()

    def new_root(self, kind: str = "V2G") -> Certificate:
        """A root (V2G, MO, OEM) that nobody knows yet."""
        from pncsim.simulator.lab.roots import new_root

        return new_root(kind, self.clock.now(), self._source.of("root operator"))

    async def order(self, vehicle: Vehicle, *, pcid: str = "") -> OrderedVehicle:
        """Have the vehicle made anew by its manufacturer: it has a VIN, may call by telematics, and holds nothing yet.

        ``pcid``: what its provisioning certificate is to name it. Raises LocalError where that cannot be.
        """
        oem = await self.caller("OEM")
        if self.plant is None:
            from pncsim.simulator.lab.plant import Plant

            fleet = await self.region.fleet()
            self.plant = Plant(self.settings.transport, self.clock, self.voice, fleet, self._source, self._sockets)
        return await self.plant.order(vehicle, oem, pcid)

    async def station(self, config: SeccConfig | None = None, *, identity: str = "", **wishes: Any) -> ChargePoint:
        """The station of that identity (default: the first), booted if it was not yet. Raises what went wrong.

        ``config``: what its EVSEs are like instead of what is usual in a lab; ``wishes``: fields of
        :class:`secc.config.SeccConfig` that differ. Both are for a station that has not been needed yet.
        """
        return await self._sites.station(identity, config, wishes)

    async def plug_in(
        self,
        vehicle: Vehicle,
        *,
        at: str = "",
        card: str | None = None,
        keep_plugged: bool = False,
        renegotiate_after_loops: int | None = None,
        wheel: Wheel | None = None,
    ) -> SessionOutcome:
        """Plug the vehicle in and let both sides run until the session is over and the CSMS has heard of it.

        ``at``: a station (``CS001``) or one of its EVSEs (``CS001/2``); by default the first free EVSE of the first
        station. ``card``: what the driver shows, under external identification the lab's card if nothing else is said,
        "" none.
        ``renegotiate_after_loops``: the station asks for new parameters then. ``keep_plugged`` says that the vehicle
        will come back (a pause), or leaves by :meth:`unplug`. ``wheel``: what its driver does meanwhile.
        """
        if self.region.built is not None:
            await self.region.built.keep_time()
        identity, _, outlet = at.partition("/")
        plan, _ = self._sites.planned(identity)
        if plan.foreign:
            return await self._plug_in_elsewhere(vehicle, plan, wheel)
        site = await self.station(identity=identity)
        evse = site.evse(self._plugs.outlet(plan, outlet, vehicle.name))
        place, back = (plan.identity, evse.number), self._sites.behind[plan.identity]
        self._plugs.plug_in(place, vehicle.name)
        plug_in = PlugIn(vehicle=vehicle, station=site, back=back, clock=self.clock)
        for do in self.hooks.due(plug_in):
            await do(plug_in)
        if card is None and vehicle.config.payment == "external":
            card = self.card

        def arrived() -> None:
            if card:
                site.station.present(card, evse=evse.number)

        def loop(number: int) -> None:
            if number == renegotiate_after_loops:
                evse.request_renegotiation()
            for do in self.hooks.due(plug_in, number):
                self._deeds.append(asyncio.ensure_future(do(plug_in)))

        evse.on_loop = loop
        session, watch = self.sessions.begin(vehicle.name), SessionWatch(evse, site.station.outlet(evse.number).book)
        session.csms_seen = back.own is not None and not plan.private
        session.vehicle_seen = vehicle.name not in self._foreign
        with self.clock.acting():
            if session.vehicle_seen:
                arrived()
                link = self.through(evse.network)
                charging = charge(link, vehicle, self.clock, self.trace, pilot=evse.pilot, wheel=wheel)
                outcome = await self.lives.drive(vehicle, charging)
            else:
                wait = self._foreign[vehicle.name]
                outcome = await attend(evse, wait, self.clock, self.trace, arrived)
            await evse.idle()
        site = await self.lives.standing(plan.identity)
        watch.tell(session)
        self.sessions.end(session, outcome)
        if not keep_plugged:
            self._pull_out(place, seen=session.vehicle_seen)
        await site.heard()
        await self._finish_deeds()
        await self._sites.delivered(site)
        await self._look_at_transactions()
        if not keep_plugged:
            self.voice.of("EV", vehicle.name).story("The vehicle is unplugged.")
        return outcome

    async def unplug(self, vehicle: Vehicle) -> None:
        """Unplug a vehicle that was to stay plugged in, and let the CSMS hear of it; nothing happens if it is not."""
        if (place := self._plugs.place_of(vehicle.name)) is None:
            return
        self._pull_out(place)
        site = self.stations[place[0]]
        self.voice.of("EV", vehicle.name).story("The vehicle is unplugged.")
        await site.heard()
        await self._look_at_transactions()

    def place_for(self, vehicle: Vehicle, at: str = "") -> str:
        """The EVSE, or somebody else's station, it can be plugged in at. Raises LocalError for none, and if taken."""
        identity, _, outlet = at.partition("/")
        plan, _ = self._sites.planned(identity)
        return plan.identity if plan.foreign else self._plugs.place_for(plan, outlet, vehicle.name)

    def plugged_at(self, vehicle: Vehicle) -> tuple[ChargePoint, int] | None:
        """The station of ours a vehicle is plugged in at, and the number of the EVSE."""
        place = self._plugs.place_of(vehicle.name)
        return None if place is None else (self.stations[place[0]], place[1])

    # How it goes

    async def _plug_in_elsewhere(self, vehicle: Vehicle, plan: StationPlan, wheel: Wheel | None) -> SessionOutcome:
        """At a station that is somebody else's: neither it nor its CSMS is seen."""
        if plan.link is None:
            raise LocalError(f"Nobody knows where the station {plan.identity} is.", advice="Give its plan a link.")
        session = self.sessions.begin(vehicle.name)
        session.station_seen = session.csms_seen = False
        there = self.through(network_at(plan.link, self.clock))
        outcome = await charge(there, vehicle, self.clock, self.trace, wheel=wheel)
        self.sessions.end(session, outcome)
        return outcome

    def _pull_out(self, place: EvsePlace, *, seen: bool = True) -> None:
        """The EVSE is free for the next one; where its plug is ``seen``, that is pulled."""
        if seen:
            identity, number = place
            self.stations[identity].evse(number).pilot.disconnect()
        self._plugs.pull_out(place)

    async def _finish_deeds(self) -> None:
        """Await what faults still do."""
        deeds, self._deeds = self._deeds, []
        for deed in deeds:
            await deed

    async def _look_at_transactions(self) -> None:
        owned = [back.own for back in self.region.back_ends if back.own is not None]
        self._transactions = [kept for csms in owned async for kept in every(csms.transactions)]

    # What expectations and faults look at

    @property
    def back(self) -> BackEnd:
        """What is behind the first station. Raises LocalError while nobody has needed it."""
        if not self.region.back_ends:
            raise LocalError("No station of this lab has been needed yet, and so no CSMS either.")
        return self.region.back_ends[0]

    @property
    def site(self) -> ChargePoint:
        """The first station. Raises LocalError while nobody has needed it."""
        identity = self._sites.planned("")[0].identity
        if identity not in self.stations:
            raise LocalError(f"The station {identity} has not been needed yet.")
        return self.stations[identity]

    @property
    def stations(self) -> Mapping[str, ChargePoint]:
        """The stations that have been needed, by identity."""
        return self._sites.standing

    @property
    def services(self) -> Services:
        """What the CSMS asks of others; faults replace parts of it."""
        return self.back.services

    @property
    def network(self) -> Network:
        """The link to EVSE 1 of the first station."""
        return self.site.evse().network

    def transactions(self) -> list[Transaction]:
        """What the CSMSs kept as the last vehicle was done."""
        return self._transactions

    def roots(self) -> Mapping[str, Iterable[bytes]]:
        """The trust anchors of this run as DER, by role."""
        from cryptography.hazmat.primitives.serialization import Encoding

        return {
            f"{role}-{name}" if name else role: [root.public_bytes(Encoding.DER) for root in pki.anchors(role)]
            for name, pki in (self.region.built.pkis.items() if self.region.built is not None else ())
            for role in ("v2g_root", "mo_root", "oem_root")
        }

    # What faults change

    def alter_vehicle(self, vehicle: Vehicle, alter: Alter) -> None:
        """Let ``alter`` change what ``vehicle`` sends, after what changes it already."""
        config = vehicle.config
        vehicle.config = replace(config, alter=chained((config.alter, alter)))

    async def cut_csms(self, seconds: float, back: BackEnd | None = None) -> None:
        """The connections to a CSMS (default: the first) break and cannot be opened again for ``seconds``."""
        await self._sites.cut_csms(back or self.back, seconds)
