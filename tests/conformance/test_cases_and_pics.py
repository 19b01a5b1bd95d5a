"""What a case comes to, what a device declares, and how it is told while a suite runs."""

from __future__ import annotations

from contextlib import nullcontext
from io import StringIO
from pathlib import Path

import pytest
from test_conformance import DECLARATIONS, case, suite, verdict

from pncsim.simulator.conformance.case import CaseVerdict, Condition, Mutant
from pncsim.simulator.conformance.killing import TrialWork, trials
from pncsim.simulator.conformance.pics import Pics, read_pics, template
from pncsim.simulator.conformance.record import Tried
from pncsim.simulator.conformance.running import tried
from pncsim.simulator.conformance.suite import Bench
from pncsim.simulator.conformance.told import SuiteTally
from pncsim.wire.errors import LocalError
from pncsim.wire.values import replace


@pytest.mark.parametrize(
    ("kills", "says", "verdict", "why"),
    [
        (("a",), "fail", CaseVerdict.PASS, "it is fail"),
        (("a",), "pass", CaseVerdict.FAIL, "survives with pass"),
        (("a",), "inconclusive", CaseVerdict.FAIL, "survives with inconclusive"),
        ((), "pass", CaseVerdict.PASS, "it is pass"),
        ((), "inconclusive", CaseVerdict.PASS, "it is inconclusive"),
        ((), "fail", CaseVerdict.FAIL, "not listed for this case, which comes to fail"),
        ((), "nowhere", CaseVerdict.PASS, "There is no such device."),
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
    file.write_text('[device]\nPassword = "true"\nSends = "Reset"\n')
    with pytest.raises(LocalError, match="Nobody asks for 'Password', 'Sends': --pics-template prints what is asked"):
        read_pics(file, DECLARATIONS, [])
    with pytest.raises(LocalError, match="cannot be read: no such file"):
        read_pics(tmp_path / "none.toml", DECLARATIONS, [])
    file.write_text("[device")
    with pytest.raises(LocalError, match="is no TOML"):
        read_pics(file, DECLARATIONS, [])


def test_the_template_is_a_pics_file_that_says_what_a_device_of_ours_does(tmp_path: Path) -> None:
    file = tmp_path / "pics.toml"
    file.write_text(template("words", DECLARATIONS))
    assert read_pics(file, DECLARATIONS, []).device == suite().usual.device


def test_the_bar_names_the_case_that_goes_on_where_one_follows_the_other() -> None:
    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    out = Terminal()
    tally = SuiteTally("words", 2, -1, out, ahead=["w1", "w2"])
    tally.begin()
    tally(Tried(id="w1", verdict=CaseVerdict.PASS))
    drawn = out.getvalue().split("\r")
    assert "0/2  w1" in drawn[1] and "1/2  w2" in drawn[-1]
