"""What a process is to the dashboards that attach to it."""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from pncsim.simulator.runs.journal import Journal
from pncsim.wire.clock import Clock

LINE = "PNC_DASHBOARD_LINE"
"""The environment variable that tells a process the number of the socket its dashboard has left open for it."""


def terminate() -> None:
    """End this process in order, as SIGTERM from outside would."""
    signal.raise_signal(signal.SIGTERM)


class Handle(Struct, eq=False):
    """What can be taken hold of: ``on`` is the station, the vehicle or the services, None while there is none."""

    on: Any = None


class Attachable(Struct, frozen=True, kw_only=True):
    """How dashboards come to a process called ``kind`` ("secc", "ev", "serve-pools").

    ``folder``: where its socket is to be, None for nowhere; ``line``: the number of an open socket, at whose other end
    is the dashboard that the process belongs to. ``handle`` is filled in by whoever runs.
    """

    kind: str
    folder: Path | None = None
    line: int | None = None
    handle: Handle = field(default_factory=Handle)


class WatchedSide(Struct, kw_only=True, eq=False):
    """A process called ``kind``, and what of it a dashboard is told and may do.

    ``options``: what it was told, secrets left out. ``journal`` keeps its events, by its ``clock``, since ``started``.
    ``handle``: what commands are done to. ``end`` ends it in order.
    """

    kind: str
    options: Mapping[str, Any]
    clock: Clock
    started: float
    handle: Handle
    journal: Journal
    end: Callable[[], object] = terminate

    @property
    def command(self) -> str:
        """What was typed to start it: "pnc serve pools"."""
        return f"pnc {self.kind.replace('-', ' ')}"
