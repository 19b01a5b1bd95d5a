"""SDP and TCP of one EVSE: open while a vehicle may come, closed until the next plug when none has set up a session."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from pncsim.wire.clock import Clock, Timer
from pncsim.wire.errors import LocalError, PncError
from pncsim.wire.network import Handlers, Network, Security, Serving
from pncsim.wire.pilot import Pilot
from pncsim.wire.tcp import address_text
from pncsim.wire.voice import Voice


class Listeners:
    """Serves ``handlers()`` on ``network``, asked whenever it opens, and matches the pilot's data link while it does.

    A vehicle has ``setup_seconds`` from plug-in to set up a session. ``set_up_by`` is the lab time by which it is to,
    None while that is not being waited for (V2G2-714 to -716, -723).
    """

    def __init__(
        self,
        network: Network | None,
        handlers: Callable[[], Handlers],
        pilot: Pilot,
        clock: Clock,
        voice: Voice,
        *,
        setup_seconds: float,
    ) -> None:
        self.serving: Serving | None = None
        self.set_up_by: float | None = None
        self._network, self._handlers, self._pilot = network, handlers, pilot
        self._clock, self._voice, self._setup_seconds = clock, voice, setup_seconds
        self._alarm: Timer | None = None
        self._opening: asyncio.Task[None] | None = None
        self._withdrawn: list[Serving] = []

    @property
    def where(self) -> list[str]:
        """Where vehicles are waited for: address, port and kind of connection."""
        return [
            f"{address_text(a.host, a.port)} {'(TLS)' if a.security is Security.TLS else '(plain)'}"
            for a in (self.serving.addresses.values() if self.serving is not None else ())
        ]

    async def open(self) -> None:
        """Listen. Raises LocalError where that cannot be."""
        if self._network is None:
            raise LocalError("The EVSE has no link.", advice="Give its plan a network.")
        self.serving = await self._network.serve(self._handlers(), self._voice)
        self._pilot.match(True)

    def wake(self, too_late: Callable[[], None]) -> None:
        """Listen for the vehicle that has just been plugged in; ``too_late()`` is called when its 18 s are over."""
        if self._network is None:
            return
        self.expect_within_setup_time(too_late)
        if self.serving is None and self._opening is None:
            self._opening = asyncio.create_task(self._open_for_vehicle())

    async def _open_for_vehicle(self) -> None:
        try:
            await self.open()
        except PncError as error:
            self._voice.problem(error)
        finally:
            self._opening = None
        if not self._pilot.plugged:
            self.withdraw()

    def expect_within_setup_time(self, too_late: Callable[[], None]) -> None:
        """Begin the 18 s anew."""
        self.expect_nothing()
        self.set_up_by = self._clock.now() + self._setup_seconds
        self._alarm = self._clock.call_at(self.set_up_by, too_late)

    def expect_nothing(self) -> None:
        """The 18 s do not matter any more."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = self.set_up_by = None

    def withdraw(self) -> None:
        """Answer no SDP and take no connection until woken; what is connected goes on."""
        self.expect_nothing()
        if self.serving is not None:
            self._pilot.match(False)
            self.serving.withdraw()
            self._withdrawn.append(self.serving)
            self.serving = None

    def forget_withdrawn(self) -> None:
        """Nobody is connected: nothing is left to be closed of what was withdrawn."""
        self._withdrawn.clear()

    async def close(self) -> None:
        """Withdraw, and cancel what is still connected."""
        self.expect_nothing()
        if self._opening is not None:
            self._opening.cancel()
            await asyncio.gather(self._opening, return_exceptions=True)
        if self.serving is not None:
            self._withdrawn.append(self.serving)
            self.serving = None
        for serving in self._withdrawn:
            await serving.close()
        self._withdrawn.clear()
