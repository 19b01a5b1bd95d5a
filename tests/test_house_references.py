"""What the house's docstrings refer to is there: who follows a reference finds it."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from house import CODE, ROOT
from msgspec import Struct

REFERENCE = re.compile(r":(?:mod|class|func|data|meth|attr|exc):`~?([\w.\s]+)`")
TOP = re.compile(r"^(?:async )?(?:def|class) (\w+)|^(\w[\w, ]*?)(?::[^=\n]+)? = |^(\w+): ", re.M)
IMPORTED = re.compile(r"^\s*(?:from [\w.]+ )?import (?:\(([\w\s,]+)\)|([\w, ]+))", re.M)
WORD = re.compile(r"\w+")
CLASS = re.compile(r"^class (\w+)(\()?[^\n]*:\n((?:[ \t]+[^\n]*\n|\n)*)", re.M)
MEMBER = re.compile(r"^    (?:async )?def (\w+)|^    (\w+)(?::| =)|self\.(\w+)", re.M)


def found(pattern: re.Pattern[str], text: str) -> set[str]:
    """The words that any group of ``pattern`` has matched."""
    groups = (group for match in pattern.finditer(text) for group in match.groups(""))
    return {word for group in groups for word in WORD.findall(group)}


def module_of(path: Path) -> str:
    """Its full name, as docstrings have it: without ``pncsim``."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def names() -> dict[str, set[str]]:
    """What each module defines or imports, by the module's full name."""
    kept = {}
    for path in CODE:
        text = path.read_text()
        kept[module_of(path)] = found(TOP, text) | found(IMPORTED, text)
    return kept


class Members(Struct):
    """What a class has; ``more``: and what its bases have."""

    names: set[str]
    more: bool


@cache
def classes() -> dict[str, Members]:
    """Every class by its name, which is the house's own."""
    kept: dict[str, Members] = {}
    for path in CODE:
        for name, base, body in CLASS.findall(path.read_text()):
            one = kept.setdefault(name, Members(set(), False))
            one.names |= found(MEMBER, body)
            one.more |= bool(base)
    return kept


def is_there(reference: str, module: str) -> bool:
    """Whether ``reference`` leads to something from ``module``: a full name, one of its own, or one beside it."""
    parts, beside = reference.removeprefix("pncsim.").split("."), module.rpartition(".")[0]
    own = parts[0] in names()[module]
    for end in range(len(parts), 0, -1):
        place = ".".join(parts[:end])
        there = place if place in names() else f"{beside}.{place}"
        if there in names() and not (own and there != place):
            return end == len(parts) or leads(parts[end:], names()[there])
    return leads(parts, names()[module])


def leads(parts: list[str], there: set[str]) -> bool:
    """Whether a name of a module, or of a class anywhere, and then a member of it are there."""
    first, *more = parts
    if first in classes() and more:
        return classes()[first].more or more[0] in classes()[first].names
    return first in there or first in classes() or (not more and any(first in one.names for one in classes().values()))


def test_what_a_docstring_refers_to_is_there() -> None:
    lost = [
        f"{path.relative_to(ROOT)}: {reference}"
        for path in CODE
        for reference in REFERENCE.findall(path.read_text())
        if not is_there("".join(reference.split()), module_of(path))
    ]
    assert lost == []


def test_what_is_not_there_would_be_seen() -> None:
    lab = module_of(ROOT / "simulator" / "lab" / "lab.py")
    assert all(is_there(one, lab) for one in ("pncsim.wire.voice.Voice", "Lab.station", "plug_in", "plugs.Plugs"))
    for gone in ("pncsim.wire.nobody", "pncsim.wire.voice.Nobody", "Lab.nobody", "Nobody", "plugs.nobody"):
        assert not is_there(gone, lab), gone
