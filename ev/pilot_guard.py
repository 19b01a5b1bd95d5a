"""What a vehicle does where the station takes its offer back on the control pilot: states E and F end the session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pncsim.wire.errors import PeerError
from pncsim.wire.pilot import Pilot, PilotState

if TYPE_CHECKING:
    from pncsim.ev.engine import EvccEngine
    from pncsim.wire.clock import Clock, Timer
    from pncsim.wire.session.driver import Driver

STEADY_FOR = 0.1
"""Seconds a state has to last before it counts: a wire may show another one for a moment."""

_FAULTS = frozenset({PilotState.E, PilotState.F})


class PilotGuard:
    """Watches ``pilot`` while ``driver`` runs a session; :meth:`leave` ends that."""

    def __init__(self, pilot: Pilot, driver: Driver[EvccEngine], clock: Clock) -> None:
        self._pilot, self._driver, self._clock = pilot, driver, clock
        self._timer: Timer | None = None
        pilot.subscribe(self._changed)

    def leave(self) -> None:
        """The session is over."""
        self._pilot.unsubscribe(self._changed)
        self._forget()

    def _forget(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _changed(self, before: PilotState, now: PilotState) -> None:
        if now not in _FAULTS:
            self._forget()
        elif self._timer is None:
            self._timer = self._clock.call_at(self._clock.now() + STEADY_FOR, self._count)

    def _count(self) -> None:
        self._timer = None
        state = self._pilot.state
        error = PeerError(
            f"The pilot went to state {state}: the station is not available any more.",
            clause="IEC 61851-1, Table A.4",
            advice="Look at why the station has taken its offer back: a fault, an emergency, its power.",
        )
        self._driver.act(self._driver.engine.abort(error, self._clock.now()))
