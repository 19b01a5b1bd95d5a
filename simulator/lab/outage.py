"""A station that loses its CSMS for a while, and comes back to it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab

RETURN = 600.0
"""Seconds a station may take to come back and deliver what it has kept."""


@contextlib.asynccontextmanager
async def outage(lab: Lab, seconds: float) -> AsyncIterator[None]:
    """In the body the first station has no CSMS; at the end the ``seconds`` are over, and it has told what it kept."""
    ends, station = lab.clock.now() + seconds, lab.site.station
    await lab.cut_csms(seconds)
    await station.wait_offline()
    yield
    lab.clock.jump(max(0.0, ends - lab.clock.now()))
    await station.wait_ready(RETURN, patient=True)
    await station.settled(RETURN)
