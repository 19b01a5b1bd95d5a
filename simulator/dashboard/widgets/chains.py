"""The certificates as a tree, and what services keep as a table."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from pncsim.simulator.dashboard.certificate_lines import moment
from pncsim.simulator.dashboard.chains import ChainPlace, bar, left
from pncsim.simulator.dashboard.reports import PoolLine
from pncsim.simulator.dashboard.widgets.grid import Cell, Column, Grid

_STYLES = {"x": "problem", "!": "notice", "+": "good"}


class ChainGrid(Grid):
    """The certificates as a tree."""

    spoken = "In the tree"

    def __init__(self, *, id: str | None = None) -> None:
        columns = (Column("", 1), Column("certificate", 0, 20), Column("until its end", 18), Column("OCSP", 13))
        super().__init__(columns, following=False, id=id)
        self.places: Sequence[ChainPlace] = ()
        self.now = 0.0

    def count(self) -> int:
        return len(self.places)

    def cells(self, row: int) -> Sequence[Cell]:
        place = self.places[row]
        sign, status, quiet = place.sign(self.now), place.revocation(self.now), self.style_of("quiet")
        holders = f"  {', '.join(place.told.holders)}" if place.told.holders else ""
        return [
            Text(sign, self.style_of(_STYLES[sign])),
            Text.assemble("  " * place.depth + place.title, (holders, quiet)),
            f"{bar(place.certificate, self.now)} {left(place.certificate, self.now)}",
            Text(status, self.style_of("problem") if status.startswith("revoked") else quiet),
        ]


class PoolGrid(Grid):
    """What the pools hold."""

    spoken = "In the pools"

    def __init__(self, *, id: str | None = None) -> None:
        columns = (Column("pool", 8), Column("entry", 18), Column("about it", 0, 8), Column("until", 10))
        super().__init__(columns, following=False, id=id)
        self.lines: Sequence[PoolLine] = ()

    def count(self) -> int:
        return len(self.lines)

    def cells(self, row: int) -> Sequence[Cell]:
        one = self.lines[row]
        until = moment(one.ends).partition(" ")[0] if one.ends else ""
        return [one.pool, one.name, Text(one.about, self.style_of("quiet")), until]
