"""What a sans-I/O engine says to its driver.

An engine is given bytes, answers and the time, and returns a list of these outputs, in order. It owns no socket, clock,
file or global randomness; ``engine.deadline`` is the lab time at which the driver must call ``engine.wake(now)``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from pncsim.wire.errors import PncError
from pncsim.wire.trace import Event

Alter = Callable[[str, Any], Any]
"""For fault injection: ``alter(name, message)`` gives the message to send instead, bytes to send as its payload,
:class:`RawOctets` to write as they are, or None to send nothing."""


class RawOctets(Struct, frozen=True):
    """What a lab writes in place of a message, V2GTP headers included: each piece by itself, ``after`` seconds."""

    pieces: tuple[bytes, ...]
    after: float = 0.0


class Send(Struct, frozen=True):
    """Write these bytes: one V2GTP frame, header included."""

    frame: bytes


class SendLater(Struct, frozen=True):
    """Write these bytes in ``seconds``, unless the connection has ended by then. Only a lab's fault wants that."""

    frame: bytes
    seconds: float


class Ask(Struct, frozen=True):
    """Obtain an answer to ``question`` and call ``engine.answered(id, answer, now)``; the engine goes on meanwhile."""

    id: int
    question: object


class PassTime(Struct, frozen=True):
    """A question every driver answers itself, with None: let ``seconds`` of process time go by (a battery charging).

    A lab whose clock leaps may jump over it: nothing outside the lab's own models happens meanwhile.
    """

    seconds: float


class Wait(Struct, frozen=True):
    """A question every driver answers itself, with None: wait ``seconds`` while somebody else works."""

    seconds: float


class Notice(Struct, frozen=True):
    """Tell the engine's own station or vehicle that ``content`` happened; no answer is expected."""

    content: object


class Close(Struct, frozen=True):
    """Close the connection once everything before it was sent. ``error`` is None after an orderly end."""

    reason: str
    error: PncError | None = None


Output = Send | SendLater | Ask | Notice | Close | Event
