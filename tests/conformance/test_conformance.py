"""What every suite is run by: conditions, verdicts, attempts, records, and the command around them."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from pncsim.simulator.commands.main import main
from pncsim.simulator.conformance import suites
from pncsim.simulator.conformance.case import Case, CaseVerdict, Condition, Finding, Mutant
from pncsim.simulator.conformance.killing import TrialWork, trials
from pncsim.simulator.conformance.pics import Declaration, Pics, read_pics, template
from pncsim.simulator.conformance.record import exit_code, read_record
from pncsim.simulator.conformance.running import tried
from pncsim.simulator.conformance.suite import Bench, Suite
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


def suite(*cases: Case) -> Suite:
    def transport(bench: Bench) -> Transport:
        return "memory"

    return Suite(
        name="words",
        title="Words",
        cases=cases,
        declarations=DECLARATIONS,
        drive=drive,
        transport=transport,
        own="our own word",
        targets="a word",
    )


def verdict(one: Case, pics: Pics | None = None, retries: int = 0) -> tuple[CaseVerdict, str]:
    made = suite(one)
    found = tried(made, one, Bench(pics=pics or made.usual), retries)
    return found.verdict, found.why


@pytest.mark.parametrize(
    ("kills", "says", "verdict", "why"),
    [
        (("a",), "fail", CaseVerdict.PASS, "it is fail"),
        (("a",), "pass", CaseVerdict.FAIL, "survives with pass"),
        (("a",), "inconclusive", CaseVerdict.FAIL, "survives with inconclusive"),
        ((), "pass", CaseVerdict.PASS, "it is pass"),
        ((), "inconclusive", CaseVerdict.PASS, "it is inconclusive"),
        ((), "fail", CaseVerdict.FAIL, "not listed for this case, which comes to fail"),
        ((), "defect", CaseVerdict.FAIL, "not listed for this case, which comes to error"),
    ],
)
def test_a_wrong_device_fails_the_cases_it_is_listed_for_and_no_other(
    kills: tuple[str, ...], says: str, verdict: CaseVerdict, why: str
) -> None:
    mutant = Mutant(name="wrong", title="it is wrong", kills=kills, made=nullcontext)
    made = replace(suite(case("a", says)), mutants={"wrong": mutant})
    (trial,) = trials(made, made.cases, made.usual, every=True)
    found = TrialWork(made).run(trial)
    assert found.verdict is verdict and why in found.why
    assert len(list(trials(made, made.cases, made.usual))) == len(kills)


# ---- what a case comes to ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("says", "comes_to"),
    [
        ("pass", CaseVerdict.PASS),
        ("fail", CaseVerdict.FAIL),
        ("inconclusive", CaseVerdict.INCONCLUSIVE),
        ("nowhere", CaseVerdict.ERROR),
        ("gone", CaseVerdict.INCONCLUSIVE),
        ("defect", CaseVerdict.ERROR),
        ("unreached", CaseVerdict.ERROR),
    ],
)
def test_what_cannot_be_done_here_is_an_error_and_a_device_that_goes_away_is_inconclusive(
    says: str, comes_to: CaseVerdict
) -> None:
    assert verdict(case("one", says))[0] is comes_to


def test_a_case_that_passes_at_a_later_attempt_is_flaky_and_says_what_was_first() -> None:
    assert verdict(case("one", "fail", "inconclusive", "pass"), retries=2) == (
        CaseVerdict.FLAKY,
        "It passed at attempt 3; at first: it is fail",
    )
    assert verdict(case("one", "fail", "inconclusive", "pass"), retries=1)[0] is CaseVerdict.INCONCLUSIVE


def test_a_device_that_does_not_answer_is_not_tried_again() -> None:
    one = case("one", "unreached", "pass")
    assert tried(suite(one), one, Bench(), 5).attempts == 1


def test_what_was_found_of_a_device_that_is_gone_at_the_next_attempt_stands() -> None:
    one = case("one", "fail", "unreached")
    found = tried(suite(one), one, Bench(), 5)
    assert (found.verdict, found.attempts, found.unreached) == (CaseVerdict.FAIL, 2, False)
    assert found.why == "it is fail At attempt 2 the device did not answer at all."


def test_a_condition_that_does_not_hold_makes_a_case_not_applicable_and_is_named() -> None:
    grey, loud = Condition("Colour", "grey"), Condition("Loud", "false", unlike=True)
    assert verdict(case("one", "pass", when=(grey,))) == (
        CaseVerdict.NOT_APPLICABLE,
        "It applies if Colour is grey; Colour is declared as red, blue.",
    )
    assert verdict(case("one", "pass", when=(loud,)))[0] is CaseVerdict.NOT_APPLICABLE
    assert verdict(case("one", "pass", when=(Condition("Colour", "blue"),)))[0] is CaseVerdict.PASS
    assert verdict(case("one", "pass", unsuited="Nobody can."))[1] == "Nobody can."


def test_a_failure_that_is_expected_is_none_and_a_pass_in_its_place_says_so() -> None:
    pics = Pics(reasons={"one": "the box is old"})
    assert verdict(case("one", "fail"), pics) == (CaseVerdict.EXPECTED, "the box is old. it is fail")
    assert verdict(case("one", "inconclusive"), pics)[0] is CaseVerdict.INCONCLUSIVE
    passed, why = verdict(case("one", "pass"), pics)
    assert passed is CaseVerdict.PASS and why.startswith("It was expected to fail")


# ---- what a device declares --------------------------------------------------------------------------------------


def test_a_pics_file_says_what_differs_from_a_device_of_ours(tmp_path: Path) -> None:
    file = tmp_path / "pics.toml"
    file.write_text('[device]\nColour = ["grey"]\nLoud = true\n[expected]\none = "it is old"\n')
    read = read_pics(file, DECLARATIONS, ["one"])
    assert (read.device, read.reasons) == ({"Colour": ("grey",), "Loud": ("true",)}, {"one": "it is old"})


def test_every_mistake_of_a_pics_file_is_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "pics.toml"
    file.write_text('[device]\nColor = "red"\nColour = "green"\nLoud = []\n[expected]\ntwo = "x"\none = ""\n[more]\n')
    with pytest.raises(LocalError) as refused:
        read_pics(file, DECLARATIONS, ["one"])
    assert str(refused.value).removeprefix(f"{file}: ") == (
        "There is no table [more]; there are [device] and [expected]. "
        "Nobody asks for 'Color'. Did you mean Colour? "
        "Colour cannot be 'green': red, blue, grey are possible. "
        "Loud cannot be nothing: true, false are possible. "
        "There is no case 'two' to expect a failure of. Known are one. "
        "The failure of one is expected without a reason: write one as text."
    )
    with pytest.raises(LocalError, match="cannot be read: no such file"):
        read_pics(tmp_path / "none.toml", DECLARATIONS, [])
    file.write_text("[device")
    with pytest.raises(LocalError, match="is no TOML"):
        read_pics(file, DECLARATIONS, [])


def test_the_template_is_a_pics_file_that_says_what_a_device_of_ours_does(tmp_path: Path) -> None:
    file = tmp_path / "pics.toml"
    file.write_text(template("words", DECLARATIONS))
    assert read_pics(file, DECLARATIONS, []).device == suite().usual.device


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
