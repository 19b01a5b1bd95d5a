"""Wrong stations of ours, by what is wrong with them, and what makes one wrong in one handler or variable."""

from __future__ import annotations

from typing import Any

from pncsim.secc.station.blocks import BLOCKS
from pncsim.secc.station.context import Block


def ids(numbers: str) -> tuple[str, ...]:
    """Case ids from what stands between ``TC_`` and ``_CS``, with spaces between."""
    return tuple(f"TC_{number}_CS" for number in numbers.split())


USUAL: dict[str, Any] = {action: handler for block in BLOCKS for action, handler in block.handlers}
"""The right handlers."""


def answering(action: object, instead: Any) -> tuple[Block, ...]:
    """The blocks of a station, where ``instead(station, payload)`` answers that action."""
    name = str(action)
    return tuple(
        block._replace(handlers=tuple((one, instead if one == name else handler) for one, handler in block.handlers))
        for block in BLOCKS
    )


def declaring(component: str, name: str, **changed: Any) -> tuple[Block, ...]:
    """The blocks of a station, one of whose variables is declared otherwise."""
    return tuple(
        block._replace(
            variables=tuple(
                row._replace(**changed) if (row.component, row.name) == (component, name) else row
                for row in block.variables
            )
        )
        for block in BLOCKS
    )
