"""Where the command ``pnc`` begins and ends. Nothing that takes time is imported before a signal can be answered."""

from __future__ import annotations

import contextlib
import gc
import os

from pncsim.simulator.terminated import Terminated, raise_at_sigterm

COLLECTOR = (200_000, 20, 10)
"""Thresholds of Python's cycle collector: with the usual 700 it takes a tenth of a run looking at what stays anyway."""


def main() -> None:
    """Import and run the command line; Ctrl-C (130) and SIGTERM (143) during the imports end like any other."""
    try:
        raise_at_sigterm()
        gc.set_threshold(*COLLECTOR)
        from pncsim.simulator.commands.main import main as command

        command()
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except Terminated:
        with contextlib.suppress(OSError):  # whoever read that may have gone
            os.write(2, b"terminated\n")
        raise SystemExit(143) from None
    finally:
        # The process is over: the interpreter need not look for cycles in all that goes with it (a quarter of a run).
        gc.freeze()
