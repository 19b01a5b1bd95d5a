"""No circles among modules, and no name with two meanings."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from house import CODE, ROOT, tree


def _name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(("pncsim", *(parts[:-1] if parts[-1] == "__init__" else parts)))


@cache
def modules() -> dict[str, ast.Module]:
    """Every module of the house by its full name."""
    return {_name(path): tree(path) for path in CODE}


# ---- circles -----------------------------------------------------------------------------------------------------


def statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """What runs, or is read by the type checker, when a module is imported: what functions do later is not in it."""
    for node in body:
        yield node
        match node:
            case ast.If() | ast.Try():
                yield from statements([*node.body, *node.orelse])
            case ast.With() | ast.ClassDef():
                yield from statements(node.body)


def imported(module: ast.Module) -> set[str]:
    """The modules of the house a module imports, those under TYPE_CHECKING included: who knows whom is the question."""
    found: set[str] = set()
    for node in statements(module.body):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            names = {alias.name: f"{node.module}.{alias.name}" for alias in node.names}
            found |= {full if full in modules() else node.module for full in names.values()}
    return found & modules().keys()


def circles() -> list[list[str]]:
    """The groups of modules that know each other, directly or through others."""
    knows = {name: imported(module) - {name} for name, module in modules().items()}
    reach: dict[str, set[str]] = {}
    for start in knows:
        reached: set[str] = set()
        waiting = [start]
        while waiting:
            new = knows[waiting.pop()] - reached
            reached |= new
            waiting += new
        reach[start] = reached
    groups = {
        frozenset(other for other in reach[name] if name in reach[other]) for name in reach if name in reach[name]
    }
    return sorted(sorted(group) for group in groups)


def test_no_modules_know_each_other_in_a_circle() -> None:
    """An import inside a function, which defers what is heavy, is let pass."""
    assert circles() == []


# ---- names -------------------------------------------------------------------------------------------------------

OTHERS = ("pncsim.wire.v2g.iso2", "pncsim.wire.v2g.appprotocol", "pncsim.wire.v2g.xmldsig", "pncsim.wire.ocpp.types")
"""Modules whose names are those of a standard's schema: two standards may call different things alike."""

SAME = {
    "ContractPool": "what the CSMS wants of a pool (a Protocol), and the pool that is one",
    "MobilityOperator": "what the CSMS wants of an operator (a Protocol), and the operator that is one",
}
"""Names in two modules that mean one thing."""


def public_names(module: ast.Module) -> set[str]:
    """The classes and type aliases of a module, without what is private to it and without type variables."""
    found = set()
    for node in module.body:
        match node:
            case ast.ClassDef(name=name):
                found.add(name)
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if not name.isupper():
                found |= {name} if not ast.unparse(value).startswith("TypeVar(") else set()
    return {name for name in found if name[0].isupper()}


def test_a_name_of_a_class_or_type_means_one_thing_in_the_whole_house() -> None:
    where: defaultdict[str, set[str]] = defaultdict(set)
    for place, module in modules().items():
        if not place.startswith(OTHERS):
            for name in public_names(module):
                where[name].add(place)
    assert {name: places for name, places in where.items() if len(places) > 1 and name not in SAME} == {}
    assert {name for name in SAME if len(where[name]) == 2} == set(SAME), (
        "a name that has become unique leaves the list"
    )
