"""Protocol agreement and session set-up (8.2, 8.4.2)."""

from __future__ import annotations

from pncsim.secc import notices
from pncsim.secc.session import NO_SESSION, Reply, Session
from pncsim.wire.v2g import appprotocol as app
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g.iso2.secc_sequence import State

PROTOCOLS: dict[str, tuple[int, int]] = {"urn:iso:15118:2:2013:MsgDef": (2, 0)}
"""What this station serves: namespace -> major and minor version."""


def agree(request: app.SupportedAppProtocolReq) -> app.SupportedAppProtocolRes:
    """Take the vehicle's best priority among the protocols served (V2G2-167, -169), or none of them (V2G2-172)."""
    codes = app.ResponseCodeType
    for offer in sorted(request.AppProtocol, key=lambda entry: entry.Priority):
        served = PROTOCOLS.get(offer.ProtocolNamespace)
        if served is None or served[0] != offer.VersionNumberMajor:
            continue
        minor = served[1] == offer.VersionNumberMinor
        code = codes.OK_SuccessfulNegotiation if minor else codes.OK_SuccessfulNegotiationWithMinorDeviation
        return app.SupportedAppProtocolRes(ResponseCode=code, SchemaID=offer.SchemaID)
    return app.SupportedAppProtocolRes(ResponseCode=codes.Failed_NoNegotiation)


def same_id(one: bytes, other: bytes) -> bool:
    """SessionIDs are compared as numbers: vehicles send zero in one byte as well as in eight."""
    return int.from_bytes(one, "big") == int.from_bytes(other, "big")


def session_setup(s: Session, request: iso2.SessionSetupReq) -> Reply:
    """Open a session or join the paused one (V2G2-750, -753, -754, -756)."""
    asked = int.from_bytes(s.header.SessionID, "big")
    paused = s.config.paused.get(asked) if asked else None
    if paused is not None and paused.payment == iso2.PaymentOptionType.Contract and not s.contract_offered:
        s.tolerated("A session paused under Contract cannot go on here now; the vehicle gets a new one.", "V2G2-756")
        paused = None
    if paused is not None:
        s.joined = paused
        s.id = paused.session_id
        code = iso2.ResponseCodeType.OK_OldSessionJoined
    else:
        s.id = _new_id(s, asked)
        code = iso2.ResponseCodeType.OK_NewSessionEstablished
    s.evccid = request.EVCCID.hex().upper()
    s.start_wh = s.power.energy(s.now) - (paused.energy_wh if paused else 0.0)
    s.notice(notices.SessionStarted(time=s.now, session_id=s.id, evccid=s.evccid, resumed=paused is not None))
    who = s.evccid or "without a MAC address"
    s.story(f"Vehicle {who} {'resumes its paused' if paused else 'opens a new'} session {s.id.hex().upper()}.")
    return Reply(
        iso2.SessionSetupRes(
            ResponseCode=code,
            EVSEID=s.config.evse_id,
            EVSETimeStamp=int(s.now) if s.config.has_clock else None,
        ),
        State.SESSION,
    )


def _new_id(s: Session, asked: int) -> bytes:
    """A random id that is neither 0 nor taken (V2G2-750, -462)."""
    while True:
        new = s.random(len(NO_SESSION))
        number = int.from_bytes(new, "big")
        if number and number != asked and number not in s.config.paused:
            return new
