"""Events travel in one form: read back they are the same, and a message says what it said."""

from __future__ import annotations

import msgspec
import pytest
from seen_runs import events_of

from pncsim.simulator.dashboard.form import KINDS, Level, event_of, level_of, read_value, record, records
from pncsim.simulator.dashboard.reports import (
    EventsTold,
    FrameCutter,
    LabReport,
    RunEnded,
    StartRun,
    frame,
    report_of,
    request_of,
)
from pncsim.wire import trace
from pncsim.wire.errors import LocalError
from pncsim.wire.trace import Event, LinkBytes, V2gMessage


def test_every_kind_of_event_but_octets_on_links_has_a_record() -> None:
    kinds = {kind for kind in vars(trace).values() if isinstance(kind, type) and issubclass(kind, Event)}
    assert set(KINDS) == kinds - {Event, LinkBytes}


@pytest.mark.parametrize("scenario", ["install-contract", "pnc-dc"])
def test_an_event_read_back_is_the_one_that_was_told(scenario: str) -> None:
    events, _, _ = events_of(scenario)
    for told, read in zip(events, map(event_of, records(events)), strict=True):
        again = read_value(read) if isinstance(read, V2gMessage) else read
        assert type(again) is type(told)
        assert msgspec.structs.astuple(again) == msgspec.structs.astuple(told)


def test_half_a_character_in_a_peers_words_costs_no_event() -> None:
    events, _, _ = events_of("pnc-ac", "wrong-challenge")
    problem = next(event for event in events if isinstance(event, trace.Problem))
    told = record(msgspec.structs.replace(problem, text="half \ud800 a character"))
    assert told is not None
    read = event_of(told)
    assert isinstance(read, trace.Problem) and read.text == "half ? a character" and read.kind == problem.kind


def test_whatever_says_no_is_a_problem_whoever_reports_it() -> None:
    events, _, _ = events_of("pnc-ac", "contract-revoked")
    no = [event for event in events if getattr(event, "ok", True) is False]
    assert no and {level_of(event) for event in no} == {Level.PROBLEM}
    assert {level_of(e) for e in events if isinstance(e, trace.StateEntered)} == {Level.DETAIL}


@pytest.mark.parametrize("octets", [b"", b"\xff", b"\x00\x01", bytes([3]) + b"\x80"])
def test_octets_that_are_no_event_are_a_sentence(octets: bytes) -> None:
    with pytest.raises(LocalError, match="cannot be read"):
        event_of(octets)


def test_frames_arrive_whole_however_the_stream_is_cut() -> None:
    _, _, ended = events_of("pnc-ac")
    said: list[LabReport] = [EventsTold((b"\x00one", b"two"), 3, 4.5), ended]
    octets = b"".join(map(frame, said))
    for size in (1, 3, 7, len(octets)):
        cutter = FrameCutter()
        found = [one for at in range(0, len(octets), size) for one in cutter.feed(octets[at : at + size])]
        assert [report_of(one) for one in found] == said


def test_a_result_travels_with_its_checks_and_where_its_evidence_is() -> None:
    _, _, ended = events_of("pnc-ac", "contract-revoked")
    [octets] = FrameCutter().feed(frame(ended))
    read = report_of(octets)
    assert isinstance(read, RunEnded)
    assert read.result == ended.result and read.result.verdict == ended.result.verdict


def test_who_speaks_something_else_is_a_sentence() -> None:
    with pytest.raises(LocalError, match="no lab"):
        FrameCutter().feed(b"GET / HTTP/1.1\r\n\r\n")
    with pytest.raises(LocalError, match="no report"):
        report_of(b"\x81\xa4type\xa4what")
    [octets] = FrameCutter().feed(frame(StartRun(scenario="pnc-ac")))
    assert request_of(octets) == StartRun(scenario="pnc-ac")
    with pytest.raises(LocalError, match="no request"):
        request_of(b"\x93")
