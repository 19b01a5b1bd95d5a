"""Messages on demand (use case F06): the answer goes first, then the message."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from typing import TYPE_CHECKING, Any

from pncsim.secc.station.context import StationContext
from pncsim.secc.station.outlet import Outlet
from pncsim.secc.station.status_info import because
from pncsim.secc.station.variables import Variable
from pncsim.wire.ocpp import v201
from pncsim.wire.ocpp.actions import AndThen, Reply, Row, row

if TYPE_CHECKING:
    from pncsim.wire.ocpp.types import v201 as types


def _trigger(station: StationContext, payload: types.TriggerMessageRequest) -> Reply[types.TriggerMessageResponse]:
    kind, place = payload["requestedMessage"], payload.get("evse", {})
    if place.get("id", 0) and place["id"] not in station.outlets:
        return {"status": "Rejected", "statusInfo": because("UnknownEvse")}
    outlets = [station.outlets[place["id"]]] if place.get("id", 0) else list(station.outlets.values())
    connector = place.get("connectorId")
    if connector is not None and (not place["id"] or connector not in outlets[0].connectors):
        return {"status": "Rejected", "statusInfo": because("UnknownConnectorId")}
    if kind == "BootNotification":
        if station.online:
            return {"status": "Rejected", "statusInfo": because("NoError")}  # F06.FR.17: it is registered already
        return AndThen({"status": "Accepted"}, lambda: _boot(station))
    send = _TRIGGERED.get(kind)
    if send is None:
        return {"status": "NotImplemented"}
    return AndThen({"status": "Accepted"}, lambda: send(station, outlets, connector))


async def _boot(station: StationContext) -> None:
    station.link.boot_now()


async def _heartbeat(station: StationContext, outlets: Iterable[Outlet], connector: int | None) -> None:
    await station.ask(v201.Heartbeat({}), triggered=True)


async def _status(station: StationContext, outlets: Iterable[Outlet], connector: int | None) -> None:
    for outlet in outlets:
        for number in outlet.connectors if connector is None else (connector,):
            await station.send_status(outlet, number, triggered=True)


async def _transaction(station: StationContext, outlets: Iterable[Outlet], connector: int | None) -> None:
    for outlet in outlets:
        station.delivery.add(outlet.book.snapshot(station.clock.now()))


async def _sign(station: StationContext, outlets: Iterable[Outlet], connector: int | None) -> None:
    station.upkeep.renew()


_TRIGGERED: dict[str, Callable[[StationContext, list[Outlet], int | None], Coroutine[Any, Any, None]]] = {
    "Heartbeat": _heartbeat,
    "StatusNotification": _status,
    "TransactionEvent": _transaction,
    "SignV2GCertificate": _sign,
}
"""What can be asked for besides BootNotification, for one EVSE or all."""

HANDLERS: tuple[Row[StationContext], ...] = (row(v201.TriggerMessage, _trigger),)

VARIABLES: tuple[Variable, ...] = ()
