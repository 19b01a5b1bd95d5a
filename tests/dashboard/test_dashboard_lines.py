"""The line above every screen: where one can go, and how the run stands."""

from __future__ import annotations

import pytest
from screens import SIZES, dashboard
from seen_runs import PlayedBack, recorded

from pncsim.simulator.dashboard.screen_rows import SCREENS


@pytest.mark.parametrize("size", SIZES, ids="{0[0]}x{0[1]}".format)
async def test_the_line_above_names_every_screen_by_its_key_and_how_the_run_stands(size: tuple[int, int]) -> None:
    async with dashboard(PlayedBack(*recorded("passed")), size) as seen:
        line = seen.text.partition("\n")[0]
        keys = [screen.key for screen in SCREENS]
        assert [word for word in line.split() if word in keys] == keys
        assert "+ PASS" in line and line.endswith(" s") and len(line) < size[0], "nothing is cut off"
        assert f" {SCREENS[0].key} {SCREENS[0].heading} " in line
        if size[0] >= 120:
            assert all(f" {screen.key} {screen.heading} " in line for screen in SCREENS)
