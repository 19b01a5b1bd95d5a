"""Scenes in which a station refuses: for every FAILED code of ISO 15118-2 what a vehicle or a back end does wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from secc_paths import (
    EMAID,
    at,
    config,
    delivery,
    details,
    installation,
    pki,
    receipt,
    signed_authorization,
    update,
)
from secc_playbook import (
    A,
    Playbook,
    V,
    ac_parameters,
    cable,
    dc_parameters,
    hello,
    power,
    select,
    setup,
    stop,
)

from pncsim.secc.config import AcSupply, DcSupply
from pncsim.secc.questions import AuthorizationAnswer, ContractCertificateAnswer
from pncsim.wire.errors import LocalError
from pncsim.wire.gate import STRICT
from pncsim.wire.v2g import iso2, signature
from pncsim.wire.v2g.iso2.secc_sequence import State as S
from pncsim.wire.v2g.registry import codec

Scene = Callable[[], tuple[Playbook, Any]]


def scene(state: S, request: Callable[[Playbook], Any], **changes: Any) -> Scene:
    def play() -> tuple[Playbook, Any]:
        p = at(state, **changes)
        return p, request(p)

    return play


def sends(state: S, request: Any, **changes: Any) -> Scene:
    """The vehicle sends ``request`` in ``state``."""
    return scene(state, lambda p: p.ev(request), **changes)


def no(certificate: str = "Accepted", token: str = "Invalid") -> AuthorizationAnswer:
    return AuthorizationAnswer(accepted=False, certificate_status=certificate, token_status=token)


def early(answer: object) -> Scene:
    """The back end is asked in PaymentDetails already."""
    return scene(S.CONTRACT, lambda p: (p.ev(details()), p.answer(answer))[1], authorize_early=True)


def late(answer: object) -> Scene:
    return scene(S.DETAILS, lambda p: (signed_authorization(p, p.responses[-1].GenChallenge), p.answer(answer))[1])


def installed(answer: object) -> Scene:
    return scene(S.CONTRACT, lambda p: (p.ev(installation()), p.answer(answer))[1], after_failed="close")


def only_contract_without_tls() -> tuple[Playbook, Any]:
    p = Playbook(config(external=False), tls=False)
    p.ev(hello())
    p.ev(setup())
    return p, p.ev(iso2.ServiceDiscoveryReq())


def expired() -> tuple[Playbook, Any]:
    p = at(S.CONTRACT)
    p.now += 60 * 86_400 * 365
    p.engine._limit = None
    return p, p.ev(details())


def slow_contactor() -> tuple[Playbook, Any]:
    p = at(S.READY_AC, ac=AcSupply(contactor_seconds=10))
    assert p.ev(power("Start")) is None
    return p, p.wait(3)


def id_given_twice() -> tuple[Playbook, Any]:
    """AuthorizationReq is signed as it should be, and an element of the signature has its Id."""
    p = at(S.DETAILS)
    request = iso2.AuthorizationReq(Id="id1", GenChallenge=p.responses[-1].GenChallenge)
    header = iso2.MessageHeaderType(SessionID=p.session)
    header.Signature = signature.sign([("AuthorizationReq", request)], pki().credentials("contract_leaf").signer)
    header.Signature.SignatureValue.Id = "id1"
    return p, p.raw(
        codec("iso2").encode(iso2.V2G_Message(Header=header, Body=iso2.BodyType(BodyElement=request))), "twice"
    )


def expired_since_payment() -> tuple[Playbook, Any]:
    """The contract was good in PaymentDetails and ends before the vehicle proves that it is its own."""
    p = last_moments_of_the_contract()
    p.now += 10
    return p, signed_authorization(p, p.responses[-1].GenChallenge)


def expired_while_authorizing() -> tuple[Playbook, Any]:
    """The contract ends while the back end thinks about it."""
    p = last_moments_of_the_contract()
    signed_authorization(p, p.responses[-1].GenChallenge)
    p.wait(1.2)
    p.now += 10
    p.answer(AuthorizationAnswer(accepted=True))
    return p, p.ev(iso2.AuthorizationReq())


def last_moments_of_the_contract() -> Playbook:
    """PaymentDetails was accepted five seconds before the contract certificate ends."""
    p = at(S.CONTRACT)
    p.now = pki().certificate("contract_leaf").not_valid_after_utc.timestamp() - 5
    p.engine._limit = None
    assert p.ev(details()).ResponseCode == "OK_CertificateExpiresSoon"
    return p


def broken_evse() -> tuple[Playbook, Any]:
    p = at(S.READY_AC)
    p.power.fault = "its contactor is worn out"
    return p, p.ev(power("Start"))


def update_without_tls(p: Playbook) -> Any:
    p.engine.session.tls = False
    return p.ev(update())


def unsigned_receipt() -> tuple[Playbook, Any]:
    p = at(S.RECEIPT_AC)
    return p, p.ev(receipt(p, p.responses[-1]))


def wrong_receipt(**changes: Any) -> Scene:
    def play() -> tuple[Playbook, Any]:
        p = at(S.RECEIPT_AC)
        return p, p.ev(receipt(p, p.responses[-1], **changes), sign=pki().credentials("contract_leaf"))

    return play


def parameters(**changes: Any) -> iso2.ChargeParameterDiscoveryReq:
    request = ac_parameters()
    for name, value in changes.items():
        setattr(request.EVChargeParameter, name, value)
    return request


SCENES: list[tuple[str, str, Scene]] = [
    ("FAILED_SequenceError", "out of order", sends(S.SESSION, ac_parameters())),
    ("FAILED_SequenceError", "set up twice", sends(S.SERVICES, setup())),
    (
        "FAILED_UnknownSession",
        "foreign id",
        scene(S.SESSION, lambda p: p.ev(iso2.ServiceDiscoveryReq(), session=b"\7")),
    ),
    ("FAILED_UnknownSession", "zero id", scene(S.SESSION, lambda p: p.ev(iso2.ServiceDiscoveryReq(), session=b"\0"))),
    (
        "FAILED_ServiceIDInvalid",
        "unknown service",
        sends(S.SERVICES, iso2.ServiceDetailReq(ServiceID=3)),
    ),
    ("FAILED_PaymentSelectionInvalid", "not offered", sends(S.SERVICES, select(), external=False)),
    ("FAILED_NoChargeServiceSelected", "no 1", sends(S.SERVICES, select("Contract", (2, 1)))),
    (
        "FAILED_ServiceSelectionInvalid",
        "unknown",
        sends(S.SERVICES, select("Contract", (1, None), (3, 1))),
    ),
    (
        "FAILED_ServiceSelectionInvalid",
        "bad set",
        sends(S.SERVICES, select("Contract", (1, None), (2, 9))),
    ),
    (
        "FAILED_ServiceSelectionInvalid",
        "no set, strict",
        sends(S.SERVICES, select("Contract", (1, None), (2, None)), refuses=STRICT),
    ),
    ("FAILED", "only Contract, without TLS", only_contract_without_tls),
    # certificate installation and update
    (
        "FAILED_NoCertificateAvailable",
        "pool has none",
        installed(ContractCertificateAnswer(exi=None)),
    ),
    ("FAILED", "back end dead", installed(LocalError("The CSMS is not connected."))),
    (
        "FAILED",
        "back end silent",
        scene(S.CONTRACT, lambda p: (p.ev(installation()), p.wait(4.5))[1], after_failed="close"),
    ),
    ("FAILED", "answer is garbage", installed(ContractCertificateAnswer(exi=b"\x80\x98garbage"))),
    ("FAILED", "answer of another session", installed(ContractCertificateAnswer(exi=delivery(b"\x63")))),
    (
        "FAILED",
        "answer of another type",
        installed(ContractCertificateAnswer(exi=delivery(bytes(7) + b"\1", kind=iso2.CertificateUpdateRes))),
    ),
    (
        "FAILED_SignatureError",
        "back end says so",
        installed(ContractCertificateAnswer(exi=delivery(bytes(7) + b"\1", "FAILED_SignatureError"))),
    ),
    (
        "FAILED_NoCertificateAvailable",
        "service not offered",
        scene(S.CONTRACT, update_without_tls, after_failed="close"),
    ),
    # contract
    ("FAILED_CertChainError", "EMAID differs", scene(S.CONTRACT, lambda p: p.ev(details("DEPNCC000000025")))),
    (
        "FAILED_CertChainError",
        "foreign root",
        scene(
            S.CONTRACT,
            lambda p: p.ev(details()),
            contract_anchors=(pki().certificate("v2g_root"),),
        ),
    ),
    (
        "FAILED_CertChainError",
        "not a certificate",
        scene(
            S.CONTRACT,
            lambda p: p.ev(
                iso2.PaymentDetailsReq(
                    eMAID=EMAID,
                    ContractSignatureCertChain=iso2.CertificateChainType(Certificate=b"\x30\x03\x02\x01\x01"),
                )
            ),
        ),
    ),
    ("FAILED_NoCertificateAvailable", "no anchors", scene(S.CONTRACT, lambda p: p.ev(details()), contract_anchors=())),
    ("FAILED_CertificateExpired", "expired", expired),
    ("FAILED_CertificateRevoked", "revoked, early", early(no("CertificateRevoked"))),
    ("FAILED_ContractCanceled", "cancelled, early", early(no("ContractCancelled"))),
    ("FAILED_NoCertificateAvailable", "unknown, early", early(no("NoCertificateAvailable"))),
    ("FAILED_CertificateNotAllowedAtThisEVSE", "place, early", early(no(token="NotAtThisLocation"))),
    ("FAILED", "token refused, early", early(no(token="Blocked"))),
    ("FAILED_ChallengeInvalid", "other challenge", scene(S.DETAILS, lambda p: signed_authorization(p, bytes(16)))),
    ("FAILED_ChallengeInvalid", "no challenge", scene(S.DETAILS, lambda p: p.ev(iso2.AuthorizationReq()))),
    (
        "FAILED_SignatureError",
        "not signed",
        scene(S.DETAILS, lambda p: p.ev(iso2.AuthorizationReq(Id="id1", GenChallenge=p.responses[-1].GenChallenge))),
    ),
    (
        "FAILED_SignatureError",
        "other key",
        scene(
            S.DETAILS,
            lambda p: p.ev(
                iso2.AuthorizationReq(Id="id1", GenChallenge=p.responses[-1].GenChallenge),
                sign=pki().credentials("oem_leaf"),
            ),
        ),
    ),
    ("FAILED_SignatureError", "an Id given twice", id_given_twice),
    ("FAILED_CertificateRevoked", "revoked, late", late(no("CertificateRevoked"))),
    ("FAILED", "cancelled, late", late(no("ContractCancelled"))),
    ("FAILED", "back end dead, late", late(LocalError("The CSMS is not connected."))),
    ("FAILED", "expired since PaymentDetails", expired_since_payment),
    ("FAILED", "expired while the back end decides", expired_while_authorizing),
    ("FAILED", "card refused", scene(S.EXTERNAL, lambda p: (p.ev(iso2.AuthorizationReq()), p.answer(no("")))[1])),
    # parameters
    ("FAILED_WrongEnergyTransferMode", "not offered", sends(S.AUTHORIZED, dc_parameters("DC_unique"))),
    ("FAILED_WrongEnergyTransferMode", "AC to DC", sends(S.RENEGOTIATING_AC, dc_parameters())),
    (
        "FAILED_WrongChargeParameter",
        "AC values for DC",
        sends(S.AUTHORIZED, ac_parameters("DC_extended")),
    ),
    (
        "FAILED_WrongChargeParameter",
        "DC values for AC",
        sends(S.AUTHORIZED, dc_parameters("AC_three_phase_core")),
    ),
    ("FAILED_WrongChargeParameter", "too small", sends(S.AUTHORIZED, ac_parameters(amperes=5))),
    (
        "FAILED_WrongChargeParameter",
        "negative",
        sends(S.AUTHORIZED, parameters(EVMaxVoltage=iso2.physical(-1, V))),
    ),
    (
        "FAILED_WrongChargeParameter",
        "minimum above maximum",
        sends(S.AUTHORIZED, parameters(EVMaxCurrent=iso2.physical(10, A), EVMinCurrent=iso2.physical(11, A))),
    ),
    (
        "FAILED_WrongChargeParameter",
        "needs more than the EVSE gives",
        sends(S.AUTHORIZED, parameters(EVMaxCurrent=iso2.physical(63, A), EVMinCurrent=iso2.physical(33, A))),
    ),
    (
        "FAILED_WrongChargeParameter",
        "takes less voltage than the EVSE gives",
        sends(S.AUTHORIZED, parameters(EVMaxVoltage=iso2.physical(120, V))),
    ),
    ("FAILED_WrongChargeParameter", "low voltage", sends(S.AUTHORIZED, dc_parameters(volts=150))),
    ("FAILED_WrongChargeParameter", "no current", sends(S.AUTHORIZED, dc_parameters(amperes=0.5))),
    # power
    ("FAILED_TariffSelectionInvalid", "other tuple", sends(S.READY_AC, power("Start", 2))),
    ("FAILED_TariffSelectionInvalid", "old tuple", sends(S.READY_AGAIN_DC, power("Start", 1))),
    (
        "FAILED_ChargingProfileInvalid",
        "above PMax",
        sends(S.READY_AC, power("Start", 1, [(0, 11_000), (60, 23_000)])),
    ),
    (
        "FAILED_ChargingProfileInvalid",
        "not rising",
        sends(S.READY_AC, power("Start", 1, [(60, 11_000), (60, 9_000)])),
    ),
    (
        "FAILED_ChargingProfileInvalid",
        "negative power in AC",
        sends(S.READY_AC, power("Start", 1, [(0, 11_000), (60, -1_000)])),
    ),
    (
        "FAILED_ChargingProfileInvalid",
        "above PMax after the schedule's end",
        sends(S.READY_AC, power("Start", 1, [(0, 11_000), (86_400, 23_000)])),
    ),
    ("FAILED_PowerDeliveryNotApplied", "EVSE fault", broken_evse),
    ("FAILED_PowerDeliveryNotApplied", "RCD tripped", sends(S.READY_AC, power("Start"), ac=AcSupply(rcd=True))),
    ("FAILED_ContactorError", "contactor", slow_contactor),
    ("FAILED", "renegotiate first", sends(S.READY_AC, power("Renegotiate"))),
    ("FAILED", "start in the loop", sends(S.LOOP_DC, power("Start"))),
    (
        "FAILED",
        "isolation",
        scene(S.READY_DC, lambda p: (p.ev(cable()), p.wait(2))[1], dc=DcSupply(isolation="Fault", isolation_seconds=1)),
    ),
    ("FAILED", "pause too early", sends(S.AUTHORIZED, stop("Pause"))),
    # receipts
    (
        "FAILED_MeteringSignatureNotValid",
        "not signed",
        scene(S.RECEIPT_AC, lambda p: p.ev(receipt(p, p.responses[-1]))),
    ),
    (
        "FAILED_MeteringSignatureNotValid",
        "other reading",
        wrong_receipt(MeterInfo=iso2.MeterInfoType(MeterID="PNC-METER-1", MeterReading=99_999)),
    ),
    ("FAILED_MeteringSignatureNotValid", "other session", wrong_receipt(SessionID=b"\x63")),
    ("FAILED_MeteringSignatureNotValid", "other tuple", wrong_receipt(SAScheduleTupleID=9)),
]
