"""The command as a person meets it: in a process of its own, with an empty HOME and an empty working directory."""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from signals import hear_ctrl_c

from pncsim.simulator.runs.discovery import all_scenarios

PNC = [sys.executable, "-c", "from pncsim.simulator.commands.main import main; main()"]
PATIENCE = 60


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    home = tmp_path / "home"
    home.mkdir()
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
    return kept | {"HOME": str(home), "PYTHONWARNINGS": "error::ResourceWarning"}


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """An empty working directory."""
    place = tmp_path / "desk"
    place.mkdir()
    return place


class Said:
    """What a command came to."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err
        assert "Traceback" not in out + err
        assert "a defect of pncsim" not in err

    @property
    def last(self) -> str:
        """The last line on standard error: where commands complain."""
        return (self.err.strip().splitlines() or [""])[-1]


def pnc(env: dict[str, str], desk: Path, *arguments: str, stdin: str = "") -> Said:
    done = subprocess.run(
        [*PNC, *arguments],
        cwd=desk,
        env=env,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return Said(done.returncode, done.stdout, done.stderr)


def test_the_scenarios_are_listed(env: dict[str, str], desk: Path) -> None:
    said = pnc(env, desk, "list")
    assert said.code == 0
    assert [line.split()[0] for line in said.out.splitlines()] == list(all_scenarios())


def test_the_main_job_in_memory_quietly(env: dict[str, str], desk: Path) -> None:
    said = pnc(env, desk, "run", "install-contract", "--transport", "memory", "-q")
    assert (said.code, said.out, said.err) == (0, "PASS install-contract\n", "")
    [folder] = (desk / "evidence").iterdir()
    assert json.loads((folder / "manifest.json").read_text())["verdict"] == "pass"


def test_the_main_job_as_make_demo_runs_it(env: dict[str, str], desk: Path) -> None:
    said = pnc(env, desk, "run", "install-contract")
    assert (said.code, said.err) == (0, "")
    for fact in (
        "contract installed",
        "energy charged",
        "transaction",
        "receipts",
        "evidence: ",
        "PASS install-contract",
    ):
        assert fact in said.out
    assert max(map(len, said.out.splitlines())) <= 120


def test_a_wrong_word_is_not_answered_with_all_the_right_ones(capsys: pytest.CaptureFixture[str]) -> None:
    from pncsim.simulator.commands.main import main

    with pytest.raises(SystemExit):
        main(["run", "instal-contract"])
    said = capsys.readouterr().err
    assert "Did you mean install-contract? `pnc run --help` names those there are." in said and len(said) < 300


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["run", "nonsense"], "invalid choice: 'nonsense'"),
        (["run", "pnc-ac", "--fault", "nonsense"], "There is no fault 'nonsense'. `pnc list --faults` names them."),
        (["run", "pnc-ac", "--nonsense"], "unrecognized arguments: --nonsense"),
        (["run", "pnc-ac", "--kwh", "-1"], "'-1' is no number above 0"),
        (["run", "pnc-ac", "--kwh", "nan"], "'nan' is no number above 0"),
        (["run", "renegotiate", "--by", "nobody"], "invalid choice: 'nobody'"),
        (["nonsense"], "invalid choice: 'nonsense'"),
        (["secc", "--pnc", "--eim"], "not allowed with"),
        (["secc", "--wait", "-3"], "'-3' is no number above 0"),
        (["secc", "--csms", "nonsense"], "'nonsense' must begin with wss:// (or ws:// without TLS)"),
        (["secc", "--csms", "http://127.0.0.1/"], "must begin with wss:// (or ws:// without TLS)"),
        (["secc", "--csms", "wss://"], "names no host"),
        (["secc", "--csms", "wss://host:99999/"], "a port that is none"),
        (["ev", "--sdp-port", "99999"], "'99999' is no port: 1 to 65535 are"),
        (["ev", "--sdp-port", "0"], "'0' is no port"),
        (["ev", "--interval", "-1"], "'-1' is no number above 0"),
        (["ev", "--interval", "0"], "'0' is no number above 0"),
        (["ev", "--kwh", "-1"], "'-1' is no number above 0"),
        (["ev", "--loops", "0"], "'0' is no whole number above 0"),
        (["exi", "decode", "--set", "din"], "reserved for later"),
        (["exi", "decode", "--set", "nonsense"], "unknown"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_usage_is_a_sentence(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, desk: Path
) -> None:
    """In this process: argparse behaves the same, and a process each would cost seconds."""
    from pncsim.simulator.commands.main import main

    monkeypatch.chdir(desk)
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 2
    said = capsys.readouterr()
    assert sentence in said.err.strip().splitlines()[-1]
    assert said.out == ""


@pytest.mark.parametrize("command", ["secc", "ev"])
def test_help_names_every_exit_code(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    from pncsim.simulator.commands.main import main

    with pytest.raises(SystemExit):
        main([command, "--help"])
    text = " ".join(capsys.readouterr().out.split())
    for code in ("0 as expected", "1 not", "2 wrong usage", "3 not possible", "70 a defect", "130 inter", "143 term"):
        assert code in text


def test_a_terminal_without_umlauts_is_no_crash(env: dict[str, str], desk: Path) -> None:
    poor = env | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    assert pnc(poor, desk, "tables").code == 0
    said = pnc(poor, desk, "certs", "create", "Schl\u00fcssel")
    assert said.code == 0
    assert "are in Schl??ssel" in said.out or "are in Schl?ssel" in said.out


def test_a_folder_that_is_no_pki(env: dict[str, str], desk: Path) -> None:
    said = pnc(env, desk, "run", "pnc-ac", "--pki", "nowhere", "-q")
    assert said.code == 3
    assert list(desk.iterdir()) == [], "nothing has happened that evidence could be kept of"
    assert (
        said.out == "ERROR pnc-ac: There is no PKI in nowhere: pki.json is missing. Make one with `pnc certs create`.\n"
    )


def test_evidence_that_cannot_be_written(env: dict[str, str], desk: Path) -> None:
    (desk / "occupied").write_text("a file where a folder should be")
    said = pnc(env, desk, "run", "pnc-ac", "--transport", "memory", "-q", "--evidence", "occupied")
    assert said.code == 3
    assert "The evidence could not be written" in said.out and "--evidence DIR" in said.out


def test_a_fault_is_exit_code_1_and_says_what_it_was(env: dict[str, str], desk: Path) -> None:
    said = pnc(env, desk, "run", "pnc-ac", "--transport", "memory", "--fault", "contract-blocked", "--no-evidence")
    assert said.code == 1
    assert "Disturbed on purpose: the mobility operator has blocked the contract." in said.out
    assert "first problem: SECC: Charging is not authorized" in said.out
    assert "FAIL pnc-ac (memory), disturbed by contract-blocked, answered as the standard says" in said.out
    assert list(desk.iterdir()) == []


@pytest.mark.parametrize("debugging", [False, True])
def test_what_a_library_thinks_of_a_certificate_is_for_who_debugs(
    env: dict[str, str], desk: Path, debugging: bool
) -> None:
    env.pop("PYTHONWARNINGS")
    assert pnc(env, desk, "certs", "create", "pki").code == 0
    [leaf] = desk.glob("pki/**/contract_leaf.pem")
    leaf.write_bytes(with_negative_serial(leaf.read_bytes()))
    said = pnc(env | ({"PNC_DEBUG": "1"} if debugging else {}), desk, "certs", "show", "pki")
    assert "contract_leaf" in said.out
    assert ("DeprecationWarning" in said.err) is debugging
    assert debugging or said.err == ""


def with_negative_serial(pem: bytes) -> bytes:
    """The first certificate with a negative serial number, which breaks its signature."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    certificate = x509.load_pem_x509_certificates(pem)[0]
    length = certificate.serial_number.bit_length() // 8 + 1
    der, serial = certificate.public_bytes(Encoding.DER), certificate.serial_number.to_bytes(length, "big")
    spoiled = der.replace(serial, b"\x80" + serial[1:], 1)
    body = base64.encodebytes(spoiled).decode()
    return f"-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----\n".encode()


def test_a_pki_folder_from_creation_to_a_wrong_key(env: dict[str, str], desk: Path) -> None:
    assert pnc(env, desk, "certs", "create", "pki").code == 0
    folder = desk / "pki"
    keys = [*folder.rglob("*_key.pem")]
    assert keys and {stat.S_IMODE(key.stat().st_mode) for key in keys} == {0o600}

    again = pnc(env, desk, "certs", "create", "pki")
    assert again.code == 3
    assert "is there already and was not overwritten" in again.last
    assert "--force" in again.last

    used = pnc(env, desk, "run", "pnc-ac", "--pki", "pki", "--transport", "memory", "--no-evidence", "-q")
    assert (used.code, used.out) == (0, "PASS pnc-ac\n")

    manifest = json.loads((folder / "pki.json").read_text())
    shutil.copy(folder / manifest["oem_leaf_key"], folder / manifest["contract_leaf_key"])
    wrong = pnc(env, desk, "run", "pnc-ac", "--pki", "pki", "--transport", "memory", "--no-evidence", "-q")
    assert wrong.code == 3
    assert wrong.out.startswith("ERROR pnc-ac: ") and "contract_leaf" in wrong.out


def interrupted(
    env: dict[str, str], desk: Path, until: str, *arguments: str, by: signal.Signals = signal.SIGINT
) -> Said:
    """Start a command and press Ctrl-C, or send another signal, once it has printed ``until``."""
    with subprocess.Popen(
        [*PNC, *arguments],
        cwd=desk,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=hear_ctrl_c if by == signal.SIGINT else _ignore_ctrl_c,
    ) as process:
        assert process.stdout is not None
        told = ""
        for line in process.stdout:
            told += line
            if until in line:
                break
        process.send_signal(by)
        out, err = process.communicate(timeout=PATIENCE)
        return Said(process.returncode, told + out, err)


def _ignore_ctrl_c() -> None:
    """As a script starts a command in its background."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def free_port() -> str:
    """A UDP port on loopback that was free a moment ago."""
    from pncsim.wire.network.loopback import loopback_host

    host = loopback_host()
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((host, 0))
        return str(probe.getsockname()[1])


@pytest.mark.parametrize(
    ("by", "code", "word"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")],
    ids=["Ctrl-C", "SIGTERM"],
)
@pytest.mark.parametrize(
    ("arguments", "until"),
    [
        (["run", "pnc-ac", "--fault", "silent-csms"], "The vehicle pays by contract"),
        (["secc"], "Waiting for a vehicle"),
        (["ev"], "The vehicle is plugged in"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_a_signal_ends_it_at_once(
    arguments: list[str], until: str, by: signal.Signals, code: int, word: str, env: dict[str, str], desk: Path
) -> None:
    port = [] if arguments[0] == "run" else ["--sdp-port", free_port()]
    said = interrupted(env, desk, until, *arguments, *port, by=by)
    assert said.code == code
    assert said.err.strip() == word


def test_exi_line_by_line(env: dict[str, str], desk: Path) -> None:
    whole = _session_setup()
    lines = [whole, "no hex", whole[:10], whole]
    said = pnc(env, desk, "exi", "decode", "--set", "iso2", stdin="\n".join(lines) + "\n")
    answers = [json.loads(line) for line in said.out.splitlines()]
    assert ["error" in answer for answer in answers] == [False, True, True, False]
    assert said.code == 1, "an error among the lines shows in the exit code"


def _session_setup() -> str:
    from pncsim.wire.v2g import iso2
    from pncsim.wire.v2g.registry import codec

    body = iso2.SessionSetupReq(EVCCID=bytes(6))
    message = iso2.V2G_Message(Header=iso2.MessageHeaderType(SessionID=bytes(8)), Body=iso2.BodyType(BodyElement=body))
    return codec("iso2").encode(message).hex()


def test_nobody_comes_to_a_lone_station(env: dict[str, str], desk: Path) -> None:
    said = pnc(env, desk, "secc", "--wait", "0.3", "--sdp-port", free_port())
    assert said.code == 1
    assert said.out.splitlines()[-1] == "FAIL secc: no vehicle came within 0.3 s"
    assert "No PKI folder is given (--pki DIR): no vehicle can trust" in said.out
    assert "[::1]:" in said.out or " 127.0.0.1:" in said.out, "a lone station without --interface stays on loopback"
