"""Whom a CSMS asks because a station has named an address: OCSP responders, whose URLs stand in certificates.

A station that names whatever it likes would make the CSMS knock at every door of the network it stands in. So of
addresses that have never given an answer which could be verified only a few are asked for one station.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar
from urllib.parse import urlsplit

from pncsim.wire.clock import Clock
from pncsim.wire.errors import PeerError, PncError

T = TypeVar("T")

STRANGERS = 8
"""Addresses without a good answer yet that one station may have asked within :data:`MEMORY`."""

MEMORY = 3_600.0
"""Seconds an address counts that gave no good answer."""

PROVEN = 4_096
"""Addresses remembered that have given one."""


class Addresses:
    """The addresses stations have named; one that was proven is so for all of them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._proven: dict[str, None] = {}
        self._tried: dict[str, dict[str, float]] = {}

    async def ask(self, station: str, url: str, work: Callable[[], Awaitable[T]]) -> T:
        """``work``, which asks ``url`` for ``station``. Raises PeerError if that has named too many, or what work does.

        An error of the kind "no anchor" says that nobody was asked.
        """
        place, now = _place(url), self._clock.now()
        if place in self._proven:
            return await work()
        tried = self._tried.setdefault(station, {})
        for old in [known for known, since in tried.items() if since + MEMORY <= now]:
            del tried[old]
        if place not in tried and len(tried) >= STRANGERS:
            raise PeerError(
                f"{station} has named {STRANGERS} OCSP responders within {MEMORY / 60:g} min of which none gave a good "
                "answer; no further ones are asked for it.",
                kind="flood",
                advice="Are the responders its certificates name reachable from here?",
            )
        tried.setdefault(place, now)
        try:
            answer = await work()
        except PncError as error:
            if error.kind == "no anchor":
                tried.pop(place, None)
            raise
        tried.pop(place, None)
        if len(self._proven) >= PROVEN:
            del self._proven[next(iter(self._proven))]
        self._proven[place] = None
        return answer


def _place(url: str) -> str:
    """Scheme, host and port of an address; the whole text if it is none, which its asker will refuse."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}".lower()
