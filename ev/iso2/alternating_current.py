"""AC charging: the charging status loop (8.4.4)."""

from __future__ import annotations

from pncsim.ev.iso2.loop import after_response, note_meter, note_wishes
from pncsim.ev.iso2.session import Iso2VehicleSession
from pncsim.wire.errors import PeerError
from pncsim.wire.gate import Tolerance
from pncsim.wire.session.initiator import Decision
from pncsim.wire.v2g import iso2


def charging_status(s: Iso2VehicleSession, res: iso2.ChargingStatusRes) -> Decision:
    """Take the energy that flowed, follow the station's limit, look for its wishes, go on or stop."""
    s.settle()
    if s.schedule is not None and res.SAScheduleTupleID != s.schedule.tuple_id:
        s.tolerate(
            Tolerance.SCHEDULE_ID(
                f"ChargingStatusRes names schedule {res.SAScheduleTupleID}; {s.schedule.tuple_id} was chosen."
            )
        )
    amperes = s.vehicle.config.ac.max_current if res.EVSEMaxCurrent is None else iso2.amount(res.EVSEMaxCurrent)
    per_ampere = s.ac_voltage * s.phases
    s.flow = _flow(s, min(amperes, s.ac_current), per_ampere)
    s.sample(s.flow, s.ac_voltage, s.flow / per_ampere)
    note_wishes(s, res.AC_EVSEStatus)
    note_meter(s, res.MeterInfo)
    return after_response(s, res.ReceiptRequired, res.MeterInfo)


def _flow(s: Iso2VehicleSession, station_amperes: float, per_ampere: float) -> float:
    """W the on-board charger takes within the station's current, the schedule and what the battery accepts.

    ``per_ampere``: W for each ampere that all phases carry. Below its least current an on-board charger takes nothing.
    """
    if s.schedule is None or per_ampere <= 0:
        raise PeerError("The station charges with an EVSENominalVoltage of 0 V.")
    charger = s.vehicle.config.ac
    amperes = min(station_amperes, charger.max_current, s.schedule.limit(s.talk.now) / per_ampere)
    if amperes < charger.min_current:
        return 0.0
    return min(amperes * per_ampere, s.vehicle.battery.acceptance)
