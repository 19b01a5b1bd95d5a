"""The bundle of a run: its packets as tshark reads them, its manifest, and what two equal runs leave behind."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema_rs
import pytest
from bundles import Packet, blocks, bundle, packets, rows, tshark

from pncsim.simulator.commands.main import main
from pncsim.simulator.runs.discovery import all_scenarios
from pncsim.wire.v2g.v2gtp import V2gtpReader

needs_tshark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")


@pytest.fixture(scope="module", params=["memory", "loopback"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle of the main job."""
    return bundle(tmp_path_factory.mktemp("bundle"), "install-contract", request.param)


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle of a run in memory that was disturbed."""
    return bundle(tmp_path_factory.mktemp("bundle"), "pnc-ac", faults=("wrong-challenge",))


def manifest(folder: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    return told


# Packets


@pytest.fixture(scope="module")
def seen(folder: Path) -> dict[str, list[list[str]]]:
    """What tshark shows of every packet: the columns asked for, by protocol."""
    fields = ("frame.number", "frame.interface_name", "frame.protocols", "data.data", "websocket.payload.text")
    arguments = [word for field in (*fields, "http.request.line", "text", "tcp.stream") for word in ("-e", field)]
    told = tshark(folder / "trace.pcapng", "-T", "fields", "-E", "separator=/t", "-E", "occurrence=a", *arguments)
    found: dict[str, list[list[str]]] = {}
    for line in told.splitlines():
        columns = line.split("\t")
        found.setdefault(columns[1], []).append(columns)
    return found


@needs_tshark
def test_tshark_decrypts_every_v2g_record_and_finds_it_where_the_messages_say(
    folder: Path, seen: dict[str, list[list[str]]]
) -> None:
    decrypted = {int(row[0]): row[3] for row in seen["v2g"] if ":tls" in row[2] and row[3]}
    told = rows(folder, "messages")
    assert len(told) > 100 and all(row["packet"] for row in told)
    for row in told:
        payload_type = "8001"
        frame = f"01fe{payload_type}{len(row['exi']) // 2:08x}{row['exi']}"
        assert decrypted[row["packet"]].endswith(frame), row["name"]
    assert set(decrypted) == {row["packet"] for row in told}


@needs_tshark
def test_tshark_puts_the_v2g_stream_together_again(folder: Path, seen: dict[str, list[list[str]]]) -> None:
    [stream] = {row[7] for row in seen["v2g"] if row[7]}
    told = tshark(folder / "trace.pcapng", "-q", "-z", f"follow,tls,raw,{stream}")
    lines = [line for line in told.splitlines() if re.fullmatch(r"\t?[0-9a-f]+", line)]
    for answers in (False, True):
        octets = bytes.fromhex("".join(line.strip() for line in lines if line.startswith("\t") == answers))
        frames = [frame.payload.hex() for frame in V2gtpReader().feed(octets)]
        sender = "SECC" if answers else "EV"
        assert frames == [
            row["exi"] for row in rows(folder, "messages") if (row["role"], row["direction"]) == (sender, "sent")
        ]


@needs_tshark
def test_tshark_finds_nothing_wrong_with_the_packets(folder: Path) -> None:
    told = tshark(folder / "trace.pcapng", "-q", "-z", "expert")
    assert "Sequence" in told
    assert not re.search(r"^(Errors|Warns)", told, re.MULTILINE), told


@needs_tshark
def test_tshark_shows_ocpp_and_http_beside_v2g(folder: Path, seen: dict[str, list[list[str]]]) -> None:
    texts = [row[4] or row[6] for row in seen["ocpp"] if "websocket" in row[2]]
    frames = [row["frame"] for row in rows(folder, "ocpp") if row["direction"] == "sent"]
    assert len(texts) == len(frames) > 30
    assert sum("Get15118EVCertificate" in text for text in texts) == 1
    http = [row for row in seen["http"] if ":http" in row[2]]
    exchanges = rows(folder, "http") or [row for row in rows(folder, "events") if row["event"] == "ServiceCall"]
    assert len(http) >= len(exchanges) > 10


@needs_tshark
def test_what_was_never_a_packet_says_so(folder: Path) -> None:
    told = tshark(folder / "trace.pcapng", "-Y", "frame.comment", "-T", "fields", "-e", "frame.comment")
    assert "made from events" in told
    memory = manifest(folder)["transport"] == "memory"
    assert ("No HTTP was spoken: a call within the process." in told) == memory
    about = subprocess.run(["capinfos", folder / "trace.pcapng"], capture_output=True, text=True, check=True).stdout
    assert "synthetic" in about and "Number of interfaces in file: 3" in about
    assert re.search(r"Number of decryption secrets in file: [1-9]", about), about


@needs_tshark
def test_without_the_secrets_inside_nothing_can_be_read(folder: Path, tmp_path: Path) -> None:
    stripped = tmp_path / "public.pcapng"
    command = ["editcap", "--discard-all-secrets", str(folder / "trace.pcapng"), str(stripped)]
    subprocess.run(command, check=True, capture_output=True)
    shown = ("-Y", "tls && data", "-T", "fields", "-e", "frame.number")
    assert tshark(stripped, *shown) == ""
    assert tshark(stripped, "-o", f"tls.keylog_file:{folder / 'keys.log'}", *shown).count("\n") > 50


@needs_tshark
def test_a_session_without_tls_and_a_broken_off_one_are_sound_packets_too(tmp_path: Path) -> None:
    for made in (
        bundle(tmp_path, "eim-ac", tls=False),
        bundle(tmp_path, "pnc-ac", faults=("foreign-root",)),
        bundle(tmp_path, "pnc-ac", faults=("garbled-vehicle",)),
        bundle(tmp_path, "two-at-once"),
    ):
        told = tshark(made / "trace.pcapng", "-q", "-z", "expert")
        assert not re.search(r"Malformed|hecksum|segment not captured|Retransmission|Out-Of-Order", told), told


def told(folder: Path) -> list[tuple[int, bytes]]:
    return list(blocks(folder / "trace.pcapng"))


def test_keys_stand_ahead_of_the_packets_they_open(folder: Path) -> None:
    kinds = [(kind, body[94:95] if kind == 6 and body[:4] == bytes(4) else b"") for kind, body in told(folder)]
    assert kinds.index((10, b"")) < kinds.index((6, b"\x17")), "ahead of the first application data on the link"
    [secret] = (body for kind, body in told(folder) if kind == 10)
    assert secret[8:].rstrip(b"\0") == (folder / "keys.log").read_bytes()


# Manifest and results


def test_the_manifest_names_every_file_with_its_hash_and_holds_to_its_schema(folder: Path, failed: Path) -> None:
    schema = json.loads((Path(__file__).parents[2] / "docs" / "manifest.schema.json").read_text())
    for one in (folder, failed):
        told = manifest(one)
        jsonschema_rs.validator_for(schema).validate(told)
        found = {str(path.relative_to(one)): path for path in one.rglob("*") if path.is_file()}
        assert set(told["files"]) == set(found) - {"manifest.json"}
        for name, file in told["files"].items():
            octets = found[name].read_bytes()
            assert file == {"sha256": hashlib.sha256(octets).hexdigest(), "size": len(octets)}


def test_the_schema_in_the_documentation_is_what_the_command_prints(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["schema", "manifest"])
    assert left.value.code == 0
    committed = (Path(__file__).parents[2] / "docs" / "manifest.schema.json").read_text()
    assert capsys.readouterr().out == committed
    jsonschema_rs.meta.validate(json.loads(committed))


def test_each_check_is_a_case_of_the_junit_file(folder: Path, failed: Path) -> None:
    for one in (folder, failed):
        told = manifest(one)
        suite = ElementTree.parse(one / "result.junit.xml").getroot().find("testsuite")
        assert suite is not None
        cases = suite.findall("testcase")
        assert [case.get("name") for case in cases] == [check["expected"] for check in told["checks"]]
        assert [case.find("failure") is None for case in cases] == [check["ok"] for check in told["checks"]]
        assert suite.get("failures") == str(sum(not check["ok"] for check in told["checks"]))
        properties = suite.find("properties")
        assert properties is not None
        assert {one.get("name"): one.get("value") for one in properties}["run"] == told["run"]
        about = [{one.get("name"): one.get("value") for one in case.iter("property")} for case in cases]
        names = ("id", "clause", "actor", "seen")
        assert about == [{name: check[name] for name in names if check[name]} for check in told["checks"]]


def test_each_check_says_what_it_is_called_what_demands_it_and_whose_doing_it_is(folder: Path) -> None:
    checks = manifest(folder)["checks"]
    assert all(check["clause"] and check["actor"] for check in checks)
    named = [check["id"] for check in checks]
    assert len(set(named)) == len(named) and {"ends-in-order", "installed", "payer", "receipts"} <= set(named)


def test_a_failed_check_that_only_shows_the_fault_is_skipped_where_the_fault_is_expected(tmp_path: Path) -> None:
    command = ("run", "pnc-ac", "--transport", "memory", "--fault", "wrong-challenge", "--expect-fault", "-q")
    with pytest.raises(SystemExit) as left:
        main([*command, "--evidence", str(tmp_path)])
    assert left.value.code == 0
    [made] = tmp_path.iterdir()
    suite = ElementTree.parse(made / "result.junit.xml").getroot().find("testsuite")
    assert suite is not None
    assert suite.get("failures") == "0" and int(suite.get("skipped", "0")) > 0
    assert all((skip.get("message") or "").startswith("NA: ") for skip in suite.iter("skipped"))


def test_signature_verdicts_response_codes_and_times_stand_beside_the_message(folder: Path, failed: Path) -> None:
    received = {row["name"]: row for row in rows(folder, "messages") if row["direction"] == "received"}
    for name in ("AuthorizationReq", "CertificateInstallationReq", "CertificateInstallationRes"):
        assert received[name]["signed"]
        assert any("signature" in one["what"] and one["ok"] for one in received[name]["judged"]), name
    assert not received["SessionSetupReq"]["signed"] and received["SessionSetupReq"]["judged"] == []
    assert received["SessionSetupRes"]["code"] == "OK_NewSessionEstablished"
    assert received["SessionSetupRes"]["limit"] == 2.0 and received["SessionSetupRes"]["took"] >= 0
    refused = [row["code"] for row in rows(failed, "messages") if row["name"] == "AuthorizationRes"]
    assert refused == ["FAILED_ChallengeInvalid"] * 2


def test_the_sequence_chart_counts_loops_and_is_cut_around_what_went_wrong(folder: Path, failed: Path) -> None:
    whole, cut = ((one / "sequence.mmd").read_text().splitlines() for one in (folder, failed))
    assert whole[0] == cut[0] == "sequenceDiagram"
    assert all(re.fullmatch(r"    (participant|Note over|%%|\w+-?->>\w+:) ?.+", line) for line in whole[1:] + cut[1:])
    assert any(re.fullmatch(r"    EV->>SECC: ChargingStatusReq x \d+", line) for line in whole)
    assert len([line for line in whole if ">>" in line]) <= 60
    at = next(n for n, line in enumerate(cut) if "FAILED_ChallengeInvalid" in line)
    assert any("Note over" in line and "challenge" in line for line in cut[at - 3 : at + 4])


def test_of_several_vehicles_the_chart_names_each(tmp_path: Path) -> None:
    made = bundle(tmp_path, "two-at-once")
    text = (made / "sequence.mmd").read_text()
    assert "EV_1->>CS001_1: SessionSetupReq" in text and "EV_2->>CS001_2: SessionSetupReq" in text


# Two runs of one seed


def varying(folder: Path) -> Iterator[tuple[str, object]]:
    """All of a bundle, without what may differ: TLS records and keys, and when and how long the machine ran."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = str(path.relative_to(folder))
        if name == "keys.log":
            yield name, [line.split()[0] for line in path.read_text().splitlines()]
        elif name == "trace.pcapng":
            yield name, [without_records(packet) for packet in packets(path)]
        elif name == "manifest.json":
            told = manifest(folder)
            for measured in ("wall_started", "wall_seconds"):
                told.pop(measured)
            for file in ("keys.log", "trace.pcapng", "result.junit.xml", "events.jsonl"):
                told["files"].pop(file, None)
            yield name, told
        elif name == "events.jsonl":
            # The ClientHello of a handshake that failed, a TLS record.
            yield name, re.sub(r'"hello":"[0-9a-f]+"', "", path.read_text())
        elif name == "result.junit.xml":
            yield name, re.sub(r' (time|timestamp)="[^"]*"', "", path.read_text())
        else:
            yield name, path.read_bytes()


def without_records(packet: Packet) -> object:
    """Of a packet with TLS records or their acknowledgement only who, when and what kind of packet."""
    link, tcp = packet.interface == 0, packet.octets[20] == 6
    if not (link and tcp):
        return packet
    kind, ends, ports, flags = packet.octets[:14], packet.octets[22:54], packet.octets[54:58], packet.octets[67]
    return packet.interface, packet.time, kind, ends, ports, flags, len(packet.octets) > 74


@pytest.mark.parametrize("name", all_scenarios())
def test_two_runs_of_one_seed_leave_the_same_but_for_tls_records_keys_and_the_machines_time(
    name: str, tmp_path: Path
) -> None:
    first, second = (dict(varying(bundle(tmp_path, name, seed="7"))) for _ in range(2))
    assert first.keys() == second.keys() >= {"manifest.json", "trace.pcapng", "story.txt", "report.html"}
    assert [name for name in first if first[name] != second[name]] == []


def test_how_fast_the_machine_is_makes_no_difference_to_a_run_from_a_seed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = dict(varying(bundle(tmp_path, "pnc-ac", seed="7")))
    monkeypatch.setattr("pncsim.simulator.evidence.folder.WAITS", 0.0)
    slow = dict(varying(bundle(tmp_path, "pnc-ac", seed="7")))
    assert [name for name in quick if quick[name] != slow[name]] == []


@pytest.mark.parametrize("fault", ["csms-away", "foreign-root", "wrong-challenge"])
def test_a_disturbed_run_can_be_repeated_to_the_octet(fault: str, tmp_path: Path) -> None:
    first, second = (dict(varying(bundle(tmp_path, "pnc-ac", seed="7", faults=(fault,)))) for _ in range(2))
    assert [name for name in first if first[name] != second[name]] == []
