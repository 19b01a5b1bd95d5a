"""A driver at the wheel: stops, pauses and leaves in the middle of a session, and is asked about a contract."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from acting import came_to

from pncsim.ev.contracts import Contract
from pncsim.ev.outcome import SessionOutcome
from pncsim.ev.vehicle import Vehicle
from pncsim.ev.wheel import Wheel
from pncsim.secc.display import Display, display
from pncsim.simulator.lab.lab import Lab
from pncsim.simulator.lab.plug_in import PlugIn
from pncsim.simulator.plan import Plan, StationPlan
from pncsim.simulator.result import Verdict
from pncsim.wire.errors import LocalError


async def charged(lab: Lab, vehicle: Vehicle, wheel: Wheel, at: int, do: Callable[[], object]) -> SessionOutcome:
    """How the session ended in whose loop number ``at`` somebody did something."""

    async def deed(plug_in: PlugIn) -> None:
        do()

    lab.hooks.once("vehicle", vehicle.name, deed, loop=at)
    return await lab.plug_in(vehicle, wheel=wheel, keep_plugged=True)


def shown(lab: Lab) -> Display:
    """What the first EVSE shows."""
    return display(lab.site, 1, lab.clock.now())


@pytest.mark.parametrize("energy", ["ac", "dc"])
def test_a_driver_who_stops_need_not_wait_for_the_next_loop_and_has_paid_for_what_has_flowed(energy: str) -> None:
    async def act(lab: Lab) -> None:
        vehicle, wheel = await lab.vehicle(kwh=50, contract=True, energy="dc" if energy == "dc" else "ac"), Wheel()
        assert not wheel.stop() and not wheel.leave() and wheel.engine is None, "there is no session yet"
        stopped: list[float] = []

        def stop() -> None:
            wheel.stop()
            stopped.append(lab.clock.now())

        outcome = await charged(lab, vehicle, wheel, 3, stop)
        lab.expect.session(outcome)
        took = lab.clock.now() - stopped[0]
        lab.expect.that("at once", took < vehicle.config.loop_interval / 2, took)
        lab.expect.that("the driver stopped", outcome.reason == "the driver stops", outcome.reason)
        lab.expect.that("with what had flowed", 0 < outcome.energy_wh < 5000, outcome.energy_wh)
        assert wheel.engine is None and shown(lab).text.startswith("Done: ")

    result = came_to(act)
    assert result.verdict is Verdict.PASS, result.cause


def test_a_driver_who_pauses_joins_the_session_again_at_the_plug() -> None:
    async def act(lab: Lab) -> None:
        vehicle, wheel = await lab.vehicle(kwh=2, contract=True), Wheel()
        outcome = await charged(lab, vehicle, wheel, 2, lambda: wheel.stop(pause=True))
        assert outcome.paused is not None and outcome.ok
        assert shown(lab).lamp == "waiting" and "pauses" in shown(lab).text
        assert lab.place_for(vehicle) == "CS001/1"
        with pytest.raises(LocalError, match="CS001/1 has EV-1"):
            lab.place_for(await lab.vehicle(), "CS001/1")
        again = await lab.plug_in(vehicle, wheel=wheel)
        lab.expect.session(again)
        lab.expect.that("it is the same session", again.resumed, again.reason)
        assert lab.plugged_at(vehicle) is None and shown(lab).lamp == "free"

    result = came_to(act)
    assert result.verdict is Verdict.PASS, result.cause


def test_a_driver_who_leaves_at_once_takes_no_more_energy_and_station_and_lamp_say_so() -> None:
    async def act(lab: Lab) -> None:
        vehicle, wheel = await lab.vehicle(kwh=50, contract=True), Wheel()
        outcome = await charged(lab, vehicle, wheel, 2, wheel.leave)
        assert not outcome.ok and isinstance(outcome.error, LocalError)
        assert lab.site.evse().power.watts == 0 and shown(lab).lamp == "error"
        await lab.unplug(vehicle)
        assert lab.plugged_at(vehicle) is None and shown(lab).lamp == "free"
        await lab.unplug(vehicle)
        lab.expect.that("the driver left", True)

    assert came_to(act).verdict is Verdict.PASS


def test_a_driver_who_has_no_card_leaves_before_charging_has_begun() -> None:
    async def act(lab: Lab) -> None:
        vehicle, wheel = await lab.vehicle(payment="external"), Wheel()
        await lab.station()
        session = asyncio.ensure_future(lab.plug_in(vehicle, card="", wheel=wheel))
        while not lab.site.station.outlet(1).authorizer.waiting:
            await lab.clock.sleep(0.1)
        assert shown(lab) == Display("waiting", "Show your card, please.")
        assert wheel.stop()
        outcome = await session
        lab.expect.that("nothing flowed", outcome.ok and not outcome.energy_wh, outcome.reason)

    assert came_to(act).verdict is Verdict.PASS


@pytest.mark.rule("EV-6")
@pytest.mark.parametrize("wanted", [True, False])
def test_a_contract_that_has_arrived_is_kept_only_if_the_driver_wants_it(wanted: bool) -> None:
    async def act(lab: Lab) -> None:
        asked: list[str] = []

        async def driver(contract: Contract) -> bool:
            asked.append(contract.emaid)
            await lab.clock.sleep(20)
            return wanted

        vehicle = await lab.vehicle(kwh=0.5)
        emaid = await lab.subscribe(vehicle)
        outcome = await lab.plug_in(vehicle, wheel=Wheel(driver))
        assert asked == [emaid]
        held = [contract.emaid for contract in vehicle.contracts.all]
        lab.expect.that("it is held if it is wanted", held == ([emaid] if wanted else []), held)
        lab.expect.that("and pays then", outcome.ok is wanted, outcome.reason)

    result = came_to(act)
    assert result.verdict is Verdict.PASS, result.cause


def test_an_emergency_button_takes_the_power_away_refuses_the_vehicle_and_is_pulled_out_again() -> None:
    async def act(lab: Lab) -> None:
        vehicle, wheel = await lab.vehicle(kwh=50, contract=True), Wheel()
        evse = (await lab.station()).evse()
        outcome = await charged(lab, vehicle, wheel, 2, lambda: evse.emergency(True))
        assert not outcome.ok and evse.power.watts == 0
        assert shown(lab) == Display("error", "Out of order: its emergency button is pressed.")
        evse.emergency(False)
        await lab.unplug(vehicle)
        lab.expect.session(await lab.plug_in(await lab.vehicle(kwh=0.1, contract=True)))

    result = came_to(act, plan=Plan(stations=(StationPlan(),)))
    assert result.verdict is Verdict.PASS, result.cause
