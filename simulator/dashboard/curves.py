"""Curves in the cells of a terminal: filled to an eighth of a cell, or as a line of dots; no screen in it.

Every value holds until the next one was told: nothing is drawn that nobody has said.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

Point = tuple[float, float | None]
"""A lab time, and the value from then on; None: none is known."""

EIGHTHS = " ▁▂▃▄▅▆▇█"
LABEL = 10
"""Cells left of the axis."""
LEAST = 3
"""Lines of a panel."""
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""Bits of the Braille patterns (U+2800): rows from above, left and right."""

Style = Literal["", "accent", "good", "notice", "quiet", "problem"]


class Drawn(Struct, frozen=True):
    """A character and how it is drawn; ``filled``: upon a cell that is full."""

    character: str = " "
    style: Style = ""
    filled: bool = False


class Steps(Struct, frozen=True):
    """A limit that is drawn as steps above a curve, by a character of its own."""

    points: Sequence[Point]
    character: str
    style: Style


class Panel(Struct, frozen=True):
    """One quantity over time. ``filled``: from zero up; else the range of its values fills the panel."""

    name: str
    unit: str
    points: Sequence[Point]
    digits: int = 0
    filled: bool = False
    style: Style = "accent"
    steps: tuple[Steps, ...] = ()


class Axis(Struct, frozen=True):
    """The columns of time: ``begins`` and ``ends`` are lab times."""

    begins: float
    ends: float
    columns: int

    def moment(self, column: float) -> float:
        """The lab time in the middle of a column."""
        return self.begins + (self.ends - self.begins) * (column + 0.5) / max(1, self.columns)

    def column(self, moment: float) -> int:
        """The column of a lab time, the nearest one of those outside."""
        span = self.ends - self.begins
        at = int((moment - self.begins) / span * self.columns) if span > 0 else 0
        return max(0, min(at, self.columns - 1))


def value_at(points: Sequence[Point], moment: float) -> float | None:
    """The value that was told last by then."""
    at = bisect_right(points, moment, key=lambda one: one[0])
    return points[at - 1][1] if at else None


def heights(lines: int, panels: int) -> list[int]:
    """Lines of each panel, the first one, which is the power, being twice as high where there is room."""
    others = max(LEAST, lines // (panels + 1))
    return [max(LEAST, lines - others * (panels - 1)), *[others] * (panels - 1)]


def drawn(panel: Panel, axis: Axis, lines: int) -> list[list[Drawn]]:
    """The panel in so many lines, labels at its left."""
    low, high = _range(panel, axis)
    cells = (_filled if panel.filled else _dotted)(panel, axis, lines, low, high)
    for steps in panel.steps:
        _step(cells, steps, axis, low, high)
    labels = _labels(panel, low, high, lines)
    return [
        [*(Drawn(letter, "quiet") for letter in f"{label:>{LABEL - 1}}"), Drawn("┤" if label else "│", "quiet"), *row]
        for label, row in zip(labels, cells, strict=True)
    ]


def _range(panel: Panel, axis: Axis) -> tuple[float, float]:
    """What the panel shows: from the lowest to the highest value, never less than a twentieth of it."""
    values = [value for value in _seen(panel.points, axis) if value is not None]
    values += [value for steps in panel.steps for value in _seen(steps.points, axis) if value is not None]
    if not values:
        return 0.0, 1.0
    low, high = (min(0.0, *values), max(0.0, *values)) if panel.filled else (min(values), max(values))
    least = max(abs(high) * 0.05, 1.0 if panel.filled else 0.1)
    if high - low < least:
        middle = (high + low) / 2
        low, high = (low, low + least) if panel.filled else (middle - least / 2, middle + least / 2)
    return low, high


def _seen(points: Sequence[Point], axis: Axis) -> list[float | None]:
    """Values that hold at some time of the axis."""
    first = max(0, bisect_right(points, axis.begins, key=lambda one: one[0]) - 1)
    last = bisect_right(points, axis.ends, key=lambda one: one[0])
    return [value for _, value in points[first:last]]


def _labels(panel: Panel, low: float, high: float, lines: int) -> list[str]:
    highest, lowest = (f"{value:.{panel.digits}f} {panel.unit}" for value in (high, low))
    return [highest, panel.name, *[""] * (lines - 3), lowest]


def _filled(panel: Panel, axis: Axis, lines: int, low: float, high: float) -> list[list[Drawn]]:
    rows = [[Drawn()] * axis.columns for _ in range(lines)]
    for column in range(axis.columns):
        value = value_at(panel.points, axis.moment(column))
        if value is None:
            continue
        eighths = round((value - low) / (high - low) * lines * 8)
        if value > low and not eighths:
            eighths = 1
        for row in range(lines):
            here = max(0, min(8, eighths - 8 * (lines - 1 - row)))
            if here:
                rows[row][column] = Drawn(EIGHTHS[here], panel.style, here == 8)
    return rows


def _dotted(panel: Panel, axis: Axis, lines: int, low: float, high: float) -> list[list[Drawn]]:
    dots = [[0] * axis.columns for _ in range(lines)]
    before: int | None = None
    for dot in range(2 * axis.columns):
        value = value_at(panel.points, axis.moment(dot / 2 - 0.25))
        if value is None:
            before = None
            continue
        level = round((high - value) / (high - low) * (4 * lines - 1))
        first, last = sorted((level, level if before is None else before))
        for at in range(first, last + 1):
            dots[at // 4][dot // 2] |= _DOTS[at % 4][dot % 2]
        before = level
    return [[Drawn(chr(0x2800 + bits), panel.style) if bits else Drawn() for bits in row] for row in dots]


def _step(cells: list[list[Drawn]], steps: Steps, axis: Axis, low: float, high: float) -> None:
    lines = len(cells)
    for column in range(axis.columns):
        value = value_at(steps.points, axis.moment(column))
        if value is not None:
            row = max(0, min(lines - 1, int((high - value) / (high - low) * lines)))
            cells[row][column] = Drawn(steps.character, steps.style, cells[row][column].filled)


def event_line(marks: Sequence[tuple[float, str]], axis: Axis) -> list[Drawn]:
    """A sign where something happened, the worst of those that meet."""
    cells = [Drawn()] * axis.columns
    for moment, sign in marks:
        column = axis.column(moment)
        if cells[column].character != "x":
            cells[column] = Drawn(sign, "problem" if sign == "x" else "notice")
    return [*(Drawn(letter, "quiet") for letter in f"{'events':>{LABEL - 1}}│"), *cells]


def time_line(axis: Axis, started: float, at: float) -> list[Drawn]:
    """The axis with its times, counted from ``started``, and with a sign that of the cursor, which is ``at``."""
    line = [" "] * axis.columns

    def put(text: str, column: int) -> range:
        at = max(0, min(column - len(text) // 2, axis.columns - len(text)))
        line[at : at + len(text)] = text
        return range(at, at + len(text))

    taken = put(f"▲ {at - started:.1f} s", axis.column(at))
    for column in (0, axis.columns // 4, axis.columns // 2, 3 * axis.columns // 4, axis.columns - 1):
        text = f"{axis.moment(column) - started:.1f} s"
        at = max(0, min(column - len(text) // 2, axis.columns - len(text)))
        if not set(range(at - 2, at + len(text) + 2)) & set(taken):
            put(text, column)
    cells = [Drawn(letter, "accent" if at in taken else "quiet") for at, letter in enumerate(line)]
    return [*(Drawn(letter, "quiet") for letter in f"{'time':>{LABEL - 1}}└"), *cells]
