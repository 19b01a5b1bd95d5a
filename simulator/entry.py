"""Where the command ``pnc`` begins and ends. Nothing is imported before an interrupt can be answered."""

from __future__ import annotations

import gc

COLLECTOR = (200_000, 20, 10)
"""Thresholds of Python's cycle collector: with the usual 700 it takes a tenth of a run looking at what stays anyway."""


def main() -> None:
    """Import and run the command line; Ctrl-C during the imports ends like any other (130)."""
    gc.set_threshold(*COLLECTOR)
    try:
        from pncsim.simulator.commands.main import main as command

        command()
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    finally:
        # The process is over: the interpreter need not look for cycles in all that goes with it (a quarter of a run).
        gc.freeze()
