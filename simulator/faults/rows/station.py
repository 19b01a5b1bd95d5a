"""Messages of ISO 15118-2 that say what they must not, come when they must not, or not at all: the station's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pncsim.simulator.faults import deeds
from pncsim.simulator.faults.answers import Reports, Tolerates
from pncsim.simulator.faults.changes import finished, in_body, other_session
from pncsim.simulator.faults.demands import goes_on, message_timeout
from pncsim.simulator.faults.fault import Fault, Observations
from pncsim.simulator.parameters import Bounds
from pncsim.wire.exi.beyond import beyond
from pncsim.wire.gate import Tolerance
from pncsim.wire.session.outputs import RawOctets
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g.registry import EXI, codec
from pncsim.wire.v2g.v2gtp import pack
from pncsim.wire.values import replace

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab

_PERFORMANCE = 0.5
"""Seconds by which a station should be quicker than a vehicle's patience (Table 109)."""

AnyResponse = Literal[
    "ServiceDiscoveryRes",
    "PaymentServiceSelectionRes",
    "PaymentDetailsRes",
    "AuthorizationRes",
    "ChargeParameterDiscoveryRes",
    "PowerDeliveryRes",
    "ChargingStatusRes",
]


def silent_station(
    lab: Lab,
    where: str,
    /,
    *,
    response: Annotated[
        Literal[
            "SessionSetupRes",
            "ServiceDiscoveryRes",
            "PaymentServiceSelectionRes",
            "PaymentDetailsRes",
            "AuthorizationRes",
            "ChargeParameterDiscoveryRes",
            "PowerDeliveryRes",
            "ChargingStatusRes",
        ],
        "What is not sent.",
    ] = "ServiceDiscoveryRes",
) -> None:
    """The station does not answer."""
    deeds.station_sends(response, lambda message: None)(lab, where)


def late_response(
    lab: Lab,
    where: str,
    /,
    *,
    response: Annotated[AnyResponse, "What comes late."] = "ServiceDiscoveryRes",
    seconds: Annotated[float, "How late it is.", Bounds(0.0, 3_600.0)] = 6.0,
) -> None:
    """A response comes late."""

    def late(message: Any) -> RawOctets:
        return RawOctets((pack(EXI, codec("iso2").encode(message)),), seconds)

    deeds.station_sends(response, finished(late))(lab, where)


def _late(response: str, seconds: float) -> Observations:
    limit = message_timeout(response.removesuffix("Res"))
    if seconds > limit:
        return (Reports("EV", "silent", "Table 109"),)
    if seconds > limit - _PERFORMANCE:
        return Tolerates("EV", (Tolerance.LATE_RESPONSE,), "Table 109"), goes_on()
    return (goes_on(),)


def foreign_response(
    lab: Lab, where: str, /, *, response: Annotated[AnyResponse, "Which response names it."] = "ServiceDiscoveryRes"
) -> None:
    """A response names another session."""
    deeds.station_sends(response, finished(other_session(None)))(lab, where)


def _stop(message: iso2.V2G_Message) -> iso2.V2G_Message:
    stopped = iso2.SessionStopRes(ResponseCode=iso2.ResponseCodeType.OK)
    return replace(message, Body=replace(message.Body, BodyElement=stopped))


ROWS = (
    Fault(
        name="silent-station",
        title="the station never sends {response}",
        group="messages",
        place="station",
        answer=(Reports("EV", "silent", "Table 109"),),
        deed=silent_station,
    ),
    Fault(
        name="late-response",
        title="the station's {response} comes {seconds:g} s late",
        group="messages",
        place="station",
        answer=_late,
        deed=late_response,
    ),
    Fault(
        name="foreign-response",
        title="the station's {response} names another session",
        group="messages",
        place="station",
        answer=(Reports("EV", "unknown session", "V2G2-460"),),
        deed=foreign_response,
    ),
    Fault(
        name="unexpected-response",
        title="the station answers ServiceDiscoveryReq with SessionStopRes",
        group="messages",
        place="station",
        answer=(Reports("EV", "unexpected answer", "V2G2-539"),),
        deed=deeds.station_sends("ServiceDiscoveryRes", finished(_stop)),
    ),
    Fault(
        name="short-challenge",
        title="the station's challenge has 8 octets; 16 are demanded",
        group="messages",
        place="station",
        answer=(Reports("EV", "unspecific", "V2G2-697"),),
        deed=deeds.station_sends(
            "PaymentDetailsRes", in_body(lambda response: replace(response, GenChallenge=beyond(bytes(range(8)))))
        ),
    ),
)
