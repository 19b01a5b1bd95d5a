"""Session set-up (8.4.2)."""

from __future__ import annotations

from pncsim.secc import notices
from pncsim.secc.config import KeptSession
from pncsim.secc.iso2.offer import payment_options
from pncsim.secc.iso2.session import Iso2StationSession
from pncsim.secc.session import NO_SESSION
from pncsim.wire.session.responder import Reply
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g.iso2.secc_sequence import State


def session_setup(s: Iso2StationSession, request: iso2.SessionSetupReq) -> Reply:
    """Open a session or join the paused one (V2G2-750, -753, -754, -756)."""
    asked = int.from_bytes(s.received.session_id, "big")
    paused = _joined(s, asked)
    codes = iso2.ResponseCodeType
    code = codes.OK_OldSessionJoined if paused is not None else codes.OK_NewSessionEstablished
    s.open(paused.session_id if paused is not None else _new_id(s, asked), paused)
    s.evccid = request.EVCCID.hex().upper()
    s.notice(notices.SessionStarted(time=s.talk.now, session_id=s.id, evccid=s.evccid, resumed=paused is not None))
    who = s.evccid or "without a MAC address"
    s.voice.story(f"Vehicle {who} {'resumes its paused' if paused else 'opens a new'} session {s.id.hex().upper()}.")
    return Reply(
        iso2.SessionSetupRes(
            ResponseCode=code,
            EVSEID=s.config.evse_id,
            EVSETimeStamp=int(s.talk.now) if s.config.has_clock else None,
        ),
        State.SESSION,
    )


def _joined(s: Iso2StationSession, asked: int) -> KeptSession | None:
    """The paused session the vehicle asks for, if it can go on here now.

    It is consumed: nobody joins it a second time. Who opens another one is plugged in where the paused vehicle was, so
    that what sleeps here is over in any case.
    """
    kept = s.config.paused.pop(asked, None)
    s.config.paused.clear()
    if kept is None:
        return None
    why = ""
    if s.talk.now - kept.paused_at > s.config.pause_seconds:
        why = f"it was paused {s.talk.now - kept.paused_at:.0f} s ago, it was kept for {s.config.pause_seconds:g} s"
    elif kept.payment not in payment_options(s):
        why = f"its payment option {kept.payment} is not offered now"
    if why:
        s.voice.story(f"Session {kept.session_id.hex().upper()} cannot go on: {why}. The vehicle gets a new one.")
        return None
    return kept


def _new_id(s: Iso2StationSession, asked: int) -> bytes:
    """A random id that is neither 0 nor the one asked for (V2G2-750, -462, -756)."""
    while True:
        new = s.random(len(NO_SESSION))
        number = int.from_bytes(new, "big")
        if number and number != asked:
            return new
