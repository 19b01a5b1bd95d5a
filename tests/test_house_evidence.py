"""Scenarios judge by what was said and kept, and not by that something, whatever it was, went wrong."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

SCENARIOS = sorted((Path(__file__).parents[1] / "scenarios").glob("[a-z]*.py"))
ABSENT = ("ok", "loops", "installed", "tls")
"""What an outcome lacks for any reason there is."""


@pytest.mark.parametrize("file", SCENARIOS, ids=lambda file: file.stem)
def test_no_check_holds_for_whatever_went_wrong(file: Path) -> None:
    assert not list(vague(file.read_text()))


@pytest.mark.parametrize("file", SCENARIOS, ids=lambda file: file.stem)
def test_what_a_vehicle_was_answered_is_read_from_the_wire_and_not_from_the_vehicle(file: Path) -> None:
    assert ".response_codes" not in file.read_text()


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ("ev.shows('a', 'b', 'c', not outcome.ok, 1)", ["a"]),
        ("nothing = outcome.installed is None\nev.shows('a', 'b', 'c', nothing, 1)", ["a"]),
        ("ev.shows('a', 'b', 'c', not outcome.ok and not outcome.loops, 1)", ["a"]),
        ("ev.shows('a', 'b', 'c', not outcome.ok and kind == 'expired', 1)", []),
        ("ev.shows('a', 'b', 'c', outcome.ok, 1)", []),
    ],
)
def test_such_a_check_is_found(lines: str, found: list[str]) -> None:
    assert list(vague(lines)) == found


def vague(source: str) -> Iterator[str]:
    """The ids of the checks that only say that something did not come to be."""
    tree = ast.parse(source)
    said = {
        target.id: node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(attr="shows"), args=[id, _, _, ok, *_]) if _lacks(ok, said):
                yield ast.unparse(id).strip("'")


def _lacks(node: ast.expr, said: Mapping[str, ast.expr]) -> bool:
    match node:
        case ast.BoolOp(values=values):
            return all(_lacks(one, said) for one in values)
        case ast.Name(id=id) if id in said:
            return _lacks(said[id], {name: value for name, value in said.items() if name != id})
        case ast.UnaryOp(op=ast.Not(), operand=ast.Attribute(attr=attr)):
            return attr in ABSENT
        case ast.Compare(left=ast.Attribute(attr=attr), ops=[ast.Is()], comparators=[ast.Constant(value=None)]):
            return attr in ABSENT
        case ast.Compare(left=ast.Attribute(attr=attr), ops=[ast.Eq()], comparators=[ast.Constant(value=0)]):
            return attr in ABSENT
    return False
