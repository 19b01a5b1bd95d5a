"""DC charging: cable check, pre-charge, current demand, welding detection (8.4.5)."""

from __future__ import annotations

from pncsim.ev.iso2.ending import give_up, hang_up, stop_in_order, stop_request
from pncsim.ev.iso2.loop import after_response, note_meter, note_wishes
from pncsim.ev.iso2.requests import cable_check, power_delivery, pre_charge_request, welding_request
from pncsim.ev.iso2.session import Iso2VehicleSession
from pncsim.ev.iso2.station_status import called_off
from pncsim.wire.errors import PeerError
from pncsim.wire.exi.beyond import Unlisted
from pncsim.wire.gate import Tolerance
from pncsim.wire.session.initiator import Decision, Later, Say
from pncsim.wire.session.outputs import PassTime
from pncsim.wire.v2g import iso2

SAFE_VOLTS = 60.0
"""Below this a DC output counts as without voltage (IEC 61851-23)."""
MAX_WELDINGS = 20


def cable_check_done(s: Iso2VehicleSession, res: iso2.CableCheckRes) -> Decision:
    """Repeat until the station finished its isolation test, then look at the result."""
    if called_off(s, res.DC_EVSEStatus):
        return hang_up(s)
    if res.EVSEProcessing != iso2.EVSEProcessingType.Finished:
        return Later(PassTime(s.vehicle.config.poll_interval), lambda s, _: Say("ongoing", cable_check(s)))
    s.end_phase()
    levels, found = iso2.IsolationLevelType, res.DC_EVSEStatus.EVSEIsolationStatus
    if found in (levels.Invalid, levels.Fault) or isinstance(found, Unlisted):
        return give_up(
            s,
            PeerError(
                f"The station finished the cable check with isolation {found}.",
                advice="Look at cable, coupler and isolation monitor; only Valid may be charged with.",
            ),
            "station not fit",
        )
    if found != levels.Valid:
        s.tolerate(
            Tolerance.ISOLATION_UNSURE(
                f"The station finished the cable check with isolation {found or 'not given'} instead of Valid."
            )
        )
    if res.DC_EVSEStatus.EVSEStatusCode != iso2.DC_EVSEStatusCodeType.EVSE_Ready:
        s.tolerate(
            Tolerance.ISOLATION_UNSURE(
                f"The station finished the cable check with {res.DC_EVSEStatus.EVSEStatusCode}, not EVSE_Ready."
            )
        )
    s.voice.story("The cable is isolated; the station brings its voltage to the battery's.")
    return Say("isolated", pre_charge_request(s))


def pre_charge(s: Iso2VehicleSession, res: iso2.PreChargeRes) -> Decision:
    """Repeat until the station's voltage fits the battery's, then close the contactors."""
    if called_off(s, res.DC_EVSEStatus):
        s.end_phase()
        return stop_in_order(s)
    target, present = s.vehicle.battery.voltage, iso2.amount(res.EVSEPresentVoltage)
    fits = abs(present - target) <= s.vehicle.config.dc.precharge_tolerance * target
    if not fits and s.vehicle.config.dc.check_voltage:
        return Later(
            PassTime(s.vehicle.config.poll_interval), lambda s, _: Say("voltage differs", pre_charge_request(s))
        )
    if not fits:
        s.tolerate(
            Tolerance.VOLTAGE_UNFIT(
                f"The station pre-charges to {present:g} V; the vehicle's battery is at {target:.0f} V.", "V2G2-704"
            )
        )
    s.end_phase()
    return Say("voltage fits", power_delivery(s, iso2.ChargeProgressType.Start))


def current_demand_done(s: Iso2VehicleSession, res: iso2.CurrentDemandRes) -> Decision:
    """Take the energy that flowed, look for wishes of the station, go on or stop."""
    s.settle()
    volts, amperes = iso2.amount(res.EVSEPresentVoltage), iso2.amount(res.EVSEPresentCurrent)
    s.flow = max(0.0, min(volts * amperes, s.vehicle.battery.acceptance))
    _note_limits(s, res)
    s.sample(s.flow, volts, amperes)
    note_wishes(s, res.DC_EVSEStatus)
    note_meter(s, res.MeterInfo)
    return after_response(s, res.ReceiptRequired, res.MeterInfo)


def _note_limits(s: Iso2VehicleSession, res: iso2.CurrentDemandRes) -> None:
    """What the station says it can give from now on; a limit it leaves out stays as it was."""
    said = (res.EVSEMaximumVoltageLimit, res.EVSEMaximumCurrentLimit, res.EVSEMaximumPowerLimit)
    volts, amperes, watts = (
        old if new is None else iso2.amount(new) for old, new in zip(s.dc_limits, said, strict=True)
    )
    s.dc_limits = volts, amperes, watts


def welding_detection(s: Iso2VehicleSession, res: iso2.WeldingDetectionRes) -> Decision:
    """Repeat until the voltage is gone: then no contactor is welded."""
    volts = iso2.amount(res.EVSEPresentVoltage)
    if volts > SAFE_VOLTS and s.weldings < MAX_WELDINGS * s.vehicle.config.patience:
        s.weldings += 1
        return Later(
            PassTime(s.vehicle.config.poll_interval), lambda s, _: Say("voltage still high", welding_request(s))
        )
    if volts > SAFE_VOLTS:
        s.tolerate(
            Tolerance.VOLTAGE_UNFIT(
                f"The station still shows {volts:.0f} V after {s.weldings} welding detections.", "V2G2-601"
            )
        )
    if s.pausing:
        return Say("done for a pause", stop_request(iso2.ChargingSessionType.Pause))
    return Say("done", stop_request(iso2.ChargingSessionType.Terminate))
