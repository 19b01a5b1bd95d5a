"""The control pilot of one EVSE (IEC 61851-1, Annex A): what both ends see of plug, readiness and duty cycle.

The vehicle's end switches between A (nobody plugged in), B, C (ready for energy) and D (ready, wants ventilation); the
station's end sets the duty cycle, or E (no supply) and F (not available), which hide what the vehicle signals. High
level communication (ISO 15118) runs over the same wire: :meth:`Pilot.matched` tells when the data link stands, as
after SLAC (ISO 15118-3).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import StrEnum

DIGITAL = 5.0
"""Percent duty cycle that says: digital communication is required (IEC 61851-1, Table A.8)."""

STEADY = 100.0
"""Percent: no oscillation, +12 V."""


class PilotState(StrEnum):
    """The states of IEC 61851-1, Table A.4."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"
    E = "E"
    F = "F"


PLUGGED = frozenset({PilotState.B, PilotState.C, PilotState.D})
READY = frozenset({PilotState.C, PilotState.D})

Watcher = Callable[[PilotState, PilotState], object]
"""Hears of each change: the state before and the one now, which are the same where only the duty cycle changed."""


def amperes(duty: float) -> float | None:
    """Current a duty cycle (percent) offers without digital communication, in A per phase; None where it offers none.

    IEC 61851-1, Table A.8: below 8 % and above 97 % charging is not allowed without digital communication.
    """
    if not 8 <= duty <= 97:
        return None
    if duty < 10:
        return 6.0
    return duty * 0.6 if duty <= 85 else min((duty - 64) * 2.5, 80.0)


def duty_for(current: float) -> float:
    """Duty cycle (percent) that offers ``current`` A per phase; :data:`STEADY` below the 6 A that can be offered."""
    if current < 6:
        return STEADY
    return current / 0.6 if current <= 51 else min(current / 2.5 + 64, 97.0)


class Pilot:
    """One control pilot wire. Changing it calls every subscriber at once, in the order they subscribed."""

    __slots__ = ("_fault", "_link", "_vehicle", "_watchers", "connector", "duty")

    def __init__(self) -> None:
        self.duty = STEADY
        self.connector = 0
        """The connector that is plugged in, 0 for none."""
        self._vehicle = PilotState.A
        self._fault: PilotState | None = None
        self._watchers: list[Watcher] = []
        self._link: asyncio.Event | None = None

    @property
    def state(self) -> PilotState:
        """What is on the wire."""
        return self._fault or self._vehicle

    @property
    def plugged(self) -> bool:
        """A vehicle is connected, whatever the station signals."""
        return self._vehicle is not PilotState.A

    @property
    def ready(self) -> bool:
        """The vehicle asks for energy: state C or D."""
        return self.state in READY

    def subscribe(self, watcher: Watcher) -> None:
        """Let ``watcher`` hear of every change from now on."""
        self._watchers.append(watcher)

    def unsubscribe(self, watcher: Watcher) -> None:
        """Let it hear no more."""
        self._watchers.remove(watcher)

    # The vehicle's end

    def connect(self, connector: int = 1) -> None:
        """Plug in: A becomes B. Nothing happens where something is plugged in already."""
        if not self.plugged:
            self.connector = connector
            self._switch(PilotState.B)

    def signal_ready(self, *, ventilation: bool = False) -> None:
        """Close the vehicle's switch: C, or D with ``ventilation``. Nothing happens while unplugged."""
        if self.plugged:
            self._switch(PilotState.D if ventilation else PilotState.C)

    def signal_not_ready(self) -> None:
        """Open the vehicle's switch: B."""
        if self.plugged:
            self._switch(PilotState.B)

    def toggle(self) -> None:
        """Wake a sleeping station: B, C, B (ISO 15118-3, BCB toggle)."""
        self.signal_ready()
        self.signal_not_ready()

    def disconnect(self) -> None:
        """Unplug: A."""
        if self.plugged:
            self._switch(PilotState.A)
            self.connector = 0

    async def matched(self) -> None:
        """Wait until the data link stands; who sets limits does so around this."""
        if self._link is None:
            self._link = asyncio.Event()
        await self._link.wait()

    # The station's end

    def offer(self, duty: float) -> None:
        """Set the duty cycle in percent; :data:`STEADY` for none."""
        if not 0 <= duty <= 100:
            raise ValueError(f"a duty cycle is 0 to 100 %, not {duty}")
        if duty != self.duty:
            self.duty = duty
            state = self.state
            self._tell(state, state)

    def match(self, up: bool) -> None:
        """The data link stands, or no longer does."""
        if self._link is None:
            self._link = asyncio.Event()
        if up:
            self._link.set()
        else:
            self._link.clear()

    def fail(self, state: PilotState) -> None:
        """Signal E or F, whatever the vehicle does."""
        if state not in (PilotState.E, PilotState.F):
            raise ValueError(f"a station signals E or F, not {state}")
        before = self.state
        self._fault = state
        if state is not before:
            self._tell(before, state)

    def clear(self) -> None:
        """Signal E or F no longer."""
        before = self.state
        self._fault = None
        if self._vehicle is not before:
            self._tell(before, self._vehicle)

    def _switch(self, state: PilotState) -> None:
        before, self._vehicle = self._vehicle, state
        if self._fault is None and state is not before:
            self._tell(before, state)

    def _tell(self, before: PilotState, now: PilotState) -> None:
        for watcher in tuple(self._watchers):
            watcher(before, now)
