"""Points in time as OCPP writes them."""

from __future__ import annotations

from datetime import UTC, datetime


def timestamp(now: float) -> str:
    """RFC 3339 in UTC with milliseconds and ``Z``, from seconds since the epoch (Part 4, 3.2: at most 3 decimals)."""
    return datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def seconds(text: str) -> float:
    """Seconds since the epoch of an RFC 3339 text; one without an offset is read as UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
