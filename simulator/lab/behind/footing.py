"""What everything behind the stations of a lab stands on."""

from __future__ import annotations

from contextlib import AsyncExitStack

from msgspec import Struct

from pncsim.simulator.plan import Plan
from pncsim.simulator.settings import Transport
from pncsim.wire.clock import Clock
from pncsim.wire.gate import Tolerance
from pncsim.wire.source import Source
from pncsim.wire.trace import Trace
from pncsim.wire.voice import Voice


class Footing(Struct, frozen=True, kw_only=True):
    """``plan``: who is there. ``refuses``: the liberties nobody here lets pass. ``sockets``: what is closed at the end,
    the last opened first.
    """

    plan: Plan
    transport: Transport
    clock: Clock
    trace: Trace
    source: Source
    refuses: frozenset[Tolerance]
    sockets: AsyncExitStack

    def voice(self, role: str, unit: str = "") -> Voice:
        """The voice of somebody who refuses what nobody here lets pass."""
        return Voice.on(self.clock, self.trace, role, unit, refuses=self.refuses)
