"""The time of services that are elsewhere, and the lab's: apart by little, or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from pncsim.backend.ports import Calls
from pncsim.backend.refusal import Refused
from pncsim.simulator.lab.elsewhere.callers import Callers
from pncsim.wire.clock import Clock
from pncsim.wire.errors import LocalError, PeerError
from pncsim.wire.trace import Trace
from pncsim.wire.voice import Voice

BEHIND = 86_400.0
"""Seconds the services' time may be behind the lab's: their answers about certificates then count for days more."""
AHEAD = 2.0
"""Seconds it may be ahead without a word; certificates are not good before they were made."""
SECOND = 1.0


class TheirTime:
    """What time it is at the services: asked once, and counted from then on."""

    def __init__(self, clock: Clock, trace: Trace, callers: Callers) -> None:
        self._clock, self._callers, self._voice = clock, callers, Voice.on(clock, trace, "LAB")
        self._ahead_of_loop: float | None = None
        self._keeping = asyncio.Lock()

    async def keep(self, most: float = BEHIND) -> None:
        """Follow services that are ahead; have those follow that are more than ``most`` seconds behind, if an
        administrator may.

        Raises PncError: LocalError where they are behind and stay so.
        """
        async with self._keeping:
            if self._ahead_of_loop is None:
                self._ahead_of_loop = await self._asked() - asyncio.get_running_loop().time()
            behind = self._clock.now() - asyncio.get_running_loop().time() - self._ahead_of_loop
            if behind < 0:
                # Whole seconds are told: what begins here must not begin before what was issued there.
                self._clock.jump(SECOND - behind)
            if behind < -AHEAD:
                now = f"{self._clock.utc():%Y-%m-%d %H:%M}"
                self._voice.story(f"The services' time is {now}: the lab's is the same from here on.")
            elif behind > most:
                await self._advance(behind)
                self._ahead_of_loop += behind

    async def may_advance(self) -> bool:
        """Whether their time is a test's: then nobody else depends on what they hold. Raises PncError."""
        try:
            await self._callers.administrator().call("admin", "POST", "/admin/clock/advance", {"seconds": 0})
        except Refused as error:
            if error.http_status != 403:
                raise
            return False
        return True

    async def _asked(self) -> float:
        """Their time, as the list of who may charge has it: who calls for stations may read that."""
        answer = await self._callers.station_operator().call("mo", "GET", "/v1/mo/whitelist")
        try:
            return datetime.fromisoformat(answer["asOf"]).timestamp()
        except (KeyError, TypeError, ValueError) as error:
            raise PeerError(f"The services do not say what time it is there: {error!r}.", kind="malformed") from None

    async def _advance(self, seconds: float) -> None:
        try:
            administrator = self._callers.administrator()
            await administrator.call("admin", "POST", "/admin/clock/advance", {"seconds": seconds})
        except (Refused, LocalError) as error:
            raise LocalError(
                f"The services at {self._callers.where} are {seconds / 86_400:.1f} days behind the lab's time, and "
                f"what they say of certificates would not count: {error.sentence}",
                advice="Start them with --test-controls, or with --clock-offset.",
                kind="elsewhere",
            ) from error


class Timely(Struct, frozen=True):
    """Calls services (:class:`backend.ports.Calls`) once their time is the lab's: what they issue begins then.

    A jump wakes stations, which call before anybody else has looked at the clock.
    """

    calls: Calls
    time: TheirTime

    async def call(self, service: str, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """See :class:`backend.ports.Calls`."""
        await self.time.keep()
        return await self.calls.call(service, method, path, body)

    async def get(self, service: str, path: str) -> bytes:
        """See :class:`backend.ports.Calls`."""
        await self.time.keep()
        return await self.calls.get(service, path)

    async def post(self, service: str, path: str, body: bytes, media_type: str) -> bytes:
        """See :class:`backend.ports.Calls`."""
        await self.time.keep()
        return await self.calls.post(service, path, body, media_type)
