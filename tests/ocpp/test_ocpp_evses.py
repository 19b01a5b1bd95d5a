"""OCPP for each EVSE of a station: reports, remote starts, cards, triggers, resets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from evse_lab import CARD, OTHER_CARD, TWO, by_evse, charge_point, charging, statuses, vehicle
from ocpp_lab import IDENTITY, Lab, books, running, virtual

from pncsim.backend.csms.link import VariableName
from pncsim.secc import notices
from pncsim.secc.questions import AuthorizationAnswer, ExternalAuthorization
from pncsim.secc.station.station import Station
from pncsim.tls_certs.hash_data import hash_data
from pncsim.tls_certs.reading import pem
from pncsim.wire.trace import PilotChanged

if TYPE_CHECKING:
    from pncsim.wire.ocpp.types.v201 import EVSEType


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


@virtual
async def test_the_roots_a_contract_may_lead_to_are_those_the_csms_has_left_in_the_station() -> None:
    lab = Lab()
    root = lab.pki.certificate("mo_root")
    async with charge_point(lab, (1,)) as point:
        assert (await charging(lab, point, 1, vehicle(lab, contract=True))).ok
        named = hash_data(root, root).certificate_payload()
        answer = await lab.csms.call(IDENTITY, "DeleteCertificate", {"certificateHashData": named})
        assert answer["status"] == "Accepted"
        refused = await charging(lab, point, 1, vehicle(lab, contract=True))
        assert not refused.ok and refused.error is not None
        given_back = pem([root])
        assert await lab.csms.install_certificate(IDENTITY, "MORootCertificate", given_back) == "Accepted"
        assert (await charging(lab, point, 1, vehicle(lab, contract=True))).ok
