"""What the AC and the DC charging loop share: the station's wishes, receipts, going on or stopping (8.4.4, 8.4.5)."""

from __future__ import annotations

from functools import partial

from pncsim.ev.iso2.contract import SIGNED_ID
from pncsim.ev.iso2.requests import enough, least_power, loop_request, power_delivery, wanted_energy
from pncsim.ev.iso2.session import Iso2VehicleSession
from pncsim.ev.iso2.station_status import end, note_status
from pncsim.wire.errors import PeerError
from pncsim.wire.gate import Tolerance
from pncsim.wire.session.conversation import ROUNDING
from pncsim.wire.session.initiator import Decision, Later, Say
from pncsim.wire.session.outputs import PassTime
from pncsim.wire.v2g import iso2


def note_wishes(s: Iso2VehicleSession, status: iso2.EVSEStatusType) -> None:
    """Take up what the station wants in the loop, to stop or to renegotiate, and what it reports (V2G2-679, -680)."""
    note_status(s, status)
    if status.EVSENotification == iso2.EVSENotificationType.ReNegotiation:
        if _in_vain(s) < s.vehicle.config.max_renegotiations:
            s.renegotiate = True
        else:
            s.tolerate(
                Tolerance.RENEGOTIATION_AGAIN(
                    f"The station asks to renegotiate after {_in_vain(s)} times without energy already; "
                    "the vehicle goes on."
                )
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
            s.tolerate(
                Tolerance.RECEIPT_UNFIT(
                    "The station asks for a receipt although the vehicle does not pay by contract.", "V2G2-691"
                )
            )
        elif meter is None:
            s.tolerate(
                Tolerance.RECEIPT_UNFIT(
                    "The station asks for a signed receipt without a MeterInfo to sign.", "V2G2-903"
                )
            )
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
    note_wishes(s, res.EVSEStatus)
    return go_on(s, "DC goes on" if s.is_dc else "AC goes on")


def go_on(s: Iso2VehicleSession, condition: str) -> Decision:
    """Stop, renegotiate, or let time pass and ask again, at the latest when the schedule says something else."""
    assert s.schedule is not None
    now, wanted = s.talk.now, wanted_energy(s)
    change = s.schedule.next_change(now)
    if change is not None and ((limit := s.schedule.limit(now)) <= 0 or limit < least_power(s)):
        s.last_energy_at = now  # more may flow later: that is agreed, and no station without energy
    leaving = _leaving(s, wanted)
    if leaving is not None:
        return leaving
    watts = s.flow
    seconds = s.vehicle.config.loop_interval
    if watts > 0:
        seconds = min(seconds, wanted / watts * 3600)
    for moment in (s.departure_at, change, s.renewal_at):
        if moment is not None:
            seconds = min(seconds, max(0.0, moment - now))
    return Later(PassTime(seconds), partial(_next_loop, condition))


def _next_loop(condition: str, s: Iso2VehicleSession, _: object) -> Decision:
    """One more request even if all was delivered: its answer brings the meter's last reading."""
    s.settle()
    assert s.schedule is not None
    # A charger knows the schedule: it does not wait for an answer to come down.
    s.flow = 0.0 if enough(s, wanted_energy(s)) else min(s.flow, s.schedule.limit(s.talk.now))
    return Say(condition, loop_request(s))


def _leaving(s: Iso2VehicleSession, wanted: float) -> Decision | None:
    """The request that leaves the loop, if there is a reason to; ``wanted`` are the Wh that are."""
    # Whether it is time to ask for another schedule (V2G2-305).
    runs_out = s.renewal_at is not None and s.talk.now >= s.renewal_at - ROUNDING
    _look_for_end(s, wanted, runs_out)
    if s.ending:
        s.voice.story(f"Charging stops: {s.ending}.")
        return Say("enough", power_delivery(s, iso2.ChargeProgressType.Stop))
    wish = s.vehicle.config.renegotiate_after_loops
    if wish is not None and s.outcome.loops >= wish and s.outcome.renegotiations == 0:
        s.renegotiate = True
    if runs_out:
        s.renegotiate = True
        s.voice.story("The schedule is about to end and energy is still wanted.")
    if s.renegotiate:
        s.renegotiate = False
        s.in_vain, s.energy_then = _in_vain(s) + 1, s.outcome.energy_wh
        s.outcome.renegotiations += 1
        s.voice.story("The schedule is negotiated anew.")
        return Say("renegotiation wanted", power_delivery(s, iso2.ChargeProgressType.Renegotiate))
    return None


def _in_vain(s: Iso2VehicleSession) -> int:
    """Renegotiations one after the other between which no energy has flowed."""
    return s.in_vain if s.outcome.energy_wh == s.energy_then else 0


def _look_for_end(s: Iso2VehicleSession, wanted: float, runs_out: bool) -> None:
    config, battery, loops = s.vehicle.config, s.vehicle.battery, s.outcome.loops
    if s.ending:
        return
    if enough(s, wanted):
        full = s.energy_left is None or battery.room < s.energy_left
        end(s, f"the battery is at {battery.soc:.0f} %" if full else "the energy wished for has been delivered")
    elif s.departure_at is not None and s.talk.now >= s.departure_at:
        end(s, "it is time to depart")
    elif config.stop_after_loops is not None and loops >= config.stop_after_loops:
        end(s, f"the driver stops after {loops} loops")
    elif config.pause_after_loops is not None and loops >= config.pause_after_loops and not s.outcome.resumed:
        s.pausing = True
        end(s, "the vehicle pauses")
    elif runs_out and _in_vain(s) >= config.max_renegotiations:
        end(
            s,
            "the schedule ends",
            PeerError(
                f"The station's schedules ended {_in_vain(s)} times in a row before energy had flowed.",
                clause="V2G2-303, V2G2-305",
                advice="Look at how long the schedules are and at their PMax.",
            ),
        )
    elif s.talk.now - s.last_energy_at >= config.idle_limit * config.patience:
        end(
            s,
            "the station gives no energy",
            PeerError(
                f"The station gave no energy for {s.talk.now - s.last_energy_at:.0f} s while in the charging loop.",
                advice="Look at EVSEMaxCurrent, PMax and the station's limits from the back end.",
            ),
        )
