"""Points in time as OCPP writes them."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache


@lru_cache(maxsize=64)
def timestamp(now: float) -> str:
    """RFC 3339 in UTC with milliseconds and ``Z``, from seconds since the epoch (Part 4, 3.2: at most 3 decimals)."""
    day, milliseconds = divmod(round(now * 1e6) // 1000, 86_400_000)
    minutes, milliseconds = divmod(milliseconds, 60_000)
    return f"{_day(day)}T{minutes // 60:02}:{minutes % 60:02}:{milliseconds // 1000:02}.{milliseconds % 1000:03}Z"


@lru_cache(maxsize=64)
def _day(number: int) -> str:
    """The day of that number since the epoch: what comes next is on the same one, mostly."""
    return datetime.fromtimestamp(number * 86_400, UTC).isoformat()[:10]


@lru_cache(maxsize=64)
def seconds(text: str) -> float:
    """Seconds since the epoch of an RFC 3339 text; one without an offset is read as UTC. Raises ValueError.

    A leap second, which the epoch's seconds do not count, is the second that follows it.
    """
    text, leap = text.upper(), 0
    if text[16:19] == ":60":
        text, leap = f"{text[:16]}:59{text[19:]}", 1
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() + leap
