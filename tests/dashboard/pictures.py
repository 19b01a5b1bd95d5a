"""``make pictures``: the screens of the README, from recorded runs, as SVG files in docs/images."""

from __future__ import annotations

import asyncio
from pathlib import Path

from screens import dashboard
from seen_runs import PlayedBack, recorded

from pncsim.simulator.dashboard.handing_over import pictured

IMAGES = Path(__file__).parents[2] / "docs" / "images"
SIZE = (116, 34)
PICTURES = {
    "live": ("refused", ("home", "n")),
    "message": ("refused", ("home", "n", "up", "enter", "s", *["down"] * 6)),
    "power": ("charged", ("6", "home", *["n"] * 5)),
}
"""By name: the recorded run, and the keys that lead to the screen."""


async def draw(name: str) -> Path:
    """The picture of that name, drawn anew; where it is."""
    run, keys = PICTURES[name]
    async with dashboard(PlayedBack(*recorded(run)), SIZE) as seen:
        await seen.press(*keys)
        place = IMAGES / f"dashboard-{name}.svg"
        place.unlink(missing_ok=True)
        place = pictured(seen.app.export_screenshot(title="pncsim", simplify=True), IMAGES, place.stem)
    place.chmod(0o644)
    return place


def main() -> None:
    """Draw all of them, and say where they are."""
    for name in PICTURES:
        print(asyncio.run(draw(name)))


if __name__ == "__main__":
    main()
