"""Tester and station brought together for one case: a lab with a vehicle of ours, at a station of ours or anybody's."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from pncsim.ev.connection import connect
from pncsim.ev.engine import spoken_by
from pncsim.ev.notices import Switch
from pncsim.ev.questions import StoreContract
from pncsim.simulator.conformance.case import Case, CaseVerdict, Finding, Mutant
from pncsim.simulator.conformance.in_lab import in_lab
from pncsim.simulator.conformance.secc.details import asking_for
from pncsim.simulator.conformance.secc.judge import judge
from pncsim.simulator.conformance.secc.options import StationUnderTest
from pncsim.simulator.conformance.secc.pilot import CommandPilot, person_replugs
from pncsim.simulator.conformance.secc.step import CaseStep, Prepared, Setting
from pncsim.simulator.conformance.secc.tester import TestingVehicle
from pncsim.simulator.conformance.suite import Bench
from pncsim.simulator.lab.hooks import Late
from pncsim.simulator.lab.stations import network_at
from pncsim.simulator.lab.tariffs import offer_tariffs
from pncsim.simulator.plan import Plan, Policies, StationPlan
from pncsim.wire.errors import LocalError, PeerError, PeerSilent
from pncsim.wire.network import SdpError
from pncsim.wire.pilot import Pilot, PilotState
from pncsim.wire.session.driver import Driver
from pncsim.wire.values import replace
from pncsim.wire.voice import Voice

if TYPE_CHECKING:
    from pncsim.ev.vehicle import Vehicle
    from pncsim.secc.evse import Evse
    from pncsim.simulator.lab.lab import Lab
    from pncsim.wire.network import Network

LOOPS = 3
"""Messages of the charging loop after which a tester that goes on stops charging."""
ASLEEP = 600.0
"""Seconds a vehicle sleeps, where somebody else is to wake it at most."""
ASLEEP_REALLY = 20.0
"""The same where a station is somebody else's, and time is real."""
STOPS = 3.0
"""Seconds a session may take to stop in order, where somebody breaks off a case."""
SLOWLY = 8.0
"""Seconds a CSMS takes to authorise, where that is to take long."""
NO_STEP = CaseStep(at="", stimulus="nothing out of the ordinary", goes_on=True)

Play = Callable[["Rig", "Vehicle"], Awaitable[Finding]]
"""What a case does with its rig and its tester."""


class Rig(Struct, kw_only=True):
    """What a case has in hand. ``evse``: of a station of ours. ``pilot``: None where nobody can move the wire."""

    lab: Lab
    bench: Bench
    setting: Setting
    network: Network
    evse: Evse | None
    pilot: Pilot | CommandPilot | None

    @property
    def _options(self) -> StationUnderTest:
        options = self.bench.options
        assert isinstance(options, StationUnderTest)
        return options

    async def vehicle(self) -> Vehicle:
        """A tester as the case wants it, with contract or claim."""
        setting = self.setting
        contract = setting.payment == "contract" or setting.delivery != ""
        vehicle = await self.lab.vehicle(
            energy=setting.energy or "ac",
            contract=contract and setting.delivery != "install",
            payment="contract" if contract else "external",
            **{
                "install": "always" if setting.delivery == "install" else "never",
                "update": "always" if setting.delivery == "update" else "never",
                "stop_after_loops": LOOPS,
                "resume": False,
                # As a lone vehicle: many real stations staple nothing, and no case here is about that.
                **({"ocsp": "prefer", "patience": self._options.patience} if self.bench.target else {}),
                **setting.vehicle,
            },
        )
        self._bound(vehicle)
        if setting.delivery == "install" and not self.bench.target:
            # Behind somebody else's station is somebody else's pool, which has to know the vehicle.
            await self.lab.subscribe(vehicle)
        return vehicle

    def _bound(self, vehicle: Vehicle) -> None:
        """What a tester never asks for, whatever the case."""
        options, config = self._options, vehicle.config
        vehicle.config = replace(config, **options.limits(config.ac, config.dc))
        if self.bench.target:
            # A station on a bench has no power electronics, and whether its voltage fits is no case's business.
            vehicle.config = replace(vehicle.config, dc=replace(vehicle.config.dc, check_voltage=False))
        volts = options.max_voltage
        if volts is not None and volts < vehicle.battery.full_voltage:
            vehicle.battery.full_voltage, vehicle.battery.empty_voltage = volts, 0.8 * volts

    def voice(self, vehicle: Vehicle | None = None) -> Voice:
        """What the tester is heard by."""
        name = "EV-1" if vehicle is None else vehicle.name
        return Voice.on(self.lab.clock, self.lab.trace, "EV", name)

    def unfound(self, said: str) -> Finding:
        """What comes of a case whose station is not there; ``said`` is how that was seen."""
        target, options = bool(self.bench.target), self._options
        if target and not options.manual and options.cp_command is None:
            said = f"{said} One that listens anew for each plug-in needs --manual or --cp-command."
        return Finding(CaseVerdict.ERROR, said, unreached=target)

    async def plug_in(self) -> None:
        """The plug goes in, or the vehicle wakes the station, and the data link stands; the driver is identified."""
        if self.pilot is not None:
            if self.pilot.plugged and self.setting.pause != "station":
                self.pilot.toggle()
            else:
                self.pilot.connect()
            await self.pilot.matched()
        if self.setting.payment != "contract":
            self._identify()

    def _identify(self) -> None:
        """Show a card, now or when the case wants it; at somebody else's station a person has to."""
        if self.evse is None:
            return
        station, card, number = self.lab.site.station, self.lab.card, self.evse.number
        if not self.setting.card:
            station.present(card, evse=number)
            return
        clock = self.lab.clock
        clock.call_at(clock.now() + self.setting.card, lambda: station.present(card, evse=number))

    async def session(self, vehicle: Vehicle, step: CaseStep) -> TestingVehicle:
        """Connect and do the step; the tester, whose connection has ended. Raises what keeps it from connecting."""
        clock, trace, details = self.lab.clock, self.lab.trace, self.setting.details
        began, spoken = clock.now(), spoken_by(vehicle.config)
        if details:
            spoken = tuple(asking_for(details, one) for one in spoken)
        await self.plug_in()
        stream, tls = await connect(self.network, vehicle, clock, self.voice(vehicle))

        async def answer(question: object) -> object:
            if isinstance(question, StoreContract):
                vehicle.contracts.install(question.contract)
            return None

        tester = TestingVehicle(vehicle, step, tls=tls, plugged_in=began, dialects=spoken)
        driver = Driver(tester, stream, clock, trace, answer, self._hear)
        try:
            await self._driven(driver)
        finally:
            if self.pilot is not None and not self.setting.stuck:
                self.pilot.signal_not_ready()
        return tester

    async def _driven(self, driver: Driver[TestingVehicle]) -> None:
        """Until the session is over. Whoever breaks off here lets somebody else's station stop in order first."""
        if not self.bench.target:
            await driver.run()
            return
        running = asyncio.ensure_future(driver.run())
        try:
            await asyncio.shield(running)
        except asyncio.CancelledError:
            if not driver.engine.listening:
                driver.act(driver.engine.request_stop(self.lab.clock.now()))
                await asyncio.wait([running], timeout=STOPS)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            raise

    async def pause(self, vehicle: Vehicle) -> str:
        """Charge and pause for a while, until the case wakes who sleeps; why it did not come to that, if so."""
        usual = vehicle.config
        vehicle.config = replace(usual, pause_after_loops=1)
        tester = await self.session(vehicle, NO_STEP)
        paused = tester.outcome.paused
        if paused is None:
            return f"The session was not paused: {tester.outcome.reason}"
        vehicle.memory.paused, vehicle.config = paused, replace(usual, resume=True)
        if self.setting.pause == "station":
            await self._woken()
        else:
            await self.lab.clock.sleep(ASLEEP_REALLY if self.bench.target else ASLEEP)
        return ""

    async def _woken(self) -> None:
        """Wait until the station shows that it is awake: a step of the pilot (B1 to B2). Raises PeerSilent."""
        if not isinstance(self.pilot, Pilot):
            raise LocalError("Whether a station wakes its vehicle can be seen on a pilot of ours alone.")
        stepped = asyncio.Event()

        def watch(before: PilotState, now: PilotState) -> None:
            stepped.set()

        self.pilot.subscribe(watch)
        try:
            async with self.lab.clock.timeout(ASLEEP):
                await stepped.wait()
        except TimeoutError:
            raise PeerSilent(f"The station has not woken the vehicle within {ASLEEP:g} s.") from None
        finally:
            self.pilot.unsubscribe(watch)

    def _hear(self, notice: object) -> None:
        """What the vehicle does with its switch, as far as the case lets it."""
        if self.pilot is None or not isinstance(notice, Switch):
            return
        state = self.setting.state
        if notice.closed and state != "B":
            self.pilot.signal_ready(ventilation=state == "D")
        elif not notice.closed and not self.setting.stuck:
            self.pilot.signal_not_ready()


async def take(step: CaseStep, rig: Rig, vehicle: Vehicle) -> Finding:
    """Bring the station to the step, take it, and judge what came of it."""
    options = rig.bench.options
    assert isinstance(options, StationUnderTest)
    if rig.setting.asks_too_much and options.bounded:
        return Finding(CaseVerdict.NOT_APPLICABLE, "It asks for more than the tester is allowed to.")
    if isinstance(step.sends, Prepared):
        step = replace(step, sends=await step.sends.make(rig.lab, vehicle))
    if rig.setting.pause and (why := await rig.pause(vehicle)):
        return Finding(CaseVerdict.INCONCLUSIVE, why)
    return judge(await rig.session(vehicle, step))


async def run_case(case: Case, bench: Bench, setting: Setting, play: Play, mutant: Mutant | None) -> Finding:
    """A lab for the case, in which ``play(rig, tester)`` finds out; ``mutant`` stands in for a station of ours.

    Raises LocalError for what cannot be done here.
    """
    options = bench.options
    assert isinstance(options, StationUnderTest)

    async def find(lab: Lab) -> Finding:
        rig = await station_under_test(lab, bench, setting, mutant)
        with lab.clock.acting():
            try:
                found = await play(rig, await rig.vehicle())
            except SdpError as silent:
                found = rig.unfound(str(silent))
            except PeerError as error:
                found = Finding(CaseVerdict.INCONCLUSIVE, str(error))
            finally:
                if rig.pilot is not None:
                    rig.pilot.disconnect()
        for station in lab.stations.values():
            await station.idle()
        return found

    return await in_lab(case, bench, _plan(bench, setting), options.pki, find)


def _plan(bench: Bench, setting: Setting) -> Plan:
    link = StationUnderTest.link(bench.target) if bench.target else None
    station = StationPlan(link=link, foreign=True) if link is not None else StationPlan()
    return Plan(stations=(station,), policies=Policies(refuses=setting.refuses))


async def station_under_test(lab: Lab, bench: Bench, setting: Setting, mutant: Mutant | None) -> Rig:
    """The station under test, and the way to it."""
    setting = _settled(setting, bench)
    options = bench.options
    assert isinstance(options, StationUnderTest)
    if bench.target:
        if options.manual:
            await person_replugs(identifies=setting.payment != "contract", after=setting.card)
        network = network_at(StationUnderTest.link(bench.target), lab.clock)
        pilot = CommandPilot(options.cp_command) if options.cp_command is not None else None
        return Rig(lab=lab, bench=bench, setting=setting, network=network, evse=None, pilot=pilot)
    if setting.slow:
        lab.hooks.alter_frames(
            "", lambda action, frame: Late(frame, SLOWLY, lab.clock) if action == "Authorize" else frame
        )
    if mutant is not None:
        lab.hooks.fit(mutant.made)
    station = await lab.station(after_failed="close", **setting.station)
    evse = station.evse()
    if setting.plain:
        evse.plan = replace(evse.plan, secured=False)
    if setting.tariffs:
        await offer_tariffs(lab, signed=True)
    return Rig(lab=lab, bench=bench, setting=setting, network=evse.network, evse=evse, pilot=evse.pilot)


def _settled(setting: Setting, bench: Bench) -> Setting:
    """``setting`` with what it leaves open as the device has declared it: Plug & Charge and AC if it can."""
    pics = bench.pics
    by_contract = setting.payment == "contract" or (not setting.payment and pics.has("IdentificationMode", "pnC"))
    energy = setting.energy or ("ac" if pics.has("ChargingMode", "aC") else "dc")
    vehicle: Mapping[str, Any] = setting.vehicle
    if not by_contract and "tls" not in vehicle and not pics.has("TLS", "true"):
        vehicle = {**vehicle, "tls": "off"}
    return replace(setting, payment="contract" if by_contract else "external", energy=energy, vehicle=vehicle)
