"""The log: every event of everybody in one list, by actor, level and text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.style import Style
from rich.text import Text
from textual.binding import Binding
from textual.widget import Widget
from textual.widgets import Input, Static

from pncsim.simulator.dashboard.form import Level
from pncsim.simulator.dashboard.lines import clock, sign_of, words
from pncsim.simulator.dashboard.screens.live import filter_of
from pncsim.simulator.dashboard.screens.view import View
from pncsim.simulator.dashboard.selection import Selection
from pncsim.simulator.dashboard.store import EventStore
from pncsim.simulator.dashboard.widgets.grid import Cell, Column, Grid
from pncsim.simulator.dashboard.widgets.lines import OneLine
from pncsim.wire.errors import LocalError
from pncsim.wire.values import replace

ABOUT = """\
Everything that was reported, in order: x a problem, ! a liberty that was let pass or a note, * a milestone, - a
message; what has no sign is a detail (states, power, judgements that held, calls).

l shows what is worse than before, step by step; a one actor after the other; / takes words that all stand in the event,
and who:NAME, session:ID, level:problem. Space holds the list still. Enter opens the event, y
copies its line.
"""
_STYLES = {Level.PROBLEM: "problem", Level.NOTICE: "notice", Level.DETAIL: "quiet"}


class LogGrid(Grid):
    """The events that pass a filter."""

    def __init__(self, store: EventStore, *, id: str | None = None) -> None:
        super().__init__(
            (Column("#", 7, right=True), Column("time s", 10, right=True), Column("actor", 10), Column("event", 0, 20)),
            id=id,
        )
        self.selection = Selection(store, "events")

    def show(self, store: EventStore) -> None:
        """Show the events of another run."""
        if store is not self.selection.store:
            self.selection = Selection(store, "events", self.selection.wanted)
            self.following = True

    def count(self) -> int:
        return len(self.selection)

    def cells(self, row: int) -> Sequence[Cell]:
        store, place = self.selection.store, self.selection[row]
        level = Level(store.levels[place])
        style = self.style_of(_STYLES[level]) if level in _STYLES else Style.null()
        try:
            event = store.event(place)
            text = f"{sign_of(event)} {words(event)}"
        except LocalError as error:
            text = f"! {error}"
        unit = store.unit_names[store.units[place]]
        return [str(place + 1), clock(store.times[place] - store.started), unit, Text(text, style)]


class LogScreen(View):
    """See the module."""

    called, heading, about = "log", "Log", ABOUT
    BINDINGS = [
        Binding("slash", "filter", "Filter", id="log.filter"),
        Binding("l", "level", "Level", id="log.level"),
        Binding("a", "actor", "Actor", id="log.actor"),
        Binding("y", "copy", "Copy", id="log.copy", show=False, tooltip="Copy the line"),
        Binding("space", "pause", "Pause", id="log.pause"),
        Binding("escape", "clear", "No filter", id="log.clear", show=False),
    ]
    DEFAULT_CSS = """
    LogScreen #filter { display: none; height: 1; border: none; padding: 0 1; background: $surface; }
    LogScreen #filter.open { display: block; }
    LogScreen #shown { height: 1; padding: 0 1; background: $panel; text-wrap: nowrap; text-overflow: ellipsis; }
    """

    def body(self) -> Iterable[Widget]:
        yield LogGrid(self.scene.store, id="events")
        yield Input(placeholder="words, who:EV-1, session:ID, level:problem", id="filter", compact=True)
        yield OneLine(id="shown")

    def on_mount(self) -> None:
        super().on_mount()
        self.grid.focus()

    @property
    def grid(self) -> LogGrid:
        """The events."""
        return self.query_one(LogGrid)

    def lists(self) -> Iterable[Selection]:
        return (self.grid.selection,)

    def changed(self) -> None:
        grid = self.grid
        grid.show(self.scene.store)
        selection = grid.selection
        selection.look(self.dashboard.share)
        grid.empty = ["Nothing passes this filter: Esc takes it away."] if len(self.scene.store) else ["No event yet."]
        grid.renew()
        told = [
            f"{len(selection)} of {len(self.scene.store)} events",
            f"only {selection.wanted}" if str(selection.wanted) else "",
        ]
        told += [f"paused, {selection.unseen} more [space]" if selection.paused else ""]
        told += [f"{selection.behind} still to be looked at" if selection.behind else "", self.scene.store.trouble]
        self.query_one("#shown", Static).update(" · ".join(filter(None, told)).replace("[", "\\["))

    # Keys

    def action_filter(self) -> None:
        field = self.query_one("#filter", Input)
        field.add_class("open")
        field.focus()

    def action_clear(self) -> None:
        field = self.query_one("#filter", Input)
        field.value = ""
        field.remove_class("open")
        self.grid.selection.wanted = filter_of("")
        self.grid.focus()
        self.renew()

    def on_input_changed(self, event: Input.Changed) -> None:
        self.grid.selection.wanted = filter_of(event.value)
        self.renew()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if not event.value:
            event.input.remove_class("open")
        self.grid.focus()

    def action_level(self) -> None:
        wanted = self.grid.selection.wanted
        self.grid.selection.wanted = replace(wanted, level=Level((wanted.level + 1) % len(Level)))
        self.renew()

    def action_actor(self) -> None:
        wanted = self.grid.selection.wanted
        names = ["", *(actor.unit for actor in self.scene.store.actors)]
        now = next(iter(wanted.units), "")
        after = names[(names.index(now) + 1) % len(names)] if now in names else ""
        self.grid.selection.wanted = replace(wanted, roles=frozenset(), units=frozenset({after} - {""}))
        self.renew()

    def action_pause(self) -> None:
        selection = self.grid.selection
        (selection.resume if selection.paused else selection.pause)()
        self.grid.following = not selection.paused
        self.renew()

    def action_copy(self) -> None:
        if self.grid.count():
            cells = (str(cell) for cell in self.grid.cells(self.grid.cursor))
            self.dashboard.copy("  ".join(cells), "the line")
        else:
            self.dashboard.say("There is no event to copy.")

    def on_grid_chosen(self, event: Grid.Chosen) -> None:
        self.dashboard.pick(self.grid.selection[event.row])
        self.dashboard.action_go("message")
