"""A bundle is seen through the same screens, and they show what the live run showed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from screens import dashboard
from seen_runs import PlayedBack

from pncsim.simulator.dashboard.form import records
from pncsim.simulator.dashboard.recorded import RecordedRun
from pncsim.simulator.dashboard.reports import EventsTold, LabReport, RunBegan, RunEnded
from pncsim.simulator.runs.discovery import find_scenario
from pncsim.simulator.runs.loop import run_on_loop
from pncsim.simulator.runs.run import Run
from pncsim.simulator.settings import RunSettings
from pncsim.wire.errors import LocalError


def kept(folder: Path) -> tuple[list[LabReport], Path]:
    """A disturbed run as it was told live, and its bundle."""

    async def main() -> tuple[list[LabReport], Path]:
        settings = RunSettings(transport="memory", seed="7", evidence=folder, faults=("tampered-bundle",))
        run = Run(find_scenario("install-contract"), settings=settings, kept=100_000)
        began = RunBegan(run=run.trace.run, scenario="install-contract", started=run.clock.now())
        result = await run.done()
        assert result.evidence is not None
        events = run.journal.page(limit=100_000).events
        told = EventsTold(tuple(records(events)), now=events[-1].time)
        return [began, told, RunEnded(result)], result.evidence

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(run_on_loop, "memory", main).result()


KEYS = {
    "live": ["home", "n"],
    "message": ["home", "n", "up", "enter", "down", "down", "down"],
    "signature": ["2", *["left_square_bracket"] * 3, "s"],
    "log": ["9", "home"],
}


@pytest.mark.parametrize("screen", KEYS)
async def test_a_recorded_run_looks_as_the_live_one_did(screen: str, tmp_path: Path) -> None:
    reports, bundle = kept(tmp_path)
    shown = []
    for source in (PlayedBack(*reports), RecordedRun(bundle)):
        async with dashboard(source, (160, 50)) as seen:
            await seen.press(*KEYS[screen])
            # The sentence names where the evidence is, which a bundle knows by itself.
            seen.app.say("")
            await seen.tick()
            shown.append(seen.text)
    assert shown[0] == shown[1]


async def test_a_recorded_run_takes_no_commands(tmp_path: Path) -> None:
    _, bundle = kept(tmp_path)
    async with dashboard(RecordedRun(bundle)) as seen:
        await seen.press("f5")
        assert "This run is recorded: it cannot be changed." in seen.text


def test_what_is_no_bundle_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="is no evidence bundle"):
        RecordedRun(tmp_path)
