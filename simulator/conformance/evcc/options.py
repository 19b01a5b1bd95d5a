"""What the suite for vehicles can be told besides what every suite can."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from msgspec import Struct

from pncsim.simulator.parameters import Bounds, Shown
from pncsim.simulator.plan import WAIT


class VehicleUnderTest(Struct, frozen=True, kw_only=True):
    """``pki``: with whose certificates the tester comes; the vehicle has to trust its V2G root."""

    pki: Annotated[Path | None, "PKI folder of the tester, whose V2G root the vehicle trusts", Shown("DIR")] = None
    ev_command: Annotated[
        str | None,
        "starts the vehicle for each case; behind it ac or dc, external or contract, and perhaps install or update",
        Shown("COMMAND"),
    ] = None
    wait: Annotated[float, "seconds the vehicle is waited for in each case", Bounds(1.0, 86_400.0)] = WAIT
