"""AC charging: the charging status loop (8.4.4)."""

from __future__ import annotations

from pncsim.ev.iso2.loop import after_response, note_meter, note_wishes
from pncsim.ev.iso2.requests import phases
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
    amperes = s.config.ac.max_current if res.EVSEMaxCurrent is None else iso2.amount(res.EVSEMaxCurrent)
    s.flow = _flow(s, min(amperes, s.ac_current))
    s.sample(s.flow, s.ac_voltage, s.flow / (s.ac_voltage * phases(s)) if s.ac_voltage else 0.0)
    note_wishes(s, res.AC_EVSEStatus)
    note_meter(s, res.MeterInfo)
    return after_response(s, res.ReceiptRequired, res.MeterInfo)


def _flow(s: Iso2VehicleSession, station_amperes: float) -> float:
    """W the on-board charger takes within the station's current, the schedule and what the battery accepts.

    Below its least current an on-board charger takes nothing at all.
    """
    if s.schedule is None or s.ac_voltage <= 0:
        raise PeerError("The station charges with an EVSENominalVoltage of 0 V.")
    per_ampere = s.ac_voltage * phases(s)
    amperes = min(station_amperes, s.config.ac.max_current, s.schedule.limit(s.now) / per_ampere)
    if amperes < s.config.ac.min_current:
        return 0.0
    return min(amperes * per_ampere, s.vehicle.battery.acceptance)
