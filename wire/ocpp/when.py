"""Points in time as OCPP writes them."""

from __future__ import annotations

from datetime import UTC, datetime


def timestamp(now: float) -> str:
    """RFC 3339 in UTC with milliseconds and ``Z``, from seconds since the epoch (Part 4, 3.2: at most 3 decimals)."""
    return datetime.fromtimestamp(now, UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def seconds(text: str) -> float:
    """Seconds since the epoch of an RFC 3339 text; one without an offset is read as UTC. Raises ValueError.

    A leap second, which the epoch's seconds do not count, is the second that follows it.
    """
    text, leap = text.upper(), 0
    if text[16:19] == ":60":
        text, leap = f"{text[:16]}:59{text[19:]}", 1
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() + leap
