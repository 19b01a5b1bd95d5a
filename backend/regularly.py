"""What services do by themselves, again and again by the lab's clock."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NoReturn

from pncsim.wire.clock import Clock
from pncsim.wire.errors import LocalError, PncError
from pncsim.wire.voice import Voice

DAILY = 86_400.0
"""Seconds of lab time."""


async def regularly(
    clock: Clock, voice: Voice, what: str, job: Callable[[], Awaitable[object]], interval: float = DAILY
) -> NoReturn:
    """Do ``job`` each time ``interval`` seconds of lab time have passed; one that fails is told, and the next comes.

    ``what`` names it where it fails for a fault of ours ("looking after contracts").
    """
    while True:
        await clock.sleep(interval)
        try:
            await job()
        except PncError as error:
            voice.problem(error)
        except Exception as error:
            voice.problem(LocalError(f"{type(error).__name__} while {what}: a fault of ours.", kind="defect"))
