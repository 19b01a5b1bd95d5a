"""Which run a message is to be held against: a list over the screen it was called from."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen

from pncsim.simulator.dashboard.beside import RunChoice
from pncsim.simulator.dashboard.widgets.grid import Cell, Column, Grid


class RunList(Grid):
    """Runs that can be chosen."""

    def __init__(self, runs: Sequence[RunChoice]) -> None:
        super().__init__((Column("run", 0, 30), Column("what", 0, 20)), following=False)
        self.runs = runs

    def count(self) -> int:
        return len(self.runs)

    def cells(self, row: int) -> Sequence[Cell]:
        return [self.runs[row].title, self.runs[row].told]


class OtherRunScreen(ModalScreen[None]):
    """``choose`` gets the run that is chosen."""

    BINDINGS = [Binding("escape", "dismiss", "Leave it")]
    DEFAULT_CSS = """
    OtherRunScreen { align: center middle; }
    OtherRunScreen Vertical {
        width: 90%; max-width: 100; height: 60%; border: round $primary; background: $surface; padding: 0 1;
        border-title-color: $text; border-subtitle-color: $text-muted;
    }
    """

    def __init__(self, runs: Sequence[RunChoice], choose: Callable[[RunChoice], None]) -> None:
        super().__init__()
        self._runs, self._choose = runs, choose

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = "The same message in which run?"
            box.border_subtitle = "Enter chooses · Esc leaves it"
            yield RunList(self._runs)

    def on_mount(self) -> None:
        self.query_one(RunList).focus()

    def on_grid_chosen(self, event: Grid.Chosen) -> None:
        chosen = self._runs[event.row]
        self.dismiss()
        self._choose(chosen)
