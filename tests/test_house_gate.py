"""One gate: no room lets anything pass by itself, and who has something judged says through which gate."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache

import pytest
from house import dotted, nodes, trees

from pncsim.wire.errors import KINDS
from pncsim.wire.gate import STRICT, Tolerance

NOTHING_FOREIGN = {
    ("backend/pki/ocsp_client.py", "known_status", "cert_id_from_hash_data"),  # odd names are asked about in earnest
    ("simulator/commands/certs.py", "_certs_verify", "verify"),  # the command of that name
    ("simulator/commands/exi.py", "_read_as", "decode"),  # whether octets are nothing but a message of another set
    ("simulator/commands/exi.py", "_read_as", "decode_fragment"),
    ("simulator/faults/services.py", "provide", "decode"),  # what our own pool has just written
}
"""Calls that rightly tolerate nothing: (module, function, what it calls)."""


COMMON_NAMES = {"decode": r"codecs?\b|coder\b", "verify": r"(signature\.)?verify$"}
"""Judges that share their name with functions of other things, and how they are called."""


def functions(tree: ast.AST) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Every function by the name it is called by: a class stands for its ``__init__``."""
    for node in nodes(tree):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                made = isinstance(node, ast.ClassDef) and child.name == "__init__"
                yield (node.name if made and isinstance(node, ast.ClassDef) else child.name), child


def optional_gates(tree: ast.AST) -> Iterator[str]:
    """Functions that tolerate nothing unless they are given a gate."""
    for name, function in functions(tree):
        for argument, default in zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True):
            if argument.arg == "gate" and default is not None:
                yield name


def calls_without(tree: ast.AST, judges: set[str]) -> Iterator[tuple[str, str]]:
    """(function, judge) for each call of one of ``judges`` that names no gate."""
    for where, function in functions(tree):
        for node in nodes(function):
            if not isinstance(node, ast.Call) or any(keyword.arg == "gate" for keyword in node.keywords):
                continue
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in judges and re.match(COMMON_NAMES.get(called, ""), ast.unparse(node.func)):
                yield where, called


@cache
def judges() -> set[str]:
    """Whoever can be given a gate."""
    return {name for tree in trees().values() for name in optional_gates(tree)}


def test_whoever_has_something_foreign_judged_says_through_which_gate() -> None:
    assert {"validate_chain", "verify_response", "StationJudge", "check_contract", "decode"} <= judges()
    found = {(path, *call) for path, tree in trees().items() for call in calls_without(tree, judges())}
    assert found == NOTHING_FOREIGN


def test_only_the_gate_of_a_voice_tells_what_was_tolerated() -> None:
    """There is no second way to let something pass and say so."""
    tells = {
        (path, name)
        for path, tree in trees().items()
        for name, function in functions(tree)
        if any(dotted(node) == "trace.Tolerated" for node in nodes(function))
    }
    assert tells == {("wire/voice.py", "tolerate")}


ASK = {
    "wire/voice.py",  # the gate
    "wire/session/responder.py",  # what may come next, by the sequence table
}


def asks_what_is_refused(tree: ast.AST) -> bool:
    """Whether a module decides by itself on what a side refuses, or on whether it is strict."""
    for node in nodes(tree):
        match node:
            case (
                ast.Compare(comparators=[ast.Attribute(attr="refuses")])
                | ast.Compare(left=ast.Attribute(attr="refuses"))
            ):
                return True
            case ast.If(test=test) | ast.IfExp(test=test) if any(
                isinstance(part, ast.Attribute | ast.Name)
                and ast.unparse(part).rpartition(".")[2].strip("_") == "strict"
                for part in nodes(test)
            ):
                return True
    return False


STRICT_BY_CHOICE = {
    "simulator/alone/sides.py",  # --strict becomes STRICT here
    "simulator/labs/taking_part.py",  # and `strict = true` of a lab file
    "simulator/commands/certs.py",  # and in `certs verify --strict`
}


def test_nobody_else_asks_whether_a_side_is_strict() -> None:
    assert {path for path, tree in trees().items() if asks_what_is_refused(tree)} == ASK | STRICT_BY_CHOICE


def test_liberties_are_kept_as_such_and_never_as_sentences() -> None:
    words = ("tolerated", "liberties", "notes", "deviations", "remarks")
    found = [
        f"{path}: {ast.unparse(node)}"
        for path, tree in trees().items()
        for node in nodes(tree)
        if isinstance(node, ast.AnnAssign | ast.arg)
        and node.annotation is not None
        and "str" in ast.unparse(node.annotation)
        and (node.arg if isinstance(node, ast.arg) else ast.unparse(node.target)).strip("_") in words
    ]
    assert found == []


@cache
def met() -> set[str]:
    """The rows that somebody asks the gate about."""
    return {
        node.attr
        for path, tree in trees().items()
        if path != "wire/gate.py"
        for node in nodes(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Tolerance"
    }


@pytest.mark.parametrize("row", Tolerance)
def test_every_row_is_met_somewhere_and_has_its_refusal(row: Tolerance) -> None:
    assert row.name in met()
    assert row.kind in KINDS
    assert row.value == row.name.lower().replace("_", "-") and row.meaning and not row.meaning.endswith(".")
    assert row in STRICT or row is Tolerance.LATE_RESPONSE


def test_a_tolerance_outside_the_gate_would_be_seen() -> None:
    code = """
def judge(chain):
    notes: list[str] = []
    if config.strict:
        raise error
    validate_chain(chain, anchors)
    codec("iso2").decode(octets)
    text.decode("ascii")
"""
    tree = ast.parse(code)
    assert list(calls_without(tree, judges())) == [("judge", "validate_chain"), ("judge", "decode")]
    assert asks_what_is_refused(tree)
