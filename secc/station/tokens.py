"""Identifications at the station: those a driver has shown, and what the CSMS last said about them (C10 to C15)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct, field

from pncsim.wire.ocpp.when import seconds

if TYPE_CHECKING:
    from pncsim.wire.ocpp.types import v201 as types

MOST_REMEMBERED = 1000


class ShownToken(NamedTuple):
    """An identification somebody has shown. ``authorized``: the CSMS has decided already (remote start).

    ``until``: lab time at which it lapses if no vehicle is plugged in (EVConnectionTimeOut).
    """

    token: str
    kind: types.IdTokenEnumType
    authorized: bool = False
    remote_start: int | None = None
    until: float = float("inf")


class TokenCache(Struct):
    """The authorization cache: token and kind -> AuthorizationStatus, and until when. The oldest goes first."""

    _known: dict[tuple[str, str], tuple[str, float]] = field(default_factory=dict)

    def remember(self, token: types.IdTokenType, info: types.IdTokenInfoType, now: float, life: float) -> None:
        """Keep what an IdTokenInfoType says for ``life`` seconds, or as long as it says itself."""
        until = now + life
        if "cacheExpiryDateTime" in info:
            try:
                until = seconds(info["cacheExpiryDateTime"])
            except ValueError:
                return
        key = token["idToken"].lower(), token["type"]
        self._known.pop(key, None)
        self._known[key] = (info["status"], until)
        while len(self._known) > MOST_REMEMBERED:
            del self._known[next(iter(self._known))]

    def status(self, token: str, kind: str, now: float) -> str:
        """What is known about a token now, or an empty string."""
        status, until = self._known.get((token.lower(), kind), ("", 0.0))
        return status if until > now else ""

    @property
    def known(self) -> list[tuple[tuple[str, str], tuple[str, float]]]:
        """Everything that is remembered, the oldest first."""
        return list(self._known.items())

    def restore(self, known: Iterable[tuple[tuple[str, str], tuple[str, float]]]) -> None:
        """Remember this."""
        self._known = dict(known)

    def clear(self) -> None:
        """Forget everything."""
        self._known.clear()
