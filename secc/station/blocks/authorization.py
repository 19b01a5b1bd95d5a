"""Who may charge, and what the station remembers of it (use cases C)."""

from __future__ import annotations

from pncsim.secc.station.blocks.answers import no
from pncsim.secc.station.context import StationContext
from pncsim.secc.station.variables import Variable as V
from pncsim.wire.ocpp.types import Payload


def _clear_cache(station: StationContext, _: Payload) -> Payload:
    """C11."""
    if not station.model.flag("AuthCacheCtrlr", "Enabled"):
        return no("Rejected", "NotEnabled")
    station.cache.clear()
    return {"status": "Accepted"}


HANDLERS = {"ClearCache": _clear_cache}

VARIABLES = (
    V("AuthCtrlr", "Enabled", "boolean", "ReadWrite", "true"),
    V("AuthCtrlr", "AuthorizeRemoteStart", "boolean", "ReadWrite", "true"),
    V("AuthCtrlr", "LocalAuthorizeOffline", "boolean", "ReadWrite", "true"),
    V("AuthCtrlr", "LocalPreAuthorize", "boolean", "ReadWrite", "false"),
    V("AuthCtrlr", "OfflineTxForUnknownIdEnabled", "boolean", "ReadWrite", "false"),
    V("AuthCacheCtrlr", "Enabled", "boolean", "ReadWrite", "true"),
    V("AuthCacheCtrlr", "LifeTime", "integer", "ReadWrite", "86400", "s", limits=(0, 31_536_000)),
)
