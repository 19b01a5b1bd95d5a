"""Schedules and tariffs for the vehicle of a running transaction (use cases K15 to K17), and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pncsim.secc.station.context import StationContext
from pncsim.secc.station.status_info import because
from pncsim.secc.station.variables import Variable
from pncsim.wire.ocpp import v201
from pncsim.wire.ocpp.actions import Row, row
from pncsim.wire.ocpp.signed_tariffs import MESSAGE, TRANSACTION, VENDOR

if TYPE_CHECKING:
    from pncsim.wire.ocpp.types import v201 as types


def _set_profile(station: StationContext, request: types.SetChargingProfileRequest) -> types.SetChargingProfileResponse:
    """A TxProfile for the transaction of that EVSE, which waits for it (K15.FR.07) or is charging (K16)."""
    profile, outlet = request["chargingProfile"], station.outlets.get(request["evseId"])
    if outlet is None:
        return {"status": "Rejected", "statusInfo": because("UnknownEvse")}
    if profile["chargingProfilePurpose"] != "TxProfile":
        return {"status": "Rejected", "statusInfo": because("UnsupportedRequest")}
    if outlet.transaction is None or profile.get("transactionId") != outlet.transaction.id:
        return {"status": "Rejected", "statusInfo": because("TxNotFound")}
    again = outlet.renegotiate if outlet.transaction.charging_state == "Charging" else None
    return outlet.planner.take(profile, again)


def _data_transfer(station: StationContext, request: types.DataTransferRequest) -> types.DataTransferResponse:
    """P01; the one message known here is the signature of sales tariffs, which OCPP 2.0.1 has no place for."""
    if request["vendorId"] != VENDOR:
        return {"status": "UnknownVendorId"}
    if request.get("messageId") != MESSAGE:
        return {"status": "UnknownMessageId"}
    data = request.get("data")
    transaction = data.get(TRANSACTION) if isinstance(data, dict) else None
    for outlet in station.outlets.values():
        if outlet.transaction is not None and outlet.transaction.id == transaction and outlet.planner.sign(data):
            return {"status": "Accepted"}
    return {"status": "Rejected", "statusInfo": because("TxNotFound")}


HANDLERS: tuple[Row[StationContext], ...] = (
    row(v201.SetChargingProfile, _set_profile),
    row(v201.DataTransfer, _data_transfer),
)

VARIABLES: tuple[Variable, ...] = ()
