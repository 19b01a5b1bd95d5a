"""``pnc exi``: a filter that answers every line and survives what is piped into it."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pncsim.simulator.commands import exi as exi_cli
from pncsim.simulator.commands.exi import run_exi

SETUP = "809802000000000000000011d01aaf37bc04080c00"
SETUP_JSON = {
    "V2G_Message": {
        "Header": {"SessionID": "0000000000000000"},
        "Body": {"SessionSetupReq": {"EVCCID": "abcdef010203"}},
    }
}


def run(direction: Any, text: str, set_name: str = "iso2", fragment: bool = False) -> tuple[int, list[str]]:
    out = io.StringIO()
    code = run_exi(direction, set_name, fragment, io.StringIO(text), out)
    return code, out.getvalue().splitlines()


def test_there_and_back() -> None:
    code, lines = run("decode", f"{SETUP}\n{SETUP.upper()}\n")
    assert code == 0
    assert [json.loads(line) for line in lines] == [SETUP_JSON, SETUP_JSON]
    assert run("encode", "\n".join(lines)) == (0, [SETUP, SETUP])


def test_a_blank_line_is_an_error_so_that_lines_in_and_out_stay_in_step() -> None:
    code, lines = run("decode", f"{SETUP}\n\n{SETUP}\n")
    assert code == 1
    assert json.loads(lines[1]) == {"error": "The line is empty.", "line": 2}
    assert json.loads(lines[2]) == SETUP_JSON


def test_fragments() -> None:
    code, lines = run("decode", "80ec0202b4b21a400151114c7d3d00", fragment=True)
    assert (code, json.loads(lines[0])) == (0, {"eMAID": {"Id": "id4", "value": "DE1"}})
    assert run("encode", lines[0], fragment=True) == (0, ["80ec0202b4b21a400151114c7d3d00"])


def test_what_was_tolerated_is_said_and_ignored_on_the_way_back() -> None:
    _, lines = run("decode", SETUP + "ff")
    assert json.loads(lines[0])["tolerated"] == ["1 octets follow the end of the message."]
    assert run("encode", lines[0]) == (0, [SETUP])


@pytest.mark.parametrize("line", ["zz", "8", "2445", "80", "8098ff", "\x00", "é"])
def test_a_bad_line_is_answered_and_the_next_one_read(line: str) -> None:
    code, lines = run("decode", f"{line}\n{SETUP}\n")
    assert code == 1
    assert set(json.loads(lines[0])) >= {"error", "line"}
    assert json.loads(lines[1]) == SETUP_JSON


@pytest.mark.parametrize("line", ["{", "[]", "5", "{}", '{"V2G_Message": {}}', "[" * 100000, '{"SessionSetupReq": {}}'])
def test_bad_json_is_answered(line: str) -> None:
    code, lines = run("encode", f"{line}\n{json.dumps(SETUP_JSON)}\n")
    assert code == 1
    assert "error" in json.loads(lines[0])
    assert lines[1] == SETUP


def test_an_error_names_path_and_position() -> None:
    _, lines = run("decode", "80980ff0")
    answer = json.loads(lines[0])
    assert (answer["path"], answer["position"], answer["line"]) == ("V2G_Message/Header/SessionID", 18, 1)


def test_a_line_beyond_the_limit_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exi_cli, "LONGEST_LINE", 100)
    code, lines = run("decode", f"{'80' * 300}\n{SETUP}\n")
    assert code == 1
    assert "more than 100 characters" in json.loads(lines[0])["error"]
    assert json.loads(lines[1]) == SETUP_JSON


def test_octets_that_are_no_text() -> None:
    out = io.StringIO()
    stdin = io.TextIOWrapper(io.BytesIO(b"\xff\xfe\n" + SETUP.encode()))
    assert run_exi("decode", "iso2", False, stdin, out) == 1
    lines = out.getvalue().splitlines()
    assert "not UTF-8" in lines[0]
    assert json.loads(lines[1]) == SETUP_JSON


@pytest.mark.parametrize("name", ["din", "iso20-common", "iso20-ac", "iso20-dc", "iso20-acdp", "iso20-wpt"])
def test_reserved_sets(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("decode", "", name) == (2, [])
    assert "is reserved for later" in capsys.readouterr().err


def test_an_unknown_set(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("decode", "", "nonsense") == (2, [])
    assert "is unknown" in capsys.readouterr().err


def test_ctrl_c_is_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*limits: object) -> str:
        raise KeyboardInterrupt

    stdin = io.StringIO()
    monkeypatch.setattr(stdin, "readline", interrupted)
    assert run_exi("decode", "iso2", False, stdin, io.StringIO()) == 130


def test_a_reader_that_leaves_early_is_no_error() -> None:
    code = "from pncsim.simulator.commands.main import main; main(['exi', 'decode', '--set', 'iso2'])"
    root = str(Path(__file__).parents[2])
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=root, env=os.environ, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin and process.stdout and process.stderr
    process.stdin.write(f"{SETUP}\n")
    process.stdin.flush()
    assert json.loads(process.stdout.readline()) == SETUP_JSON  # answered before the input ended
    process.stdout.close()
    process.stdin.write(f"{SETUP}\n" * 50)
    process.stdin.close()
    assert process.wait(30) == 141
    assert process.stderr.read() == ""
    process.stderr.close()


@pytest.mark.parametrize(
    ("set_name", "line", "said"),
    [
        ("iso2", f"01fe800100000015{SETUP}", "begins with a V2GTP header: payload type 0x8001"),
        ("iso2", "80400000", "It is SupportedAppProtocolRes of the set app: --set app."),
        ("app", SETUP, "It is V2G_Message of the set iso2: --set iso2."),
        ("iso2", "80ec0202b4b21a400151114c7d3d00", "It is a fragment eMAID, with --fragment."),
        ("iso2", "gJgCAAAAAAAAAAAAEdAarzfLxAgMAA==", "It is base64; in hexadecimal it begins with 8098020000000000."),
    ],
)
def test_what_is_no_exi_of_the_set_is_named_for_what_it_is(set_name: str, line: str, said: str) -> None:
    code, lines = run("decode", line, set_name)
    assert code == 1
    assert said in json.loads(lines[0])["error"]


def test_values_beyond_the_schema_go_both_ways_where_they_are_meant() -> None:
    stream = "80980200000000000000005110511114b541390cb50cc0c0c0c0c0c0c0c4b560406000000400"
    _, lines = run("decode", stream)
    assert "a length of 18 was read" in json.loads(lines[0])["tolerated"][0]
    code, refused = run("encode", lines[0])
    assert code == 1 and "18 characters, 14 to 15 are allowed" in refused[0]
    out = io.StringIO()
    assert run_exi("encode", "iso2", False, io.StringIO(lines[0]), out, as_given=True) == 0
    assert out.getvalue() == f"{stream}\n"


def test_a_value_past_an_enumeration_is_shown_and_read_by_its_place() -> None:
    view = {"Header": {"SessionID": "00"}, "Body": {"SessionStopRes": {"ResponseCode": "#31"}}}
    code, lines = run("encode", json.dumps({"V2G_Message": view}))
    assert code == 0
    _, again = run("decode", lines[0])
    assert json.loads(again[0])["V2G_Message"] == view
