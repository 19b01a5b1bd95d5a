"""Mirrored cases: each pair of messages with the same faults, what a station may ask for or report, and schedules."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from pncsim.secc.config import ReceiptPolicy
from pncsim.simulator.conformance.evcc import looks
from pncsim.simulator.conformance.evcc.rows import published
from pncsim.simulator.conformance.evcc.step import AnswerChange, AnswerStep
from pncsim.simulator.conformance.evcc.stimuli import (
    ONGOING,
    another,
    endless,
    failed,
    foreign,
    goes_on,
    nothing,
    unavailable,
    unreadable,
    wrong,
)
from pncsim.simulator.conformance.evcc.table import LOOP, MIRRORED, OURS, table
from pncsim.simulator.conformance.secc.step import Setting
from pncsim.simulator.conformance.secc.table import AC, DC, INSTALL, PNC, UPDATE, declared
from pncsim.simulator.faults.changes import finished, in_body, no_signature
from pncsim.wire.v2g import iso2
from pncsim.wire.values import replace

RECEIPTS = PNC | AC | Setting(station={"receipts": ReceiptPolicy(first=1)})
WELDS = DC | Setting(when=declared("WeldingDetection", "true"))
_PLANS = Setting(station={"schedule_seconds": 300.0, "ongoing_seconds": 300.0})
PRICED = PNC | AC | Setting(tariffs=True, station={"smart_charging": True}, when=declared("ChoosesByPrice", "true"))

_WHERE: dict[str, Setting] = {
    "SessionSetup": Setting(),
    "ServiceDiscovery": Setting(),
    "ServiceDetail": INSTALL,
    "PaymentServiceSelection": Setting(),
    "CertificateInstallation": INSTALL,
    "CertificateUpdate": UPDATE,
    "PaymentDetails": PNC,
    "Authorization": Setting(),
    "ChargeParameterDiscovery": Setting(),
    "PowerDelivery": Setting(),
    "ChargingStatus": AC,
    "MeteringReceipt": RECEIPTS,
    "CableCheck": DC,
    "PreCharge": DC,
    "CurrentDemand": DC,
    "WeldingDetection": WELDS,
    "SessionStop": Setting(),
}
"""Pairs of messages, and where they come."""

_KINDS: tuple[tuple[str, Callable[[str], AnswerStep]], ...] = (
    ("failed", failed),
    ("other", another),
    ("session", foreign),
    ("unreadable", unreadable),
    ("silence", nothing),
)
_ELSEWHERE = frozenset(
    {
        # It is the answer that says which session this is.
        ("SessionSetup", "session"),
        # After these a vehicle may go on with the contract it holds (V2G2-557, V2G2-558): see contracts.
        ("CertificateInstallation", "failed"),
        ("CertificateInstallation", "silence"),
        ("CertificateUpdate", "failed"),
        ("CertificateUpdate", "silence"),
    }
)


def _pairs() -> Iterator[tuple[str, AnswerStep]]:
    """What no published case says already."""
    said = {(step.at, step.stimulus) for step in published.ROWS.values()}
    for pair, setting in _WHERE.items():
        for word, kind in _KINDS:
            step = kind(f"{pair}Res").within(setting)
            if (step.at, step.stimulus) not in said and (pair, word) not in _ELSEWHERE:
                yield f"{pair}_{word}", step


def _field(change: Callable[[Any], dict[str, Any]]) -> AnswerChange:
    """Some fields of the body are others."""
    return in_body(lambda body: replace(body, **change(body)))


_NO_SCHEDULE = _field(lambda body: {"SASchedules": None})


def _other_current(body: Any) -> Any:
    """Limits of direct current in a session with alternating current, below whatever a tester may offer."""
    volts, amperes, watts = (iso2.physical(1, iso2.UnitSymbolType[unit]) for unit in ("V", "A", "W"))
    limits = iso2.DC_EVSEChargeParameterType(
        DC_EVSEStatus=_dc_status(),
        EVSEMaximumCurrentLimit=amperes,
        EVSEMaximumPowerLimit=watts,
        EVSEMaximumVoltageLimit=volts,
        EVSEMinimumCurrentLimit=amperes,
        EVSEMinimumVoltageLimit=volts,
        EVSEPeakCurrentRipple=amperes,
    )
    return {"EVSEChargeParameter": limits}


def _dc_status() -> iso2.DC_EVSEStatusType:
    return iso2.DC_EVSEStatusType(
        NotificationMaxDelay=0,
        EVSENotification=iso2.EVSENotificationType.None_,
        EVSEStatusCode=iso2.DC_EVSEStatusCodeType.EVSE_Ready,
    )


_SETUP: dict[str, AnswerStep] = {
    "SAP_01": wrong(
        "SupportedAppProtocolRes",
        "with a SchemaID that was never offered",
        lambda message: replace(message, SchemaID=99),
    ),
    "ChargeParameterDiscovery_ongoing": endless("ChargeParameterDiscoveryRes", ONGOING, "that says Ongoing", _PLANS),
    "ChargeParameterDiscovery_empty": wrong("ChargeParameterDiscoveryRes", "that offers no schedule", _NO_SCHEDULE),
    "ChargeParameterDiscovery_current": wrong(
        "ChargeParameterDiscoveryRes", "with limits of direct current", _field(_other_current)
    ).within(AC),
    "ChargeParameterDiscovery_profile": goes_on(
        "ChargeParameterDiscoveryRes",
        "PowerDeliveryReq",
        look=looks.keeps_to_the_schedule,
        looks=" with an offered schedule, and a profile that is nowhere above its PMax",
    ).within(AC),
}


def _dearer(body: Any) -> dict[str, Any]:
    """Somebody on the way makes the first schedule dearer still."""
    tuples = [replace(one, SalesTariff=_with_level(one.SalesTariff, 9)) for one in body.SASchedules.SAScheduleTuple[:1]]
    rest = body.SASchedules.SAScheduleTuple[1:]
    return {"SASchedules": iso2.SAScheduleListType(SAScheduleTuple=[*tuples, *rest])}


def _with_level(tariff: Any, level: int) -> Any:
    return replace(tariff, SalesTariffEntry=[replace(one, EPriceLevel=level) for one in tariff.SalesTariffEntry])


_PRICES: dict[str, AnswerStep] = {
    "Tariff_signed": goes_on(
        "ChargeParameterDiscoveryRes",
        "PowerDeliveryReq",
        says="two schedules, the second one cheaper",
        look=looks.chooses(2),
        looks=" with the cheaper schedule",
    ).within(PRICED),
    "Tariff_unsigned": goes_on(
        "ChargeParameterDiscoveryRes",
        "PowerDeliveryReq",
        says="the same, but without the signature of the operator",
        change=finished(no_signature),
        look=looks.chooses(1),
        looks=" with the first schedule",
    ).within(PRICED),
    "Tariff_forged": goes_on(
        "ChargeParameterDiscoveryRes",
        "PowerDeliveryReq",
        says="the same, but altered after it was signed",
        change=_field(_dearer),
        look=looks.chooses(1),
        looks=" with the first schedule",
    ).within(PRICED),
}


def _status(name: str, **says: Any) -> AnswerChange:
    return _field(lambda body: {name: replace(getattr(body, name), **says)})


def _wishes() -> Iterator[tuple[str, AnswerStep]]:
    """What a station may ask for in the loop, and report of itself (V2G2-679, V2G2-680)."""
    told, codes = iso2.EVSENotificationType, iso2.DC_EVSEStatusCodeType
    for pair, status, setting in (("ChargingStatus", "AC_EVSEStatus", AC), ("CurrentDemand", "DC_EVSEStatus", DC)):
        for word, notification, progress in (
            ("stop", told.StopCharging, "Stop"),
            ("renegotiate", told.ReNegotiation, "Renegotiate"),
        ):
            change = _status(status, EVSENotification=notification)
            step = goes_on(
                f"{pair}Res", "PowerDeliveryReq", says=str(notification), change=change, look=looks.says(progress)
            )
            yield f"{pair}_{word}", replace(step, looks=f" with {progress}").within(setting)
    tripped = _status("AC_EVSEStatus", RCD=True)
    yield "ChargingStatus_rcd", wrong("ChargingStatusRes", "that reports a tripped RCD", tripped).within(AC)
    broken = _status("DC_EVSEStatus", EVSEStatusCode=codes.EVSE_EmergencyShutdown)
    yield "CurrentDemand_emergency", wrong("CurrentDemandRes", "that reports an emergency", broken).within(DC)
    unsafe = _status("DC_EVSEStatus", EVSEIsolationStatus=iso2.IsolationLevelType.Fault)
    yield "CableCheck_isolation", wrong("CableCheckRes", "that reports a fault of isolation", unsafe).within(DC)
    yield "ChargingStatus_pilot", unavailable("ChargingStatusRes").within(AC)


CASES = (
    *table(OURS, MIRRORED, _SETUP),
    *table(OURS, MIRRORED, dict(_pairs())),
    *table(OURS, LOOP, _PRICES),
    *table(OURS, LOOP, dict(_wishes())),
)
