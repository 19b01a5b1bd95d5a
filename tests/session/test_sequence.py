"""The table type of both roles."""

from __future__ import annotations

import pytest

from pncsim.wire.gate import Tolerance
from pncsim.wire.session.sequence import CONNECTED, ENDED, Row, Sequence

ROWS = (
    Row(CONNECTED, "HelloReq", ("greeted",), "1.1"),
    Row("greeted", "HelloReq", ("greeted",), "1.2", Tolerance.EARLY_REQUEST),
    Row("greeted", "ByeReq", (ENDED,), "1.3"),
)
TABLE = Sequence(("state", "request", "answer leads to"), ROWS)


def test_a_row_is_found_by_its_state_and_event() -> None:
    assert TABLE.rows["greeted", "ByeReq"] is ROWS[2]
    assert (CONNECTED, "ByeReq") not in TABLE.rows
    assert TABLE.rows[CONNECTED, "HelloReq"].outcomes == ("greeted",)


def test_what_may_come_depends_on_the_liberties_granted() -> None:
    assert TABLE.events("greeted") == ("ByeReq",)
    assert TABLE.events("greeted", {Tolerance.EARLY_REQUEST}) == ("HelloReq", "ByeReq")
    assert TABLE.events(ENDED) == ()
    assert TABLE.states == (CONNECTED, "greeted")


def test_a_table_with_one_row_replaced_leaves_the_first_as_it_was() -> None:
    mutant = TABLE.with_row(Row("greeted", "ByeReq", (CONNECTED,), "1.3"))
    assert [row.outcomes for row in mutant] == [("greeted",), ("greeted",), (CONNECTED,)]
    assert list(TABLE) == list(ROWS)
    longer = TABLE.with_row(Row(ENDED, "HelloReq", ("greeted",), "none"))
    assert (len(longer), len(TABLE)) == (4, 3)
    shorter = TABLE.without("greeted", "HelloReq")
    assert list(shorter) == [ROWS[0], ROWS[2]]
    with pytest.raises(KeyError):
        shorter.without("greeted", "HelloReq")


def test_one_state_and_event_has_one_row() -> None:
    with pytest.raises(ValueError, match="two rows for greeted, ByeReq"):
        Sequence(TABLE.headings, (*ROWS, ROWS[2]))


def test_a_table_prints_with_a_column_for_liberties_where_it_has_some() -> None:
    assert TABLE.printed().splitlines() == [
        "| state | request | answer leads to | clause | only as liberty |",
        "|---|---|---|---|---|",
        "| connected | HelloReq | greeted | 1.1 |  |",
        f"| greeted | HelloReq | greeted | 1.2 | {Tolerance.EARLY_REQUEST.meaning} |",
        "| greeted | ByeReq | ended | 1.3 |  |",
    ]
    strict = TABLE.without("greeted", "HelloReq")
    assert strict.printed().splitlines()[0] == "| state | request | answer leads to | clause |"
    assert Sequence(("a", "b", "c"), [Row("x", "y", (), "2")]).printed().endswith("| x | y | close | 2 |")
