"""A station that leaves the end to the vehicle: what becomes of the connection after SessionStopRes is seen with it."""

from __future__ import annotations

from typing import Any

from pncsim.secc.evse import EvsePlan
from pncsim.secc.iso2 import ISO2
from pncsim.wire.session.dialect import Dialect
from pncsim.wire.session.sequence import FAILED
from pncsim.wire.values import replace

STOP = "SessionStopReq"


def lingering(evse: EvsePlan) -> EvsePlan:
    """An EVSE that answers SessionStopReq rightly, and does not close the connection then."""
    return replace(evse, dialects=(_LINGERS,))


def _stays(s: Any, request: Any) -> Any:
    return replace(ISO2.moves[STOP](s, request), state=FAILED)


def _made() -> Dialect:
    dialect = ISO2.with_move(STOP, _stays)
    for row in ISO2.station:
        if row.event == STOP:
            dialect = dialect.with_row("station", replace(row, outcomes=(FAILED,)))
    return dialect


_LINGERS = _made()
