"""What an operator does from afar: start, stop, unlock (use cases F01 to F05)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pncsim.secc.station.context import StationContext
from pncsim.secc.station.status_info import because
from pncsim.secc.station.variables import Variable
from pncsim.wire.ocpp import v201
from pncsim.wire.ocpp.actions import Row, row

if TYPE_CHECKING:
    from pncsim.wire.ocpp.types import v201 as types


def _request_start(
    station: StationContext, payload: types.RequestStartTransactionRequest
) -> types.RequestStartTransactionResponse:
    """F01, F02. Without evseId it is for the next vehicle that needs an identification, wherever it is plugged in."""
    if not station.online:
        return {"status": "Rejected", "statusInfo": because("CSNotAccepted")}
    evse = payload.get("evseId")
    if evse is not None and evse not in station.outlets:
        return {"status": "Rejected", "statusInfo": because("UnknownEvse")}
    here = [station.outlets[evse]] if evse is not None else list(station.outlets.values())
    if all(outlet.transaction is not None and outlet.transaction.token is not None for outlet in here):
        return {"status": "Rejected", "statusInfo": because("TxInProgress")}
    token = payload["idToken"]
    station.present(
        token["idToken"],
        token["type"],
        evse=evse,
        authorized=not station.model.flag("AuthCtrlr", "AuthorizeRemoteStart"),
        start=payload["remoteStartId"],
    )
    transaction = here[0].transaction if len(here) == 1 else None
    if transaction is None:
        return {"status": "Accepted"}
    return {"status": "Accepted", "transactionId": transaction.id}


def _request_stop(
    station: StationContext, payload: types.RequestStopTransactionRequest
) -> types.RequestStopTransactionResponse:
    """F03."""
    if not station.online:
        return {"status": "Rejected", "statusInfo": because("CSNotAccepted")}
    outlet = station.outlet_of(payload["transactionId"])
    if outlet is None:
        return {"status": "Rejected", "statusInfo": because("TxNotFound")}
    stopped = outlet.end("RemoteStop", "Remote", "The CSMS stopped the transaction.")
    if not stopped:
        return {"status": "Rejected", "statusInfo": because("UnsupportedRequest")}
    return {"status": "Accepted"}


def _unlock(station: StationContext, payload: types.UnlockConnectorRequest) -> types.UnlockConnectorResponse:
    """F05."""
    outlet = station.outlets.get(payload["evseId"])
    if outlet is None or payload["connectorId"] not in outlet.connectors:
        return {"status": "UnknownConnector"}
    transaction = outlet.transaction
    if transaction is not None and transaction.token is not None and payload["connectorId"] == outlet.plugged:
        return {"status": "OngoingAuthorizedTransaction"}
    return {"status": "Unlocked"}


HANDLERS: tuple[Row[StationContext], ...] = (
    row(v201.RequestStartTransaction, _request_start),
    row(v201.RequestStopTransaction, _request_stop),
    row(v201.UnlockConnector, _unlock),
)

# It holds no cable, so that there is none to let go of.
VARIABLES = (Variable("OCPPCommCtrlr", "UnlockOnEVSideDisconnect", "boolean", "ReadOnly", "false"),)
