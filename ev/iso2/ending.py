"""Leaving a session: by hanging up when it cannot lead to a charge, and in order at its end (8.4.2.12)."""

from __future__ import annotations

from pncsim.ev.iso2.requests import power_delivery
from pncsim.ev.iso2.session import Iso2VehicleSession
from pncsim.ev.session_memory import PausedSession
from pncsim.wire.errors import PeerError
from pncsim.wire.session.initiator import Decision, End, Say
from pncsim.wire.v2g import iso2


def give_up(s: Iso2VehicleSession, error: PeerError, condition: str = "nothing acceptable offered") -> Decision:
    """Close the connection of a session that cannot lead to a charge: SessionStop may not come yet (8.4.1)."""
    return End(condition, error.sentence, error)


def hang_up(s: Iso2VehicleSession) -> Decision:
    """Close the connection where the station has called the charge off and the sequence has no PowerDelivery(Stop)."""
    return End("station not fit", s.ending_error.sentence if s.ending_error else s.ending, s.ending_error)


def stop_in_order(s: Iso2VehicleSession) -> Decision:
    """Leave by PowerDelivery(Stop) where the station has called the charge off."""
    s.voice.story(f"Charging stops: {s.ending}.")
    return Say("called off", power_delivery(s, iso2.ChargeProgressType.Stop))


def stop_request(wish: iso2.ChargingSessionType) -> iso2.SessionStopReq:
    """SessionStopReq with its ``wish``: Terminate or Pause."""
    return iso2.SessionStopReq(ChargingSession=wish)


def session_stop(s: Iso2VehicleSession, res: iso2.SessionStopRes) -> Decision:
    """The session is over, or asleep."""
    if s.pausing and s.schedule is not None:
        s.outcome.paused = PausedSession(
            session_id=s.id,
            paused_at=s.talk.now,
            payment=s.payment,
            emaid=s.outcome.emaid,
            energy_mode=s.mode,
            schedule_tuple=s.schedule.tuple_id,
            departure_at=s.departure_at,
            energy_left=s.energy_left,
        )
        s.voice.story(f"Session {s.id.hex().upper()} is paused.")
    return End("", s.ending or "the session ended in order", s.ending_error)
