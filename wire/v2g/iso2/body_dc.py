"""The messages of DC charging (8.4.5)."""

from __future__ import annotations

from pncsim.wire.exi import xs
from pncsim.wire.v2g.iso2.body_common import BodyElement
from pncsim.wire.v2g.iso2.datatypes import (
    DC_EVSEStatusType,
    DC_EVStatusType,
    MeterInfoType,
    PhysicalValueType,
)
from pncsim.wire.v2g.iso2.enumerations import (
    EVSEProcessingType,
    ResponseCodeType,
)
from pncsim.wire.v2g.iso2.simple import (
    SAIDType,
    evseIDType,
)


class CableCheckReq(BodyElement, element="CableCheckReq"):
    """Asks for the insulation test of cable and coupler."""

    DC_EVStatus: DC_EVStatusType


class CableCheckRes(BodyElement, element="CableCheckRes"):
    """Progress and result of the insulation test."""

    ResponseCode: ResponseCodeType
    DC_EVSEStatus: DC_EVSEStatusType
    EVSEProcessing: EVSEProcessingType


class PreChargeReq(BodyElement, element="PreChargeReq"):
    """Asks for the output voltage to be brought to the battery's."""

    DC_EVStatus: DC_EVStatusType
    EVTargetVoltage: PhysicalValueType
    EVTargetCurrent: PhysicalValueType


class PreChargeRes(BodyElement, element="PreChargeRes"):
    """The output voltage reached."""

    ResponseCode: ResponseCodeType
    DC_EVSEStatus: DC_EVSEStatusType
    EVSEPresentVoltage: PhysicalValueType


class CurrentDemandReq(BodyElement, element="CurrentDemandReq"):
    """The set point of the DC charging loop: current and voltage wanted, limits, time left."""

    DC_EVStatus: DC_EVStatusType
    EVTargetCurrent: PhysicalValueType
    EVMaximumVoltageLimit: PhysicalValueType | None = None
    EVMaximumCurrentLimit: PhysicalValueType | None = None
    EVMaximumPowerLimit: PhysicalValueType | None = None
    BulkChargingComplete: xs.boolean | None = None
    ChargingComplete: xs.boolean
    RemainingTimeToFullSoC: PhysicalValueType | None = None
    RemainingTimeToBulkSoC: PhysicalValueType | None = None
    EVTargetVoltage: PhysicalValueType


class CurrentDemandRes(BodyElement, element="CurrentDemandRes"):
    """The answer of the DC charging loop: present values, limits reached, meter, whether a receipt is wanted."""

    ResponseCode: ResponseCodeType
    DC_EVSEStatus: DC_EVSEStatusType
    EVSEPresentVoltage: PhysicalValueType
    EVSEPresentCurrent: PhysicalValueType
    EVSECurrentLimitAchieved: xs.boolean
    EVSEVoltageLimitAchieved: xs.boolean
    EVSEPowerLimitAchieved: xs.boolean
    EVSEMaximumVoltageLimit: PhysicalValueType | None = None
    EVSEMaximumCurrentLimit: PhysicalValueType | None = None
    EVSEMaximumPowerLimit: PhysicalValueType | None = None
    EVSEID: evseIDType
    SAScheduleTupleID: SAIDType
    MeterInfo: MeterInfoType | None = None
    ReceiptRequired: xs.boolean | None = None


class WeldingDetectionReq(BodyElement, element="WeldingDetectionReq"):
    """Asks for the output voltage while the vehicle opens its contactors."""

    DC_EVStatus: DC_EVStatusType


class WeldingDetectionRes(BodyElement, element="WeldingDetectionRes"):
    """The output voltage seen by the station."""

    ResponseCode: ResponseCodeType
    DC_EVSEStatus: DC_EVSEStatusType
    EVSEPresentVoltage: PhysicalValueType
