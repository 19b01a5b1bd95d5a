"""A dashboard without a terminal: what it shows as text, and what a person types."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from pncsim.simulator.dashboard.app import Dashboard
from pncsim.simulator.dashboard.scene import ReportSource

SIZES = [(80, 24), (120, 40), (160, 50)]


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
    app.share = 10.0
    try:
        async with app.run_test(size=size) as pilot:
            seen = Seen(app, pilot)
            await seen.tick()
            yield seen
    finally:
        app.scene.close()
