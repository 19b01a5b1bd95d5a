"""Every FAILED code of ISO 15118-2, provoked by what a vehicle or a back end does wrong."""

from __future__ import annotations

from typing import Any

import pytest
from secc_paths import (
    EMAID,
    at,
    config,
    pki,
    receipt,
)
from secc_playbook import (
    demand,
    stop,
    welding,
)
from secc_refused import SCENES, Scene, expired_since_payment, expired_while_authorizing, late, no

from pncsim.secc.config import ReceiptPolicy
from pncsim.secc.iso2.payment import CERTIFICATE_KINDS, refusal_kind
from pncsim.secc.notices import AuthorizationRefused, ChargingStopped, SessionEnded
from pncsim.wire import trace
from pncsim.wire.errors import LocalError
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g.iso2 import codes
from pncsim.wire.v2g.iso2.secc_sequence import State as S


@pytest.mark.rule("CSO-1")
@pytest.mark.parametrize(("code", "what", "play"), SCENES, ids=[f"{code}: {what}" for code, what, _ in SCENES])
def test_refusals(code: str, what: str, play: Scene) -> None:
    """The code, the right response type, a sentence, an end with the power off, and the connection closed."""
    p, response = play()
    assert response.ResponseCode == code, (what, p.problems)
    assert p.end is not None and p.end.error is not None
    assert p.log[-1] == "-- close after failure"
    assert p.engine.state == S.ENDED
    assert p.engine.deadline is None
    assert len(p.problems) > 20
    assert p.power.watts == 0 and not p.power.contactor_closed(p.now)
    ended = p.notices[-1]
    assert isinstance(ended, SessionEnded) and ended.kind == "failed"


def test_every_code_of_the_schema_has_a_scene() -> None:
    assert {code for code, _, _ in SCENES} == {code for code in iso2.ResponseCodeType if code.startswith("FAILED")}


@pytest.mark.parametrize("request_", [welding(), stop()], ids=["WeldingDetection", "SessionStop"])
def test_who_has_stopped_and_is_seen_in_state_c_is_refused(request_: Any) -> None:
    """ISO 15118-4 SECC_DC SessionStop_006, WeldingDetection_005: the switch opens before PowerDelivery(Stop)."""
    p = at(S.STOPPED_DC)
    p.power.seen_ready = lambda: True
    assert p.ev(request_).ResponseCode == "FAILED"
    assert "still signals state C or D" in p.problems
    p = at(S.STOPPED_DC)
    assert (p.ev(request_) or p.wait(1.0)).ResponseCode == "OK", "where nobody can see it, nobody complains"


def test_no_payment_option_is_refused_in_the_configuration_already() -> None:
    with pytest.raises(LocalError, match="no payment option"):
        config(contract=False, external=False)


def test_status_codes_of_the_back_end_are_mapped() -> None:
    def code(*answer: str) -> str:
        return codes.answer(refusal_kind(no(*answer)), "PaymentDetailsRes")

    assert {status: code(status) for status in CERTIFICATE_KINDS} == {
        "SignatureError": "FAILED_SignatureError",
        "CertificateExpired": "FAILED_CertificateExpired",
        "CertificateRevoked": "FAILED_CertificateRevoked",
        "NoCertificateAvailable": "FAILED_NoCertificateAvailable",
        "CertChainError": "FAILED_CertChainError",
        "ContractCancelled": "FAILED_ContractCanceled",
    }
    assert code("Accepted", "NotAllowedTypeEVSE") == "FAILED_CertificateNotAllowedAtThisEVSE"
    assert code("Accepted", "Expired") == code("nonsense") == "FAILED"


def test_a_refused_contract_is_told_to_the_station() -> None:
    p, _ = late(no("CertificateRevoked"))()
    refused = next(notice for notice in p.notices if isinstance(notice, AuthorizationRefused))
    assert refused.emaid == EMAID
    assert refused.text == "CertificateRevoked Invalid"


def test_a_certificate_of_another_domain_is_not_a_contract() -> None:
    p = at(S.CONTRACT, contract_anchors=(pki().certificate("v2g_root"),))
    leaf, *subs = pki().credentials("secc_leaf").chain_der
    chain = iso2.CertificateChainType(
        Certificate=leaf, SubCertificates=iso2.SubCertificatesType(Certificate=list(subs))
    )
    response = p.ev(iso2.PaymentDetailsReq(eMAID=EMAID, ContractSignatureCertChain=chain))
    assert response.ResponseCode == "FAILED_CertChainError"
    assert [event.ok for event in p.seen(trace.Judged)] == [False]


def test_an_open_station_lets_the_vehicle_stop_after_a_failure() -> None:
    p = at(S.SERVICES, after_failed="goodbye")
    assert p.ev(iso2.ServiceDetailReq(ServiceID=77)).ResponseCode == "FAILED_ServiceIDInvalid"
    assert p.end is None
    assert p.ev(stop()).ResponseCode == "OK"
    assert p.take() == [
        "EV ServiceDetailReq",
        "SE ServiceDetailRes FAILED_ServiceIDInvalid",
        "EV SessionStopReq",
        "SE SessionStopRes OK",
        "!! SessionEnded",
        "-- close",
    ]


def test_a_failure_while_charging_stops_the_power() -> None:
    p = at(S.LOOP_AC)
    p.ev(iso2.ChargingStatusReq())
    p.now += 30
    p.ev(iso2.ServiceDiscoveryReq())
    assert [type(n).__name__ for n in p.notices[-3:]] == ["MeterSample", "ChargingStopped", "SessionEnded"]
    stopped = next(n for n in p.notices if isinstance(n, ChargingStopped))
    assert stopped.energy_wh == pytest.approx(3 * 230 * 32 * 30 / 3600)


def test_an_evse_that_fails_while_charging_ends_the_session() -> None:
    p = at(S.LOOP_DC)
    p.power.fault = "its rectifier is too hot"
    response = p.ev(demand())
    assert (response.ResponseCode, response.DC_EVSEStatus.EVSEStatusCode) == ("FAILED", "EVSE_Malfunction")
    assert "too hot" in p.problems
    assert p.notices[-1].stopped_by == "station"


def test_receipts_may_be_let_pass() -> None:
    p = at(S.RECEIPT_AC, receipts=ReceiptPolicy(required=False))
    assert p.ev(receipt(p, p.responses[-1])).ResponseCode == "OK"
    assert "receipt was let pass" in p.liberties
    assert p.engine.state == S.LOOP_AC


@pytest.mark.rule("CSO-1")
@pytest.mark.parametrize("play", [expired_since_payment, expired_while_authorizing])
def test_a_contract_that_ends_between_payment_details_and_authorization_pays_nothing(play: Scene) -> None:
    p, _ = play()
    (problem,) = p.seen(trace.Problem)
    assert (problem.kind, problem.response_code) == ("expired", "FAILED")
    (refused,) = (notice for notice in p.notices if isinstance(notice, AuthorizationRefused))
    assert refused.emaid == EMAID
    assert len(p.asked) == (0 if play is expired_since_payment else 1), "nobody is asked about what is over"
