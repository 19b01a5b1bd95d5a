"""Whether an actor is there; and what may be said of taking one away."""

from __future__ import annotations

import asyncio
from typing import Literal

from msgspec import Struct

Mortal = Literal["EV", "SECC", "CSMS", "CCP", "MO", "OCSP"]
"""Who takes part while a vehicle charges: vehicle, station, and what its CSMS asks. The OCSP responder is the PKI's."""

How = Literal["killed", "silent"]

RESTART = 10.0
"""Seconds a killed actor is away: a process that is started anew, or a controller that boots."""

SILENCE = 100.0
"""Seconds a silent actor says nothing: longer than any limit of ISO 15118-2 (the longest are 60 s), shorter than the
three attempts at a TransactionEvent (OCPP E13: 3 x 30 s, and 10 s and 20 s between them)."""


class Strike(Struct, frozen=True):
    """``actor`` is taken away as ``message`` is about to be sent for the ``nth`` time, for ``seconds``."""

    actor: Mortal
    how: How
    message: str
    nth: int
    seconds: float


class Life:
    """One actor. Killed, it has lost its memory and its connections; silent, everything it would say waits."""

    def __init__(self) -> None:
        self.taken: How | None = None
        self._here = asyncio.Event()
        self._here.set()

    @property
    def dead(self) -> bool:
        """It is gone, and has not begun anew."""
        return self.taken == "killed"

    @property
    def silent(self) -> bool:
        """It is there and says nothing."""
        return self.taken == "silent"

    def take(self, how: How) -> None:
        """From now on."""
        self.taken = how
        self._here.clear()

    def give_back(self) -> None:
        """It is there again."""
        self.taken = None
        self._here.set()

    async def here(self) -> None:
        """Wait until it is there."""
        await self._here.wait()
