"""Panes of lines and of octets, some of them marked: what is selected elsewhere is shown here."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.binding import Binding
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from pncsim.simulator.dashboard.hexes import HexLine


def broken(line: str | Text, width: int) -> list[str | Text]:
    """A line in pieces of at most ``width`` cells, between words where there are any; the others are indented more."""
    plain = line.plain if isinstance(line, Text) else line
    if len(plain) <= width:
        return [line]
    indent = min(len(plain) - len(plain.lstrip()) + 2, width // 2)
    text = line if isinstance(line, Text) else Text(line)
    pieces: list[str | Text] = []
    at, room, lead = 0, width, ""
    while at < len(plain):
        end = at + room
        if end < len(plain) and (blank := plain.rfind(" ", at + room // 2, end + 1)) > 0:
            end = blank + 1
        piece = Text(lead, text.style)
        piece.append_text(text[at:end])
        piece.rstrip()
        pieces.append(piece)
        at, room, lead = end, width - indent, " " * indent
    return pieces


class Pane(ScrollView, can_focus=True, inherit_bindings=False):
    """Something that is scrolled by lines."""

    spoken = "In a pane"
    DEFAULT_CSS = """
    Pane { height: 1fr; overflow-x: hidden; scrollbar-size-vertical: 1; background: $background; }
    Pane > .pane--marked { background: $block-cursor-background; color: $block-cursor-foreground; }
    Pane > .pane--quiet { color: $text-muted; }
    Pane > .pane--problem { color: $error; }
    Pane > .pane--notice { color: $warning; }
    Pane > .pane--good { color: $success; }
    Pane > .pane--accent { color: $accent; }
    """
    COMPONENT_CLASSES = {"pane--marked", "pane--quiet", "pane--problem", "pane--notice", "pane--good", "pane--accent"}
    BINDINGS = [
        Binding("up,k", "scroll_up", "Up", show=False),
        Binding("down,j", "scroll_down", "Down", show=False),
        Binding("pageup", "page_up", "Page up", show=False),
        Binding("pagedown", "page_down", "Page down", show=False),
        Binding("home", "scroll_home", "To the top", show=False),
        Binding("end", "scroll_end", "To the end", show=False),
    ]
    _plain = Style.null()

    def style_of(self, name: str) -> Style:
        """A style by its name: marked, quiet, problem, notice, good, accent."""
        whole = self.get_component_rich_style(f"pane--{name}")
        return Style(color=whole.color, bold=whole.bold, bgcolor=whole.bgcolor if name == "marked" else None)

    def look_at(self, first: int, last: int, lines: int) -> None:
        """Scroll so that these lines are seen, or the first of them, of so many."""
        self.virtual_size = Size(max(1, self.size.width - 1), lines)
        top, room = self.scroll_offset.y, max(1, self.size.height)
        if not top <= first < top + room or last >= top + room > last - first + room // 3 + top:
            self.scroll_to(y=max(0, first - room // 3), animate=False, force=True)

    def render_lines(self, crop: Region) -> list[Strip]:
        # Asked once for all lines: working it out takes longer than a line does.
        self._plain = self.rich_style
        return super().render_lines(crop)


class TextPane(Pane):
    """Lines; :meth:`show` puts others in their place, :meth:`mark` marks some."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lines: Sequence[str | Text] = ()
        self._marked: Collection[int] = ()
        self._broken: list[tuple[str | Text, int]] = []

    def show(self, lines: Sequence[str | Text]) -> None:
        """Show these lines from the first one on."""
        self._lines, self._marked = lines, ()
        self._break()
        self.scroll_to(y=0, animate=False, force=True)

    def mark(self, marked: Collection[int]) -> None:
        """Mark the lines with these numbers, and have them in view."""
        self._marked = marked
        shown = [row for row, (_, at) in enumerate(self._broken) if at in marked]
        if shown:
            self.look_at(shown[0], shown[-1], len(self._broken))
        self.refresh()

    def _break(self) -> None:
        width = max(8, self.size.width - 1)
        self._broken = [(part, at) for at, line in enumerate(self._lines) for part in broken(line, width)]
        self.virtual_size = Size(width, len(self._broken))
        self.refresh()

    def on_resize(self) -> None:
        self._break()
        self.mark(self._marked)

    @property
    def plain(self) -> str:
        """All of it, as it is copied."""
        return "\n".join(line.plain if isinstance(line, Text) else line for line in self._lines)

    @property
    def marked_text(self) -> str:
        """The marked lines, as they were given, without what is around them."""
        lines = [line for at, line in enumerate(self._lines) if at in self._marked]
        return "\n".join(line.plain if isinstance(line, Text) else line for line in lines).strip()

    def render_line(self, y: int) -> Strip:
        width, row, style = self.size.width, self.scroll_offset.y + y, self._plain
        if row >= len(self._broken):
            return Strip.blank(width, style)
        line, at = self._broken[row]
        if at in self._marked:
            style += self.style_of("marked")
        if isinstance(line, str):
            segments = [Segment(line, style)]
        else:
            own = style + line.style if isinstance(line.style, Style) else style
            parts = line.render(self.app.console, end="")
            segments = [Segment(part.text, own + (part.style or Style.null())) for part in parts if part.text]
        return Strip(segments).adjust_cell_length(width, style).crop(0, width)


class HexPane(Pane):
    """Octets as hexadecimal and characters, sixteen to a line where there is room; some of them marked."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._octets = b""
        self._marked = range(0)

    @property
    def across(self) -> int:
        """Octets in a line."""
        return 16 if self.size.width >= 72 else 8

    def show(self, octets: bytes) -> None:
        """Show these octets."""
        self._octets, self._marked = octets, range(0)
        self.virtual_size = Size(max(1, self.size.width - 1), -(-len(octets) // self.across))
        self.scroll_to(y=0, animate=False, force=True)
        self.refresh()

    def mark(self, marked: range) -> None:
        """Mark these octets, and have them in view."""
        self._marked = marked
        if marked:
            lines = -(-len(self._octets) // self.across)
            self.look_at(marked[0] // self.across, marked[-1] // self.across, lines)
        self.refresh()

    def on_resize(self) -> None:
        octets, marked = self._octets, self._marked
        self.show(octets)
        self.mark(marked)

    def render_line(self, y: int) -> Strip:
        width, across = self.size.width, self.across
        begins = (self.scroll_offset.y + y) * across
        if begins >= len(self._octets):
            return Strip.blank(width, self._plain)
        line = HexLine(begins, self._octets[begins : begins + across])
        text = Text(f"{begins:04X} {line.hexadecimal:<{3 * across}} {line.characters}")
        text.stylize(self.style_of("quiet"), 0, 5)
        text.stylize(self.style_of("accent"), 6 + 3 * across)
        inside = [at for at in range(len(line.octets)) if begins + at in self._marked]
        if inside:
            style = self.style_of("marked")
            text.stylize(style, 5 + 3 * inside[0], 7 + 3 * inside[-1])
            text.stylize(style, 6 + 3 * across + inside[0], 7 + 3 * across + inside[-1])
        segments = [
            Segment(part.text, self._plain + (part.style or Style.null()))
            for part in text.render(self.app.console, end="")
            if part.text
        ]
        return Strip(segments).adjust_cell_length(width, self._plain).crop(0, width)
