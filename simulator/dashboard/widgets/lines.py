"""The lines above and below every screen: where one can go, how the run stands, which keys there are."""

from __future__ import annotations

from textual.content import Content
from textual.style import Style
from textual.visual import VisualType
from textual.widgets import Static

from pncsim.simulator.dashboard.lines import clock
from pncsim.simulator.dashboard.scene import Scene

SIGNS = {"ready": "-", "running": ">", "held": "=", "pass": "+", "fail": "x", "error": "!", "short": "x"}
"""A sign for each state of a run; the word stands beside it."""
STYLES = {"pass": "$success", "fail": "$error", "error": "$error", "short": "$error", "held": "$warning"}


class OneLine(Static):
    """A text one line high: another one changes nothing around it, and the same one nothing at all."""

    _made_of: object = None
    _of: object = None

    def update(self, content: VisualType = "", *, layout: bool = False) -> None:
        if content != self._made_of:
            self._made_of = content
            super().update(content, layout=layout)

    def _is_of(self, *what: object) -> bool:
        """Whether it was made of the same the last time."""
        same = what == self._of
        self._of = what
        return same


class TopLine(OneLine):
    """The screens by their keys, and the run."""

    DEFAULT_CSS = """
    TopLine {
        height: 1; background: $panel; color: $text; link-style: none; link-style-hover: reverse; link-color: $text;
    }
    """

    def show(self, scene: Scene, screens: list[tuple[str, str, str]], here: str) -> None:
        """``screens``: key, name and title of each; ``here`` is the one that is open."""
        began, width = scene.began, self.size.width or 80
        state = scene.state
        right = f"{began.scenario} " if began is not None else ""
        right += f"{SIGNS[state]} {state.upper()}"
        if began is not None:
            right += f" {clock(max(0.0, scene.now - began.started))} s"
        if began is not None and _wide(screens) + len(right) + 1 > width:
            right = right.removeprefix(f"{began.scenario} ")
        if self._is_of(screens, here, width, right):
            return
        screens = fitting(screens, here, width - len(right) - 2)
        parts: list[Content] = []
        for key, name, title in screens:
            style = "bold reverse" if name == here else ""
            parts.append(
                Content.from_markup(f"[{style} @click=app.go('{name}')] $key $title [/]", key=key, title=title)
            )
        line = Content("").join(parts)
        gap = max(1, width - line.cell_length - len(right) - 1)
        self.update(line + Content(" " * gap) + Content.styled(right, STYLES.get(state, "")) + Content(" "))


def _wide(screens: list[tuple[str, str, str]]) -> int:
    return sum(len(title) + len(key) + 3 for key, _, title in screens)


def fitting(screens: list[tuple[str, str, str]], here: str, room: int) -> list[tuple[str, str, str]]:
    """Titles as long as there is room for: those of the screens that are not open give way, down to two letters."""
    longest = max((len(title) for _, _, title in screens), default=0)
    for letters in range(longest, 1, -1):
        fitting = [(key, name, title if name == here else title[:letters]) for key, name, title in screens]
        if _wide(fitting) <= room:
            return fitting
    return [(key, name, title if name == here else "") for key, name, title in screens]


class KeyLine(OneLine):
    """The keys of the screen that fit, the help always among them."""

    DEFAULT_CSS = """
    KeyLine {
        height: 1; background: $panel; color: $text; link-style: none; link-style-hover: reverse; link-color: $text;
    }
    """

    def show(self, keys: list[tuple[str, str, str]]) -> None:
        """``keys``: how each is shown, what it does, and the action; what does not fit is in the help."""
        width = self.size.width or 80
        if self._is_of(keys, width):
            return
        last = keys[-1:]
        room = width - sum(len(key) + len(what) + 3 for key, what, _ in last)
        shown = []
        for key, what, action in keys[:-1]:
            room -= len(key) + len(what) + 3
            if room < 0:
                break
            shown.append((key, what, action))
        parts = [
            Content.assemble(" ", (key, "bold $accent"), f" {what} ").stylize(Style.from_meta({"@click": action}))
            for key, what, action in [*shown, *last]
        ]
        self.update(Content("").join(parts))


class Sentence(OneLine):
    """One line with the last sentence for the person, or the hint of a first start."""

    DEFAULT_CSS = """
    Sentence { height: 1; color: $text-muted; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    Sentence.problem { color: $error; }
    """
