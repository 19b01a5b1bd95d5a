"""Services and payment: ServiceDiscovery, ServiceDetail, PaymentServiceSelection (8.4.2.3 to 8.4.2.5)."""

from __future__ import annotations

from pncsim.ev.iso2.contract import install_request, payment_details, update_request, update_wanted
from pncsim.ev.iso2.ending import give_up
from pncsim.ev.iso2.session import Iso2VehicleSession
from pncsim.wire.errors import PeerError
from pncsim.wire.gate import Tolerance
from pncsim.wire.session.initiator import Decision, Say
from pncsim.wire.v2g import iso2

CHARGING_SERVICE = 1
CERTIFICATE_SERVICE = 2
PARAMETER_SETS = {"Installation": 1, "Update": 2}
"""ServiceDetail of the certificate service (Table 106): the set whose ``Service`` is this."""

_CONTRACT = iso2.PaymentOptionType.Contract
_EXTERNAL = iso2.PaymentOptionType.ExternalPayment


def service_discovery(s: Iso2VehicleSession, res: iso2.ServiceDiscoveryRes) -> Decision:
    """Choose how energy flows and who pays; ask for details of the certificate service if it is needed."""
    s.discovery = res
    offered = res.ChargeService.SupportedEnergyTransferMode.EnergyTransferMode
    wanted = (
        s.vehicle.config.energy_modes
        if s.resuming is None
        else (s.resuming.energy_mode, *s.vehicle.config.energy_modes)
    )
    s.take_mode(next((mode for mode in wanted if mode in offered), ""))
    if not s.mode:
        return give_up(
            s,
            PeerError(
                f"The station offers {', '.join(offered)}; "
                f"the vehicle can use {', '.join(s.vehicle.config.energy_modes)}.",
                clause="V2G2-476",
                advice="Choose another energy mode for the vehicle, or another outlet.",
            ),
        )
    s.outcome.energy_mode = s.mode
    if res.ChargeService.ServiceID != CHARGING_SERVICE:
        s.tolerate(
            Tolerance.SERVICE_ID(
                f"ChargeService has ServiceID {res.ChargeService.ServiceID}; Table 105 gives it 1.", "Table 105"
            )
        )
    certificate = _certificate_service(res)
    s.outcome.certificate_service = certificate is not None
    s.action = _contract_action(s, certificate is not None)
    error = _choose_payment(s)
    if error is not None:
        return give_up(s, error)
    if s.payment != _CONTRACT:
        s.action = ""
    if certificate is not None and s.action:
        return Say("certificate service wanted", iso2.ServiceDetailReq(ServiceID=certificate.ServiceID))
    return _select(s)


def service_detail(s: Iso2VehicleSession, res: iso2.ServiceDetailRes) -> Decision:
    """Find the parameter set of the wanted action; without it, do with the contract held or pay otherwise."""
    s.parameter_sets = _parameter_sets(res)
    if not s.parameter_sets:
        s.tolerate(
            Tolerance.PARAMETER_SETS_MISSING(
                "ServiceDetailRes names no parameter sets; the ones of Table 106 are taken.", "Table 106"
            )
        )
        s.parameter_sets = dict(PARAMETER_SETS)
    if s.action not in s.parameter_sets:
        s.problem(
            PeerError(
                f"The station's certificate service offers {', '.join(s.parameter_sets)}, not {s.action}.",
                clause="V2G2-422",
            )
        )
        s.action = ""
        error = _choose_payment(s)
        if error is not None:
            return give_up(s, error)
    return _select(s)


def payment_service_selection(s: Iso2VehicleSession, res: iso2.PaymentServiceSelectionRes) -> Decision:
    """Get authorized: by waiting for the driver, or with a contract that may have to be fetched first."""
    if s.payment == _EXTERNAL:
        return Say("external payment", iso2.AuthorizationReq())
    if s.action == "Installation":
        return install_request(s)
    if s.action == "Update":
        return update_request(s)
    return Say("contract held", payment_details(s))


def _contract_action(s: Iso2VehicleSession, service_offered: bool) -> str:
    """What the vehicle wants from the certificate service: Installation, Update or nothing."""
    held = s.vehicle.contracts.choose(s.vehicle.config.emaid)
    flaw = _flaw(s)
    s.contract = None if flaw else held
    if s.resuming is not None:
        s.contract = s.vehicle.contracts.get(s.resuming.emaid) if s.resuming.emaid else None
        return ""
    if flaw and s.vehicle.config.payment != "external":
        s.voice.story(f"The vehicle does not show its contract: {flaw}.")
    if not service_offered or not s.tls:
        return ""
    needed = s.contract is None or s.contract.refused != ""
    install = s.vehicle.config.install == "always" or (s.vehicle.config.install == "if-needed" and needed)
    if install and s.vehicle.provisioning is not None and s.vehicle.v2g_roots:
        return "Installation"
    return "Update" if s.contract is not None and s.vehicle.v2g_roots and update_wanted(s, s.contract) else ""


def _flaw(s: Iso2VehicleSession) -> str:
    """What speaks against the contract held. Where nothing may be installed anew, a refusal is asked for again."""
    held = s.vehicle.contracts.choose(s.vehicle.config.emaid)
    if held is None or (s.vehicle.config.install == "never" and held.usable(s.talk.now)):
        return ""
    return held.flaw(s.talk.now)


def _choose_payment(s: Iso2VehicleSession) -> PeerError | None:
    """Settle ``s.payment``, or answer why nothing that is offered will do."""
    assert s.discovery is not None
    offered = s.discovery.PaymentOptionList.PaymentOption
    if _CONTRACT in offered and not s.tls:
        s.tolerate(
            Tolerance.CONTRACT_WITHOUT_TLS(
                "The station offers Contract without TLS; it must not, and the vehicle does not use it.", "V2G2-633"
            )
        )
    possible = _CONTRACT in offered and s.tls and (s.contract is not None or s.action != "")
    policy = (
        s.vehicle.config.payment
        if s.resuming is None
        else ("contract" if s.resuming.payment == _CONTRACT else "external")
    )
    if policy != "external" and possible:
        s.payment = _CONTRACT
    elif policy != "contract" and _EXTERNAL in offered:
        if policy == "prefer-contract":
            s.voice.story(
                f"No payment by contract: {_why_no_contract(s, offered)}; the driver has to pay at the station."
            )
        s.payment = _EXTERNAL
    else:
        held_back = policy != "external" and _CONTRACT in offered
        why = f": {_why_no_contract(s, offered)}" if held_back else ""
        return PeerError(
            f"The station offers payment by {', '.join(offered)}; the vehicle is set to {policy}{why}.",
            kind="payment selection",
            clause="V2G2-465",
            advice="Check TLS, the vehicle's contract and whether the station offers the certificate service."
            if _CONTRACT in offered
            else "A station offers Contract only over TLS and with its back end in reach.",
        )
    s.outcome.payment = s.payment
    return None


def _why_no_contract(s: Iso2VehicleSession, offered: list[iso2.PaymentOptionType]) -> str:
    if _CONTRACT not in offered:
        return "the station does not offer it"
    if not s.tls:
        return "the connection has no TLS"
    return f"{_flaw(s) or 'the vehicle holds no valid contract'} and none can be installed here"


def _select(s: Iso2VehicleSession) -> Decision:
    assert s.discovery is not None
    services = [iso2.SelectedServiceType(ServiceID=s.discovery.ChargeService.ServiceID)]
    certificate = _certificate_service(s.discovery)
    if certificate is not None and s.action:
        services.append(
            iso2.SelectedServiceType(ServiceID=certificate.ServiceID, ParameterSetID=s.parameter_sets[s.action])
        )
    s.voice.story(f"The vehicle chooses {s.mode} and payment by {s.payment}.")
    return Say(
        "services chosen",
        iso2.PaymentServiceSelectionReq(
            SelectedPaymentOption=iso2.PaymentOptionType(s.payment),
            SelectedServiceList=iso2.SelectedServiceListType(SelectedService=services),
        ),
    )


def _certificate_service(res: iso2.ServiceDiscoveryRes) -> iso2.ServiceType | None:
    services = res.ServiceList.Service if res.ServiceList is not None else []
    category = iso2.ServiceCategoryType.ContractCertificate
    return next((x for x in services if x.ServiceID == CERTIFICATE_SERVICE or x.ServiceCategory == category), None)


def _parameter_sets(res: iso2.ServiceDetailRes) -> dict[str, int]:
    found: dict[str, int] = {}
    for entry in res.ServiceParameterList.ParameterSet if res.ServiceParameterList is not None else []:
        for parameter in entry.Parameter:
            if parameter.stringValue in PARAMETER_SETS:
                found[parameter.stringValue] = entry.ParameterSetID
    return found
