"""What a person looks for in a V2G message: its key fields, by name and with their units."""

from __future__ import annotations

from typing import Any

_EVSE = "EVSEStatus AC_EVSEStatus DC_EVSEStatus"
_STATION = (f"{_EVSE}/EVSENotification", f"{_EVSE}/RCD", f"{_EVSE}/EVSEStatusCode", f"{_EVSE}/EVSEIsolationStatus")
_METER = ("MeterInfo/MeterReading", "ReceiptRequired")
_VEHICLE = ("DC_EVStatus/EVRESSSOC", "DC_EVStatus/EVErrorCode", "DC_EVStatus/EVReady")
_CHARGE = "EVChargeParameter"
_OFFER = "EVSEChargeParameter"

KEY_FIELDS: dict[str, tuple[str, ...]] = {
    "SupportedAppProtocolReq": ("AppProtocol",),
    "SupportedAppProtocolRes": ("SchemaID",),
    "SessionSetupReq": ("EVCCID",),
    "SessionSetupRes": ("EVSEID",),
    "ServiceDiscoveryReq": ("ServiceCategory", "ServiceScope"),
    "ServiceDiscoveryRes": (
        "PaymentOptionList/PaymentOption",
        "ChargeService/SupportedEnergyTransferMode/EnergyTransferMode",
        "ChargeService/FreeService",
        "ServiceList/Service/ServiceID",
    ),
    "ServiceDetailReq": ("ServiceID",),
    "ServiceDetailRes": ("ServiceID", "ServiceParameterList/ParameterSet/ParameterSetID"),
    "PaymentServiceSelectionReq": ("SelectedPaymentOption", "SelectedServiceList/SelectedService/ServiceID"),
    "CertificateInstallationReq": (
        "OEMProvisioningCert",
        "ListOfRootCertificateIDs/RootCertificateID/X509SerialNumber",
    ),
    "CertificateInstallationRes": ("eMAID/value",),
    "CertificateUpdateReq": ("eMAID", "ListOfRootCertificateIDs/RootCertificateID/X509SerialNumber"),
    "CertificateUpdateRes": ("eMAID/value", "RetryCounter"),
    "PaymentDetailsReq": ("eMAID",),
    "PaymentDetailsRes": ("GenChallenge",),
    "AuthorizationReq": ("GenChallenge",),
    "AuthorizationRes": ("EVSEProcessing",),
    "ChargeParameterDiscoveryReq": (
        "RequestedEnergyTransferMode",
        f"{_CHARGE}/EAmount",
        f"{_CHARGE}/EVMaxVoltage",
        f"{_CHARGE}/EVMaxCurrent",
        f"{_CHARGE}/EVMinCurrent",
        f"{_CHARGE}/EVMaximumVoltageLimit",
        f"{_CHARGE}/EVMaximumCurrentLimit",
        f"{_CHARGE}/EVMaximumPowerLimit",
        f"{_CHARGE}/EVEnergyRequest",
        f"{_CHARGE}/DC_EVStatus/EVRESSSOC",
        f"{_CHARGE}/DepartureTime",
    ),
    "ChargeParameterDiscoveryRes": (
        "EVSEProcessing",
        "SASchedules/SAScheduleTuple/SAScheduleTupleID",
        "SASchedules/SAScheduleTuple/PMaxSchedule/PMaxScheduleEntry/PMax",
        f"{_OFFER}/EVSENominalVoltage",
        f"{_OFFER}/EVSEMaxCurrent",
        f"{_OFFER}/EVSEMaximumVoltageLimit",
        f"{_OFFER}/EVSEMaximumCurrentLimit",
        f"{_OFFER}/EVSEMaximumPowerLimit",
        *(f"{_OFFER}/{path}" for path in _STATION),
    ),
    "CableCheckReq": _VEHICLE,
    "CableCheckRes": ("EVSEProcessing", *_STATION),
    "PreChargeReq": ("EVTargetVoltage", "EVTargetCurrent", *_VEHICLE),
    "PreChargeRes": ("EVSEPresentVoltage", *_STATION),
    "PowerDeliveryReq": (
        "ChargeProgress",
        "SAScheduleTupleID",
        "ChargingProfile/ProfileEntry/ChargingProfileEntryMaxPower",
    ),
    "PowerDeliveryRes": _STATION,
    "ChargingStatusRes": ("EVSEMaxCurrent", *_METER, *_STATION),
    "CurrentDemandReq": ("EVTargetVoltage", "EVTargetCurrent", "ChargingComplete", *_VEHICLE),
    "CurrentDemandRes": (
        "EVSEPresentVoltage",
        "EVSEPresentCurrent",
        "EVSECurrentLimitAchieved",
        "EVSEVoltageLimitAchieved",
        "EVSEPowerLimitAchieved",
        *_METER,
        *_STATION,
    ),
    "MeteringReceiptReq": ("MeterInfo/MeterReading", "SAScheduleTupleID"),
    "MeteringReceiptRes": _STATION,
    "WeldingDetectionReq": _VEHICLE,
    "WeldingDetectionRes": ("EVSEPresentVoltage", *_STATION),
    "SessionStopReq": ("ChargingSession",),
}
"""Paths into the body of a message; each step names a field, or several of which one is there."""

_PLAIN: dict[str, frozenset[object]] = {
    "EVSENotification": frozenset({"None"}),
    "RCD": frozenset({False}),
    "EVSEStatusCode": frozenset({"EVSE_Ready"}),
    "EVSEIsolationStatus": frozenset({"Valid"}),
    "EVErrorCode": frozenset({"NO_ERROR"}),
    "EVReady": frozenset({True}),
    "ChargingComplete": frozenset({False}),
    "ReceiptRequired": frozenset({False}),
    "EVSECurrentLimitAchieved": frozenset({False}),
    "EVSEVoltageLimitAchieved": frozenset({False}),
    "EVSEPowerLimitAchieved": frozenset({False}),
}
"""What goes without saying."""

LONGEST_LIST = 4
"""Values of a list that are told."""

LONGEST_OCTETS = 16
"""Octets that are told; of what is longer, how many there are."""


_PATHS = {
    name: [
        (
            path.split("/")[-2] if path.endswith("/value") else path.rpartition("/")[2],
            tuple(tuple(step.split()) for step in path.split("/")),
            _PLAIN.get(path.rpartition("/")[2], frozenset[object]()),
        )
        for path in paths
    ]
    for name, paths in KEY_FIELDS.items()
}
"""The same, taken apart once: what it is called, the steps to it, and what of it goes without saying."""


def key_fields(name: str, body: object) -> str:
    """The key fields of the message ``name`` with this body, in one line; empty where there is nothing to tell."""
    told = []
    for label, steps, plain in _PATHS.get(name, ()):
        found: list[Any] = []
        _gather(body, steps, 0, found)
        if plain:
            found = [value for value in found if value not in plain]
        if found:
            more = f" and {len(found) - LONGEST_LIST} more" if len(found) > LONGEST_LIST else ""
            told.append(f"{label} {', '.join(map(_shown, found[:LONGEST_LIST]))}{more}")
    return "; ".join(told)


def _gather(value: Any, steps: tuple[tuple[str, ...], ...], at: int, found: list[Any]) -> None:
    """Add every value at the end of ``steps`` to ``found``, of each member of the lists on the way."""
    for step in range(at, len(steps)):
        if value is None:
            return
        names = steps[step]
        if type(value) is list or len(names) > 1:
            break
        value = getattr(value, names[0], None)
    else:
        step = len(steps)
    if type(value) is list:
        for one in value:
            _gather(one, steps, step, found)
    elif value is not None and step == len(steps):
        found.append(value)
    elif value is not None:
        for name in steps[step]:
            _gather(getattr(value, name, None), steps, step + 1, found)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, bytes):
        return value.hex().upper() if len(value) <= LONGEST_OCTETS else f"({len(value)} octets)"
    if isinstance(value, str | int | float):
        return str(value)
    if hasattr(value, "Multiplier"):
        return f"{value.Value * 10.0**value.Multiplier:g} {value.Unit}"
    if hasattr(value, "ProtocolNamespace"):
        return f"{value.ProtocolNamespace} {value.VersionNumberMajor}.{value.VersionNumberMinor} as {value.SchemaID}"
    return type(value).__name__
