"""The scenarios: choose one, its options and the faults, run it; what came of the runs until now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from rich.text import Text
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static

from pncsim.simulator.dashboard.chains import age
from pncsim.simulator.dashboard.choices import (
    FaultRow,
    everything,
    fault_rows,
    matching,
    source_of,
    wrong,
)
from pncsim.simulator.dashboard.history import RunOutcome
from pncsim.simulator.dashboard.lab_commands import fields_of, shown_default
from pncsim.simulator.dashboard.reports import FieldTold
from pncsim.simulator.dashboard.screens.view import View
from pncsim.simulator.dashboard.widgets.grid import Cell, Column, Grid
from pncsim.simulator.dashboard.widgets.lines import SIGNS, OneLine
from pncsim.simulator.dashboard.widgets.option_field import OptionField
from pncsim.simulator.dashboard.widgets.text_pane import TextPane
from pncsim.simulator.faults.table import find_fault
from pncsim.simulator.scenario import Scenario
from pncsim.simulator.settings import Transport
from pncsim.wire.errors import LocalError
from pncsim.wire.values import replace

ABOUT = """\
On the left are the scenarios; / filters them by words in name, title, clauses and use case. Move to one, and its
options are fields you can type in (Tab goes there and on), read as `pnc run` reads them.

f shows the faults: Space switches one on or off, Enter types its arguments (NAME:value, NAME:parameter=value or
NAME@EV-2:value for one vehicle). A run with faults passes where the scenario holds all the same; the checks of the
standard's answers are among the results.

F5 runs what is chosen, R so many times one after the other, r the last run again as it was, A all that are listed. o,
f, s and u choose what stands on the right: options, faults, source text, results. m changes between memory (virtual
time) and loopback (real sockets), v chooses what car the vehicles are like.

The results are those of this dashboard and of those before it; Enter runs one again as it was.
"""
FEW, MOST_TIMES = "10", 1_000
"""How many times a run is repeated where nothing is typed, and at most."""
PANES = ("options", "faults", "source", "results")
TITLES = {"options": "o Options", "faults": "f Faults", "source": "s Source", "results": "u Results"}


class ScenarioGrid(Grid):
    """The scenarios that pass the filter."""

    spoken = "In the list"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__((Column("scenario", 0, 20),), following=False, id=id)
        self.scenarios: list[Scenario] = []

    def count(self) -> int:
        return len(self.scenarios)

    def cells(self, row: int) -> Sequence[Cell]:
        one = self.scenarios[row]
        room = max(0, self.size.width - len(one.name) - 4)
        title = f"  {one.title}" if room > 12 else ""
        return [Text.assemble(one.name, (title, self.style_of("quiet")))]


class FaultGrid(Grid):
    """The faults as toggles."""

    spoken = "In the faults"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__((Column("on", 3), Column("fault", 24), Column("what it does", 0, 4)), following=False, id=id)
        self.rows: list[FaultRow] = []

    def count(self) -> int:
        return len(self.rows)

    def cells(self, row: int) -> Sequence[Cell]:
        one = self.rows[row]
        mark = Text("[x]", self.style_of("notice")) if one.on else Text("[ ]")
        told = f"{one.title}{f'  ({one.arguments})' if one.arguments else ''}"
        return [mark, one.fault.name, Text(told, self.style_of("notice" if one.on else "quiet"))]


class ResultGrid(Grid):
    """The runs until now, the newest last; ``now`` is the machine's time."""

    spoken = "In the results"

    def __init__(self, *, id: str | None = None) -> None:
        columns = (Column("#", 3, right=True), Column("verdict", 8), Column("ago", 6, right=True), Column("run", 0, 20))
        super().__init__(columns, id=id)
        self.runs: Sequence[RunOutcome] = ()
        self.now = 0.0

    def count(self) -> int:
        return len(self.runs)

    def cells(self, row: int) -> Sequence[Cell]:
        one = self.runs[row]
        style = self.style_of("good" if one.verdict == "pass" else "problem")
        told = Text.assemble(one.words, (f"  {one.cause}" if one.cause else "", self.style_of("quiet")))
        return [str(row + 1), Text(_verdict(one), style), age(self.now - one.at), told]


class ScenariosScreen(View):
    """See the module."""

    called, heading, about = "scenarios", "Scenarios", ABOUT
    BINDINGS = [
        Binding("slash", "filter", "Filter", id="choose.filter"),
        Binding("o", "pane('options')", "Options", id="choose.options"),
        Binding("f", "pane('faults')", "Faults", id="choose.faults"),
        Binding("s", "pane('source')", "Source", id="choose.source"),
        Binding("u", "pane('results')", "Results", id="choose.results"),
        Binding("space", "switch", "On or off", id="choose.toggle", show=False),
        Binding("r", "again", "Again", id="choose.again"),
        Binding("R", "repeat", "Repeat", id="choose.repeat", show=False, tooltip="Run what is chosen several times"),
        Binding("v", "car", "Car", id="choose.car", show=False, tooltip="What car the vehicles are like"),
        Binding("A", "all", "All", id="choose.all", show=False, tooltip="Run all that are listed"),
        Binding("m", "transport", "Transport", id="choose.transport", show=False),
        Binding("escape", "back", "Back to the list", id="choose.back", show=False),
    ]
    DEFAULT_CSS = """
    ScenariosScreen #left { width: 30; }
    ScenariosScreen .box { width: 1fr; height: 1fr; border-left: vkey $panel; }
    ScenariosScreen #box-options { height: auto; max-height: 50%; }
    ScenariosScreen.narrow #box-options { height: 1fr; max-height: 100%; }
    ScenariosScreen #options { height: auto; max-height: 100%; }
    ScenariosScreen .name { height: 1; padding: 0 1; color: $text-muted; background: $panel; text-style: bold; }
    ScenariosScreen #about { height: auto; max-height: 5; padding: 0 1; }
    ScenariosScreen Input { height: 1; border: none; background: $surface; padding: 0 1; }
    ScenariosScreen #filter, ScenariosScreen #arguments { display: none; }
    ScenariosScreen #filter.open, ScenariosScreen #arguments.open { display: block; }
    ScenariosScreen #settings { height: 1; padding: 0 1; background: $panel; }
    ScenariosScreen .column { width: 1fr; }
    """

    _pane = "options"
    _scenarios: tuple[Scenario, ...] = ()
    _shown = ""

    def body(self) -> Iterable[Widget]:
        with Horizontal():
            with Vertical(id="left"):
                yield ScenarioGrid(id="list")
                yield Input(placeholder="words", id="filter", compact=True)
            with Vertical(classes="column", id="first"):
                yield OneLine(id="about", markup=False)
                with Vertical(classes="box", id="box-options"):
                    yield Static(TITLES["options"], classes="name")
                    yield VerticalScroll(id="options", can_focus=False)
                with Vertical(classes="box", id="box-faults"):
                    yield Static(TITLES["faults"], classes="name")
                    yield FaultGrid(id="faults")
                    yield Input(placeholder="NAME:parameter=value", id="arguments", compact=True)
            with Vertical(classes="column", id="second"):
                with Vertical(classes="box", id="box-source"):
                    yield Static(TITLES["source"], classes="name")
                    yield TextPane(id="source")
                with Vertical(classes="box", id="box-results"):
                    yield Static(TITLES["results"], classes="name")
                    yield ResultGrid(id="results")
        yield OneLine(id="settings")

    def on_mount(self) -> None:
        self._scenarios, refused = everything()
        super().on_mount()
        self._list("")
        if refused:
            self.dashboard.say(refused[0], bad=True)
        self.query_one(ScenarioGrid).focus()

    def _list(self, text: str) -> None:
        grid = self.query_one(ScenarioGrid)
        grid.scenarios = matching(self._scenarios, text)
        grid.empty = ["No scenario has these words: Esc takes them away."]
        names = [one.name for one in grid.scenarios]
        grid.renew()
        if self.dashboard.layout_kept.scenario in names:
            grid.go(names.index(self.dashboard.layout_kept.scenario), tell=False)
        self.changed()

    @property
    def chosen(self) -> Scenario | None:
        """The scenario the cursor is on."""
        grid = self.query_one(ScenarioGrid)
        return grid.scenarios[grid.cursor] if grid.scenarios else None

    def changed(self) -> None:
        kept = self.dashboard.layout_kept
        self._room()
        self.query_one("#settings", Static).update(self._settings())
        faults = self.query_one(FaultGrid)
        faults.rows = fault_rows(kept.faults)
        faults.renew()
        results = self.query_one(ResultGrid)
        results.runs, results.now = self.dashboard.history.runs, self.dashboard.machine_time()
        results.empty = ["No run yet: F5 runs what is chosen."]
        results.renew()
        self._show_chosen()

    def _show_chosen(self) -> None:
        scenario = self.chosen
        if scenario is None:
            return
        last = self.dashboard.history.last_of(scenario.name)
        shows = f" [{', '.join(scenario.clauses)}]" if scenario.clauses else ""
        ago = f" {_verdict(last)} {age(self.dashboard.machine_time() - last.at)} ago." if last is not None else ""
        self.query_one("#about", OneLine).update(f"{scenario.title}.{ago}{shows}", layout=True)
        if scenario.name == self._shown:
            return
        self._shown = scenario.name
        self.query_one(TextPane).show(source_of(scenario))
        typed = self.dashboard.layout_kept.options.get(scenario.name, {})
        box = self.query_one("#options", VerticalScroll)
        box.remove_children()
        if scenario.options:
            box.mount(*(OptionField(one, typed.get(one.name, "")) for one in fields_of(scenario.options)))
        else:
            box.mount(Static("It has no options."))

    def _room(self) -> None:
        """Both columns where there is room, else the pane that was asked for."""
        wide, high = self.size
        two = wide >= 140
        first = self._pane in ("options", "faults")
        self.query_one("#first").display = two or first
        self.query_one("#second").display = two or not first
        stacked = high >= 36
        self.set_class(not stacked, "narrow")
        for name, other in (("options", "faults"), ("faults", "options"), ("source", "results"), ("results", "source")):
            box = self.query_one(f"#box-{name}")
            visible = stacked or self._pane == name or (self._pane != other and name in ("options", "source"))
            box.display = visible
        self.query_one("#left").styles.width = 30 if wide < 110 else 40

    def _settings(self) -> Content:
        kept = self.dashboard.layout_kept
        where = "memory, virtual time" if kept.transport == "memory" else "loopback, real sockets"
        on = f"faults on: {', '.join(kept.faults)}" if kept.faults else "no fault on"
        car = f"like {kept.car}" if kept.car else "as ours"
        return Content(f"m {where} · v car {car} · {on}").truncate(max(10, self.size.width - 2), ellipsis=True)

    # Choosing

    def on_grid_moved(self, event: Grid.Moved) -> None:
        if isinstance(event.grid, ScenarioGrid) and (scenario := self.chosen) is not None:
            self.dashboard.layout_kept.scenario = scenario.name
            self._show_chosen()
        elif isinstance(event.grid, FaultGrid):
            row = event.grid.rows[event.row]
            told = f" ({row.arguments}: Enter changes that)" if row.arguments else ""
            self.dashboard.say(f"{row.fault.name}: {row.title}.{told}")
        elif isinstance(event.grid, ResultGrid):
            one = event.grid.runs[event.row]
            kept = f"Its evidence: {one.evidence}." if one.evidence else "Its evidence was not kept."
            self.dashboard.say(f"{one.cause or one.words} {kept} Enter runs it again.")

    def on_grid_chosen(self, event: Grid.Chosen) -> None:
        if isinstance(event.grid, ScenarioGrid):
            self.dashboard.play(self.dashboard.start_of())
        elif isinstance(event.grid, FaultGrid):
            row = event.grid.rows[event.row]
            field = self.query_one("#arguments", Input)
            field.value = row.typed or _typed(row)
            field.add_class("open")
            field.focus()
        elif isinstance(event.grid, ResultGrid):
            one = event.grid.runs[event.row]
            transport: Transport = "loopback" if one.transport == "loopback" else "memory"
            start = replace(self.dashboard.start_of(), scenario=one.scenario, options=dict(one.options))
            self.dashboard.play(replace(start, faults=one.faults, vehicle_profile=one.car, transport=transport))

    def on_input_changed(self, event: Input.Changed) -> None:
        if event.input.id == "filter":
            self._list(event.value)
        elif event.input.name and (scenario := self.chosen) is not None:
            self._typed_option(scenario, event.input)

    def _typed_option(self, scenario: Scenario, field: Input) -> None:
        parameter = next((one for one in scenario.options if one.name == field.name), None)
        if parameter is None:
            return
        kept = self.dashboard.layout_kept.options.setdefault(scenario.name, {})
        why = wrong(parameter, field.value) if field.value else ""
        field.set_class(bool(why), "wrong")
        self.dashboard.say(why, bad=bool(why))
        kept.pop(parameter.name, None)
        if field.value and not why:
            kept[parameter.name] = field.value

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if event.input.id == "arguments":
            self._switch_on(event.value)
        elif event.input.id == "filter":
            self.query_one(ScenarioGrid).focus()
        else:
            self.focus_next()

    def _switch_on(self, typed: str) -> None:
        """A fault as it was typed; what is wrong with it is said."""
        try:
            find_fault(typed)
        except LocalError as error:
            self.dashboard.say(str(error), bad=True)
            return
        name = typed.partition(":")[0].partition("@")[0]
        kept = self.dashboard.layout_kept
        kept.faults = [*(one for one in kept.faults if one.partition(":")[0].partition("@")[0] != name), typed]
        field = self.query_one("#arguments", Input)
        field.remove_class("open")
        self.query_one(FaultGrid).focus()
        self.dashboard.say(f"{typed} is on.")
        self.changed()

    # Keys

    def action_filter(self) -> None:
        field = self.query_one("#filter", Input)
        field.add_class("open")
        field.focus()

    def action_back(self) -> None:
        for name in ("filter", "arguments"):
            field = self.query_one(f"#{name}", Input)
            field.value = ""
            field.remove_class("open")
        self._list("")
        self.query_one(ScenarioGrid).focus()

    def action_pane(self, pane: str) -> None:
        self._pane = pane
        self._room()
        if pane == "options":
            fields = self.query(OptionField)
            if fields:
                fields.first(OptionField).query_one(Input).focus()
        else:
            self.query_one(f"#{pane}").focus()

    def action_switch(self) -> None:
        faults = self.query_one(FaultGrid)
        if self.focused is not faults or not faults.rows:
            self.dashboard.say("f shows the faults: Space switches the one the cursor is on.")
            return
        row, kept = faults.rows[faults.cursor], self.dashboard.layout_kept
        if row.on:
            kept.faults = [one for one in kept.faults if one != row.typed]
        else:
            kept.faults = [*kept.faults, row.fault.name]
        self.changed()

    def action_again(self) -> None:
        last = self.scene.last_start
        if last is None:
            self.dashboard.say("Nothing was run yet: F5 runs what is chosen.")
        else:
            self.dashboard.play(last)

    def action_repeat(self) -> None:
        """What is chosen, so many times."""
        scenario = self.chosen
        if scenario is None:
            return

        def repeat(typed: dict[str, str]) -> None:
            times = typed.get("times", FEW)
            if times.isdecimal() and 1 <= int(times) <= MOST_TIMES:
                self.dashboard.play_all([scenario.name] * int(times))
            else:
                self.dashboard.say(f"{times[:20]!r} is no number from 1 to {MOST_TIMES}.", bad=True)

        asked = FieldTold("times", "How many times, one after the other.", FEW)
        self._ask(f"Repeat {scenario.name}", asked, "", repeat)

    def action_car(self) -> None:
        """What car vehicles are like for which nothing else is said."""
        from pncsim.simulator.cars.profile import find_profile, names

        def choose(typed: dict[str, str]) -> None:
            car = typed.get("car", "")
            try:
                if car:
                    find_profile(car)
            except LocalError as error:
                self.dashboard.say(str(error), bad=True)
                return
            self.dashboard.layout_kept.car = car
            self.dashboard.say(f"Vehicles are like {car}." if car else "Vehicles are as ours.")
            self.changed()

        few = ", ".join(names()[:3])
        asked = FieldTold("car", f"Of `pnc list --vehicles`, such as {few}, or a file; empty: as ours.", "")
        self._ask("What car the vehicles are like", asked, self.dashboard.layout_kept.car, choose)

    def _ask(self, title: str, field: FieldTold, before: str, do: Callable[[dict[str, str]], None]) -> None:
        from pncsim.simulator.dashboard.screens.lab_command import LabCommandScreen

        self.app.push_screen(LabCommandScreen(title, (field,), {field.name: before} if before else {}, do))

    def action_all(self) -> None:
        self.dashboard.play_all([one.name for one in self.query_one(ScenarioGrid).scenarios])

    def action_transport(self) -> None:
        kept = self.dashboard.layout_kept
        kept.transport = "loopback" if kept.transport == "memory" else "memory"
        self.changed()


def _verdict(run: RunOutcome) -> str:
    return f"{SIGNS.get(run.verdict, '?')} {run.verdict.upper()}"


def _typed(row: FaultRow) -> str:
    """What would be typed for a fault with its arguments as they are."""
    told = ",".join(f"{p.name}={shown_default(p)}" for p in row.fault.parameters)
    return f"{row.fault.name}{f':{told}' if told else ''}"
