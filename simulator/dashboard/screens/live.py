"""The live screen: who takes part and how they stand, who says what to whom, and what the run comes to."""

from __future__ import annotations

from collections.abc import Iterable

from textual.binding import Binding
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input

from pncsim.simulator.dashboard.form import Level
from pncsim.simulator.dashboard.screens.view import View
from pncsim.simulator.dashboard.selection import Filter, Selection
from pncsim.simulator.dashboard.store import EventStore
from pncsim.simulator.dashboard.widgets.actors import ActorBoxes
from pncsim.simulator.dashboard.widgets.lines import SIGNS, STYLES, OneLine
from pncsim.simulator.dashboard.widgets.messages import WIDE, MessageGrid

ABOUT = """\
Above stand the actors: o all is well, ! a liberty of the peer was let pass, x a problem was reported; with the state of
the control pilot (CP), the state of charge or the power, and the state they are in.

A row is what passed between two of them, told once for both ends. In the chart ── is a V2G message, ══ TLS, ┄┄ OCPP
and ~~ a call to a pool; a row with x was refused or is a problem, with T it came later than the standard allows. Loops
are one row with the number of rounds: ×23. "ms/limit" is the time an answer took, of a loop the fastest and the
slowest, against the nearest limit (ISO 15118-2 Table 109).

The filter takes words that all stand in a message, and: any actor as who:NAME, session:ID, level:problem.
"""


class VerdictLine(OneLine):
    """What the run has come to until now."""

    DEFAULT_CSS = """
    VerdictLine { height: 1; background: $panel; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    """


class LiveScreen(View):
    """See the module."""

    called, heading, about = "live", "Live", ABOUT
    BINDINGS = [
        Binding("enter", "open", "Message", id="live.open", show=False),
        Binding("space", "pause", "Pause", id="live.pause"),
        Binding("slash", "filter", "Filter", id="live.filter"),
        Binding("n", "deviation(1)", "Next problem", id="live.next"),
        Binding("N", "deviation(-1)", "Problem before", id="live.before", show=False),
        Binding("v", "vehicle", "Vehicle", id="live.vehicle", show=False, tooltip="Show one vehicle after the other"),
        Binding("c", "chart", "Chart", id="live.chart", show=False, tooltip="Show or hide the sequence chart"),
        Binding("escape", "clear", "No filter", id="live.clear", show=False),
    ]
    DEFAULT_CSS = """
    LiveScreen #filter { display: none; height: 1; border: none; padding: 0 1; background: $surface; }
    LiveScreen #filter.open { display: block; }
    """

    def body(self) -> Iterable[Widget]:
        yield ActorBoxes()
        yield MessageGrid(self.scene.store, id="messages")
        yield Input(placeholder="words, who:EV-1, session:ID, level:problem", id="filter", compact=True)
        yield VerdictLine()

    _vehicle = ""

    def on_mount(self) -> None:
        super().on_mount()
        self.grid.chart = self.dashboard.layout_kept.chart
        self.grid.focus()

    @property
    def grid(self) -> MessageGrid:
        """The rows."""
        return self.query_one(MessageGrid)

    def lists(self) -> Iterable[Selection]:
        return (self.grid.selection,)

    def changed(self) -> None:
        self.query_one(ActorBoxes).show(self.scene.store.actors, self.size.height)
        self.grid.empty = self._nothing()
        self.grid.show(self.scene.store)
        self.grid.selection.look(self.dashboard.share)
        self.grid.renew()
        self.query_one(VerdictLine).update(self._verdict())

    def _nothing(self) -> list[str]:
        """What stands where there are no rows."""
        if len(self.scene.store.rows):
            return ["Nothing passes this filter: Esc takes it away."]
        if not self.scene.source.plays:
            return [
                "Nothing has passed between anybody yet; it is shown as it comes.",
                "",
                "ctrl+p  finds what can be asked of it",
                "?       explains how this screen is read",
            ]
        start = self.dashboard.start_of()
        options = ", ".join(f"{name} {value}" for name, value in start.options.items())
        return [
            "Nothing has passed between anybody yet.",
            "",
            f"F5  runs the scenario {start.scenario}{f' with {options}' if options else ''}",
            "F6  runs it message by message",
            "4   chooses another scenario, its options and faults",
            "?   explains how this screen is read",
        ]

    def _verdict(self) -> Content:
        scene, state = self.scene, self.scene.state
        if scene.result is not None and scene.began is not None:
            result = scene.result
            passed = sum(check.ok for check in result.checks)
            first = f"{SIGNS[state]} {result.verdict.upper()}"
            told = [f"{passed} of {len(result.checks)} checks held"]
            if result.cause:
                told = [result.cause]
            told += [f"{len(result.faults)} faults on"] if result.faults else []
        else:
            first = f"{SIGNS[state]} {state}"
            told = []
        selection, shown = self.grid.selection, list[str]()
        if selection.paused:
            shown.append(f"paused, {selection.unseen} more [space]")
        elif self.grid.following and scene.running:
            shown.append("following")
        if text := str(selection.wanted):
            shown.append(f"only {text}: {len(selection)} of {len(scene.store.rows)}")
        problems, liberties = scene.problems, scene.liberties
        if problems:
            told.append(f"x {problems} problems")
        if liberties:
            told.append(f"! {liberties} liberties")
        if scene.store.trouble:
            told.append(scene.store.trouble)
        return Content.styled(first, f"bold {STYLES.get(state, '')}".strip()) + Content(" · ".join(["", *shown, *told]))

    # Keys

    def action_pause(self) -> None:
        selection = self.grid.selection
        (selection.resume if selection.paused else selection.pause)()
        self.grid.following = not selection.paused
        self.renew()

    def action_filter(self) -> None:
        field = self.query_one("#filter", Input)
        field.add_class("open")
        field.focus()

    def action_clear(self) -> None:
        field = self.query_one("#filter", Input)
        field.value = ""
        field.remove_class("open")
        self.grid.filter(Filter())
        self.grid.focus()
        self.renew()

    def on_input_changed(self, event: Input.Changed) -> None:
        self.grid.filter(filter_of(event.value))
        self.renew()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if not event.value:
            event.input.remove_class("open")
        self.grid.focus()

    def action_vehicle(self) -> None:
        vehicles = self.scene.store.actors.of("EV")
        names = ["", *(actor.unit for actor in vehicles)]
        at = names.index(self._vehicle) if self._vehicle in names else 0
        self._vehicle = names[(at + 1) % len(names)]
        self.grid.filter(Filter(vehicle=self._vehicle))
        sessions = next((len(actor.sessions) for actor in vehicles if actor.unit == self._vehicle), 0)
        told = f"{sessions} session{'' if sessions == 1 else 's'} so far"
        self.dashboard.say(
            f"Only {self._vehicle} and what is said to it: {told}." if self._vehicle else "Every vehicle."
        )
        self.renew()

    def action_chart(self) -> None:
        self.grid.chart = self.dashboard.layout_kept.chart = shown = not self.grid.chart
        self.dashboard.say(f"The chart is {'shown' if shown else 'hidden'} where there are {WIDE} columns.")
        self.grid.renew()

    def action_deviation(self, by: int) -> None:
        at = next_problem(self.scene.store, self.grid, by)
        if at is None:
            self.dashboard.say("No problem there.")
        else:
            self.grid.following = False
            self.grid.go(at)

    def action_open(self) -> None:
        self.grid.action_choose()

    def on_grid_chosen(self, event: MessageGrid.Chosen) -> None:
        number = self.grid.number
        if number is not None:
            self.dashboard.pick(self.scene.store.rows[number].last)
            self.dashboard.action_go("message")


def next_problem(store: EventStore, grid: MessageGrid, by: int) -> int | None:
    """The next row, or the one before, that is a problem, a refusal or late."""
    selection = grid.selection
    at = grid.cursor + by
    while 0 <= at < len(selection):
        row = store.rows[selection[at]]
        if row.late or store.levels[row.last] >= Level.PROBLEM:
            return at
        at += by
    return None


def filter_of(text: str) -> Filter:
    """The filter a person has typed: words, ``who:EV-1``, ``session:ID``, ``level:problem``."""
    words: list[str] = []
    who: set[str] = set()
    sessions: set[str] = set()
    level = Level.DETAIL
    for word in text.split():
        key, colon, value = word.partition(":")
        match key:
            case "who" | "ev" | "vehicle" | "actor" if colon and value:
                who |= {value, value.upper()}
            case "session" if colon and value:
                sessions.add(value.upper())
            case "level" if colon and value.upper() in Level.__members__:
                level = Level[value.upper()]
            case _:
                words.append(word)
    return Filter(frozenset(who), frozenset(who), frozenset(sessions), level, " ".join(words))
