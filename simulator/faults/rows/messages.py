"""Requests of ISO 15118-2 that say what they must not, or prove nothing: choices, limits, signatures, replays."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pncsim.simulator.faults import deeds
from pncsim.simulator.faults.answers import Reports
from pncsim.simulator.faults.changes import (
    body,
    finished,
    no_charge_service,
    no_protocol,
    no_signature,
    on,
    tampered,
    with_profile,
    with_service,
    wrong_challenge,
    wrong_signature,
)
from pncsim.simulator.faults.demands import (
    responds,
)
from pncsim.simulator.faults.fault import Fault
from pncsim.wire.errors import Kind
from pncsim.wire.v2g import iso2
from pncsim.wire.values import replace

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab
    from pncsim.simulator.lab.plug_in import PlugIn


def _response(request: str) -> str:
    return request.removesuffix("Req") + "Res"


def _changed(name: str, kind: Kind, change: Callable[[Any], Any], **more: Any) -> dict[str, Any]:
    """What a row about one changed request has: the station refuses it with the code for ``kind``."""
    return {
        "group": "messages",
        "place": "vehicle",
        "answer": (responds(kind, _response(name)), Reports("SECC", kind)),
        "deed": deeds.vehicle_sends(name, change),
    } | more


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


def _detail(_: Any) -> iso2.ServiceDetailReq:
    return iso2.ServiceDetailReq(ServiceID=99)


ROWS = (
    Fault(
        name="no-common-protocol",
        title="the vehicle offers a protocol that the station does not speak",
        **_changed("SupportedAppProtocolReq", "no common protocol", no_protocol),
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
