"""What was said in a case is in its record: enough to judge it again, and no more."""

from __future__ import annotations

from pathlib import Path

from pncsim.simulator.conformance.case import CaseVerdict
from pncsim.simulator.conformance.record import Head, RecordFile, Tried, read_record
from pncsim.simulator.conformance.said import AT_THE_DESK, MOST, ON_THE_LINK, Ear, Uttered, line, lines
from pncsim.wire.trace import HttpExchange, OcppFrame, SdpDatagram, V2gMessage


def message(at: float, name: str, sent: bool = True) -> V2gMessage:
    return V2gMessage(
        time=at, role="EV", direction="sent" if sent else "received", name=name, payload=name.encode(), value=None
    )


def test_of_a_case_with_a_step_the_message_before_it_and_those_from_there_on_are_kept() -> None:
    ear = Ear(ON_THE_LINK)
    for at in range(20):
        ear(message(100.0 + at, f"M{at}"))
        ear(OcppFrame(time=100.0 + at, role="CS", direction="sent", peer="CSMS", action="Heartbeat", frame="[]"))
    kept = ear.told(110.0)
    assert [(one.at, one.name) for one in kept] == [(float(at), f"M{10 + at}") for at in range(-1, MOST - 1)]
    assert bytes.fromhex(kept[1].octets) == b"M10"


def test_of_a_case_without_a_step_the_last_messages_are_kept() -> None:
    ear = Ear(ON_THE_LINK)
    for at in range(20):
        ear(message(100.0 + at, f"M{at}", sent=False))
    assert [(one.at, one.name) for one in ear.told(None)] == [(float(at), f"M{14 + at}") for at in range(MOST)]
    assert Ear(ON_THE_LINK).told(None) == () == Ear(ON_THE_LINK).told(5.0)


def test_where_nothing_was_said_from_the_step_on_the_message_before_it_is_kept() -> None:
    ear = Ear(ON_THE_LINK)
    ear(message(1.0, "SessionSetupRes", sent=False))
    assert [one.name for one in ear.told(2.0)] == ["SessionSetupRes"]


def test_every_kind_of_message_is_kept_as_it_went_but_of_http_no_body_and_no_secret() -> None:
    ear = Ear((*ON_THE_LINK, *AT_THE_DESK))
    ear(SdpDatagram(time=1.0, role="EV", direction="sent", peer=("ff02::1", 15118), data=b"\x01\xfe"))
    ear(OcppFrame(time=1.5, role="CS", direction="received", peer="CSMS", action="Reset", frame='[2,"1","Reset",{}]'))
    ear(HttpExchange(time=2.0, role="OEM", method="POST", url="http://x/oauth/token", status=200, request=b"secret"))
    assert [line(one) for one in ear.told(None)] == [
        "   +0.000 s > SDP 01fe",
        '   +0.500 s < Reset [2,"1","Reset",{}]',
        "   +1.000 s > POST 200 http://x/oauth/token",
    ]


def test_long_messages_can_be_shown_in_part() -> None:
    said = Uttered(at=0.0, way="sent", name="A", octets="00" * 10)
    assert lines([said, said], 4).splitlines() == ["   +0.000 s > A 00000000… (6 more)"] * 2
    assert line(said, 10).endswith("00" * 10)


def test_a_record_keeps_what_was_said(tmp_path: Path) -> None:
    kept = (
        Uttered(at=0.0, way="sent", name="SessionSetupReq", octets="8098"),
        Uttered(at=0.1, way="received", name="x"),
    )
    record = RecordFile(tmp_path / "record.jsonl", Head(suite="secc", target="eth0"))
    record.add(Tried(id="one", verdict=CaseVerdict.FAIL, said=kept))
    record.close()
    assert read_record(tmp_path / "record.jsonl", "secc")[1]["one"].said == kept
