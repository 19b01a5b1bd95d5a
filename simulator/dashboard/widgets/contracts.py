"""The contracts of a vehicle as a list: those it holds, the one that pays marked, and those that wait for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from rich.text import Text

from pncsim.simulator.by_hand.seen import ContractSeen
from pncsim.simulator.dashboard.widgets.grid import Cell, Column, Grid


class ContractGrid(Grid):
    """Contracts of a vehicle, those it holds first."""

    spoken = "In the contracts"

    def __init__(self, *, id: str | None = None) -> None:
        columns = (Column("", 1), Column("contract", 17), Column("where", 18), Column("until", 10), Column("issuer"))
        super().__init__(columns, following=False, id=id)
        self.contracts: tuple[ContractSeen, ...] = ()

    def count(self) -> int:
        return len(self.contracts)

    def cells(self, row: int) -> Sequence[Cell]:
        one = self.contracts[row]
        waits = one.where != "in the vehicle"
        until = f"{datetime.fromtimestamp(one.ends, UTC):%Y-%m-%d}" if one.ends is not None else ""
        where = Text(one.where, self.style_of("notice")) if waits else one.where
        return ["*" if one.default else "", one.emaid, where, until, Text(one.issuer, self.style_of("quiet"))]

    @property
    def chosen(self) -> ContractSeen | None:
        """The contract the cursor is on."""
        return self.contracts[self.cursor] if self.contracts else None
