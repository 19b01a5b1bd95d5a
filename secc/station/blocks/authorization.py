"""Who may charge, and what the station remembers of it (use cases C)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pncsim.secc.station.context import StationContext
from pncsim.secc.station.status_info import because
from pncsim.secc.station.variables import Variable as V
from pncsim.wire.ocpp import v201
from pncsim.wire.ocpp.actions import Row, row

if TYPE_CHECKING:
    from pncsim.wire.ocpp.types import v201 as types


def _clear_cache(station: StationContext, _: types.ClearCacheRequest) -> types.ClearCacheResponse:
    """C11."""
    if not station.model.flag("AuthCacheCtrlr", "Enabled"):
        return {"status": "Rejected", "statusInfo": because("NotEnabled")}
    station.cache.clear()
    return {"status": "Accepted"}


HANDLERS: tuple[Row[StationContext], ...] = (row(v201.ClearCache, _clear_cache),)

VARIABLES = (
    V("AuthCtrlr", "Enabled", "boolean", "ReadWrite", "true"),
    V("AuthCtrlr", "AuthorizeRemoteStart", "boolean", "ReadWrite", "true"),
    V("AuthCtrlr", "LocalAuthorizeOffline", "boolean", "ReadWrite", "true"),
    V("AuthCtrlr", "LocalPreAuthorize", "boolean", "ReadWrite", "false"),
    V("AuthCtrlr", "OfflineTxForUnknownIdEnabled", "boolean", "ReadWrite", "false"),
    V("AuthCacheCtrlr", "Enabled", "boolean", "ReadWrite", "true"),
    V("AuthCacheCtrlr", "LifeTime", "integer", "ReadWrite", "86400", "s", limits=(0, 31_536_000)),
)
