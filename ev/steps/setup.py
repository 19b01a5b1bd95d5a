"""Handshake and session: SupportedAppProtocol and SessionSetup (8.2, 8.4.2.2)."""

from __future__ import annotations

from pncsim.ev.decision import Decision, End, Say
from pncsim.ev.session import Session
from pncsim.wire.errors import PeerError
from pncsim.wire.v2g import appprotocol as app
from pncsim.wire.v2g import iso2

SCHEMA_ID = 1
ISO2 = app.AppProtocolType(
    ProtocolNamespace="urn:iso:15118:2:2013:MsgDef",
    VersionNumberMajor=2,
    VersionNumberMinor=0,
    SchemaID=SCHEMA_ID,
    Priority=1,
)


def offer() -> app.SupportedAppProtocolReq:
    """The protocols this vehicle speaks: ISO 15118-2:2013."""
    return app.SupportedAppProtocolReq(AppProtocol=[ISO2])


def supported_app_protocol(s: Session, res: app.SupportedAppProtocolRes) -> Decision:
    """The station chose ISO 15118-2, perhaps in another minor version, or nothing."""
    if res.ResponseCode == app.ResponseCodeType.Failed_NoNegotiation:
        error = PeerError(
            f"The station speaks none of the protocols offered ({ISO2.ProtocolNamespace} 2.0).",
            clause="V2G2-172",
            advice="Look at the protocols the station supports: DIN SPEC 70121 or ISO 15118-20 only?",
        )
        return End("no common protocol", error.sentence, error)
    if res.ResponseCode == app.ResponseCodeType.OK_SuccessfulNegotiationWithMinorDeviation:
        s.tolerate("The station speaks another minor version of ISO 15118-2.", "V2G2-170")
    if res.SchemaID is None:
        s.tolerate("SupportedAppProtocolRes has no SchemaID; only one protocol was offered, so it is that one.")
    elif res.SchemaID != SCHEMA_ID:
        raise PeerError(
            f"SupportedAppProtocolRes chose SchemaID {res.SchemaID}; only {SCHEMA_ID} was offered.", clause="V2G2-169"
        )
    vehicle = s.vehicle
    if s.config.resume and vehicle.memory.paused is not None:
        s.resuming = vehicle.memory.paused
        s.id = s.resuming.session_id
        s.story(f"The vehicle asks to resume the paused session {s.id.hex().upper()}.")
    return Say("agreed", iso2.SessionSetupReq(EVCCID=s.config.evccid))


def session_setup(s: Session, res: iso2.SessionSetupRes) -> Decision:
    """The session has its number; a paused one is joined again or forgotten (V2G2-740, -750, -754)."""
    s.end_phase()
    s.outcome.evse_id = res.EVSEID
    s.outcome.session_id = s.id
    codes = iso2.ResponseCodeType
    if res.ResponseCode == codes.OK_OldSessionJoined and s.resuming is not None:
        s.outcome.resumed = True
        s.departure_at = s.resuming.departure_at
        s.energy_left = s.resuming.energy_left
        s.story(f"The station joined the paused session {s.id.hex().upper()} again.")
        return Say("joined the paused session", iso2.ServiceDiscoveryReq())
    if res.ResponseCode == codes.OK_OldSessionJoined:
        s.tolerate("The station says it joined an old session, the vehicle asked for a new one.", "V2G2-754")
    elif res.ResponseCode != codes.OK_NewSessionEstablished:
        s.tolerate(
            f"SessionSetupRes says {res.ResponseCode}; it should say whether the session is new or joined.", "V2G2-750"
        )
    if s.resuming is not None:
        s.story("The station does not remember the paused session; this is a new one.")
        s.resuming = None
    s.story(f"Session {s.id.hex().upper()} with station {res.EVSEID} is set up.")
    return Say("new session", iso2.ServiceDiscoveryReq())
