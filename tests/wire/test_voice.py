"""Events say who saw them, in which order; whoever reads badly harms nobody."""

from __future__ import annotations

import pytest

from pncsim.wire.errors import KINDS, LocalError, PeerClosed, PeerError, PeerSilent, PncError
from pncsim.wire.trace import Event, Problem, Story, Trace
from pncsim.wire.voice import Voice


def voices() -> tuple[Voice, list[Event]]:
    seen: list[Event] = []
    trace = Trace(run="R1")
    trace.subscribe(seen.append)
    return Voice("EV", "EV-2", lambda: 7.5, trace.emit), seen


def test_every_event_says_who_saw_it_and_has_its_place_in_the_run() -> None:
    voice, seen = voices()
    voice.story("one")
    voice.session = "00AB"
    voice.state("waiting")
    voice.of("CS", "CS001/1").judged("a chain", True, "good")
    assert [(e.time, e.role, e.unit, e.session, e.seq, e.run) for e in seen] == [
        (7.5, "EV", "EV-2", "", 1, "R1"),
        (7.5, "EV", "EV-2", "00AB", 2, "R1"),
        (7.5, "CS", "CS001/1", "", 3, "R1"),
    ]


def test_a_problem_keeps_all_its_error_knows() -> None:
    voice, seen = voices()
    error = PeerError(
        "It is late.",
        kind="expired",
        clause="V2G2-824",
        advice="Look at the clock.",
        alert=45,
        http_status=400,
        ocpp_status="CertificateExpired",
    )
    voice.problem(error, response_code="FAILED_CertificateExpired")
    (problem,) = seen
    assert isinstance(problem, Problem)
    told = {name: getattr(problem, name) for name in Problem.__struct_fields__}
    assert told | {"text": error.sentence, "response_code": "FAILED_CertificateExpired"} == told
    for name in ("kind", "clause", "advice", "alert", "http_status", "ocpp_status"):
        assert told[name] == getattr(error, name), name


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (PncError("x"), "unspecific"),
        (LocalError("x"), "configuration"),
        (PeerSilent("x"), "silent"),
        (PeerClosed("x"), "closed"),
        (PeerClosed("x", kind="refused"), "refused"),
    ],
)
def test_an_error_has_the_kind_of_its_class_or_its_own(error: PncError, kind: str) -> None:
    assert error.kind == kind
    assert kind in KINDS


def test_a_call_is_told_with_its_outcome() -> None:
    voice, seen = voices()
    with voice.call("lookup") as call:
        call.text, call.ok = "Not there.", False
    with pytest.raises(PeerError), voice.call("publish"):
        raise PeerError("No.", clause="PCP-1")
    assert [(getattr(e, "operation", ""), getattr(e, "ok", None), getattr(e, "text", "")) for e in seen] == [
        ("lookup", False, "Not there."),
        ("publish", False, "No. [PCP-1]"),
    ]


def test_a_reader_that_fails_is_dropped_and_known_and_never_reaches_who_reports() -> None:
    trace = Trace()
    seen: list[Event] = []

    def broken(event: Event) -> None:
        raise BrokenPipeError

    trace.subscribe(broken)
    trace.subscribe(seen.append)
    for text in "one", "two":
        trace.emit(Story(time=0.0, role="EV", text=text))
    assert [event.seq for event in seen] == [1, 2]
    assert [(reader, type(error)) for reader, error in trace.failures] == [(broken, BrokenPipeError)]


def test_what_nobody_reads_is_not_even_made_and_takes_no_number() -> None:
    made: list[Event] = []
    stream = Trace()
    voice = Voice("EV", "EV-1", lambda: 7.5, made.append)
    voice.follow(stream)
    voice.story("said to nobody")
    assert made == []
    stream.subscribe(lambda event: None)
    voice.story("heard")
    assert [event.text for event in made if isinstance(event, Story)] == ["heard"]

    direct, seen = Trace(), list[Event]()
    speaker = Voice("CS", "CS001", lambda: 7.5, direct.emit, direct)
    speaker.story("said to nobody")
    direct.subscribe(seen.append)
    speaker.story("heard")
    assert [event.seq for event in seen] == [1]
