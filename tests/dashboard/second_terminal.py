"""Another terminal: ``pnc`` with somebody else's device in it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from pncsim.wire.network.loopback import loopback_host


@contextmanager
def second_terminal(*words: str) -> Iterator[subprocess.Popen[str]]:
    """``pnc`` with these words, as in another window."""
    command, environment = (sys.executable, "-m", "pncsim", *words), os.environ | {"PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def said(process: subprocess.Popen[str], words: str) -> None:
    """Read what it says until these words have come."""
    assert process.stdout is not None
    for line in process.stdout:
        if words in line:
            return
    raise AssertionError(f"it ended without saying {words!r}")


def free_port() -> str:
    """A port for SDP that nobody has."""
    family = socket.AF_INET6 if ":" in loopback_host() else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.bind((loopback_host(), 0))
        return str(probe.getsockname()[1])
