"""A dialect is a value: chosen by SupportedAppProtocol, and changed in one point for a misbehaving peer."""

from __future__ import annotations

from typing import Any

import pytest
from two_engines import Conversation, converse

from pncsim.ev.iso2 import ISO2 as EV_ISO2
from pncsim.secc.iso2 import ISO2 as SECC_ISO2
from pncsim.wire.gate import Tolerance
from pncsim.wire.session.dialect import Dialect
from pncsim.wire.session.initiator import Say
from pncsim.wire.session.responder import Reply
from pncsim.wire.session.sequence import Row
from pncsim.wire.trace import Problem, StateEntered, Tolerated, V2gMessage
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g.iso2.secc_sequence import State
from pncsim.wire.values import replace

INVENTED = {"name": "Charging by Semaphore", "namespace": "urn:example:semaphore", "version": (3, 1)}
"""Everything as in ISO 15118-2, but for its name and the V2GTP payload type it travels under."""


def semaphore(known: Dialect) -> Dialect:
    return replace(known, sets={0x8FFE: "iso2"}, **INVENTED)


def payload_types(talk: Conversation) -> list[int]:
    return [int.from_bytes(frame[2:4], "big") for _, frame in talk.frames]


def test_a_session_of_the_two_engines_alone_is_in_order() -> None:
    talk = converse()
    assert talk.ev.outcome.ok, talk.ev.outcome.error
    assert talk.ev.outcome.energy_wh == pytest.approx(500, abs=0.1)
    assert talk.ends["SECC"].error is None
    assert {event.session for event in talk.of(V2gMessage, "EV")[6:]} == {talk.ev.session.id.hex().upper()}
    assert {event.unit for event in talk.events} == {"EV", "SECC"}


# ---- negotiation ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("vehicle_likes", ["semaphore first", "semaphore last"])
@pytest.mark.parametrize("station_likes", ["semaphore first", "semaphore last"])
def test_the_vehicles_priority_decides_between_dialects_both_speak(vehicle_likes: str, station_likes: str) -> None:
    first = vehicle_likes == "semaphore first"
    ev = (semaphore(EV_ISO2), EV_ISO2) if first else (EV_ISO2, semaphore(EV_ISO2))
    own = semaphore(SECC_ISO2)
    secc = (own, SECC_ISO2) if station_likes == "semaphore first" else (SECC_ISO2, own)
    talk = converse(ev=ev, secc=secc)
    assert talk.ev.outcome.ok, talk.ev.outcome.error
    spoken = INVENTED["name"] if first else "ISO 15118-2"
    assert (talk.ev.dialect.name, talk.secc.dialect.name) == (spoken, spoken)
    assert payload_types(talk)[:2] == [0x8001, 0x8001], "SupportedAppProtocol always travels as EXI"
    assert set(payload_types(talk)[2:]) == {0x8FFE if first else 0x8001}


def test_a_dialect_only_one_side_speaks_is_passed_over() -> None:
    talk = converse(ev=(semaphore(EV_ISO2), EV_ISO2))
    assert talk.ev.outcome.ok
    assert (talk.ev.dialect.name, talk.secc.dialect.name) == ("ISO 15118-2", "ISO 15118-2")
    answer = talk.of(V2gMessage, "SECC")[1].value
    assert (answer.ResponseCode, answer.SchemaID) == ("OK_SuccessfulNegotiation", 2)


def test_a_namespace_in_another_minor_version_is_spoken_and_in_another_major_one_is_not() -> None:
    older = replace(EV_ISO2, version=(2, 7))
    talk = converse(ev=(older,))
    assert talk.ev.outcome.ok
    assert Tolerance.MINOR_VERSION in [one.tolerance for one in talk.ev.outcome.tolerated]
    talk = converse(ev=(replace(EV_ISO2, version=(3, 0)),))
    assert talk.ev.outcome.error is not None and talk.ev.outcome.error.kind == "no common protocol"


def test_no_common_dialect_ends_both_sides_with_what_each_speaks() -> None:
    talk = converse(ev=(semaphore(EV_ISO2),))
    ours, theirs = talk.ends["EV"].error, talk.ends["SECC"].error
    assert ours is not None and theirs is not None
    assert ours.kind == theirs.kind == "no common protocol"
    assert "urn:example:semaphore 3.1" in ours.sentence
    assert "offers urn:example:semaphore 3.1; this station speaks ISO 15118-2 (2.0) only" in theirs.sentence


def test_a_schema_id_nobody_offered_is_no_choice() -> None:
    from pncsim.wire.v2g import appprotocol as app

    def elsewhere(name: str, message: Any) -> Any:
        return replace(message, SchemaID=9) if isinstance(message, app.SupportedAppProtocolRes) else message

    talk = converse(ev=(semaphore(EV_ISO2), EV_ISO2), changes={"alter": elsewhere})
    assert "chose SchemaID 9; only 1 and 2 were offered" in talk.ev.outcome.reason


def test_what_comes_before_the_handshake_is_answered_in_its_own_dialect() -> None:
    """A request in any dialect of ours is refused as that dialect refuses, under its payload type."""
    talk = converse(secc=(semaphore(SECC_ISO2), SECC_ISO2), wishes={"alter": _skip_handshake})
    refusal = talk.of(V2gMessage, "SECC")[1]
    assert refusal.name == "SessionSetupRes"
    assert refusal.value.Body.BodyElement.ResponseCode == "FAILED_SequenceError"
    assert talk.frames[-1][0] == "SECC" and payload_types(talk)[-1] == 0x8001


def _skip_handshake(name: str, message: Any) -> Any:
    if name != "SupportedAppProtocolReq":
        return message
    return EV_ISO2.codec(0x8001).encode(EV_ISO2.wrap(bytes(8), iso2.SessionSetupReq(EVCCID=bytes(6)), None))


def test_a_dialect_of_several_message_sets_sends_each_document_under_the_type_of_its_own() -> None:
    from pncsim.wire.v2g import appprotocol as app

    several = replace(EV_ISO2, sets={0x8003: "app", 0x8002: "iso2"})
    assert several.payload_type(iso2.V2G_Message) == 0x8002
    assert several.payload_type(app.SupportedAppProtocolRes) == 0x8003
    assert several.codec(0x8002).name == "iso2"
    with pytest.raises(KeyError):
        several.codec(0x8001)


# ---- mutants -------------------------------------------------------------------------------------------------------


def test_a_mutant_station_with_one_row_replaced_is_seen_by_the_vehicle() -> None:
    """This station lets a vehicle charge without a word about payment."""
    lax = SECC_ISO2.with_row(
        "station", Row(State.SERVICES, "ChargeParameterDiscoveryReq", (State.READY_AC,), "none: a mutant")
    )
    eager = EV_ISO2.with_row(
        "vehicle", Row("ServiceDiscoveryRes", "services chosen", ("ChargeParameterDiscoveryReq",), "none: a mutant")
    ).with_move("ServiceDiscoveryRes", _straight_to_parameters)
    strict, mutant = converse(ev=(eager,)), converse(ev=(eager,), secc=(lax,))
    assert strict.ev.outcome.response_codes[-1] == ("ChargeParameterDiscoveryRes", "FAILED_SequenceError")
    assert mutant.ev.outcome.response_codes[3] == ("ChargeParameterDiscoveryRes", "OK")
    assert State.READY_AC in [event.state for event in mutant.of(StateEntered, "SECC")]


def _straight_to_parameters(s: Any, res: iso2.ServiceDiscoveryRes) -> Say:
    from pncsim.ev.iso2.parameters import request_parameters

    s.take_mode("AC_three_phase_core")
    return Say("services chosen", request_parameters(s))


def test_a_mutant_station_with_one_move_replaced_is_caught_by_the_vehicle() -> None:
    def short_challenge(s: Any, request: iso2.PaymentDetailsReq) -> Reply:
        refused = iso2.PaymentDetailsRes(
            ResponseCode=iso2.ResponseCodeType.FAILED_ContractCanceled, GenChallenge=bytes(16), EVSETimeStamp=0
        )
        return Reply(refused, State.DETAILS)

    talk = converse(secc=(SECC_ISO2.with_move("PaymentDetailsReq", short_challenge),))
    error = talk.ev.outcome.error
    assert error is not None
    assert (error.kind, error.response_code) == ("refused", "FAILED_ContractCanceled")
    (told,) = talk.of(Problem, "EV")
    assert (told.response_code, told.kind) == ("FAILED_ContractCanceled", "refused")
    assert talk.ends["SECC"].error is not None, "the real station waits for SessionStop; the vehicle hung up"


def test_a_mutant_vehicle_with_one_move_replaced_is_caught_by_the_station() -> None:
    def wrong_challenge(s: Any, res: iso2.PaymentDetailsRes) -> Say:
        request = iso2.AuthorizationReq(Id="id1", GenChallenge=bytes(16))
        return Say("challenged", request, s.contract.credentials.signer)

    talk = converse(ev=(EV_ISO2.with_move("PaymentDetailsRes", wrong_challenge),))
    (told,) = talk.of(Problem, "SECC")
    assert (told.kind, told.response_code) == ("challenge", "FAILED_ChallengeInvalid"), "the code that was answered"
    assert talk.ev.outcome.response_codes[-1] == ("AuthorizationRes", "FAILED_ChallengeInvalid")
    assert converse().ev.outcome.ok, "the dialect itself is as it was"


def test_a_mutant_vehicle_with_one_row_replaced_sends_what_the_station_does_not_expect() -> None:
    early = EV_ISO2.with_row(
        "vehicle", Row("SessionSetupRes", "new session", ("AuthorizationReq",), "none: a mutant")
    ).with_move("SessionSetupRes", _authorize_at_once)
    talk = converse(ev=(early,))
    (told,) = talk.of(Problem, "SECC")
    assert (told.kind, told.response_code) == ("sequence", "FAILED_SequenceError")
    assert "AuthorizationReq while the station was session set up; allowed was ServiceDiscoveryReq" in told.text


def _authorize_at_once(s: Any, res: iso2.SessionSetupRes) -> Say:
    s.open(s.received.session_id)
    return Say("new session", iso2.AuthorizationReq())


def test_codes_by_kind_are_the_dialects_too() -> None:
    """A mutant that calls everything by the unspecific code: one function replaced."""
    vague = replace(SECC_ISO2, answer=lambda kind, response: "FAILED")
    contracts = {"contract_anchors": (), "central_validation": False}
    precise = converse(changes=contracts).ev.outcome.response_codes[-1]
    assert precise == ("PaymentDetailsRes", "FAILED_NoCertificateAvailable")
    assert converse(changes=contracts, secc=(vague,)).ev.outcome.response_codes[-1] == ("PaymentDetailsRes", "FAILED")


# ---- performance times -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "SupportedAppProtocol", "SessionSetup", "ServiceDiscovery", "PaymentServiceSelection", "PaymentDetails",
        "Authorization", "ChargeParameterDiscovery", "PowerDelivery", "ChargingStatus", "MeteringReceipt",
        "SessionStop",
    ],
)  # fmt: skip
def test_a_station_slower_than_it_should_be_is_noted_and_charged_at(name: str) -> None:
    times = EV_ISO2.times.messages[name]
    between = (times.performance + times.timeout) / 2
    talk = converse(slow={f"{name}Res": between})
    assert talk.ev.outcome.ok, talk.ev.outcome.error
    said = [event for event in talk.of(Tolerated, "EV") if f"for {name}Res" in event.what]
    assert said and all(event.clause == times.source for event in said)
    assert f"it should take {times.performance:g} s at most" in said[0].what
    prompt = [event for event in converse().of(Tolerated, "EV") if "it should take" in event.what]
    assert prompt == []
