"""Reading and writing variables, and how the station keeps its connection (use cases B01 to B06)."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pncsim.secc.station.context import StationContext
from pncsim.secc.station.variables import Variable as V
from pncsim.wire.ocpp import v201
from pncsim.wire.ocpp.actions import AndThen, Reply, Row, row
from pncsim.wire.ocpp.errors import CallError
from pncsim.wire.ocpp.when import timestamp

if TYPE_CHECKING:
    from pncsim.wire.ocpp.types import v201 as types

T = TypeVar("T")
MAX_ITEMS = 50
MAX_BYTES = 65536


def _bounded(items: list[T]) -> list[T]:
    if len(items) > MAX_ITEMS:
        raise CallError("OccurrenceConstraintViolation", f"{len(items)} items, at most {MAX_ITEMS} are taken")
    return items


def _get_variables(station: StationContext, payload: types.GetVariablesRequest) -> types.GetVariablesResponse:
    return {"getVariableResult": station.model.get_variables(_bounded(payload["getVariableData"]))}


def _set_variables(station: StationContext, payload: types.SetVariablesRequest) -> Reply[types.SetVariablesResponse]:
    answer: types.SetVariablesResponse = {
        "setVariableResult": station.model.set_variables(_bounded(payload["setVariableData"]))
    }
    return AndThen(answer, station.reconnect_with_new_password) if station.password_changed else answer


HANDLERS: tuple[Row[StationContext], ...] = (
    row(v201.GetVariables, _get_variables),
    row(v201.SetVariables, _set_variables),
)

_FIELD = "Get15118EVCertificateResponse.exiResponse"

VARIABLES = (
    V("OCPPCommCtrlr", "HeartbeatInterval", "integer", "ReadWrite", "300", "s", limits=(1, 86400)),
    V(
        "OCPPCommCtrlr",
        "MessageTimeout",
        "integer",
        "ReadOnly",
        lambda o, *_: f"{o.config.call_timeout:.0f}",
        "s",
        "Default",
    ),
    V("OCPPCommCtrlr", "MessageAttempts", "integer", "ReadWrite", "3", "", "TransactionEvent", (1, 100)),
    V("OCPPCommCtrlr", "MessageAttemptInterval", "integer", "ReadWrite", "10", "s", "TransactionEvent", (0, 3600)),
    V("OCPPCommCtrlr", "RetryBackOffWaitMinimum", "integer", "ReadWrite", "5", "s", limits=(0, 3600)),
    V("OCPPCommCtrlr", "RetryBackOffRandomRange", "integer", "ReadWrite", "3", "s", limits=(0, 3600)),
    V("OCPPCommCtrlr", "RetryBackOffRepeatTimes", "integer", "ReadWrite", "4", limits=(0, 30)),
    V("OCPPCommCtrlr", "OfflineThreshold", "integer", "ReadWrite", "60", "s", limits=(0, 86400)),
    # It has one network profile: whatever the attempts, the next goes to the same CSMS.
    V("OCPPCommCtrlr", "NetworkConfigurationPriority", "SequenceList", "ReadOnly", "1"),
    V("OCPPCommCtrlr", "NetworkProfileConnectionAttempts", "integer", "ReadOnly", "1"),
    # 0: none. Heartbeats find out about a dead CSMS; pings are for what lies between and forgets silent connections.
    V("OCPPCommCtrlr", "WebSocketPingInterval", "integer", "ReadWrite", "0", "s", limits=(0, 86400)),
    V("OCPPCommCtrlr", "FileTransferProtocols", "MemberList", "ReadOnly", "HTTPS"),
    V("OCPPCommCtrlr", "FieldLength", "integer", "ReadOnly", "7500", "", _FIELD),
    V("DeviceDataCtrlr", "ItemsPerMessage", "integer", "ReadOnly", str(MAX_ITEMS), "", "GetVariables"),
    V("DeviceDataCtrlr", "ItemsPerMessage", "integer", "ReadOnly", str(MAX_ITEMS), "", "SetVariables"),
    V("DeviceDataCtrlr", "BytesPerMessage", "integer", "ReadOnly", str(MAX_BYTES), "", "GetVariables"),
    V("DeviceDataCtrlr", "BytesPerMessage", "integer", "ReadOnly", str(MAX_BYTES), "", "SetVariables"),
    V("ClockCtrlr", "TimeSource", "SequenceList", "ReadOnly", "Heartbeat"),
    V("ClockCtrlr", "DateTime", "dateTime", "ReadOnly", lambda o, *_: timestamp(o.now)),
)
