"""Patterns of payloads: held against what comes, filled, and told."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from pncsim.simulator.conformance.pattern import ABSENT, Anything, FromCase, Such, described, filled, unlike

CASE = SimpleNamespace(transaction="T1")
PATTERN = {
    "id": Anything(7),
    "evse": {"id": 1, "connectorId": ABSENT},
    "transaction": FromCase("the transaction", lambda case: case.transaction),
    "level": Such("above 0", lambda level: level > 0, 3),
    "uses": ["V2G"],
}
FILLED = {"id": 7, "evse": {"id": 1}, "transaction": "T1", "level": 3, "uses": ["V2G"]}


def test_a_pattern_that_is_filled_is_like_itself_and_may_have_more() -> None:
    assert filled(PATTERN, CASE) == FILLED
    assert unlike(PATTERN, FILLED, CASE) == ""
    assert unlike(PATTERN, {**FILLED, "more": True, "id": 4711}, CASE) == ""


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"evse": {"id": 2}}, "evse.id is 2, not 1"),
        ({"evse": {"id": 1, "connectorId": 1}}, "evse.connectorId is there (1), and must not be"),
        ({"evse": "1"}, 'evse is "1", not {"id": 1, "connectorId": "<none>"}'),
        ({"transaction": "T2"}, 'transaction is "T2", not "T1"'),
        ({"level": 0}, "level is 0, not above 0"),
        ({"uses": []}, "uses has 0 items, not 1"),
        ({"uses": ["MO"]}, 'uses[0] is "MO", not "V2G"'),
    ],
)
def test_the_first_difference_is_told_by_its_place(changed: dict[str, Any], why: str) -> None:
    assert unlike(PATTERN, FILLED | changed, CASE) == why


def test_what_is_missing_is_told() -> None:
    assert unlike(PATTERN, {name: FILLED[name] for name in FILLED if name != "evse"}, CASE) == "evse is missing"


def test_people_read_words_for_what_is_open_and_values_for_what_is_known() -> None:
    told = described({"id": Anything(1), "transaction": PATTERN["transaction"]})
    assert told == '{"id": "<any>", "transaction": "<the transaction>"}'
    assert described(PATTERN["transaction"], CASE) == '"T1"'
