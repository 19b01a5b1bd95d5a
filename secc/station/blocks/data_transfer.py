"""Messages of vendors (use cases P): this station knows none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pncsim.secc.station.context import StationContext
from pncsim.secc.station.variables import Variable
from pncsim.wire.ocpp import v201
from pncsim.wire.ocpp.actions import Row, row

if TYPE_CHECKING:
    from pncsim.wire.ocpp.types import v201 as types


def _data_transfer(station: StationContext, payload: types.DataTransferRequest) -> types.DataTransferResponse:
    return {"status": "UnknownVendorId"}


HANDLERS: tuple[Row[StationContext], ...] = (row(v201.DataTransfer, _data_transfer),)

VARIABLES: tuple[Variable, ...] = ()
