"""EMAID, PCID and EVSEID against published values."""

from __future__ import annotations

import pytest

from pncsim.wire.errors import LocalError
from pncsim.wire.gate import Liberty, NotTolerated, Tolerance, refuse
from pncsim.wire.identifiers import (
    IdentifierError,
    check_emaid,
    check_evseid,
    check_pcid,
    emaid_check_character,
    emaid_provider,
    judge_check_character,
    normal_emaid,
    same_emaid,
    same_pcid,
    with_check_character,
)

# The first eleven are published by several independent test suites, the twelfth is the eMI3 example, the rest computed.
CHECK_CHARACTERS = {
    "NN123ABCDEFGHI": "T",
    "FRXYZ123456789": "2",
    "ITA1B2C3E4F5G6": "4",
    "ESZU8WOX834H1D": "R",
    "PT73902837ABCZ": "Z",
    "DE83DUIEN83QGZ": "D",
    "DE83DUIEN83ZGQ": "M",
    "DE8AA001234567": "0",
    "NLTNM000122045": "U",
    "NLTNM000722345": "X",
    "NLTNMC00122045": "K",
    "DE8AACA2B3C4D5": "L",
    "EMP77TWTW99999": "0",
    "EMP99CQAPAB004": "P",
    "DEHUBCTESTOPEN": "F",
    "DEABCC12345678": "8",
    "DEABCE12345678": "2",
}


@pytest.mark.parametrize(("first14", "expected"), CHECK_CHARACTERS.items())
def test_check_character_equals_published_value(first14: str, expected: str) -> None:
    assert emaid_check_character(first14) == expected
    assert with_check_character(first14) == first14 + expected
    assert check_emaid(first14 + expected) == first14 + expected
    judge_check_character(first14 + expected, refuse)


def test_a_swap_of_neighbours_changes_the_check_character() -> None:
    assert emaid_check_character("DE83DUIEN83QGZ") != emaid_check_character("DE83DUIEN83QZG")


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("EMP99CQATest001", "EMP99CQATEST001"),
        ("DE-8AA-CA2B3C4D5-L", "DE8AACA2B3C4D5L"),
        ("de-8aa-ca2b3c4d5", "DE8AACA2B3C4D5"),
        ("DE8AA-CA2B3C4D5L", "DE8AACA2B3C4D5L"),
    ],
)
def test_emaid_normal_form(text: str, normal: str) -> None:
    assert check_emaid(text) == normal == normal_emaid(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "DE8AACA2B3C4D",
        "DE8AACA2B3C4D5LL",
        "D18AACA2B3C4D5",
        "DE_AACA2B3C4D5",
        "DE8ÄACA2B3C4D5",
        "DE٣AACA2B3C4D5",
        "DE*8AA*CA2B3C4D5",
        "DE8AACA2B3C4D5L\n",
        "DE--8AACA2B3C4D5",
    ],
)
def test_not_an_emaid(text: str) -> None:
    with pytest.raises(IdentifierError, match="not an EMAID"):
        check_emaid(text)


def test_a_wrong_check_character_is_for_the_gate_to_judge() -> None:
    liberties: list[Liberty] = []
    judge_check_character(check_emaid("emp99cqatest001"), liberties.append)
    assert [liberty.tolerance for liberty in liberties] == [Tolerance.EMAID_CHECK]
    with pytest.raises(NotTolerated, match="Z is right") as caught:
        judge_check_character("EMP99CQATEST001", refuse)
    assert caught.value.liberty == liberties[0]


def test_an_emaid_without_check_character_takes_no_liberty() -> None:
    liberties: list[Liberty] = []
    judge_check_character("EMP99CQATEST00", liberties.append)
    assert liberties == []


def test_same_emaid_ignores_hyphens_and_case_but_not_the_check_character() -> None:
    assert same_emaid("de-8aa-ca2b3c4d5-l", "DE8AACA2B3C4D5L")
    assert not same_emaid("DE8AACA2B3C4D5", "DE8AACA2B3C4D5L")
    assert emaid_provider("de-8aa-ca2b3c4d5-l") == "DE8AA"


def test_check_character_of_something_else_is_refused() -> None:
    with pytest.raises(IdentifierError, match="first 14"):
        emaid_check_character("DE8AACA2B3C4D5L")


@pytest.mark.parametrize("text", ["huboemprovcqa0615", "HUBOpenProvCert001", "WMI123456712345678"])
def test_pcid(text: str) -> None:
    assert check_pcid(text) == text
    assert same_pcid(text, text.upper())


@pytest.mark.parametrize(
    "text", ["", "WMI1234567890123", "WMI1234567890123456", "WMI12345671234567_", "WMI-2345671234567"]
)
def test_not_a_pcid(text: str) -> None:
    with pytest.raises(IdentifierError, match="not a PCID"):
        check_pcid(text)


@pytest.mark.parametrize("text", ["DE*ICE*E45B*78C", "DEICEE45B78C", "UK123E1234", "de*abc*E1", "DE*PNC*E" + "1" * 29])
def test_evseid(text: str) -> None:
    assert check_evseid(text) == text


@pytest.mark.parametrize(
    "text", ["", "DE*ICE*S123", "DE*ICE*e123", "+49*810*000*438", "DEICEE", "DE*PNC*E*1", "DEPNCE" + "1" * 32]
)
def test_not_an_evseid(text: str) -> None:
    with pytest.raises(IdentifierError, match="not an EVSEID"):
        check_evseid(text)


def test_errors_are_ours_and_short() -> None:
    with pytest.raises(LocalError) as caught:
        check_pcid("X" * 100_000)
    assert len(caught.value.sentence) < 200
    assert isinstance(caught.value, ValueError)
