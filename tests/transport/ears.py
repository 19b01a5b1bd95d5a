"""Voices whose events are kept."""

from __future__ import annotations

from dataclasses import dataclass, field

from pncsim.wire.trace import Event, LinkBytes, Trace
from pncsim.wire.voice import Voice


@dataclass
class Ears:
    """One stream of events, at a time that stands still."""

    trace: Trace = field(default_factory=Trace)
    events: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.trace.subscribe(self.events.append)

    def voice(self, role: str = "SECC", unit: str = "") -> Voice:
        """Somebody who is heard."""
        return Voice(role, unit, lambda: 0.0, self.trace.emit, self.trace)

    def octets(self, role: str) -> list[LinkBytes]:
        """What passed, as seen by ``role``."""
        return [event for event in self.events if isinstance(event, LinkBytes) and event.role == role]
