"""What the answers of several blocks have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pncsim.wire.ocpp.types import v201 as types


def because(reason: str) -> types.StatusInfoType:
    """The statusInfo of a refusal; ``reason`` is one of Appendix 5's codes."""
    return {"reasonCode": reason}
