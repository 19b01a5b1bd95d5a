"""Sales tariffs in a lab: what the first operator charges, and somebody who alters it on its way to the vehicle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pncsim.backend.csms.ports import PricedSchedule
from pncsim.backend.mo.tariffs import TariffDesk
from pncsim.simulator.lab.around import named
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g.iso2.tariffs import price_levels
from pncsim.wire.values import replace

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab

FAST, CHEAP = 11_000.0, 7_000.0
"""Watts of the two schedules; the first one costs more."""
DEAR, FAIR = 3, 1
"""Their price levels."""


async def offer_tariffs(lab: Lab, *, signed: bool) -> None:
    """The operator offers the vehicle a fast, dear schedule and a slow, cheap one, by way of the CSMS.

    Raises LocalError where the key of the operator's Sub-CA 2 is not here.
    """
    pki = named((await lab.region.parties()).pkis, "")
    schedules = tuple(
        PricedSchedule(((0, watts),), price_levels(number, ((0, level),)))
        for number, (watts, level) in enumerate(((FAST, DEAR), (CHEAP, FAIR)), 1)
    )
    signer = pki.credentials("mo_sub2").signer if signed else None
    lab.services.tariffs = TariffDesk(schedules, signer)


def forge_tariffs(lab: Lab) -> None:
    """Between operator and vehicle somebody writes another price. To be said before there is a station."""

    def alter(name: str, message: Any) -> Any:
        if name != "ChargeParameterDiscoveryRes" or not isinstance(message, iso2.V2G_Message):
            return message
        body: Any = message.Body.BodyElement
        offered = body.SASchedules.SAScheduleTuple if body.SASchedules is not None else ()
        for one in offered:
            if one.SalesTariff is not None and one.SalesTariff.SalesTariffID == 2:
                entries = [replace(entry, EPriceLevel=0) for entry in one.SalesTariff.SalesTariffEntry]
                one.SalesTariff = replace(one.SalesTariff, SalesTariffEntry=entries)
        return message

    lab.hooks.alter("station", "", alter)
