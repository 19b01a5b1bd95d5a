"""What a person reads: each thing once, the cause first, nothing that was not, and no secrets on disk."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest
from lab_runs import Run, leaks, run, texts

from pncsim.simulator.alone.verdicts import say_verdict
from pncsim.simulator.commands.main import main
from pncsim.simulator.evidence.story import StoryTeller, printable
from pncsim.simulator.evidence.wire_told import Once, told_frame
from pncsim.simulator.faults.table import FAULTS
from pncsim.simulator.result import Check, RunResult, Verdict
from pncsim.simulator.runs.discovery import find_scenario
from pncsim.simulator.runs.told import run_and_tell
from pncsim.simulator.settings import RunSettings
from pncsim.wire.trace import Direction, HttpExchange, LinkBytes, OcppFrame, Problem, Secured, Story, V2gMessage


def told(done: Run, *, level: int = 0, width: int | None = 120) -> str:
    """The story and summary of a run."""
    out = io.StringIO()
    teller = StoryTeller(done.events[0].time, level=level, out=out, width=width)
    for event in done.events:
        teller(event)
    teller.summary(done.result)
    return out.getvalue()


@pytest.mark.parametrize(
    "name", ["no-staple", "foreign-root", "wrong-signature", "contract-blocked", "tampered-bundle"]
)
def test_each_actor_says_a_thing_once(name: str) -> None:
    done = run(FAULTS[name].chosen().scenario, faults=[name])
    story = told(done, width=None).split("\n\n")[0]
    sentences = [p.text for p in done.problems()]
    assert sentences
    for problem in done.problems():
        lines = [line for line in story.splitlines() if f"{problem.role:<5}" in line and problem.text in line]
        assert len(lines) == 1, lines


def test_the_first_cause_is_all_there_is_to_say() -> None:
    result = run("pnc-ac", faults=["wrong-challenge"]).result
    failed = [check.expected for check in result.checks if not check.ok]
    assert failed == ["the session ends in order"]
    assert result.first_problem.startswith("SECC: The vehicle sent the challenge")


@pytest.mark.parametrize("name", ["no-staple", "wrong-challenge", "dead-csms"])
def test_what_was_not_is_not_told(name: str) -> None:
    facts = run("pnc-ac", faults=[name]).result.facts
    assert "energy charged" not in facts and "receipts" not in facts
    assert facts.keys() <= {"transaction"}


def test_a_transaction_nobody_paid_says_so() -> None:
    facts = run("pnc-ac", faults=["wrong-challenge"]).result.facts
    assert "closed in the CSMS: 0.000 kWh, nobody authorised, stopped: Other" in facts["transaction"]


def test_a_disturbed_run_says_what_was_disturbed_and_what_the_standard_answers() -> None:
    done = run("pnc-ac", faults=["no-staple"])
    text = " ".join(told(done).split())
    assert "LAB Disturbed on purpose: the station staples no OCSP response." in text
    assert "fault no-staple the station staples no OCSP response" in text
    assert "ok no-staple is answered: TLS alert 113 bad_certificate_status_response" in text
    assert "FAIL pnc-ac (memory), disturbed by no-staple, answered as the standard says" in text
    assert [check.fault for check in done.result.checks if check.fault] == ["no-staple"] * 2


def test_a_fault_of_somebody_who_took_no_part_says_so() -> None:
    checks = run("pnc-ac", faults=["wrong-challenge@EV-9"]).result.checks
    assert [check.seen for check in checks if not check.ok] == ["nobody called EV-9 took part"] * 2


def test_a_good_run_speaks_of_no_fault() -> None:
    text = told(run("install-contract"))
    assert "isturbed" not in text and "FAIL" not in text and "first problem" not in text
    assert "PASS install-contract (memory): " in text


@pytest.mark.parametrize("width", [60, 100, 120])
def test_lines_are_broken_at_the_width(width: int) -> None:
    text = told(run("pnc-ac", faults=["foreign-root"]), level=2, width=width)
    long = [line for line in text.splitlines() if len(line) > width]
    assert [line for line in long if " " in line.strip() and not line.startswith("FAIL")] == []


def test_further_lines_stand_below_the_text_and_lose_nothing() -> None:
    out = io.StringIO()
    sentence = "The vehicle says one word after the other until the line is full and goes on below it."
    StoryTeller(0.0, out=out, width=50)(Story(time=1.0, role="EV", text=sentence))
    first, *more = out.getvalue().splitlines()
    assert first.startswith("    1.000 s  EV    The vehicle")
    assert more and all(line.startswith(" " * 19) for line in more)
    assert " ".join([first[19:], *(line.strip() for line in more)]) == sentence


@pytest.mark.parametrize("width", [None, 60])
def test_controls_in_a_peers_words_are_shown_not_obeyed(width: int | None) -> None:
    out = io.StringIO()
    teller = StoryTeller(0.0, out=out, width=width)
    for kind in (Story, Problem):
        teller(kind(time=0.0, role="CSMS", text="CS001 (\x1b]0;owned\x07\x1b[2J\x9b31m\x85\x7f\r\x00)"))
    teller.summary(RunResult("x", "memory", error="\x1b[2J"))
    text = out.getvalue()
    assert text.count(r"(\x1b]0;owned\x07\x1b[2J\x9b31m\x85\x7f\x0d\x00)") == 2
    assert r" \x1b[2J" in text
    assert [c for c in text if c != "\n" and not c.isprintable()] == []


def test_what_is_printable_stays() -> None:
    assert printable("Zürich → 7 kW,\tja\nnein €") == "Zürich → 7 kW,\tja\nnein €"


def test_controls_in_verdicts_and_complaints_are_shown_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert say_verdict("secc", Verdict.FAIL, "the vehicle is \x1b[2J\x9b1m") == 1
    with pytest.raises(SystemExit):
        main(["ev", "--pki", "no\x1b[2Jfolder"])
    said = capsys.readouterr()
    assert said.out == "FAIL secc: the vehicle is \\x1b[2J\\x9b1m\n"
    assert said.err.startswith("pnc: ") and r"no\x1b[2Jfolder" in said.err and "\x1b" not in said.err


def test_verbose_tells_every_message_and_judgement() -> None:
    done = run("pnc-ac")
    quiet, loud, loudest = (told(done, level=level) for level in (0, 1, 2))
    assert quiet.count("AuthorizationReq") == 0
    sent = sum(isinstance(e, V2gMessage) and e.direction == "sent" for e in done.events)
    assert (loud.count(">> "), loud.count("<< ")) == (sent, 0), "each message once, although both sides saw it"
    arrived = sum(isinstance(e, OcppFrame) and e.direction == "received" for e in done.events)
    assert (loud.count("<- "), loud.count("-> ")) == (arrived - 1, 1), "the first frame comes before its receiver"
    assert len(loudest.splitlines()) > len(loud.splitlines()) > len(quiet.splitlines())


@pytest.mark.parametrize("actor", ["EV", "SECC", "CS"])
def test_a_lone_side_tells_both_directions(actor: str) -> None:
    done = run("pnc-ac")
    seen = [e for e in done.events if isinstance(e, V2gMessage | OcppFrame) and e.role == actor]
    text = told(Run(done.result, list(seen)), level=1, width=None)
    assert sum(text.count(arrow) for arrow in (">> ", "<< ", "-> ", "<- ")) == len(seen) > 20


def test_a_message_changed_on_its_way_is_told_at_both_ends() -> None:
    text = told(run("pnc-ac", faults=["garbled-csms"]), level=1, width=None)
    assert "CSMS  <- Authorize eMAID DEPNCC00000001A" in text
    assert "CS    <- a frame: no frame of OCPP-J" in text
    both = [V2gMessage(time=0.0, role="EV", direction="sent", name="X", payload=b"1", value=None)]
    both.append(V2gMessage(time=0.0, role="SECC", direction="received", name="X", payload=b"2", value=None))
    once = Once()
    assert [once.tell(event) for event in both] == [True, True]


def test_the_same_message_of_two_vehicles_at_once_is_told_once_of_each() -> None:
    def seen(role: str, unit: str, direction: Direction, payload: bytes) -> V2gMessage:
        return V2gMessage(time=0.0, role=role, unit=unit, direction=direction, name="X", payload=payload, value=None)

    once = Once()
    for payloads in ((b"1", b"2"), (b"3", b"3")):
        sent = [seen("EV", f"EV-{n}", "sent", payload) for n, payload in enumerate(payloads, 1)]
        arrived = [seen("SECC", f"CS001/{n}", "received", payload) for n, payload in enumerate(payloads, 1)]
        assert [once.tell(event) for event in sent + arrived] == [True, True, False, False]
    done = run("two-at-once")
    messages = sum(isinstance(e, V2gMessage) and e.direction == "sent" for e in done.events)
    text = told(done, level=1, width=None)
    assert (text.count(">> "), text.count("<< ")) == (messages, 0)


def test_messages_say_what_one_looks_for() -> None:
    text = told(run("pnc-ac"), level=1, width=None)
    for line in (
        "CSMS  <- Authorize eMAID DEPNCC00000001A",
        "CS    <- Authorize answered: Accepted, certificate Accepted",
        "CSMS  <- StatusNotification Occupied",
        "CSMS  <- TransactionEvent Updated seq 2 ChargingStateChanged Charging",
        "CSMS  <- TransactionEvent Ended seq 9 StopAuthorized StoppedByEV eMAID DEPNCC00000001A",
        "SECC  >> SessionSetupRes OK_NewSessionEstablished (",
        "SECC  >> PaymentDetailsRes (",
    ):
        assert line in text
    assert "characters)" not in text
    refused = told(run("pnc-ac", faults=["wrong-challenge"]), level=1, width=None)
    assert "SECC  >> AuthorizationRes FAILED_ChallengeInvalid (" in refused


@pytest.mark.parametrize(
    ("action", "frame", "line"),
    [
        ("Authorize", '[2,"1","Authorize",{"idToken":"odd"}]', "Authorize"),
        ("SetVariables", '[2,"1","SetVariables",{"x":[{"component":{"name":"A"},"variable":{"name":"B"}}]}]',
         "SetVariables A B"),
        ("SignCertificate", '[3,"1",{"status":"Rejected","statusInfo":{"reasonCode":"NoCA","additionalInfo":"none"}}]',
         "SignCertificate answered: Rejected, none"),
        ("Reset", '[4,"1","NotSupported","not here",{}]', "Reset refused: NotSupported not here"),
        ("Reset", "[3,true]", "Reset: no frame of OCPP-J (8 characters)"),
        ("", "[" * 9000, "a frame: no frame of OCPP-J (9000 characters)"),
    ],
)  # fmt: skip
def test_any_frame_can_be_told(action: str, frame: str, line: str) -> None:
    event = OcppFrame(time=0.0, role="CS", direction="received", peer="CSMS", action=action, frame=frame)
    assert told_frame(event) == line


def test_the_return_of_the_csms_is_told() -> None:
    text = told(run("pnc-ac", faults=["csms-away"]), width=None)
    assert text.index("The CSMS closed the connection") < text.index("CS001 is connected to the CSMS again; ")
    # How many depends on the random part of the reconnect back-off; at least one falls into a minute's absence.
    assert re.search(r"again; [1-9]\d* transaction events? delivered", text)


def test_our_own_sides_take_no_liberties_with_each_other() -> None:
    text = told(run("pnc-ac", faults=["dead-csms"]))
    assert "tolerated" not in text
    assert "The vehicle closed the connection while" in text


def test_a_refused_handshake_is_a_problem_told_once() -> None:
    done = run("pnc-ac", faults=["foreign-root"])
    refused = [e for e in done.events if isinstance(e, Secured) and not e.ok]
    assert {e.role for e in refused} == {"EV", "SECC"}
    assert [p.role for p in done.problems()] == ["EV", "SECC"]


def test_a_result_without_checks_is_no_pass() -> None:
    assert RunResult("x", "memory").verdict is Verdict.FAIL
    assert RunResult("x", "memory").cause == "Nothing was checked."


def test_the_cause_of_a_result() -> None:
    result = RunResult("x", "memory", checks=[Check("it works", True, ""), Check("it shines", False, "it is dull")])
    assert result.cause == "it shines: it is dull"
    result.error = "The disk is full."
    assert (result.cause, result.exit_code) == ("The disk is full.", 3)


# Evidence


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run("install-contract", evidence=tmp_path_factory.mktemp("evidence"), transport="loopback")


def folder_of(done: Run) -> Path:
    assert done.result.evidence is not None
    return done.result.evidence


def test_the_evidence_is_complete(kept: Run) -> None:
    folder = folder_of(kept)
    assert {path.name for path in folder.iterdir()} == {
        "manifest.json",
        "story.txt",
        "messages.jsonl",
        "ocpp.jsonl",
        "http.jsonl",
        "events.jsonl",
        "trace.pcapng",
        "keys.log",
        "sequence.mmd",
        "result.junit.xml",
        "report.html",
        "certs",
    }
    rows = {
        name: [json.loads(line) for line in (folder / f"{name}.jsonl").read_text().splitlines()]
        for name in ("messages", "ocpp", "http", "events")
    }
    assert len(rows["messages"]) == sum(isinstance(e, V2gMessage) for e in kept.events)
    assert len(rows["ocpp"]) == sum(isinstance(e, OcppFrame) for e in kept.events)
    assert sum(map(len, rows.values())) == sum(not isinstance(e, LinkBytes) for e in kept.events)
    assert len(rows["http"]) == sum(isinstance(e, HttpExchange) for e in kept.events)
    summary = json.loads((folder / "manifest.json").read_text())
    assert summary["verdict"] == "pass" and summary["faults"] == []
    assert "contract installed" in (folder / "story.txt").read_text()


def test_the_messages_can_be_read_back(kept: Run) -> None:
    from pncsim.wire.v2g.registry import codec

    for line in (folder_of(kept) / "messages.jsonl").read_text().splitlines():
        row = json.loads(line)
        name = "app" if row["name"].startswith("SupportedAppProtocol") else "iso2"
        codec(name).decode(bytes.fromhex(row["exi"]))
        assert row["value"]


def test_the_chains_are_there(kept: Run) -> None:
    found = {path.stem for path in (folder_of(kept) / "certs").iterdir()}
    assert {"v2g_root", "mo_root", "oem_root", "secc", "provisioning"} <= found
    assert any(name.startswith("contract-") for name in found)


def test_no_secret_is_in_events_or_evidence(kept: Run) -> None:
    assert len(kept.keys) > 25 and kept.password
    files = [path.read_bytes() for path in folder_of(kept).rglob("*") if path.is_file()]
    assert leaks([data.decode("latin-1") for data in files], kept.keys, kept.password) == []
    assert leaks([data.hex() for data in files], kept.keys) == []
    assert leaks(texts(kept.events), kept.keys, kept.password) == []


def test_the_search_for_secrets_finds_them(kept: Run) -> None:
    import base64

    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = kept.keys[0]
    octets = key.private_numbers().private_value.to_bytes(32, "big")
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    shown = [octets.hex(), str(key.private_numbers().private_value), repr(octets), pem]
    shown += [base64.b64encode(bytes(shift) + octets + b"tail").decode() for shift in range(3)]
    shown += [repr(Problem(time=0.0, role="EV", text=f"It was {octets.hex().upper()}."))]
    assert len(leaks(shown, [key])) == len(shown)
    assert leaks(["nothing", kept.password], [key], kept.password) == [kept.password]


def test_a_disturbed_run_leaves_evidence_too(tmp_path: Path) -> None:
    done = run("pnc-ac", faults=["contract-revoked"], evidence=tmp_path)
    summary = json.loads((folder_of(done) / "manifest.json").read_text())
    assert summary["verdict"] == "fail"
    [fault] = summary["faults"]
    assert fault["name"] == "contract-revoked" and "CertificateRevoked" in fault["answer"]


def test_runs_of_one_second_keep_apart(tmp_path: Path) -> None:
    folders = {run("eim-ac", evidence=tmp_path).result.evidence for _ in range(3)}
    assert len(folders) == 3


def test_a_place_that_cannot_be_written_is_no_pass(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = run("eim-ac", evidence=tmp_path / "file")
    assert done.result.verdict is Verdict.ERROR
    assert "--evidence DIR" in done.result.cause


def test_a_story_of_several_says_which_of_them_speaks_and_tells_each_message_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    scenario = find_scenario("two-at-once")
    assert run_and_tell(scenario, {}, RunSettings(transport="memory"), level=1).verdict is Verdict.PASS
    lines = [line[13:].split(None, 1) for line in capsys.readouterr().out.splitlines() if line[9:13] == " s  "]
    assert {"EV-1", "EV-2", "CS001/1", "CS001/2", "CS001", "CSMS"} <= {line[0] for line in lines}
    for vehicle in ("EV-1", "EV-2"):
        told = [text for who, text in lines if who == vehicle and "SessionStopReq" in text]
        assert len(told) == 1, told


def test_the_verdict_on_several_says_which_of_them_had_the_first_problem() -> None:
    assert run("two-at-once", faults=["silent-station@CS001/2"]).result.first_problem.startswith("EV-2: ")
