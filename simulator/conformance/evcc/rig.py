"""Tester and vehicle brought together for one case: a station of ours, and a vehicle of ours or anybody's, in a lab."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from pncsim.simulator.conformance.case import Case, CaseVerdict, Finding
from pncsim.simulator.conformance.evcc.judge import judged, judged_handshake
from pncsim.simulator.conformance.evcc.lingering import lingering
from pncsim.simulator.conformance.evcc.options import VehicleUnderTest
from pncsim.simulator.conformance.evcc.started import started
from pncsim.simulator.conformance.evcc.step import AnswerStep, HandshakeStep, Remade
from pncsim.simulator.conformance.evcc.table import EvccRow
from pncsim.simulator.conformance.evcc.tester import HandshakeWatch, TestingStation
from pncsim.simulator.conformance.in_lab import in_lab
from pncsim.simulator.conformance.secc.options import StationUnderTest
from pncsim.simulator.conformance.secc.step import Setting
from pncsim.simulator.conformance.suite import Bench
from pncsim.simulator.lab.tariffs import offer_tariffs
from pncsim.simulator.plan import Plan, StationPlan, VehiclePlan
from pncsim.wire.errors import PeerSilent
from pncsim.wire.values import replace

if TYPE_CHECKING:
    from pncsim.ev.outcome import SessionOutcome
    from pncsim.ev.vehicle import Vehicle
    from pncsim.secc.evse import Evse
    from pncsim.simulator.lab.lab import Lab
    from pncsim.simulator.lab.plug_in import PlugIn

STOPS = 3.0
"""Seconds a session may take to stop in order, where somebody breaks off a case."""
LOOPS = 3
"""Messages of the charging loop after which a session that went on is stopped."""


async def run_step(case: Case, bench: Bench, step: EvccRow) -> Finding:
    """A lab for the case, in which the step is done. Raises LocalError for what cannot be done here."""
    options = bench.options
    assert isinstance(options, VehicleUnderTest)
    if bench.target and isinstance(step, AnswerStep) and step.pilot:
        return Finding(CaseVerdict.NOT_APPLICABLE, "The tester has no control pilot there that it could change.")

    async def play(lab: Lab) -> Finding:
        lab.hooks.fit(lambda evse: replace(evse, config=options.within(evse.config)))
        try:
            return await (_answered(lab, bench, step) if isinstance(step, AnswerStep) else _shown(lab, bench, step))
        except PeerSilent as silent:
            return Finding(CaseVerdict.ERROR, str(silent), unreached=True)

    return await in_lab(case, bench, _plan(bench, options), options.pki, play)


def _plan(bench: Bench, options: VehicleUnderTest) -> Plan:
    if not bench.target:
        return Plan()
    link = StationUnderTest.link(bench.target)
    return Plan(stations=(StationPlan(link=link),), vehicles=(VehiclePlan(link=link, wait=options.wait),))


async def _answered(lab: Lab, bench: Bench, step: AnswerStep) -> Finding:
    setting = step.setting
    vehicle = await _vehicle(lab, bench, setting)
    if step.at == "SessionStopRes":
        lab.hooks.fit(lingering)
    change = await step.change.make(lab) if isinstance(step.change, Remade) else None
    tester = TestingStation(step, lab.clock, change)
    lab.hooks.alter("station", "", tester.alter)

    async def stop(plug_in: PlugIn) -> None:
        plug_in.station.evse().request_stop()

    lab.hooks.once("station", "", stop, loop=LOOPS)
    station = await lab.station(**setting.station)
    if setting.tariffs:
        await offer_tariffs(lab, signed=True)
    if not bench.target:
        tester.watch(station.evse().pilot)
    lab.trace.subscribe(tester)
    card = None if step.card else ""
    judging: list[Finding] = []
    try:
        if step.second:
            async with started(bench, vehicle.config):
                await _visited(lab.plug_in(vehicle, card=card), station.evse(), bench)
            tester.armed = True
        async with started(bench, vehicle.config):
            coming = lab.plug_in(vehicle, card=card, keep_plugged=not bench.target)
            outcome = await _visited(coming, station.evse(), bench)
        judging.append(judged(tester, outcome.reason))
        await lab.unplug(vehicle)
    finally:
        lab.trace.readers.remove(tester)
    return judging[0]


async def _visited(coming: Coroutine[Any, Any, SessionOutcome], evse: Evse, bench: Bench) -> SessionOutcome:
    """The session to its end. Whoever breaks off here lets somebody else's vehicle stop in order first."""
    if not bench.target:
        return await coming
    visiting = asyncio.ensure_future(coming)
    try:
        return await asyncio.shield(visiting)
    except asyncio.CancelledError:
        if evse.engine is not None:
            evse.request_stop()
            await asyncio.wait([visiting], timeout=STOPS)
        visiting.cancel()
        await asyncio.gather(visiting, return_exceptions=True)
        raise


async def _shown(lab: Lab, bench: Bench, step: HandshakeStep) -> Finding:
    vehicle = await _vehicle(lab, bench, step.setting)
    step.deed(lab)
    await lab.station(**step.setting.station)
    watch = HandshakeWatch()
    lab.trace.subscribe(watch)
    try:
        async with started(bench, vehicle.config):
            outcome = await lab.plug_in(vehicle)
    finally:
        lab.trace.readers.remove(watch)
    return judged_handshake(watch, outcome.reason)


async def _vehicle(lab: Lab, bench: Bench, setting: Setting) -> Vehicle:
    """A vehicle of ours as the case wants it; somebody else's is only expected."""
    pics = bench.pics
    by_contract = setting.payment == "contract" or (not setting.payment and pics.has("IdentificationMode", "pnC"))
    energy = setting.energy or ("ac" if pics.has("ChargingMode", "aC") else "dc")
    installs = setting.delivery == "install"
    wishes = {
        "install": "always" if installs else "never",
        "update": "always" if setting.delivery == "update" else "never",
        "resume": False,
        **setting.vehicle,
    }
    vehicle = await lab.vehicle(
        energy=energy,
        contract=by_contract and not installs,
        payment="contract" if by_contract else "external",
        **wishes,
    )
    if installs:
        await lab.subscribe(vehicle)
    return vehicle
