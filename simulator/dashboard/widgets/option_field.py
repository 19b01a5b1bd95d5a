"""A field for something that can be chosen: its name, what it means, and what was typed or stands there by default."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Input, Static

from pncsim.simulator.dashboard.reports import FieldTold


class OptionField(Vertical):
    """One field; ``typed`` is what was typed in it the last time."""

    DEFAULT_CSS = """
    OptionField { height: auto; padding: 0 1; }
    OptionField Static { height: auto; color: $text-muted; }
    OptionField Horizontal { height: 1; }
    OptionField .label { width: 18; color: $text; text-style: bold; }
    OptionField Input { width: 1fr; border: none; height: 1; background: $panel; padding: 0 1; }
    OptionField Input.wrong { background: $error 30%; }
    """

    def __init__(self, told: FieldTold, typed: str) -> None:
        super().__init__()
        self.told, self._typed = told, typed

    def compose(self) -> ComposeResult:
        choices = f" One of {', '.join(self.told.choices)}." if self.told.choices else ""
        with Horizontal():
            yield Static(self.told.name, classes="label", markup=False)
            yield Input(
                self._typed,
                placeholder=self.told.default,
                password=self.told.secret,
                compact=True,
                name=self.told.name,
            )
        yield Static(f"{self.told.help}{choices}", markup=False)
