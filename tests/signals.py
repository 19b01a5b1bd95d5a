"""Ctrl-C for processes that tests start."""

from __future__ import annotations

import signal


def hear_ctrl_c() -> None:
    """To be called in the new process: tests that run in the background of a shell inherit an ignored SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
