"""What an operator does from afar: start, stop, unlock (use cases F01 to F05)."""

from __future__ import annotations

from pncsim.secc.station.blocks.answers import no
from pncsim.secc.station.context import StationContext
from pncsim.secc.station.variables import Variable
from pncsim.wire.ocpp.types import Payload


def _request_start(station: StationContext, payload: Payload) -> Payload:
    """F01, F02. Without evseId it is for the next vehicle that needs an identification, wherever it is plugged in."""
    if not station.online:
        return no("Rejected", "CSNotAccepted")
    evse = payload.get("evseId")
    if evse is not None and evse not in station.outlets:
        return no("Rejected", "UnknownEvse")
    here = [station.outlets[evse]] if evse is not None else list(station.outlets.values())
    if all(outlet.transaction is not None and outlet.transaction.token is not None for outlet in here):
        return no("Rejected", "TxInProgress")
    token = payload["idToken"]
    station.present(
        token["idToken"],
        token["type"],
        evse=evse,
        authorized=not station.model.flag("AuthCtrlr", "AuthorizeRemoteStart"),
        start=payload["remoteStartId"],
    )
    transaction = here[0].transaction if len(here) == 1 else None
    return {"status": "Accepted", **({"transactionId": transaction.id} if transaction is not None else {})}


def _request_stop(station: StationContext, payload: Payload) -> Payload:
    """F03."""
    if not station.online:
        return no("Rejected", "CSNotAccepted")
    outlet = station.outlet_of(payload["transactionId"])
    if outlet is None:
        return no("Rejected", "TxNotFound")
    stopped = outlet.end("RemoteStop", "Remote", "The CSMS stopped the transaction.")
    return {"status": "Accepted"} if stopped else no("Rejected", "UnsupportedRequest")


def _unlock(station: StationContext, payload: Payload) -> Payload:
    """F05."""
    outlet = station.outlets.get(payload["evseId"])
    if outlet is None or payload["connectorId"] not in outlet.connectors:
        return {"status": "UnknownConnector"}
    transaction = outlet.transaction
    if transaction is not None and transaction.token is not None and payload["connectorId"] == outlet.plugged:
        return {"status": "OngoingAuthorizedTransaction"}
    return {"status": "Unlocked"}


HANDLERS = {
    "RequestStartTransaction": _request_start,
    "RequestStopTransaction": _request_stop,
    "UnlockConnector": _unlock,
}

VARIABLES: tuple[Variable, ...] = ()
