"""Transactions: when they begin and end, and whether the CSMS knows (use cases E)."""

from __future__ import annotations

from pncsim.secc.station.context import StationContext
from pncsim.secc.station.variables import Variable as V
from pncsim.wire.ocpp.types import Payload


def _transaction_status(station: StationContext, payload: Payload) -> Payload:
    wanted = payload.get("transactionId")
    waiting = station.delivery.holds(wanted)
    if wanted is None:
        return {"messagesInQueue": waiting}
    return {"ongoingIndicator": station.outlet_of(wanted) is not None, "messagesInQueue": waiting}


HANDLERS = {"GetTransactionStatus": _transaction_status}

VARIABLES = (
    V("TxCtrlr", "TxStartPoint", "MemberList", "ReadOnly", "EVConnected"),
    V("TxCtrlr", "TxStopPoint", "MemberList", "ReadOnly", "EVConnected,Authorized"),
    V("TxCtrlr", "StopTxOnInvalidId", "boolean", "ReadWrite", "true"),
    V("TxCtrlr", "StopTxOnEVSideDisconnect", "boolean", "ReadOnly", "true"),
    V("TxCtrlr", "EVConnectionTimeOut", "integer", "ReadWrite", "60", "s", limits=(1, 3600)),
)
