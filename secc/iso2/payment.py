"""Contract details and authorization, by contract (Plug & Charge) or by external means (8.4.3.6, 8.4.3.7)."""

from __future__ import annotations

from collections.abc import Generator

from pncsim.secc import notices
from pncsim.secc.contract import CheckedContract, check_contract, check_still_valid
from pncsim.secc.iso2.session import Iso2StationSession
from pncsim.secc.questions import AuthorizationAnswer, ContractAuthorization, ExternalAuthorization
from pncsim.tls_certs.chain_element import chain_octets
from pncsim.wire.errors import Kind, PeerError, PncError
from pncsim.wire.gate import Tolerance
from pncsim.wire.session.responder import Handling, Reply, Until
from pncsim.wire.v2g import iso2, signature
from pncsim.wire.v2g.iso2.secc_sequence import State
from pncsim.wire.v2g.iso2.timing import MESSAGES, SECC_ONGOING

_Code = iso2.ResponseCodeType
_Processing = iso2.EVSEProcessingType
_MARGIN = 0.5  # s left of the performance time for everything but the back end

CERTIFICATE_KINDS: dict[str, Kind] = {
    "SignatureError": "signature",
    "CertificateExpired": "expired",
    "CertificateRevoked": "revoked",
    "NoCertificateAvailable": "no contract",
    "CertChainError": "chain",
    "ContractCancelled": "contract cancelled",
}
"""OCPP certificateStatus of a refused contract -> what is wrong with it; what the vehicle is told follows from that.
PaymentDetailsRes has a code for each; a late answer, in AuthorizationRes, can say revoked and signature only."""

TOKEN_KINDS: dict[str, Kind] = {
    "NotAtThisLocation": "not allowed here",
    "NotAllowedTypeEVSE": "not allowed here",
}
"""OCPP idTokenInfo status of a contract whose certificate is good -> what is wrong; others: not authorised."""


def refusal_kind(answer: AuthorizationAnswer) -> Kind:
    """What a refused authorization stands for."""
    return CERTIFICATE_KINDS.get(answer.certificate_status) or TOKEN_KINDS.get(answer.token_status, "not authorised")


def payment_details(s: Iso2StationSession, request: iso2.PaymentDetailsReq) -> Handling:
    """Check the contract chain and its EMAID, and issue the challenge (V2G2-697, -825)."""
    chain = chain_octets(request.ContractSignatureCertChain)
    config = s.config
    what = f"contract certificate chain of {request.eMAID}"
    try:
        contract = check_contract(
            request.eMAID,
            chain,
            config.contract_anchors,
            s.talk.now,
            central_validation=config.central_validation,
            algorithms=config.algorithms,
            soon_days=config.expires_soon_days,
            gate=s.tolerate,
        )
    except PeerError as error:
        s.voice.judged(what, False, error.sentence, error.clause)
        raise
    if contract.anchor is not None:
        s.voice.judged(what, True, "valid up to a root of this station", "V2G2-108")
    else:
        s.voice.story(f"The {what} leads to no root of this station; the back end checks it.")
    _check_joined(s, contract)
    s.emaid, s.contract = contract.emaid, contract
    if config.authorize_early:
        s.authorization = s.ask(_contract_question(s))
        answer = yield from _wait(s, s.talk.now + MESSAGES["PaymentDetails"].performance - _MARGIN)
        if answer is not None:
            _accepted(s, answer)
    s.challenge = s.random(16)
    return Reply(
        iso2.PaymentDetailsRes(
            ResponseCode=_Code.OK_CertificateExpiresSoon if contract.expires_soon else _Code.OK,
            GenChallenge=s.challenge,
            EVSETimeStamp=int(s.talk.now),
        ),
        State.DETAILS,
    )


def authorization(s: Iso2StationSession, request: iso2.AuthorizationReq) -> Handling:
    """Decide whether the vehicle may charge; Ongoing while the back end or the driver takes longer than a moment."""
    if s.state is State.DETAILS:
        _check_proof(s, request)
    elif (
        s.state is State.AUTHORIZING and s.is_contract and (request.Id or request.GenChallenge or s.received.signature)
    ):
        s.tolerate(
            Tolerance.REPEAT_SIGNED("The vehicle signed a repeated AuthorizationReq; repeats are empty.", "V2G2-684")
        )
    patience = SECC_ONGOING if s.config.ongoing_seconds is None else s.config.ongoing_seconds
    limit = patience if s.is_contract else s.config.external_wait
    undecided = s.authorization is None or s.authorization not in s.answers
    if undecided and s.ongoing_since is not None and s.ongoing_too_long(limit):
        raise PeerError(
            f"Nobody has decided on the vehicle's authorization within {limit:g} s.",
            clause="V2G2-713" if s.is_contract else "V2G2-854",
            advice="Look at the back end." if s.is_contract else "The driver has not identified.",
        )
    _check_still_valid(s)
    if s.authorization is None:
        s.authorization = s.ask(_contract_question(s) if s.is_contract else ExternalAuthorization())
    answer = yield from _wait(s, s.talk.now + s.config.poll_seconds)
    if answer is None:
        s.ongoing_too_long(None)
        waiting = _Processing.Ongoing if s.is_contract else _Processing.Ongoing_WaitingForCustomerInteraction
        return Reply(iso2.AuthorizationRes(ResponseCode=_Code.OK, EVSEProcessing=waiting), State.AUTHORIZING)
    _check_still_valid(s)
    granted = _accepted(s, answer)
    s.ongoing_since = None
    s.notice(notices.Authorized(time=s.talk.now, emaid=s.emaid, token=granted.token))
    s.voice.story(f"Charging is authorized for {s.emaid or granted.token or 'the driver'}.")
    return Reply(iso2.AuthorizationRes(ResponseCode=_Code.OK, EVSEProcessing=_Processing.Finished), State.AUTHORIZED)


def _contract_question(s: Iso2StationSession) -> ContractAuthorization:
    assert s.contract is not None
    anchor = s.contract.anchor
    return ContractAuthorization(emaid=s.emaid, chain=s.contract.chain, validated=anchor is not None, anchor=anchor)


def _check_joined(s: Iso2StationSession, contract: CheckedContract) -> None:
    """A session that was paused goes on for the contract it was paused under (V2G2-741)."""
    if s.joined is not None and contract.emaid != s.joined.emaid:
        raise PeerError(
            f"The vehicle has joined a session that was paused under contract {s.joined.emaid}, and shows contract "
            f"{contract.emaid}.",
            clause="V2G2-740, V2G2-741",
            advice="Another contract needs a session of its own: SessionSetupReq with SessionID 0.",
            kind="not allowed here",
        )


def _check_still_valid(s: Iso2StationSession) -> None:
    """A chain that has expired since PaymentDetails pays no more. AuthorizationRes has no code for it but FAILED."""
    if s.contract is None:
        return
    try:
        check_still_valid(s.contract, s.config.contract_anchors, s.talk.now, s.config.algorithms)
    except PeerError as error:
        s.voice.judged(f"contract certificate chain of {s.emaid}", False, error.sentence, error.clause)
        s.notice(notices.AuthorizationRefused(time=s.talk.now, emaid=s.emaid, text=error.sentence))
        raise


def _wait(s: Iso2StationSession, until: float) -> Generator[Until, object, object]:
    """The answer to the open question, whenever it came; None if it has not come by ``until``."""
    assert s.authorization is not None
    if s.authorization not in s.answers:
        yield Until(until, s.authorization)
    return s.answers.get(s.authorization)


def _check_proof(s: Iso2StationSession, request: iso2.AuthorizationReq) -> None:
    """Challenge first (V2G2-475), then presence of the signature, then its validity."""
    if request.GenChallenge != s.challenge:
        got, issued = (value.hex() if value else "none" for value in (request.GenChallenge, s.challenge))
        raise PeerError(
            f"The vehicle sent the challenge {got}; the station had issued {issued}.",
            clause="V2G2-475",
            kind="challenge",
        )
    assert s.contract is not None
    what = "signature of AuthorizationReq with the contract key"
    try:
        signed = [("AuthorizationReq", request)]
        rules = signature.iso2_rules(s.config.algorithms)
        grammar = signature.verify(s.received.signature, signed, s.contract.key, rules=rules, gate=s.tolerate)
    except PeerError as error:
        s.voice.judged(what, False, error.sentence, error.clause)
        raise
    s.voice.judged(what, True, f"valid, SignedInfo in the {grammar} grammar")


def _accepted(s: Iso2StationSession, answer: object) -> AuthorizationAnswer:
    """``answer`` if it grants, otherwise the refusal as PeerError."""
    if isinstance(answer, AuthorizationAnswer) and answer.accepted:
        return answer
    kind: Kind
    if isinstance(answer, AuthorizationAnswer):
        states = " ".join(filter(None, (answer.certificate_status, answer.token_status)))
        text = answer.text or states or "no reason given"
        kind, clause, advice = refusal_kind(answer), "", ""
    elif isinstance(answer, PncError):
        text, kind, clause, advice = answer.sentence, answer.kind, answer.clause, answer.advice
    else:
        text, kind, clause, advice = f"the station answered {type(answer).__name__}", "defect", "", ""
    s.notice(notices.AuthorizationRefused(time=s.talk.now, emaid=s.emaid, text=text))
    who = f"contract {s.emaid}" if s.is_contract else "driver"
    raise PeerError(f"Charging is not authorized for the {who}: {text}", clause=clause, advice=advice, kind=kind)
