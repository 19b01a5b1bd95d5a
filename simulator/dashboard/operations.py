"""What an operator sees: stations, EVSEs, transactions, device model and calls, as OCPP 2.0.1 frames tell of them.

Read from the frames alone, so that it is the same for our CSMS and somebody else's, live and recorded.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from msgspec import Struct, field

from pncsim.simulator.dashboard.form import NUMBER
from pncsim.simulator.dashboard.lines import REFUSALS
from pncsim.simulator.dashboard.store import EventStore
from pncsim.simulator.dashboard.walk import Walk
from pncsim.simulator.evidence.wire_told import Once
from pncsim.wire.errors import LocalError
from pncsim.wire.ocpp.frames import Call, Error, Result
from pncsim.wire.trace import OcppFrame

AT_ONCE = 200
"""Events looked at between two looks at the time."""
MOST_CALLS, MOST_OPEN = 50_000, 1_000
"""Calls that are kept, the latest; and those whose answers are waited for."""
MOST_OF_EACH = 5_000
"""Stations, transactions, and of a station connectors and variables, that are told apart."""

MOST_POWER_OF_TEN = 30
"""A multiplier that is taken for one."""

KnownBy = Literal["reported", "read", "set"]


class OutletShown(Struct):
    """A connector of an EVSE, as StatusNotification or the device model says it is."""

    evse: int
    connector: int
    status: str
    at: float


class DeviceVariable(Struct, frozen=True):
    """A variable of a station's device model; ``source``: how its value is known."""

    component: str
    variable: str
    value: str
    source: KnownBy


class ChargingTransaction(Struct):
    """A transaction, by its TransactionEvents. ``wh``: the last reading of the meter less the first, None without."""

    id: str
    station: str
    began: float
    evse: int = 0
    token: str = ""
    state: str = ""
    trigger: str = ""
    ended: float | None = None
    reason: str = ""
    first_wh: float | None = None
    last_wh: float | None = None

    @property
    def wh(self) -> float | None:
        """Wh since its first reading."""
        return None if self.first_wh is None or self.last_wh is None else self.last_wh - self.first_wh


class OcppCall(Struct):
    """A call and its answer. ``up``: from station to CSMS. ``place`` and ``answer`` are places in the store, -1 none.

    ``said`` is the answer in one word; ``bad`` whether it refuses.
    """

    place: int
    time: float
    station: str
    up: bool
    name: str
    answer: int = -1
    took: float | None = None
    said: str = ""
    bad: bool = False


class OperatedStation(Struct):
    """A station. ``registration``: how its boot was answered; ``plate``: what it says it is; ``csms``: whose it is."""

    identity: str
    csms: str = ""
    registration: str = ""
    plate: str = ""
    heard: float = 0.0
    outlets: dict[tuple[int, int], OutletShown] = field(default_factory=dict)
    variables: dict[tuple[str, str], DeviceVariable] = field(default_factory=dict)


class Operations:
    """Everything of a store that concerns an operator. :meth:`look` finds what has come."""

    def __init__(self, store: EventStore) -> None:
        self.store = store
        self.stations: dict[str, OperatedStation] = {}
        self.transactions: dict[str, ChargingTransaction] = {}
        self.calls: list[OcppCall] = []
        self._once = Once()
        self._open: dict[tuple[str, str], tuple[OcppCall, Call]] = {}
        self._walk = Walk(lambda: len(store), self._events, AT_ONCE)

    @property
    def behind(self) -> int:
        """How many events are still to be looked at."""
        return self._walk.behind

    def look(self, seconds: float) -> None:
        """Look at what has come, for at most ``seconds``."""
        self._walk.on(time.perf_counter() + seconds)

    def _events(self, begins: int, ends: int) -> None:
        for place in range(begins, ends):
            if self.store.kinds[place] == NUMBER[OcppFrame]:
                self._frame(place)

    def _frame(self, place: int) -> None:
        try:
            event = self.store.event(place)
        except LocalError:
            return
        if not isinstance(event, OcppFrame) or not self._once.tell(event):
            return
        identity = event.peer if event.role == "CSMS" else event.unit
        station = self.stations.get(identity)
        if station is None:
            if len(self.stations) >= MOST_OF_EACH:
                return
            station = self.stations[identity] = OperatedStation(identity)
        station.csms = event.unit if event.role == "CSMS" else event.peer
        up = (event.direction == "sent") == (event.role != "CSMS")
        if up:
            station.heard = event.time
        match event.content:
            case Call() as call:
                self._called(place, event, station, up, call)
            case Result(id=id, payload=payload):
                self._answered(place, event, station, id, payload)
            case Error(id=id, code=code, description=description):
                told = self._close(place, event, station, id)
                if told is not None:
                    told[0].said, told[0].bad = f"{code} {description}".strip(), True

    def _called(self, place: int, event: OcppFrame, station: OperatedStation, up: bool, call: Call) -> None:
        told = OcppCall(place, event.time, station.identity, up, call.action)
        self.calls.append(told)
        if len(self.calls) > 2 * MOST_CALLS:
            del self.calls[:MOST_CALLS]
        self._open[station.identity, call.id] = told, call
        if len(self._open) > MOST_OPEN:
            del self._open[next(iter(self._open))]
        if up and isinstance(call.payload, dict):
            self._heard(event.time, station, call.action, call.payload)

    def _close(self, place: int, event: OcppFrame, station: OperatedStation, id: str) -> tuple[OcppCall, Call] | None:
        found = self._open.pop((station.identity, id), None)
        if found is not None:
            found[0].answer, found[0].took = place, event.time - found[0].time
        return found

    def _answered(self, place: int, event: OcppFrame, station: OperatedStation, id: str, payload: object) -> None:
        found = self._close(place, event, station, id)
        if found is None or not isinstance(payload, dict):
            return
        told, call = found
        told.said = status_of(payload)
        told.bad = told.said in REFUSALS
        asked = call.payload if isinstance(call.payload, dict) else {}
        match call.action:
            case "BootNotification":
                station.registration = told.said
            case "GetVariables":
                for one in _dicts(payload.get("getVariableResult")):
                    if "attributeValue" in one:
                        self._variable(station, one, str(one["attributeValue"]), "read")
            case "SetVariables":
                answers = list(_dicts(payload.get("setVariableResult")))
                for one, said in zip(_dicts(asked.get("setVariableData")), answers, strict=False):
                    if said.get("attributeStatus") == "Accepted":
                        self._variable(station, one, str(one.get("attributeValue", "")), "set")

    # What a station tells

    def _heard(self, now: float, station: OperatedStation, action: str, told: Mapping[str, Any]) -> None:
        match action:
            case "BootNotification":
                plate = told.get("chargingStation")
                if isinstance(plate, dict):
                    words = (plate.get(name) for name in ("vendorName", "model", "firmwareVersion", "serialNumber"))
                    station.plate = " ".join(str(word) for word in words if word)
            case "StatusNotification":
                self._outlet(station, told.get("evseId"), told.get("connectorId"), told.get("connectorStatus"), now)
            case "NotifyEvent":
                for one in _dicts(told.get("eventData")):
                    self._noticed(station, one, now)
            case "NotifyReport":
                for one in _dicts(told.get("reportData")):
                    for attribute in _dicts(one.get("variableAttribute")):
                        if attribute.get("type", "Actual") == "Actual" and "value" in attribute:
                            self._variable(station, one, str(attribute["value"]), "reported")
            case "TransactionEvent":
                self._transaction(now, station, told)

    def _outlet(self, station: OperatedStation, evse: object, connector: object, status: object, now: float) -> None:
        if isinstance(evse, int) and isinstance(connector, int) and len(station.outlets) < MOST_OF_EACH:
            station.outlets[evse, connector] = OutletShown(evse, connector, str(status), now)

    def _noticed(self, station: OperatedStation, told: Mapping[str, Any], now: float) -> None:
        component, variable = _named(told)
        value = str(told.get("actualValue", ""))
        evse = told.get("component", {}).get("evse") if isinstance(told.get("component"), dict) else None
        if component.startswith("Connector") and variable == "AvailabilityState" and isinstance(evse, dict):
            self._outlet(station, evse.get("id"), evse.get("connectorId", 1), value, now)
        self._variable(station, told, value, "reported")

    def _variable(self, station: OperatedStation, told: Mapping[str, Any], value: str, source: KnownBy) -> None:
        component, variable = name = _named(told)
        if name in station.variables or len(station.variables) < MOST_OF_EACH:
            station.variables[name] = DeviceVariable(component, variable, value, source)

    def _transaction(self, now: float, station: OperatedStation, told: Mapping[str, Any]) -> None:
        info = told.get("transactionInfo")
        id = info.get("transactionId") if isinstance(info, dict) else None
        if not isinstance(info, dict) or not isinstance(id, str):
            return
        one = self.transactions.get(id)
        if one is None:
            if len(self.transactions) >= MOST_OF_EACH:
                del self.transactions[next(iter(self.transactions))]
            one = self.transactions[id] = ChargingTransaction(id, station.identity, now)
        evse, token = told.get("evse"), told.get("idToken")
        if isinstance(evse, dict):
            one.evse = evse["id"] if isinstance(evse.get("id"), int) else one.evse
        if isinstance(token, dict):
            one.token = str(token.get("idToken", ""))
        one.state = str(info.get("chargingState", one.state))
        one.trigger = str(told.get("triggerReason", ""))
        if told.get("eventType") == "Ended":
            one.ended, one.reason = now, str(info.get("stoppedReason", "Local"))
        for reading in _energy(told):
            one.first_wh = reading if one.first_wh is None else one.first_wh
            one.last_wh = reading


def status_of(payload: Mapping[str, Any]) -> str:
    """The status of an answer, of several results those that differ; empty where it has none."""
    token = payload.get("idTokenInfo")
    if isinstance(token, dict):
        certificate = payload.get("certificateStatus")
        status = str(token.get("status", ""))
        return status if certificate in (None, "Accepted") else f"{certificate}"
    if isinstance(payload.get("status"), str):
        return str(payload["status"])
    results = [*_dicts(payload.get("getVariableResult")), *_dicts(payload.get("setVariableResult"))]
    return ", ".join(dict.fromkeys(str(one.get("attributeStatus", "")) for one in results))


def _dicts(told: object) -> Iterator[dict[str, Any]]:
    """The objects of a list; a peer may send anything."""
    if isinstance(told, list):
        yield from (one for one in told if isinstance(one, dict))


def _named(told: Mapping[str, Any]) -> tuple[str, str]:
    """Component and variable in a few words: ``Connector 1.1``, ``SecurityCtrlr``; instances behind a colon."""
    words = []
    for kind in ("component", "variable"):
        one = told.get(kind)
        if not isinstance(one, dict):
            words.append("")
            continue
        name = str(one.get("name", ""))
        if "instance" in one:
            name += f":{one['instance']}"
        if isinstance(evse := one.get("evse"), dict):
            name += " " + ".".join(str(evse[key]) for key in ("id", "connectorId") if key in evse)
        words.append(name)
    return words[0], words[1]


def _energy(told: Mapping[str, Any]) -> Iterator[float]:
    """Readings of Energy.Active.Import.Register in Wh; it is the measurand where none is named (Part 2, MeterValue)."""
    for value in _dicts(told.get("meterValue")):
        for sample in _dicts(value.get("sampledValue")):
            number = sample.get("value")
            if "phase" in sample or not isinstance(number, (int, float)):
                continue
            if sample.get("measurand", "Energy.Active.Import.Register") == "Energy.Active.Import.Register":
                unit = sample.get("unitOfMeasure")
                unit = unit if isinstance(unit, dict) else {}
                power = unit.get("multiplier", 0)
                factor = 10.0**power if isinstance(power, int) and abs(power) <= MOST_POWER_OF_TEN else 1.0
                yield number * factor * (1000 if unit.get("unit") == "kWh" else 1)
