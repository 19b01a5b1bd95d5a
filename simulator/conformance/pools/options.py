"""What the suites for services can be told besides what every suite can."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from msgspec import Struct

from pncsim.simulator.parameters import AtTarget, Shown


class ServicesUnderTest(Struct, frozen=True, kw_only=True):
    """``credentials``: whose clients call, where the target is a URL, or other ones than its ready file names."""

    credentials: Annotated[
        Path | None,
        "ready file or clients.json with the secrets of who calls, one client of each role",
        Shown("FILE"),
        AtTarget(),
    ] = None
