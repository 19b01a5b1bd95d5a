"""The application: one scene, screens by number keys, and ten times a second a look at what the lab has reported."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from textual import events
from textual.app import App
from textual.binding import Binding
from textual.command import Provider
from textual.screen import Screen

from pncsim.simulator.dashboard.history import NAME as RESULTS
from pncsim.simulator.dashboard.history import History, outcome_of_run
from pncsim.simulator.dashboard.kept import Layout, remember, remembered
from pncsim.simulator.dashboard.reports import DoInLab, HoldRun, RequestDone, StartRun, StepRun, StopRun
from pncsim.simulator.dashboard.scene import ReportSource, Scene
from pncsim.simulator.dashboard.screen_rows import SCREENS
from pncsim.simulator.dashboard.screens.view import View
from pncsim.simulator.dashboard.themes import THEMES
from pncsim.wire.errors import LocalError
from pncsim.wire.values import replace

EVERY = 0.1
"""Seconds between two looks at what was reported."""
SHARE = 0.02
"""Seconds of each that may be spent on taking it: the rest is for whoever types."""
SMALLEST = 80, 24
AGAIN = 10.0
"""Seconds in which a second F8 means the first one, too: breaking off."""
WELCOME = "First time here? F5 runs a scenario, ? explains the screen, ctrl+p finds all."
ATTACHED = "? explains this screen, ctrl+p finds what can be asked, F8 stops charging."
ELSEWHERE = "This runs elsewhere and is looked at only: `pnc dashboard` runs scenarios."


def _key_commands() -> type[Provider]:
    from pncsim.simulator.dashboard.palette import KeyCommands

    return KeyCommands


class Dashboard(App[int]):
    """``source``: where reports come from. ``kept``: the file the layout is kept in, None for nowhere. ``lab``: a lab
    file for every run. ``ticking``: False where somebody else calls :meth:`tick`.
    """

    TITLE = "pncsim"
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+p"
    COMMANDS = App.COMMANDS | {_key_commands}
    BINDINGS: ClassVar[list[Any]] = [
        Binding("f5", "run", "Run", id="run", priority=True, tooltip="Run the scenario that is chosen"),
        Binding(
            "f8,shift+f5", "stop", "Stop", id="stop", priority=True, tooltip="Let the vehicle stop, and end the run"
        ),
        Binding("f6", "step", "Step", id="step", priority=True, tooltip="Let one more V2G message pass, and hold"),
        Binding("f7", "hold", "Hold", id="hold", priority=True, tooltip="Hold the run, or let it go on"),
        Binding(
            "e", "export", "Evidence", id="export", show=False, tooltip="Pack the evidence of the run into one file"
        ),
        Binding(
            *("ctrl+s", "picture", "Picture"),
            id="picture",
            show=False,
            priority=True,
            tooltip="Keep the screen as a picture, SVG",
        ),
        Binding("t", "theme", "Theme", id="theme", show=False, tooltip="Dark or light"),
        Binding("question_mark,f1", "help", "Help", id="help", key_display="?"),
        Binding("q", "leave", "Quit", id="quit"),
        Binding("ctrl+c", "interrupt", "Stop or quit", id="interrupt", show=False, priority=True),
        *(Binding(one.key, f"go('{one.called}')", one.heading, id=f"go.{one.called}", show=False) for one in SCREENS),
    ]
    CSS = """
    Screen { background: $background; color: $foreground; }
    Input > .input--placeholder { color: $text-muted; }
    """

    def __init__(
        self,
        source: ReportSource,
        *,
        kept: Path | None = None,
        lab: Path | None = None,
        evidence: Path | None = None,
        folder: str | None = None,
        ticking: bool = True,
    ) -> None:
        super().__init__()
        self.scene = Scene(source, folder=folder)
        self.layout_kept = remembered(kept) if kept is not None else Layout()
        self.history, self.machine_time = History(kept.with_name(RESULTS) if kept is not None else None), time.time
        self.picked: int | None = None
        self.share = SHARE
        self._kept, self._lab, self.evidence = kept, lab, evidence
        self._ticking = ticking
        self._served_by: int | None = None
        self._too_small = False
        self._again = False
        self._stopping = False
        self._asked, self._noted = -AGAIN, 0
        self._queue: list[StartRun] = []
        self._typed: dict[str, dict[str, str]] = {}
        hint = WELCOME if source.plays or not source.writable else ATTACHED
        self.sentence: tuple[str, bool] = (hint if "welcome" not in self.layout_kept.seen else "", False)
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = self.layout_kept.theme if self.layout_kept.theme in self.available_themes else "pnc-dark"

    # Screens

    def screens_by_key(self) -> list[tuple[str, str, str]]:
        """Key, name and title of every screen."""
        return [(one.key, one.called, one.heading) for one in SCREENS]

    MODES = {one.called: one.make for one in SCREENS}
    DEFAULT_MODE = "live"

    def get_default_screen(self) -> Screen[Any]:
        return Screen(id="_default")

    def on_mount(self) -> None:
        first = self.layout_kept.screen
        if first != self.DEFAULT_MODE and first in self.MODES:
            self.switch_mode(first)
        if self.is_web:
            self._served_by = os.getppid()
        if self._ticking:
            self.set_interval(EVERY, self.tick)
            self.call_after_refresh(self.scene.source.start)

    def action_go(self, name: str) -> None:
        """Open a screen."""
        if name in self.MODES and name != self.current_mode:
            self.layout_kept.screen = name
            self.sentence = "", False
            self.switch_mode(name)

    @property
    def view(self) -> View | None:
        """The screen that is open, whatever stands upon it."""
        return next((one for one in self.screen_stack if isinstance(one, View)), None)

    # What comes

    def tick(self) -> None:
        """Take what was reported, and show it."""
        before = self.scene.result
        try:
            new = self.scene.take(self.share)
        except LocalError as error:
            self.say(str(error), bad=True)
            new = True
        self._note_runs()
        if self.scene.result is not before:
            self._over()
        if self._served_by not in (None, os.getppid()):
            self.leave()  # nobody shows this any more
        view = self.view
        if view is not None and view.composed and (new or self._busy(view)):
            view.renew()
        if self._stopping and not self.scene.running:
            self.leave()
        elif self._ticking and self.scene.waiting and not self._again:
            # Behind whoever has typed meanwhile.
            self._again = True
            self.call_later(self._tick_again)

    def _tick_again(self) -> None:
        self._again = False
        self.tick()

    def _note_runs(self) -> None:
        """Keep what came of runs that have ended; of one elsewhere its own evidence tells."""
        scene = self.scene
        new, self._noted = scene.ended - self._noted, scene.ended
        if scene.source.plays and new:
            for past in scene.runs[-new:]:
                if trouble := self.history.add(outcome_of_run(past.began, past.result, self.machine_time())):
                    self.say(trouble, bad=True)

    def _over(self) -> None:
        """A run has ended, or another one has begun."""
        result = self.scene.result
        self._asked = -AGAIN
        if result is not None and self._queue:
            self.play(self._queue.pop(0))
        elif result is not None:
            kept = f" Evidence: {result.evidence} (e packs it)." if result.evidence is not None else ""
            self.say(f"Enter opens a message, n finds the next problem.{kept}")

    def _busy(self, view: View) -> bool:
        """Whether a view has not looked at everything yet."""
        return any(selection.behind for selection in view.lists())

    def say(self, text: str, *, bad: bool = False) -> None:
        """The sentence at the foot of the screen."""
        self.sentence = text, bad
        if (view := self.view) is not None and view.is_mounted:
            view.renew_lines()

    def answered(self, answer: RequestDone) -> None:
        """What came of a request."""
        if answer.error:
            self.say(answer.error, bad=True)
        elif isinstance(answer.brought, str) and answer.brought:
            self.say(answer.brought)

    def pick(self, place: int) -> None:
        """Choose the event that all screens speak of."""
        self.picked = place

    # Runs

    def start_of(self, *, held: bool = False) -> StartRun:
        """The run that is chosen."""
        kept = self.layout_kept
        return StartRun(
            scenario=kept.scenario,
            options=kept.options.get(kept.scenario, {}),
            faults=tuple(kept.faults),
            transport="loopback" if kept.transport == "loopback" else "memory",
            lab=str(self._lab) if self._lab is not None else None,
            evidence=str(self.evidence) if self.evidence is not None and kept.evidence else None,
            vehicle_profile=kept.car,
            held=held,
        )

    def _wanted(self, *, held: bool = False) -> StartRun:
        """The run that is chosen on the screen that is open."""
        view = self.view
        return self.start_of(held=held) if view is None else view.wanted(held=held)

    def action_run(self) -> None:
        self.play(self._wanted())

    def play(self, start: StartRun) -> None:
        """Run what is asked for."""
        if self.scene.source.writable and not self.scene.source.plays:
            self.say(ELSEWHERE, bad=True)
            return
        if self.scene.running:
            self.say("A run is going on: F8 stops it.", bad=True)
            return
        if "welcome" not in self.layout_kept.seen:
            self.layout_kept.seen.append("welcome")
        self.picked = None
        self.say(f"{start.scenario} runs." if not start.held else f"{start.scenario} stands: F6 lets a message pass.")
        self.ask(start)

    def play_all(self, scenarios: list[str]) -> None:
        """Run these one after the other, with the faults and on the transport that are chosen."""
        options = self.layout_kept.options
        starts = [replace(self.start_of(), scenario=name, options=options.get(name, {})) for name in scenarios]
        if starts and not self.scene.running:
            self._queue = starts[1:]
            self.play(starts[0])

    def ask(self, request: Any) -> None:
        """Send a request; what cannot be done is said."""
        try:
            self.scene.ask(request, self.answered)
        except LocalError as error:
            self.say(str(error), bad=True)

    def do_in_lab(self, name: str, given: Mapping[str, str] = {}, *, typed: Mapping[str, str] = {}) -> None:
        """Have a command done on the lab; one that has arguments beside those ``given`` is asked for them first, with
        some ``typed`` already."""
        hello = self.scene.hello
        fields = hello.fields.get(name, ()) if hello is not None else ()
        fields = tuple(one for one in fields if one.name not in given)
        if hello is None or not fields:
            self.ask(DoInLab(name, dict(given)))
            return
        from pncsim.simulator.dashboard.screens.lab_command import LabCommandScreen

        def do(now: dict[str, str]) -> None:
            self._typed[name] = {one.name: now[one.name] for one in fields if one.name in now and not one.secret}
            self.ask(DoInLab(name, {**given, **now}))

        before = {**self._typed.get(name, {}), **typed}
        self.push_screen(LabCommandScreen(hello.commands[name], fields, before, do))

    def action_stop(self) -> None:
        if self.scene.running:
            again = time.monotonic() - self._asked < AGAIN
            self.say("" if again else "The stations ask their vehicles to stop; F8 again breaks the run off.")
            self._queue.clear()
            self.ask(StopRun(now=again))
            self._asked = time.monotonic()
        else:
            self.say("No run is going on.")

    def action_hold(self) -> None:
        if self.scene.running:
            self.ask(HoldRun(not self.scene.held))
        else:
            self.play(self._wanted(held=True))

    def action_step(self) -> None:
        if self.scene.running:
            if not self.scene.held:
                self.ask(HoldRun(True))
            self.ask(StepRun())
        else:
            self.play(self._wanted(held=True))

    # What is taken away

    @property
    def _taken_to(self) -> Path:
        """The folder for it: where the evidence goes, else where the dashboard was started."""
        return self.evidence if self.evidence is not None else Path.cwd()

    def copy(self, text: str, what: str) -> None:
        """Put a text on the clipboard, by way of the terminal (OSC 52)."""
        self.copy_to_clipboard(text)
        self.say(f"Copied: {what}, {len(text)} characters. If it is not there, the terminal takes no copies (OSC 52).")

    def action_export(self) -> None:
        from pncsim.simulator.dashboard.handing_over import packed

        result = self.scene.result
        if result is None or result.evidence is None:
            self.say(
                "There is no evidence before a run has ended: F8 stops it."
                if self.scene.running
                else "There is no evidence: run a scenario (F5), in a dashboard without --no-evidence."
            )
            return
        bundle, into = result.evidence, self._taken_to
        self.say(f"The evidence in {bundle} is being packed.")

        def pack() -> None:
            try:
                said, bad = f"{packed(bundle, into)} holds the evidence, the keys of its TLS sessions included.", False
            except LocalError as error:
                said, bad = str(error), True
            self.call_from_thread(self.say, said, bad=bad)

        self.run_worker(pack, thread=True, exclusive=True, group="export")

    def action_picture(self) -> None:
        from pncsim.simulator.dashboard.handing_over import pictured

        view = self.view
        name = view.called if view is not None else "screen"
        try:
            place = pictured(self.export_screenshot(title="pncsim"), self._taken_to, f"dashboard-{name}")
            self.say(f"{place} shows this screen.")
        except LocalError as error:
            self.say(str(error), bad=True)

    # Leaving

    @property
    def _leaves_a_run(self) -> bool:
        """Whether a run goes on that nobody would see any more, and has not been asked to end."""
        return self.scene.running and self.scene.source.plays and not self._stopping

    def action_interrupt(self) -> None:
        """Ctrl-C: a session is ended as a driver would, and what is on goes with it."""
        if self._leaves_a_run:
            self._stopping = True
            self.say("The vehicle stops, then this ends; Ctrl-C again ends it at once.")
            self.ask(StopRun())
        else:
            self.leave()

    def action_leave(self) -> None:
        if self._leaves_a_run:
            self._stopping = True
            self.say("A run is going on: the vehicle stops first. q again leaves at once.")
            self.ask(StopRun())
        else:
            self.leave()

    def leave(self) -> None:
        """End, with the layout kept."""
        self.layout_kept.theme = self.theme
        if self._kept is not None:
            remember(self._kept, self.layout_kept)
        self.exit(0)

    def action_theme(self) -> None:
        self.theme = "pnc-light" if self.theme == "pnc-dark" else "pnc-dark"
        if (view := self.view) is not None:
            view.call_after_refresh(view.renew)

    def action_help(self) -> None:
        from pncsim.simulator.dashboard.screens.help import HelpScreen

        view = self.view
        if view is not None and not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(view))

    def on_resize(self, event: events.Resize) -> None:
        wide, high = SMALLEST
        if event.size.width < wide or event.size.height < high:
            size = f"{event.size.width}x{event.size.height}"
            self.say(f"This terminal is too small: {size}, and {wide}x{high} are needed.", bad=True)
            self._too_small = True
        elif self._too_small:
            self.say("")
            self._too_small = False


def open_dashboard(source: ReportSource, *, lab: Path | None = None, evidence: Path | None = None) -> int:
    """Show the dashboard on this terminal; the exit code."""
    from pncsim.simulator.dashboard.kept import place

    app = Dashboard(source, kept=place(os.environ), lab=lab, evidence=evidence)
    try:
        return app.run() or 0
    finally:
        app.scene.close()
