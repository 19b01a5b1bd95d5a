"""Requests that more than one step sends, and the wishes behind them in W and Wh."""

from __future__ import annotations

from pncsim.ev.iso2.schedule import profile
from pncsim.ev.iso2.session import Iso2VehicleSession
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g.iso2 import timing

PRECHARGE_AMPERES = 2.0
ENOUGH_WH = 0.05
"""Less than this is not worth another loop."""

_READY = iso2.DC_EVErrorCodeType.NO_ERROR
_A, _V, _S, _W = (iso2.UnitSymbolType[unit] for unit in ("A", "V", "s", "W"))


def ev_status(s: Iso2VehicleSession) -> iso2.DC_EVStatusType:
    """The vehicle's DC status: ready, no error, state of charge."""
    return iso2.DC_EVStatusType(EVReady=True, EVErrorCode=_READY, EVRESSSOC=int(s.vehicle.battery.soc))


def wanted_energy(s: Iso2VehicleSession) -> float:
    """Wh still wanted: what the battery lacks to its target, at most what is left of the driver's wish."""
    room = s.vehicle.battery.room
    return room if s.energy_left is None else min(room, max(0.0, s.energy_left))


def enough(s: Iso2VehicleSession, wanted: float) -> bool:
    """Whether battery or driver have got what they wanted, with so many Wh still wanted."""
    return wanted <= ENOUGH_WH or s.vehicle.battery.acceptance == 0


def power_wish(s: Iso2VehicleSession) -> float:
    """W the vehicle would take now if the station had no limits."""
    if s.is_dc:
        return min(s.vehicle.config.dc.max_power, s.vehicle.battery.acceptance)
    return min(s.ac_voltage * s.phases * s.vehicle.config.ac.max_current, s.vehicle.battery.acceptance)


def least_power(s: Iso2VehicleSession) -> float:
    """W below which the vehicle takes nothing at all: an on-board charger has a least current, a battery has none."""
    return 0.0 if s.is_dc else s.ac_voltage * s.phases * s.vehicle.config.ac.min_current


def power_delivery(s: Iso2VehicleSession, progress: iso2.ChargeProgressType) -> iso2.PowerDeliveryReq:
    """PowerDeliveryReq; at the start it carries the charging profile within the chosen schedule (V2G2-224)."""
    assert s.schedule is not None
    s.settle()
    s.flow = 0.0
    s.progress = progress
    starting = progress == iso2.ChargeProgressType.Start
    if progress != iso2.ChargeProgressType.Renegotiate:
        s.switch(ready=starting)
    return iso2.PowerDeliveryReq(
        ChargeProgress=progress,
        SAScheduleTupleID=s.schedule.tuple_id,
        ChargingProfile=profile(s.schedule, power_wish(s)) if starting else None,
        EVPowerDeliveryParameter=iso2.DC_EVPowerDeliveryParameterType(
            DC_EVStatus=ev_status(s),
            BulkChargingComplete=s.vehicle.battery.soc >= s.vehicle.battery.taper_from,
            ChargingComplete=progress == iso2.ChargeProgressType.Stop,
        )
        if s.is_dc
        else None,
    )


def cable_check(s: Iso2VehicleSession) -> iso2.CableCheckReq:
    """CableCheckReq; the first one starts the 40 s for the whole check."""
    s.begin_phase(
        "cable check",
        timing.EVCC_CABLE_CHECK,
        "Table 111",
        "Look at the station's isolation monitor.",
        performance=timing.SECC_CABLE_CHECK,
    )
    s.switch(ready=True)
    return iso2.CableCheckReq(DC_EVStatus=ev_status(s))


def pre_charge_request(s: Iso2VehicleSession) -> iso2.PreChargeReq:
    """PreChargeReq; the first one starts the 7 s for the whole pre-charge."""
    s.begin_phase(
        "pre-charge",
        timing.EVCC_PRE_CHARGE,
        "V2G2-704",
        "Look at the station's output voltage.",
        performance=timing.SECC_PRE_CHARGE,
    )
    return iso2.PreChargeReq(
        DC_EVStatus=ev_status(s),
        EVTargetVoltage=iso2.physical(round(s.vehicle.battery.voltage, 1), _V),
        EVTargetCurrent=iso2.physical(PRECHARGE_AMPERES, _A),
    )


def current_demand(s: Iso2VehicleSession) -> iso2.CurrentDemandReq:
    """The next set point: as much as battery, schedule and both sides' limits allow."""
    assert s.schedule is not None
    dc, battery = s.vehicle.config.dc, s.vehicle.battery
    volts, amperes, watts = s.dc_limits
    target = max(1.0, min(battery.full_voltage, dc.max_voltage, volts))
    power = min(power_wish(s), s.schedule.limit(s.talk.now), watts)
    wanted = wanted_energy(s)
    done = enough(s, wanted)
    current = max(0.0, min(power / target, dc.max_current, amperes)) if not done else 0.0
    remaining = wanted / s.flow * 3600 if s.flow > 0 else None
    return iso2.CurrentDemandReq(
        DC_EVStatus=ev_status(s),
        EVTargetCurrent=iso2.physical(current, _A),
        EVMaximumVoltageLimit=iso2.physical(dc.max_voltage, _V),
        EVMaximumCurrentLimit=iso2.physical(dc.max_current, _A),
        EVMaximumPowerLimit=iso2.physical(dc.max_power, _W),
        BulkChargingComplete=battery.soc >= battery.taper_from,
        ChargingComplete=done,
        RemainingTimeToFullSoC=None if remaining is None else iso2.physical(min(remaining, 86400.0), _S),
        EVTargetVoltage=iso2.physical(target, _V),
    )


def loop_request(s: Iso2VehicleSession) -> iso2.ChargingStatusReq | iso2.CurrentDemandReq:
    """The charging loop's request in the chosen mode."""
    s.outcome.loops += 1
    return current_demand(s) if s.is_dc else iso2.ChargingStatusReq()


def welding_request(s: Iso2VehicleSession) -> iso2.WeldingDetectionReq:
    """WeldingDetectionReq."""
    return iso2.WeldingDetectionReq(DC_EVStatus=ev_status(s))
