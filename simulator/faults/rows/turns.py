"""Requests of ISO 15118-2 that come out of turn, twice, late or never, or for another session."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pncsim.simulator.faults import deeds
from pncsim.simulator.faults.answers import Reports, Tolerates
from pncsim.simulator.faults.changes import body, finished, on, other_session
from pncsim.simulator.faults.demands import (
    SEQUENCE_CLAUSE,
    SEQUENCE_PERFORMANCE,
    SEQUENCE_TIMEOUT,
    goes_on,
    responds,
)
from pncsim.simulator.faults.fault import Fault, Observations
from pncsim.simulator.parameters import Bounds
from pncsim.wire.errors import Kind
from pncsim.wire.gate import Tolerance
from pncsim.wire.session.outputs import RawOctets
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g.registry import EXI, codec
from pncsim.wire.v2g.v2gtp import pack
from pncsim.wire.values import replace

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab
    from pncsim.simulator.lab.plug_in import PlugIn

AnyRequest = Literal[
    "ServiceDiscoveryReq",
    "PaymentServiceSelectionReq",
    "PaymentDetailsReq",
    "AuthorizationReq",
    "ChargeParameterDiscoveryReq",
    "PowerDeliveryReq",
    "ChargingStatusReq",
    "MeteringReceiptReq",
    "SessionStopReq",
]


def _response(request: str) -> str:
    return request.removesuffix("Req") + "Res"


def _refused(kind: Kind, request: str) -> Observations:
    return responds(kind, _response(request)), Reports("EV", "refused")


def wrong_session(
    lab: Lab,
    where: str,
    /,
    *,
    request: Annotated[AnyRequest, "Which request names it."] = "ServiceDiscoveryReq",
    id: Annotated[Literal["other", "zero"], "Which one it is."] = "other",
) -> None:
    """A request names another session than the one that was set up; zero is no exception."""
    deeds.vehicle_sends(request, finished(other_session(bytes(8) if id == "zero" else None)))(lab, where)


_ELSEWHERE: Mapping[str, Callable[[], Any]] = {
    "ServiceDiscoveryReq": iso2.ServiceDiscoveryReq,
    "AuthorizationReq": iso2.AuthorizationReq,
    "PowerDeliveryReq": lambda: iso2.PowerDeliveryReq(
        ChargeProgress=iso2.ChargeProgressType.Start, SAScheduleTupleID=1
    ),
    "ChargingStatusReq": iso2.ChargingStatusReq,
}
"""Requests that have no place where payment is selected."""


def out_of_order(
    lab: Lab,
    where: str,
    /,
    *,
    request: Annotated[
        Literal["ServiceDiscoveryReq", "AuthorizationReq", "PowerDeliveryReq", "ChargingStatusReq"], "Which comes."
    ] = "PowerDeliveryReq",
) -> None:
    """Another request comes where PaymentServiceSelectionReq is due."""
    deeds.vehicle_sends("PaymentServiceSelectionReq", body(lambda _: _ELSEWHERE[request]()))(lab, where)


def repeated(
    lab: Lab,
    where: str,
    /,
    *,
    request: Annotated[
        Literal["ServiceDiscoveryReq", "PaymentServiceSelectionReq", "PaymentDetailsReq", "PowerDeliveryReq"],
        "Which comes twice.",
    ] = "PaymentServiceSelectionReq",
) -> None:
    """A request comes twice."""

    def twice(message: Any) -> RawOctets:
        frame = pack(EXI, codec("iso2").encode(message))
        return RawOctets((frame, frame))

    deeds.vehicle_sends(request, finished(twice))(lab, where)


def _repeated(request: str) -> Observations:
    # The station is in the middle of PowerDelivery's answer as the second comes; in the loop Start is out of turn.
    kind: Kind = "out of turn" if request == "PowerDeliveryReq" else "sequence"
    return (responds(kind, _response(request)), Reports("EV", "unexpected answer"))


def late_request(
    lab: Lab,
    where: str,
    /,
    *,
    seconds: Annotated[float, "How late it is.", Bounds(0.0, 3_600.0)] = 61.0,
) -> None:
    """PaymentServiceSelectionReq comes late; the vehicle itself has all the time in the world."""

    async def do(plug_in: PlugIn) -> None:
        plug_in.vehicle.config = replace(plug_in.vehicle.config, patience=10_000.0)

        def late(message: Any) -> RawOctets:
            return RawOctets((pack(EXI, codec("iso2").encode(message)),), seconds)

        lab.alter_vehicle(plug_in.vehicle, on("PaymentServiceSelectionReq", finished(late)))

    lab.hooks.once("vehicle", where, do)


def _late(seconds: float) -> Observations:
    if seconds > SEQUENCE_TIMEOUT:
        return Reports("SECC", "silent", SEQUENCE_CLAUSE), Reports("EV", "closed")
    if seconds > SEQUENCE_PERFORMANCE:
        return Tolerates("SECC", (Tolerance.LATE_REQUEST,), "V2G2-485"), goes_on()
    return (goes_on(),)


def lost_request(
    lab: Lab,
    where: str,
    /,
    *,
    request: Annotated[
        Literal[
            "SessionSetupReq",
            "ServiceDiscoveryReq",
            "PaymentServiceSelectionReq",
            "PaymentDetailsReq",
            "AuthorizationReq",
            "ChargeParameterDiscoveryReq",
            "PowerDeliveryReq",
            "ChargingStatusReq",
            "SessionStopReq",
        ],
        "What is lost.",
    ] = "PaymentServiceSelectionReq",
) -> None:
    """A request of the vehicle never arrives."""
    deeds.vehicle_sends(request, lambda message: None)(lab, where)


ROWS = (
    Fault(
        name="wrong-session",
        title="the vehicle's {request} names another session: {id}",
        group="messages",
        place="vehicle",
        answer=lambda request, id: _refused("unknown session", request),
        deed=wrong_session,
    ),
    Fault(
        name="out-of-order",
        title="the vehicle sends {request} where PaymentServiceSelectionReq is due",
        group="messages",
        place="vehicle",
        answer=lambda request: (responds("sequence", _response(request)), Reports("SECC", "sequence")),
        deed=out_of_order,
    ),
    Fault(
        name="repeated-request",
        title="the vehicle sends {request} twice",
        group="messages",
        place="vehicle",
        answer=_repeated,
        deed=repeated,
    ),
    Fault(
        name="late-request",
        title="the vehicle's PaymentServiceSelectionReq comes {seconds:g} s late",
        group="messages",
        place="vehicle",
        answer=_late,
        deed=late_request,
    ),
    Fault(
        name="lost-request",
        title="the vehicle's {request} never arrives",
        group="messages",
        place="vehicle",
        answer=(Reports("EV", "silent", "Table 109"), Reports("SECC", "closed")),
        deed=lost_request,
    ),
)
