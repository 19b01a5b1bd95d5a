"""The station's device model: declared variables, their values, and OCPP's ways to read and write them (B05 to B08)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Literal, NamedTuple, Protocol

from pncsim.secc.station.config import StationConfig

Access = Literal["ReadOnly", "ReadWrite", "WriteOnly"]
Kind = Literal["string", "integer", "boolean", "decimal", "OptionList", "MemberList", "SequenceList"]
Tier = Literal["station", "evse", "connector"]


class Owner(Protocol):
    """What computed values are read from."""

    @property
    def config(self) -> StationConfig:
        """The plates."""

    @property
    def certificates(self) -> int:
        """How many certificates are stored."""

    def availability(self, evse: int, connector: int) -> str:
        """ConnectorStatusEnumType of the station (0, 0), an EVSE (n, 0) or a connector."""

    def watts(self, evse: int) -> float:
        """What flows at an EVSE now."""


Computed = Callable[[Owner, int, int], str]
"""A value that is worked out when it is read: owner, EVSE, connector."""


class Variable(NamedTuple):
    """One declaration; its value is text, as on the wire. ``tier``: one for the station, or for each EVSE or connector.

    ``limits`` (min, max) for numbers and for the length of strings.
    """

    component: str
    name: str
    kind: Kind
    access: Access
    value: str | Computed
    unit: str = ""
    instance: str = ""
    limits: tuple[float, float] | None = None
    options: tuple[str, ...] = ()
    reboot: bool = False
    tier: Tier = "station"


class Key(NamedTuple):
    """What names one variable of one place; 0 stands for the station as a whole."""

    component: str
    name: str
    instance: str = ""
    evse: int = 0
    connector: int = 0

    def folded(self) -> Key:
        """OCPP compares names without case."""
        return Key(self.component.lower(), self.name.lower(), self.instance.lower(), self.evse, self.connector)


class Rows(NamedTuple):
    """The declarations of a station with this layout, shared by all stations that look the same."""

    by_key: Mapping[Key, Variable]
    folded: Mapping[Key, Key]
    components: frozenset[tuple[str, int, int]]


@lru_cache(maxsize=64)
def rows_for(declared: tuple[Variable, ...], connectors: tuple[int, ...]) -> Rows:
    """``declared`` for a station whose EVSEs 1, 2 … have so many ``connectors``."""
    by_key = {
        Key(v.component, v.name, v.instance, *place): v for v in declared for place in _places(v.tier, connectors)
    }
    folded = {key.folded(): key for key in by_key}
    return Rows(by_key, folded, frozenset((key.component, key.evse, key.connector) for key in folded))


def _places(tier: Tier, connectors: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    if tier == "station":
        yield 0, 0
        return
    for evse, count in enumerate(connectors, 1):
        if tier == "evse":
            yield evse, 0
        else:
            yield from ((evse, connector) for connector in range(1, count + 1))


class DeviceModel:
    """The variables of one station. ``changed(key, value)`` is called with each one the CSMS has written."""

    def __init__(
        self,
        declared: tuple[Variable, ...],
        owner: Owner,
        changed: Callable[[Key, str], None] | None = None,
    ) -> None:
        self._rows = rows_for(declared, owner.config.connectors)
        self._owner = owner
        self._changed = changed
        self._written: dict[Key, str] = {}

    def text(self, component: str, name: str, instance: str = "", *, evse: int = 0, connector: int = 0) -> str:
        """The value of a variable that is declared."""
        return self._value(Key(component, name, instance, evse, connector))

    def integer(self, component: str, name: str, instance: str = "", *, evse: int = 0) -> int:
        """The value as a number."""
        return int(self._value(Key(component, name, instance, evse)))

    def flag(self, component: str, name: str, instance: str = "", *, evse: int = 0) -> bool:
        """The value as truth."""
        return self._value(Key(component, name, instance, evse)) == "true"

    def put(self, component: str, name: str, value: str, instance: str = "", *, evse: int = 0) -> None:
        """Write from inside the station, whatever the access."""
        key = Key(component, name, instance, evse)
        assert key in self._rows.by_key, key
        self._written[key] = value

    def writable(self) -> list[Key]:
        """Every variable a CSMS may write."""
        return [key for key, row in self._rows.by_key.items() if row.access != "ReadOnly"]

    def _value(self, key: Key) -> str:
        written = self._written.get(key)
        if written is not None:
            return written
        value = self._rows.by_key[key].value
        return value if isinstance(value, str) else value(self._owner, key.evse, key.connector)

    # What the CSMS asks for

    def get_variables(self, wanted: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """GetVariableResultType for each GetVariableDataType, in the same order (B06)."""
        return [self._got(item) for item in wanted]

    def set_variables(self, wanted: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """SetVariableResultType for each SetVariableDataType, in the same order (B05)."""
        return [self._set(item) for item in wanted]

    def report(self, *, configuration_only: bool) -> list[dict[str, Any]]:
        """ReportDataType of every variable; ``configuration_only``: those the CSMS can write (B07)."""
        rows = self._rows.by_key.items()
        return [self._reported(key, row) for key, row in rows if not configuration_only or row.access != "ReadOnly"]

    def report_on(self, wanted: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """ReportDataType of the variables a GetReport asks for (B08)."""
        rows = self._rows.by_key.items()
        return [self._reported(key, row) for key, row in rows if any(_asked(key.folded(), item) for item in wanted)]

    def _find(self, item: dict[str, Any]) -> Key | str:
        if item.get("attributeType", "Actual") != "Actual":
            return "NotSupportedAttributeType"
        component, variable = item["component"], item["variable"]
        place = component.get("evse", {})
        asked = Key(
            component["name"],
            variable["name"],
            variable.get("instance", ""),
            place.get("id", 0),
            place.get("connectorId", 0),
        ).folded()
        key = self._rows.folded.get(asked)
        if key is not None and not component.get("instance"):
            return key
        known = (asked.component, asked.evse, asked.connector) in self._rows.components
        return "UnknownVariable" if known else "UnknownComponent"

    def _got(self, item: dict[str, Any]) -> dict[str, Any]:
        key = self._find(item)
        result = _echo(item)
        if isinstance(key, str):
            return {**result, "attributeStatus": key}
        if self._rows.by_key[key].access == "WriteOnly":
            info = {"reasonCode": "WriteOnly"}
            return {**result, "attributeStatus": "Rejected", "attributeStatusInfo": info}
        return {**result, "attributeStatus": "Accepted", "attributeValue": self._value(key)}

    def _set(self, item: dict[str, Any]) -> dict[str, Any]:
        key = self._find(item)
        result = _echo(item)
        if isinstance(key, str):
            return {**result, "attributeStatus": key}
        row, value = self._rows.by_key[key], item["attributeValue"]
        reason = "ReadOnly" if row.access == "ReadOnly" else _unfit(row, value)
        if reason:
            return {**result, "attributeStatus": "Rejected", "attributeStatusInfo": {"reasonCode": reason}}
        # What is WriteOnly is a secret: its keeper is told, the table stays empty.
        if row.access != "WriteOnly":
            self._written[key] = value
        if self._changed is not None:
            self._changed(key, value)
        return {**result, "attributeStatus": "RebootRequired" if row.reboot else "Accepted"}

    def _reported(self, key: Key, row: Variable) -> dict[str, Any]:
        component: dict[str, Any] = {"name": key.component}
        if key.evse:
            component["evse"] = {"id": key.evse, **({"connectorId": key.connector} if key.connector else {})}
        attribute: dict[str, Any] = {"mutability": row.access, "persistent": row.access != "ReadOnly"}
        if row.access != "WriteOnly":
            attribute["value"] = self._value(key)
        return {
            "component": component,
            "variable": {"name": key.name, **({"instance": key.instance} if key.instance else {})},
            "variableAttribute": [attribute],
            "variableCharacteristics": _traits(row),
        }


def _echo(item: dict[str, Any]) -> dict[str, Any]:
    return {name: item[name] for name in ("component", "variable", "attributeType") if name in item}


def _unfit(row: Variable, text: str) -> str:
    """The reasonCode why ``text`` cannot be the row's value, or an empty string."""
    if row.kind == "boolean":
        return "" if text in ("true", "false") else "InvalidValue"
    if row.kind in ("integer", "decimal"):
        try:
            number = int(text) if row.kind == "integer" else float(text)
        except ValueError:
            return "InvalidValue"
        return "" if row.limits is None or row.limits[0] <= number <= row.limits[1] else "ValueOutOfRange"
    if row.options:
        chosen = text.split(",") if text else []
        return "" if all(choice in row.options for choice in chosen) else "InvalidValue"
    return "" if row.limits is None or row.limits[0] <= len(text) <= row.limits[1] else "InvalidValue"


def _asked(key: Key, item: dict[str, Any]) -> bool:
    """Whether a ComponentVariableType means the variable; what it leaves out means every one."""
    component, variable = item["component"], item.get("variable", {})
    place = component.get("evse", {})
    return bool(
        key.component == component["name"].lower()
        and key.evse == place.get("id", key.evse)
        and key.connector == place.get("connectorId", key.connector)
        and key.name == variable.get("name", key.name).lower()
        and key.instance == variable.get("instance", key.instance).lower()
    )


def _traits(row: Variable) -> dict[str, Any]:
    """VariableCharacteristicsType."""
    traits: dict[str, Any] = {"dataType": row.kind, "supportsMonitoring": False}
    if row.unit:
        traits["unit"] = row.unit
    if row.limits is not None:
        if row.kind in ("integer", "decimal"):
            traits["minLimit"] = row.limits[0]
        traits["maxLimit"] = row.limits[1]
    if row.options:
        traits["valuesList"] = ",".join(row.options)
    return traits
