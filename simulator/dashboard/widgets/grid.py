"""A table of any length: a line is made when it is to be seen, so that a million rows cost what forty do."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.actions import SkipAction
from textual.binding import Binding
from textual.events import Click
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip


class Column(Struct, frozen=True):
    """A column of ``width`` cells; 0: what the others leave, at least ``least``. ``right``: figures, aligned so."""

    title: str
    width: int = 0
    least: int = 10
    right: bool = False


Cell = str | Text


class Grid(ScrollView, can_focus=True, inherit_bindings=False):
    """Rows with a heading and a cursor. A subclass says how many there are and what stands in one.

    ``following``: the cursor stays on the newest row until it is moved. ``empty``: lines where there are no rows.
    """

    DEFAULT_CSS = """
    Grid { height: 1fr; overflow-x: hidden; scrollbar-size-vertical: 1; }
    Grid > .grid--heading { color: $foreground; text-style: bold; background: $panel; }
    Grid > .grid--cursor { background: $panel; text-style: bold; }
    Grid:focus > .grid--cursor { background: $block-cursor-background; color: $block-cursor-foreground; }
    Grid > .grid--quiet { color: $text-muted; }
    Grid > .grid--problem { color: $error; }
    Grid > .grid--notice { color: $warning; }
    Grid > .grid--good { color: $success; }
    Grid > .grid--accent { color: $accent; }
    """
    spoken = "In the table"
    """How the help calls it."""
    COMPONENT_CLASSES = {
        "grid--heading",
        "grid--cursor",
        "grid--quiet",
        "grid--problem",
        "grid--notice",
        "grid--good",
        "grid--accent",
    }
    BINDINGS = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home,g", "first", "First row", show=False),
        Binding("end,G", "last", "Newest row, and follow", show=False),
        Binding("enter", "choose", "Open the row", show=False),
    ]

    class Moved(Message):
        """The cursor went to another row."""

        def __init__(self, grid: Grid, row: int) -> None:
            super().__init__()
            self.grid, self.row = grid, row

        @property
        def control(self) -> Grid:
            return self.grid

    class Chosen(Moved):
        """A row is to be opened."""

    def __init__(self, columns: Sequence[Column], *, following: bool = True, id: str | None = None) -> None:
        super().__init__(id=id)
        self.columns = tuple(columns)
        self.following = following
        self.empty: list[str] = []
        self.cursor = 0
        self._shown = -1
        self._plain, self._styles, self._widths = Style.null(), dict[str, Style](), list[int]()
        self._upon_cursor = False

    # What a subclass says

    def count(self) -> int:
        """How many rows there are."""
        raise NotImplementedError

    def cells(self, row: int) -> Sequence[Cell]:
        """What stands in a row, a cell for each column."""
        raise NotImplementedError

    # What has changed

    def renew(self) -> None:
        """Rows have come or changed."""
        count = self.count()
        if count != self._shown:
            self._shown = count
            self.virtual_size = Size(self.size.width, count + 1)
            # Textual looks only when something is laid out anew whether the bar is needed, or no more.
            self._refresh_scrollbars()
        if self.following:
            self.cursor = max(0, count - 1)
            self.scroll_to(y=max(0, count + 1 - self.size.height), animate=False, force=True)
        else:
            self.cursor = min(self.cursor, max(0, count - 1))
        self.refresh()

    def go(self, row: int, *, tell: bool = True) -> None:
        """Put the cursor on a row, and show it."""
        row = max(0, min(row, self.count() - 1))
        self.cursor = row
        room = max(1, self.size.height - 1)
        top = self.scroll_offset.y
        if row < top:
            self.scroll_to(y=row, animate=False, force=True)
        elif row >= top + room:
            self.scroll_to(y=row - room + 1, animate=False, force=True)
        self.refresh()
        if tell and self.count():
            self.post_message(self.Moved(self, row))

    def on_resize(self) -> None:
        self._shown = -1
        self.renew()

    # Keys and mouse

    def action_move(self, by: int) -> None:
        self.following = False
        self.go(self.cursor + by)

    def action_page(self, by: int) -> None:
        self.following = False
        self.go(self.cursor + by * max(1, self.size.height - 2))

    def action_first(self) -> None:
        self.following = False
        self.go(0)

    def action_last(self) -> None:
        self.following = True
        self.go(self.count() - 1)

    def action_choose(self) -> None:
        if not self.count():
            raise SkipAction  # what the key does on the screen is done
        self.post_message(self.Chosen(self, self.cursor))

    def on_click(self, event: Click) -> None:
        row = self.scroll_offset.y + event.y - 1
        if event.y and row < self.count():
            self.following = False
            again = row == self.cursor
            self.go(row)
            if again:
                self.action_choose()

    # How it looks

    def widths(self) -> list[int]:
        """The widths of the columns where there is so much room."""
        room = self.size.width - 1
        fixed = sum(column.width for column in self.columns) + len(self.columns)
        wide = [column for column in self.columns if not column.width]
        left = max(0, room - fixed)
        share = left // len(wide) if wide else 0
        return [column.width or max(column.least, share) for column in self.columns]

    def style_of(self, name: str) -> Style:
        """A style by its name: quiet, problem, notice, good, accent."""
        if name == "quiet" and self._upon_cursor:
            # Its colour is made for the ground of all other rows.
            return Style.null()
        found = self._styles.get(name)
        if found is None:
            whole = self.get_component_rich_style(f"grid--{name}")
            found = self._styles[name] = Style(color=whole.color, bold=whole.bold)
        return found

    def render_lines(self, crop: Region) -> list[Strip]:
        # Asked once for all lines: working it out takes longer than a line does.
        self._plain, self._styles, self._widths = self.rich_style, {}, self.widths()
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y == 0:
            style = self._plain + self.get_component_rich_style("grid--heading", partial=True)
            return self._strip([column.title for column in self.columns], style, width)
        row = self.scroll_offset.y + y - 1
        if row >= self.count():
            if not self.count() and 1 < y < len(self.empty) + 2:
                quiet = self._plain + self.style_of("quiet")
                return Strip([Segment(f"  {self.empty[y - 2]}", quiet)]).adjust_cell_length(width, self._plain)
            return Strip.blank(width, self._plain)
        style = self._plain
        self._upon_cursor = row == self.cursor
        if self._upon_cursor:
            style += self.get_component_rich_style("grid--cursor", partial=True)
        return self._strip(self.cells(row), style, width)

    def _strip(self, cells: Sequence[Cell], style: Style, width: int) -> Strip:
        segments: list[Segment] = []
        for column, cell, room in zip(self.columns, cells, self._widths, strict=True):
            text = cell.copy() if isinstance(cell, Text) else Text(cell)
            text.truncate(room, overflow="ellipsis")
            if column.right:
                text.pad_left(room - text.cell_len)
            else:
                text.pad_right(room - text.cell_len)
            own = style + text.style if isinstance(text.style, Style) else style
            segments += [
                Segment(part.text, own + (part.style or Style.null()))
                for part in text.render(self.app.console, end="")
                if part.text
            ]
            segments.append(Segment(" ", style))
        return Strip(segments).adjust_cell_length(width, style).crop(0, width)

    def region_of(self, row: int) -> Region:
        """Where a row is on the widget."""
        return Region(0, row - self.scroll_offset.y + 1, self.size.width, 1)
