"""What a driver can do while the vehicle is in a session, and is asked: stop, pause, leave at once, have a contract."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from pncsim.wire.errors import LocalError

if TYPE_CHECKING:
    from pncsim.ev.contracts import Contract
    from pncsim.ev.engine import EvccEngine
    from pncsim.wire.clock import Clock
    from pncsim.wire.session.driver import Driver

LEFT_AT_ONCE = "The driver has ended the session at once."


class Wheel:
    """Of one vehicle, for :func:`ev.shell.charge`; what is done with it outside a session has no effect.

    ``asked(contract)`` is awaited before a contract that has arrived and is good is kept: whether the driver wants it.
    The station waits meanwhile, 60 s at most (V2G2-443).
    """

    def __init__(self, asked: Callable[[Contract], Awaitable[bool]] | None = None) -> None:
        self._asked = asked
        self._driver: Driver[EvccEngine] | None = None
        self._clock: Clock | None = None

    @property
    def engine(self) -> EvccEngine | None:
        """The session that goes on, if one does."""
        return None if self._driver is None else self._driver.engine

    def take(self, driver: Driver[EvccEngine] | None, clock: Clock) -> None:
        """A session begins, or (None) is over."""
        self._driver, self._clock = driver, clock

    def stop(self, *, pause: bool = False) -> bool:
        """Charge no more, or with ``pause`` later again; False where there is no session."""
        if self._driver is None or self._clock is None:
            return False
        self._driver.act(self._driver.engine.request_stop(self._clock.now(), pause=pause))
        self._driver.hurry()
        return True

    def hurry(self) -> None:
        """Let the vehicle go on at once where it lets time pass."""
        if self._driver is not None:
            self._driver.hurry()

    def leave(self) -> bool:
        """End the session at once, without a word to the station: energy stops with the vehicle's switch."""
        if self._driver is None or self._clock is None:
            return False
        self._driver.act(self._driver.engine.abort(LocalError(LEFT_AT_ONCE), self._clock.now()))
        return True

    async def lets(self, contract: Contract) -> bool:
        """Whether the driver wants it."""
        return self._asked is None or await self._asked(contract)
