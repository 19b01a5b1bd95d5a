"""A pane of curves under each other over one axis of time, with a cursor that goes through all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.segment import Segment
from rich.style import Style
from textual.events import Click
from textual.message import Message
from textual.strip import Strip

from pncsim.simulator.dashboard.curves import LABEL, Axis, Drawn, Panel, drawn, event_line, heights, time_line
from pncsim.simulator.dashboard.widgets.text_pane import Pane


class Plot(Pane, can_focus=False):
    """Shows what :meth:`show` is given; a click puts the cursor there."""

    class Pointed(Message):
        """A column was clicked."""

        def __init__(self, column: int) -> None:
            super().__init__()
            self.column = column

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._rows: list[list[Drawn]] = []
        self._cursor: int | None = None
        self.empty: Sequence[str] = ()

    @property
    def columns(self) -> int:
        """Columns there is room for beside the labels."""
        return max(1, self.size.width - LABEL - 1)

    def show(
        self, panels: Sequence[Panel], axis: Axis, marks: Sequence[tuple[float, str]], started: float, at: float
    ) -> None:
        """Draw these panels, signs at their lab times, and the cursor, which stands at one."""
        lines = heights(self.size.height - 2, len(panels))
        self._rows = [row for panel, high in zip(panels, lines, strict=True) for row in drawn(panel, axis, high)]
        self._cursor = LABEL + axis.column(at)
        for row in self._rows:
            if row[self._cursor].character == " ":
                row[self._cursor] = Drawn("┊", "quiet")
        self._rows += [event_line(marks, axis), time_line(axis, started, at)]
        self.refresh()

    def clear(self, told: Sequence[str]) -> None:
        """Draw nothing, and say why."""
        self._rows, self.empty = [], told
        self.refresh()

    def on_click(self, event: Click) -> None:
        if self._rows and event.x >= LABEL:
            self.post_message(self.Pointed(min(event.x - LABEL, self.columns - 1)))

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if not self._rows:
            text = f"  {self.empty[y - 1]}" if 0 < y <= len(self.empty) else ""
            return Strip([Segment(text, self._plain + self.style_of("quiet"))]).adjust_cell_length(width, self._plain)
        if y >= len(self._rows):
            return Strip.blank(width, self._plain)
        pointed = y < len(self._rows) - 1
        return Strip(list(self._segments(self._rows[y], pointed))).adjust_cell_length(width, self._plain).crop(0, width)

    def _segments(self, row: Sequence[Drawn], pointed: bool) -> Iterator[Segment]:
        """Neighbours that look alike in one; ``pointed``: with the cursor."""
        text, last = "", Style.null()
        for column, cell in enumerate(row):
            style = self._style(cell)
            if pointed and column == self._cursor:
                style += self.style_of("marked")
            if style != last and text:
                yield Segment(text, last)
                text = ""
            text, last = text + cell.character, style
        if text:
            yield Segment(text, last)

    def _style(self, cell: Drawn) -> Style:
        style = self._plain + self.style_of(cell.style) if cell.style else self._plain
        if not cell.filled:
            return style
        # The ground, too: there are terminals whose blocks do not meet. A limit stands upon it.
        filling = self.style_of("accent").color
        upon = filling if cell.style == "accent" else self._plain.bgcolor
        return Style(color=upon, bgcolor=filling, bold=upon is not filling)
