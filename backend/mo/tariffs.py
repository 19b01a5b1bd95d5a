"""Sales tariffs of a mobility operator: its Sub-CA 2 signs them, by whose certificate vehicles verify (V2G2-905)."""

from __future__ import annotations

from msgspec import Struct

from pncsim.backend.csms.ports import PricedOffer, PricedSchedule
from pncsim.wire.credentials import Signer
from pncsim.wire.v2g.signature import sign


class TariffDesk(Struct, frozen=True):
    """Offers ``schedules`` for every contract. Without a ``signer`` nobody can tell whose the tariffs are."""

    schedules: tuple[PricedSchedule, ...]
    signer: Signer | None = None

    async def offer(self, emaid: str) -> PricedOffer:
        """See :class:`backend.csms.ports.Tariffs`."""
        tariffs = [("SalesTariff", one.tariff) for one in self.schedules if one.tariff is not None]
        signature = sign(tariffs, self.signer) if self.signer is not None and tariffs else None
        return PricedOffer(self.schedules, signature)
