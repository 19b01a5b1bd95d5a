"""Services, payment and contracts: ServiceDetail to Authorization."""

from __future__ import annotations

from typing import Any

from pncsim.secc.config import ServiceOffer
from pncsim.simulator.conformance.secc import credentials as shown
from pncsim.simulator.conformance.secc.looks import has_challenge
from pncsim.simulator.conformance.secc.step import CaseStep, Setting
from pncsim.simulator.conformance.secc.stimuli import foreign_session, good, out_of_turn, silence, wrong
from pncsim.simulator.conformance.secc.table import EIM, HELD, INSTALL, PNC, UPDATE, WITH_TLS, declared, table
from pncsim.simulator.faults.changes import body, finished, no_charge_service, tampered, with_service
from pncsim.wire.gate import Tolerance
from pncsim.wire.v2g import iso2
from pncsim.wire.values import replace

CERTIFICATES, INTERNET = 2, 3
"""Service ids (ISO 15118-2, Table 105)."""

_ONLINE = ServiceOffer(
    service_id=INTERNET,
    category="Internet",
    name="InternetAccess",
    parameter_sets=((3, (("Protocol", "http"), ("Port", 80))),),
)
VAS = Setting(station={"services": (_ONLINE,)}, when=declared("VAS", "serviceDetail"))
NO_VAS = Setting(when=declared("VAS", "none_"))
ONLINE = VAS | Setting(details=(INTERNET,), when=declared("InternetAccess", "internetAccess"))
BOTH = VAS | Setting(details=(INTERNET, CERTIFICATES), when=declared("InternetAccess", "internetAccess"))
DETAILS_EIM = VAS | EIM | WITH_TLS | Setting(details=(INTERNET,))
DETAILS_PNC = VAS | PNC | Setting(details=(CERTIFICATES,))
ONLY_EIM = EIM | Setting(station={"contract": False}, when=declared("PaymentOption", "externalPayment"))
WAITS_FOR_CARD = EIM | Setting(card=10.0, when=declared("EIMDone", "v2gAuthorization"))
SLOW = Setting(slow=True, when=declared("AuthorizationOngoing", "ongoing"))

NO_COUNTRY = Setting(refuses=frozenset({Tolerance.COUNTRY}), when=declared("CountryRefused", "true"))

NOT_HAD = ("FAILED", "FAILED_NoCertificateAvailable")
NOT_KNOWN = (*NOT_HAD, "FAILED_ContractCanceled")
NOT_TAKEN = (*NOT_HAD, "FAILED_CertificateNotAllowedAtThisEVSE")

BAD_PROFILE = (*NOT_TAKEN, "FAILED_CertChainError")
EXPIRED_ABOVE = (*BAD_PROFILE, "FAILED_CertificateExpired")
"""The source names no more than :data:`NOT_TAKEN`; the codes that say what is wrong with the chain are no worse."""
WITH_COUNTRY = shown.flawed(shown.WITH_COUNTRY)

DETAIL, SELECTION = "ServiceDetailReq", "PaymentServiceSelectionReq"
INSTALLS, UPDATES, SHOWS, PROVES = (
    "CertificateInstallationReq",
    "CertificateUpdateReq",
    "PaymentDetailsReq",
    "AuthorizationReq",
)


def _unknown_service(_: Any) -> iso2.ServiceDetailReq:
    return iso2.ServiceDetailReq(ServiceID=99)


def _by_contract(request: iso2.PaymentServiceSelectionReq) -> iso2.PaymentServiceSelectionReq:
    return replace(request, SelectedPaymentOption=iso2.PaymentOptionType.Contract)


def _unknown_detail(*settings: Setting) -> CaseStep:
    says = f"{DETAIL} about a service nobody offers"
    return wrong(DETAIL, says, body(_unknown_service), "FAILED_ServiceIDInvalid", *settings)


def _of(emaid: str) -> Any:
    return body(lambda request: replace(request, eMAID=replace_emaid(request.eMAID, emaid)))


def replace_emaid(before: Any, emaid: str) -> Any:
    """``emaid`` in the form of the one before: an element with an Id, or a text alone."""
    return emaid if isinstance(before, str) else replace(before, value=emaid)


def _by_a_stranger(name: str, code: str, *settings: Setting) -> CaseStep:
    says = f"{name} signed with a key that does not belong to the certificate in it"
    return wrong(name, says, shown.signed_by_a_stranger(name), code, *settings)


def _showing(name: str, what: str, make: shown.Make, code: str | tuple[str, ...], *settings: Setting) -> CaseStep:
    return wrong(name, f"{name} with {what}", shown.shows(name, make), code, *settings)


CASES = (
    *table(
        "CMN",
        "ServiceDetail",
        {
            1: good(DETAIL, DETAILS_EIM),
            2: good(DETAIL, DETAILS_PNC, says="the certificate service"),
            3: out_of_turn(DETAIL, DETAILS_EIM),
            4: out_of_turn(DETAIL, DETAILS_PNC),
            5: foreign_session(DETAIL, DETAILS_EIM),
            6: foreign_session(DETAIL, DETAILS_PNC),
            7: _unknown_detail(DETAILS_EIM),
            8: _unknown_detail(DETAILS_PNC),
            9: silence(DETAIL, DETAILS_EIM),
            10: silence(DETAIL, DETAILS_PNC),
            11: good(DETAIL, EIM, WITH_TLS, ONLINE, says="internet access"),
            12: good(DETAIL, PNC, BOTH, says="internet access, then the certificate service", nth=2),
        },
    ),
    *table(
        "CMN",
        "PaymentServiceSelection",
        {
            1: good(SELECTION, NO_VAS),
            2: good(SELECTION, DETAILS_EIM, says="ExternalPayment"),
            3: good(SELECTION, DETAILS_PNC, says="Contract"),
            4: out_of_turn(SELECTION),
            5: foreign_session(SELECTION),
            6: wrong(
                SELECTION,
                f"{SELECTION} with a service nobody offers",
                body(with_service(99)),
                "FAILED_ServiceSelectionInvalid",
            ),
            7: wrong(
                SELECTION,
                f"{SELECTION} without the charge service",
                body(no_charge_service),
                "FAILED_NoChargeServiceSelected",
            ),
            8: silence(SELECTION),
            9: wrong(
                SELECTION,
                f"{SELECTION} with Contract where it was not offered",
                body(_by_contract),
                "FAILED_PaymentSelectionInvalid",
                ONLY_EIM,
            ),
        },
    ),
    *table(
        "CMN",
        "CertificateInstallation",
        {
            1: good(INSTALLS, says="signed with the provisioning key"),
            2: out_of_turn(INSTALLS),
            3: foreign_session(INSTALLS),
            4: silence(INSTALLS),
            5: _by_a_stranger(INSTALLS, "FAILED_SignatureError"),
            7: _showing(
                INSTALLS,
                "a provisioning certificate that has expired",
                shown.flawed("expired"),
                "FAILED_CertificateExpired",
            ),
        },
        INSTALL,
    ),
    *table(
        "CMN",
        "CertificateUpdate",
        {
            1: good(UPDATES, says="signed with the contract key"),
            2: out_of_turn(UPDATES),
            3: foreign_session(UPDATES),
            4: silence(UPDATES),
            5: _by_a_stranger(UPDATES, "FAILED_SignatureError"),
            6: wrong(
                UPDATES,
                f"{UPDATES} altered after it was signed",
                finished(tampered(UPDATES)),
                "FAILED_SignatureError",
            ),
            8: _showing(UPDATES, "a leaf of another PKI", shown.flawed("foreign-issuer"), "FAILED_CertChainError"),
            9: _showing(UPDATES, "the Sub-CA 2 of another PKI", shown.under_a_foreign_sub_ca, "FAILED_CertChainError"),
            11: _showing(UPDATES, "the chain of another PKI", shown.of_another_pki, "FAILED_CertChainError"),
            12: wrong(UPDATES, f"{UPDATES} with an EMAID nobody knows", _of("DEPNCC0NOBODYS"), NOT_KNOWN),
            13: wrong(UPDATES, f"{UPDATES} with what is no EMAID", _of("12345678901234"), NOT_KNOWN),
            15: _showing(UPDATES, "what is no EMAID in the certificate", shown.with_no_emaid, NOT_KNOWN),
            16: _showing(UPDATES, "a contract that has expired", shown.flawed("expired"), "FAILED_CertificateExpired"),
            17: _showing(UPDATES, "a country in the certificate", WITH_COUNTRY, BAD_PROFILE, NO_COUNTRY),
        },
        UPDATE,
    ),
    *table(
        "CMN",
        "PaymentDetails",
        {
            1: good(SHOWS, HELD, also=(has_challenge,)),
            2: good(SHOWS, INSTALL, says="a contract installed in this session", also=(has_challenge,)),
            3: good(SHOWS, UPDATE, says="a contract updated in this session", also=(has_challenge,)),
            4: out_of_turn(SHOWS, HELD),
            5: foreign_session(SHOWS, HELD),
            6: silence(SHOWS, HELD),
            7: _showing(
                SHOWS, "a contract that has expired", shown.flawed("expired"), "FAILED_CertificateExpired", HELD
            ),
            8: _showing(SHOWS, "a country in the certificate", WITH_COUNTRY, BAD_PROFILE, HELD, NO_COUNTRY),
            10: _showing(SHOWS, "a Sub-CA 2 that has expired", shown.flawed("sub-ca-expired"), EXPIRED_ABOVE, HELD),
        },
    ),
    *table(
        "CMN",
        "Authorization",
        {
            1: good(PROVES, EIM),
            2: good(PROVES, PNC, says="signed, with the challenge"),
            3: out_of_turn(PROVES, EIM),
            4: out_of_turn(PROVES, PNC),
            5: foreign_session(PROVES, EIM),
            6: foreign_session(PROVES, PNC),
            8: silence(PROVES, EIM),
            9: silence(PROVES, PNC),
            10: _by_a_stranger(PROVES, "FAILED_SignatureError", PNC),
            12: good(PROVES, INSTALL, says="signed with the key that was installed"),
            14: good(PROVES, WAITS_FOR_CARD, says="before the driver is identified", ongoing=True),
            15: good(PROVES, PNC, SLOW, says="while the station asks", ongoing=True),
            16: good(PROVES, INSTALL, SLOW, says="installed before, while the station asks", ongoing=True),
            17: good(PROVES, UPDATE, SLOW, says="updated before, while the station asks", ongoing=True),
        },
    ),
)
