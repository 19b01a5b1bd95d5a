"""Which dialect a session is held in: the station's choice among those a vehicle offers (ISO 15118-2, 8.2)."""

from __future__ import annotations

from pncsim.wire.session.dialect import Dialect
from pncsim.wire.v2g import appprotocol as app


def agree(
    request: app.SupportedAppProtocolReq, dialects: tuple[Dialect, ...]
) -> tuple[app.SupportedAppProtocolRes, Dialect | None]:
    """Take the vehicle's best priority among ``dialects`` (V2G2-167, -169), or none of them (V2G2-172)."""
    codes = app.ResponseCodeType
    for offer in sorted(request.AppProtocol, key=lambda entry: entry.Priority):
        for dialect in dialects:
            major, minor = dialect.version
            if offer.ProtocolNamespace == dialect.namespace and offer.VersionNumberMajor == major:
                exact = offer.VersionNumberMinor == minor
                code = codes.OK_SuccessfulNegotiation if exact else codes.OK_SuccessfulNegotiationWithMinorDeviation
                return app.SupportedAppProtocolRes(ResponseCode=code, SchemaID=offer.SchemaID), dialect
    return app.SupportedAppProtocolRes(ResponseCode=codes.Failed_NoNegotiation), None
