"""Which dialect a session is held in: what a vehicle offers, and what the station's choice means (ISO 15118-2, 8.2)."""

from __future__ import annotations

from pncsim.ev.habits import Habits, Offer
from pncsim.wire.errors import PeerError
from pncsim.wire.gate import Tolerance, Tolerate
from pncsim.wire.session.dialect import Dialect
from pncsim.wire.v2g import appprotocol as app


def offers(dialects: tuple[Dialect, ...], habits: Habits | None = None) -> tuple[Offer, ...]:
    """What the vehicle says it speaks: what its kind says, which may be more than it does, else its ``dialects``, best
    first; their SchemaID and priority are their places, from 1 on."""
    if habits is not None and habits.offers:
        return habits.offers
    return tuple(Offer(one.namespace, *one.version, place, place) for place, one in enumerate(dialects, 1))


def offer(offered: tuple[Offer, ...]) -> app.SupportedAppProtocolReq:
    """The request that says so."""
    return app.SupportedAppProtocolReq(
        AppProtocol=[
            app.AppProtocolType(
                ProtocolNamespace=one.namespace,
                VersionNumberMajor=one.major,
                VersionNumberMinor=one.minor,
                SchemaID=one.schema_id,
                Priority=one.priority,
            )
            for one in offered
        ]
    )


def chosen(
    response: app.SupportedAppProtocolRes, offered: tuple[Offer, ...], dialects: tuple[Dialect, ...], gate: Tolerate
) -> Dialect:
    """The dialect the station took, perhaps in another minor version. Raises PeerError for none that was offered."""
    codes = app.ResponseCodeType
    if response.ResponseCode == codes.Failed_NoNegotiation:
        told = ", ".join(f"{one.namespace} {one.major}.{one.minor}" for one in offered)
        raise PeerError(
            f"The station speaks none of the protocols offered ({told}).",
            kind="no common protocol",
            clause="V2G2-172",
            advice="Look at the protocols the station supports: DIN SPEC 70121 or ISO 15118-20 only?",
            response_code=str(response.ResponseCode),
        )
    place = response.SchemaID
    if place is None and len(offered) == 1:
        what = "SupportedAppProtocolRes has no SchemaID; only one protocol was offered, so it is that one."
        gate(Tolerance.SCHEMA_ID_MISSING(what, "V2G2-169"))
        place = offered[0].schema_id
    taken = next((one for one in offered if one.schema_id == place), None)
    if taken is None:
        told = " and ".join(str(one.schema_id) for one in offered)
        raise PeerError(
            f"SupportedAppProtocolRes chose SchemaID {place if place is not None else 'none'}; "
            f"only {told} {'was' if len(offered) == 1 else 'were'} offered.",
            kind="no common protocol",
            clause="V2G2-169",
        )
    dialect = next((one for one in dialects if one.namespace == taken.namespace), None)
    if dialect is None:
        spoken = ", ".join(one.name for one in dialects)
        raise PeerError(
            f"The station took {taken.namespace} {taken.major}.{taken.minor}, which a vehicle of this kind offers; "
            f"this one is simulated in {spoken} only.",
            kind="no common protocol",
            advice="Let the station prefer another of the protocols offered, or take a vehicle without such habits.",
        )
    if response.ResponseCode == codes.OK_SuccessfulNegotiationWithMinorDeviation:
        gate(Tolerance.MINOR_VERSION(f"The station speaks another minor version of {dialect.name}.", "V2G2-170"))
    return dialect
