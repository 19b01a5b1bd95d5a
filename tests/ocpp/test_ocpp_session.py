"""The sans-I/O session: frames in, frames and results out."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pncsim.wire.errors import PeerClosed, PeerError, PeerSilent
from pncsim.wire.ocpp.errors import CallError, PayloadError
from pncsim.wire.ocpp.frames import BadFrame, Call, Error, Frame, Result
from pncsim.wire.ocpp.session import (
    MAX_TEXT,
    MAX_UNANSWERED,
    Hangup,
    Incoming,
    OcppOutput,
    OcppSession,
    SendFrame,
    Settled,
)
from pncsim.wire.ocpp.versions import V201, OcppVersion
from pncsim.wire.trace import Event, OcppFrame, Problem, Tolerated
from pncsim.wire.voice import Voice

BOOT = {"chargingStation": {"vendorName": "v", "model": "m"}, "reason": "PowerUp"}
BOOTED = {"currentTime": "2026-11-21T00:00:00Z", "interval": 300, "status": "Accepted"}


def session(*supported: str, told: list[Event] | None = None) -> OcppSession:
    numbers = itertools.count(1)
    events: list[Event] = [] if told is None else told
    voice = Voice("CS", "CS001", lambda: 0.0, events.append)
    handled = frozenset(supported or ("Heartbeat", "BootNotification"))
    return OcppSession(V201, voice, "CSMS", lambda: f"id{next(numbers)}", handled)


def stranger(value: object) -> Frame:
    """A frame as it comes from a socket."""
    return Frame(value if isinstance(value, str) else json.dumps(value))


def sent(outputs: list[OcppOutput]) -> list[object]:
    return [json.loads(o.frame.text) for o in outputs if isinstance(o, SendFrame)]


def settled(outputs: list[OcppOutput]) -> list[Settled]:
    return [o for o in outputs if isinstance(o, Settled)]


def test_a_call_and_its_result() -> None:
    one = session()
    token, out = one.call("BootNotification", BOOT, 30, 0)
    assert sent(out) == [[2, "id1", "BootNotification", BOOT]]
    assert one.deadline == 30
    out = one.receive(stranger([3, "id1", BOOTED]))
    assert settled(out) == [Settled(token, BOOTED)]
    assert one.deadline is None


def test_one_call_is_outstanding_and_the_others_queue_in_order() -> None:
    one = session()
    _, first = one.call("Heartbeat", {}, 30, 0)
    _, second = one.call("BootNotification", BOOT, 30, 0)
    _, third = one.call("Heartbeat", {}, 30, 0)
    assert (len(sent(first)), sent(second), sent(third)) == (1, [], [])
    out = one.receive(stranger([3, "id1", {"currentTime": "2026-11-21T00:00:00Z"}]))
    assert sent(out) == [[2, "id2", "BootNotification", BOOT]]


def test_the_peers_call_is_answered_while_ours_is_outstanding() -> None:
    one = session()
    one.call("Heartbeat", {}, 30, 0)
    out = one.receive(stranger([2, "x", "Heartbeat", {}]))
    assert [o for o in out if isinstance(o, Incoming)] == [Incoming("x", "Heartbeat", {})]
    answer = {"currentTime": "2026-11-21T00:00:00Z"}
    assert sent(one.answer("x", answer)) == [[3, "x", answer]]


def test_silence_ends_the_call_and_lets_the_next_one_go() -> None:
    told: list[Event] = []
    one = session(told=told)
    token, _ = one.call("Heartbeat", {}, 5, 0)
    one.call("BootNotification", BOOT, 30, 0)
    assert one.deadline == 5
    out = one.wake(5)
    (result,) = settled(out)
    assert result.token == token and isinstance(result.error, PeerSilent)
    assert "did not answer Heartbeat within 5 s" in str(result.error)
    assert sent(out) == [[2, "id2", "BootNotification", BOOT]]
    late = one.receive(stranger([3, "id1", {"currentTime": "2026-11-21T00:00:00Z"}]))
    assert settled(late) == [] and any(isinstance(event, Tolerated) for event in told)


def test_a_queued_call_times_out_although_it_was_never_sent() -> None:
    one = session()
    one.call("BootNotification", BOOT, 30, 0)
    token, _ = one.call("Heartbeat", {}, 4, 0)
    (result,) = settled(one.wake(4))
    assert result.token == token and "was never asked" in str(result.error)
    assert one.deadline == 30


@pytest.mark.parametrize(
    ("text", "id", "code"),
    [
        ("garbage", "-1", "RpcFrameworkError"),
        ("{}", "-1", "RpcFrameworkError"),
        ("[]", "-1", "RpcFrameworkError"),
        ("[NaN]", "-1", "RpcFrameworkError"),
        ('[2,"\\ud800","Heartbeat",{}]', "-1", "RpcFrameworkError"),
        ("[" * 100_000, "-1", "RpcFrameworkError"),
        ("[" + "9" * 10_000 + "]", "-1", "RpcFrameworkError"),
        ('[2,17,"Heartbeat",{}]', "-1", "RpcFrameworkError"),
        ('[2,"","Heartbeat",{}]', "-1", "RpcFrameworkError"),
        (json.dumps([2, "i" * 37, "Heartbeat", {}]), "-1", "RpcFrameworkError"),
        ('[2,"a","Heartbeat"]', "a", "RpcFrameworkError"),
        ('[2,"a",5,{}]', "a", "RpcFrameworkError"),
        ('[9,"a","Heartbeat",{}]', "a", "MessageTypeNotSupported"),
        ('[true,"a","Heartbeat",{}]', "a", "MessageTypeNotSupported"),
        ('[[],"a","Heartbeat",{}]', "a", "MessageTypeNotSupported"),
        ('[2,"a","Frobnicate",{}]', "a", "NotImplemented"),
        ('[2,"a","Reset",{"type":"OnIdle"}]', "a", "NotSupported"),
        ('[2,"a","Heartbeat",[]]', "a", "TypeConstraintViolation"),
        ('[2,"a","Heartbeat",null]', "a", "TypeConstraintViolation"),
        ('[2,"a","Heartbeat",{"more":1}]', "a", "FormatViolation"),
        ('[2,"a","BootNotification",{"reason":"PowerUp"}]', "a", "OccurrenceConstraintViolation"),
        (json.dumps([2, "a", "BootNotification", {**BOOT, "reason": "Boredom"}]), "a", "PropertyConstraintViolation"),
        (json.dumps([2, "a", "BootNotification", {**BOOT, "reason": 1}]), "a", "TypeConstraintViolation"),
    ],
)
def test_bad_frames_earn_the_callerror_of_part_4(text: str, id: str, code: str) -> None:
    (answer,) = sent(session().receive(stranger(text)))
    assert isinstance(answer, list)
    assert answer[:3] == [4, id, code]
    assert code in V201.codes and len(answer[3]) <= 255 and answer[4] == {}


@pytest.mark.parametrize("text", ['[3,"x"]', '[3,"x",{}]', '[4,"x"]', '[4,"x","GenericError","",{}]', "[3,7,{}]"])
def test_results_nobody_waits_for_are_never_answered(text: str) -> None:
    told: list[Event] = []
    assert sent(session(told=told).receive(stranger(text))) == []
    assert any(isinstance(event, Tolerated | Problem) for event in told)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
_near_misses = st.tuples(
    st.sampled_from([2, 3, 4, 5, -1, 2.0, "2", None]),
    st.sampled_from(["a", "id1", "", "x" * 40]) | _json,
    st.sampled_from(["Heartbeat", "BootNotification", "Reset", "SetVariables", "GenericError", "Nope"]) | _json,
    _json,
    _json,
)


@given(st.text(max_size=200) | _json.map(json.dumps) | _near_misses.map(json.dumps), st.integers(1, 5))
@settings(max_examples=400, deadline=None)
def test_no_text_whatever_breaks_the_session(text: str, elements: int) -> None:
    one = session("Heartbeat", "BootNotification", "SetVariables")
    token, _ = one.call("BootNotification", BOOT, 30, 0)
    try:
        cut = json.dumps(json.loads(text)[:elements])
    except (ValueError, TypeError, KeyError):
        cut = text
    for frame in (text, cut):
        out = one.receive(stranger(frame))
        for answer in sent(out):
            assert isinstance(answer, list) and answer[0] == 4 and answer[2] in V201.codes and len(answer[1]) <= 36
    ended = settled(one.receive(stranger([3, "id1", BOOTED])))
    assert ended in ([], [Settled(token, BOOTED)])


def test_a_callerror_tells_code_and_meaning() -> None:
    one = session()
    one.call("BootNotification", BOOT, 30, 0)
    (result,) = settled(one.receive(stranger('[4,"id1","OccurenceConstraintViolation","no",{}]')))
    assert isinstance(result.error, CallError)
    assert result.error.code == "OccurrenceConstraintViolation"
    assert "a required field is missing" in str(result.error)


def test_a_result_that_breaks_the_schema_is_the_peers_fault() -> None:
    one = session()
    one.call("BootNotification", BOOT, 30, 0)
    (result,) = settled(one.receive(stranger('[3,"id1",{"status":"Perhaps"}]')))
    assert isinstance(result.error, PeerError) and "breaks OCPP's schema" in str(result.error)


def test_our_own_mistakes_are_not_sent() -> None:
    told: list[Event] = []
    one = session(told=told)
    with pytest.raises(PayloadError, match="reason"):
        one.call("BootNotification", {"chargingStation": BOOT["chargingStation"]}, 30, 0)
    with pytest.raises(PayloadError, match="no such action"):
        one.call("Frobnicate", {}, 30, 0)
    one.receive(stranger([2, "x", "Heartbeat", {}]))
    out = one.answer("x", {"currentTime": "yesterday"})
    assert sent(out) == [[4, "x", "InternalError", "", {}]]
    assert [event.kind for event in told if isinstance(event, Problem)] == ["defect"]


def test_an_id_used_twice_is_ignored_while_the_first_is_open_and_served_after() -> None:
    one = session()
    heartbeat = json.dumps([2, "x", "Heartbeat", {}])
    one.receive(stranger(heartbeat))
    again = one.receive(stranger(heartbeat))
    assert sent(again) == [] and not any(isinstance(o, Incoming) for o in again)
    one.answer("x", {"currentTime": "2026-11-21T00:00:00Z"})
    assert any(isinstance(o, Incoming) for o in one.receive(stranger(heartbeat)))


def test_calls_in_work_are_bounded() -> None:
    one = session()
    for number in range(MAX_UNANSWERED):
        one.receive(stranger([2, f"n{number}", "Heartbeat", {}]))
    (answer,) = sent(one.receive(stranger([2, "more", "Heartbeat", {}])))
    assert isinstance(answer, list) and answer[:3] == [4, "more", "RpcFrameworkError"]


def test_too_long_a_frame_ends_the_connection() -> None:
    out = session().receive(stranger(" " * (MAX_TEXT + 1)))
    assert [o.code for o in out if isinstance(o, Hangup)] == [1009]


def test_the_end_of_the_connection_ends_every_call() -> None:
    one = session()
    one.call("Heartbeat", {}, 30, 0)
    one.call("Heartbeat", {}, 30, 0)
    results = settled(one.closed("1006"))
    assert len(results) == 2 and all(isinstance(r.error, PeerClosed) for r in results)
    with pytest.raises(PeerClosed):
        one.call("Heartbeat", {}, 30, 2)
    assert one.receive(stranger("garbage")) == []


def test_a_forgotten_call_makes_room() -> None:
    one = session()
    first, _ = one.call("Heartbeat", {}, 30, 0)
    second, _ = one.call("Heartbeat", {}, 30, 0)
    one.call("BootNotification", BOOT, 30, 0)
    assert one.forget(second) == []
    assert sent(one.forget(first)) == [[2, "id2", "BootNotification", BOOT]]


SECRET = "a-very-secret-password"
SET_PASSWORD = {
    "setVariableData": [
        {
            "component": {"name": "SecurityCtrlr"},
            "variable": {"name": "BasicAuthPassword"},
            "attributeValue": SECRET,
        }
    ]
}


def test_passwords_never_reach_an_event_in_either_direction() -> None:
    told: list[Event] = []
    one = session("SetVariables", told=told)
    out: list[OcppOutput] = []
    out += one.call("SetVariables", SET_PASSWORD, 30, 0)[1]
    assert any(SECRET in o.frame.text for o in out if isinstance(o, SendFrame))
    out += one.receive(stranger([4, "id1", "InternalError", f"no {SECRET}", {"echo": SET_PASSWORD}]))
    out += one.receive(stranger([2, "p", "SetVariables", SET_PASSWORD]))
    out += one.receive(stranger(f'[2,"q","SetVariables",{{"BasicAuthPassword":"{SECRET}"'))
    shown = [event for event in told if isinstance(event, OcppFrame)]
    assert len(shown) == 5
    assert SECRET not in "".join(f"{event.frame}{event.content}" for event in shown)
    assert SECRET not in "".join(str(o.error) for o in out if isinstance(o, Settled))


def test_other_frames_are_shown_as_they_are() -> None:
    told: list[Event] = []
    text = '[2,"x", "Heartbeat" ,{}]'
    session(told=told).receive(stranger(text))
    assert [event.frame for event in told if isinstance(event, OcppFrame)] == [text]


def test_a_frame_event_says_what_it_is_so_that_no_reader_has_to_parse_it() -> None:
    told: list[Event] = []
    one = session(told=told)
    one.call("BootNotification", BOOT, 30, 0)
    one.receive(stranger([3, "id1", BOOTED]))
    one.call("Heartbeat", {}, 30, 0)
    one.receive(stranger([4, "id2", "SecurityError", "not now", {"a": 1}]))
    one.receive(stranger("garbage"))
    seen = [(e.unit, e.direction, e.action, e.content) for e in told if isinstance(e, OcppFrame)]
    assert seen[:4] == [
        ("CS001", "sent", "BootNotification", Call("id1", "BootNotification", BOOT)),
        ("CS001", "received", "BootNotification", Result("id1", BOOTED)),
        ("CS001", "sent", "Heartbeat", Call("id2", "Heartbeat", {})),
        ("CS001", "received", "Heartbeat", Error("id2", "SecurityError", "not now", {"a": 1})),
    ]
    assert isinstance(seen[4][3], BadFrame)


def test_what_our_own_sender_has_checked_is_not_checked_again_and_what_a_stranger_sends_is() -> None:
    wrong = json.dumps([2, "a", "BootNotification", {"reason": "PowerUp"}])
    (refused,) = [o.frame.content for o in session().receive(Frame(wrong)) if isinstance(o, SendFrame)]
    assert isinstance(refused, Error) and refused.details == {}
    ours = session().receive(Frame(wrong, checked=V201))
    assert [type(o) for o in ours] == [Incoming]
    other = OcppVersion("2.1", "ocpp2.1", "v21", V201.codes, V201.aliases)
    assert [type(o) for o in session().receive(Frame(wrong, checked=other))] == [SendFrame]


def test_answers_of_our_own_sender_are_not_checked_again_either() -> None:
    one = session()
    one.call("BootNotification", BOOT, 30, 0)
    (ended,) = settled(one.receive(Frame('[3,"id1",{"status":"Perhaps"}]', checked=V201)))
    assert ended.payload == {"status": "Perhaps"} and ended.error is None


def test_what_is_sent_is_what_was_checked_and_says_so() -> None:
    one = session()
    payload = json.loads(json.dumps(BOOT))
    one.call("Heartbeat", {}, 30, 0)
    one.call("BootNotification", payload, 30, 0)
    payload["reason"] = "changed after it was checked, while it waited for its turn"
    out = one.receive(stranger([3, "id1", {"currentTime": "2026-11-21T00:00:00Z"}]))
    assert sent(out) == [[2, "id2", "BootNotification", BOOT]]
    assert [o.frame.checked for o in out if isinstance(o, SendFrame)] == [V201]
