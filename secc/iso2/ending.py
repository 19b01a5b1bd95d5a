"""SessionStop: the end, or a pause (8.4.3.14)."""

from __future__ import annotations

from pncsim.secc.config import KeptSession
from pncsim.secc.iso2.charging_dc import check_state_b
from pncsim.secc.iso2.session import Iso2StationSession
from pncsim.wire.errors import PeerError
from pncsim.wire.session.responder import HowEnded, Reply
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g.iso2.secc_sequence import PAUSE_FROM, State


def session_stop(s: Iso2StationSession, request: iso2.SessionStopReq) -> Reply:
    """Forget the session, or keep what a paused one needs (V2G2-739, -741). A vehicle that still charges is cut off."""
    check_state_b(s, "SessionStopReq")
    if request.ChargingSession == iso2.ChargingSessionType.Pause:
        schedule = s.schedule
        if s.state not in PAUSE_FROM or schedule is None:
            raise PeerError(
                f"The vehicle asked for a pause while the station was {s.state}; it may after PowerDelivery(Stop).",
                clause="V2G2-739",
            )
        left = schedule.moved_to(s.talk.now) or schedule
        s.config.paused[int.from_bytes(s.id, "big")] = KeptSession(
            session_id=s.id,
            payment=s.payment,
            energy_mode=s.mode,
            tuple_id=left.tuple_id,
            schedule=left.entries,
            schedule_end=left.end,
            paused_at=s.talk.now,
            energy_wh=s.energy_wh,
            emaid=s.emaid,
        )
    s.stop_charging("the vehicle has ended the session")
    paused = request.ChargingSession == iso2.ChargingSessionType.Pause
    end: HowEnded = "paused" if paused else "ended"
    return Reply(iso2.SessionStopRes(ResponseCode=iso2.ResponseCodeType.OK), State.ENDED, end=end)
