"""The station's device model: its variables as a table, and OCPP's ways to read and write them (B05 to B08)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from pncsim.secc.station.config import StationConfig

Access = Literal["ReadOnly", "ReadWrite", "WriteOnly"]
Kind = Literal["string", "integer", "boolean", "decimal", "OptionList", "MemberList", "SequenceList"]


class Variable(NamedTuple):
    """One row: its value is text, as on the wire. ``limits`` (min, max) for numbers and for the length of strings."""

    component: str
    name: str
    kind: Kind
    access: Access
    value: str
    unit: str = ""
    instance: str = ""
    limits: tuple[float, float] | None = None
    options: tuple[str, ...] = ()
    reboot: bool = False

    @property
    def key(self) -> tuple[str, str, str]:
        """What names the variable, lower case: OCPP compares names without case."""
        return self.component.lower(), self.name.lower(), self.instance.lower()


_MEASURANDS = (
    "Energy.Active.Import.Register",
    "Power.Active.Import",
    "Voltage",
    "Current.Import",
    "SoC",
)
_ALL = ",".join(_MEASURANDS)
_REGISTER = _MEASURANDS[0]


def variables(config: StationConfig) -> tuple[Variable, ...]:
    """The rows of a station of this simulator (OCPP 2.0.1 Part 2, referenced components and variables)."""
    v = Variable
    return (
        v("ISO15118Ctrlr", "Enabled", "boolean", "ReadWrite", "true"),
        v("ISO15118Ctrlr", "PnCEnabled", "boolean", "ReadWrite", "true"),
        v("ISO15118Ctrlr", "CentralContractValidationAllowed", "boolean", "ReadWrite", "false"),
        v("ISO15118Ctrlr", "ContractValidationOffline", "boolean", "ReadWrite", "false"),
        v("ISO15118Ctrlr", "ContractCertificateInstallationEnabled", "boolean", "ReadWrite", "true"),
        v("ISO15118Ctrlr", "V2GCertificateInstallationEnabled", "boolean", "ReadWrite", "true"),
        v("ISO15118Ctrlr", "RequestMeteringReceipt", "boolean", "ReadWrite", "true"),
        v("ISO15118Ctrlr", "SeccId", "string", "ReadWrite", config.secc_id, limits=(1, 64)),
        v("ISO15118Ctrlr", "CountryName", "string", "ReadWrite", config.country, limits=(2, 2)),
        v("ISO15118Ctrlr", "OrganizationName", "string", "ReadWrite", config.organization, limits=(1, 64)),
        v("SecurityCtrlr", "Identity", "string", "ReadOnly", config.identity),
        v("SecurityCtrlr", "OrganizationName", "string", "ReadWrite", config.organization, limits=(1, 64)),
        v("SecurityCtrlr", "BasicAuthPassword", "string", "WriteOnly", "", limits=(16, 40)),
        v("SecurityCtrlr", "SecurityProfile", "integer", "ReadOnly", str(config.security_profile), limits=(0, 3)),
        v("SecurityCtrlr", "CertificateEntries", "integer", "ReadOnly", "0", limits=(0, 20)),
        v("SecurityCtrlr", "CertSigningWaitMinimum", "integer", "ReadWrite", "30", "s", limits=(1, 86400)),
        v("SecurityCtrlr", "CertSigningRepeatTimes", "integer", "ReadWrite", "3", limits=(0, 20)),
        v("SecurityCtrlr", "MaxCertificateChainSize", "integer", "ReadOnly", "10000"),
        v("AuthCtrlr", "Enabled", "boolean", "ReadWrite", "true"),
        v("AuthCtrlr", "AuthorizeRemoteStart", "boolean", "ReadWrite", "true"),
        v("AuthCtrlr", "LocalAuthorizeOffline", "boolean", "ReadWrite", "true"),
        v("AuthCtrlr", "LocalPreAuthorize", "boolean", "ReadWrite", "false"),
        v("AuthCtrlr", "OfflineTxForUnknownIdEnabled", "boolean", "ReadWrite", "false"),
        v("AuthCacheCtrlr", "Enabled", "boolean", "ReadWrite", "true"),
        v("AuthCacheCtrlr", "LifeTime", "integer", "ReadWrite", "86400", "s", limits=(0, 31_536_000)),
        v("TxCtrlr", "TxStartPoint", "MemberList", "ReadOnly", "EVConnected"),
        v("TxCtrlr", "TxStopPoint", "MemberList", "ReadOnly", "EVConnected,Authorized"),
        v("TxCtrlr", "StopTxOnInvalidId", "boolean", "ReadWrite", "true"),
        v("TxCtrlr", "StopTxOnEVSideDisconnect", "boolean", "ReadOnly", "true"),
        v("TxCtrlr", "EVConnectionTimeOut", "integer", "ReadWrite", "60", "s", limits=(1, 3600)),
        v("OCPPCommCtrlr", "HeartbeatInterval", "integer", "ReadWrite", "300", "s", limits=(1, 86400)),
        v("OCPPCommCtrlr", "MessageTimeout", "integer", "ReadOnly", f"{config.call_timeout:.0f}", "s", "Default"),
        v("OCPPCommCtrlr", "MessageAttempts", "integer", "ReadWrite", "3", "", "TransactionEvent", (1, 100)),
        v("OCPPCommCtrlr", "MessageAttemptInterval", "integer", "ReadWrite", "10", "s", "TransactionEvent", (0, 3600)),
        v("OCPPCommCtrlr", "RetryBackOffWaitMinimum", "integer", "ReadWrite", "5", "s", limits=(0, 3600)),
        v("OCPPCommCtrlr", "RetryBackOffRandomRange", "integer", "ReadWrite", "3", "s", limits=(0, 3600)),
        v("OCPPCommCtrlr", "RetryBackOffRepeatTimes", "integer", "ReadWrite", "4", limits=(0, 30)),
        v("OCPPCommCtrlr", "OfflineThreshold", "integer", "ReadWrite", "60", "s", limits=(0, 86400)),
        v("OCPPCommCtrlr", "NetworkConfigurationPriority", "SequenceList", "ReadOnly", "1"),
        v("OCPPCommCtrlr", "FileTransferProtocols", "MemberList", "ReadOnly", "HTTPS"),
        v(
            "OCPPCommCtrlr",
            "FieldLength",
            "integer",
            "ReadOnly",
            "7500",
            "",
            "Get15118EVCertificateResponse.exiResponse",
        ),
        v("DeviceDataCtrlr", "ItemsPerMessage", "integer", "ReadOnly", "50", "", "GetVariables"),
        v("DeviceDataCtrlr", "ItemsPerMessage", "integer", "ReadOnly", "50", "", "SetVariables"),
        v("DeviceDataCtrlr", "ItemsPerMessage", "integer", "ReadOnly", "50", "", "GetReport"),
        v("DeviceDataCtrlr", "BytesPerMessage", "integer", "ReadOnly", "65536", "", "GetVariables"),
        v("DeviceDataCtrlr", "BytesPerMessage", "integer", "ReadOnly", "65536", "", "SetVariables"),
        v("DeviceDataCtrlr", "BytesPerMessage", "integer", "ReadOnly", "65536", "", "GetReport"),
        v("SampledDataCtrlr", "Enabled", "boolean", "ReadWrite", "true"),
        v("SampledDataCtrlr", "SignReadings", "boolean", "ReadOnly", "true"),
        v("SampledDataCtrlr", "TxUpdatedInterval", "integer", "ReadWrite", "60", "s", limits=(0, 86400)),
        v("SampledDataCtrlr", "TxEndedInterval", "integer", "ReadWrite", "0", "s", limits=(0, 86400)),
        v("SampledDataCtrlr", "TxStartedMeasurands", "MemberList", "ReadWrite", _REGISTER, options=_MEASURANDS),
        v("SampledDataCtrlr", "TxUpdatedMeasurands", "MemberList", "ReadWrite", _ALL, options=_MEASURANDS),
        v("SampledDataCtrlr", "TxEndedMeasurands", "MemberList", "ReadWrite", _REGISTER, options=_MEASURANDS),
        v("ClockCtrlr", "TimeSource", "SequenceList", "ReadOnly", "Heartbeat"),
        v("EVSE", "ISO15118EvseId", "string", "ReadWrite", config.secc_id, limits=(7, 37)),
    )


class DeviceModel:
    """The table in use. ``changed`` is called with each row the CSMS has written."""

    def __init__(self, rows: tuple[Variable, ...], changed: Callable[[Variable], None] | None = None) -> None:
        self._rows = {row.key: row for row in rows}
        self._changed = changed

    def text(self, component: str, name: str, instance: str = "") -> str:
        """The value of a variable that is in the table."""
        return self._rows[(component.lower(), name.lower(), instance.lower())].value

    def integer(self, component: str, name: str, instance: str = "") -> int:
        """The value as a number."""
        return int(self.text(component, name, instance))

    def flag(self, component: str, name: str, instance: str = "") -> bool:
        """The value as truth."""
        return self.text(component, name, instance) == "true"

    def put(self, component: str, name: str, value: str, instance: str = "") -> None:
        """Write from inside the station, whatever the access."""
        key = (component.lower(), name.lower(), instance.lower())
        self._rows[key] = self._rows[key]._replace(value=value)

    def get_variables(self, wanted: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """GetVariableResultType for each GetVariableDataType, in the same order (B06)."""
        return [self._got(item) for item in wanted]

    def set_variables(self, wanted: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """SetVariableResultType for each SetVariableDataType, in the same order (B05)."""
        return [self._set(item) for item in wanted]

    def report(self, *, configuration_only: bool) -> list[dict[str, Any]]:
        """ReportDataType of every row; ``configuration_only``: those the CSMS can write (B07)."""
        rows = self._rows.values()
        return [_reported(row) for row in rows if not configuration_only or row.access != "ReadOnly"]

    def report_on(self, wanted: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """ReportDataType of the rows a GetReport asks for (B08)."""
        found = [row for row in self._rows.values() if any(_asked(row, item) for item in wanted)]
        return [_reported(row) for row in found]

    def _find(self, item: dict[str, Any]) -> Variable | str:
        component, variable = item["component"]["name"].lower(), item["variable"]["name"].lower()
        if item.get("attributeType", "Actual") != "Actual":
            return "NotSupportedAttributeType"
        row = self._rows.get((component, variable, item["variable"].get("instance", "").lower()))
        if row is not None and not item["component"].get("instance"):
            return row
        known = any(key[0] == component for key in self._rows)
        return "UnknownVariable" if known else "UnknownComponent"

    def _got(self, item: dict[str, Any]) -> dict[str, Any]:
        row = self._find(item)
        result = {"component": item["component"], "variable": item["variable"]}
        if "attributeType" in item:
            result["attributeType"] = item["attributeType"]
        if isinstance(row, str):
            return {**result, "attributeStatus": row}
        if row.access == "WriteOnly":
            info = {"reasonCode": "WriteOnly"}
            return {**result, "attributeStatus": "Rejected", "attributeStatusInfo": info}
        return {**result, "attributeStatus": "Accepted", "attributeValue": row.value}

    def _set(self, item: dict[str, Any]) -> dict[str, Any]:
        row = self._find(item)
        result = {"component": item["component"], "variable": item["variable"]}
        if "attributeType" in item:
            result["attributeType"] = item["attributeType"]
        if isinstance(row, str):
            return {**result, "attributeStatus": row}
        reason = "ReadOnly" if row.access == "ReadOnly" else _unfit(row, item["attributeValue"])
        if reason:
            return {**result, "attributeStatus": "Rejected", "attributeStatusInfo": {"reasonCode": reason}}
        written = row._replace(value=item["attributeValue"])
        # What is WriteOnly is a secret: its keeper is told, the table stays empty.
        if row.access != "WriteOnly":
            self._rows[row.key] = written
        if self._changed is not None:
            self._changed(written)
        return {**result, "attributeStatus": "RebootRequired" if row.reboot else "Accepted"}


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


def _asked(row: Variable, item: dict[str, Any]) -> bool:
    variable = item.get("variable")
    return row.component.lower() == item["component"]["name"].lower() and (
        variable is None
        or (
            row.name.lower() == variable["name"].lower()
            and variable.get("instance", row.instance).lower() == row.instance.lower()
        )
    )


def _reported(row: Variable) -> dict[str, Any]:
    variable = {"name": row.name, **({"instance": row.instance} if row.instance else {})}
    attribute: dict[str, Any] = {"mutability": row.access, "persistent": row.access != "ReadOnly"}
    if row.access != "WriteOnly":
        attribute["value"] = row.value
    traits: dict[str, Any] = {"dataType": row.kind, "supportsMonitoring": False}
    if row.unit:
        traits["unit"] = row.unit
    if row.limits is not None:
        if row.kind in ("integer", "decimal"):
            traits["minLimit"] = row.limits[0]
        traits["maxLimit"] = row.limits[1]
    if row.options:
        traits["valuesList"] = ",".join(row.options)
    return {
        "component": {"name": row.component},
        "variable": variable,
        "variableAttribute": [attribute],
        "variableCharacteristics": traits,
    }
