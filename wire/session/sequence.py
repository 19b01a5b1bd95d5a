"""A message sequence as a literal table: one type for both roles, obeyed by the engines, walked by tests, printed.

A row says: in this state, on this event, these outcomes. The rules of reading are the same on both sides:

* Everything that decides what may come next is in the table, and the table knows nothing of what messages contain.
* For a station a state is what it sent last, an event the request received, the outcomes are the states its answer may
  lead to. A request without a row is out of sequence.
* For a vehicle a state is the response received, an event the condition it found, the outcomes are the requests it may
  send then; none means that it closes the connection.
* A row that exists only because peers take a liberty names it, so that a strict side can leave it out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from msgspec import Struct

from pncsim.wire.gate import Tolerance

CONNECTED = "connected"
"""Where both sides stand before the first message."""
NEGOTIATED = "protocol negotiated"
"""Where a station stands once SupportedAppProtocolRes has named a dialect."""
FAILED = "failed"
"""Where a station stands that has refused a request and lets the vehicle say goodbye."""
ENDED = "ended"
"""Where every station's conversation ends."""


class Row(Struct, frozen=True):
    """``clause`` is the requirement behind the row; ``liberty`` the deviation it depends on, None in the standard."""

    state: str
    event: str
    outcomes: tuple[str, ...]
    clause: str
    liberty: Tolerance | None = None

    @property
    def name(self) -> str:
        """The row's name in events and reports."""
        return f"{self.state}, {self.event}" if self.event else self.state


class Sequence:
    """Rows in the order they are printed. ``headings`` say what a state, an event and an outcome are on this side."""

    __slots__ = ("headings", "rows")

    def __init__(self, headings: tuple[str, str, str], rows: Iterable[Row]) -> None:
        self.headings = headings
        self.rows: dict[tuple[str, str], Row] = {}
        """By state and event."""
        for row in rows:
            if (row.state, row.event) in self.rows:
                raise ValueError(f"two rows for {row.name}")
            self.rows[row.state, row.event] = row

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows.values())

    def __len__(self) -> int:
        return len(self.rows)

    def of(self, state: str) -> tuple[Row, ...]:
        """The rows of one state."""
        return tuple(row for row in self if row.state == state)

    def events(self, state: str, liberties: Collection[Tolerance] = ()) -> tuple[str, ...]:
        """What may come in ``state``, with these liberties granted."""
        return tuple(row.event for row in self.of(state) if row.liberty is None or row.liberty in liberties)

    @property
    def states(self) -> tuple[str, ...]:
        """Every state that has rows, in order."""
        return tuple(dict.fromkeys(row.state for row in self))

    def with_row(self, row: Row) -> Sequence:
        """This table with ``row`` in the place of the one for the same state and event, or added at its end."""
        return Sequence(self.headings, {**self.rows, (row.state, row.event): row}.values())

    def without(self, state: str, event: str) -> Sequence:
        """This table without one row. Raises KeyError if it has none such."""
        gone = self.rows[state, event]
        return Sequence(self.headings, (row for row in self if row is not gone))

    def printed(self) -> str:
        """The table as Markdown."""
        free = any(row.liberty is not None for row in self)
        headings = (*self.headings, "clause", *(["only as liberty"] if free else []))
        lines = [f"| {' | '.join(headings)} |", "|---" * len(headings) + "|"]
        for row in self:
            cells = [row.state, row.event, ", ".join(row.outcomes) or "close", row.clause]
            lines.append(f"| {' | '.join(cells + ([row.liberty.meaning if row.liberty else ''] if free else []))} |")
        return "\n".join(lines)
