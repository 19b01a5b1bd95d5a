"""The sequence chart and the message table in one: a row is an arrow between lifelines, and what it carried."""

from __future__ import annotations

from collections.abc import Sequence

from rich.style import Style
from rich.text import Text

from pncsim.simulator.dashboard.lines import LANES, Carriage, MessageLine, clock, line_of, took
from pncsim.simulator.dashboard.rows import MessageRow
from pncsim.simulator.dashboard.selection import Filter, Selection
from pncsim.simulator.dashboard.store import EventStore
from pncsim.simulator.dashboard.widgets.grid import Cell, Column, Grid

_STROKES: dict[Carriage, str] = {"v2g": "─", "tls": "═", "ocpp": "┄", "http": "~", "note": " "}
"""Shafts of arrows by what they travel on: the kind is seen without colour."""

_NUMBER = Column("#", 6, right=True)
_TIME = Column("time s", 9, right=True)
_WHO = Column("who", 9)
_NAME = Column("message", 0, 24)
_COUNT = Column("times", 5, right=True)
_CODE = Column("answer", 24)
_TOOK = Column("ms/limit", 10, right=True)

WIDE, WIDER = 100, 140
"""Columns from which the chart is shown, and from which answers have a column of their own."""


def chart_width(gap: int) -> int:
    """Cells of a chart with ``gap`` cells from one lifeline to the next."""
    return gap * (len(LANES) - 1) + 5


def heading(gap: int) -> str:
    """The names of the lifelines, each above its line."""
    width = chart_width(gap)
    line = [" "] * width
    for place, name in enumerate(LANES):
        at = max(0, min(place * gap + 2 - len(name) // 2, width - len(name)))
        line[at : at + len(name)] = name
    return "".join(line)


def arrow(line: MessageLine, gap: int) -> str:
    """The row's arrow among the lifelines."""
    cells = [" "] * chart_width(gap)
    for place in range(len(LANES)):
        cells[place * gap + 2] = "│"
    here, there = line.source * gap + 2, line.target * gap + 2
    if here == there:
        cells[here] = line.sign or "•"
        return "".join(cells)
    low, high = sorted((here, there))
    for at in range(low + 1, high):
        cells[at] = _STROKES[line.way]
    cells[there + (-1 if there > here else 1)] = "▶" if there > here else "◀"
    return "".join(cells)


class MessageGrid(Grid):
    """The rows that pass a filter; the newest at the end. ``chart``: whether there is one where there is room."""

    def __init__(self, store: EventStore, *, id: str | None = None) -> None:
        super().__init__((), id=id)
        self.selection = Selection(store, "rows")
        self.chart, self.gap = True, 0
        self._lines: dict[int, tuple[MessageRow, MessageLine]] = {}

    def show(self, store: EventStore) -> None:
        """Show the rows of another run."""
        if store is not self.selection.store:
            self.selection = Selection(store, "rows", self.selection.wanted)
            self.following = True
            self._lines.clear()

    def filter(self, wanted: Filter) -> None:
        """Show what passes another filter."""
        self.selection.wanted = wanted
        self.selection.look()
        self.renew()

    @property
    def number(self) -> int | None:
        """The row of the store the cursor is on."""
        return self.selection[self.cursor] if self.cursor < len(self.selection) else None

    def count(self) -> int:
        return len(self.selection)

    def renew(self) -> None:
        width = self.size.width
        self.gap = 0 if not self.chart or width < WIDE else 9 if width >= WIDER else 7
        chart = (Column(heading(self.gap), chart_width(self.gap)),) if self.gap else ()
        answer = (_CODE,) if width >= WIDER else ()
        self.columns = (_NUMBER, _TIME, *chart, _WHO, _NAME, _COUNT, *answer, _TOOK)
        super().renew()

    def cells(self, row: int) -> Sequence[Cell]:
        store = self.selection.store
        told = store.rows[self.selection[row]]
        kept = self._lines.get(told.number)
        if kept is None or kept[0] != told:
            if len(self._lines) > 500:
                self._lines.clear()
            kept = self._lines[told.number] = told, line_of(store, told)
        line = kept[1]
        style, apart = self._style(line), _CODE in self.columns
        chart = [Text(arrow(line, self.gap), style if line.sign else self.style_of("accent"))] if self.gap else []
        name = Text.assemble((f"{line.sign} " if line.sign else "", style), (line.name, style))
        if line.code and not apart:
            name.append(f"  {line.code}", style)
        if line.detail:
            name.append(f"  {line.detail}", self.style_of("quiet"))
        return [
            str(told.number + 1),
            clock(line.time - store.started),
            *chart,
            Text(line.who, self.style_of("quiet")),
            name,
            f"×{told.count}" if told.count > 1 else "",
            *([Text(line.code, style)] if apart else []),
            Text(took(told), self.style_of("problem") if told.late else Style.null()),
        ]

    def _style(self, line: MessageLine) -> Style:
        return self.style_of({"x": "problem", "T": "problem", "!": "notice"}[line.sign]) if line.sign else Style.null()
