"""A vehicle that asks for the details of services before it selects: one whose way there has one more step."""

from __future__ import annotations

from typing import Any

from pncsim.wire.errors import PeerError
from pncsim.wire.session.dialect import Dialect
from pncsim.wire.session.initiator import Decision, Say
from pncsim.wire.session.sequence import Row
from pncsim.wire.v2g import iso2

_ANOTHER = "details of another service wanted"


def asking_for(services: tuple[int, ...], dialect: Dialect) -> Dialect:
    """``dialect``, asking for the details of these services; where one of them is not offered, it ends."""
    choose = dialect.moves["ServiceDiscoveryRes"]
    left: list[int] = []
    chosen: list[Decision] = []

    def discovered(s: Any, res: iso2.ServiceDiscoveryRes) -> Decision:
        offered = [one.ServiceID for one in res.ServiceList.Service] if res.ServiceList is not None else []
        missing = [str(one) for one in services if one not in offered]
        if missing:
            raise PeerError(f"The station offers no service {missing[0]}.", kind="service unknown")
        chosen[:], left[:] = [choose(s, res)], services
        return Say("certificate service wanted", iso2.ServiceDetailReq(ServiceID=left.pop(0)))

    def detailed(s: Any, res: iso2.ServiceDetailRes) -> Decision:
        return Say(_ANOTHER, iso2.ServiceDetailReq(ServiceID=left.pop(0))) if left else chosen[0]

    more = Row("ServiceDetailRes", _ANOTHER, ("ServiceDetailReq",), "V2G2-422")
    return (
        dialect.with_row("vehicle", more)
        .with_move("ServiceDiscoveryRes", discovered)
        .with_move("ServiceDetailRes", detailed)
    )
