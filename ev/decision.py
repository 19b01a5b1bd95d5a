"""What a step decides after a response: say something, let something happen first, or end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pncsim.wire.errors import PncError

if TYPE_CHECKING:
    from pncsim.ev.session import Session
    from pncsim.wire.credentials import Signer
    from pncsim.wire.v2g import iso2


@dataclass(slots=True, frozen=True)
class Say:
    """Send ``request`` now. ``condition`` names the row of the sequence table; ``signer`` signs the whole request."""

    condition: str
    request: iso2.BodyElement
    signer: Signer | None = None


@dataclass(slots=True, frozen=True)
class Later:
    """Ask the shell ``question``; with its answer ``then(session, answer)`` decides again."""

    question: object
    then: Callable[[Session, object], Decision]


@dataclass(slots=True, frozen=True)
class End:
    """Close the connection; ``condition`` names the row. ``error`` is None after an orderly end."""

    condition: str
    reason: str
    error: PncError | None = None


Decision = Say | Later | End
