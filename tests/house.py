"""The house as Python reads it: each module is parsed once in a process, and not before a test asks."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOMS = ("wire", "tls_certs", "ev", "secc", "backend", "simulator", "scenarios")
CODE = tuple(path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py")))
AROUND = tuple(path for folder in ("tests", "bench") for path in sorted((ROOT / folder).rglob("*.py")))
"""What holds the house against its rules, and has to keep some of them."""


@cache
def tree(path: Path) -> ast.Module:
    """A module as it is parsed."""
    return ast.parse(path.read_bytes())


@cache
def nodes(top: ast.AST) -> tuple[ast.AST, ...]:
    """Everything below and with a node, as :func:`ast.walk` finds it."""
    return tuple(ast.walk(top))


@cache
def trees() -> dict[str, ast.Module]:
    """Every module of the house by its place: ``wire/voice.py``."""
    return {str(path.relative_to(ROOT)): tree(path) for path in CODE}


def dotted(node: ast.AST) -> str:
    """``a.b`` of a name or an attribute, its last two parts at most: nothing for what ends in no name."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=ast.Name(id=owner) | ast.Attribute(attr=owner), attr=name):
            return f"{owner}.{name}"
        case ast.Attribute(attr=name):
            return name
    return ""
