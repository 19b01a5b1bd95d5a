"""The power screen: power, voltage, current and state of charge over time, with schedule and events."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.text import Text
from textual.binding import Binding
from textual.widget import Widget
from textual.widgets import Static

from pncsim.simulator.dashboard.course import Course, limit_at, sample_at
from pncsim.simulator.dashboard.curves import Axis, Panel, Point, Steps
from pncsim.simulator.dashboard.form import Level
from pncsim.simulator.dashboard.lines import clock, words
from pncsim.simulator.dashboard.samples import PowerSample
from pncsim.simulator.dashboard.screens.view import View
from pncsim.simulator.dashboard.store import EventStore
from pncsim.simulator.dashboard.widgets.grid import Cell, Column, Grid
from pncsim.simulator.dashboard.widgets.lines import OneLine
from pncsim.simulator.dashboard.widgets.plot import Plot
from pncsim.wire.errors import LocalError

ABOUT = """\
Power is the area, with the limits of the schedule above it: ━ is what the station offers (PMaxSchedule), ┄ what the
vehicle has announced to take (ChargingProfile). Below are voltage, current and state of charge, each from its lowest to
its highest value. Every value holds until the next one was told.

Under the curves stands a sign where something happened: * a milestone, - a call about schedules, x a problem. n and N
go from one to the next, the arrows move the cursor through time; the line above says what held there, the line
below what happened last. Enter opens it. + and - show less time or more; u shows the next vehicle or station.
"""
SHARES = 1, 2, 4, 8, 16, 32, 64
"""Of the whole time, so small a part can be shown."""


class EventGrid(Grid):
    """What happened in the time that is shown."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__((Column("time s", 10, right=True), Column("actor", 10), Column("event", 0, 20)), id=id)
        self.following = False
        self.places: Sequence[int] = ()
        self._store: EventStore | None = None

    def show(self, store: EventStore, places: Sequence[int]) -> None:
        """Show these events."""
        self._store, self.places = store, places
        self.renew()

    def count(self) -> int:
        return len(self.places)

    def cells(self, row: int) -> Sequence[Cell]:
        store, place = self._store, self.places[row]
        assert store is not None
        style = self.style_of("problem") if store.levels[place] >= Level.PROBLEM else ""
        unit = store.unit_names[store.units[place]]
        return [clock(store.times[place] - store.started), unit, Text(_told(store, place), style)]


class PowerScreen(View):
    """See the module."""

    called, heading, about = "power", "Power", ABOUT
    BINDINGS = [
        Binding("left,comma", "move(-1)", "Back", id="power.back", show=False),
        Binding("right,full_stop", "move(1)", "On", id="power.on", show=False),
        Binding("home", "edge(0)", "To the beginning", id="power.first", show=False),
        Binding("end", "edge(1)", "To the end, and follow", id="power.last", show=False),
        Binding("n", "event(1)", "Next event", id="power.next"),
        Binding("N", "event(-1)", "Event before", id="power.before"),
        Binding("u", "unit", "Vehicle or station", id="power.unit"),
        Binding("plus", "zoom(1)", "Less time", id="power.in", key_display="+"),
        Binding("minus", "zoom(-1)", "More time", id="power.out", key_display="-"),
        Binding("enter", "open", "Open event", id="power.open", show=False),
    ]
    DEFAULT_CSS = """
    PowerScreen #values { height: 1; padding: 0 1; text-style: bold; text-wrap: nowrap; text-overflow: ellipsis; }
    PowerScreen #happened { height: 1; padding: 0 1; background: $panel; text-wrap: nowrap; text-overflow: ellipsis; }
    PowerScreen Plot { height: 1fr; }
    PowerScreen EventGrid { height: 9; }
    """

    _course: Course | None = None
    _unit = ""
    _moment: float | None = None
    """Where the cursor stands in lab time; None: at the newest."""
    _zoom = 0
    _axis = Axis(0.0, 0.0, 1)

    def body(self) -> Iterable[Widget]:
        yield OneLine(id="values")
        yield Plot(id="plot")
        yield EventGrid(id="events")
        yield OneLine(id="happened")

    def changed(self) -> None:
        store = self.scene.store
        course = self._course
        if course is None or course.store is not store:
            self._course = course = Course(store)
            self._moment, self._zoom = None, 0
        course.look(self.dashboard.share)
        plot, values = self.query_one(Plot), self.query_one("#values", Static)
        grid = self.query_one(EventGrid)
        units = course.units()
        high = self.size.height >= 34
        grid.display, self.query_one("#happened").display = high, not high
        if not units:
            values.update("Power over time")
            plot.clear(_nothing(self.scene.running))
            grid.show(store, ())
            grid.empty = ["Nothing has happened yet."]
            self.query_one("#happened", Static).update("")
            return
        if self._unit not in units:
            self._unit = units[0]
        self._axis = axis = self._shown(course)
        samples = store.power[self._unit]
        offered, announced = course.limits(self._unit)
        at = samples[-1].time if self._moment is None else self._moment
        places = course.within((axis.begins, axis.ends), self._unit)
        marks = [(store.times[place], _sign(store, place)) for place in places]
        limits = [[(one.time, _kilo(one.watts)) for one in steps] for steps in (offered, announced)]
        plot.show(_panels(samples, *limits), axis, marks, store.started, at)
        told = _values(sample_at(samples, at), limit_at(offered, at), limit_at(announced, at))
        several = f" ({units.index(self._unit) + 1}/{len(units)})" if len(units) > 1 else ""
        parts = [f"{self._unit}{several}", f"{max(0.0, at - store.started):.1f} s", *told]
        while len(line := " · ".join(parts)) > self.size.width - 2 and len(parts) > 1:
            parts.pop()
        values.update(line)
        last = next((place for place in reversed(places) if store.times[place] <= at), None)
        grid.show(store, places)
        if last is not None:
            grid.go(places.index(last), tell=False)
        happened = f"{clock(store.times[last] - store.started)} s {_told(store, last)}" if last is not None else ""
        self.query_one("#happened", Static).update(Text(happened))

    def _shown(self, course: Course) -> Axis:
        """The time that is shown: all of it, or the part around the cursor."""
        begins, ends = course.window()
        columns = self.query_one(Plot).columns
        span = (ends - begins) / SHARES[self._zoom]
        middle = ends if self._moment is None else self._moment
        first = max(begins, min(middle - span / 2, ends - span))
        return Axis(first, first + span, columns)

    # Keys

    def _go(self, moment: float) -> None:
        if self._course is None:
            return
        begins, ends = self._course.window()
        self._moment = max(begins, min(moment, ends))
        self.renew()

    def action_move(self, by: int) -> None:
        axis = self._axis
        samples = self.scene.store.power.get(self._unit)
        if samples:
            self._go(axis.moment(axis.column(samples[-1].time if self._moment is None else self._moment) + by))

    def action_edge(self, end: int) -> None:
        self._moment = None if end or self._course is None else self._course.window()[0]
        self.renew()

    def action_event(self, by: int) -> None:
        course = self._course
        places = course.within(course.window(), self._unit) if course is not None else []
        store = self.scene.store
        times = sorted({store.times[place] for place in places})
        now = float("inf") if self._moment is None else self._moment
        found = [one for one in times if (one > now if by > 0 else one < now)]
        if found:
            self._go(found[0] if by > 0 else found[-1])
        else:
            self.dashboard.say("No event there.")

    def action_unit(self) -> None:
        units = self._course.units() if self._course is not None else []
        if len(units) > 1:
            self._unit = units[(units.index(self._unit) + 1) % len(units)]
            self.renew()
        else:
            self.dashboard.say("There is no other one that has told of power.")

    def action_zoom(self, by: int) -> None:
        self._zoom = max(0, min(self._zoom + by, len(SHARES) - 1))
        self.renew()

    def action_open(self) -> None:
        store, course = self.scene.store, self._course
        at = float("inf") if self._moment is None else self._moment
        places = course.within(course.window(), self._unit) if course is not None else []
        found = next((place for place in reversed(places) if store.times[place] <= at), None)
        self._open(found)

    def _open(self, place: int | None) -> None:
        if place is None:
            self.dashboard.say("Nothing has happened by then.")
        else:
            self.dashboard.pick(place)
            self.dashboard.action_go("message")

    def on_plot_pointed(self, event: Plot.Pointed) -> None:
        self._go(self._axis.moment(event.column))

    def on_grid_moved(self, event: Grid.Moved) -> None:
        places = self.query_one(EventGrid).places
        if event.row < len(places):
            self._go(self.scene.store.times[places[event.row]])

    def on_grid_chosen(self, event: Grid.Chosen) -> None:
        self._open(self.query_one(EventGrid).places[event.row])


def _panels(samples: Sequence[PowerSample], offered: Sequence[Point], announced: Sequence[Point]) -> list[Panel]:
    steps = Steps(announced, "┄", "good"), Steps(offered, "━", "notice")
    panels = [
        Panel("power", "kW", [(one.time, one.watts / 1000) for one in samples], 1, filled=True, steps=steps),
        Panel("voltage", "V", [(one.time, one.volts) for one in samples]),
        Panel("current", "A", [(one.time, one.amperes) for one in samples], 1),
    ]
    charge: list[Point] = [(one.time, one.soc) for one in samples]
    if any(value is not None for _, value in charge):
        panels.append(Panel("charge", "%", charge, 1, style="good"))
    return panels


def _values(sample: PowerSample | None, offered: float | None, announced: float | None) -> list[str]:
    """What held at a moment."""
    if sample is None:
        return ["no power told yet"]
    limits = [f"━ {offered / 1000:.1f}"] if offered is not None else []
    limits += [f"┄ {announced / 1000:.1f}"] if announced is not None else []
    told = [f"{sample.watts / 1000:.1f} kW" + (f" ({' '.join(limits)})" if limits else "")]
    told += [f"{sample.volts:.0f} V", f"{sample.amperes:.1f} A"]
    told += [f"{sample.soc:.1f} %"] if sample.soc is not None else []
    return [*told, f"{sample.energy_wh / 1000:.2f} kWh"]


def _kilo(watts: float | None) -> float | None:
    return None if watts is None else watts / 1000


def _sign(store: EventStore, place: int) -> str:
    level = store.levels[place]
    return "x" if level >= Level.PROBLEM else "*" if level >= Level.STORY else "-"


def _told(store: EventStore, place: int) -> str:
    try:
        return f"{_sign(store, place)} {words(store.event(place))}"
    except LocalError as error:
        return f"! {error}"


def _nothing(running: bool) -> list[str]:
    if running:
        return ["No energy has flowed yet: the curves begin as soon as it does."]
    return [
        "No energy has flowed.",
        "",
        "F5  runs the scenario that is chosen",
        "4   chooses another one: pnc-dc charges with direct current, renegotiate changes its schedule",
        "?   explains how this screen is read",
    ]
