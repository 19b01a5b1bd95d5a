"""DC: cable check, pre-charge, the charging loop and welding detection (8.4.5)."""

from __future__ import annotations

from pncsim.secc.iso2.loop import loop_turn, receipt_required
from pncsim.secc.iso2.session import Iso2StationSession
from pncsim.wire.errors import PeerError
from pncsim.wire.session.responder import Handling, Reply, Until
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g.iso2.secc_sequence import State
from pncsim.wire.v2g.iso2.timing import SECC_CABLE_CHECK

_OK = iso2.ResponseCodeType.OK
_V, _A, _W = iso2.UnitSymbolType.V, iso2.UnitSymbolType.A, iso2.UnitSymbolType.W
_Isolation = iso2.IsolationLevelType
_HOLD = 0.5  # s a PreChargeRes or WeldingDetectionRes waits for the voltage
SAFE_VOLTAGE = 60.0
"""Below this the output counts as dead."""


def _heed(s: Iso2StationSession, status: iso2.DC_EVStatusType) -> None:
    """Note the vehicle's state of charge and what it complains about; no code obliges the station to fail."""
    s.soc = status.EVRESSSOC
    if status.EVErrorCode != iso2.DC_EVErrorCodeType.NO_ERROR:
        s.voice.problem(PeerError(f"The vehicle reports {status.EVErrorCode}."))


def cable_check(s: Iso2StationSession, request: iso2.CableCheckReq) -> Handling:
    """Test the isolation; Ongoing until that is done."""
    _heed(s, request.DC_EVStatus)
    dc = s.config.dc
    if not s.power.vehicle_ready():
        raise PeerError(
            "The vehicle asked for the cable check without signalling state C or D.",
            clause="IEC 61851-23",
            advice="Look at the vehicle's switch on the control pilot.",
        )
    if s.isolation_until is None:
        s.stop_charging("the cable is checked again")
        s.isolation = _Isolation.Invalid
        s.isolation_until = s.talk.now + dc.isolation_seconds
        s.ongoing_since = s.talk.now
    if s.talk.now < s.isolation_until:
        yield Until(min(s.isolation_until, s.talk.now + s.config.poll_seconds))
    if s.talk.now < s.isolation_until:
        limit = SECC_CABLE_CHECK if s.config.ongoing_seconds is None else s.config.ongoing_seconds
        if s.ongoing_too_long(limit):
            raise PeerError(
                f"The station's isolation test has not ended within {limit:g} s.",
                clause="Table 111, V2G_SECC_CableCheck_Performance_Time",
            )
        status = s.dc_status(iso2.DC_EVSEStatusCodeType.EVSE_IsolationMonitoringActive)
        ongoing = iso2.EVSEProcessingType.Ongoing
        return Reply(
            iso2.CableCheckRes(ResponseCode=_OK, DC_EVSEStatus=status, EVSEProcessing=ongoing), State.CABLE_CHECK
        )
    s.isolation_until = s.ongoing_since = None
    s.isolation = _Isolation(dc.isolation)
    if not s.isolation_valid:
        raise PeerError(f"The isolation test has ended with {s.isolation}.", kind="isolation")
    return Reply(
        iso2.CableCheckRes(
            ResponseCode=_OK, DC_EVSEStatus=s.dc_status(), EVSEProcessing=iso2.EVSEProcessingType.Finished
        ),
        State.CABLE_CHECKED,
    )


def pre_charge(s: Iso2StationSession, request: iso2.PreChargeReq) -> Handling:
    """Bring the output to the vehicle's battery voltage."""
    _heed(s, request.DC_EVStatus)
    dc = s.config.dc
    target = given(iso2.amount(request.EVTargetVoltage), dc.min_voltage, min(dc.max_voltage, s.most_volts))
    if s.pre_charging_since is None:
        s.pre_charging_since = s.talk.now
    there = s.power.ramp(target, dc.volts_per_second, s.talk.now)
    if s.talk.now < there:
        yield Until(min(there, s.talk.now + _HOLD))
    return Reply(
        iso2.PreChargeRes(ResponseCode=_OK, DC_EVSEStatus=s.dc_status(), EVSEPresentVoltage=_output(s)),
        State.PRE_CHARGE,
    )


def current_demand(s: Iso2StationSession, request: iso2.CurrentDemandReq) -> Reply:
    """Give what the vehicle asks within the EVSE's limits, and say which of them it meets."""
    _heed(s, request.DC_EVStatus)
    loop_turn(s)
    schedule = s.schedule
    assert schedule is not None
    dc = s.config.dc
    _heed_limits(s, request)
    wanted_volts = max(iso2.amount(request.EVTargetVoltage), 0.0)
    wanted_amperes = max(iso2.amount(request.EVTargetCurrent), 0.0)
    max_watts = min(dc.max_power, schedule.watts(s.talk.now))
    watts = max_watts if s.most_watts is None else min(max_watts, s.most_watts)
    volts = given(wanted_volts, dc.min_voltage, min(dc.max_voltage, s.most_volts))
    amperes = (
        given(wanted_amperes, dc.min_current, min(dc.max_current, s.most_amperes, watts / volts)) if volts else 0.0
    )
    s.power.hold(volts, s.talk.now)
    s.power.flow(volts * amperes, volts, amperes, s.talk.now)
    s.sample()
    meter = s.meter_info()
    receipt = receipt_required(s, meter)
    physical = iso2.physical
    return Reply(
        iso2.CurrentDemandRes(
            ResponseCode=_OK,
            DC_EVSEStatus=s.dc_status(loop=True),
            EVSEPresentVoltage=physical(volts, _V),
            EVSEPresentCurrent=physical(amperes, _A),
            EVSECurrentLimitAchieved=wanted_amperes >= dc.max_current,
            EVSEVoltageLimitAchieved=wanted_volts >= dc.max_voltage,
            EVSEPowerLimitAchieved=wanted_volts * wanted_amperes >= max_watts,
            EVSEMaximumVoltageLimit=physical(dc.max_voltage, _V),
            EVSEMaximumCurrentLimit=physical(dc.max_current, _A),
            EVSEMaximumPowerLimit=physical(max_watts, _W),
            EVSEID=s.config.evse_id,
            SAScheduleTupleID=schedule.tuple_id,
            MeterInfo=meter,
            ReceiptRequired=receipt if s.is_contract else None,
        ),
        State.RECEIPT_DC if receipt else State.LOOP_DC,
    )


def given(wanted: float, least: float, most: float) -> float:
    """Volts or amperes of an output asked for ``wanted``: never more than ``most``, and nothing below ``least``.

    It cannot give less than its lower limit, and what a vehicle has not asked for it does not get.
    """
    held = min(wanted, most)
    return held if held >= least else 0.0


def _heed_limits(s: Iso2StationSession, request: iso2.CurrentDemandReq) -> None:
    """The vehicle's limits may change from one request to the next."""
    volts, amperes, watts = request.EVMaximumVoltageLimit, request.EVMaximumCurrentLimit, request.EVMaximumPowerLimit
    if volts is not None:
        s.most_volts = iso2.amount(volts)
    if amperes is not None:
        s.most_amperes = iso2.amount(amperes)
    if watts is not None:
        s.most_watts = iso2.amount(watts) or None


def welding_detection(s: Iso2StationSession, request: iso2.WeldingDetectionReq) -> Handling:
    """Show the falling voltage, so that the vehicle can see that its contactors are open."""
    _heed(s, request.DC_EVStatus)
    check_state_b(s, "WeldingDetectionReq")
    there = s.power.ramp(0.0, s.config.dc.volts_per_second, s.talk.now)
    if s.power.output(s.talk.now) > SAFE_VOLTAGE:
        yield Until(min(there, s.talk.now + _HOLD))
    return Reply(
        iso2.WeldingDetectionRes(ResponseCode=_OK, DC_EVSEStatus=s.dc_status(), EVSEPresentVoltage=_output(s)),
        State.WELDING,
    )


def check_state_b(s: Iso2StationSession, name: str) -> None:
    """After PowerDelivery(Stop) the vehicle's switch is open (V2G2-848). Raises PeerError where it is seen closed."""
    if s.state in (State.STOPPED_DC, State.WELDING) and s.power.seen_ready():
        raise PeerError(
            f"The vehicle sent {name} and still signals state C or D on the control pilot.",
            clause="V2G2-848, ISO 15118-4 SECC_DC SessionStop_006, WeldingDetection_005",
            advice="It has to open its switch before PowerDeliveryReq(Stop).",
        )


def _output(s: Iso2StationSession) -> iso2.PhysicalValueType:
    return iso2.physical(round(s.power.output(s.talk.now), 1), _V)
