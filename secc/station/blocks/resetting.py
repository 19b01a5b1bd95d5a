"""Restarting the station or one EVSE (use cases B11 and B12)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pncsim.secc.station.context import StationContext
from pncsim.secc.station.outlet import Outlet
from pncsim.secc.station.status_info import because
from pncsim.secc.station.variables import Variable
from pncsim.wire.ocpp import v201
from pncsim.wire.ocpp.actions import AndThen, Reply, Row, row

if TYPE_CHECKING:
    from pncsim.wire.ocpp.types import v201 as types

ENDS_WITHIN = 60.0
"""Seconds a vehicle has to end its session when it is asked to, before it is asked again."""


def _reset(station: StationContext, payload: types.ResetRequest) -> Reply[types.ResetResponse]:
    if "evseId" in payload:
        return _reset_evse(station, payload)
    busy = [outlet for outlet in station.outlets.values() if outlet.transaction is not None]
    if not busy:
        return AndThen({"status": "Accepted"}, lambda: station.link.restart("RemoteReset"))
    if payload["type"] != "Immediate":
        station.reset_when_idle()
        return {"status": "Scheduled"}
    if any(outlet.stop is None for outlet in busy):
        return {"status": "Rejected", "statusInfo": because("TxInProgress")}
    station.reset_when_idle()
    for outlet in busy:
        outlet.end("ResetCommand", "ImmediateReset", "The CSMS resets the station.")
        _insist(station, outlet)
    return {"status": "Accepted"}


def _reset_evse(station: StationContext, payload: types.ResetRequest) -> Reply[types.ResetResponse]:
    outlet = station.outlets.get(payload["evseId"])
    if outlet is None:
        return {"status": "Rejected", "statusInfo": because("UnknownEvse")}
    if outlet.restart is None:
        return {"status": "Rejected", "statusInfo": because("UnsupportedRequest")}
    if outlet.transaction is None:
        return AndThen({"status": "Accepted"}, lambda: _restart(outlet))
    if payload["type"] != "Immediate":
        station.reset_when_idle(outlet)
        return {"status": "Scheduled"}
    station.reset_when_idle(outlet)
    if not outlet.end("ResetCommand", "ImmediateReset", "The CSMS resets the EVSE."):
        return {"status": "Rejected", "statusInfo": because("TxInProgress")}
    _insist(station, outlet)
    return {"status": "Accepted"}


def _insist(station: StationContext, outlet: Outlet) -> None:
    transaction = outlet.transaction
    if transaction is not None:
        station.spawn(_until_over(station, outlet, transaction.id))


async def _until_over(station: StationContext, outlet: Outlet, transaction_id: str) -> None:
    """A vehicle is asked to end its session, and may not: ask ResetRetries times more, then end it without asking."""
    tried = 0
    while True:
        await station.clock.sleep(ENDS_WITHIN)
        if outlet.transaction is None or outlet.transaction.id != transaction_id:
            return
        if tried >= station.model.integer("OCPPCommCtrlr", "ResetRetries"):
            break
        tried += 1
        outlet.end("ResetCommand", "ImmediateReset", "The CSMS resets the station, and the session goes on.")
    await _restart(outlet)


async def _restart(outlet: Outlet) -> None:
    if outlet.restart is not None:
        outlet.restart()


HANDLERS: tuple[Row[StationContext], ...] = (row(v201.Reset, _reset),)

VARIABLES = (
    Variable("EVSE", "AllowReset", "boolean", "ReadOnly", "true", tier="evse"),
    Variable("OCPPCommCtrlr", "ResetRetries", "integer", "ReadWrite", "1", limits=(0, 10)),
)
