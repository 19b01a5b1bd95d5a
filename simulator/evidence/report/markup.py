"""Pieces of the report's HTML; whatever anybody has said goes through :func:`text`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from typing import Any, NamedTuple

from pncsim.simulator.evidence.bundle import Bundle, JsonRow

_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
"""What would not be seen, or would turn the direction of what is: control characters, half characters, overrides."""


class Section(NamedTuple):
    """A part of the page that the navigation leads to."""

    id: str
    title: str
    inside: str

    @property
    def html(self) -> str:
        return f'<section id="{self.id}"><h2>{self.title}</h2>{self.inside}</section>'


def section(id: str, title: str, parts: Iterable[str]) -> Section:
    """A section of these parts; one without any is not shown."""
    return Section(id, title, "".join(parts))


def text(said: object) -> str:
    """``said`` as it may stand in HTML, in an attribute, too."""
    return escape(_CONTROLS.sub("\ufffd", str(said)))


def details(head: str, body: str, *, kind: str = "") -> str:
    """Something that is opened by a click; ``head`` and ``body`` are HTML."""
    return f'<details class="{kind}"><summary>{head}</summary>{body}</details>'


def clock(bundle: Bundle, row: JsonRow) -> str:
    """Seconds since the run began."""
    return f"{row['time'] - (bundle.started or row['time']):.3f}"


def tree(value: Any) -> str:
    """Decoded JSON as nested lists."""
    if isinstance(value, dict):
        return f"<ul>{''.join(map(_entry, value.items()))}</ul>"
    return f"<ul>{''.join(_entry((f'[{n}]', one)) for n, one in enumerate(value))}</ul>"


def _entry(item: tuple[str, Any]) -> str:
    name, value = item
    if isinstance(value, dict | list):
        if isinstance(value, list) and len(value) == 1:
            return _entry((name, value[0]))
        return f"<li><b>{text(name)}</b>{tree(value)}</li>"
    if value is True or value is False:
        value = "true" if value else "false"
    return f"<li><b>{text(name)}</b> {text(value)}</li>"


def few(rows: list[JsonRow], most: int) -> tuple[list[JsonRow], int]:
    """Rows to be shown, the first and the last of them where they are too many, and how many are left out."""
    if len(rows) <= most:
        return rows, 0
    return rows[: most * 2 // 3] + rows[-(most // 3) :], len(rows) - most * 2 // 3 - most // 3
