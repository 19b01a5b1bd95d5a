"""The AC charging loop: ChargingStatus (8.4.4.2)."""

from __future__ import annotations

from bisect import bisect_right
from math import inf

from pncsim.secc.iso2.loop import loop_turn, receipt_required
from pncsim.secc.iso2.session import Iso2StationSession
from pncsim.wire.session.responder import Reply
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g.iso2.secc_sequence import State


def charging_status(s: Iso2StationSession, _: iso2.ChargingStatusReq) -> Reply:
    """What flows, what the meter says, what the station wants (V2G2-691, -844)."""
    loop_turn(s)
    assert s.schedule is not None
    volts, now = s.config.ac.voltage, s.talk.now
    per_ampere = volts * s.phases
    watts = _draw(s, per_ampere, now)
    s.power.flow(watts, volts, watts / per_ampere, now)
    s.sample()
    meter = s.meter_info()
    receipt = receipt_required(s, meter)
    limit = None
    if not s.is_contract:  # under Contract the schedule alone limits (V2G2-844)
        amperes = min(s.config.ac.max_current, s.schedule.watts(now) / per_ampere)
        limit = iso2.physical(amperes, iso2.UnitSymbolType.A)
    return Reply(
        iso2.ChargingStatusRes(
            ResponseCode=iso2.ResponseCodeType.OK,
            EVSEID=s.config.evse_id,
            SAScheduleTupleID=s.schedule.tuple_id,
            EVSEMaxCurrent=limit,
            MeterInfo=meter,
            ReceiptRequired=receipt,
            AC_EVSEStatus=s.ac_status(loop=True),
        ),
        State.RECEIPT_AC if receipt else State.LOOP_AC,
    )


def _draw(s: Iso2StationSession, per_ampere: float, now: float) -> float:
    """What the vehicle draws, W: what a coupled lab says, else the lowest of its limit, its profile and PMax.

    ``per_ampere``: W for each ampere that all phases carry.
    """
    assert s.schedule is not None
    if s.power.load_watts is not None:
        return s.power.load_watts
    allowed = s.schedule.watts(now)
    if s.profile:
        elapsed = now - s.schedule.since
        at = max(0, bisect_right(s.profile, (elapsed, inf)) - 1)
        allowed = min(allowed, s.profile[at][1])
    return min(allowed, s.most_amperes * per_ampere)
