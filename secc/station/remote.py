"""What the CSMS may ask of the station: one handler per action, listed in one table (use cases A, B, C, F, M)."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from pncsim.wire.ocpp.errors import CallError
from pncsim.wire.ocpp.peer import Answer, Handler, Payload
from pncsim.wire.ocpp.when import timestamp

if TYPE_CHECKING:
    from pncsim.secc.station.station import Station

ROWS_PER_REPORT = 20
MAX_ITEMS = 50

After = Callable[[], Coroutine[Any, Any, object]]


def handlers(station: Station) -> Iterator[tuple[str, Handler]]:
    """(action, handler) for every action the station supports."""
    for action, handler in _TABLE.items():
        yield action, partial(handler, station)


def _no(status: str, reason: str) -> Payload:
    return {"status": status, "statusInfo": {"reasonCode": reason}}


def _bounded(items: list[Payload]) -> list[Payload]:
    if len(items) > MAX_ITEMS:
        raise CallError("OccurrenceConstraintViolation", f"{len(items)} items, at most {MAX_ITEMS} are taken")
    return items


def _get_variables(station: Station, payload: Payload) -> Payload:
    return {"getVariableResult": station.model.get_variables(_bounded(payload["getVariableData"]))}


def _set_variables(station: Station, payload: Payload) -> Payload | Answer:
    answer = {"setVariableResult": station.model.set_variables(_bounded(payload["setVariableData"]))}
    return Answer(answer, station.reconnect_with_new_password) if station.password_changed else answer


def _get_base_report(station: Station, payload: Payload) -> Payload | Answer:
    if payload["reportBase"] == "SummaryInventory":
        return {"status": "NotSupported"}
    rows = station.model.report(configuration_only=payload["reportBase"] == "ConfigurationInventory")
    return Answer({"status": "Accepted"}, lambda: _report(station, payload["requestId"], rows))


def _get_report(station: Station, payload: Payload) -> Payload | Answer:
    wanted = payload.get("componentVariable")
    rows = station.model.report(configuration_only=False) if wanted is None else station.model.report_on(wanted)
    if not rows:
        return {"status": "EmptyResultSet"}
    return Answer({"status": "Accepted"}, lambda: _report(station, payload["requestId"], rows))


async def _report(station: Station, request_id: int, rows: list[Payload]) -> None:
    """NotifyReport in parts, seqNo from 0, ``tbc`` true except in the last (B07)."""
    moment = timestamp(station.now())
    for number, start in enumerate(range(0, len(rows), ROWS_PER_REPORT)):
        part: Payload = {
            "requestId": request_id,
            "generatedAt": moment,
            "seqNo": number,
            "tbc": start + ROWS_PER_REPORT < len(rows),
            "reportData": rows[start : start + ROWS_PER_REPORT],
        }
        await station.call("NotifyReport", part, triggered=True)


def _trigger(station: Station, payload: Payload) -> Payload | Answer:
    kind = payload["requestedMessage"]
    if kind == "BootNotification":
        if station.online:
            return _no("Rejected", "NoError")  # F06.FR.17: it is registered already

        async def boot() -> None:
            station.link.boot_now()

        return Answer({"status": "Accepted"}, boot)
    after = _TRIGGERED.get(kind)
    if after is None:
        return {"status": "NotImplemented"}
    return Answer({"status": "Accepted"}, lambda: after(station))


async def _heartbeat(station: Station) -> None:
    await station.call("Heartbeat", {}, triggered=True)


async def _status(station: Station) -> None:
    await station.send_status(triggered=True)


async def _transaction(station: Station) -> None:
    station.delivery.add(station.book.snapshot(station.now()))


async def _sign(station: Station) -> None:
    station.upkeep.renew()


_TRIGGERED: dict[str, Callable[[Station], Coroutine[Any, Any, None]]] = {
    "Heartbeat": _heartbeat,
    "StatusNotification": _status,
    "TransactionEvent": _transaction,
    "SignV2GCertificate": _sign,
}
"""What TriggerMessage can ask for besides BootNotification; the answer goes first (F06)."""


def _reset(station: Station, payload: Payload) -> Payload | Answer:
    if "evseId" in payload:
        return _no("Rejected", "UnsupportedRequest")
    if station.book.open is None:
        return Answer({"status": "Accepted"}, lambda: station.link.restart("RemoteReset"))
    if payload["type"] == "Immediate":
        if not station.end_transaction("ResetCommand", "ImmediateReset", "The CSMS resets the station."):
            return _no("Rejected", "TxInProgress")
        station.reset_when_idle()
        return {"status": "Accepted"}
    station.reset_when_idle()
    return {"status": "Scheduled"}


def _request_start(station: Station, payload: Payload) -> Payload:
    if not station.online:
        return _no("Rejected", "CSNotAccepted")
    if payload.get("evseId", station.config.evse_id) != station.config.evse_id:
        return _no("Rejected", "UnknownEvse")
    transaction = station.book.open
    if transaction is not None and transaction.token is not None:
        return _no("Rejected", "TxInProgress")
    token = payload["idToken"]
    ask_first = station.model.flag("AuthCtrlr", "AuthorizeRemoteStart")
    station.book.remote_started(payload["remoteStartId"])
    station.authorizer.present(token["idToken"], token["type"], authorized=not ask_first)
    return {"status": "Accepted", **({"transactionId": transaction.id} if transaction is not None else {})}


def _request_stop(station: Station, payload: Payload) -> Payload:
    if not station.online:
        return _no("Rejected", "CSNotAccepted")
    transaction = station.book.open
    if transaction is None or transaction.id != payload["transactionId"]:
        return _no("Rejected", "TxNotFound")
    stopped = station.end_transaction("RemoteStop", "Remote", "The CSMS stopped the transaction.")
    return {"status": "Accepted"} if stopped else _no("Rejected", "UnsupportedRequest")


def _transaction_status(station: Station, payload: Payload) -> Payload:
    wanted = payload.get("transactionId")
    waiting = station.delivery.holds(wanted)
    if wanted is None:
        return {"messagesInQueue": waiting}
    ongoing = station.book.open is not None and station.book.open.id == wanted
    return {"ongoingIndicator": ongoing, "messagesInQueue": waiting}


def _unlock(station: Station, payload: Payload) -> Payload:
    if (payload["evseId"], payload["connectorId"]) != (station.config.evse_id, station.config.connector_id):
        return {"status": "UnknownConnector"}
    if station.book.open is not None and station.book.open.token is not None:
        return {"status": "OngoingAuthorizedTransaction"}
    return {"status": "Unlocked"}


_TABLE: dict[str, Callable[[Any, Payload], Payload | Answer]] = {
    "CertificateSigned": lambda station, payload: station.upkeep.certificate_signed(payload),
    "InstallCertificate": lambda station, payload: station.trust.install(payload, station.now()),
    "GetInstalledCertificateIds": lambda station, payload: station.trust.installed(payload),
    "DeleteCertificate": lambda station, payload: station.trust.delete(payload),
    "GetVariables": _get_variables,
    "SetVariables": _set_variables,
    "GetBaseReport": _get_base_report,
    "GetReport": _get_report,
    "TriggerMessage": _trigger,
    "Reset": _reset,
    "RequestStartTransaction": _request_start,
    "RequestStopTransaction": _request_stop,
    "GetTransactionStatus": _transaction_status,
    "UnlockConnector": _unlock,
    "ClearCache": lambda station, payload: station.authorizer.clear_cache(),
    "DataTransfer": lambda station, payload: {"status": "UnknownVendorId"},
}
