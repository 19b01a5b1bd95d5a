"""How a recording becomes a script: packets as a recorder writes them, made here."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from derive import derive, main
from recording import streams
from script import ScriptStep, VehicleScript, folded, patched, read_script, write_script

from pncsim.wire.errors import LocalError
from pncsim.wire.exi import views
from pncsim.wire.exi.beyond import as_given
from pncsim.wire.v2g import registry, v2gtp
from pncsim.wire.v2g.registry import codec

CAR, POST = (bytes(15) + b"\x01", 49_152), (bytes(15) + b"\x02", 61_341)
SYN, ACK, FIN = 2, 16, 17
OFFER = {
    "AppProtocol": [
        {
            "ProtocolNamespace": "urn:iso:15118:2:2013:MsgDef",
            "VersionNumberMajor": 2,
            "VersionNumberMinor": 0,
            "SchemaID": 5,
            "Priority": 1,
        }
    ]
}
AGREED = {"ResponseCode": "OK_SuccessfulNegotiation", "SchemaID": 5}


def handshake(name: str, values: dict[str, Any]) -> bytes:
    return v2gtp.pack(registry.EXI, codec("app").encode(views.from_json(codec("app"), {name: values})))


def message(name: str, values: dict[str, Any], session: str = "0102030405060708") -> bytes:
    shown = {"V2G_Message": {"Header": {"SessionID": session}, "Body": {name: values}}}
    return v2gtp.pack(registry.EXI, codec("iso2").encode(as_given(views.from_json(codec("iso2"), shown))))


SETUP = message("SessionSetupReq", {"EVCCID": "aabbccddeeff"}, "00")
OPENED = message("SessionSetupRes", {"ResponseCode": "OK_NewSessionEstablished", "EVSEID": "DE*AAA*E1"})
POLL = message("AuthorizationReq", {})
WAIT = message("AuthorizationRes", {"ResponseCode": "OK", "EVSEProcessing": "Ongoing_WaitingForCustomerInteraction"})
TALK = (
    (CAR, handshake("supportedAppProtocolReq", OFFER)),
    (POST, handshake("supportedAppProtocolRes", AGREED)),
    (CAR, SETUP),
    (POST, OPENED),
    *((CAR, POLL), (POST, WAIT)) * 3,
)
SAID = VehicleScript(
    [
        ScriptStep(1.0, "supportedAppProtocolReq", OFFER, "OK_SuccessfulNegotiation"),
        ScriptStep(0.5, "SessionSetupReq", {"EVCCID": "020000000001"}, "OK_NewSessionEstablished"),
        ScriptStep(0.5, "AuthorizationReq", {}, "OK Ongoing_WaitingForCustomerInteraction", 3),
    ],
    first_session="00",
    ended_by="vehicle",
)

Segment = tuple[tuple[bytes, int], int, int, bytes]  # who sends, sequence number, flags, data


def segments(talk: Iterable[tuple[tuple[bytes, int], bytes]], first: int = 0xFFFFFFF0) -> list[Segment]:
    """One segment for each message; sequence numbers pass zero on the way."""
    at = {CAR: first, POST: 7}
    found: list[Segment] = [(CAR, first - 1, SYN, b""), (POST, 6, SYN | ACK, b"")]
    for who, data in talk:
        found.append((who, at[who] & 0xFFFFFFFF, ACK, data))
        at[who] += len(data)
    return [*found, (CAR, at[CAR] & 0xFFFFFFFF, FIN, b"")]


def pcap(path: Path, packets: Iterable[Segment]) -> Path:
    """A recording with half a second between packets."""
    written = struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, 1)
    for number, (source, sequence, flags, data) in enumerate(packets):
        target = POST if source == CAR else CAR
        tcp = struct.pack(">HHIIBBHHH", source[1], target[1], sequence, 0, 5 << 4, flags, 0, 0, 0) + data
        ip = struct.pack(">IHBB", 6 << 28, len(tcp), 6, 64) + source[0] + target[0]
        frame = bytes(12) + b"\x86\xdd" + ip + tcp + b"padding"
        seconds, half = divmod(number, 2)
        written += struct.pack("<IIII", seconds, half * 500_000, len(frame), len(frame)) + frame
    path.write_bytes(written)
    return path


def test_a_connection_becomes_steps_with_pauses_and_answers(tmp_path: Path) -> None:
    (stream,) = streams(pcap(tmp_path / "one.pcap", segments(TALK)))
    assert derive(stream) == SAID


def test_segments_that_come_twice_in_pieces_or_out_of_order_are_put_together(tmp_path: Path) -> None:
    whole = segments(TALK)
    mixed: list[Segment] = []
    for who, sequence, flags, data in whole:
        half = len(data) // 2
        pieces = [(who, sequence, flags, data[:half]), (who, (sequence + half) & 0xFFFFFFFF, flags, data[half:])]
        mixed += [*reversed(pieces), pieces[0]] if data else [(who, sequence, flags, data)]
    (stream,) = streams(pcap(tmp_path / "mixed.pcap", mixed))
    assert [one.payload for one in stream.seen] == [data[8:] for _, data in TALK]


def test_what_is_no_recording_on_ethernet_is_refused_in_a_sentence(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_bytes(b"\x0a\x0d\x0d\x0a" + bytes(40))
    with pytest.raises(LocalError, match="is no pcap file"):
        streams(other)


@pytest.mark.parametrize(
    ("talk", "why"),
    [
        (
            [(CAR, handshake("supportedAppProtocolReq", OFFER)),
             (POST, handshake("supportedAppProtocolRes", {**AGREED, "SchemaID": 9}))],
            "in no protocol",
        ),
        ([*TALK[:4], (CAR, message("PaymentDetailsReq", {
            "eMAID": "DEAAA000000001X",
            "ContractSignatureCertChain": {"Certificate": "AAAA"},
        }))], "about a contract"),
        ([*TALK[:4], (CAR, message("AuthorizationReq", {}, "0909090909090909")), (POST, WAIT)], "another SessionID"),
        ([*TALK[:4], (CAR, v2gtp.pack(registry.EXI, POLL[8:] + bytes(3)))], "its values alone do not say"),
    ],
)  # fmt: skip
def test_a_session_that_values_cannot_tell_again_is_left_out(
    talk: list[tuple[tuple[bytes, int], bytes]], why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = pcap(tmp_path / "odd.pcap", segments(talk))
    assert main([f"odd={path}"]) == 1
    told = capsys.readouterr().out
    assert "odd: left out: " in told and why in told


def test_values_beyond_their_facets_are_derived_as_they_were_said(tmp_path: Path) -> None:
    entry = {
        "ChargingProfileEntryStart": 0,
        "ChargingProfileEntryMaxPower": {"Multiplier": 0, "Unit": "W", "Value": 1},
        "ChargingProfileEntryMaxNumberOfPhasesInUse": 4,
    }
    start = {"ChargeProgress": "Start", "SAScheduleTupleID": 1, "ChargingProfile": {"ProfileEntry": [entry]}}
    (stream,) = streams(pcap(tmp_path / "four.pcap", segments([*TALK[:4], (CAR, message("PowerDeliveryReq", start))])))
    assert derive(stream).steps[-1] == ScriptStep(0.5, "PowerDeliveryReq", start, "")


def test_a_script_reads_back_as_it_was_written(tmp_path: Path) -> None:
    write_script(tmp_path / "script.json", SAID)
    assert read_script(tmp_path / "script.json") == SAID
    assert len((tmp_path / "script.json").read_text().splitlines()) == len(SAID.steps) + 2


def test_changes_lead_from_one_request_of_a_name_to_the_next() -> None:
    told: list[tuple[float, str, dict[str, Any], str]] = [
        (0.1, "A", {"x": {"y": 1, "z": 2}, "list": [1, 2]}, "OK"),
        (0.1, "B", {}, "OK"),
        (0.1, "A", {"x": {"y": 1}, "list": [2]}, "OK"),
        (0.2, "A", {"x": {"y": 1}, "list": [2]}, "OK"),
        (0.3, "A", {"x": {"y": 1}, "list": [2]}, "FAILED"),
    ]
    steps = folded(told)
    assert [(step.pause, step.changes, step.times) for step in steps[2:]] == [
        (0.15, {"x": {"z": None}, "list": [2]}, 2),
        (0.3, {}, 1),
    ]
    assert patched({"x": {"y": 1, "z": 2}}, {"x": {"z": None}}) == {"x": {"y": 1}}
    again = [(values, step.answer) for step, values in VehicleScript(steps).requests() for _ in range(step.times)]
    assert again == [(values, answer) for _, _, values, answer in told]
