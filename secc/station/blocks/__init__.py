"""The functional blocks of an OCPP station: each file exports what it answers and the variables that govern it."""

from __future__ import annotations

from pncsim.secc.station.blocks import (
    authorization,
    availability,
    iso15118,
    metering,
    provisioning,
    remote,
    reporting,
    resetting,
    security,
    smart_charging,
    transactions,
    triggering,
)
from pncsim.secc.station.context import Block

BLOCKS: tuple[Block, ...] = tuple(
    Block(block.HANDLERS, block.VARIABLES)
    for block in (
        iso15118,
        security,
        authorization,
        transactions,
        provisioning,
        resetting,
        reporting,
        metering,
        availability,
        remote,
        triggering,
        smart_charging,
    )
)
