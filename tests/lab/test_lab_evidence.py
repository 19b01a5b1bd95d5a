"""What a run leaves behind: all that was seen, whatever was sent and however it ended."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from lab_runs import LAB_LIMIT, Run, run

from pncsim.simulator.evidence.folder import Recorder
from pncsim.simulator.evidence.key_log import KeyLog
from pncsim.simulator.evidence.manifest import program_name
from pncsim.simulator.lab.lab import Lab
from pncsim.simulator.result import RunResult
from pncsim.simulator.runs.discovery import find_scenario
from pncsim.simulator.runs.loop import run_on_loop
from pncsim.simulator.runs.run import Run as LabRun
from pncsim.simulator.settings import RunSettings
from pncsim.wire.errors import LocalError
from pncsim.wire.trace import Event, Secured, Story, V2gMessage


def rows(folder: Path | None, name: str) -> list[dict[str, Any]]:
    assert folder is not None
    return [json.loads(line) for line in (folder / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


def summary(folder: Path | None) -> dict[str, Any]:
    assert folder is not None
    told: dict[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return told


def certificates(path: Path) -> list[bytes]:
    return [one.public_bytes(Encoding.DER) for one in x509.load_pem_x509_certificates(path.read_bytes())]


@pytest.mark.parametrize(("fault", "role"), [("garbled-vehicle", "EV"), ("garbled-station", "SECC")])
def test_octets_that_are_no_message_are_in_the_evidence_like_any_other(fault: str, role: str, tmp_path: Path) -> None:
    other = "SECC" if role == "EV" else "EV"
    done = run("pnc-ac", faults=[fault], evidence=tmp_path)
    found = rows(done.result.evidence, "messages")
    assert len(found) == sum(isinstance(event, V2gMessage) for event in done.events)
    noise = [row for row in found if row["value"] is None]
    assert [(row["role"], row["direction"]) for row in noise] == [(role, "sent"), (other, "received")]
    assert {frozenset(row["exi"]) for row in noise} == {frozenset("f")}
    assert done.result.problems == []
    story = (done.result.evidence / "story.txt").read_text() if done.result.evidence else ""
    assert "FAIL pnc-ac" in story


def test_an_event_nobody_can_write_down_costs_its_own_line_and_is_named(tmp_path: Path) -> None:
    class Odd:
        def __str__(self) -> str:
            raise RuntimeError("no words")

    recorder = Recorder(tmp_path, "odd", 0.0)
    recorder(Story(time=0.0, role="EV", text="before", seq=1))
    recorder(Story(time=0.0, role="EV", text=Odd(), seq=2))  # type: ignore[arg-type]
    recorder(Story(time=0.0, role="EV", text="after", seq=3))
    folder = recorder.finish(RunResult("odd", "memory"), ended=1.0, options={})
    assert [row["text"] for row in rows(folder, "events")] == ["before", "after"]
    assert recorder.flaws == ["Event 2 is not in the evidence: RuntimeError: no words."]


def test_half_a_character_in_a_peers_words_is_spelled_out(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, "half", 0.0)
    recorder(Story(time=0.0, role="EV", text="It is called \ud83d.", seq=1))
    result = RunResult("half", "memory", error="It is called \ud83d.")
    folder = recorder.finish(result, ended=1.0, options={})
    assert recorder.flaws == []
    assert rows(folder, "events")[0]["text"] == "It is called \ud83d."
    assert summary(folder)["error"] == "It is called \ud83d."
    assert folder is not None
    assert "\\ud83d" in (folder / "story.txt").read_text()


@pytest.mark.parametrize("fault", [None, "foreign-root", "stale-staple", "no-staple"])
def test_chain_and_staple_in_the_evidence_are_those_that_were_presented(fault: str | None, tmp_path: Path) -> None:
    done = run("pnc-ac", faults=[fault] if fault else [], evidence=tmp_path)
    shown = [event for event in done.events if isinstance(event, Secured)]
    assert {event.role for event in shown} == {"EV", "SECC"}
    [chain] = {event.chain for event in shown}
    folder = done.result.evidence
    assert folder is not None
    assert certificates(folder / "certs" / "secc.pem") == list(chain)
    assert not (folder / "certs" / "secc-2.pem").exists(), "seen from both ends, kept once"
    told = [row for row in rows(folder, "events") if row["event"] == "Secured"]
    assert [row["chain"] for row in told] == ["secc.pem"] * len(shown)
    # A vehicle that knows no root of the chain never comes to look at the staple.
    [staple] = {event.staples[0] for event in shown if any(event.staples)} or {None}
    kept = folder / "certs" / "ocsp" / "secc-1.der"
    assert kept.exists() == (fault in (None, "stale-staple"))
    assert (kept.read_bytes() if kept.exists() else None) == staple


def test_what_was_not_asked_for_was_not_stapled() -> None:
    async def main() -> list[Event]:
        events: list[Event] = []

        async def unasked(lab: Lab) -> None:
            vehicle = await lab.vehicle(kwh=0.1, contract=True, ocsp="off")
            lab.expect.session(await lab.plug_in(vehicle))

        from pncsim.simulator.scenario import Scenario

        scenario = Scenario("unasked", "no staple is asked for", (), unasked)
        result = await LabRun(scenario, {}, RunSettings(transport="memory"), readers=(events.append,)).done()
        assert result.exit_code == 0, result.cause
        return events

    told = [event for event in run_on_loop("memory", main) if isinstance(event, Secured)]
    assert [(event.stapled, any(event.staples)) for event in told] == [(False, False)] * 2


def test_chains_that_travel_in_messages_are_in_the_evidence(tmp_path: Path) -> None:
    done = run("install-contract", evidence=tmp_path)
    folder = done.result.evidence
    assert folder is not None
    found = {path.stem for path in (folder / "certs").glob("*.pem")}
    [contract] = {name for name in found if name.startswith("contract-")}
    assert found == {"v2g_root", "mo_root", "oem_root", "secc", "provisioning", "cps", contract}
    assert len(certificates(folder / "certs" / f"{contract}.pem")) == 3
    asked = [row for row in rows(folder, "messages") if row["name"] == "CertificateInstallationReq"]
    assert {row["name"] for row in asked}


@pytest.fixture(scope="module")
def disturbed(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run("pnc-ac", faults=["contract-revoked"], evidence=tmp_path_factory.mktemp("evidence"))


def test_the_summary_says_cause_clauses_versions_command_and_times(disturbed: Run) -> None:
    told = summary(disturbed.result.evidence)
    assert told["cause"] == disturbed.result.cause and told["cause"].startswith("the session ends in order: ")
    assert told["first_problem"] == disturbed.result.first_problem
    assert told["clauses"] == list(find_scenario("pnc-ac").clauses)
    assert told["clauses_cited"] and all(isinstance(clause, str) for clause in told["clauses_cited"])
    assert {"pncsim", "cryptography", "pyOpenSSL", "openssl", "python", "system"} <= told["versions"].keys()
    assert program_name(sys.argv[0]) in told["command"]
    assert told["started"] <= told["ended"] and told["started"][10] == "T" and told["started"].endswith("+00:00")


def test_no_password_of_an_address_is_in_the_summary(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    address = "wss://CS001:secret-word@csms.example/ocpp"
    monkeypatch.setattr("sys.argv", ["/usr/bin/pnc", "secc", "--csms", address])
    recorder = Recorder(tmp_path, "secc", 0.0)
    recorder(Story(time=0.0, role="EV", text="Something happened."))
    folder = recorder.finish(RunResult("secc", "alone"), ended=1.0, options={"csms": address})
    told = summary(folder)
    assert told["command"] == "pnc secc --csms wss://***@csms.example/ocpp"
    assert "secret-word" not in json.dumps(told)


def test_a_run_that_is_broken_off_leaves_its_evidence_and_says_so(tmp_path: Path) -> None:
    async def main() -> Path | None:
        async with asyncio.timeout(LAB_LIMIT):
            running = LabRun(find_scenario("pnc-ac"), settings=RunSettings(transport="memory", evidence=tmp_path))
            running.start()
            for _ in range(10):
                await running.step()
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running.done()
            return running.result.evidence

    folder = run_on_loop("memory", main)
    told = summary(folder)
    assert (told["verdict"], told["cause"]) == ("error", "The run was broken off before its end.")
    assert rows(folder, "events")


# Keys


def test_the_key_log_is_for_its_owner_alone_and_names_each_key_once(tmp_path: Path) -> None:
    path = tmp_path / "keys.log"
    path.write_text("# from an earlier run\n")
    path.chmod(0o644)
    settings = RunSettings(transport="memory", keylog=path)

    async def main() -> RunResult:
        return await LabRun(find_scenario("pnc-ac"), settings=settings).done()

    assert run_on_loop("memory", main).exit_code == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    first, *lines = path.read_text().splitlines()
    assert first == "# from an earlier run"
    assert [line.split()[0] for line in lines] == ["CLIENT_RANDOM"], "one session, seen from two ends"


def test_a_key_log_that_leads_elsewhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / "keys.log").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(LocalError, match="--keylog FILE"):
        KeyLog(tmp_path / "keys.log")
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full here")
def test_a_key_log_on_a_full_disk_never_reaches_the_handshake() -> None:
    before = os.stat("/dev/full").st_mode
    settings = RunSettings(transport="memory", keylog=Path("/dev/full"))

    async def main() -> RunResult:
        return await LabRun(find_scenario("pnc-ac"), settings=settings).done()

    result = run_on_loop("memory", main)
    assert [check.expected for check in result.checks if not check.ok] == []
    assert result.problems == ["The key log /dev/full is not complete: No space left on device."]
    assert os.stat("/dev/full").st_mode == before


def test_writing_keys_is_said_loudly_even_to_who_wants_to_hear_nothing(tmp_path: Path) -> None:
    from test_lab_outputs import COMMAND

    arguments = ["run", "pnc-ac", "--transport", "memory", "--no-evidence", "-q", "--keylog", "keys.log"]
    done = subprocess.run([*COMMAND, *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "PASS pnc-ac\n")
    assert done.stderr.startswith("pnc: ALL TLS KEYS OF THIS RUN ARE WRITTEN TO keys.log: ")


def test_no_message_lacks_what_was_told_of_it_a_moment_later_whenever_it_is_written(tmp_path: Path) -> None:
    """What was judged, and its packet: files are written every half second, whatever is being said then."""
    events = run("install-contract", evidence=tmp_path / "itself").events

    def written(name: str, at: int) -> bytes:
        recorder = Recorder(tmp_path / name, "install-contract", 0.0, seed="1")
        for number, event in enumerate(events):
            recorder(event)
            if number == at:
                recorder.write()
        recorder.write(last=True)
        recorder.close()
        assert recorder.folder is not None and not recorder.flaws
        return (recorder.folder / "messages.jsonl").read_bytes()

    whole = written("whole", -1)
    assert b'"judged":[{' in whole and b'"packet":' in whole
    messages = [number for number, event in enumerate(events) if isinstance(event, V2gMessage)]
    assert [at for at in messages if written(str(at), at) != whole] == []


def test_what_station_and_csms_showed_each_other_is_in_the_evidence(tmp_path: Path) -> None:
    """OCPP A00: under profile 2 the station shows nothing, under profile 3 its own certificate."""
    settings = RunSettings(transport="memory", evidence=tmp_path)
    folder = run_on_loop("memory", lambda: LabRun(find_scenario("station-secured"), settings=settings).done()).evidence
    assert folder is not None
    links = [row for row in rows(folder, "events") if row["event"] == "OcppSecured" and row["ok"]]
    shown = {(row["role"], row["peer"]): row["chain"] for row in links[::-1]}
    assert shown["CS", "CSMS"] == "csms.pem" and shown["CSMS", "CS001"] is None
    for row in links:
        if row["chain"] is not None:
            [leaf] = x509.load_pem_x509_certificates((folder / "certs" / row["chain"]).read_bytes())
            assert leaf.subject.rfc4514_string() == row["shown"]
    assert shown["CSMS", "CS002"].startswith("station-CS002")
