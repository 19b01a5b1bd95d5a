"""The cards that every CSMS of a lab knows."""

from __future__ import annotations

from msgspec import Struct

from pncsim.backend.answers import AuthorizationStatus, TokenStatus

CARD = "04A2B3C4D5E680"
"""The RFID card (ISO 14443 UID) every CSMS here knows."""


class KnownCards(Struct, frozen=True):
    """The operator's own tokens for external identification: card UID -> OCPP AuthorizationStatus."""

    cards: dict[str, AuthorizationStatus]

    async def authorize(self, token: str, kind: str) -> TokenStatus:
        """What the card may; unknown ones may nothing."""
        status = self.cards.get(token, "Unknown")
        return TokenStatus(status, f"Card {token} ({kind}) is {status.lower()}.")
