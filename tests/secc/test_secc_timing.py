"""Timers and what a station holds back, by the time given alone."""

from __future__ import annotations

from typing import Any

import pytest
from secc_paths import YES, at, config, details, installation, signed_authorization
from secc_playbook import T0, Playbook, ac_parameters, cable, hello, power, precharge, setup

from pncsim.secc.config import AcSupply, DcSupply
from pncsim.wire import trace
from pncsim.wire.errors import PeerSilent
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g.iso2 import timing
from pncsim.wire.v2g.iso2.secc_sequence import REQUESTS, SECC_SEQUENCE, State

S = State


def test_every_message_has_its_times() -> None:
    assert {name.removesuffix("Req") for name in REQUESTS} == set(timing.MESSAGES)
    for name, times in timing.MESSAGES.items():
        assert times.performance < times.timeout, name
    assert timing.TIMES.messages["PaymentDetails"].timeout == 5
    assert "| CurrentDemand | 0.25 | 0.025 |" in timing.describe()


def test_eighteen_seconds_for_a_session() -> None:
    p = Playbook()
    p.wait(10)
    p.ev(hello())
    assert p.engine.deadline == T0 + 18
    p.wait(7.9)
    assert p.end is None
    p.wait(0.1)
    assert p.end is not None and isinstance(p.end.error, PeerSilent)
    assert "18 s" in p.problems
    assert p.notices[-1].stopped_by == "silence"


def test_a_set_up_session_has_sixty_seconds_for_each_request() -> None:
    p = Playbook()
    p.ev(hello())
    p.wait(17)
    p.ev(setup())
    p.wait(59.9)
    assert p.end is None
    p.ev(iso2.ServiceDiscoveryReq())
    p.wait(60)
    assert p.end is not None and isinstance(p.end.error, PeerSilent)
    assert "60 s after ServiceDiscoveryRes; allowed were ServiceDetailReq, PaymentServiceSelectionReq" in p.problems


@pytest.mark.parametrize("state", [s for s in State if s not in (S.ENDED, S.CONNECTED, S.NEGOTIATED)])
def test_the_sequence_timeout_holds_in_every_state(state: State) -> None:
    p = at(state)
    p.wait(60)
    assert p.end is not None and isinstance(p.end.error, PeerSilent)
    assert p.notices[-1].stopped_by == "silence"
    assert SECC_SEQUENCE.of(state) and p.power.watts == 0


def test_a_slow_vehicle_is_noted() -> None:
    p = at(S.SERVICES)
    p.wait(45)
    p.ev(iso2.ServiceDetailReq(ServiceID=2))
    assert "45.0 s for its next request" in p.liberties


def test_waking_early_does_nothing() -> None:
    p = at(S.SERVICES)
    assert p.engine.wake(p.now + 1) == []


def test_authorization_is_held_back_then_ongoing_then_finished() -> None:
    p = at(S.DETAILS)
    assert signed_authorization(p, p.responses[-1].GenChallenge) is None
    assert p.engine.deadline == p.now + 1.2
    assert p.wait(1.2).EVSEProcessing == "Ongoing"
    p.wait(0.3)
    assert p.ev(iso2.AuthorizationReq()) is None
    p.wait(0.5)
    assert p.answer(YES).EVSEProcessing == "Finished"
    assert len(p.asked) == 1


def test_an_answer_between_two_requests_is_kept() -> None:
    p = at(S.DETAILS)
    signed_authorization(p, p.responses[-1].GenChallenge)
    p.wait(1.3)
    assert p.answer(YES) is None
    assert p.ev(iso2.AuthorizationReq()).EVSEProcessing == "Finished"


def test_a_repeat_that_is_signed_again_is_let_pass() -> None:
    p = at(S.DETAILS)
    challenge = p.responses[-1].GenChallenge
    signed_authorization(p, challenge)
    p.wait(1.3)
    signed_authorization(p, challenge)
    assert "repeats are empty" in p.liberties
    assert p.answer(YES).EVSEProcessing == "Finished"


def test_fifty_five_seconds_of_ongoing_are_the_end() -> None:
    p = at(S.DETAILS)
    signed_authorization(p, p.responses[-1].GenChallenge)
    p.wait(1.2)
    began = p.now
    while p.end is None:
        response = p.ev(iso2.AuthorizationReq()) or p.wait(1.2)
    assert response.ResponseCode == "FAILED"
    assert began + 55 <= p.now < began + 57
    assert "V2G2-713" in str(p.end.error)


def test_a_driver_gets_more_time() -> None:
    p = at(S.EXTERNAL)
    p.ev(iso2.AuthorizationReq())
    waiting = p.wait(1.2)
    assert waiting.EVSEProcessing == "Ongoing_WaitingForCustomerInteraction"
    began = p.now
    while p.end is None:
        response = p.ev(iso2.AuthorizationReq()) or p.wait(1.2)
        assert p.now < began + 400
    assert response.ResponseCode == "FAILED"
    assert p.now >= began + 300
    endless = at(S.EXTERNAL, external_wait=None)
    for _ in range(400):
        endless.ev(iso2.AuthorizationReq())
        endless.wait(1.2)
    assert endless.end is None


def test_early_authorization_leaves_time_for_payment_details() -> None:
    p = at(S.CONTRACT, authorize_early=True)
    assert p.ev(details()) is None
    assert p.wait(4.0).ResponseCode == "OK"
    p.answer(YES)
    assert signed_authorization(p, p.responses[-1].GenChallenge).EVSEProcessing == "Finished"
    assert len(p.asked) == 1


def test_a_late_certificate_is_not_sent() -> None:
    p = at(S.CONTRACT)
    p.ev(installation())
    assert p.wait(4.4) is None
    assert p.wait(0.1).ResponseCode == "FAILED"
    assert p.answer(YES) is None


def test_schedules_take_their_time() -> None:
    p = at(S.AUTHORIZED, schedule_seconds=3)
    p.ev(ac_parameters())
    first = p.wait(1.2)
    assert (first.EVSEProcessing, first.SASchedules) == ("Ongoing", None)
    p.ev(ac_parameters())
    p.wait(1.2)
    p.ev(ac_parameters())
    last = p.wait(0.6)
    assert last.EVSEProcessing == "Finished" and last.SASchedules is not None
    slow = at(S.AUTHORIZED, schedule_seconds=600)
    while slow.end is None:
        response = slow.ev(ac_parameters()) or slow.wait(1.2)
    assert response.ResponseCode == "FAILED"


def test_the_contactor_takes_its_time() -> None:
    p = at(S.READY_AC, ac=AcSupply(contactor_seconds=2.5))
    assert p.ev(power("Start")) is None
    assert p.wait(2.4) is None
    assert p.wait(0.1).ResponseCode == "OK"


def without_state_c(state: S, **changes: Any) -> Playbook:
    """A vehicle that has got to ``state`` and signals state B on the control pilot."""
    p = at(state, **changes)
    p.power.vehicle_ready = lambda: False
    return p


def test_the_contactor_waits_for_state_c() -> None:
    """The vehicle has 250 ms for it (V2G2-847), the contactor 3 s from then on (V2G2-860)."""
    for delay, told in ((0.2, 0), (1.0, 1)):
        p = without_state_c(S.READY_AC, ac=AcSupply(contactor_seconds=2.5))
        assert p.ev(power("Start")) is None
        assert p.wait(delay) is None
        p.power.vehicle_ready = lambda: True
        assert p.answer(True) is None
        assert p.wait(2.4) is None and p.wait(0.1).ResponseCode == "OK"
        said = [e for e in p.events if isinstance(e, trace.Tolerated) and "state C" in e.what]
        assert len(said) == told and all(e.clause == "V2G2-847" for e in said)


def test_a_vehicle_that_never_signals_state_c_gets_no_power() -> None:
    p = without_state_c(S.READY_AC)
    assert p.ev(power("Start")) is None
    assert p.wait(1.3) is None
    assert p.wait(0.2).ResponseCode == "FAILED_PowerDeliveryNotApplied"
    assert p.end is not None and p.power.watts == 0
    assert not p.power.contactor_closed(p.now + 10)


def test_the_cable_is_not_checked_without_state_c() -> None:
    p = without_state_c(S.READY_DC)
    assert p.ev(cable()).ResponseCode == "FAILED"
    assert p.end is not None


def test_a_session_is_due_18_s_after_the_plug_however_late_the_vehicle_connects() -> None:
    p = Playbook(set_up_by=T0 + 3)
    p.wait(2.9)
    assert p.end is None
    p.wait(0.2)
    assert p.end is not None and "within 18 s of being plugged in" in p.end.reason


def test_the_isolation_test_takes_its_time() -> None:
    p = at(S.READY_DC, dc=DcSupply(isolation_seconds=2))
    p.ev(cable())
    ongoing = p.wait(1.2)
    assert ongoing.EVSEProcessing == "Ongoing"
    assert ongoing.DC_EVSEStatus.EVSEStatusCode == "EVSE_IsolationMonitoringActive"
    p.ev(cable())
    assert p.wait(0.8).EVSEProcessing == "Finished"
    slow = at(S.READY_DC, dc=DcSupply(isolation_seconds=600))
    began = slow.now
    while slow.end is None:
        response = slow.ev(cable()) or slow.wait(1.2)
    assert response.ResponseCode == "FAILED"
    assert began + 38 <= slow.now < began + 41


def test_the_voltage_ramps() -> None:
    p = at(S.CABLE_CHECKED, dc=DcSupply(isolation_seconds=1, volts_per_second=400))
    p.ev(precharge(400))
    assert iso2.amount(p.wait(0.5).EVSEPresentVoltage) == 200
    p.ev(precharge(400))
    assert iso2.amount(p.wait(0.5).EVSEPresentVoltage) == 400
    assert p.ev(precharge(400)) is not None, "once there, the answer comes at once"


def test_no_clock_no_times() -> None:
    p = Playbook(config(has_clock=False))
    p.ev(hello())
    assert p.ev(setup()).EVSETimeStamp is None
    q = at(S.LOOP_AC, has_clock=False)
    assert q.ev(iso2.ChargingStatusReq()).MeterInfo.TMeter is None


def test_meter_samples_are_throttled() -> None:
    p = at(S.LOOP_AC)
    for _ in range(5):
        p.engine.session.loops = 0
        p.ev(iso2.ChargingStatusReq())
        p.now += 0.5
    assert len(p.seen(trace.Power)) == 3
