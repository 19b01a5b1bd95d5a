"""What the suite for stations can be told besides what every suite can."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from msgspec import Struct

from pncsim.simulator.parameters import Shown
from pncsim.simulator.plan import SDP_PORT, OtherSide, port


class StationUnderTest(Struct, frozen=True, kw_only=True):
    """``pki``: with whose certificates the tester comes; the station has to trust its roots."""

    pki: Annotated[Path | None, "PKI folder of the tester, whose roots the station trusts", Shown("DIR")] = None

    @staticmethod
    def link(target: str) -> OtherSide:
        """Where a target is: ``eth0``, an interface of this machine; ``loopback`` or ``loopback:PORT`` (of its SDP).

        Raises ValueError for a port that is none.
        """
        name, _, number = target.partition(":")
        if name == "loopback":
            return OtherSide(sdp_port=port(number) if number else SDP_PORT)
        return OtherSide(interface=target)
