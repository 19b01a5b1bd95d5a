"""SIGTERM that comes more than once."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from contextlib import suppress

import pytest

from pncsim.simulator.runs.loop import run_on_loop
from pncsim.simulator.terminated import Terminated, came_before, terminable

IMPATIENT = """
import signal
from pncsim.simulator import terminated
terminated.BREATH = 0.0
terminated.raise_at_sigterm()
try:
    signal.raise_signal(signal.SIGTERM)
except terminated.Terminated:
    print("closing", flush=True)
    signal.raise_signal(signal.SIGTERM)
    print("closed")
"""


def test_what_comes_twice_in_a_breath_counts_once() -> None:
    """As timeout(1) sends it: to its child, and to the group of that."""
    with terminable():
        assert not came_before()
        with pytest.raises(Terminated):
            signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
        assert came_before()
    assert not came_before()


def test_a_run_that_passes_over_its_end_is_no_reason_to_go_on() -> None:
    async def main() -> str:
        signal.raise_signal(signal.SIGTERM)
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        return "as if nothing had happened"

    with terminable(), pytest.raises(Terminated):
        run_on_loop("memory", main)


def test_whoever_insists_ends_the_process_at_once() -> None:
    done = subprocess.run([sys.executable, "-c", IMPATIENT], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (-signal.SIGTERM, "closing\n"), done.stderr
