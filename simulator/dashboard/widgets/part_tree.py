"""The elements of a message as they contain each other, which can be folded, beside those in another run."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text
from textual.binding import Binding

from pncsim.simulator.dashboard.anatomy import MessagePart
from pncsim.simulator.dashboard.beside import PartRow
from pncsim.simulator.dashboard.widgets.grid import Cell, Column, Grid

_ELEMENT, _VALUE = Column("element", 0, 20), Column("value", 0, 8)


class PartGrid(Grid):
    """See the module. ``rows``: every one, folded away or not."""

    spoken = "In the tree"
    BINDINGS = [
        Binding("right", "open", "Open the element", show=False),
        Binding("left", "close", "Fold the element, or go to what it is in", show=False),
        Binding("z", "fold_all", "Fold everything, or open it", show=False),
    ]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__((_ELEMENT, _VALUE), following=False, id=id)
        self.rows: Sequence[PartRow] = ()
        self._folded: set[int] = set()
        self._seen: list[int] = []
        self._beside = False

    def show(self, rows: Sequence[PartRow], *, beside: str = "") -> None:
        """Show the rows of another message; ``beside``: of which other run the values there are. What is the same in
        both is folded then.
        """
        self.rows, self._beside = rows, bool(beside)
        there = (Column(beside, 0, 8),) if beside else ()
        self.columns = (_ELEMENT, _VALUE, *there)
        self._folded = (
            {at for at in range(1, len(rows)) if not rows[at].sign and self._has_parts(at)} if beside else set()
        )
        self.cursor = 0
        self.scroll_to(y=0, animate=False, force=True)
        self._fold()

    @property
    def part(self) -> MessagePart | None:
        """The part the cursor is on."""
        return self.rows[self._seen[self.cursor]].part if self.cursor < len(self._seen) else None

    @property
    def parts(self) -> Sequence[MessagePart]:
        """The parts of the message, folded away or not."""
        return [row.part for row in self.rows if row.sign != "-"]

    def _has_parts(self, at: int) -> bool:
        return at + 1 < len(self.rows) and self.rows[at + 1].part.depth > self.rows[at].part.depth

    def _fold(self) -> None:
        """Find what is to be seen."""
        self._seen, closed = [], -1
        for at, row in enumerate(self.rows):
            if 0 <= closed < row.part.depth:
                continue
            self._seen.append(at)
            closed = row.part.depth if at in self._folded else -1
        self._shown = -1
        self.renew()

    def widths(self) -> list[int]:
        """The names as wide as the widest needs, within three fifths; two values share what is left."""
        room = self.size.width - len(self.columns)
        widest = max((2 * row.part.depth + 1 + len(row.part.name) for row in self.rows), default=10)
        if self._beside:
            first = min(max(12, widest + 2), room * 2 // 5)
            here = (room - first) // 2
            return [first, max(4, here), max(4, room - first - here)]
        first = min(max(12, widest), room * 3 // 5)
        return [first, max(4, room - first)]

    def count(self) -> int:
        return len(self._seen)

    def cells(self, row: int) -> Sequence[Cell]:
        at = self._seen[row]
        one, accent = self.rows[at], self.style_of("accent")
        fold = ("▸" if at in self._folded else "▾") if self._has_parts(at) else " "
        name = "  " * min(one.part.depth, 8) + fold + one.part.name
        if not self._beside:
            return [name, Text(one.part.text, accent)]
        style = self.style_of("notice") if one.sign else self.style_of("quiet")
        here = "" if one.sign == "-" else one.part.text
        there = "=" if not one.sign and one.there else one.there
        return [Text(f"{one.sign or ' '} {name}", style), Text(here, accent), Text(there, style)]

    # Keys

    def action_open(self) -> None:
        at = self._at()
        if at in self._folded:
            self._folded.discard(at)
            self._fold()
        elif at is not None and self._has_parts(at):
            self.action_move(1)

    def action_close(self) -> None:
        at = self._at()
        if at is None:
            return
        if self._has_parts(at) and at not in self._folded:
            self._folded.add(at)
            self._fold()
            return
        depth = self.rows[at].part.depth
        parent = next(
            (row for row in range(self.cursor, -1, -1) if self.rows[self._seen[row]].part.depth < depth), None
        )
        if parent is not None:
            self.go(parent)

    def action_fold_all(self) -> None:
        """Everything below the second level, or nothing."""
        deep = {at for at, row in enumerate(self.rows) if row.part.depth >= 1 and self._has_parts(at)}
        self._folded = set() if self._folded & deep else deep
        self._fold()
        self.go(min(self.cursor, self.count() - 1))

    def _at(self) -> int | None:
        return self._seen[self.cursor] if self.cursor < len(self._seen) else None
