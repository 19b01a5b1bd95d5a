"""Setting up a session (8.4.2.2)."""

from __future__ import annotations

from pncsim.ev.iso2.session import Iso2VehicleSession
from pncsim.wire.gate import Tolerance
from pncsim.wire.session.initiator import Decision, Say
from pncsim.wire.v2g import iso2


def agreed(s: Iso2VehicleSession, _: object) -> Decision:
    """The station chose ISO 15118-2: set up a session, or ask for the one that was paused."""
    vehicle = s.vehicle
    if s.vehicle.config.resume and vehicle.memory.paused is not None:
        s.resuming = vehicle.memory.paused
        s.id = s.resuming.session_id
        s.voice.story(f"The vehicle asks to resume the paused session {s.id.hex().upper()}.")
    return Say("agreed", iso2.SessionSetupReq(EVCCID=s.vehicle.config.evccid))


def session_setup(s: Iso2VehicleSession, res: iso2.SessionSetupRes) -> Decision:
    """The session has its number; a paused one is joined again or forgotten (V2G2-740, -750, -754)."""
    codes = iso2.ResponseCodeType
    found = s.received.session_id
    if res.ResponseCode == codes.OK_OldSessionJoined and s.resuming is not None:
        s.talk.check_session(found)
    elif not any(found):
        s.tolerate(Tolerance.SESSION_NUMBER("The station gave the session the number 0.", "V2G2-750"))
    s.end_phase()
    s.open(found)
    s.outcome.evse_id = res.EVSEID
    if res.ResponseCode == codes.OK_OldSessionJoined and s.resuming is not None:
        s.outcome.resumed = True
        s.departure_at = s.resuming.departure_at
        s.energy_left = s.resuming.energy_left
        s.voice.story(f"The station joined the paused session {s.id.hex().upper()} again.")
        return Say("joined the paused session", iso2.ServiceDiscoveryReq())
    if res.ResponseCode == codes.OK_OldSessionJoined:
        s.tolerate(
            Tolerance.SESSION_NUMBER(
                "The station says it joined an old session, the vehicle asked for a new one.", "V2G2-754"
            )
        )
    elif res.ResponseCode != codes.OK_NewSessionEstablished:
        s.tolerate(
            Tolerance.SESSION_NUMBER(
                f"SessionSetupRes says {res.ResponseCode}; it should say whether the session is new or joined.",
                "V2G2-750",
            )
        )
    if s.resuming is not None:
        s.voice.story("The station does not remember the paused session; this is a new one.")
        s.resuming = None
    s.voice.story(f"Session {s.id.hex().upper()} with station {res.EVSEID} is set up.")
    return Say("new session", iso2.ServiceDiscoveryReq())
