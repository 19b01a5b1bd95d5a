"""A dashboard without a terminal: what it shows as text, and what a person types.

Textual's pilot waits after each key until the process has done next to nothing for a while, twice 20 ms at least, and
up to a second where anything else is at work. Here it waits until everything that was asked of widgets is done.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import textual.app
import textual.pilot
from textual.pilot import Pilot
from textual.worker import WorkerState

from pncsim.simulator.dashboard.app import Dashboard
from pncsim.simulator.dashboard.scene import ReportSource

SIZES = [(80, 24), (120, 40), (160, 50)]
NOW = 1_767_225_600.0
"""The machine's time."""
DRAWN = 5
"""Times a screen is drawn anew meanwhile: what blinks would be drawn for ever."""
QUIET = 10
"""Turns of the loop in a row at which no widget has anything left to do."""


class Seen:
    """One dashboard, driven by hand: nothing moves but by :meth:`press` and :meth:`tick`."""

    def __init__(self, app: Dashboard, pilot: Pilot[Any]) -> None:
        self.app, self.pilot = app, pilot

    async def tick(self) -> None:
        """Let it look at what was reported, all of it, and draw."""
        self.app.tick()
        while self.app.scene.waiting:
            self.app.tick()
        await self.pilot.pause()
        self.app.tick()
        await self.pilot.pause()
        await until_quiet(self.pilot)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.tick()

    async def type(self, text: str) -> None:
        await self.press(*("space" if letter == " " else letter for letter in text))

    @property
    def text(self) -> str:
        """What stands on the screen, without the blanks at the ends of lines."""
        width, height = self.app.size
        lines = self.app.screen._compositor.render_strips()
        assert len(lines) == height
        shown = ["".join(segment.text for segment in strip)[:width].rstrip() for strip in lines]
        return "\n".join(shown) + "\n"

    @property
    def last(self) -> str:
        """The sentence at the foot."""
        return self.app.sentence[0]


@asynccontextmanager
async def dashboard(
    source: ReportSource,
    size: tuple[int, int] = (120, 40),
    *,
    kept: Path | None = None,
    lab: Path | None = None,
    evidence: Path | None = None,
) -> AsyncIterator[Seen]:
    """A dashboard of this size over a source."""
    app = Dashboard(source, kept=kept, lab=lab, evidence=evidence, ticking=False)
    app.share, app.machine_time = 10.0, lambda: NOW

    async def settled(min_sleep: float = 0.0, max_sleep: float = 0.0) -> None:
        await until_quiet(Pilot(app))

    # Where the pilot waits, and where the application itself does between two keys of one's.
    waits = patch.object(textual.app, "wait_for_idle", settled), patch.object(textual.pilot, "wait_for_idle", settled)
    try:
        with waits[0], waits[1]:
            async with app.run_test(size=size) as pilot:
                seen = Seen(app, pilot)
                await seen.tick()
                yield seen
    finally:
        app.scene.close()


async def until_quiet(pilot: Pilot[Any]) -> None:
    """Return once no widget has anything left to do, and no work goes on in another thread."""
    app, quiet, drawn = pilot.app, 0, 0
    while quiet < QUIET:
        await asyncio.sleep(0)
        for worker in tuple(app.workers):
            if worker.state in (WorkerState.PENDING, WorkerState.RUNNING):
                await worker.wait()
        screen = app.screen
        changed = screen._layout_required or screen._scroll_required or screen._repaint_required
        drawing = screen.is_current and bool(changed or screen._dirty_widgets or screen._callbacks)
        held = app._batch_count > 0 and not app._exit  # nothing is drawn until a change of many parts is whole
        if drawing and drawn < DRAWN and not held:
            screen._on_timer_update()  # it would be called sixty times a second
            drawn += 1
        pumps = [app, *screen.walk_children(with_self=True)]
        busy = any(pump._next_callbacks or pump._message_queue.qsize() for pump in pumps if pump.is_running)
        quiet = 0 if busy or held or (drawing and drawn < DRAWN) else quiet + 1
