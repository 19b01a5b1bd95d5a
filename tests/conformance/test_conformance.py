"""What every suite is run by: conditions, verdicts, attempts, records, and the command around them."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import pytest
from msgspec import Struct

from pncsim.simulator.commands.conformance import fill, limit_of
from pncsim.simulator.commands.main import main
from pncsim.simulator.commands.options import Parser
from pncsim.simulator.conformance import suites
from pncsim.simulator.conformance.case import Case, CaseVerdict, Condition, Finding, Mutant
from pncsim.simulator.conformance.pics import Declaration, Pics
from pncsim.simulator.conformance.record import Head, RecordFile, exit_code, read_record, usual_place
from pncsim.simulator.conformance.running import tried
from pncsim.simulator.conformance.suite import Bench, Suite
from pncsim.simulator.parameters import AtTarget, Flag
from pncsim.simulator.settings import Transport
from pncsim.wire.errors import LocalError, PeerError
from pncsim.wire.values import replace

DECLARATIONS = (
    Declaration(name="Colour", asks="Which colours has it?", values=("red", "blue", "grey"), usual=("red", "blue")),
    Declaration(name="Loud", asks="Is it loud?", values=("true", "false"), usual=("false",)),
)


def case(id: str, *says: str, when: tuple[Condition, ...] = (), unsuited: str = "") -> Case:
    """A case that comes to what it says: one word for each attempt, the last one for all that follow."""
    words = {"title": f"{id} is so", "group": "Words", "source": "a book", "precondition": "", "stimulus": "a word"}
    return Case(id=id, expectation="an answer", when=when, how=list(says), unsuited=unsuited, **words)


async def drive(case: Case, bench: Bench) -> Finding:
    word = case.how.pop(0) if len(case.how) > 1 else case.how[0]
    match word:
        case "nowhere":
            raise LocalError("There is no such device.")
        case "gone":
            raise PeerError("It has gone.")
        case "defect":
            raise ZeroDivisionError("a defect")
        case "unreached":
            return Finding(CaseVerdict.ERROR, "Nobody answers.", unreached=True)
    return Finding(CaseVerdict(word), f"it is {word}")


class WordOptions(Struct, frozen=True, kw_only=True):
    ask: Annotated[bool, "ask a person", Flag("--ask"), AtTarget()] = False
    loud: Annotated[float, "how loud it is"] = 1.0


def suite(*cases: Case) -> Suite:
    def transport(bench: Bench) -> Transport:
        return "memory"

    def foretells(bench: Bench) -> str:
        return f"A word is waited for at {bench.target}."

    mutants = {
        name: Mutant(name=name, title=f"it is {name}", kills=("w1", "w5"), made=str) for name in ("mute", "deaf")
    }
    return Suite(
        name="words",
        title="Words",
        cases=cases,
        declarations=DECLARATIONS,
        drive=drive,
        transport=transport,
        own="our own word",
        targets="a word",
        options=WordOptions,
        mutants=mutants,
        foretells=foretells,
    )


def verdict(one: Case, pics: Pics | None = None, retries: int = 0) -> tuple[CaseVerdict, str]:
    made = suite(one)
    found = tried(made, one, Bench(pics=pics or made.usual), retries)
    return found.verdict, found.why


# ---- the command -------------------------------------------------------------------------------------------------

SAYS = {"w1": "pass", "w2": "fail", "w3": "inconclusive", "w4": "nowhere", "w5": "pass"}


@pytest.fixture
def words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """What the cases of the suite ``words`` say, to be changed; the record is in a folder of its own."""
    says = dict(SAYS)

    def load() -> Suite:
        grey = case("w6", "pass", when=(Condition("Colour", "grey"),))
        return suite(*(case(id, word) for id, word in says.items()), grey)

    monkeypatch.setitem(suites.SUITES, "words", ("hold words against a book", load))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    yield says


def conform(*words: str, suite: str = "words") -> int:
    with pytest.raises(SystemExit) as left:
        main(["conformance", suite, "--jobs", "1", *words])
    assert isinstance(left.value.code, int)
    return left.value.code


def test_the_exit_code_says_the_worst_that_is_not_known(words: dict[str, str], tmp_path: Path) -> None:
    assert conform() == 1
    assert conform("--select", "not w2") == 3
    assert conform("--select", "not (w2 or w4)") == 4
    assert conform("--select", "w1 or w5 or w6") == 0
    assert conform("--record", str(tmp_path / "old.jsonl")) == 1
    assert conform("--baseline", str(tmp_path / "old.jsonl")) == 0
    words["w1"] = "fail"
    assert conform("--baseline", str(tmp_path / "old.jsonl")) == 1
    words["w1"] = "defect"
    assert conform("--baseline", str(tmp_path / "old.jsonl")) == 70


def test_a_run_in_which_no_case_applied_is_no_pass(words: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert conform("--select", "w6") == 4
    said = capsys.readouterr().out
    assert said.startswith("INCONCLUSIVE words: 1 case against our own word: 1 not applicable (")
    assert conform("--shard", "6/6") == 0, "a part may be like that"


def test_what_was_known_to_be_bad_and_is_bad_in_another_way_is_news(words: dict[str, str], tmp_path: Path) -> None:
    old = str(tmp_path / "old.jsonl")
    conform("--record", old)
    words["w4"] = "fail"
    assert conform("--baseline", old) == 1


def test_a_run_is_resumed_where_it_was_interrupted(
    words: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = tmp_path / "record.jsonl"
    conform("--record", str(record))
    lines = record.read_text().splitlines(keepends=True)
    record.write_text("".join(lines[:3]) + lines[3][:20])
    words |= {"w1": "fail", "w2": "fail", "w3": "pass", "w4": "pass"}
    capsys.readouterr()
    assert conform("--record", str(record), "--resume", "-v") == 1
    told = capsys.readouterr().out
    assert "PASS w1: it is pass" in told and "PASS w3: it is pass" in told
    assert "2 as the record has them (" in told.splitlines()[-1]
    _, kept = read_record(record, "words")
    assert {id: one.verdict.value for id, one in kept.items()} == {
        "w1": "pass",
        "w2": "fail",
        "w3": "pass",
        "w4": "pass",
        "w5": "pass",
        "w6": "not applicable",
    }


def test_a_record_of_another_device_or_suite_is_not_taken_up(words: dict[str, str], tmp_path: Path) -> None:
    record = tmp_path / "record.jsonl"
    assert conform("--record", str(record), "--target", "eth7", "--select", "w1") == 0
    assert conform("--record", str(record), "--resume") == 3
    record.write_text('{"suite":"others","target":""}\n')
    assert conform("--record", str(record), "--resume") == 3
    assert conform("--baseline", str(tmp_path / "none")) == 3


def test_after_a_device_that_does_not_answer_no_case_is_run(
    words: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    words["w2"] = "unreached"
    assert conform() == 3
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("FAIL words: 6 cases against our own word: 1 passed, 1 could not be run, 4 not run (")


def test_a_case_that_was_not_run_is_no_pass_for_who_reads_junit(words: dict[str, str], tmp_path: Path) -> None:
    words["w2"] = "unreached"
    conform("--junit", str(tmp_path / "junit.xml"))
    [group] = ET.parse(tmp_path / "junit.xml").getroot()
    assert (group.get("tests"), group.get("errors"), group.get("skipped")) == ("6", "1", "4")
    [skipped] = {one.get("message") for one in group.iter("skipped")}
    assert skipped == "It was not run."


def test_what_failed_at_a_device_that_was_never_there_is_no_failure_of_it(words: dict[str, str]) -> None:
    words["w1"], words["w2"] = "fail", "unreached"
    assert conform("--shard", "1/3", "--select", "w1 or w2") == 1  # w1 alone
    assert conform("--select", "w1 or w2") == 3


@pytest.mark.parametrize(
    ("suite", "words", "sentence"),
    [
        ("secc", ("--target", "eth99"), "There is no network interface 'eth99'."),
        ("secc", ("--pki", "nowhere"), "There is no PKI in nowhere"),
        ("evcc", ("--target", "loopback:99999"), "There is no target 'loopback:99999': '99999' is no port"),
        ("csms", ("--target", "nonsense"), "The CSMS's address is ws(s)://"),
        ("pools", ("--target", "nowhere.json"), "The credentials in nowhere.json cannot be read"),
        ("csms", ("--target", "ws://csms.example:99999/CS1"), "The address of the CSMS cannot be read: Port out of"),
        ("csms", ("--target", "wss://csms.example/CS1"), "A CSMS at wss:// needs a root to be trusted by."),
        ("csms", ("--target", "ws://csms.example/CS1", "--password", "none"), "none cannot be read: no such file"),
        ("csms", ("--target", "ws://csms.example/CS1", "--contract", "none"), "none cannot be read: no such file"),
        ("csms", ("--target", "ws://csms.example/CS1", "--csms-command", ""), "The command that lets the CSMS send"),
        ("station", ("--target", "ws://127.0.0.1:9/CS1", "--password", "none"), "The password in none cannot be read"),
        ("station", ("--target", "ws://127.0.0.1:9/CS1", "--cp-command", " "), "The command that does what is to be"),
        ("secc", ("--target", "loopback", "--cp-command", '"'), "The command that moves the control pilot cannot be"),
        ("evcc", ("--target", "loopback", "--ev-command", '"'), "The command that starts the vehicle cannot be read"),
        ("pki", ("--target", "http://us:hushhush@pki.example"), "Who calls is not said in the address of the services"),
        ("pki", ("--target", "ftp://pki.example"), "ftp://pki.example is no address of services"),
    ],
)
def test_a_target_that_can_be_none_is_said_once_and_no_case_is_tried(
    suite: str, words: tuple[str, ...], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert conform(*words, suite=suite) == 3
    shown = capsys.readouterr()
    assert shown.err.startswith(f"pnc: {sentence}") and shown.err.count("\n") == 1 and shown.out == ""


def test_the_parts_of_a_suite_are_the_whole(words: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    found = []
    for part in ("1/4", "2/4", "3/4", "4/4"):
        assert conform("--list", "--shard", part) == 0
        found += [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert sorted(found) == [*SAYS, "w6"] and found != sorted(found)
    assert conform("--shard", "5/4") == 2


def test_the_junit_file_counts_each_case_once(words: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "junit.xml"
    conform("--junit", str(file))
    root = ET.parse(file).getroot()
    [group] = root
    counted = {name: group.get(name) for name in ("name", "tests", "failures", "errors", "skipped")}
    assert counted == {"name": "Words", "tests": "6", "failures": "1", "errors": "2", "skipped": "1"}
    kinds = {one.get("name"): [inside.tag for inside in one if inside.tag != "properties"] for one in group}
    assert kinds == {"w1": [], "w2": ["failure"], "w3": ["error"], "w4": ["error"], "w5": [], "w6": ["skipped"]}


def test_one_case_is_explained_and_a_wrong_id_is_answered_with_a_near_one(
    words: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert conform("--explain", "w6") == 0
    told = capsys.readouterr().out
    assert "w6 is so" in told and "a book" in told and "if Colour is grey" in told
    assert conform("--explain", "w7") == 3
    assert "has no case 'w7'" in capsys.readouterr().err
    assert conform("--explain", "SessionSetup_001", suite="secc") == 3
    assert "Did you mean TC_SECC_CMN_VTB_SessionSetup_001 or " in capsys.readouterr().err
    assert conform("--explain", "nothing", suite="secc") == 3
    assert capsys.readouterr().err.endswith("no case 'nothing'. `pnc conformance secc --list` names them.\n")


def test_what_excludes_each_other_is_wrong_usage(words: dict[str, str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["conformance", "words", "--target", "eth7", "--jobs", "2"])
    assert left.value.code == 2
    assert conform("--select", "nothing-of-the-kind") == 2


def test_a_place_that_cannot_be_written_is_said_before_anything_runs(
    words: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert conform("--record", str(tmp_path / "file" / "record.jsonl")) == 3
    shown = capsys.readouterr()
    assert "cannot be written" in shown.err and shown.out == ""


def test_each_line_of_a_record_is_one_case_and_the_first_says_of_what(words: dict[str, str], tmp_path: Path) -> None:
    record = tmp_path / "record.jsonl"
    conform("--record", str(record))
    first, *others = map(json.loads, record.read_text().splitlines())
    assert first == {"suite": "words", "target": ""} and len(others) == 6
    assert exit_code(read_record(record, "words")[1].values()) == 1


@pytest.mark.parametrize(
    ("words_typed", "sentence"),
    [
        (("--ask",), "--ask is about somebody's device: say by --target where that is"),
        (("--target", ""), "argument --target: it names nothing; leave it out to run a device of ours"),
        (("--target", "eth7", "--seed", "7"), "--seed is for devices of ours"),
        (("--target", "eth7", "--mutant", "mute"), "A wrong device of ours cannot stand in for that at a target."),
        (("--mutant", "mut"), "there is no wrong device 'mut'. Did you mean mute?"),
        (("--mutant", "x"), "there is no wrong device 'x'. `pnc conformance words --mutants --list` names them."),
        (
            ("--mutants", "--target", "eth7", "--junit", "x.xml", "--loud", "2"),
            "--mutants tries wrong devices of ours, of which nothing is kept: leave out --target, --junit, --loud",
        ),
        (
            ("--matrix", "--seed", "7"),
            "--matrix tries wrong devices of ours, of which nothing is kept: leave out --seed",
        ),
    ],
)
def test_what_could_mean_nothing_is_wrong_usage_and_nothing_is_run(
    words_typed: tuple[str, ...], sentence: str, words: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever has forgotten --target is not to be told that our own device passes."""
    assert conform(*words_typed) == 2
    shown = capsys.readouterr()
    assert sentence in shown.err and shown.out == ""


def test_wrong_devices_are_named_with_what_they_fail(words: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert conform("--mutants", "--list") == 0
    assert capsys.readouterr().out.splitlines()[0] == "mute  it is mute (fails w1 and 1 more)"


@pytest.mark.parametrize("option", ["--junit", "--evidence", "--record"])
def test_where_nothing_can_be_kept_no_case_is_run(
    option: str, words: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert conform(option, str(tmp_path / "file" / "below")) == 3
    shown = capsys.readouterr()
    assert shown.out == "" and "pnc: " in shown.err and str(tmp_path / "file") in shown.err


def test_what_the_baseline_knows_is_no_failure_for_who_reads_junit(words: dict[str, str], tmp_path: Path) -> None:
    old, file = str(tmp_path / "old.jsonl"), tmp_path / "junit.xml"
    conform("--record", old)
    words["w5"] = "fail"
    assert conform("--baseline", old, "--junit", str(file)) == 1
    [group] = ET.parse(file).getroot()
    assert (group.get("failures"), group.get("errors"), group.get("skipped")) == ("1", "0", "4")
    told = {one.get("name"): inside for one in group for inside in one if inside.tag != "properties"}
    assert (told["w2"].tag, told["w2"].get("message")) == ("skipped", "known (fail): it is fail")
    # GitLab shows what stands in the element, and not its attribute.
    assert told["w5"].text == "it is fail\nexpected: an answer\nsource: a book"


def test_a_resumed_run_keeps_what_it_does_not_select_and_asks_again_what_did_not_apply(
    words: dict[str, str], tmp_path: Path
) -> None:
    record, pics = str(tmp_path / "record.jsonl"), tmp_path / "pics.toml"
    conform("--record", record)
    pics.write_text('[device]\nColour = "grey"\n')
    assert conform("--record", record, "--resume", "--pics", str(pics), "--select", "w1 or w6") == 0
    _, kept = read_record(Path(record), "words")
    assert kept["w6"].verdict is CaseVerdict.PASS
    assert {id: kept[id].verdict.value for id in ("w2", "w3", "w4")} == {
        "w2": "fail",
        "w3": "inconclusive",
        "w4": "error",
    }


def test_what_a_wrong_device_came_to_is_not_taken_for_what_the_right_one_did(
    words: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = str(tmp_path / "record.jsonl")
    conform("--record", record, "--mutant", "mute")
    assert conform("--record", record, "--resume") == 3
    assert "is of the mutant mute." in capsys.readouterr().err


def test_after_cases_at_a_target_that_all_cannot_be_run_for_one_reason_no_other_is_tried(
    words: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    words |= dict.fromkeys(words, "nowhere")
    assert conform("--target", "eth7") == 3
    said = capsys.readouterr().out
    assert "3 could not be run, 3 not run" in said and "no other is tried" in said
    words |= dict.fromkeys(words, "gone")
    assert conform("--target", "eth7") == 4
    assert "5 inconclusive, 1 not run" in capsys.readouterr().out
    words |= dict.fromkeys(words, "nowhere")
    assert conform() == 3
    assert "5 could not be run" in capsys.readouterr().out


def test_whom_the_tester_waits_for_is_told_before_it_does(
    words: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    conform("--target", "eth7")
    waited, undeclared = capsys.readouterr().err.splitlines()
    assert waited == "A word is waited for at eth7." and undeclared.startswith("No PICS file is given (--pics FILE)")
    (tmp_path / "pics.toml").write_text("")
    conform("--target", "eth7", "--pics", str(tmp_path / "pics.toml"))
    assert capsys.readouterr().err == "A word is waited for at eth7.\n"
    conform("--target", "eth7", "--quiet")
    conform()
    assert capsys.readouterr().err == ""


def test_two_runs_at_once_do_not_write_one_record(
    words: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    usual = usual_place("words")
    assert usual is not None
    first = RecordFile(usual, Head(suite="words", target="eth0"))
    assert conform("--select", "w1") == 0
    assert "Another run writes the record" in capsys.readouterr().err
    assert conform("--record", str(usual)) == 3
    first.close()
    assert read_record(usual, "words")[0].target == "eth0"
    assert conform("--record", str(usual), "--select", "w1") == 0


@pytest.mark.parametrize(
    ("typed", "seconds"),
    [
        (("secc",), 600.0),
        (("secc", "--patience", "3", "--retry", "1"), 3600.0),
        (("evcc", "--wait", "1000"), 4600.0),
        (("secc", "--manual"), 7 * 86_400.0),
        (("secc", "--manual", "--limit", "5"), 5.0),
    ],
)
def test_nobody_who_is_slow_is_cut_off(typed: tuple[str, ...], seconds: float) -> None:
    parser = Parser()
    fill(parser, typed)
    assert limit_of(parser.parse_args(list(typed))) == seconds


@pytest.mark.parametrize("suite", ["secc", "evcc"])
def test_whoever_forgets_the_pki_folder_hears_that_no_device_can_trust_the_tester(suite: str, tmp_path: Path) -> None:
    made = suites.SUITES[suite][1]()
    bench = Bench(target="eth0", pics=made.usual, options=made.options())
    assert "No PKI folder is given (--pki DIR): no " in made.foretells(bench)
    assert "--pki" not in made.foretells(replace(bench, options=made.options(pki=tmp_path)))


def test_a_password_in_an_address_is_kept_nowhere(
    words: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = tmp_path / "record.jsonl"
    target = ("--target", "http://us:hushhush@pools.example", "--record", str(record), "--select", "w1")
    assert conform(*target) == conform(*target, "--resume") == 0
    assert "http://***@pools.example: 1 passed" in capsys.readouterr().out
    assert "hushhush" not in record.read_text()
