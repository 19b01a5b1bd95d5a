"""Further looks at the request that came next: what its name alone does not say."""

from __future__ import annotations

from typing import Any

from pncsim.simulator.conformance.evcc.step import Look, NextRequest
from pncsim.tls_certs import reading
from pncsim.tls_certs.chain_element import chain_octets
from pncsim.wire.errors import PeerError
from pncsim.wire.gate import Tolerate
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g.signature import verify
from pncsim.wire.v2g.xmldsig import SignatureType


def _let_pass(liberty: object) -> None:
    """What implementations write differently in a signature is no case's business."""


_GATE: Tolerate = _let_pass


def is_new(first: NextRequest, answer: Any) -> str:
    """A new session has no number yet (V2G2-750)."""
    return "" if not any(first.session_id) else f"SessionSetupReq has the SessionID {first.session_id.hex()}, not 0."


def has_the_number(first: NextRequest, answer: Any) -> str:
    """The SessionID is the one that the station has given (V2G2-750)."""
    own = answer.Header.SessionID
    if first.session_id == own:
        return ""
    return f"{first.name} has the SessionID {first.session_id.hex()}; {own.hex()} was assigned."


def says(progress: str) -> Look:
    """PowerDeliveryReq has this ChargeProgress."""

    def look(first: NextRequest, answer: Any) -> str:
        said = str(first.body.ChargeProgress)
        return "" if said == progress else f"PowerDeliveryReq says {said}, not {progress}."

    return look


def keeps_to_the_schedule(first: NextRequest, answer: Any) -> str:
    """The schedule is one of those offered, and the profile nowhere above its PMax (V2G2-224, V2G2-293)."""
    body = answer.Body.BodyElement
    offered = {one.SAScheduleTupleID: one for one in body.SASchedules.SAScheduleTuple}
    chosen = offered.get(first.body.SAScheduleTupleID)
    if chosen is None:
        known = ", ".join(map(str, offered))
        return f"PowerDeliveryReq names schedule {first.body.SAScheduleTupleID}; offered are {known}."
    most = [(one.TimeInterval.start, iso2.amount(one.PMax)) for one in chosen.PMaxSchedule.PMaxScheduleEntry]
    for entry in first.body.ChargingProfile.ProfileEntry if first.body.ChargingProfile is not None else ():
        start, watts = entry.ChargingProfileEntryStart, iso2.amount(entry.ChargingProfileEntryMaxPower)
        allowed = [limit for begins, limit in most if begins <= start][-1:] or [most[0][1]]
        if watts > allowed[0]:
            return f"The profile has {watts:g} W from {start} s on; the schedule allows {allowed[0]:g} W."
    return ""


def chooses(schedule: int) -> Look:
    """PowerDeliveryReq names this schedule."""

    def look(first: NextRequest, answer: Any) -> str:
        found = first.body.SAScheduleTupleID
        return "" if found == schedule else f"PowerDeliveryReq names schedule {found}, not {schedule}."

    return look


# ---- contracts ---------------------------------------------------------------------------------------------------


def shows_what_was_delivered(first: NextRequest, answer: Any) -> str:
    """The contract is the one that has come (V2G2-557, V2G2-558)."""
    return (
        ""
        if _shown(first) == _delivered(answer)
        else "PaymentDetailsReq shows another contract than the one delivered."
    )


def shows_something_else(first: NextRequest, answer: Any) -> str:
    """The contract is one the vehicle has held before."""
    return "PaymentDetailsReq shows the contract that was to be refused." if _shown(first) == _delivered(answer) else ""


def _shown(first: NextRequest) -> bytes:
    found: bytes = first.body.ContractSignatureCertChain.Certificate
    return found


def _delivered(answer: Any) -> bytes:
    found: bytes = answer.Body.BodyElement.ContractSignatureCertChain.Certificate
    return found


def meets_the_challenge(first: NextRequest, answer: Any) -> str:
    """AuthorizationReq has the challenge and is signed with the contract's key (V2G2-697, V2G2-698)."""
    if first.body.GenChallenge != answer.Body.BodyElement.GenChallenge:
        return "AuthorizationReq has another GenChallenge than PaymentDetailsRes."
    return signed_by_the_contract(first, answer)


def gives_the_receipt(first: NextRequest, answer: Any) -> str:
    """MeteringReceiptReq repeats the MeterInfo and is signed with the contract's key (V2G2-691, V2G2-905)."""
    if first.body.MeterInfo != answer.Body.BodyElement.MeterInfo:
        return "MeteringReceiptReq has another MeterInfo than the station has sent."
    return signed_by_the_contract(first, answer)


def signed_by_the_contract(first: NextRequest, answer: Any) -> str:
    """It is signed with the key of the contract that the vehicle shows, or has shown."""
    shown = first.body if isinstance(first.body, iso2.CertificateUpdateReq) else first.before["PaymentDetailsReq"]
    return _signed(first, chain_octets(shown.ContractSignatureCertChain)[0])


def signed_by_its_maker(first: NextRequest, answer: Any) -> str:
    """It is signed with the key of the provisioning certificate in it (V2G2-893)."""
    return _signed(first, first.body.OEMProvisioningCert)


def _signed(first: NextRequest, certificate: bytes) -> str:
    signature = first.signature if isinstance(first.signature, SignatureType) else None
    try:
        key = reading.load(certificate).public_key()
        verify(signature, [(first.name, first.body)], key, gate=_GATE)
    except PeerError as error:
        return error.sentence
    return ""
