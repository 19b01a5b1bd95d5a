"""Data cleansing: what is expired or revoked leaves the pools by itself (RCP-6, PCP-CLEAN-1, CCP-CLEAN-1)."""

from __future__ import annotations

from typing import NoReturn

from msgspec import Struct

from pncsim.backend.ecosystem import Ecosystem
from pncsim.wire.clock import Clock
from pncsim.wire.errors import LocalError, PncError
from pncsim.wire.voice import Voice

INTERVAL = 86_400.0
"""Seconds of lab time from one cleansing to the next."""


class Cleansed(Struct, frozen=True):
    """What went: how many roots, which vehicles by PCID and contracts by EMAID, how many old deliveries of events."""

    roots: int
    vehicles: tuple[str, ...]
    contracts: tuple[str, ...]
    deliveries: int = 0

    @property
    def sentence(self) -> str:
        """The counts, for people."""
        return (
            f"Gone are {self.roots} roots, {len(self.vehicles)} vehicles, {len(self.contracts)} contracts of their own "
            f"and {self.deliveries} deliveries of events from long ago."
        )


NOTHING = Cleansed(0, (), ())


async def cleanse(ecosystem: Ecosystem, voice: Voice) -> Cleansed:
    """Once through the pools: a vehicle's contracts go with it before the contracts themselves are looked at."""
    with voice.call("cleanse") as call:
        roots = await ecosystem.roots.cleanse()
        vehicles = tuple(await ecosystem.vehicles.cleanse())
        contracts = tuple(await ecosystem.pool.cleanse())
        gone = Cleansed(roots, vehicles, contracts, await ecosystem.webhooks.cleanse())
        call.text = gone.sentence
    return gone


async def cleanse_regularly(ecosystem: Ecosystem, clock: Clock, voice: Voice, interval: float = INTERVAL) -> NoReturn:
    """Cleanse each time ``interval`` seconds of lab time have passed, and tell what went; a failure ends nothing."""
    while True:
        await clock.sleep(interval)
        try:
            gone = await cleanse(ecosystem, voice)
            if gone != NOTHING:
                voice.story(gone.sentence)
        except PncError as error:
            voice.problem(error)
        except Exception as error:
            voice.problem(LocalError(f"{type(error).__name__} while cleansing: a fault of ours.", kind="defect"))
