"""What the answers of several blocks have in common."""

from __future__ import annotations

from typing import Any

Payload = dict[str, Any]


def no(status: str, reason: str) -> Payload:
    """A refusal, and why (StatusInfoType)."""
    return {"status": status, "statusInfo": {"reasonCode": reason}}
