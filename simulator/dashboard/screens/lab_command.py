"""A command on the lab that has arguments: its fields, over the screen it was called from."""

from __future__ import annotations

from collections.abc import Callable

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input

from pncsim.simulator.dashboard.reports import FieldTold
from pncsim.simulator.dashboard.widgets.option_field import OptionField


class LabCommandScreen(ModalScreen[None]):
    """``typed``: by field, what was typed the last time; ``do`` gets what is typed now, without what was left empty."""

    BINDINGS = [Binding("escape", "dismiss", "Leave it")]
    DEFAULT_CSS = """
    LabCommandScreen { align: center middle; }
    LabCommandScreen VerticalScroll {
        width: 90%; max-width: 100; height: auto; max-height: 90%; border: round $primary; background: $surface;
        padding: 1 1; border-title-color: $text; border-subtitle-color: $text-muted;
    }
    LabCommandScreen OptionField { margin-bottom: 1; }
    """

    def __init__(
        self, title: str, fields: tuple[FieldTold, ...], typed: dict[str, str], do: Callable[[dict[str, str]], None]
    ) -> None:
        super().__init__()
        self._heading, self._fields, self._typed, self._do = title, fields, typed, do

    def compose(self) -> ComposeResult:
        with VerticalScroll(can_focus=False) as box:
            box.border_title = self._heading
            box.border_subtitle = "Tab next field · Enter does it · Esc leaves it"
            for one in self._fields:
                yield OptionField(one, self._typed.get(one.name, ""))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        typed = {field.name or "": field.value for field in self.query(Input) if field.value}
        self.dismiss()
        self._do(typed)
