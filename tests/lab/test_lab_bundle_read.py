"""A bundle read back: summarised, told again, compared with another, and never taken for what it is not."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import pytest
from bundles import bundle

from pncsim.simulator.commands.main import main
from pncsim.simulator.evidence.bundle import Bundle
from pncsim.simulator.evidence.difference import differences
from pncsim.simulator.evidence.story import StoryTeller
from pncsim.wire.errors import LocalError


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bundle(tmp_path_factory.mktemp("good"), "pnc-ac", seed="7")


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bundle(tmp_path_factory.mktemp("bad"), "pnc-ac", seed="7", faults=("wrong-challenge",))


def pnc(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        main([str(argument) for argument in arguments])
    said = capsys.readouterr()
    assert isinstance(left.value.code, int)
    return left.value.code, said.out, said.err


@pytest.mark.parametrize("name", ["install-contract", "two-at-once"])
def test_replay_tells_the_story_that_was_told(name: str, tmp_path: Path) -> None:
    made = Bundle(bundle(tmp_path, name, seed="7"))
    out = io.StringIO()
    teller = StoryTeller(made.started, level=2, out=out, width=None, units=made.units, colour=False)
    for event in made.told():
        teller(event)
    teller.summary(made.result(), timed=False)
    assert out.getvalue() == (made.folder / "story.txt").read_text()


def test_replay_ends_with_the_verdict_line_of_the_run(bad: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = pnc(capsys, "replay", bad)
    assert code == 0, "it tells, and judges nothing"
    assert "FAIL pnc-ac (memory), disturbed by wrong-challenge" in out.splitlines()[-1]
    assert "The vehicle sent the challenge" in out and ">> AuthorizationReq" not in out
    assert ">> AuthorizationReq" in pnc(capsys, "replay", bad, "-v")[1]


def test_open_says_what_it_came_to_and_what_to_look_at(bad: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = pnc(capsys, "open", bad)
    assert code == 0
    for words in ("seed 7", "FAILED_ChallengeInvalid x 1", "look at: CS001/1, event ", "slowest of its limit: "):
        assert words in out
    assert out.splitlines()[-1].startswith("FAIL pnc-ac")
    assert pnc(capsys, "open", bad / "manifest.json")[1] == out, "its manifest may be named, too"


def test_open_finds_what_was_changed_missing_or_added(
    good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    touched = tmp_path / "touched"
    shutil.copytree(good, touched)
    with (touched / "ocpp.jsonl").open("a") as file:
        file.write("\n")
    (touched / "certs" / "secc.pem").unlink()
    (touched / "certs" / "other.pem").write_text("")
    assert Bundle(touched).changed() == [
        "certs/secc.pem is missing",
        "certs/other.pem was not there",
        "ocpp.jsonl was changed",
    ]
    shutil.copy(good / "ocpp.jsonl", touched)
    code, out, _ = pnc(capsys, "open", touched)
    assert code == 1
    assert "pnc: certs/secc.pem is missing." in out


def test_a_bundle_of_a_killed_run_is_opened_with_what_is_there(
    good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    killed = tmp_path / "20260101T000000Z-pnc-ac"
    shutil.copytree(good, killed)
    (killed / "manifest.json").unlink()
    text = (killed / "messages.jsonl").read_bytes()
    (killed / "messages.jsonl").write_bytes(text[:-40])
    code, out, _ = pnc(capsys, "open", killed)
    assert code == 0
    assert "The run was killed before it could say what it came to." in out
    assert "ERROR pnc-ac" in pnc(capsys, "replay", killed)[1]


def test_what_is_no_bundle_is_a_sentence(good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = pnc(capsys, "open", tmp_path)
    assert code == 3 and "no evidence bundle" in err and "--evidence DIR" in err
    later = tmp_path / "later"
    shutil.copytree(good, later)
    told = json.loads((later / "manifest.json").read_text())
    (later / "manifest.json").write_text(json.dumps({**told, "format": 2}))
    with pytest.raises(LocalError, match="has format 2, and this pncsim reads up to 1"):
        Bundle(later)
    (later / "manifest.json").write_text("{")
    with pytest.raises(LocalError, match="is no manifest"):
        Bundle(later)
    shutil.copy(good / "manifest.json", later)
    (later / "events.jsonl").write_text('{"seq": 1}\n')
    with pytest.raises(LocalError, match=r"Event 1 in .* is none"):
        list(Bundle(later).told())
    (later / "events.jsonl").write_text("nonsense\n")
    with pytest.raises(LocalError, match=r"Line 1 of .* is no row"):
        list(Bundle(later).told())


# Two runs


def test_diff_of_a_run_with_itself_repeated_finds_nothing(
    good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    again = bundle(tmp_path, "pnc-ac", seed="7")
    assert list(differences(Bundle(good), Bundle(again), chance=True)) == []
    assert pnc(capsys, "diff", good, again)[:2] == (0, "The runs are alike.\n")


def test_diff_leaves_aside_what_chance_chose_unless_it_is_asked_for(good: Path, tmp_path: Path) -> None:
    other = Bundle(bundle(tmp_path, "pnc-ac", seed="8"))
    assert list(differences(Bundle(good), other)) == ["seed: 7 -> 8"]
    by_chance = list(differences(Bundle(good), other, chance=True))
    assert any("SessionSetupRes" in line and "SessionID" in line for line in by_chance)


def test_diff_says_where_two_runs_part_and_what_only_one_has(
    good: Path, bad: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = pnc(capsys, "diff", bad, good)
    assert code == 1
    lines = out.splitlines()
    assert "verdict: fail -> pass" in lines and "faults: wrong-challenge -> none" in lines
    [parted] = [line for line in lines if line.startswith("~ ")]
    assert parted.startswith("~ AuthorizationRes (CS001/1, events ")
    assert parted.endswith("AuthorizationRes/ResponseCode FAILED_ChallengeInvalid -> OK")
    added = [line.split(" (")[0] for line in lines if line.startswith("+ ")]
    assert added[0] == "+ ChargeParameterDiscoveryReq" and "+ OCPP Authorize" in added
    assert not [line for line in lines if line.startswith("- ")]


def test_diff_of_an_option_tells_the_values_that_follow_from_it(good: Path, tmp_path: Path) -> None:
    other = Bundle(bundle(tmp_path, "pnc-ac", seed="7", kwh=0.5))
    told = list(differences(Bundle(good), other))
    assert told[0] == "options kwh: None -> 0.5"
    assert any(line.startswith("- ChargingStatusReq") for line in told)
    assert any("ChargeParameterDiscoveryReq" in line and "EAmount" in line for line in told)
