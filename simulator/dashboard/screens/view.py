"""What all screens share: the line above, the keys below, and that they are told ten times a second what is new."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol, cast

from textual.app import ComposeResult
from textual.screen import Screen
from textual.widget import Widget

from pncsim.simulator.dashboard.history import History
from pncsim.simulator.dashboard.kept import Layout
from pncsim.simulator.dashboard.reports import StartRun
from pncsim.simulator.dashboard.scene import Scene
from pncsim.simulator.dashboard.selection import Selection
from pncsim.simulator.dashboard.widgets.lines import KeyLine, Sentence, TopLine

PLAYING = ("run", "step", "hold")
"""What only a lab of this dashboard does: where it has attached, these keys have no place in the last line."""


class DashboardHost(Protocol):
    """What views ask of the application. ``share``: seconds they may spend on looking at what is new.

    ``picked``: the place in the store of the event all screens speak of. ``sentence``: what stands at the foot, and
    whether it is of something that went wrong. ``evidence``: the folder it goes to, if it is kept. ``history``: what
    came of the runs until now; ``machine_time`` is the clock their ends are told by.
    """

    scene: Scene
    layout_kept: Layout
    share: float
    picked: int | None
    sentence: tuple[str, bool]
    evidence: Path | None
    history: History
    machine_time: Callable[[], float]

    def screens_by_key(self) -> list[tuple[str, str, str]]:
        """Key, name and title of every screen."""

    def say(self, text: str, *, bad: bool = False) -> None:
        """The sentence at the foot of the screen."""

    def pick(self, place: int) -> None:
        """Choose the event that all screens speak of."""

    def action_go(self, name: str) -> None:
        """Open a screen."""

    def copy(self, text: str, what: str) -> None:
        """Put a text on the clipboard; ``what`` it is, is said."""

    def start_of(self, *, held: bool = False) -> StartRun:
        """The run that is chosen."""

    def play(self, start: StartRun) -> None:
        """Run what is asked for."""

    def play_all(self, scenarios: list[str]) -> None:
        """Run these one after the other."""

    def do_in_lab(self, name: str, given: Mapping[str, str] = {}, *, typed: Mapping[str, str] = {}) -> None:
        """Have a command done on the lab; one that has arguments beside those ``given`` is asked for them first, with
        some ``typed`` already."""

    def ask(self, request: Any) -> None:
        """Send a request; what cannot be done is said."""


class View(Screen[None]):
    """One of the screens, ``called`` so in code and ``heading`` by people. ``about``: what is seen, how it is read."""

    called = ""
    heading = ""
    about = ""

    @property
    def dashboard(self) -> DashboardHost:
        """The application."""
        return cast(DashboardHost, self.app)

    @property
    def scene(self) -> Scene:
        """What is shown."""
        return self.dashboard.scene

    def body(self) -> Iterable[Widget]:
        """The widgets between the lines."""
        raise NotImplementedError

    def lists(self) -> Iterable[Selection]:
        """What it shows of the store, which may take several looks."""
        return ()

    def wanted(self, *, held: bool = False) -> StartRun:
        """The run that F5 begins here."""
        return self.dashboard.start_of(held=held)

    def changed(self) -> None:
        """Something of the scene has changed; also called when the screen is opened."""

    def compose(self) -> ComposeResult:
        yield TopLine()
        yield from self.body()
        yield Sentence()
        yield KeyLine()

    composed = False
    """Whether its widgets are there: not while it is being opened."""

    def on_mount(self) -> None:
        self.composed = True
        self.renew()

    def on_screen_resume(self) -> None:
        self.renew()

    def on_resize(self) -> None:
        self.call_after_refresh(self.renew)

    def renew(self) -> None:
        """Show everything as it is now."""
        if self.composed and self.is_mounted:
            self.renew_lines()
            self.changed()

    def renew_lines(self) -> None:
        """The line above and those below."""
        if not self.composed:
            return
        self.query_one(TopLine).show(self.scene, self.dashboard.screens_by_key(), self.called)
        self.query_one(KeyLine).show(self.keys())
        text, bad = self.dashboard.sentence
        line = self.query_one(Sentence)
        line.update(text)
        line.set_class(bad, "problem")

    @property
    def _attached(self) -> bool:
        """Whether what is shown is steered, and is no lab of this dashboard."""
        return self.scene.source.writable and not self.scene.source.plays

    def keys(self) -> list[tuple[str, str, str]]:
        """The keys of the screen and of the application that are worth a place in the last line, help at its end."""
        found: list[tuple[str, str, str]] = []
        for owner, space in ((self, "screen"), (self.app, "app")):
            for binding in owner._bindings.key_to_bindings.values():
                found += [
                    (self.app.get_key_display(one), one.description, f"{space}.{one.action}")
                    for one in binding
                    if one.show
                    and not (one.action in PLAYING and self._attached)
                    and all(one.description != what for _, what, _ in found)
                ]
        return sorted(found, key=lambda one: one[1] == "Help")
