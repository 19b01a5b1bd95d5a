"""Messages of vendors (use cases P): this station knows none."""

from __future__ import annotations

from pncsim.secc.station.context import StationContext
from pncsim.secc.station.variables import Variable
from pncsim.wire.ocpp.types import Payload


def _data_transfer(station: StationContext, payload: Payload) -> Payload:
    return {"status": "UnknownVendorId"}


HANDLERS = {"DataTransfer": _data_transfer}

VARIABLES: tuple[Variable, ...] = ()
