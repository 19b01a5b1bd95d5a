"""What the station does wrong ends the session with a sentence and a Close; a mere liberty does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ev_playbook as sn
import pytest
from ev_playbook import NOW, SESSION, Playbook, vehicle

from pncsim.ev.iso2.advice import ADVICE
from pncsim.wire.errors import LocalError, PeerClosed, PeerError, PeerSilent
from pncsim.wire.gate import STRICT
from pncsim.wire.trace import V2gMessage
from pncsim.wire.v2g import appprotocol as app
from pncsim.wire.v2g import iso2


def ac(play: Playbook) -> Any:
    return sn.to_charging_ac(play)


def before_authorization(play: Playbook) -> Any:
    sn.to_services(play)
    return play.until(sn.services(payment=("ExternalPayment",)), sn.selected())


def before_parameters(play: Playbook) -> Any:
    before_authorization(play)
    return play.hear(sn.authorized())


def challenged(play: Playbook) -> Any:
    sn.to_services(play)
    return play.until(sn.services(certificate=False), sn.selected())


def hung_up(play: Playbook) -> None:
    """The vehicle has said why and closed, without a SessionStopReq the station would have to tolerate."""
    assert "SessionStopReq" not in play.names
    assert play.close is not None
    assert play.problems == [play.error.sentence]
    assert not play.engine.outcome.ok


CASES: list[tuple[Callable[[Playbook], Any], Any, str]] = [
    (lambda p: None, sn.agreed(ResponseCode=app.ResponseCodeType.Failed_NoNegotiation), "none of the protocols"),
    (lambda p: None, sn.agreed(SchemaID=7), "chose SchemaID 7; only 1"),
    (
        lambda p: p.hear(sn.agreed()),
        sn.selected(),
        "SessionSetupReq with PaymentServiceSelectionRes, expected SessionSet",
    ),
    (lambda p: p.hear(sn.agreed()), sn.session_setup("FAILED"), "answered SessionSetupReq with FAILED."),
    (sn.to_services, sn.session_setup(), "ServiceDiscoveryReq with SessionSetupRes"),
    (before_authorization, sn.authorized(code="FAILED_SequenceError"), "with FAILED_SequenceError. Th"),
    (before_parameters, sn.delivered(), "ChargeParameterDiscoveryReq with PowerDeliveryRes"),
    (challenged, sn.details(code="FAILED_CertificateRevoked"), "PaymentDetailsReq with FAILED_CertificateRevoked"),
    (ac, sn.current(400, 10), "ChargingStatusReq with CurrentDemandRes"),
]


@pytest.mark.parametrize(("prepare", "answer", "sentence"), CASES)
def test_wrong_answers_close_with_a_sentence(prepare: Callable[[Playbook], Any], answer: Any, sentence: str) -> None:
    play = Playbook(vehicle(contracts=(sn.contract(),)))
    prepare(play)
    sent = len(play.names)
    play.hear(answer)
    assert isinstance(play.error, PeerError)
    assert sentence in str(play.error)
    assert len(play.names) == sent, "nothing is sent after the fault"
    assert play.problems[-1] == play.error.sentence
    assert not play.engine.outcome.ok
    assert play.engine.outcome.error is play.error
    assert play.engine.deadline is None
    assert play.engine.receive(b"\x01\xfe", play.now) == []


def test_every_failed_code_has_advice() -> None:
    failed = {str(code) for code in iso2.ResponseCodeType if code.startswith("FAILED")}
    assert failed | {"Failed_NoNegotiation"} == set(ADVICE)


def test_the_code_is_kept_with_the_error() -> None:
    play = Playbook(vehicle())
    before_authorization(play)
    play.hear(sn.authorized(code="FAILED_UnknownSession"), session=bytes(8))
    assert play.error.response_code == "FAILED_UnknownSession"
    assert play.engine.outcome.response_codes[-1] == ("AuthorizationRes", "FAILED_UnknownSession")


@pytest.mark.parametrize(
    ("garbage", "sentence"),
    [
        (b"\x00" * 40, "cannot be read"),
        (b"\x80" + b"\xff" * 60, "cannot be read"),
        (b"\x80\x98", "cannot be read"),
    ],
)
def test_garbage_in_a_frame_closes(garbage: bytes, sentence: str) -> None:
    play = Playbook(vehicle())
    sn.to_services(play)
    play.octets(garbage)
    assert sentence in str(play.error)
    assert "ServiceDiscoveryReq" in str(play.error)


def test_something_else_than_v2gtp_closes() -> None:
    play = Playbook(vehicle())
    play.raw(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    assert isinstance(play.error, PeerError)
    assert "not V2GTP" in str(play.error)


def test_a_frame_of_another_type_is_ignored() -> None:
    play = Playbook(vehicle())
    play.raw(bytes.fromhex("01fe900100000002") + b"\x00\x00")
    assert play.close is None
    assert "ignored" in play.tolerated[0]
    assert isinstance(play.hear(sn.agreed()), iso2.SessionSetupReq)


def test_answers_may_come_in_pieces() -> None:
    play = Playbook(vehicle())
    from pncsim.wire.v2g.registry import EXI, codec
    from pncsim.wire.v2g.v2gtp import pack

    for byte in pack(EXI, codec("app").encode(sn.agreed())):
        assert play.close is None
        play.raw(bytes([byte]), after=0.001)
    assert isinstance(play.request, iso2.SessionSetupReq)


def test_a_second_answer_to_one_request_closes() -> None:
    play = Playbook(vehicle())
    play.answers = False
    before_authorization(play)
    play.hear(sn.authorized("Ongoing_WaitingForCustomerInteraction"))
    play.hear(sn.authorized("Ongoing_WaitingForCustomerInteraction"))
    assert "although nothing was asked" in str(play.error)


@pytest.mark.parametrize("session", [bytes(8), b"\x01", SESSION[::-1]])
def test_a_foreign_session_number_closes(session: bytes) -> None:
    play = Playbook(vehicle())
    sn.to_services(play)
    play.hear(sn.services(), session=session)
    assert f"belongs to session {session.hex()}, this one is {SESSION.hex()}" in str(play.error)


def test_a_short_session_number_of_the_same_value_is_tolerated() -> None:
    play = Playbook(vehicle())
    play.session = bytes.fromhex("0000000000001234")
    play.until(sn.agreed(), sn.session_setup())
    play.session = b"\x12\x34"
    assert isinstance(play.hear(sn.services(payment=("ExternalPayment",))), iso2.PaymentServiceSelectionReq)
    assert "with 2 bytes instead of 8" in play.tolerated[0]


def test_strict_turns_liberties_into_errors() -> None:
    play = Playbook(vehicle(refuses=STRICT))
    play.hear(sn.agreed(SchemaID=None))
    assert "no SchemaID" in str(play.error)


def test_closing_early_is_told_with_what_was_waited_for() -> None:
    play = Playbook(vehicle())
    sn.to_services(play)
    play._take(play.engine.closed(play.now))
    assert isinstance(play.error, PeerClosed)
    assert "waited for ServiceDiscoveryRes" in str(play.error)


@pytest.mark.parametrize(
    ("prepare", "limit", "request_"),
    [
        (lambda p: None, 2.0, "SupportedAppProtocolReq"),
        (lambda p: p.hear(sn.agreed()), 2.0, "SessionSetupReq"),
        (challenged, 5.0, "PaymentDetailsReq"),
        (before_parameters, 2.0, "ChargeParameterDiscoveryReq"),
        (ac, 2.0, "ChargingStatusReq"),
    ],
)
def test_silence_ends_after_the_messages_time(prepare: Callable[[Playbook], Any], limit: float, request_: str) -> None:
    play = Playbook(vehicle(contracts=(sn.contract(),)))
    prepare(play)
    assert play.engine.deadline == pytest.approx(play.now + limit)
    assert play.wait(limit - 0.01) is None
    play.wait(0.02)
    assert isinstance(play.error, PeerSilent)
    assert f"did not answer {request_} within {limit:g} s" in str(play.error)


def test_current_demand_is_waited_for_a_quarter_of_a_second() -> None:
    play = Playbook(vehicle(energy_modes=("DC_extended",)))
    sn.to_charging_dc(play)
    play.wait(0.25)
    assert "CurrentDemandReq within 0.25 s" in str(play.error)


def test_communication_setup_counts_from_plug_in() -> None:
    car = vehicle()
    play = Playbook(car)
    play.engine = type(play.engine)(car, tls=True, plugged_in=NOW - 19)
    play._take(play.engine.start(NOW))
    play.hear(sn.agreed(), after=0.9)
    play.wait(0.2)
    assert "not set up 20 s after plug-in" in str(play.error)


def test_ongoing_authorization_has_60_seconds() -> None:
    play = Playbook(vehicle(contracts=(sn.contract(),)))
    challenged(play)
    play.hear(sn.details())
    for _ in range(1000):
        if play.close:
            break
        play.hear(sn.authorized("Ongoing"), after=0.5)
        play.wait(0.0)
    assert "authorization 60 s after it began" in str(play.error)


def test_ongoing_parameters_have_60_seconds_even_between_polls() -> None:
    play = Playbook(vehicle())
    before_parameters(play)
    play.answers = False
    play.hear(sn.planning())
    assert play.engine.deadline == pytest.approx(play.now + 60)
    play.wait(60)
    assert "charge parameters 60 s after" in str(play.error)


def test_cable_check_has_40_seconds_and_pre_charge_7() -> None:
    for answer, limit, what in (
        (sn.cable_checked("Ongoing"), 40, "cable check"),
        (sn.pre_charged(20), 7, "pre-charge"),
    ):
        play = Playbook(vehicle(energy_modes=("DC_extended",)))
        sn.to_services(play)
        play.until(sn.services("DC_extended", payment=("ExternalPayment",)), sn.selected(), sn.authorized())
        play.hear(sn.parameters(dc=True))
        if what == "pre-charge":
            play.hear(sn.cable_checked())
        begun = play.now
        while not play.close:
            play.hear(answer, after=0.4)
            play.wait(0.0)
        assert f"{what} {limit} s after it began" in str(play.error)
        assert play.now - begun == pytest.approx(limit, abs=0.6)


def test_a_bad_isolation_ends_the_session() -> None:
    play = Playbook(vehicle(energy_modes=("DC_extended",)))
    sn.to_services(play)
    play.until(sn.services("DC_extended", payment=("ExternalPayment",)), sn.selected(), sn.authorized())
    play.until(sn.parameters(dc=True), sn.cable_checked(isolation="Fault"))
    hung_up(play)
    assert "isolation Fault" in str(play.error)


@pytest.mark.parametrize("code", ["EVSE_EmergencyShutdown", "EVSE_Malfunction"])
def test_a_fault_while_charging_stops_in_order_and_is_an_error(code: str) -> None:
    play = Playbook(vehicle(energy_modes=("DC_extended",)))
    sn.to_charging_dc(play)
    stop = play.hear(sn.current(400, 50, code=code))
    assert stop.ChargeProgress == iso2.ChargeProgressType.Stop
    play.until(sn.delivered(dc=True), sn.welding(0), sn.stopped())
    assert code in str(play.error)


def test_a_tripped_rcd_stops_in_order_and_is_an_error() -> None:
    play = Playbook(vehicle())
    ac(play)
    assert play.hear(sn.charging(rcd=True)).ChargeProgress == iso2.ChargeProgressType.Stop
    play.until(sn.delivered(), sn.stopped())
    assert "residual current" in str(play.error)


def test_a_station_without_energy_is_left_after_a_while() -> None:
    play = Playbook(vehicle(idle_limit=120.0))
    sn.to_services(play)
    play.until(sn.services(payment=("ExternalPayment",)), sn.selected(), sn.authorized())
    play.until(sn.parameters(sn.pmax((0, 0))), sn.delivered())
    while isinstance(play.request, iso2.ChargingStatusReq):
        play.hear(sn.charging())
    play.until(sn.delivered(), sn.stopped())
    assert "gave no energy for" in str(play.error)


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (sn.services("DC_core"), "The station offers DC_core; the vehicle can use AC_three_phase_core"),
        (sn.services(payment=("Contract",), certificate=False), "holds no valid contract"),
    ],
)
def test_nothing_acceptable_offered_ends_the_session(answer: Any, sentence: str) -> None:
    play = Playbook(vehicle())
    sn.to_services(play)
    play.hear(answer)
    hung_up(play)
    assert sentence in str(play.error)


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (
            sn.services(payment=("ExternalPayment",)),
            "offers payment by ExternalPayment; the vehicle is set to contract.",
        ),
        (
            sn.services(certificate=False),
            "offers payment by Contract, ExternalPayment; the vehicle is set to contract: "
            "the vehicle holds no valid contract and none can be installed here.",
        ),
    ],
    ids=["not-offered", "not-held"],
)
def test_why_no_contract_is_used_is_said_once(answer: Any, sentence: str) -> None:
    play = Playbook(vehicle(payment="contract"))
    sn.to_services(play)
    play.hear(answer)
    assert play.error.sentence == f"The station {sentence}"


def test_contract_without_tls_is_not_used() -> None:
    play = Playbook(vehicle(contracts=(sn.contract(),)), tls=False)
    sn.to_services(play)
    chosen = play.hear(sn.services())
    assert chosen.SelectedPaymentOption == iso2.PaymentOptionType.ExternalPayment
    assert "Contract without TLS" in play.tolerated[0]


def test_finished_without_schedules_ends_the_session() -> None:
    play = Playbook(vehicle())
    before_parameters(play)
    res = sn.parameters()
    res.SASchedules = None
    play.hear(res)
    hung_up(play)
    assert play.error.clause == "V2G2-905"


@pytest.mark.parametrize(
    "way_out",
    [
        lambda play: play.hear(sn.stopped("FAILED_SequenceError")),
        lambda play: play.wait(60),
        lambda play: play._take(play.engine.closed(play.now)),
    ],
    ids=["refused", "unanswered", "closed"],
)
def test_why_the_vehicle_left_outlives_a_station_that_does_not_let_it(way_out: Callable[[Playbook], Any]) -> None:
    """A fault while charging is what is reported, also if SessionStop is refused or not answered at last."""
    play = Playbook(vehicle())
    ac(play)
    play.hear(sn.charging(rcd=True))
    assert isinstance(play.hear(sn.delivered()), iso2.SessionStopReq)
    way_out(play)
    assert "residual current" in play.error.sentence
    assert [problem.sentence for problem in play.engine.outcome.problems] == play.problems[:1]
    assert "SessionStop" in play.problems[0]
    assert play.problems[1] == play.error.sentence


def test_parameters_of_the_wrong_kind_end_the_session() -> None:
    play = Playbook(vehicle())
    before_parameters(play)
    play.hear(sn.parameters(dc=True))
    hung_up(play)
    assert "DC_EVSEChargeParameterType" in str(play.error)


def test_a_complaint_in_the_header_is_reported() -> None:
    from pncsim.wire.v2g.registry import codec

    play = Playbook(vehicle())
    sn.to_services(play)
    notification = iso2.NotificationType(FaultCode=iso2.FaultCodeType.ParsingError, FaultMsg="what?")
    document = iso2.V2G_Message(
        Header=iso2.MessageHeaderType(SessionID=SESSION, Notification=notification),
        Body=iso2.BodyType(BodyElement=sn.services(payment=("ExternalPayment",))),
    )
    play.octets(codec("iso2").encode(document))
    assert "complains of ParsingError: what?" in play.problems[0]
    assert play.close is None


def test_faults_on_purpose_go_through_one_hook() -> None:
    seen: list[tuple[str, type]] = []

    def alter(name: str, message: Any) -> Any:
        seen.append((name, type(message)))
        if name == "ServiceDiscoveryReq" and isinstance(message, iso2.V2G_Message):
            return b"\x80garbage"
        return None if name == "PaymentServiceSelectionReq" else message

    play = Playbook(vehicle(alter=alter))
    play.until(sn.agreed(), sn.session_setup())
    assert play.of(V2gMessage)[-1].payload == b"\x80garbage"
    assert seen[1:3] == [("SessionSetupReq", iso2.SessionSetupReq), ("SessionSetupReq", iso2.V2G_Message)]
    play.hear(sn.services(payment=("ExternalPayment",)))
    play.wait(2.0)
    assert "did not answer PaymentServiceSelectionReq" in str(play.error)


@pytest.mark.parametrize(
    ("wishes", "sentence"),
    [
        ({"evccid": b"\x01"}, "6 bytes"),
        ({"loop_interval": 41.0}, "within 40 s"),
        ({"loop_interval": 0.0}, "loop interval"),
        ({"energy_modes": ("Wireless",)}, "Wireless is no energy transfer mode"),
        ({"payment": "contract", "tls": "off"}, "TLS is switched off"),
    ],
)
def test_wishes_that_make_no_sense_are_refused(wishes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(LocalError, match=sentence):
        vehicle(**wishes)


def test_a_challenge_of_the_wrong_length_is_refused() -> None:
    """Asked of the step itself: the codec of this house does not let such a challenge be written."""
    from pncsim.ev.iso2.authorization import payment_details

    session = Playbook(vehicle()).engine.session
    session.contract = sn.contract()
    with pytest.raises(PeerError, match="has 15 bytes, 16 are required"):
        payment_details(session, sn.details(challenge=bytes(15)))
