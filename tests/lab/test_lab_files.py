"""Lab files: what they may say, and what is said of a wrong one."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import jsonschema_rs
import pytest
from lab_files import DOCS, EXAMPLES, SECRETS, example, furnish, written

from pncsim.simulator.commands.main import main
from pncsim.simulator.labs.checks import checked, lab_at
from pncsim.simulator.labs.lab_file import schema
from pncsim.simulator.labs.taking_part import plan_of
from pncsim.simulator.plan import Plan
from pncsim.wire.errors import LocalError


@pytest.fixture
def furnished(tmp_path: Path) -> Path:
    return furnish(tmp_path)


# What a file may say


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_holds_to_the_schema_and_is_found_good(path: Path, furnished: Path) -> None:
    jsonschema_rs.validator_for(schema()).validate(tomllib.loads(path.read_text()))
    assert checked(written(furnished, path.read_text()), SECRETS)[1] == []


def test_the_schema_in_the_documentation_is_what_the_command_prints(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["schema", "lab"])
    assert left.value.code == 0
    committed = (DOCS / "lab.schema.json").read_text()
    assert capsys.readouterr().out == committed
    jsonschema_rs.meta.validate(json.loads(committed))


WRONG = {
    'titel = "x"': "the file knows no 'titel'. Did you mean title?",
    "title = 3": "title is 3; it has to be a text, in quotation marks.",
    'policies = "strict"': "policies has to be a table, below a line [policies], and is 'strict'.",
    '[policies]\nrevocation = "maybe"': "policies, revocation is 'maybe'; off, prefer, require are allowed.",
    "[policies]\nstrict = 1": "policies, strict is 1; true and false are allowed.",
    "[stations]\nevses = 1": "stations has to be a list of tables, each below a line [[stations]], and is a table.",
    "[[stations]]\nevses = 2": "[[stations]] 1 says no identity: it has to.",
    '[[stations]]\nidentity = "a/b"': "[[stations]] 1 (a/b), identity is 'a/b'; it has to be an identity such as CS001",
    '[[stations]]\nidentity = "A"\nevses = 0': "[[stations]] 1 (A), evses is 0; a whole number from 1 to 99 is",
    '[[stations]]\nidentity = "A"\nevses = true': "evses is true; a whole number from 1 to 99 is allowed.",
    '[[stations]]\nidentity = "A"\nac = {voltage = -1}': "[[stations]] 1 (A), ac, voltage is -1; a number from 0 on",
    '[[stations]]\nidentity = "A"\nac = {volts = 1}': "[[stations]] 1 (A), ac knows no 'volts'. Did you mean voltage?",
    "[[vehicles]]\nevccid = 3": "evccid is 3; it has to be 12 hexadecimal digits such as 021518020001, in quotation",
    "[[vehicles]]\nloop_interval = 41": "[[vehicles]] 1, loop_interval is 41; a number above 0 to 40 is allowed.",
    "[[vehicles]]\npatience = 0.5": "[[vehicles]] 1, patience is 0.5; a number from 1 on is allowed.",
    '[[csms]]\nurl = "http://u:hidden@x"': "[[csms]] 1, url is 'http://***@x'; it has to be an address that begins",
    '[[operators]]\nprovider = "de1"': "[[operators]] 1 (de1), provider is 'de1'; it has to be country and provider id",
    '[[manufacturers]]\nwmi = "OQI"': "wmi is 'OQI'; it has to be three letters or digits such as WBA",
    '[[provisioning]]\nname = "P"\npkis = []': "[[provisioning]] 1 (P), pkis is a list; a list is allowed, such as",
    '[[roots]]\nkind = "v2g"': "[[roots]] 1 says no file: it has to.",
    "pool = {}": "pool says no url: it has to.",
}
"""A file, and what is said of it; the schema refuses it, too."""


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_value_is_named_with_its_place_and_what_is_allowed(text: str, tmp_path: Path) -> None:
    assert not jsonschema_rs.validator_for(schema()).is_valid(tomllib.loads(text))
    path = written(tmp_path, text)
    found, mistakes = checked(path, {})
    assert found is None and len(mistakes) == 1
    assert mistakes[0].startswith(f"{path}: ") and WRONG[text] in mistakes[0]
    assert "hidden" not in mistakes[0]


CONTRADICTORY = {
    "[[pkis]]\n[[pkis]]": "[[pkis]] has 2 of the name '': each has to have one of its own.",
    '[[vehicles]]\nname = "A"\n[[vehicles]]\nname = "A"': "[[vehicles]] has 2 of the name 'A'.",
    '[[operators]]\nprovider = "DEABC"\npki = "B"': "[[operators]] names the pki 'B'; in [[pkis]] there is none.",
    '[[stations]]\nidentity = "A"\ncsms = "x"\n[[csms]]\nname = "y"': "names the csms 'x'; in [[csms]] there are y.",
    '[[vehicles]]\noperator = "DEABC"': "[[vehicles]] names the operator 'DEABC'; in [[operators]] there is none.",
    '[[stations]]\nidentity = "A"\nforeign = true\nevses = 2': "nobody here decides on its evses: leave that out.",
    "[[vehicles]]\nforeign = true\npatience = 2.0": "nobody here decides on its patience: leave that out.",
    "[[vehicles]]\nwait = 3.0": "is built in and comes without an address",
    '[[vehicles]]\nforeign = true\nsdp_port = 3\ninterface = "eth0"': "says interface and sdp_port",
    "[[vehicles]]\nforeign = true\nsdp_port = 3\n[[vehicles]]\nforeign = true": "come over several links",
    '[[vehicles]]\nforeign = true\n[[stations]]\nidentity = "A"\nforeign = true': "nobody here would meet them.",
    '[[stations]]\nidentity = "A"\nsdp_port = 3': "is built in and found without an address",
    '[[stations]]\nidentity = "A"\nforeign = true\nsdp_port = 3\ninterface = "eth0"': "says interface and sdp_port",
    '[[stations]]\nidentity = "A"\ncontract = false\nexternal = false': "The EVSE offers no payment option.",
    '[[csms]]\nurl = "wss://x/y"': "speaks TLS, and nothing says by which root it is trusted",
    '[[csms]]\nurl = "ws://x/y"\nsecurity_profile = 1': "whose url says the security profile: leave that out.",
    '[[csms]]\nurl = "ws://x/y"\npassword_env = "NOT_SET"': "the environment variable NOT_SET, which is not set",
    '[[pkis]]\nfolder = "nowhere"': "[[pkis]] (the first) cannot be used",
    '[ecosystem]\nurl = "http://x"\n[pool]\nurl = "http://x"': "PKI and pools are their own: leave out pool.",
    '[ecosystem]\nurl = "http://x"\n[policies]\nrevocation = "off"': "which decide on revocation themselves: leave",
    '[ecosystem]\nurl = "http://x"\ncredentials = "none.json"': "[ecosystem], credentials: there is no file",
    '[[vehicles]]\nprofile = "vw-id"': "[[vehicles]] 1: There is no vehicle profile 'vw-id'. Did you mean vw-id",
    '[[roots]]\nkind = "mo"\nfile = "none.pem"': "[[roots]] (none.pem) cannot be read: no such file or directory.",
    '[[roots]]\nkind = "mo"\nfile = "lab.toml"': "[[roots]] (lab.toml) cannot be used",
}
"""What each table may say, but not all of them together, or not here."""


@pytest.mark.parametrize("text", CONTRADICTORY)
def test_tables_that_do_not_go_together_are_named(text: str, tmp_path: Path) -> None:
    _, mistakes = checked(written(tmp_path, text), {})
    assert len(mistakes) == 1, mistakes
    assert CONTRADICTORY[text] in mistakes[0]


@pytest.mark.parametrize(
    ("octets", "said"),
    [(b"a = ", "is no TOML: Invalid value"), (b"\xff", "octet 1 is no UTF-8"), (b"#" * 1_000_001, "larger than")],
)
def test_what_is_no_lab_file_at_all_is_refused_with_the_reason(octets: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "lab.toml"
    path.write_bytes(octets)
    found, [mistake] = checked(path, {})
    assert found is None and said in mistake
    with pytest.raises(LocalError, match="cannot be read: no such file"):
        checked(tmp_path / "other.toml", {})


def pnc(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        main([str(word) for word in words])
    said = capsys.readouterr()
    return int(left.value.code or 0), said.out, said.err


def test_the_check_tells_everything_that_is_wrong_and_a_run_the_first_of_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, 'titel = "x"\n[policies]\nstrict = 1\n[[stations]]')
    code, out, err = pnc(capsys, "lab", "check", path)
    assert (code, out) == (1, "") and len(err.splitlines()) == 3
    code, _, err = pnc(capsys, "run", "pnc-ac", "--lab", path, "--no-evidence", "--transport", "memory")
    assert code == 3
    assert err.splitlines() == [
        f"pnc: {path}: the file knows no 'titel'. Did you mean title? 2 more: see `pnc lab check {path}`."
    ]


def test_the_check_says_who_takes_part_and_shows_no_secret(
    furnished: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PNC_CSMS_PASSWORD", SECRETS["PNC_CSMS_PASSWORD"])
    path = example(furnished, "own-csms.toml", ("wss://csms.example", "wss://CS001:hidden@csms.example"))
    code, out, err = pnc(capsys, "lab", "check", path)
    assert (code, err) == (0, "")
    assert "CSMS ours                somebody else's, at wss://***@csms.example:9443/ocpp" in out
    assert "station CS001            built in, 1 EVSE, at the CSMS ours" in out
    assert "hidden" not in out and SECRETS["PNC_CSMS_PASSWORD"] not in out


def test_the_check_says_what_car_a_vehicle_is_like(furnished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = '[[vehicles]]\nname = "EV-red"\nprofile = "vw-id3"\n[[vehicles]]\nname = "EV-blue"\n'
    code, out, _ = pnc(capsys, "lab", "check", written(furnished, text))
    told = [line.split(maxsplit=2)[2] for line in out.splitlines() if "vehicle EV-" in line]
    assert (code, told) == (0, ["built in, speaks as vw-id3", "built in"])


def test_a_folder_is_named_once(furnished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(furnished, '[[pkis]]\nfolder = "pki"')
    code, _, err = pnc(capsys, "run", "pnc-ac", "--lab", path, "--pki", furnished / "pki")
    assert code == 2 and f"--pki names a folder, and so does {path}: say it once" in err


def test_nobody_else_is_reached_in_memory(furnished: Path) -> None:
    path = example(furnished, "own-station.toml")
    with pytest.raises(LocalError, match="the station ours is somebody else's, and nobody else can be reached in mem"):
        plan_of(lab_at(path, SECRETS), Plan(), SECRETS, transport="memory")
