"""A station that calls the charge off, or reports a fault, is heeded in every response that says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ev_playbook as sn
import pytest
from ev_playbook import NOW, Playbook, vehicle

from pncsim.ev.config import DcLimits
from pncsim.wire.session.sequence import Row
from pncsim.wire.trace import Power
from pncsim.wire.v2g import iso2
from pncsim.wire.values import replace

DC: dict[str, Any] = {"energy_modes": ("DC_extended",)}
_A, _V, _W = (iso2.UnitSymbolType[unit] for unit in ("A", "V", "W"))

Status = dict[str, Any]
CALLS: dict[str, tuple[Status, str]] = {
    "StopCharging": ({"notification": "StopCharging"}, "asked to stop"),
    "EVSE_Shutdown": ({"code": "EVSE_Shutdown"}, "EVSE_Shutdown"),
    "EVSE_UtilityInterruptEvent": ({"code": "EVSE_UtilityInterruptEvent"}, "EVSE_UtilityInterruptEvent"),
    "EVSE_Malfunction": ({"code": "EVSE_Malfunction"}, "EVSE_Malfunction"),
    "EVSE_EmergencyShutdown": ({"code": "EVSE_EmergencyShutdown"}, "EVSE_EmergencyShutdown"),
}
"""What a DC station may say of itself, and what the vehicle's error has to name."""
AC_CALLS: dict[str, tuple[Status, str]] = {
    "StopCharging": ({"notification": "StopCharging"}, "asked to stop"),
    "RCD": ({"rcd": True}, "residual current"),
}


def parameters(dc: bool, processing: str = "Finished", **status: Any) -> Any:
    res = sn.parameters(dc=dc)
    if dc:
        res.EVSEChargeParameter.DC_EVSEStatus = sn.dc_status(**{"code": "EVSE_NotReady", **status})
    else:
        res.EVSEChargeParameter.AC_EVSEStatus = sn.ac_status(**status)
    if processing != "Finished":
        res.EVSEProcessing, res.SASchedules = iso2.EVSEProcessingType(processing), None
    return res


def delivered(dc: bool, **status: Any) -> iso2.PowerDeliveryRes:
    return replace(sn.delivered(dc), EVSEStatus=sn.dc_status(**status) if dc else sn.ac_status(**status))


def before(direct: bool, **wishes: Any) -> Playbook:
    """An authorized vehicle that has asked for the station's parameters."""
    play = Playbook(vehicle(**(DC if direct else {}), **wishes))
    sn.to_services(play)
    modes = ("DC_extended",) if direct else ()
    play.until(sn.services(*modes, payment=("ExternalPayment",)), sn.selected(), sn.authorized())
    return play


def ended(play: Playbook, named: str) -> None:
    """The session is over, no energy flowed and the error names what the station said."""
    assert play.close is not None
    assert not play.engine.outcome.ok
    assert play.engine.outcome.energy_wh == 0
    assert named in play.error.sentence
    assert not {"ChargingStatusReq", "CurrentDemandReq"} & set(play.names)


def stops_in_order(play: Playbook, dc: bool) -> None:
    """PowerDelivery(Stop), then a SessionStop, as from the loop."""
    assert play.request.ChargeProgress == iso2.ChargeProgressType.Stop
    assert play.request.ChargingProfile is None
    play.hear(sn.delivered(dc))
    if dc:
        play.hear(sn.welding(0))
    play.hear(sn.stopped())


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("processing", ["Finished", "Ongoing"])
def test_a_dc_charge_called_off_in_the_parameters_gets_no_further_than_these(call: str, processing: str) -> None:
    status, named = CALLS[call]
    play = before(True)
    play.hear(parameters(True, processing, **status))
    ended(play, named)
    assert play.names[-1] == "ChargeParameterDiscoveryReq", "no message may follow that the table does not have"


@pytest.mark.parametrize("call", AC_CALLS)
def test_an_ac_charge_called_off_in_the_parameters_stops_in_order(call: str) -> None:
    status, named = AC_CALLS[call]
    play = before(False)
    play.hear(parameters(False, **status))
    stops_in_order(play, dc=False)
    ended(play, named)


@pytest.mark.parametrize("call", AC_CALLS)
def test_an_ac_charge_called_off_while_the_station_plans_is_left(call: str) -> None:
    status, named = AC_CALLS[call]
    play = before(False)
    play.hear(parameters(False, "Ongoing", **status))
    ended(play, named)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("processing", ["Finished", "Ongoing"])
def test_a_charge_called_off_in_the_cable_check_is_left(call: str, processing: str) -> None:
    status, named = CALLS[call]
    play = before(True)
    play.until(sn.parameters(dc=True), sn.cable_checked(processing, **status))
    ended(play, named)
    assert play.names[-1] == "CableCheckReq"


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("volts", [20.0, 368.0])
def test_a_charge_called_off_in_the_pre_charge_stops_in_order(call: str, volts: float) -> None:
    status, named = CALLS[call]
    play = before(True)
    play.until(sn.parameters(dc=True), sn.cable_checked(), sn.pre_charged(volts, **status))
    assert play.engine.phase is None, "the seven seconds of the pre-charge are over"
    stops_in_order(play, dc=True)
    ended(play, named)


@pytest.mark.parametrize(
    ("dc", "call"), [(True, call) for call in CALLS] + [(False, call) for call in AC_CALLS], ids=str
)
def test_a_charge_called_off_when_power_was_to_be_switched_on_stops_in_order(dc: bool, call: str) -> None:
    status, named = (CALLS if dc else AC_CALLS)[call]
    play = before(dc)
    play.hear(sn.parameters(dc=dc))
    if dc:
        play.until(sn.cable_checked(), sn.pre_charged(play.vehicle.battery.voltage))
    play.hear(delivered(dc, **status))
    stops_in_order(play, dc)
    ended(play, named)


def renegotiating(direct: bool, **wishes: Any) -> Playbook:
    """A vehicle that has charged and now negotiates anew: its PowerDelivery(Renegotiate) is not answered yet."""
    play = before(direct, renegotiate_after_loops=2, **wishes)
    play.hear(sn.parameters(dc=direct))
    if direct:
        play.until(sn.cable_checked(), sn.pre_charged(play.vehicle.battery.voltage))
    loop: Callable[[], Any] = (lambda: sn.current(400, 50)) if direct else sn.charging
    play.until(sn.delivered(direct), loop(), loop())
    assert play.request.ChargeProgress == iso2.ChargeProgressType.Renegotiate
    return play


@pytest.mark.parametrize("where", ["PowerDeliveryRes", "ChargeParameterDiscoveryRes"])
@pytest.mark.parametrize(("dc", "short"), [(False, False), (True, True)], ids=["AC", "DC"])
def test_a_stop_asked_for_while_the_schedule_is_renewed_ends_the_charge_in_order(
    where: str, dc: bool, short: bool
) -> None:
    play = renegotiating(dc, dc=DcLimits(short_renegotiation=short))
    stop = {"notification": "StopCharging"}
    said: Status = stop if where == "PowerDeliveryRes" else {}
    assert isinstance(play.hear(delivered(dc, **said)), iso2.ChargeParameterDiscoveryReq), "nothing else may follow"
    play.hear(parameters(dc, **({} if said else stop)))
    stops_in_order(play, dc)
    assert play.error is None
    assert play.engine.outcome.ok
    assert play.engine.outcome.reason == "the station asked to stop"
    assert play.engine.outcome.energy_wh > 0


def test_a_stop_asked_for_before_a_new_cable_check_is_followed_without_a_word_out_of_sequence() -> None:
    play = renegotiating(True)
    play.until(sn.delivered(True), parameters(True, notification="StopCharging"))
    assert play.close is not None
    assert play.engine.outcome.ok
    assert play.names[-1] == "ChargeParameterDiscoveryReq"


def test_a_station_that_merely_is_not_ready_yet_is_not_taken_for_one_that_stops() -> None:
    play = before(True)
    play.hear(parameters(True, code="EVSE_NotReady", notification="ReNegotiation"))
    assert isinstance(play.request, iso2.CableCheckReq)
    play.hear(sn.cable_checked("Ongoing", code="EVSE_IsolationMonitoringActive"))
    play.until(sn.cable_checked(), sn.pre_charged(play.vehicle.battery.voltage, notification="ReNegotiation"))
    assert isinstance(play.hear(sn.delivered(dc=True)), iso2.CurrentDemandReq)
    assert play.engine.outcome.renegotiations == 0


def test_a_row_for_being_called_off_is_where_the_stations_table_lets_power_delivery_come() -> None:
    from pncsim.wire.v2g.iso2.evcc_sequence import EVCC_SEQUENCE

    rows = {row.state: row for row in EVCC_SEQUENCE if row.event == "called off"}
    assert set(rows) == {"ChargeParameterDiscoveryRes", "PreChargeRes", "PowerDeliveryRes"}
    assert all(isinstance(row, Row) and row.outcomes == ("PowerDeliveryReq(Stop)",) for row in rows.values())


def asked(play: Playbook) -> tuple[float, float]:
    request = play.request
    return iso2.amount(request.EVTargetVoltage), iso2.amount(request.EVTargetCurrent)


@pytest.mark.parametrize(
    ("limit", "value", "holds"),
    [
        ("EVSEMaximumCurrentLimit", iso2.physical(20, _A), lambda volts, amperes: amperes == 20),
        ("EVSEMaximumPowerLimit", iso2.physical(8_000, _W), lambda volts, amperes: 7_900 < volts * amperes <= 8_001),
        ("EVSEMaximumVoltageLimit", iso2.physical(380, _V), lambda volts, amperes: volts == 380),
    ],
    ids=["current", "power", "voltage"],
)
def test_a_limit_announced_in_the_loop_is_followed_from_the_next_request_on(
    limit: str, value: iso2.PhysicalValueType, holds: Callable[[float, float], bool]
) -> None:
    play = Playbook(vehicle(**DC))
    sn.to_charging_dc(play)
    before = asked(play)
    assert not holds(*before)
    play.hear(replace(sn.current(400, 50), **{limit: value}))
    assert holds(*asked(play))
    play.hear(sn.current(380, 20))
    assert holds(*asked(play)), "what is not said again still holds"
    play.hear(
        replace(
            sn.current(380, 20),
            EVSEMaximumCurrentLimit=iso2.physical(200, _A),
            EVSEMaximumPowerLimit=iso2.physical(50_000, _W),
            EVSEMaximumVoltageLimit=iso2.physical(500, _V),
        )
    )
    assert asked(play) == before, "a limit may rise again"


def test_schedules_that_end_again_and_again_without_energy_end_the_charge_with_a_sentence() -> None:
    play = before(False, max_renegotiations=3, idle_limit=1e6)
    offered = sn.pmax((0, 0))
    offered.PMaxSchedule.PMaxScheduleEntry[0].TimeInterval = iso2.RelativeTimeIntervalType(start=0, duration=60)
    while not play.close:
        request = play.request
        if isinstance(request, iso2.ChargeParameterDiscoveryReq):
            play.hear(sn.parameters(offered))
        elif isinstance(request, iso2.PowerDeliveryReq):
            play.hear(sn.delivered())
        else:
            play.hear(sn.charging() if isinstance(request, iso2.ChargingStatusReq) else sn.stopped())
    assert play.engine.outcome.renegotiations == 3
    assert "ended 3 times in a row before energy had flowed" in play.error.sentence
    assert play.now < NOW + 240


def test_a_vehicle_comes_down_with_the_schedule_before_the_station_has_answered() -> None:
    """A slow answer is no reason to draw more than PMax meanwhile."""
    play = before(False, loop_interval=40.0)
    play.until(sn.parameters(sn.pmax((0, 11_000), (20, 5_000))), sn.delivered(), sn.charging())
    play.hear(sn.charging(), after=1.9)
    first, second = play.of(Power)
    assert first.watts == pytest.approx(11_000)
    at_first = 11_000 * (20 - 0.02)
    assert second.energy_wh == pytest.approx((at_first + 5_000 * 1.9) / 3600, rel=1e-3)
