"""Pausing keeps what resuming needs; resuming replays the sequence with what is left (V2G2-739 to -743)."""

from __future__ import annotations

import ev_playbook as sn
import pytest
from ev_playbook import NOW, SESSION, Playbook, vehicle

from pncsim.ev.vehicle import Vehicle
from pncsim.wire.trace import Story
from pncsim.wire.v2g import iso2


def paused() -> Vehicle:
    """A vehicle whose session was paused after two loops of 30 s at 11 kW, out of 1000 Wh wanted."""
    car = vehicle(contracts=(sn.contract(),), pause_after_loops=2, energy_wish=1000.0, departure=7200.0)
    play = Playbook(car)
    sn.to_contract_charging_ac(play)
    play.until(sn.charging(), sn.charging(), sn.delivered())
    assert play.request.ChargingSession == iso2.ChargingSessionType.Pause
    play.hear(sn.stopped())
    assert play.engine.outcome.ok
    car.memory.paused = play.engine.outcome.paused
    return car


def test_a_pause_remembers_the_session() -> None:
    kept = paused().memory.paused
    assert kept is not None
    assert (kept.session_id, kept.payment, kept.emaid, kept.schedule_tuple) == (SESSION, "Contract", sn.EMAID, 1)
    assert kept.energy_left == pytest.approx(1000 - 11_000 * 30.02 / 3600, abs=0.5)
    assert kept.departure_at == NOW + 7200


def test_a_resumed_session_replays_with_less_time_and_energy() -> None:
    car = paused()
    play = Playbook(car, now=NOW + 3600)
    play.hear(sn.agreed())
    assert play.documents[-1].Header.SessionID == SESSION
    play.until(sn.session_setup("OK_OldSessionJoined"), sn.services(certificate=False), sn.selected(), sn.details())
    asked = play.hear(sn.authorized())
    assert asked.EVChargeParameter.DepartureTime == 3599
    assert car.memory.paused is not None
    assert iso2.amount(asked.EVChargeParameter.EAmount) == pytest.approx(car.memory.paused.energy_left, abs=1)
    start = play.hear(sn.parameters(sn.pmax((0, 5000), tuple_id=3), sn.pmax((0, 11_000), tuple_id=1)))
    assert start.SAScheduleTupleID == 1, "the same tuple as before the pause (V2G2-741)"
    play.hear(sn.delivered())
    for _ in range(3):
        play.hear(sn.charging())
    assert isinstance(play.request, iso2.ChargingStatusReq), "a resumed session does not pause again"
    assert play.engine.outcome.resumed


def test_a_resumed_charge_goes_on() -> None:
    play = Playbook(paused(), now=NOW + 60)
    play.until(sn.agreed(), sn.session_setup("OK_OldSessionJoined"), sn.services(certificate=False), sn.selected())
    play.until(sn.details(), sn.authorized(), sn.parameters(), sn.delivered())
    assert [event.text for event in play.of(Story) if "%" in event.text] == ["Charging goes on at 40.2 %."]


def test_a_resumed_session_keeps_its_payment() -> None:
    car = paused()
    play = Playbook(car, now=NOW + 60)
    play.until(sn.agreed(), sn.session_setup("OK_OldSessionJoined"))
    play.hear(sn.services(payment=("ExternalPayment",)))
    assert "set to contract" in str(play.error)


def test_a_station_that_forgot_the_session_gets_a_new_one() -> None:
    play = Playbook(paused(), now=NOW + 60)
    play.session = bytes.fromhex("ffff000011112222")
    play.until(sn.agreed(), sn.session_setup())
    assert play.documents[-1].Header.SessionID == play.session
    assert not play.engine.outcome.resumed


def test_joining_under_another_number_is_refused() -> None:
    play = Playbook(paused(), now=NOW + 60)
    play.hear(sn.agreed())
    play.hear(sn.session_setup("OK_OldSessionJoined"), session=b"\x01")
    assert "belongs to session 01" in str(play.error)


def test_a_vehicle_that_does_not_want_to_resume_asks_for_a_new_session() -> None:
    car = paused()
    fresh = vehicle(resume=False)
    fresh.memory.paused = car.memory.paused
    play = Playbook(fresh)
    play.hear(sn.agreed())
    assert play.documents[-1].Header.SessionID == bytes(8)
