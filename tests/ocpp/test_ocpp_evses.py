"""A charge point with several EVSEs: plug-in by control pilot, sessions side by side, OCPP for each of them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from ocpp_lab import IDENTITY, PASSWORD, Lab, books, running, virtual

from pncsim.backend.csms.link import VariableName
from pncsim.backend.csms.transactions import Transaction
from pncsim.ev.battery import Battery
from pncsim.ev.config import AC_MODES, DC_MODES, VehicleConfig
from pncsim.ev.contracts import Contract, ContractStore
from pncsim.ev.outcome import SessionOutcome
from pncsim.ev.shell import charge
from pncsim.ev.vehicle import Vehicle
from pncsim.secc import notices
from pncsim.secc.charge_point import ChargePoint, trusted_roots
from pncsim.secc.config import SeccConfig
from pncsim.secc.evse import EvsePlan
from pncsim.secc.questions import AuthorizationAnswer, ExternalAuthorization
from pncsim.secc.station.config import StationConfig
from pncsim.secc.station.station import Station
from pncsim.tls_certs.reading import common_name
from pncsim.wire.errors import PeerError, PncError
from pncsim.wire.network import Security
from pncsim.wire.network.memory import MemoryNetwork
from pncsim.wire.trace import OcppFrame, PilotChanged, Problem, V2gMessage
from pncsim.wire.values import replace

if TYPE_CHECKING:
    from pncsim.wire.ocpp.types.v201 import EVSEType

PLAIN = StationConfig(identity=IDENTITY, request_certificate=False, request_staples=False)
TWO = replace(PLAIN, connectors=(1, 2))
CARD, OTHER_CARD = "04A1B2C3", "04FFFFFF"


@asynccontextmanager
async def charge_point(
    lab: Lab, connectors: tuple[int, ...] = (1, 1), *, modes: tuple[str, ...] = AC_MODES, **more: Any
) -> AsyncIterator[ChargePoint]:
    """A charge point whose EVSEs are on links of their own, in memory."""
    config = SeccConfig(energy_modes=modes, contract_anchors=lab.pki.anchors("mo_root", "v2g_root"))
    plans = [
        EvsePlan(
            config=replace(config, evse_id=f"DE*PNC*E00000{number}"),
            network=MemoryNetwork(lab.clock),
            connectors=count,
            **more,
        )
        for number, count in enumerate(connectors, 1)
    ]
    point = ChargePoint(
        lab.clock,
        lab.trace,
        PLAIN,
        plans,
        connect=lab.connector(),
        source=lab.source,
        password=PASSWORD,
        roots=trusted_roots(lab.pki),
        credentials=lab.pki.credentials("secc_leaf"),
    )
    await point.open()
    try:
        yield point
    finally:
        await point.close()


def vehicle(lab: Lab, *, contract: bool = False, **wishes: Any) -> Vehicle:
    """A vehicle that pays by contract, which the operator knows, or by its driver's card."""
    held = []
    if contract:
        credentials = lab.pki.credentials("contract_leaf")
        emaid = common_name(credentials.leaf)
        lab.operator.known[emaid] = "Accepted"
        held.append(Contract(emaid, credentials))
    wishes = {"energy_modes": AC_MODES, "energy_wish": 3000.0, "loop_interval": 30.0, **wishes}
    return Vehicle(
        config=VehicleConfig(
            payment="contract" if contract else "external",
            tls="require",
            ocsp="off",
            **wishes,
        ),
        battery=Battery(),
        v2g_roots=lab.pki.anchors("v2g_root"),
        contract_roots=lab.pki.anchors("mo_root"),
        provisioning=None,
        contracts=ContractStore(held),
    )


def charging(lab: Lab, point: ChargePoint, evse: int, car: Vehicle) -> asyncio.Task[SessionOutcome]:
    """``car`` charges at an EVSE."""
    here = point.evse(evse)
    return asyncio.create_task(charge(here.network, car, lab.clock, lab.trace, pilot=here.pilot))


def by_evse(lab: Lab) -> dict[int, Transaction]:
    """The CSMS's transactions by EVSE."""
    return {t.evse: t for t in books(lab.csms) if t.evse is not None}


def statuses(lab: Lab) -> list[tuple[int, int, str]]:
    """The StatusNotifications the station has sent."""
    frames = [json.loads(e.frame) for e in lab.events if isinstance(e, OcppFrame) and e.role == "CS"]
    sent = [f[3] for f in frames if f[0] == 2 and f[2] == "StatusNotification"]
    return [(p["evseId"], p["connectorId"], p["connectorStatus"]) for p in sent]


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


# OCPP, for each EVSE


@asynccontextmanager
async def two(lab: Lab) -> AsyncIterator[Station]:
    """A station with an EVSE of one connector and one of two, without SECCs."""
    async with running(lab.station(config=TWO)) as station:
        await station.wait_ready()
        yield station


def plug(lab: Lab, station: Station, evse: int, connector: int = 1, token: str = "") -> None:
    outlet = station.outlet(evse)
    outlet.note(notices.PluggedIn(time=lab.clock.now(), connector=connector))
    if token:
        outlet.note(notices.Authorized(time=lab.clock.now(), token=token))


def ended(lab: Lab) -> notices.SessionEnded:
    return notices.SessionEnded(time=lab.clock.now(), kind="ended", reason="", energy_wh=0, register_wh=0)


@virtual
async def test_every_connector_is_reported_and_only_the_plugged_one_is_occupied() -> None:
    lab = Lab()
    async with two(lab) as station:
        assert statuses(lab) == [(1, 1, "Available"), (2, 1, "Available"), (2, 2, "Available")]
        plug(lab, station, 2, 2)
        await station.settled()
        assert statuses(lab)[3:] == [(2, 2, "Occupied")]
        assert by_evse(lab)[2].events[0]["evse"] == {"id": 2, "connectorId": 2}


@virtual
async def test_the_device_model_holds_every_evse_and_connector() -> None:
    lab = Lab()
    async with two(lab) as station:
        plug(lab, station, 2, 2)
        asked = [
            ("ChargingStation", {}, "EvseCount", "2"),
            ("ChargingStation", {}, "AvailabilityState", "Available"),
            ("EVSE", {"id": 1}, "ConnectorCount", "1"),
            ("EVSE", {"id": 2}, "ConnectorCount", "2"),
            ("EVSE", {"id": 2}, "AvailabilityState", "Occupied"),
            ("Connector", {"id": 2, "connectorId": 1}, "AvailabilityState", "Available"),
            ("connector", {"id": 2, "connectorId": 2}, "availabilitystate", "Occupied"),
        ]
        data = [
            {"component": {"name": component, **({"evse": evse} if evse else {})}, "variable": {"name": name}}
            for component, evse, name, _ in asked
        ]
        answer = await lab.csms.call(IDENTITY, "GetVariables", {"getVariableData": data})
        assert [r["attributeValue"] for r in answer["getVariableResult"]] == [value for *_, value in asked]
        missing = {"component": {"name": "EVSE", "evse": {"id": 3}}, "variable": {"name": "Available"}}
        nowhere = {"component": {"name": "EVSE"}, "variable": {"name": "Available"}}
        answer = await lab.csms.call(IDENTITY, "GetVariables", {"getVariableData": [missing, nowhere]})
        assert [r["attributeStatus"] for r in answer["getVariableResult"]] == ["UnknownComponent"] * 2
        reported = station.model.report(configuration_only=False)
        places = [r["component"].get("evse") for r in reported if r["variable"]["name"] == "AvailabilityState"]
        assert places == [None, {"id": 1}, {"id": 2}] + [
            {"id": evse, "connectorId": connector} for evse, connector in ((1, 1), (2, 1), (2, 2))
        ]
        assert await lab.csms.set_variable(IDENTITY, "EVSE", "ISO15118EvseId", "DE*PNC*E2", evse=2) == "Accepted"
        assert await lab.csms.base_report(IDENTITY) == "Accepted"
        await lab.clock.sleep(1)
        known = lab.csms.stations[IDENTITY].variables
        ids = [known[VariableName("EVSE", "ISO15118EvseId", evse=evse)] for evse in (1, 2)]
        assert ids == [TWO.secc_id, "DE*PNC*E2"], "the CSMS keeps them apart"
        assert known[VariableName("Connector", "AvailabilityState", evse=2, connector=2)] == "Occupied"
        of_two = station.model.report_on([{"component": {"name": "EVSE", "evse": {"id": 2}}}])
        assert {r["component"]["evse"]["id"] for r in of_two} == {2}


@virtual
async def test_a_remote_start_is_for_its_evse_and_a_remote_stop_for_its_transaction() -> None:
    lab = Lab()
    async with two(lab) as station:
        assert await lab.csms.request_start(IDENTITY, CARD, evse_id=3) == "Rejected"
        plug(lab, station, 1, token="someone")
        assert await lab.csms.request_start(IDENTITY, CARD, evse_id=1) == "Rejected", "it charges already"
        assert await lab.csms.request_start(IDENTITY, CARD, evse_id=2) == "Accepted"
        plug(lab, station, 2)
        answer = await station.outlet(2).answer(ExternalAuthorization())
        assert isinstance(answer, AuthorizationAnswer) and answer.token == CARD
        await station.settled()
        assert "remoteStartId" in by_evse(lab)[2].events[0]["transactionInfo"]
        stops: list[int] = []
        for outlet in station.outlets:
            outlet.stop = lambda sentence, number=outlet.number: stops.append(number)
        assert await lab.csms.request_stop(IDENTITY, by_evse(lab)[2].id) == "Accepted"
        assert stops == [2]


@virtual
async def test_a_remote_start_without_an_evse_is_for_the_next_vehicle_that_is_plugged_in() -> None:
    lab = Lab()
    async with two(lab) as station:
        start = {"idToken": {"idToken": CARD, "type": "Central"}, "remoteStartId": 9}
        assert (await lab.csms.call(IDENTITY, "RequestStartTransaction", start))["status"] == "Accepted"
        plug(lab, station, 2)
        await station.settled()
        assert by_evse(lab)[2].events[0]["transactionInfo"]["remoteStartId"] == 9
        assert by_evse(lab)[2].events[0]["triggerReason"] == "RemoteStart"


@virtual
async def test_a_card_is_for_the_evse_where_it_is_shown_else_for_the_next_one_that_needs_it() -> None:
    lab = Lab()
    lab.tokens.known[OTHER_CARD] = "Accepted"
    async with two(lab) as station:
        station.present(CARD, evse=2)
        station.present(OTHER_CARD)
        plug(lab, station, 1)
        plug(lab, station, 2)
        answers = [await station.outlet(evse).answer(ExternalAuthorization()) for evse in (2, 1)]
        assert [getattr(answer, "token", "") for answer in answers] == [CARD, OTHER_CARD]
        waiting = asyncio.ensure_future(station.outlet(2).answer(ExternalAuthorization()))
        await asyncio.sleep(0)
        station.present(OTHER_CARD)
        answer = await waiting
        assert getattr(answer, "token", "") == OTHER_CARD, "who waits comes first"


@virtual
async def test_a_card_nobody_needed_is_not_kept_for_the_next_driver() -> None:
    lab = Lab()
    async with two(lab) as station:
        plug(lab, station, 1)
        station.present(CARD, evse=1)
        station.outlet(1).note(notices.Unplugged(time=lab.clock.now()))
        plug(lab, station, 1)
        asked = asyncio.ensure_future(station.outlet(1).answer(ExternalAuthorization()))
        await lab.clock.sleep(1)
        assert not asked.done()
        asked.cancel()


@virtual
async def test_connectors_are_unlocked_one_by_one() -> None:
    lab = Lab()
    async with two(lab) as station:
        plug(lab, station, 2, 2, token=CARD)

        async def unlock(evse: int, connector: int) -> str:
            payload = {"evseId": evse, "connectorId": connector}
            return str((await lab.csms.call(IDENTITY, "UnlockConnector", payload))["status"])

        assert await unlock(2, 2) == "OngoingAuthorizedTransaction"
        assert await unlock(2, 1) == await unlock(1, 1) == "Unlocked"
        assert await unlock(1, 2) == await unlock(3, 1) == "UnknownConnector"


@virtual
async def test_messages_are_triggered_for_one_connector_for_one_evse_or_for_all() -> None:
    lab = Lab()
    async with two(lab) as station:
        plug(lab, station, 1)
        plug(lab, station, 2)
        await station.settled()
        await lab.clock.sleep(1)
        every: list[tuple[EVSEType | None, list[tuple[int, int]]]] = [
            (None, [(1, 1), (2, 1), (2, 2)]),
            ({"id": 2}, [(2, 1), (2, 2)]),
            ({"id": 2, "connectorId": 2}, [(2, 2)]),
        ]
        for where, expected in every:
            before = len(statuses(lab))
            assert await lab.csms.trigger(IDENTITY, "StatusNotification", where) == "Accepted"
            await lab.clock.sleep(1)
            assert [place[:2] for place in statuses(lab)[before:]] == expected
        assert await lab.csms.trigger(IDENTITY, "TransactionEvent", evse={"id": 2}) == "Accepted"
        await lab.clock.sleep(1)
        assert [len(by_evse(lab)[evse].events) for evse in (1, 2)] == [1, 2]
        assert await lab.csms.trigger(IDENTITY, "TransactionEvent") == "Accepted"
        await lab.clock.sleep(1)
        assert [len(by_evse(lab)[evse].events) for evse in (1, 2)] == [2, 3]
        assert await lab.csms.trigger(IDENTITY, "StatusNotification", evse={"id": 3}) == "Rejected"
        wrong: EVSEType = {"id": 1, "connectorId": 2}
        assert await lab.csms.trigger(IDENTITY, "StatusNotification", evse=wrong) == "Rejected"


@virtual
async def test_one_evse_is_reset_and_the_other_goes_on() -> None:
    lab = Lab()
    async with charge_point(lab) as point:
        for evse in (1, 2):
            point.station.present(CARD, evse=evse)
        sessions = [charging(lab, point, evse, vehicle(lab)) for evse in (1, 2)]
        await lab.clock.sleep(60)
        reset = {"type": "OnIdle", "evseId": 2}
        assert (await lab.csms.call(IDENTITY, "Reset", reset))["status"] == "Scheduled"
        assert (await lab.csms.call(IDENTITY, "Reset", {**reset, "type": "Immediate"}))["status"] == "Accepted"
        await sessions[1]
        await lab.clock.sleep(1)
        first, second = (t for t in books(lab.csms) if t.evse == 2)
        assert first.stopped_reason == "ImmediateReset" and not second.complete, "the vehicle is still plugged in"
        states = [e.state for e in lab.events if isinstance(e, PilotChanged) and e.unit.endswith("/2")]
        assert "F" in states and states[-1] == "B"
        assert point.evse(1).engine is not None and (await sessions[0]).ok
        assert lab.frames().count("BootNotification") == 1
        unknown = {"type": "Immediate", "evseId": 3}
        assert (await lab.csms.call(IDENTITY, "Reset", unknown))["status"] == "Rejected"


@virtual
async def test_the_station_restarts_once_the_last_transaction_has_ended() -> None:
    lab = Lab()
    async with two(lab) as station:
        for evse in (1, 2):
            plug(lab, station, evse, token=CARD)
        await station.settled()
        assert (await lab.csms.call(IDENTITY, "Reset", {"type": "Immediate"}))["status"] == "Accepted"
        assert len(lab.stopped) == 2
        station.outlet(1).note(ended(lab))
        await lab.clock.sleep(10)
        assert lab.frames().count("BootNotification") == 1
        station.outlet(2).note(ended(lab))
        await lab.clock.sleep(10)
        assert lab.frames().count("BootNotification") == 2
        assert [by_evse(lab)[evse].stopped_reason for evse in (1, 2)] == ["ImmediateReset"] * 2
