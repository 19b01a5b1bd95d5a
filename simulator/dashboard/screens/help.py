"""The help of a screen: how it is read, and every key, those of the whole dashboard below."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from pncsim.simulator.dashboard.screens.view import View


class HelpScreen(ModalScreen[None]):
    """Over the screen it explains."""

    BINDINGS = [Binding("escape,question_mark,q,f1,enter", "dismiss", "Close")]
    DEFAULT_CSS = """
    HelpScreen { align: center middle; }
    HelpScreen VerticalScroll {
        width: 90%; max-width: 110; height: 90%; border: round $primary; background: $surface; padding: 1 2;
        border-title-color: $text; border-subtitle-color: $text-muted;
    }
    HelpScreen Static { height: auto; margin-bottom: 1; }
    """

    def __init__(self, of: View) -> None:
        super().__init__()
        self._of = of

    def compose(self) -> ComposeResult:
        with VerticalScroll() as box:
            box.border_title, box.border_subtitle = f"{self._of.heading}", "Esc closes"
            yield Static(" ".join(self._of.about.split("\n")).replace("  ", "\n\n"), markup=False)
            yield Static(keys_of(self._of))


def keys_of(view: View) -> Content:
    """Every key with what it does: of the focused widget, the screen, the application."""
    lines: list[Content] = []
    spaces = [(view.heading, view), ("Everywhere", view.app)]
    if view.focused is not None:
        spaces.insert(1, (getattr(view.focused, "spoken", f"In the {type(view.focused).__name__}"), view.focused))
    for title, owner in spaces:
        lines.append(Content.styled(title, "bold"))
        seen = set()
        for bindings in owner._bindings.key_to_bindings.values():
            for one in bindings:
                if one.action in seen or not one.description:
                    continue
                seen.add(one.action)
                keys = [k.key for ks in owner._bindings.key_to_bindings.values() for k in ks if k.action == one.action]
                shown = " ".join(dict.fromkeys(view.app.get_key_display(one.with_key(key)) for key in keys))
                lines.append(
                    Content.styled(f"  {shown:<18}", "$accent") + Content(f" {one.tooltip or one.description}")
                )
        lines.append(Content(""))
    return Content("\n").join(lines)
