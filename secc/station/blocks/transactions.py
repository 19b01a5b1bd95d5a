"""Transactions: when they begin and end, and whether the CSMS knows (use cases E)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pncsim.secc.station.context import StationContext
from pncsim.secc.station.variables import Variable as V
from pncsim.wire.ocpp import v201
from pncsim.wire.ocpp.actions import Row, row

if TYPE_CHECKING:
    from pncsim.wire.ocpp.types import v201 as types


def _transaction_status(
    station: StationContext, payload: types.GetTransactionStatusRequest
) -> types.GetTransactionStatusResponse:
    wanted = payload.get("transactionId")
    waiting = station.delivery.holds(wanted)
    if wanted is None:
        return {"messagesInQueue": waiting}
    return {"ongoingIndicator": station.outlet_of(wanted) is not None, "messagesInQueue": waiting}


HANDLERS: tuple[Row[StationContext], ...] = (row(v201.GetTransactionStatus, _transaction_status),)

VARIABLES = (
    V("TxCtrlr", "TxStartPoint", "MemberList", "ReadOnly", "EVConnected"),
    V("TxCtrlr", "TxStopPoint", "MemberList", "ReadOnly", "EVConnected,Authorized"),
    V("TxCtrlr", "StopTxOnInvalidId", "boolean", "ReadWrite", "true"),
    V("TxCtrlr", "StopTxOnEVSideDisconnect", "boolean", "ReadOnly", "true"),
    V("TxCtrlr", "EVConnectionTimeOut", "integer", "ReadWrite", "60", "s", limits=(1, 3600)),
)
