"""Roaming agreements: whose contracts an operator's stations take (CharIN 2.2.1, precondition)."""

from __future__ import annotations

from msgspec import Struct

from pncsim.backend.answers import TokenStatus
from pncsim.backend.csms.ports import MobilityOperator
from pncsim.wire.identifiers import emaid_provider


class Roaming(Struct, frozen=True):
    """Asks ``operator`` about the contracts of ``providers`` (``DEABC``); those of others are good, but not here."""

    operator: MobilityOperator
    providers: frozenset[str]

    async def authorize(self, emaid: str) -> TokenStatus:
        """See :class:`backend.csms.ports.MobilityOperator`. NotAtThisLocation is OCPP's word for a token that is valid
        and may not charge here: the certificate stays Accepted (C07.FR.13)."""
        provider = emaid_provider(emaid)
        if provider in self.providers:
            return await self.operator.authorize(emaid)
        return TokenStatus("NotAtThisLocation", f"This operator has no roaming agreement with {provider}.")
