"""The variables that every station of Core has (OCPP 2.0.1 Part 2, Referenced Components and Variables)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_BY_COMPONENT: Mapping[str, Sequence[str]] = {
    "SecurityCtrlr": (
        "CertificateEntries",
        "Identity",
        "OrganizationName",
        "SecurityProfile",
    ),
    "AuthCtrlr": (
        "AuthorizeRemoteStart",
        "LocalAuthorizeOffline",
        "LocalPreAuthorize",
    ),
    "TxCtrlr": (
        "EVConnectionTimeOut",
        "StopTxOnEVSideDisconnect",
        "StopTxOnInvalidId",
        "TxStartPoint",
        "TxStopPoint",
    ),
    "OCPPCommCtrlr": (
        "FileTransferProtocols",
        "MessageTimeout/Default",
        "MessageAttemptInterval/TransactionEvent",
        "MessageAttempts/TransactionEvent",
        "NetworkConfigurationPriority",
        "NetworkProfileConnectionAttempts",
        "OfflineThreshold",
        "ResetRetries",
        "RetryBackOffRandomRange",
        "RetryBackOffRepeatTimes",
        "RetryBackOffWaitMinimum",
        "UnlockOnEVSideDisconnect",
        "WebSocketPingInterval",
    ),
    "DeviceDataCtrlr": (
        "BytesPerMessage/GetReport",
        "BytesPerMessage/GetVariables",
        "BytesPerMessage/SetVariables",
        "ItemsPerMessage/GetReport",
        "ItemsPerMessage/GetVariables",
        "ItemsPerMessage/SetVariables",
    ),
    "SampledDataCtrlr": (
        "TxEndedInterval",
        "TxEndedMeasurands",
        "TxStartedMeasurands",
        "TxUpdatedInterval",
        "TxUpdatedMeasurands",
    ),
    "AlignedDataCtrlr": (
        "Interval",
        "Measurands",
        "TxEndedInterval",
        "TxEndedMeasurands",
    ),
    "ClockCtrlr": (
        "DateTime",
        "TimeSource",
    ),
}
"""Names by component, with the instance behind a slash."""

REQUIRED: Sequence[tuple[str, str, str]] = tuple(
    (component, name, instance)
    for component, names in _BY_COMPONENT.items()
    for name, _, instance in (one.partition("/") for one in names)
)
"""Component, variable, instance."""
