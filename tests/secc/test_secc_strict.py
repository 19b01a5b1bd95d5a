"""What a station lets pass is told with a code and answered; a strict station answers it with FAILED and goes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from secc_paths import EMAID, YES, at, pki, receipt
from secc_playbook import T0, Playbook, ac_parameters, power, select, stop

from pncsim.tls_certs.profiles import PROFILES
from pncsim.tls_certs.reading import der
from pncsim.wire.gate import LENIENT, STRICT, Tolerance
from pncsim.wire.trace import Problem, Tolerated
from pncsim.wire.v2g import iso2, registry, signature, v2gtp
from pncsim.wire.v2g import xmldsig as ds
from pncsim.wire.v2g.iso2.secc_sequence import State as S
from pncsim.wire.v2g.registry import codec
from pncsim.wire.values import replace

WRONG_EMAID = f"{EMAID[:-1]}Z"
"""The EMAID of the contract with another check character."""


def encoded(message: Any, p: Playbook) -> bytes:
    header = iso2.MessageHeaderType(SessionID=p.session)
    return codec("iso2").encode(iso2.V2G_Message(Header=header, Body=iso2.BodyType(BodyElement=message)))


def details(leaf: bytes, *subs: bytes) -> iso2.PaymentDetailsReq:
    element = iso2.CertificateChainType(Certificate=leaf, SubCertificates=iso2.SubCertificatesType(Certificate=[*subs]))
    return iso2.PaymentDetailsReq(eMAID=EMAID, ContractSignatureCertChain=element)


def with_root(p: Playbook) -> Any:
    return p.ev(details(*pki().credentials("contract_leaf").chain_der, der(pki().certificate("mo_root"))))


def backwards(p: Playbook) -> Any:
    leaf, *subs = pki().credentials("contract_leaf").chain_der
    return p.ev(details(leaf, *reversed(subs)))


def with_country(p: Playbook) -> Any:
    profile = replace(PROFILES["contract_leaf"], country="DE")
    return p.ev(details(*pki().authority("mo_sub2").credentials(profile, EMAID, T0).chain_der))


def wrong_check_character(p: Playbook) -> Any:
    chain = pki().authority("mo_sub2").credentials(PROFILES["contract_leaf"], WRONG_EMAID, T0).chain_der
    return p.ev(replace(details(*chain), eMAID=WRONG_EMAID))


def one_entry_over_all_steps(p: Playbook) -> Any:
    """As cars of the VW platform do, whatever the schedule."""
    p._do(p.engine.request_renegotiation(p.now, ((0, 11_000.0), (43_200, 7_000.0))))
    p.ev(ac_parameters())
    return p.ev(power("Start", 2, [(0, 11_000)]))


def less_than_nothing(p: Playbook) -> Any:
    """As a Seres 3 does."""
    return p.ev(power("Start", 1, [(0, -2_413.6)]))


def in_the_message_grammar(p: Playbook, name: str, request: Any) -> Any:
    """``request``, whose SignedInfo was encoded as one public stack does."""
    signer = pki().credentials("contract_leaf").signer
    header = iso2.MessageHeaderType(SessionID=p.session)
    header.Signature = signature.sign([(name, request)], signer, grammar="iso2")
    p.raw(codec("iso2").encode(iso2.V2G_Message(Header=header, Body=iso2.BodyType(BodyElement=request))))


def proof(p: Playbook) -> Any:
    in_the_message_grammar(
        p, "AuthorizationReq", iso2.AuthorizationReq(Id="id1", GenChallenge=p.responses[-1].GenChallenge)
    )
    if p.end is None:
        p.answer(YES)
    return p.responses[-1]


def signed_receipt(p: Playbook) -> Any:
    in_the_message_grammar(p, "MeteringReceiptReq", receipt(p, p.responses[-1]))
    return p.responses[-1]


def rest(p: Playbook) -> Any:
    return p.raw(encoded(iso2.ServiceDetailReq(ServiceID=2), p) + bytes(2))


def early(p: Playbook) -> Any:
    frames = b"".join(v2gtp.pack(registry.EXI, encoded(m, p)) for m in (iso2.AuthorizationReq(), ac_parameters()))
    p.raw(frames, frame=False)
    p.answer(YES)
    return p.responses[-1]


def late(p: Playbook) -> Any:
    p.wait(45)
    return p.ev(iso2.ServiceDetailReq(ServiceID=2))


def short_id(p: Playbook) -> Any:
    assert p.session[0] == 0
    return p.ev(iso2.ServiceDetailReq(ServiceID=2), session=p.session.lstrip(b"\0"))


def unsigned_steps(p: Playbook) -> Any:
    """AuthorizationReq whose signature has no Transforms."""
    request = iso2.AuthorizationReq(Id="id1", GenChallenge=p.responses[-1].GenChallenge)
    signer = pki().credentials("contract_leaf").signer
    info = signature.sign([("AuthorizationReq", request)], signer).SignedInfo
    info = replace(info, Reference=[replace(info.Reference[0], Transforms=None)])
    value = ds.SignatureValueType(value=signer.sign(codec("xmldsig").encode_fragment("SignedInfo", info)))
    header = iso2.MessageHeaderType(
        SessionID=p.session, Signature=ds.SignatureType(SignedInfo=info, SignatureValue=value)
    )
    answered = p.raw(codec("iso2").encode(iso2.V2G_Message(Header=header, Body=iso2.BodyType(BodyElement=request))))
    return answered or p.answer(YES)


Taken = tuple[S, Callable[[Playbook], Any], Tolerance, str]
LIBERTIES: list[Taken] = [
    (S.CONTRACT, backwards, Tolerance.CHAIN_ORDER, "FAILED_CertChainError"),
    (S.CONTRACT, with_root, Tolerance.ROOT_SENT, "FAILED_CertChainError"),
    (S.CONTRACT, with_country, Tolerance.COUNTRY, "FAILED_CertChainError"),
    (S.CONTRACT, wrong_check_character, Tolerance.EMAID_CHECK, "FAILED_CertChainError"),
    (S.DETAILS, proof, Tolerance.SIGNATURE_GRAMMAR, "FAILED_SignatureError"),
    (S.SERVICES, rest, Tolerance.EXI_REST, "FAILED"),
    (S.SERVICES, short_id, Tolerance.SESSION_ID_FORM, "FAILED_UnknownSession"),
    (S.DETAILS, unsigned_steps, Tolerance.TRANSFORMS_MISSING, "FAILED_SignatureError"),
    (S.EXTERNAL, early, Tolerance.EARLY_REQUEST, "FAILED_SequenceError"),
    (S.SERVICES, late, Tolerance.LATE_REQUEST, "FAILED"),
    (S.SERVICES, lambda p: p.ev(stop()), Tolerance.EARLY_STOP, "FAILED_SequenceError"),
    (S.LOOP_AC, lambda p: p.ev(stop()), Tolerance.EARLY_STOP, "FAILED_SequenceError"),
    (S.RENEGOTIATING_AC, one_entry_over_all_steps, Tolerance.PROFILE_STEPS, "FAILED_ChargingProfileInvalid"),
    (S.PRE_CHARGE, less_than_nothing, Tolerance.PROFILE_NEGATIVE, "FAILED_ChargingProfileInvalid"),
    (
        S.SERVICES,
        lambda p: p.ev(select("Contract", (1, None), (2, None))),
        Tolerance.CERTIFICATE_WITHOUT_SET,
        "FAILED_ServiceSelectionInvalid",
    ),
]


@pytest.mark.parametrize(
    ("state", "take", "tolerance", "code"), LIBERTIES, ids=[f"{row[0]}: {row[2]}" for row in LIBERTIES]
)
def test_a_liberty_is_told_by_its_code_and_answered_or_refused_when_strict(
    state: S, take: Callable[[Playbook], Any], tolerance: Tolerance, code: str
) -> None:
    lenient = at(state, refuses=LENIENT)
    assert take(lenient).ResponseCode == "OK"
    assert tolerance in [event.code for event in lenient.seen(Tolerated)]
    strict = at(state, refuses=STRICT)
    assert take(strict).ResponseCode == code
    assert strict.end is not None and strict.seen(Tolerated) == []
    assert [event.kind for event in strict.seen(Problem)] == [tolerance.kind]


def test_a_strict_station_refuses_a_receipt_in_the_message_grammar_as_one_that_does_not_verify() -> None:
    lenient = at(S.RECEIPT_AC, refuses=LENIENT)
    assert signed_receipt(lenient).ResponseCode == "OK"
    assert [event.code for event in lenient.seen(Tolerated)] == [Tolerance.SIGNATURE_GRAMMAR]
    strict = at(S.RECEIPT_AC, refuses=STRICT)
    assert signed_receipt(strict).ResponseCode == "FAILED_MeteringSignatureNotValid"
