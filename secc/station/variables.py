"""The station's device model: declared variables, their values, and OCPP's ways to read and write them (B05 to B08)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from msgspec import Struct

from pncsim.secc.station.config import StationConfig

if TYPE_CHECKING:
    from pncsim.wire.ocpp.types import v201 as types

Access = Literal["ReadOnly", "ReadWrite", "WriteOnly"]
ValueKind = Literal["string", "integer", "boolean", "decimal", "dateTime", "OptionList", "MemberList", "SequenceList"]
Tier = Literal["station", "evse", "connector"]
Unknown = Literal["UnknownComponent", "UnknownVariable", "NotSupportedAttributeType"]


class Owner(Protocol):
    """What computed values are read from."""

    @property
    def config(self) -> StationConfig:
        """The plates."""

    @property
    def now(self) -> float:
        """What its clock shows, as Unix time."""

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
    kind: ValueKind
    access: Access
    value: str | Computed
    unit: str = ""
    instance: str = ""
    limits: tuple[float, float] | None = None
    options: tuple[str, ...] = ()
    reboot: bool = False
    tier: Tier = "station"


class Key(Struct, frozen=True, array_like=True):
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


class _Values(dict[Key, str]):
    """The values of variables; those that stay are kept, the others are ``worked_out`` each time."""

    def __init__(self, worked_out: Callable[[Key], tuple[str, bool]]) -> None:
        self._worked_out = worked_out

    def __missing__(self, key: Key) -> str:
        value, stays = self._worked_out(key)
        if stays:
            self[key] = value
        return value


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
        self._values = _Values(self._worked_out)

    def text(self, component: str, name: str, instance: str = "", *, evse: int = 0) -> str:
        """The value of a variable that is declared."""
        return self._values[Key(component, name, instance, evse)]

    def integer(self, component: str, name: str, instance: str = "", *, evse: int = 0) -> int:
        """The value as a number."""
        return int(self._values[Key(component, name, instance, evse)])

    def flag(self, component: str, name: str, instance: str = "", *, evse: int = 0) -> bool:
        """The value as truth."""
        return self._values[Key(component, name, instance, evse)] == "true"

    def put(self, component: str, name: str, value: str, instance: str = "", *, evse: int = 0) -> None:
        """Write from inside the station, whatever the access."""
        key = Key(component, name, instance, evse)
        assert key in self._rows.by_key, key
        self._write(key, value)

    @property
    def written(self) -> list[tuple[Key, str]]:
        """Every value that is not as declared."""
        return list(self._written.items())

    def restore(self, written: Iterable[tuple[Key, str]]) -> None:
        """Have these values again; of variables nobody declares any more there is nothing to have."""
        self._written = {key: value for key, value in written if key in self._rows.by_key}
        self._values.clear()

    def writable(self) -> list[Key]:
        """Every variable a CSMS may write."""
        return [key for key, row in self._rows.by_key.items() if row.access != "ReadOnly"]

    def _write(self, key: Key, value: str) -> None:
        self._written[key] = value
        self._values.clear()

    def _worked_out(self, key: Key) -> tuple[str, bool]:
        """The value of a variable, and whether it stays so until one is written."""
        written = self._written.get(key)
        value = self._rows.by_key[key].value if written is None else written
        return (value, True) if isinstance(value, str) else (value(self._owner, key.evse, key.connector), False)

    # What the CSMS asks for

    def get_variables(self, wanted: list[types.GetVariableDataType]) -> list[types.GetVariableResultType]:
        """GetVariableResultType for each GetVariableDataType, in the same order (B06)."""
        return [self._got(item) for item in wanted]

    def set_variables(self, wanted: list[types.SetVariableDataType]) -> list[types.SetVariableResultType]:
        """SetVariableResultType for each SetVariableDataType, in the same order (B05)."""
        return [self._set(item) for item in wanted]

    def report(self, *, configuration_only: bool) -> list[types.ReportDataType]:
        """ReportDataType of every variable; ``configuration_only``: those the CSMS can write (B07)."""
        rows = self._rows.by_key.items()
        return [self._reported(key, row) for key, row in rows if not configuration_only or row.access != "ReadOnly"]

    def report_on(self, wanted: list[types.ComponentVariableType]) -> list[types.ReportDataType]:
        """ReportDataType of the variables a GetReport asks for (B08)."""
        rows = self._rows.by_key.items()
        return [self._reported(key, row) for key, row in rows if any(_asked(key.folded(), item) for item in wanted)]

    def _find(self, item: types.GetVariableDataType | types.SetVariableDataType) -> Key | Unknown:
        if item.get("attributeType", "Actual") != "Actual":
            return "NotSupportedAttributeType"
        component, variable = item["component"], item["variable"]
        evse, connector = _place(component)
        asked = Key(
            component["name"],
            variable["name"],
            variable.get("instance", ""),
            evse or 0,
            connector or 0,
        ).folded()
        key = self._rows.folded.get(asked)
        if key is not None and not component.get("instance"):
            return key
        known = (asked.component, asked.evse, asked.connector) in self._rows.components
        return "UnknownVariable" if known else "UnknownComponent"

    def _got(self, item: types.GetVariableDataType) -> types.GetVariableResultType:
        key = self._find(item)
        result: types.GetVariableResultType = {
            "component": item["component"],
            "variable": item["variable"],
            "attributeStatus": "Accepted",
        }
        if "attributeType" in item:
            result["attributeType"] = item["attributeType"]
        if not isinstance(key, Key):
            result["attributeStatus"] = key
        elif self._rows.by_key[key].access == "WriteOnly":
            result["attributeStatus"] = "Rejected"
            result["attributeStatusInfo"] = {"reasonCode": "WriteOnly"}
        else:
            result["attributeValue"] = self._values[key]
        return result

    def _set(self, item: types.SetVariableDataType) -> types.SetVariableResultType:
        key = self._find(item)
        result: types.SetVariableResultType = {
            "component": item["component"],
            "variable": item["variable"],
            "attributeStatus": "Accepted",
        }
        if "attributeType" in item:
            result["attributeType"] = item["attributeType"]
        if not isinstance(key, Key):
            result["attributeStatus"] = key
            return result
        row, value = self._rows.by_key[key], item["attributeValue"]
        reason = "ReadOnly" if row.access == "ReadOnly" else _unfit(row, value)
        if reason:
            result["attributeStatus"], result["attributeStatusInfo"] = "Rejected", {"reasonCode": reason}
            return result
        # What is WriteOnly is a secret: its keeper is told, the table stays empty.
        if row.access != "WriteOnly":
            self._write(key, value)
        if self._changed is not None:
            self._changed(key, value)
        if row.reboot:
            result["attributeStatus"] = "RebootRequired"
        return result

    def _reported(self, key: Key, row: Variable) -> types.ReportDataType:
        component: types.ComponentType = {"name": key.component}
        if key.evse:
            component["evse"] = {"id": key.evse}
        if key.connector:
            component["evse"]["connectorId"] = key.connector
        variable: types.VariableType = {"name": key.name}
        if key.instance:
            variable["instance"] = key.instance
        attribute: types.VariableAttributeType = {"mutability": row.access, "persistent": row.access != "ReadOnly"}
        if row.access != "WriteOnly":
            attribute["value"] = self._values[key]
        return {
            "component": component,
            "variable": variable,
            "variableAttribute": [attribute],
            "variableCharacteristics": _traits(row),
        }


def _place(component: types.ComponentType) -> tuple[int | None, int | None]:
    """EVSE and connector a component names; None for what it leaves out."""
    if "evse" not in component:
        return None, None
    return component["evse"]["id"], component["evse"].get("connectorId")


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


def _asked(key: Key, item: types.ComponentVariableType) -> bool:
    """Whether a ComponentVariableType means the variable; what it leaves out means every one."""
    evse, connector = _place(item["component"])
    if key.component != item["component"]["name"].lower():
        return False
    if evse not in (None, key.evse) or connector not in (None, key.connector):
        return False
    if "variable" not in item:
        return True
    variable = item["variable"]
    return key.name == variable["name"].lower() and key.instance == variable.get("instance", key.instance).lower()


def _traits(row: Variable) -> types.VariableCharacteristicsType:
    """VariableCharacteristicsType."""
    traits: types.VariableCharacteristicsType = {"dataType": row.kind, "supportsMonitoring": False}
    if row.unit:
        traits["unit"] = row.unit
    if row.limits is not None:
        if row.kind in ("integer", "decimal"):
            traits["minLimit"] = row.limits[0]
        traits["maxLimit"] = row.limits[1]
    if row.options:
        traits["valuesList"] = ",".join(row.options)
    return traits
