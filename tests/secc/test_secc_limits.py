"""What the EVSE gives never leaves what it has announced, nor what the vehicle has."""

from __future__ import annotations

from typing import Any

import pytest
from secc_paths import at
from secc_playbook import A, Playbook, V, W, cable, dc_parameters, demand, power, precharge, stop

from pncsim.secc.config import AcSupply, DcSupply
from pncsim.secc.iso2.charging_dc import given
from pncsim.secc.notices import ChargingStopped, SessionEnded
from pncsim.secc.power import EvsePower
from pncsim.wire.gate import STRICT
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g.iso2.secc_sequence import State as S

EVSE = DcSupply(min_voltage=200, max_voltage=500, min_current=2, max_current=100, max_power=30_000, isolation_seconds=1)


def test_a_meter_never_runs_backwards() -> None:
    meter = EvsePower(register_wh=10.0)
    meter.flow(-7_200, 230, -31.3, 0.0)
    assert (meter.reading(3600), meter.watts, meter.amperes) == (10, 0, 0)


@pytest.mark.parametrize(("wanted", "gives"), [(-5, 0), (0, 0), (1.9, 0), (2, 2), (50, 50), (100, 100), (100.1, 100)])
def test_an_output_gives_what_is_wanted_within_its_limits_or_nothing(wanted: float, gives: float) -> None:
    assert given(wanted, 2, 100) == gives


def test_an_output_whose_limits_leave_nothing_gives_nothing() -> None:
    assert given(50, 2, 1) == 0


def dc_loop(volts: float = 450, amperes: float = 90, **changes: Any) -> Playbook:
    """A vehicle with these limits, charging at an EVSE that can give 200 to 500 V and 2 to 100 A."""
    p = at(S.AUTHORIZED, dc=EVSE, **changes)
    p.ev(dc_parameters(volts=volts, amperes=amperes))
    p.ev(cable())
    p.wait(2)
    p.ev(precharge(400))
    p.wait(0.5)
    assert p.ev(power("Start")).ResponseCode == "OK"
    return p


@pytest.mark.parametrize(
    ("asked", "flows"),
    [
        ((400, 50), (400, 50)),
        ((400, 80), (400, 75)),
        ((460, 10), (450, 10)),
        ((250, 95), (250, 90)),
        ((600, 200), (450, 30_000 / 450)),
        ((199, 50), (0, 0)),
        ((0, 50), (0, 0)),
        ((-400, -50), (0, 0)),
        ((400, 1.9), (400, 0)),
        ((400, -10), (400, 0)),
    ],
)
def test_the_dc_output_stays_within_both_sides_limits(asked: tuple[float, float], flows: tuple[float, float]) -> None:
    p = dc_loop()
    response = p.ev(demand(*asked))
    assert (p.power.volts, p.power.amperes) == pytest.approx(flows)
    assert p.power.watts <= iso2.amount(response.EVSEMaximumPowerLimit) + 1e-6
    assert iso2.amount(response.EVSEPresentVoltage) == pytest.approx(flows[0])


def test_the_output_follows_limits_the_vehicle_lowers_in_the_loop() -> None:
    p = dc_loop()
    request = demand(400, 50)
    request.EVMaximumVoltageLimit = iso2.physical(390, V)
    request.EVMaximumCurrentLimit = iso2.physical(40, A)
    p.ev(request)
    assert (p.power.volts, p.power.amperes) == (390, 40)
    request.EVMaximumPowerLimit = iso2.physical(7_800, W)
    p.ev(request)
    assert (p.power.volts, p.power.amperes) == (390, 20)


def test_a_power_limit_of_nothing_says_nothing() -> None:
    p = dc_loop()
    request = demand(400, 50)
    request.EVMaximumPowerLimit = iso2.physical(0, W)
    p.ev(request)
    assert p.power.amperes == 50


def test_the_output_follows_a_schedule_that_steps_down() -> None:
    p = dc_loop(schedule=((0, 20_000.0), (60, 4_000.0)))
    p.ev(demand(400, 60))
    assert p.power.watts == pytest.approx(20_000)
    p.now += 59
    response = p.ev(demand(400, 60))
    assert p.power.watts == pytest.approx(4_000) == iso2.amount(response.EVSEMaximumPowerLimit)


@pytest.mark.parametrize(("asked", "volts"), [(400, 400), (449.5, 449.5), (700, 450), (199, 0), (-400, 0)])
def test_pre_charge_stays_within_both_sides_limits(asked: float, volts: float) -> None:
    p = at(S.AUTHORIZED, dc=EVSE)
    p.ev(dc_parameters(volts=450))
    p.ev(cable())
    p.wait(2)
    p.ev(precharge(asked))
    p.wait(2)
    response = p.ev(precharge(asked))
    assert iso2.amount(response.EVSEPresentVoltage) == volts == p.power.output(p.now)


@pytest.mark.parametrize(
    ("ends_with", "level", "code"),
    [("Fault", "Fault", "EVSE_Malfunction"), ("Invalid", "Invalid", "EVSE_NotReady")],
)
def test_a_failed_isolation_test_is_answered_with_its_result(ends_with: Any, level: str, code: str) -> None:
    p = at(S.READY_DC, dc=DcSupply(isolation=ends_with, isolation_seconds=1))
    p.ev(cable())
    response = p.wait(1)
    assert response.ResponseCode == "FAILED" and response.EVSEProcessing == "Finished"
    assert (response.DC_EVSEStatus.EVSEIsolationStatus, response.DC_EVSEStatus.EVSEStatusCode) == (level, code)


def test_an_isolation_warning_lets_power_flow() -> None:
    p = at(S.READY_DC, dc=DcSupply(isolation="Warning", isolation_seconds=1))
    p.ev(cable())
    checked = p.wait(1)
    assert checked.DC_EVSEStatus.EVSEIsolationStatus == "Warning"
    assert checked.DC_EVSEStatus.EVSEStatusCode == "EVSE_Ready"


def test_a_tripped_rcd_is_announced_and_refuses_to_start() -> None:
    p = at(S.READY_AC, ac=AcSupply(rcd=True))
    response = p.ev(power("Start"))
    assert response.ResponseCode == "FAILED_PowerDeliveryNotApplied" and response.EVSEStatus.RCD
    assert not p.power.contactor_closed(p.now + 10)


@pytest.mark.parametrize("state", [S.LOOP_AC, S.RECEIPT_AC], ids=lambda s: s.name)
def test_a_session_stop_straight_out_of_the_ac_loop_opens_the_contactor(state: S) -> None:
    """VW ID.3 and ID.4 end so."""
    p = at(state)
    if state is S.LOOP_AC:
        p.ev(iso2.ChargingStatusReq())
    assert p.power.watts > 0
    assert p.ev(stop()).ResponseCode == "OK"
    assert p.power.watts == 0 and not p.power.contactor_closed(p.now + 1)
    assert [type(notice) for notice in p.notices[-2:]] == [ChargingStopped, SessionEnded]
    assert p.notices[-1].kind == "ended"
    assert "before PowerDelivery(Stop)" in p.liberties
    assert at(state, refuses=STRICT).ev(stop()).ResponseCode == "FAILED_SequenceError"


def test_a_pause_straight_out_of_the_ac_loop_is_refused() -> None:
    p = at(S.LOOP_AC)
    assert p.ev(stop("Pause")).ResponseCode == "FAILED"
    assert not p.engine.config.paused and p.power.watts == 0
