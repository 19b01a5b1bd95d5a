"""What a lone side leaves behind at a bench: as a person starts it, however it ends."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from signals import hear_ctrl_c

from pncsim.simulator.alone.told import run_side
from pncsim.simulator.alone.visits import SayVerdict
from pncsim.simulator.result import EXIT_CODES, Verdict
from pncsim.wire.clock import Clock
from pncsim.wire.network.loopback import loopback_host
from pncsim.wire.trace import Trace
from pncsim.wire.voice import Voice

COMMAND = [sys.executable, "-c", "from pncsim.simulator.commands.main import main; main()"]
PATIENCE = 60


def start(desk: Path, *arguments: str, environment: dict[str, str] | None = None) -> subprocess.Popen[str]:
    env = {"PATH": os.environ["PATH"], "HOME": str(desk)} | (environment or {})
    return subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=desk,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=hear_ctrl_c,
    )


def until(process: subprocess.Popen[str], words: str) -> str:
    """What it tells, up to the line with ``words``."""
    assert process.stdout is not None
    told = ""
    for line in process.stdout:
        told += line
        if words in line:
            return told
    raise AssertionError(told)


def free_port() -> str:
    host = loopback_host()
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((host, 0))
        return str(probe.getsockname()[1])


def summary(folder: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    return told


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """One charge between two processes, each with evidence and keys: folder, and what each has told."""
    desk, port = tmp_path_factory.mktemp("bench"), free_port()
    made = start(desk, "certs", "create", "pki")
    assert made.wait(PATIENCE) == 0
    made.communicate()
    station = start(desk, "secc", "--pki", "pki", "--sdp-port", port, "--keylog", "station-keys.log", "-v")
    told = until(station, "Waiting for a vehicle")
    vehicle = start(
        desk,
        *("ev", "--pki", "pki", "--sdp-port", port, "--keylog", "vehicle-keys.log", "-v"),
        *("--loops", "2", "--interval", "0.05", "--evidence", "runs"),
    )
    vehicle_out, vehicle_err = vehicle.communicate(timeout=PATIENCE)
    out, err = station.communicate(timeout=PATIENCE)
    assert (station.returncode, vehicle.returncode) == (0, 0), told + out + err + vehicle_out + vehicle_err
    return {"desk": desk, "secc": told + out, "ev": vehicle_out, "warned": err}


@pytest.mark.parametrize(("side", "where"), [("secc", "evidence"), ("ev", "runs")])
def test_a_lone_side_keeps_evidence_as_a_scenario_does(side: str, where: str, bench: dict[str, Any]) -> None:
    [folder] = (bench["desk"] / where).iterdir()
    assert folder.name.endswith(f"-{side}")
    told = summary(folder)
    assert (told["scenario"], told["transport"], told["verdict"]) == (side, "alone", "pass")
    assert [check["expected"] for check in told["checks"]] == [side]
    assert told["checks"][0]["seen"] in bench[side].splitlines()[-1]
    rows = {"messages.jsonl", "ocpp.jsonl", "http.jsonl", "events.jsonl"}
    told_to_people = {"manifest.json", "story.txt", "sequence.mmd", "result.junit.xml", "report.html"}
    assert rows | told_to_people | {"trace.pcapng", "keys.log", "certs"} == {path.name for path in folder.iterdir()}
    names = {json.loads(line)["name"] for line in (folder / "messages.jsonl").read_text().splitlines()}
    assert {"SupportedAppProtocolReq", "PaymentDetailsReq", "ChargingStatusRes", "SessionStopRes"} <= names
    kept = {str(path.relative_to(folder)) for path in (folder / "certs").rglob("*") if path.is_file()}
    assert kept == {"certs/secc.pem", "certs/contract-DEPNCC00000001A.pem", "certs/ocsp/secc-1.der"}


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
def test_the_trace_of_each_side_alone_opens_decrypted(bench: dict[str, Any]) -> None:
    for where in ("evidence", "runs"):
        [folder] = (bench["desk"] / where).iterdir()
        columns = [word for name in ("frame.number", "data.data", "tcp.checksum.status") for word in ("-e", name)]
        told = subprocess.run(
            ("tshark", "-r", folder / "trace.pcapng", "-o", "tcp.check_checksum:TRUE", "-T", "fields", *columns),
            capture_output=True,
            text=True,
            check=True,
            timeout=PATIENCE,
        ).stdout
        packets = {number: data for number, data, _ in (line.split("\t") for line in told.splitlines())}
        assert {line.split("\t")[2] for line in told.splitlines()} <= {"", "1"}, "every checksum is good"
        rows = [json.loads(line) for line in (folder / "messages.jsonl").read_text().splitlines()]
        assert len(rows) > 20
        assert [row["name"] for row in rows if not packets[str(row["packet"])].endswith(row["exi"])] == []


def test_a_side_that_is_killed_leaves_what_it_has_seen_though_nothing_more_was_said(tmp_path: Path) -> None:
    process = start(tmp_path, "ev", "--sdp-port", free_port(), "--patience", "100")
    until(process, "The vehicle is plugged in")
    [folder] = (tmp_path / "evidence").iterdir()
    kept = folder / "events.jsonl"
    while not (kept.exists() and "The vehicle is plugged in." in kept.read_text()):
        assert process.poll() is None
        os.sched_yield()
    process.kill()
    process.communicate(timeout=PATIENCE)
    assert not (folder / "manifest.json").exists()
    opened = start(tmp_path, "open", str(folder))
    out, _ = opened.communicate(timeout=PATIENCE)
    assert opened.returncode == 0
    assert "The run was killed before it could say what it came to." in out


def test_both_sides_have_kept_the_same_octets(bench: dict[str, Any]) -> None:
    [station], [vehicle] = ([*(bench["desk"] / where).iterdir()] for where in ("evidence", "runs"))
    for kept in ("certs/secc.pem", "certs/ocsp/secc-1.der"):
        assert (station / kept).read_bytes() == (vehicle / kept).read_bytes()
    octets = [
        [json.loads(line)["exi"] for line in (folder / "messages.jsonl").read_text().splitlines()]
        for folder in (station, vehicle)
    ]
    assert octets[0] == octets[1] and len(octets[0]) > 20


def test_the_screen_of_a_bench_has_the_day_the_time_of_day_sdp_and_key_fields(bench: dict[str, Any]) -> None:
    for side in ("secc", "ev"):
        heading, *lines = bench[side].splitlines()
        assert re.fullmatch(rf"pnc {side}, pncsim \S+, \d{{4}}-\d\d-\d\d, UTC[+-]\d{{4}}; evidence: \S+", heading)
        assert all(re.match(r"\d\d:\d\d:\d\d\.\d{3} \S+ |  ", line) for line in lines[:-1])
    assert re.search(r"SECC  SDP request for a station with TLS, from \S+:\d+\n", bench["secc"])
    assert "<< PaymentDetailsReq" in bench["secc"] and "eMAID DEPNCC00000001A" in bench["secc"]


def test_both_key_logs_name_the_key_of_the_session_for_their_owner_alone(bench: dict[str, Any]) -> None:
    keys = [bench["desk"] / f"{side}-keys.log" for side in ("station", "vehicle")]
    assert {stat.S_IMODE(path.stat().st_mode) for path in keys} == {0o600}
    assert keys[0].read_text() == keys[1].read_text() != ""
    assert "ALL TLS KEYS OF THIS RUN ARE WRITTEN TO station-keys.log" in bench["warned"]


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_a_side_that_is_interrupted_leaves_what_it_has_seen(by: signal.Signals, tmp_path: Path) -> None:
    process = start(tmp_path, "ev", "--sdp-port", free_port())
    until(process, "The vehicle is plugged in")
    process.send_signal(by)
    process.communicate(timeout=PATIENCE)
    assert process.returncode in (130, 143)
    [folder] = (tmp_path / "evidence").iterdir()
    told = summary(folder)
    assert (told["verdict"], told["cause"]) == ("error", "It was broken off before its end.")
    assert "The vehicle is plugged in." in (folder / "events.jsonl").read_text()


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_a_vehicle_that_is_interrupted_while_it_charges_stops_in_order(by: signal.Signals, tmp_path: Path) -> None:
    port = free_port()
    station = start(tmp_path, "secc", "--eim", "--no-tls", "--sdp-port", port, "--no-evidence")
    until(station, "Waiting for a vehicle")
    vehicle = start(tmp_path, "ev", "--eim", "--no-tls", "--sdp-port", port, "--loops", "10000", "--no-evidence")
    until(vehicle, "Charging begins")
    vehicle.send_signal(by)
    told, _ = vehicle.communicate(timeout=PATIENCE)
    seen, _ = station.communicate(timeout=PATIENCE)
    assert vehicle.returncode in (130, 143)
    assert "Charging stops: the driver stops" in told
    assert "The vehicle has ended the session." in seen and seen.splitlines()[-1].startswith("PASS secc")


def test_a_side_that_fails_leaves_the_cause(tmp_path: Path) -> None:
    process = start(tmp_path, "secc", "--wait", "0.2", "--sdp-port", free_port())
    out, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    [folder] = (tmp_path / "evidence").iterdir()
    told = summary(folder)
    assert (told["verdict"], told["cause"]) == ("fail", "secc: no vehicle came within 0.2 s")
    assert out.splitlines()[-1] == "FAIL secc: no vehicle came within 0.2 s"


def test_a_side_that_never_began_leaves_nothing(tmp_path: Path) -> None:
    process = start(tmp_path, "secc", "--pki", "nowhere")
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 3
    assert list(tmp_path.iterdir()) == []


def test_no_evidence_is_kept_where_none_is_wanted_and_a_bad_place_is_a_sentence(tmp_path: Path) -> None:
    arguments = ("secc", "--wait", "0.1", "--sdp-port", free_port())
    process = start(tmp_path, *arguments, "--no-evidence")
    out, _ = process.communicate(timeout=PATIENCE)
    assert not (tmp_path / "evidence").exists() and "evidence" not in out
    (tmp_path / "file").write_text("")
    process = start(tmp_path, *arguments, "--evidence", "file")
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "The evidence could not be written" in err and "--evidence DIR" in err


def test_the_password_of_the_csms_is_nowhere_in_the_evidence(tmp_path: Path) -> None:
    process = start(
        tmp_path,
        *("secc", "--csms", "ws://CS001:open-sesame-0123@127.0.0.1:9/ocpp", "--wait", "0.3"),
        *("--sdp-port", free_port()),
        environment={"PNC_CSMS_PASSWORD": "close-sesame-0123"},
    )
    process.communicate(timeout=PATIENCE)
    files = [path.read_bytes() for path in (tmp_path / "evidence").rglob("*") if path.is_file()]
    assert files and not any(b"sesame-0123" in data for data in files)


@pytest.mark.parametrize("verdict", Verdict, ids=str)
def test_the_evidence_has_the_verdict_that_was_said(
    verdict: Verdict, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def side(clock: Clock, trace: Trace, say: SayVerdict) -> int:
        Voice.on(clock, trace, "EV").story("The vehicle is plugged in.")
        say("ev visit 1", Verdict.PASS, "one of several")
        return say("ev", verdict, "so it was")

    assert run_side("ev", side, {}, evidence=tmp_path) == EXIT_CODES[verdict]
    [folder] = tmp_path.iterdir()
    told = summary(folder)
    assert told["verdict"] == verdict.value
    assert ("so it was" in told["cause"]) == (verdict is not Verdict.PASS)
    assert [check["expected"] for check in told["checks"]] == ["ev visit 1", "ev"]
    assert capsys.readouterr().out.splitlines()[-1] == f"{verdict.upper()} ev: so it was"
