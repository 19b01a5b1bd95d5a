"""Which dialect a session is held in: what a vehicle offers, and what the station's choice means (ISO 15118-2, 8.2)."""

from __future__ import annotations

from pncsim.wire.errors import PeerError
from pncsim.wire.gate import Tolerance, Tolerate
from pncsim.wire.session.dialect import Dialect
from pncsim.wire.v2g import appprotocol as app


def offer(dialects: tuple[Dialect, ...]) -> app.SupportedAppProtocolReq:
    """What the vehicle speaks, best first: SchemaID and priority are the places in ``dialects``, from 1 on."""
    return app.SupportedAppProtocolReq(
        AppProtocol=[
            app.AppProtocolType(
                ProtocolNamespace=dialect.namespace,
                VersionNumberMajor=dialect.version[0],
                VersionNumberMinor=dialect.version[1],
                SchemaID=place,
                Priority=place,
            )
            for place, dialect in enumerate(dialects, 1)
        ]
    )


def chosen(response: app.SupportedAppProtocolRes, dialects: tuple[Dialect, ...], gate: Tolerate) -> Dialect:
    """The dialect the station took, perhaps in another minor version. Raises PeerError for none that was offered."""
    codes = app.ResponseCodeType
    if response.ResponseCode == codes.Failed_NoNegotiation:
        offered = ", ".join(f"{one.namespace} {one.version[0]}.{one.version[1]}" for one in dialects)
        raise PeerError(
            f"The station speaks none of the protocols offered ({offered}).",
            kind="no common protocol",
            clause="V2G2-172",
            advice="Look at the protocols the station supports: DIN SPEC 70121 or ISO 15118-20 only?",
            response_code=str(response.ResponseCode),
        )
    place = response.SchemaID
    if place is None and len(dialects) == 1:
        what = "SupportedAppProtocolRes has no SchemaID; only one protocol was offered, so it is that one."
        gate(Tolerance.SCHEMA_ID_MISSING(what, "V2G2-169"))
        place = 1
    if place is None or not 1 <= place <= len(dialects):
        offered = " and ".join(str(number) for number in range(1, len(dialects) + 1))
        raise PeerError(
            f"SupportedAppProtocolRes chose SchemaID {place if place is not None else 'none'}; "
            f"only {offered} {'was' if len(dialects) == 1 else 'were'} offered.",
            kind="no common protocol",
            clause="V2G2-169",
        )
    dialect = dialects[place - 1]
    if response.ResponseCode == codes.OK_SuccessfulNegotiationWithMinorDeviation:
        gate(Tolerance.MINOR_VERSION(f"The station speaks another minor version of {dialect.name}.", "V2G2-170"))
    return dialect
