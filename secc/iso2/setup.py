"""Session set-up (8.4.2)."""

from __future__ import annotations

from pncsim.secc import notices
from pncsim.secc.iso2.session import Iso2StationSession
from pncsim.secc.session import NO_SESSION
from pncsim.wire.session.responder import Reply
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g.iso2.secc_sequence import State


def session_setup(s: Iso2StationSession, request: iso2.SessionSetupReq) -> Reply:
    """Open a session or join the paused one (V2G2-750, -753, -754, -756)."""
    asked = int.from_bytes(s.received.session_id, "big")
    paused = s.config.paused.get(asked) if asked else None
    if paused is not None and paused.payment == iso2.PaymentOptionType.Contract and not s.contract_offered:
        s.voice.tolerated(
            "A session paused under Contract cannot go on here now; the vehicle gets a new one.", "V2G2-756"
        )
        paused = None
    codes = iso2.ResponseCodeType
    code = codes.OK_OldSessionJoined if paused is not None else codes.OK_NewSessionEstablished
    s.open(paused.session_id if paused is not None else _new_id(s, asked), paused)
    s.evccid = request.EVCCID.hex().upper()
    s.notice(notices.SessionStarted(time=s.now, session_id=s.id, evccid=s.evccid, resumed=paused is not None))
    who = s.evccid or "without a MAC address"
    s.voice.story(f"Vehicle {who} {'resumes its paused' if paused else 'opens a new'} session {s.id.hex().upper()}.")
    return Reply(
        iso2.SessionSetupRes(
            ResponseCode=code,
            EVSEID=s.config.evse_id,
            EVSETimeStamp=int(s.now) if s.config.has_clock else None,
        ),
        State.SESSION,
    )


def _new_id(s: Iso2StationSession, asked: int) -> bytes:
    """A random id that is neither 0 nor taken (V2G2-750, -462)."""
    while True:
        new = s.random(len(NO_SESSION))
        number = int.from_bytes(new, "big")
        if number and number != asked and number not in s.config.paused:
            return new
