"""Tester and station brought together for one case: a lab with a vehicle of ours, at a station of ours or anybody's.

Each attempt is a run (:mod:`simulator.runs.run`), so that its evidence is that of any run.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from pncsim.ev.connection import connect
from pncsim.ev.engine import spoken_by
from pncsim.ev.notices import Switch
from pncsim.ev.questions import StoreContract
from pncsim.simulator.conformance.case import Case, CaseVerdict, Finding
from pncsim.simulator.conformance.secc.options import StationUnderTest
from pncsim.simulator.conformance.secc.step import CaseStep, Setting
from pncsim.simulator.conformance.secc.tester import TestingVehicle
from pncsim.simulator.conformance.suite import Bench
from pncsim.simulator.lab.stations import network_at
from pncsim.simulator.plan import Plan, StationPlan
from pncsim.simulator.result import Check
from pncsim.simulator.runs.run import Run
from pncsim.simulator.scenario import Scenario
from pncsim.simulator.settings import RunSettings
from pncsim.wire.errors import LocalError, PeerSilent
from pncsim.wire.network import SdpError
from pncsim.wire.session.driver import Driver
from pncsim.wire.values import replace
from pncsim.wire.voice import Voice

if TYPE_CHECKING:
    from pncsim.ev.vehicle import Vehicle
    from pncsim.secc.evse import Evse
    from pncsim.simulator.lab.lab import Lab
    from pncsim.wire.network import Network
    from pncsim.wire.pilot import Pilot

LOOPS = 3
"""Messages of the charging loop after which a tester that goes on stops charging."""

Play = Callable[["Rig"], Awaitable[Finding]]
"""What a case does with its rig."""


class Rig(Struct, kw_only=True):
    """What a case has in hand. ``evse``: of a station of ours. ``pilot``: None where nobody can move the wire."""

    lab: Lab
    bench: Bench
    setting: Setting
    network: Network
    evse: Evse | None
    pilot: Pilot | None

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
                **setting.vehicle,
            },
        )
        if setting.delivery == "install":
            await self.lab.subscribe(vehicle)
        return vehicle

    async def plug_in(self) -> None:
        """The plug goes in and the data link stands; the driver shows a card where that is how one identifies here."""
        if self.pilot is not None:
            if self.pilot.plugged:
                self.pilot.toggle()
            else:
                self.pilot.connect()
            await self.pilot.matched()
        if self.evse is not None and self.setting.payment != "contract" and not self.setting.delivery:
            self.lab.site.station.present(self.lab.card, evse=self.evse.number)

    async def session(self, vehicle: Vehicle, step: CaseStep) -> TestingVehicle:
        """Connect and do the step; the tester, whose connection has ended. Raises what keeps it from connecting."""
        clock, trace = self.lab.clock, self.lab.trace
        voice = Voice.on(clock, trace, "EV", vehicle.name, refuses=vehicle.config.refuses)
        began, spoken = clock.now(), spoken_by(vehicle.config)
        await self.plug_in()
        stream, tls = await connect(self.network, vehicle, clock, voice)

        async def answer(question: object) -> object:
            if isinstance(question, StoreContract):
                vehicle.contracts.install(question.contract)
            return None

        tester = TestingVehicle(vehicle, step, tls=tls, plugged_in=began, dialects=spoken)
        try:
            await Driver(tester, stream, clock, trace, answer, self._hear).run()
        finally:
            if self.pilot is not None:
                self.pilot.signal_not_ready()
        return tester

    def _hear(self, notice: object) -> None:
        if self.pilot is not None and isinstance(notice, Switch):
            (self.pilot.signal_ready if notice.closed else self.pilot.signal_not_ready)()


async def run_case(case: Case, bench: Bench, setting: Setting, play: Play) -> Finding:
    """A lab for the case, in which ``play(rig)`` finds out. Raises LocalError for what cannot be done here."""
    options = bench.options
    assert isinstance(options, StationUnderTest)
    found: list[Finding] = []

    async def story(lab: Lab) -> None:
        with lab.clock.acting():
            try:
                found.append(await play(await _rig(lab, bench, setting)))
            except SdpError as silent:
                found.append(Finding(CaseVerdict.ERROR, str(silent), unreached=bool(bench.target)))
            except PeerSilent as silent:
                found.append(Finding(CaseVerdict.INCONCLUSIVE, str(silent)))
        run.result.checks.append(
            Check(case.expectation, found[0].verdict is CaseVerdict.PASS, found[0].why, id=case.id, clause=case.source)
        )
        await _over(lab)

    run = Run(
        Scenario(case.id, case.title, (case.source,), story, plan=_plan(bench)),
        settings=RunSettings(
            transport="loopback" if bench.target else "memory",
            pki=options.pki,
            evidence=bench.evidence,
            seed=None if bench.target else bench.seed,
        ),
    )
    result = await run.done()
    if not found:
        raise LocalError(result.error or "The case came to no end.")
    return replace(found[0], evidence="" if result.evidence is None else str(result.evidence))


def _plan(bench: Bench) -> Plan:
    link = StationUnderTest.link(bench.target) if bench.target else None
    return Plan(stations=(StationPlan(link=link, foreign=True) if link is not None else StationPlan(),))


async def _rig(lab: Lab, bench: Bench, setting: Setting) -> Rig:
    """The station under test, and the way to it."""
    setting = _settled(setting, bench)
    if bench.target:
        network = network_at(StationUnderTest.link(bench.target), lab.clock)
        return Rig(lab=lab, bench=bench, setting=setting, network=network, evse=None, pilot=None)
    station = await lab.station(after_failed="close", **setting.station)
    evse = station.evse()
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


async def _over(lab: Lab) -> None:
    """The plug is pulled, and nobody is connected any more."""
    for station in lab.stations.values():
        station.evse().pilot.disconnect()
        await station.idle()
