"""Meter values as OCPP wants them: which measurands, how often, and what the vehicle has signed (use cases J)."""

from __future__ import annotations

import base64
from functools import lru_cache
from typing import TYPE_CHECKING, cast

from pncsim.secc import notices
from pncsim.secc.station.variables import DeviceModel
from pncsim.wire.ocpp.when import timestamp

if TYPE_CHECKING:
    from pncsim.wire.ocpp.types import v201 as types


SIGNED_DATA_LIMIT = 2500
MOST_KEPT = 256
"""Meter values kept for the Ended event; beyond that every other one is dropped."""

REGISTER: types.MeasurandEnumType = "Energy.Active.Import.Register"

SAMPLED = "SampledDataCtrlr"
"""Whether transactions carry meter values at all (Enabled), which, and how often."""

MEASURES: dict[types.MeasurandEnumType, tuple[str, str]] = {
    REGISTER: ("register_wh", "Wh"),
    "Power.Active.Import": ("watts", "W"),
    "Voltage": ("volts", "V"),
    "Current.Import": ("amperes", "A"),
    "SoC": ("soc", "Percent"),
}
"""Measurand -> the field of MeterSample that holds it, unit."""


def values(
    model: DeviceModel, measurands: str, sample: notices.MeterSample, context: types.ReadingContextEnumType
) -> list[types.MeterValueType]:
    """``sample`` as one MeterValueType with what the variable ``measurands`` lists; nothing where that is nothing."""
    return _read(model.text(SAMPLED, measurands), sample, context) if model.flag(SAMPLED, "Enabled") else []


def aligned(model: DeviceModel, measurands: str, sample: notices.MeterSample) -> list[types.MeterValueType]:
    """As :func:`values`, for what AlignedDataCtrlr lists and takes by the clock."""
    return _read(model.text("AlignedDataCtrlr", measurands), sample, "Sample.Clock")


def _read(
    measurands: str, sample: notices.MeterSample, context: types.ReadingContextEnumType
) -> list[types.MeterValueType]:
    taken: list[types.SampledValueType] = []
    for measurand in _listed(measurands):
        field, unit = MEASURES[measurand]
        value = getattr(sample, field)
        if value is not None:
            taken.append({"value": value, "measurand": measurand, "context": context, "unitOfMeasure": {"unit": unit}})
    return [{"timestamp": timestamp(sample.time), "sampledValue": taken}] if taken else []


def still(now: float, register_wh: int, last: notices.MeterSample | None = None) -> notices.MeterSample:
    """The meter while nothing flows; the state of charge is that of the ``last`` sample."""
    soc = None if last is None else last.soc
    return notices.MeterSample(
        time=now, watts=0.0, energy_wh=0.0, register_wh=register_wh, volts=0.0, amperes=0.0, soc=soc
    )


def keep(kept: list[types.MeterValueType], more: list[types.MeterValueType]) -> None:
    """Add to the values that wait for the Ended event."""
    kept += more
    if len(kept) > MOST_KEPT:
        del kept[1::2]


def signed(receipt: notices.ReceiptVerified) -> list[types.SampledValueType]:
    """The register as the vehicle has signed it, with its MeteringReceiptReq as the signed data."""
    data = base64.b64encode(receipt.exi).decode("ascii")
    if len(data) > SIGNED_DATA_LIMIT:
        return []
    value: types.SignedMeterValueType = {
        "signedMeterData": data,
        "signingMethod": "ECDSA-secp256r1-SHA256",
        "encodingMethod": "ISO 15118-2 MeteringReceiptReq (EXI)",
        "publicKey": "",
    }
    return [
        {
            "value": receipt.register_wh,
            "measurand": REGISTER,
            "context": "Other",
            "unitOfMeasure": {"unit": "Wh"},
            "signedMeterValue": value,
        }
    ]


@lru_cache(maxsize=256)
def _listed(text: str) -> tuple[types.MeasurandEnumType, ...]:
    return cast("tuple[types.MeasurandEnumType, ...]", tuple(text.split(",")) if text else ())
