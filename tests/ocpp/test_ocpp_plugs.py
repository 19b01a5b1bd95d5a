"""What a plug does: the control pilot, listeners, sessions side by side, and a transaction for each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from evse_lab import CARD, by_evse, charge_point, charging, statuses, vehicle
from ocpp_lab import IDENTITY, Lab, books, virtual

from pncsim.ev.config import AC_MODES, DC_MODES
from pncsim.ev.shell import charge
from pncsim.wire.errors import PeerError, PncError
from pncsim.wire.network import Security
from pncsim.wire.trace import PilotChanged, Problem, V2gMessage
from pncsim.wire.values import replace

if TYPE_CHECKING:
    pass

# Side by side


@virtual
async def test_two_vehicles_charge_at_one_station_at_once_and_are_told_apart() -> None:
    lab = Lab()
    async with charge_point(lab) as point:
        point.station.present(CARD, evse=2)
        first = charging(lab, point, 1, vehicle(lab, contract=True))
        second = charging(lab, point, 2, vehicle(lab))
        await lab.clock.sleep(60)
        assert [evse.engine is not None for evse in point.evses] == [True, True], "at the same time"
        ends = [await first, await second]
        assert all(end.ok for end in ends), ends
        assert ends[0].session_id != ends[1].session_id
        for evse in point.evses:
            evse.pilot.disconnect()
        await point.quiet()
        await lab.clock.sleep(1)
        by_contract, by_card = by_evse(lab)[1], by_evse(lab)[2]
        assert (by_contract.token_type, by_card.token) == ("eMAID", CARD)
        assert by_contract.complete and by_card.complete and by_contract.energy_wh > 2900
        assert lab.csms.stations[IDENTITY].connectors == {(1, 1): "Available", (2, 1): "Available"}
        names = {"DE*PNC*E000001", "DE*PNC*E000002"}
        told = {e.value.Body.BodyElement.EVSEID for e in lab.events if _is_setup(e)}  # type: ignore[attr-defined]
        assert told == names
        units = {e.unit for e in lab.events if isinstance(e, PilotChanged)}
        assert units == {f"{IDENTITY}/1", f"{IDENTITY}/2"}


@virtual
@pytest.mark.rule("CSO-3", "EV-5")
@pytest.mark.parametrize("shown", [True, False])
async def test_a_driver_who_has_identified_before_is_not_asked_for_a_contract(shown: bool) -> None:
    lab = Lab()
    async with charge_point(lab, (1,)) as point:
        car = vehicle(lab, contract=True)
        car.config = replace(car.config, payment="prefer-contract")
        if shown:
            point.station.present(CARD, evse=1)
        outcome = await charging(lab, point, 1, car)
        assert outcome.ok and outcome.payment == ("ExternalPayment" if shown else "Contract"), outcome.error
        point.evse().pilot.disconnect()
        await point.quiet()
        (transaction,) = books(lab.csms)
        assert transaction.token_type == ("ISO14443" if shown else "eMAID")


@virtual
@pytest.mark.rule("CSO-3")
async def test_whoever_charges_next_is_asked_for_a_contract_again() -> None:
    lab = Lab()
    async with charge_point(lab, (1,)) as point:
        point.station.present(CARD, evse=1)
        assert (await charging(lab, point, 1, vehicle(lab))).ok
        point.evse().pilot.disconnect()
        await point.quiet()
        outcome = await charging(lab, point, 1, vehicle(lab, contract=True))
        assert outcome.ok and outcome.payment == "Contract", outcome.error


def _is_setup(event: object) -> bool:
    return isinstance(event, V2gMessage) and event.role == "SECC" and event.name == "SessionSetupRes"


@virtual
async def test_each_evse_has_its_own_meter() -> None:
    lab = Lab()
    async with charge_point(lab) as point:
        point.station.present(CARD, evse=2)
        assert (await charging(lab, point, 2, vehicle(lab))).ok
        readings = [evse.power.reading(lab.clock.now()) for evse in point.evses]
        assert readings[0] == 0 and readings[1] == pytest.approx(3000, abs=150)
        assert len({evse.power.meter_id for evse in point.evses}) == 2


# Plug and pilot


@virtual
async def test_nothing_listens_until_a_vehicle_is_plugged_in() -> None:
    lab = Lab()
    async with charge_point(lab) as point:
        evse = point.evse(1)
        with pytest.raises(PncError):
            await evse.network.find(Security.TLS)
        evse.pilot.connect()
        await evse.pilot.matched()
        address = await evse.network.find(Security.TLS)
        assert point.evse(2).serving is None, "the other EVSE is none of its business"
        evse.pilot.disconnect()
        with pytest.raises(PeerError):
            await evse.network.connect(address)


@virtual
async def test_the_listeners_close_18_s_after_the_plug_and_open_again_for_a_toggle_or_a_plug() -> None:
    lab = Lab()
    async with charge_point(lab) as point:
        evse = point.evse()
        evse.pilot.connect()
        await lab.clock.sleep(17.9)
        assert evse.serving is not None
        await lab.clock.sleep(0.2)
        assert evse.serving is None
        [said] = [e for e in lab.events if isinstance(e, Problem)]
        assert said.clause.startswith("V2G2-714") and said.unit == f"{IDENTITY}/1" and said.kind == "silent"
        evse.pilot.toggle()
        await evse.pilot.matched()
        assert evse.serving is not None
        await lab.clock.sleep(20)
        assert evse.serving is None
        evse.pilot.disconnect()
        evse.pilot.connect()
        await evse.pilot.matched()
        assert evse.serving is not None


@virtual
async def test_a_session_keeps_the_listeners_open_and_they_close_18_s_after_its_end() -> None:
    lab = Lab()
    async with charge_point(lab) as point:
        evse = point.evse()
        point.station.present(CARD)
        assert (await charging(lab, point, 1, vehicle(lab))).ok
        assert evse.serving is not None
        await lab.clock.sleep(19)
        assert evse.serving is None and lab.problems() == []


@virtual
async def test_a_plug_opens_a_transaction_and_pulling_it_ends_session_and_transaction() -> None:
    lab = Lab()
    async with charge_point(lab) as point:
        point.station.present(CARD)
        running_session = charging(lab, point, 1, vehicle(lab))
        await lab.clock.sleep(60)
        assert point.evse().power.watts > 0
        point.evse().pilot.disconnect()
        end = await running_session
        await point.quiet()
        assert not end.ok and point.evse().engine is None and point.evse().power.watts == 0
        transaction = by_evse(lab)[1]
        assert transaction.complete and transaction.stopped_reason == "EVDisconnected"
        last = transaction.events[max(transaction.events)]
        assert last["triggerReason"] == "EVDeparted"
        assert statuses(lab)[-1] == (1, 1, "Available")


@virtual
async def test_a_plug_without_a_session_is_a_transaction_too() -> None:
    lab = Lab()
    async with charge_point(lab) as point:
        point.evse().pilot.connect()
        await lab.clock.sleep(5)
        point.evse().pilot.disconnect()
        await point.quiet()
        transaction = by_evse(lab)[1]
        assert [e["triggerReason"] for _, e in sorted(transaction.events.items())] == ["CablePluggedIn", "EVDeparted"]
        assert transaction.complete and transaction.energy_wh == 0


@virtual
async def test_a_stray_connection_opens_no_transaction_and_ends_none() -> None:
    for assumed in (True, False):
        lab = Lab()
        async with charge_point(lab, (1,), assumed=assumed) as point:
            evse = point.evse()
            if not assumed:
                evse.pilot.connect()
                await evse.pilot.matched()
            assert evse.serving is not None
            stray = await evse.network.connect(evse.serving.addresses[Security.NONE])
            stray.write(b"GET / HTTP/1.1\r\n\r\n")
            await lab.clock.sleep(1)
            await stray.close()
            await point.quiet()
            assert evse.engine is None
            assert [len(t.events) for t in books(lab.csms)] == ([] if assumed else [1])


@virtual
async def test_where_the_pilot_is_assumed_a_vehicle_is_plugged_in_while_its_session_lasts() -> None:
    lab = Lab()
    async with charge_point(lab, (1,), assumed=True) as point:
        evse = point.evse()
        assert evse.serving is not None, "it listens from the beginning"
        for _ in range(2):
            point.station.present(CARD)
            end = await charge(evse.network, vehicle(lab), lab.clock, lab.trace)
            await point.quiet()
            assert end.ok and not evse.pilot.plugged
        assert [t.complete for t in books(lab.csms)] == [True, True]
        states = [e.state for e in lab.events if isinstance(e, PilotChanged)]
        assert states[0] == "B" and states.count("A") >= 2


@virtual
async def test_an_assumed_plug_is_what_somebody_who_sees_it_says() -> None:
    lab = Lab()
    async with charge_point(lab, (1,), assumed=True) as point:
        evse = point.evse()
        evse.plug_seen(False)
        assert evse.serving is None, "nobody is there"
        evse.plug_seen(True)
        await evse.pilot.matched()
        point.station.present(CARD)
        assert (await charge(evse.network, vehicle(lab), lab.clock, lab.trace)).ok
        await point.quiet()
        assert evse.pilot.plugged, "the end of a session pulls no plug"
        evse.plug_seen(False)
        await point.quiet()
        assert evse.serving is None
        assert [t.complete for t in books(lab.csms)] == [True]


@virtual
async def test_an_assumed_plug_that_is_seen_has_18_s_for_a_session() -> None:
    lab = Lab()
    async with charge_point(lab, (1,), assumed=True) as point:
        evse = point.evse()
        evse.plug_seen(True)
        await lab.clock.sleep(18.1)
        assert evse.serving is None and evse.pilot.plugged


@virtual
async def test_a_paused_vehicle_stays_plugged_and_one_transaction_holds_both_sessions() -> None:
    lab = Lab()
    async with charge_point(lab, (1,)) as point:
        point.station.present(CARD)
        car = vehicle(lab, pause_after_loops=3)
        assert (await charging(lab, point, 1, car)).paused is not None
        await lab.clock.sleep(3600)
        assert point.evse().serving is None, "it sleeps"
        car.config = replace(car.config, pause_after_loops=None)
        point.station.present(CARD)
        assert (await charging(lab, point, 1, car)).ok, "the pilot wakes it"
        point.evse().pilot.disconnect()
        await point.quiet()
        [transaction] = books(lab.csms)
        assert transaction.complete and transaction.energy_wh == pytest.approx(3000, abs=150)


@virtual
async def test_a_paused_vehicle_that_is_pulled_out_ends_its_transaction() -> None:
    lab = Lab()
    async with charge_point(lab, (1,)) as point:
        point.station.present(CARD)
        assert (await charging(lab, point, 1, vehicle(lab, pause_after_loops=3))).paused is not None
        point.evse().pilot.disconnect()
        await point.quiet()
        [transaction] = books(lab.csms)
        assert transaction.complete and transaction.stopped_reason == "EVDisconnected"


@virtual
async def test_a_paused_session_is_resumed_at_its_own_plug_only() -> None:
    for evse in (1, 2):
        lab = Lab()
        async with charge_point(lab) as point:
            point.station.present(CARD, evse=1)
            car = vehicle(lab, pause_after_loops=3)
            assert (await charging(lab, point, 1, car)).paused is not None
            point.evse(1).pilot.disconnect()
            car.config = replace(car.config, pause_after_loops=None)
            point.station.present(CARD, evse=evse)
            end = await charging(lab, point, evse, car)
            assert end.ok and ("SessionSetupRes", "OK_NewSessionEstablished") in end.response_codes


@virtual
async def test_a_session_that_sleeps_at_one_plug_is_not_known_at_the_other() -> None:
    lab = Lab()
    async with charge_point(lab) as point:
        point.station.present(CARD, evse=1)
        car = vehicle(lab, pause_after_loops=3)
        assert (await charging(lab, point, 1, car)).paused is not None
        car.config = replace(car.config, pause_after_loops=None)
        point.station.present(CARD, evse=2)
        end = await charging(lab, point, 2, car)
        assert end.ok and ("SessionSetupRes", "OK_NewSessionEstablished") in end.response_codes


@virtual
async def test_another_session_without_a_new_plug_is_another_transaction() -> None:
    lab = Lab()
    async with charge_point(lab, (1,)) as point:
        for _ in range(2):
            point.station.present(CARD)
            assert (await charging(lab, point, 1, vehicle(lab))).ok
        point.evse().pilot.disconnect()
        await point.quiet()
        begun = [t.events[0]["triggerReason"] for t in books(lab.csms)]
        assert begun == ["CablePluggedIn", "EVDetected"]
        assert all(t.complete for t in books(lab.csms))


@virtual
async def test_the_pilot_tells_what_the_vehicle_is_ready_for() -> None:
    """State C before PowerDeliveryReq(Start) of AC and before CableCheckReq, B before PowerDeliveryReq(Stop)."""
    for modes, asked in ((AC_MODES, "PowerDeliveryReq"), (DC_MODES, "CableCheckReq")):
        lab = Lab()
        async with charge_point(lab, (1,), modes=(*AC_MODES, *DC_MODES[:2])) as point:
            point.station.present(CARD)
            assert (await charging(lab, point, 1, vehicle(lab, energy_modes=modes))).ok
            point.evse().pilot.disconnect()
        wire = [e for e in lab.events if isinstance(e, PilotChanged | V2gMessage) and e.role in ("SECC", "EV")]
        story = [e.state if isinstance(e, PilotChanged) else e.name for e in wire if _wanted(e)]
        letters = [word for word in story if len(word) == 1]
        assert letters == ["B", "B", "C", "B", "A", "A"], "plug, duty cycle, ready, done, unplugged, duty cycle"
        assert story[story.index("C") + 1] == asked
        assert story[story.index("C") + 2 :].index("B") < story[story.index("C") + 2 :].index("SessionStopReq")


def _wanted(event: object) -> bool:
    return isinstance(event, PilotChanged) or (
        isinstance(event, V2gMessage) and event.role == "EV" and event.direction == "sent"
    )
