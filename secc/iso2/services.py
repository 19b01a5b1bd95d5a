"""Services and how to pay for them (8.4.3.3 to 8.4.3.5)."""

from __future__ import annotations

from pncsim.secc.iso2 import offer
from pncsim.secc.iso2.session import Iso2StationSession
from pncsim.wire.errors import PeerError
from pncsim.wire.gate import Tolerance
from pncsim.wire.session.responder import Reply
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g.iso2.secc_sequence import State

_OK = iso2.ResponseCodeType.OK


def service_discovery(s: Iso2StationSession, request: iso2.ServiceDiscoveryReq) -> Reply:
    """Offer the charge service, the payment options and value added services; scope and category filter the last."""
    options = offer.payment_options(s)
    if not options:
        raise PeerError(
            "The vehicle asked for services, but this station has no payment option for it: Contract needs TLS and a "
            "reachable back end, and external payment is not offered.",
            clause="V2G2-633, V2G2-634",
        )
    listed = [
        offer.service_message(service)
        for service in offer.services(s)
        if request.ServiceScope in (None, "", service.scope) and request.ServiceCategory in (None, service.category)
    ]
    return Reply(
        iso2.ServiceDiscoveryRes(
            ResponseCode=_OK,
            PaymentOptionList=iso2.PaymentOptionListType(PaymentOption=options),
            ChargeService=offer.charge_service(s),
            ServiceList=iso2.ServiceListType(Service=listed) if listed else None,
        ),
        State.SERVICES,
    )


def service_detail(s: Iso2StationSession, request: iso2.ServiceDetailReq) -> Reply:
    """The parameter sets of an offered service; the charge service has none (V2G2-422, -464)."""
    service = offer.service(s, request.ServiceID)
    if service is None and request.ServiceID != offer.CHARGE_SERVICE_ID:
        raise PeerError(
            f"The vehicle asked for details of service {request.ServiceID}; offered are {_offered(s)}.",
            clause="V2G2-464",
            kind="service unknown",
        )
    return Reply(
        iso2.ServiceDetailRes(
            ResponseCode=_OK,
            ServiceID=request.ServiceID,
            ServiceParameterList=offer.parameter_sets(service) if service else None,
        ),
        State.SERVICES,
    )


def payment_service_selection(s: Iso2StationSession, request: iso2.PaymentServiceSelectionReq) -> Reply:
    """Accept the payment option and the services chosen (V2G2-465, -467, -804)."""
    payment = request.SelectedPaymentOption
    options = offer.payment_options(s)
    if payment not in options:
        raise PeerError(
            f"The vehicle selected {payment}; offered was {' and '.join(options)}.",
            clause="V2G2-741, V2G2-465" if s.joined else "V2G2-465",
            kind="payment selection",
        )
    selected = request.SelectedServiceList.SelectedService
    if all(service.ServiceID != offer.CHARGE_SERVICE_ID for service in selected):
        raise PeerError(
            "The vehicle selected "
            f"{', '.join(str(service.ServiceID) for service in selected)}, but not the charge service 1.",
            clause="V2G2-804",
            kind="no charge service",
        )
    for service in selected:
        if service.ServiceID != offer.CHARGE_SERVICE_ID:
            _check_service(s, service)
    s.take_payment(payment)
    s.voice.story(f"The vehicle pays by {'contract (Plug & Charge)' if s.is_contract else 'external identification'}.")
    return Reply(iso2.PaymentServiceSelectionRes(ResponseCode=_OK), State.CONTRACT if s.is_contract else State.EXTERNAL)


def _check_service(s: Iso2StationSession, selected: iso2.SelectedServiceType) -> None:
    """Raise PeerError unless ``selected`` is an offered service with one of its parameter sets."""
    service = offer.service(s, selected.ServiceID)
    sets = [set_id for set_id, _ in service.parameter_sets] if service else []
    if service is None:
        problem = f"The vehicle selected service {selected.ServiceID}; offered are {_offered(s)}."
    elif selected.ParameterSetID in sets or (not sets and selected.ParameterSetID is None):
        problem = ""
    elif selected.ParameterSetID is None:
        problem = ""
        what = f"The vehicle selected service {selected.ServiceID} without a ParameterSetID."
        s.tolerate(Tolerance.CERTIFICATE_WITHOUT_SET(what, "V2G2-467"))
    else:
        there = ", ".join(map(str, sets)) or "none"
        problem = (
            f"The vehicle selected parameter set {selected.ParameterSetID} of service {selected.ServiceID}; "
            f"it has {there}."
        )
    if problem:
        raise PeerError(problem, clause="V2G2-467", kind="service selection")
    if selected.ServiceID == offer.CERTIFICATE_SERVICE_ID:
        s.certificate_selected = True


def _offered(s: Iso2StationSession) -> str:
    return ", ".join(str(i) for i in (offer.CHARGE_SERVICE_ID, *(service.service_id for service in offer.services(s))))
