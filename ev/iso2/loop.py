"""What the AC and the DC charging loop share: the station's wishes, receipts, going on or stopping (8.4.4, 8.4.5)."""

from __future__ import annotations

from pncsim.ev.iso2.contract import SIGNED_ID
from pncsim.ev.iso2.requests import enough, loop_request, power_delivery, wanted_energy
from pncsim.ev.iso2.session import Iso2VehicleSession
from pncsim.wire.errors import PeerError
from pncsim.wire.session.initiator import Decision, Later, Say
from pncsim.wire.session.outputs import PassTime
from pncsim.wire.v2g import iso2

_CODES = iso2.DC_EVSEStatusCodeType
_FAULTS = (_CODES.EVSE_EmergencyShutdown, _CODES.EVSE_Malfunction)
_SHUTDOWNS = (_CODES.EVSE_Shutdown, _CODES.EVSE_UtilityInterruptEvent)


def note_status(s: Iso2VehicleSession, status: iso2.EVSEStatusType) -> None:
    """Take up what the station wants or reports: stop, renegotiate, a fault (V2G2-679, -680, -841)."""
    if status.EVSENotification == iso2.EVSENotificationType.StopCharging:
        _end(s, "the station asked to stop")
    elif status.EVSENotification == iso2.EVSENotificationType.ReNegotiation:
        if s.outcome.renegotiations < s.config.max_renegotiations:
            s.renegotiate = True
        else:
            s.tolerate(
                f"The station asks to renegotiate after {s.outcome.renegotiations} times already; the vehicle goes on."
            )
    if isinstance(status, iso2.AC_EVSEStatusType) and status.RCD:
        _end(
            s,
            "the station's residual current device has tripped",
            PeerError(
                "The station reports that its residual current device has tripped.",
                advice="Check cable and vehicle for a leak before the next charge.",
            ),
        )
    if isinstance(status, iso2.DC_EVSEStatusType):
        code = status.EVSEStatusCode
        if code in _SHUTDOWNS:
            _end(s, f"the station reports {code}")
        elif code in _FAULTS:
            _end(
                s,
                f"the station reports {code}",
                PeerError(f"The station reports {code} while charging.", advice="Look at the station's fault memory."),
            )


def note_meter(s: Iso2VehicleSession, meter: iso2.MeterInfoType | None) -> None:
    """Keep the station's count of this session in Wh."""
    if meter is None or meter.MeterReading is None:
        return
    if s.first_reading is None:
        s.first_reading = meter.MeterReading
    s.outcome.meter_wh = float(meter.MeterReading - s.first_reading)


def after_response(s: Iso2VehicleSession, receipt_required: bool | None, meter: iso2.MeterInfoType | None) -> Decision:
    """After a loop response: sign a receipt if one is asked for, otherwise go on."""
    if receipt_required:
        if s.contract is None or s.payment != iso2.PaymentOptionType.Contract:
            s.tolerate("The station asks for a receipt although the vehicle does not pay by contract.", "V2G2-691")
        elif meter is None:
            s.tolerate("The station asks for a signed receipt without a MeterInfo to sign.", "V2G2-903")
        else:
            assert s.schedule is not None
            s.outcome.receipts_signed += 1
            request = iso2.MeteringReceiptReq(
                Id=SIGNED_ID, SessionID=s.id, SAScheduleTupleID=s.schedule.tuple_id, MeterInfo=meter
            )
            return Say("receipt asked", request, s.contract.credentials.signer)
    return go_on(s, "goes on")


def metering_receipt(s: Iso2VehicleSession, res: iso2.MeteringReceiptRes) -> Decision:
    """The receipt was taken; back to the loop."""
    s.settle()
    note_status(s, res.EVSEStatus)
    return go_on(s, "DC goes on" if s.is_dc else "AC goes on")


def go_on(s: Iso2VehicleSession, condition: str) -> Decision:
    """Stop, renegotiate, or let time pass and ask again."""
    leaving = _leaving(s)
    if leaving is not None:
        return leaving
    watts = s.flow
    seconds = s.config.loop_interval
    if watts > 0:
        seconds = min(seconds, wanted_energy(s) / watts * 3600)
    if s.departure_at is not None:
        seconds = min(seconds, max(0.0, s.departure_at - s.now))
    return Later(PassTime(seconds), lambda s, _: _next_loop(s, condition))


def _next_loop(s: Iso2VehicleSession, condition: str) -> Decision:
    """One more request even if all was delivered: its answer brings the meter's last reading."""
    s.settle()
    if enough(s):
        s.flow = 0.0
    return Say(condition, loop_request(s))


def _leaving(s: Iso2VehicleSession) -> Decision | None:
    """The request that leaves the loop, if there is a reason to."""
    _look_for_end(s)
    if s.ending:
        s.voice.story(f"Charging stops: {s.ending}.")
        return Say("enough", power_delivery(s, iso2.ChargeProgressType.Stop))
    wish = s.config.renegotiate_after_loops
    if wish is not None and s.outcome.loops >= wish and s.outcome.renegotiations == 0:
        s.renegotiate = True
    if s.renegotiate:
        s.renegotiate = False
        s.outcome.renegotiations += 1
        s.voice.story("The schedule is negotiated anew.")
        return Say("renegotiation wanted", power_delivery(s, iso2.ChargeProgressType.Renegotiate))
    return None


def _look_for_end(s: Iso2VehicleSession) -> None:
    config, battery, loops = s.config, s.vehicle.battery, s.outcome.loops
    if s.ending:
        return
    if enough(s):
        full = s.energy_left is None or battery.room < s.energy_left
        _end(s, f"the battery is at {battery.soc:.0f} %" if full else "the energy wished for has been delivered")
    elif s.departure_at is not None and s.now >= s.departure_at:
        _end(s, "it is time to depart")
    elif config.stop_after_loops is not None and loops >= config.stop_after_loops:
        _end(s, f"the driver stops after {loops} loops")
    elif config.pause_after_loops is not None and loops >= config.pause_after_loops and not s.outcome.resumed:
        s.pausing = True
        _end(s, "the vehicle pauses")
    elif s.now - s.last_energy_at >= config.idle_limit:
        _end(
            s,
            "the station gives no energy",
            PeerError(
                f"The station gave no energy for {s.now - s.last_energy_at:.0f} s while in the charging loop.",
                advice="Look at EVSEMaxCurrent, PMax and the station's limits from the back end.",
            ),
        )


def _end(s: Iso2VehicleSession, reason: str, error: PeerError | None = None) -> None:
    """Remember the first reason to stop; a fault outranks a wish."""
    if not s.ending or (error is not None and s.ending_error is None):
        s.ending = reason
        if error is not None:
            s.ending_error = error
            s.pausing = False
