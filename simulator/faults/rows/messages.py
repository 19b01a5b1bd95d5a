"""Messages of ISO 15118-2 that say what they must not, come when they must not, or not at all: the vehicle's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pncsim.simulator.faults import deeds
from pncsim.simulator.faults.answers import Reports, Tolerates
from pncsim.simulator.faults.changes import (
    body,
    finished,
    no_charge_service,
    no_protocol,
    no_signature,
    on,
    other_session,
    tampered,
    with_profile,
    with_service,
    wrong_challenge,
    wrong_signature,
)
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


def _changed(name: str, kind: Kind, change: Callable[[Any], Any], **more: Any) -> dict[str, Any]:
    """What a row about one changed request has: the station refuses it with the code for ``kind``."""
    return {
        "group": "messages",
        "place": "vehicle",
        "answer": (responds(kind, _response(name)), Reports("SECC", kind)),
        "deed": deeds.vehicle_sends(name, change),
    } | more


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


def replayed(name: str) -> Callable[..., None]:
    """From the second on each signed message ``name`` of a vehicle says what the first one said, signature included."""

    def deed(lab: Lab, where: str, /) -> None:
        async def do(plug_in: PlugIn) -> None:
            first: list[iso2.V2G_Message] = []

            def again(message: iso2.V2G_Message) -> iso2.V2G_Message:
                if message.Header.Signature is None:
                    return message
                if not first:
                    first.append(message)
                header = replace(message.Header, Signature=first[0].Header.Signature)
                return replace(message, Header=header, Body=first[0].Body)

            lab.alter_vehicle(plug_in.vehicle, on(name, finished(again)))

        lab.hooks.once("vehicle", where, do)

    return deed


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


def _detail(_: Any) -> iso2.ServiceDetailReq:
    return iso2.ServiceDetailReq(ServiceID=99)


ROWS = (
    Fault(
        name="no-common-protocol",
        title="the vehicle offers a protocol that the station does not speak",
        **_changed("SupportedAppProtocolReq", "no common protocol", no_protocol),
    ),
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
    Fault(
        name="unknown-service",
        title="the vehicle asks for the details of a service nobody offers",
        **_changed("PaymentServiceSelectionReq", "service unknown", body(_detail))
        | {"answer": (responds("service unknown", "ServiceDetailRes"), Reports("SECC", "service unknown"))},
    ),
    Fault(
        name="service-not-offered",
        title="the vehicle selects a service nobody offers",
        **_changed("PaymentServiceSelectionReq", "service selection", body(with_service(99))),
    ),
    Fault(
        name="no-charge-service",
        title="the vehicle selects every service but charging",
        **_changed(
            "PaymentServiceSelectionReq", "no charge service", body(no_charge_service), scenario="install-contract"
        ),
    ),
    Fault(
        name="payment-not-offered",
        title="the vehicle selects Contract where it was not offered",
        **_changed(
            "PaymentServiceSelectionReq",
            "payment selection",
            body(lambda request: replace(request, SelectedPaymentOption=iso2.PaymentOptionType.Contract)),
            scenario="eim-ac",
        ),
    ),
    Fault(
        name="wrong-energy-mode",
        title="the vehicle asks for an energy transfer mode the station does not offer",
        **_changed(
            "ChargeParameterDiscoveryReq",
            "energy mode",
            body(lambda request: replace(request, RequestedEnergyTransferMode=iso2.EnergyTransferModeType.DC_unique)),
        ),
    ),
    Fault(
        name="wrong-charge-parameter",
        title="the vehicle asks for direct current with the parameters of alternating current",
        **_changed(
            "ChargeParameterDiscoveryReq",
            "charge parameter",
            body(lambda request: replace(request, RequestedEnergyTransferMode=iso2.EnergyTransferModeType.DC_extended)),
        ),
    ),
    Fault(
        name="unknown-schedule",
        title="the vehicle chooses a schedule it was not offered",
        **_changed("PowerDeliveryReq", "tariff", body(lambda request: replace(request, SAScheduleTupleID=200))),
    ),
    Fault(
        name="excessive-profile",
        title="the vehicle's charging profile is above what the schedule allows",
        **_changed("PowerDeliveryReq", "charging profile", body(with_profile(32_000, 2))),
    ),
    Fault(
        name="early-renegotiation",
        title="the vehicle renegotiates before it has charged",
        group="messages",
        place="vehicle",
        answer=(responds("out of turn", "PowerDeliveryRes"), Reports("EV", "refused")),
        deed=deeds.vehicle_sends(
            "PowerDeliveryReq",
            body(lambda request: replace(request, ChargeProgress=iso2.ChargeProgressType.Renegotiate)),
        ),
    ),
    Fault(
        name="wrong-challenge",
        title="the vehicle signs another challenge than the one it was given",
        **_changed("AuthorizationReq", "challenge", body(wrong_challenge)),
    ),
    Fault(
        name="wrong-signature",
        title="the vehicle's signature over the challenge has a wrong bit",
        **_changed("AuthorizationReq", "signature", finished(wrong_signature)),
    ),
    Fault(
        name="no-signature",
        title="the vehicle does not sign the challenge",
        **_changed("AuthorizationReq", "signature", finished(no_signature)),
    ),
    Fault(
        name="replayed-authorization",
        title="the vehicle proves its contract with what it has signed in the session before",
        group="messages",
        place="vehicle",
        answer=(responds("challenge", "AuthorizationRes"), Reports("SECC", "challenge")),
        scenario="pause-resume",
        deed=replayed("AuthorizationReq"),
    ),
    Fault(
        name="replayed-receipt",
        title="the vehicle's second metering receipt is the first one again",
        group="messages",
        place="vehicle",
        answer=(responds("receipt signature", "MeteringReceiptRes"), Reports("SECC", "receipt signature")),
        deed=replayed("MeteringReceiptReq"),
    ),
    Fault(
        name="wrong-receipt",
        title="the vehicle's signature over the metering receipt has a wrong bit",
        **_changed("MeteringReceiptReq", "receipt signature", finished(wrong_signature)),
    ),
    Fault(
        name="tampered-receipt",
        title="the metering receipt is altered after it was signed",
        **_changed("MeteringReceiptReq", "receipt signature", finished(tampered("MeteringReceiptReq"))),
    ),
    Fault(
        name="tampered-authorization",
        title="the signed part of AuthorizationReq is altered after it was signed",
        **_changed("AuthorizationReq", "signature", finished(tampered("AuthorizationReq"))),
    ),
    Fault(
        name="wrong-install-signature",
        title="the vehicle's signature over CertificateInstallationReq has a wrong bit",
        group="messages",
        place="vehicle",
        answer=(responds("signature", "CertificateInstallationRes"), Reports("EV", "refused")),
        scenario="install-contract",
        deed=deeds.vehicle_sends("CertificateInstallationReq", finished(wrong_signature)),
    ),
    Fault(
        name="tampered-install",
        title="the list of roots in CertificateInstallationReq is altered after it was signed",
        group="messages",
        place="vehicle",
        answer=(responds("signature", "CertificateInstallationRes"), Reports("EV", "refused")),
        scenario="install-contract",
        deed=deeds.vehicle_sends("CertificateInstallationReq", finished(tampered("CertificateInstallationReq"))),
    ),
    Fault(
        name="wrong-update-signature",
        title="the vehicle's signature over CertificateUpdateReq has a wrong bit",
        group="messages",
        place="vehicle",
        answer=(responds("signature", "CertificateUpdateRes"), Reports("EV", "refused")),
        scenario="update-contract",
        survived=True,
        deed=deeds.vehicle_sends("CertificateUpdateReq", finished(wrong_signature)),
    ),
)
