"""No contract certificate comes for a vehicle (V2G2-557, -558): what it is answered, and how it goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from secc_paths import (
    at,
    delivery,
    details,
    installation,
    signed_authorization,
    update,
)

from pncsim.secc.questions import AuthorizationAnswer, ContractCertificateAnswer
from pncsim.wire import trace
from pncsim.wire.errors import LocalError
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g.iso2.secc_sequence import State as S


def test_no_contract_certificate_is_said_once_and_why() -> None:
    p = at(S.CONTRACT, after_failed="close")
    p.ev(update())
    p.answer(ContractCertificateAnswer(exi=None, text="The contract pool did not answer within 3.5 s."))
    why = "No contract certificate came for the vehicle: The contract pool did not answer within 3.5 s."
    assert p.end is not None and p.end.reason == why


REFUSED_DELIVERIES = {
    "the pool has none": ContractCertificateAnswer(exi=None, text="nothing new"),
    "the back end is dead": LocalError("The CSMS is not connected."),
    "the back end is silent": None,
    "the answer is garbage": ContractCertificateAnswer(exi=b"\x80\x98garbage"),
    "the back end refuses": "FAILED_SignatureError",
}


@pytest.mark.parametrize("after_failed", ["continue", "goodbye"])
@pytest.mark.parametrize("how", REFUSED_DELIVERIES)
@pytest.mark.parametrize("request_", [installation, update], ids=lambda r: r.__name__)
def test_a_vehicle_that_gets_no_new_contract_pays_with_the_one_it_holds(
    request_: Callable[[], Any], how: str, after_failed: str
) -> None:
    """V2G2-557, -558: whatever the delivery failed of, PaymentDetailsReq may follow; the power stays off meanwhile."""
    p = at(S.CONTRACT, after_failed=after_failed)
    p.ev(request_())
    answer = REFUSED_DELIVERIES[how]
    kind = iso2.CertificateInstallationRes if request_ is installation else iso2.CertificateUpdateRes
    if isinstance(answer, str):
        answer = ContractCertificateAnswer(exi=delivery(p.session, answer, kind=kind))
    failed = p.wait(4.5) if answer is None else p.answer(answer)
    assert isinstance(failed, kind) and failed.ResponseCode.startswith("FAILED")
    assert p.end is None and p.engine.state == S.DELIVERED
    assert [event.response_code for event in p.seen(trace.Problem)] == [failed.ResponseCode]
    challenge = p.ev(details()).GenChallenge
    signed_authorization(p, challenge)
    assert p.answer(AuthorizationAnswer(accepted=True)).EVSEProcessing == "Finished"


def test_a_refused_update_says_when_to_try_again() -> None:
    p = at(S.CONTRACT)
    p.ev(update())
    failed = p.answer(ContractCertificateAnswer(exi=None, text="nothing new"))
    assert (failed.ResponseCode, failed.RetryCounter) == ("FAILED_NoCertificateAvailable", 0)


def test_only_one_delivery_may_be_asked_for_even_if_it_was_refused() -> None:
    p = at(S.CONTRACT)
    p.ev(update())
    p.answer(ContractCertificateAnswer(exi=None))
    assert p.ev(installation()).ResponseCode == "FAILED_SequenceError"
    assert p.end is not None


def test_a_vehicle_that_leaves_after_a_refused_delivery_has_left_because_of_it() -> None:
    p = at(S.CONTRACT)
    p.ev(installation())
    p.answer(ContractCertificateAnswer(exi=None, text="The contract pool has none"))
    p.hang_up()
    assert p.end is not None and p.end.error is not None and p.end.error.kind == "closed"
    assert "The contract pool has none" in p.end.reason
    later = at(S.CONTRACT)
    later.ev(installation())
    later.answer(ContractCertificateAnswer(exi=None, text="The contract pool has none"))
    later.ev(details())
    later.hang_up()
    assert later.end is not None and "pool" not in later.end.reason, "what it has been forgiven is not why it left"
