"""Garbage, cut and glued messages: a sentence, an end, never an exception out of the engine."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from secc_paths import YES, at
from secc_playbook import Playbook, ac_parameters, hello, select, setup

from pncsim.secc.notices import SessionEnded
from pncsim.wire.errors import LocalError, PeerClosed
from pncsim.wire.gate import Tolerance
from pncsim.wire.v2g import iso2, registry, v2gtp
from pncsim.wire.v2g.iso2.secc_sequence import SECC_SEQUENCE
from pncsim.wire.v2g.iso2.secc_sequence import State as S
from pncsim.wire.v2g.registry import codec


def encoded(body: Any, session: bytes) -> bytes:
    header = iso2.MessageHeaderType(SessionID=session)
    return codec("iso2").encode(iso2.V2G_Message(Header=header, Body=iso2.BodyType(BodyElement=body)))


@pytest.mark.parametrize("state", [S.CONNECTED, S.SERVICES, S.LOOP_AC])
@pytest.mark.parametrize("payload", [b"\x00", b"\x80", b"\x80\x98", b"\x80" * 40, b"<?xml version='1.0'?>"])
def test_octets_that_are_no_message(state: S, payload: bytes) -> None:
    p = at(state)
    assert p.raw(payload) is None
    assert p.end is not None and p.end.error is not None
    assert f"{len(payload)} octets that are no message" in p.problems
    assert payload.hex()[:64] in p.end.error.advice
    assert isinstance(p.notices[-1], SessionEnded)


@pytest.mark.parametrize("octets", [b"GET / HTTP/1.1\r\n", bytes.fromhex("160301020001000100"), bytes(16)])
def test_streams_that_are_not_v2gtp(octets: bytes) -> None:
    p = Playbook()
    p.raw(octets, frame=False)
    assert "is not V2GTP" in p.problems
    assert p.end is not None


def test_a_message_with_a_wrong_header_is_ignored() -> None:
    p = at(S.SERVICES)
    good = v2gtp.pack(registry.EXI, encoded(iso2.ServiceDetailReq(ServiceID=1), p.session))
    assert p.raw(b"\x02" + good[1:], frame=False) is None
    assert "was ignored" in p.liberties and p.end is None
    assert p.raw(good, frame=False).ResponseCode == "OK"


def test_messages_may_be_cut_anywhere() -> None:
    p = at(S.SERVICES)
    frame = v2gtp.pack(registry.EXI, encoded(iso2.ServiceDetailReq(ServiceID=1), p.session))
    responses = [p.raw(bytes([octet]), frame=False) for octet in frame]
    assert responses[:-1] == [None] * (len(frame) - 1)
    assert responses[-1].ResponseCode == "OK"


def test_requests_ahead_of_their_answers_wait() -> None:
    p = at(S.EXTERNAL)
    first = v2gtp.pack(registry.EXI, encoded(iso2.AuthorizationReq(), p.session))
    second = v2gtp.pack(registry.EXI, encoded(ac_parameters(), p.session))
    assert p.raw(first + second, frame=False) is None
    p.answer(YES)
    assert p.take()[-2:] == ["SE AuthorizationRes OK", "SE ChargeParameterDiscoveryRes OK"]
    assert "before its last one was answered" in p.liberties


def test_a_flood_of_requests_ends() -> None:
    p = at(S.EXTERNAL)
    frame = v2gtp.pack(registry.EXI, encoded(iso2.AuthorizationReq(), p.session))
    p.raw(frame * 50, frame=False)
    assert "without waiting for answers" in p.problems and p.end is not None
    assert p.notices[-1].stopped_by == "station"


@pytest.mark.parametrize("at_once", [True, False])
def test_a_flood_of_foreign_payload_types_ends(at_once: bool) -> None:
    p = at(S.SERVICES)
    foreign = v2gtp.pack(0x9000, b"x")
    for octets in [foreign * 64] if at_once else [foreign] * 64:
        p.raw(octets, frame=False)
    assert p.end is None and p.liberties.count("was ignored") == 64
    p.raw(foreign * (7000 if at_once else 1), frame=False)
    assert p.end is not None and "more than 64 V2GTP messages" in p.problems
    assert p.liberties.count("was ignored") == 64, "told no more"
    assert p.notices[-1].stopped_by == "station"


def test_a_response_is_no_request() -> None:
    p = at(S.SERVICES)
    assert p.raw(encoded(iso2.SessionStopRes(ResponseCode=iso2.ResponseCodeType.OK), p.session)) is None
    assert "SessionStopRes, which is no request" in p.problems


def test_an_empty_body_is_no_request() -> None:
    p = at(S.SERVICES)
    root = iso2.V2G_Message(Header=iso2.MessageHeaderType(SessionID=p.session), Body=iso2.BodyType())
    assert p.raw(codec("iso2").encode(root)) is None
    assert "an empty body" in p.problems and p.end is not None


def test_the_first_message_may_be_the_wrong_one() -> None:
    p = Playbook()
    assert p.ev(setup()).ResponseCode == "FAILED_SequenceError"
    assert type(p.responses[-1]) is iso2.SessionSetupRes


def test_the_peer_hangs_up() -> None:
    p = at(S.LOOP_AC)
    p.raw(b"\x01\xfe\x80", frame=False)
    p.hang_up()
    assert p.end is not None and isinstance(p.end.error, PeerClosed)
    assert "charging AC, in the middle of a message" in p.problems
    assert p.notices[-1].stopped_by == "vehicle"
    assert not p.power.contactor_closed(p.now)


def test_after_the_end_nothing_more_comes() -> None:
    p = at(S.ENDED)
    engine = p.engine
    assert engine.receive(b"\x01\xfe", p.now) == engine.closed(p.now) == engine.wake(p.now) == []
    assert engine.answered(1, YES, p.now) == engine.request_stop(p.now) == engine.abort(LocalError("x"), p.now) == []


@pytest.mark.parametrize("answer", [None, 7, LocalError("no"), YES])
def test_odd_answers_of_the_station(answer: object) -> None:
    for state, request in ((S.EXTERNAL, iso2.AuthorizationReq()), (S.CONTRACT, None)):
        p = at(state, after_failed="close")
        from secc_paths import installation

        p.ev(request or installation())
        response = p.answer(answer)
        if answer is YES and state is S.EXTERNAL:
            assert response.EVSEProcessing == "Finished"
        else:
            assert response.ResponseCode.startswith("FAILED") and p.end is not None


def test_unknown_answers_are_forgotten() -> None:
    p = at(S.SERVICES)
    assert p.engine.answered(99, YES, p.now) == []
    assert p.ev(select()).ResponseCode == "OK"


# ---- any values the schema allows, in every state -------------------------------------------------------------------

_SHORT = st.integers(-(2**15), 2**15 - 1)
_VALUE = st.builds(
    iso2.PhysicalValueType, Multiplier=st.integers(-3, 3), Unit=st.sampled_from(iso2.UnitSymbolType), Value=_SHORT
)
_STATUS = st.builds(
    iso2.DC_EVStatusType,
    EVReady=st.booleans(),
    EVErrorCode=st.sampled_from(iso2.DC_EVErrorCodeType),
    EVRESSSOC=st.integers(0, 100),
)
_AC = st.builds(
    iso2.AC_EVChargeParameterType,
    DepartureTime=st.none() | st.integers(0, 2**32 - 1),
    EAmount=_VALUE,
    EVMaxVoltage=_VALUE,
    EVMaxCurrent=_VALUE,
    EVMinCurrent=_VALUE,
)
_DC = st.builds(
    iso2.DC_EVChargeParameterType,
    DepartureTime=st.none() | st.integers(0, 2**32 - 1),
    DC_EVStatus=_STATUS,
    EVMaximumCurrentLimit=_VALUE,
    EVMaximumVoltageLimit=_VALUE,
)
_PROFILE = st.builds(
    iso2.ChargingProfileType,
    ProfileEntry=st.lists(
        st.builds(
            iso2.ProfileEntryType,
            ChargingProfileEntryStart=st.integers(0, 2**32 - 1),
            ChargingProfileEntryMaxPower=_VALUE,
        ),
        min_size=1,
        max_size=24,
    ),
)
_ID = st.integers(1, 255)
_METER = st.builds(
    iso2.MeterInfoType, MeterID=st.text("AB1", max_size=5), MeterReading=st.none() | st.integers(0, 2**64 - 1)
)
_REQUESTS: dict[str, st.SearchStrategy[Any]] = {
    "SessionSetupReq": st.builds(iso2.SessionSetupReq, EVCCID=st.binary(max_size=6)),
    "ServiceDiscoveryReq": st.builds(iso2.ServiceDiscoveryReq, ServiceScope=st.none() | st.text("ab", max_size=3)),
    "ServiceDetailReq": st.builds(iso2.ServiceDetailReq, ServiceID=st.integers(0, 65535)),
    "PaymentServiceSelectionReq": st.builds(
        iso2.PaymentServiceSelectionReq,
        SelectedPaymentOption=st.sampled_from(iso2.PaymentOptionType),
        SelectedServiceList=st.builds(
            iso2.SelectedServiceListType,
            SelectedService=st.lists(
                st.builds(
                    iso2.SelectedServiceType, ServiceID=st.integers(0, 4), ParameterSetID=st.none() | st.integers(0, 3)
                ),
                min_size=1,
                max_size=16,
            ),
        ),
    ),
    "PaymentDetailsReq": st.builds(
        iso2.PaymentDetailsReq,
        eMAID=st.text("AZ09-", min_size=14, max_size=15),
        ContractSignatureCertChain=st.builds(iso2.CertificateChainType, Certificate=st.binary(max_size=20)),
    ),
    "AuthorizationReq": st.builds(iso2.AuthorizationReq, GenChallenge=st.none() | st.binary(min_size=16, max_size=16)),
    "ChargeParameterDiscoveryReq": st.builds(
        iso2.ChargeParameterDiscoveryReq,
        MaxEntriesSAScheduleTuple=st.none() | st.integers(0, 65535),
        RequestedEnergyTransferMode=st.sampled_from(iso2.EnergyTransferModeType),
        EVChargeParameter=_AC | _DC,
    ),
    "PowerDeliveryReq": st.builds(
        iso2.PowerDeliveryReq,
        ChargeProgress=st.sampled_from(iso2.ChargeProgressType),
        SAScheduleTupleID=st.just(1) | _ID,
        ChargingProfile=st.none() | _PROFILE,
    ),
    "ChargingStatusReq": st.builds(iso2.ChargingStatusReq),
    "MeteringReceiptReq": st.builds(iso2.MeteringReceiptReq, SessionID=st.binary(max_size=8), MeterInfo=_METER),
    "CableCheckReq": st.builds(iso2.CableCheckReq, DC_EVStatus=_STATUS),
    "PreChargeReq": st.builds(iso2.PreChargeReq, DC_EVStatus=_STATUS, EVTargetVoltage=_VALUE, EVTargetCurrent=_VALUE),
    "CurrentDemandReq": st.builds(
        iso2.CurrentDemandReq,
        DC_EVStatus=_STATUS,
        EVTargetCurrent=_VALUE,
        ChargingComplete=st.booleans(),
        EVTargetVoltage=_VALUE,
    ),
    "WeldingDetectionReq": st.builds(iso2.WeldingDetectionReq, DC_EVStatus=_STATUS),
    "SessionStopReq": st.builds(iso2.SessionStopReq, ChargingSession=st.sampled_from(iso2.ChargingSessionType)),
}
_STATES = [state for state in S if state not in (S.ENDED, S.CONNECTED, S.NEGOTIATED)]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(state=st.sampled_from(_STATES), data=st.data())
def test_whatever_a_vehicle_sends_is_answered(state: S, data: st.DataObject) -> None:
    """Requests that may come, with any values: each gets its response, whatever is in it."""
    p = at(state)
    for _ in range(4):
        names = [name for name in SECC_SEQUENCE.events(p.engine.state, [*Tolerance]) if name in _REQUESTS]
        if p.end is not None or not names:
            break
        request = data.draw(_REQUESTS[data.draw(st.sampled_from(names))])
        response = p.ev(request) or p.wait(5)
        if response is None and p.asked:
            response = p.answer(YES)
        assert type(response).__name__ == type(request).__name__[:-3] + "Res", p.log
        assert response.ResponseCode != "FAILED_SequenceError"


def test_what_cannot_be_sent_ends_the_session() -> None:
    def alter(name: str, message: Any) -> Any:
        if name == "ServiceDetailRes":
            message.Body.BodyElement.ServiceID = 70_000
            return iso2.V2G_Message(Header=message.Header, Body=message.Body)
        return message

    p = at(S.SERVICES, alter=alter)
    assert p.ev(iso2.ServiceDetailReq(ServiceID=1)) is None
    assert "cannot send ServiceDetailRes" in p.problems
    assert p.notices[-1].stopped_by == "station"


@settings(max_examples=80, deadline=None, derandomize=True)
@given(data=st.binary(max_size=80))
def test_any_octets(data: bytes) -> None:
    for p in (Playbook(), at(S.SERVICES)):
        p.raw(data)
        p.wait(100)
        assert p.end is not None


@settings(max_examples=50, deadline=None, derandomize=True)
@given(position=st.integers(0, 10_000), flip=st.integers(1, 255))
def test_any_flipped_octet(position: int, flip: int) -> None:
    p = at(S.AUTHORIZED)
    payload = bytearray(encoded(ac_parameters(), p.session))
    payload[position % len(payload)] ^= flip
    p.raw(bytes(payload))
    p.wait(100)
    assert p.end is not None


def test_sap_with_twenty_protocols() -> None:
    p = Playbook()
    assert p.ev(hello(*[(f"urn:other:{i}", 1, 0) for i in range(20)])).ResponseCode == "Failed_NoNegotiation"
