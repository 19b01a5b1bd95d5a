"""Habits of the whole house: one way to report, nothing recognised by its English, no module found by a string."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest
from house import AROUND, CODE, ROOMS, ROOT, dotted, nodes, trees

from pncsim.wire import trace

EVENTS = {name for name, kind in vars(trace).items() if isinstance(kind, type) and issubclass(kind, trace.Event)}


def made(tree: ast.AST) -> Iterator[str]:
    """The kinds of event a module makes or has made, by a name it took from the trace or as ``trace.NAME``."""
    taken = {
        alias.asname or alias.name
        for node in nodes(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "pncsim.wire.trace"
        for alias in node.names
        if alias.name in EVENTS
    }

    def kind(node: ast.AST) -> bool:
        match node:
            case ast.Name(id=name):
                return name in taken
            case ast.Attribute(value=ast.Name(id="trace"), attr=name):
                return name in EVENTS
        return False

    for node in nodes(tree):
        if isinstance(node, ast.Call) and dotted(node.func) not in ("isinstance", "issubclass"):
            yield from (ast.unparse(part) for part in (node.func, *node.args) if kind(part))


def test_only_a_voice_makes_events() -> None:
    found = {path: sorted(set(made(tree))) for path, tree in trees().items()}
    assert {path for path, kinds in found.items() if kinds} == {"wire/voice.py"}


def compared(tree: ast.AST) -> Iterator[str]:
    """What a module compares, searches or cuts of the sentences of errors, events and checks."""
    said = {"sentence", "advice", "expected", "what"}
    for node in nodes(tree):
        match node:
            case ast.Compare():
                parts = [node.left, *node.comparators]
            case ast.Call(func=ast.Attribute(value=value, attr="startswith" | "endswith" | "find" | "index" | "count")):
                parts = [value]
            case _:
                continue
        for part in parts:
            match part:
                case ast.Attribute(attr=name) if name in said:
                    yield ast.unparse(node)
                case ast.Attribute(value=ast.Name(id="event" | "problem" | "error"), attr="text" | "reason"):
                    yield ast.unparse(node)
                case ast.Call(func=ast.Name(id="str"), args=[ast.Name(id="error")]):
                    yield ast.unparse(node)


@pytest.mark.parametrize("room", ROOMS)
def test_nothing_is_recognised_by_what_it_says_to_people(room: str) -> None:
    """Kinds, codes and states are for that; a sentence may change."""
    assert [f"{p}: {x}" for p, tree in trees().items() if p.startswith(f"{room}/") for x in compared(tree)] == []


def test_a_sentence_that_is_searched_would_be_seen() -> None:
    code = "' is answered: ' in check.expected; event.text.startswith('The'); 'revoked' in str(error); a == b.text"
    assert len(list(compared(ast.parse(code)))) == 3


FINDS_MODULES = {
    "simulator/commands/main.py",  # the one command that was typed, so that the others cost nothing
    "simulator/runs/discovery.py",  # other people's scenarios
    "wire/ocpp/versions.py",  # where the package ``ocpp`` keeps its schemas, without importing it
}


def test_no_module_is_found_by_its_name_in_a_string() -> None:
    ways = {"import_module", "find_spec", "__import__", "spec_from_file_location"}
    found = {
        path
        for path, tree in trees().items()
        for node in nodes(tree)
        if (isinstance(node, ast.Name) and node.id in ways) or (isinstance(node, ast.Attribute) and node.attr in ways)
    }
    assert found == FINDS_MODULES


MOST_LINES = 500
GENERATED = {"wire/ocpp/types/v201.py"}


def test_a_file_holds_one_idea_and_no_more_than_500_lines() -> None:
    long = {str(path.relative_to(ROOT)) for path in CODE + AROUND if path.read_bytes().count(b"\n") > MOST_LINES}
    assert long == GENERATED, "split it by what it is about"
