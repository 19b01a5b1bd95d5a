"""A receiver that keeps what it was told."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from pncsim.wire.errors import PncError
from pncsim.wire.streams import ByteStream


@dataclass
class Told:
    """Keeps bytes and ends; ``failing`` is raised at the first byte."""

    data: bytes = b""
    ends: list[PncError | None] = field(default_factory=list)
    room: int = 0
    failing: Exception | None = None

    def received(self, data: bytes) -> None:
        assert data
        if self.failing is not None:
            raise self.failing
        self.data += data

    def ended(self, error: PncError | None) -> None:
        self.ends.append(error)

    def drained(self) -> None:
        self.room += 1


def attached(stream: ByteStream, failing: Exception | None = None) -> Told:
    """A receiver on ``stream``."""
    told = Told(failing=failing)
    stream.attach(told)
    return told


async def turns(number: int = 1) -> None:
    """Let the loop turn so often."""
    for _ in range(number):
        await asyncio.sleep(0)
