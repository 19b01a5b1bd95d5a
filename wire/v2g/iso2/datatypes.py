"""The complex data types of ISO 15118-2 messages (8.5.2)."""

from __future__ import annotations

from dataclasses import field
from typing import Annotated

from pncsim.wire.exi import xs
from pncsim.wire.exi.declare import Attribute, Choice, ComplexType, Occurs, Ref, SimpleContent
from pncsim.wire.v2g import xmldsig as ds
from pncsim.wire.v2g.iso2.enumerations import (
    CostKindType,
    DC_EVErrorCodeType,
    DC_EVSEStatusCodeType,
    EnergyTransferModeType,
    EVSENotificationType,
    FaultCodeType,
    IsolationLevelType,
    PaymentOptionType,
    ServiceCategoryType,
    UnitSymbolType,
)
from pncsim.wire.v2g.iso2.simple import (
    MSG_DATA_TYPES,
    SAIDType,
    certificateType,
    dHpublickeyType,
    eMAIDType,
    faultMsgType,
    intervalDurationType,
    intervalStartType,
    maxNumPhasesType,
    meterIDType,
    meterStatusType,
    percentValueType,
    privateKeyType,
    serviceIDType,
    serviceNameType,
    serviceScopeType,
    sigMeterReadingType,
    tariffDescriptionType,
    unitMultiplierType,
)


class DataType(ComplexType, namespace=MSG_DATA_TYPES):
    """Base of the types of this chapter: what they share is their namespace."""


class ServiceType(DataType):
    """A service the station offers."""

    ServiceID: serviceIDType
    ServiceName: serviceNameType | None = None
    ServiceCategory: ServiceCategoryType
    ServiceScope: serviceScopeType | None = None
    FreeService: xs.boolean


class ServiceListType(DataType):
    """Up to eight services beside charging."""

    Service: Annotated[list[ServiceType], Occurs(1, 8)]


class SelectedServiceListType(DataType):
    """The services chosen, charging among them."""

    SelectedService: Annotated[list[SelectedServiceType], Occurs(1, 16)]


class SelectedServiceType(DataType):
    """One service chosen, with its parameter set where it has any."""

    ServiceID: serviceIDType
    ParameterSetID: xs.short | None = None


class ServiceParameterListType(DataType):
    """All parameter sets of a service."""

    ParameterSet: Annotated[list[ParameterSetType], Occurs(1, 255)]


class ParameterSetType(DataType):
    """One configuration of a service."""

    ParameterSetID: xs.short
    Parameter: Annotated[list[ParameterType], Occurs(1, 16)]


class ParameterType(DataType):
    """One named parameter with a value of exactly one kind."""

    Name: Attribute[xs.string]
    boolValue: Annotated[xs.boolean | None, Choice("value")] = None
    byteValue: Annotated[xs.byte | None, Choice("value")] = None
    shortValue: Annotated[xs.short | None, Choice("value")] = None
    intValue: Annotated[xs.int_ | None, Choice("value")] = None
    physicalValue: Annotated[PhysicalValueType | None, Choice("value")] = None
    stringValue: Annotated[xs.string | None, Choice("value")] = None


class ChargeServiceType(ServiceType):
    """The charging service, with its energy transfer modes."""

    SupportedEnergyTransferMode: SupportedEnergyTransferModeType


class SupportedEnergyTransferModeType(DataType):
    """The energy transfer modes on offer."""

    EnergyTransferMode: Annotated[list[EnergyTransferModeType], Occurs(1, 6)]


class ContractSignatureEncryptedPrivateKeyType(DataType):
    """The contract key, AES-128-CBC: 16 octets IV, 32 octets cipher text."""

    Id: Attribute[xs.ID]
    value: SimpleContent[privateKeyType]


class DiffieHellmanPublickeyType(DataType):
    """The sender's ephemeral P-256 point, uncompressed: 65 octets."""

    Id: Attribute[xs.ID]
    value: SimpleContent[dHpublickeyType]


class EMAIDType(DataType):
    """An EMAID that a signature can refer to."""

    Id: Attribute[xs.ID]
    value: SimpleContent[eMAIDType]


class CertificateChainType(DataType):
    """A leaf and its sub-CAs, DER; the root is never sent."""

    Id: Attribute[xs.ID] | None = None
    Certificate: certificateType
    SubCertificates: SubCertificatesType | None = None


class SubCertificatesType(DataType):
    """The sub-CA certificates, from the leaf's issuer upwards."""

    Certificate: Annotated[list[certificateType], Occurs(1, 4)]


class ListOfRootCertificateIDsType(DataType):
    """The V2G roots the vehicle has, by issuer and serial number."""

    RootCertificateID: Annotated[list[ds.X509IssuerSerialType], Occurs(1, 20)]


class MeterInfoType(DataType):
    """A meter reading: energy in Wh, the meter's own signature, its time as Unix seconds."""

    MeterID: meterIDType
    MeterReading: xs.unsignedLong | None = None
    SigMeterReading: sigMeterReadingType | None = None
    MeterStatus: meterStatusType | None = None
    TMeter: xs.long | None = None


class PhysicalValueType(DataType):
    """Value x 10^Multiplier of a unit."""

    Multiplier: unitMultiplierType
    Unit: UnitSymbolType
    Value: xs.short


class NotificationType(DataType):
    """Says in a header that a message was wrong."""

    FaultCode: FaultCodeType
    FaultMsg: faultMsgType | None = None


class SASchedulesType(DataType, element="SASchedules", abstract=True):
    """Head of the schedule lists."""


class SAScheduleListType(SASchedulesType, element="SAScheduleList"):
    """Up to three alternative schedules."""

    SAScheduleTuple: Annotated[list[SAScheduleTupleType], Occurs(1, 3)]


class SAScheduleTupleType(DataType):
    """One schedule: power limits over time and, with it, prices."""

    SAScheduleTupleID: SAIDType
    PMaxSchedule: PMaxScheduleType
    SalesTariff: SalesTariffType | None = None


class SalesTariffType(DataType):
    """Price levels over time, signed by the mobility operator (Id is what the signature refers to)."""

    Id: Attribute[xs.ID] | None = None
    SalesTariffID: SAIDType
    SalesTariffDescription: tariffDescriptionType | None = None
    NumEPriceLevels: xs.unsignedByte | None = None
    SalesTariffEntry: Annotated[list[Ref[SalesTariffEntryType]], Occurs(1, 1024)]


class PMaxScheduleType(DataType):
    """Power limits over time."""

    PMaxScheduleEntry: Annotated[list[Ref[PMaxScheduleEntryType]], Occurs(1, 1024)]


class EntryType(DataType, element="Entry", abstract=True):
    """Head of schedule entries: when the entry begins."""

    TimeInterval: Ref[IntervalType]


class SalesTariffEntryType(EntryType, element="SalesTariffEntry"):
    """The price level, or the costs, that hold from the entry's start."""

    EPriceLevel: xs.unsignedByte | None = None
    ConsumptionCost: Annotated[list[ConsumptionCostType], Occurs(0, 3)] = field(default_factory=list)


class PMaxScheduleEntryType(EntryType, element="PMaxScheduleEntry"):
    """The power limit that holds from the entry's start."""

    PMax: PhysicalValueType


class IntervalType(DataType, element="TimeInterval", abstract=True):
    """Head of time intervals."""


class RelativeTimeIntervalType(IntervalType, element="RelativeTimeInterval"):
    """Seconds from now, and how long in seconds (only the last entry needs it)."""

    start: intervalStartType
    duration: intervalDurationType | None = None


class ConsumptionCostType(DataType):
    """Costs that apply above a given consumption."""

    startValue: PhysicalValueType
    Cost: Annotated[list[CostType], Occurs(1, 3)]


class CostType(DataType):
    """One cost: its kind and amount x 10^amountMultiplier."""

    costKind: CostKindType
    amount: xs.unsignedInt
    amountMultiplier: unitMultiplierType | None = None


class EVSEStatusType(DataType, element="EVSEStatus", abstract=True):
    """Head of the station's status: what it asks of the vehicle, within how many seconds."""

    NotificationMaxDelay: xs.unsignedShort
    EVSENotification: EVSENotificationType


class AC_EVSEStatusType(EVSEStatusType, element="AC_EVSEStatus"):
    """Status of an AC station: whether its residual current device has tripped."""

    RCD: xs.boolean


class EVStatusType(DataType, element="EVStatus", abstract=True):
    """Head of the vehicle's status."""


class DC_EVSEStatusType(EVSEStatusType, element="DC_EVSEStatus"):
    """Status of a DC station."""

    EVSEIsolationStatus: IsolationLevelType | None = None
    EVSEStatusCode: DC_EVSEStatusCodeType


class DC_EVStatusType(EVStatusType, element="DC_EVStatus"):
    """Status of a vehicle charging with DC; EVRESSSOC is in percent."""

    EVReady: xs.boolean
    EVErrorCode: DC_EVErrorCodeType
    EVRESSSOC: percentValueType


class EVChargeParameterType(DataType, element="EVChargeParameter", abstract=True):
    """Head of the vehicle's charge parameters; DepartureTime is in seconds from now."""

    DepartureTime: xs.unsignedInt | None = None


class AC_EVChargeParameterType(EVChargeParameterType, element="AC_EVChargeParameter"):
    """Energy wanted and the limits of the on-board charger."""

    EAmount: PhysicalValueType
    EVMaxVoltage: PhysicalValueType
    EVMaxCurrent: PhysicalValueType
    EVMinCurrent: PhysicalValueType


class DC_EVChargeParameterType(EVChargeParameterType, element="DC_EVChargeParameter"):
    """Limits and needs of the battery."""

    DC_EVStatus: DC_EVStatusType
    EVMaximumCurrentLimit: PhysicalValueType
    EVMaximumPowerLimit: PhysicalValueType | None = None
    EVMaximumVoltageLimit: PhysicalValueType
    EVEnergyCapacity: PhysicalValueType | None = None
    EVEnergyRequest: PhysicalValueType | None = None
    FullSOC: percentValueType | None = None
    BulkSOC: percentValueType | None = None


class EVSEChargeParameterType(DataType, element="EVSEChargeParameter", abstract=True):
    """Head of the station's charge parameters."""


class AC_EVSEChargeParameterType(EVSEChargeParameterType, element="AC_EVSEChargeParameter"):
    """Nominal voltage and highest current of an AC station."""

    AC_EVSEStatus: AC_EVSEStatusType
    EVSENominalVoltage: PhysicalValueType
    EVSEMaxCurrent: PhysicalValueType


class DC_EVSEChargeParameterType(EVSEChargeParameterType, element="DC_EVSEChargeParameter"):
    """Limits and accuracy of a DC station."""

    DC_EVSEStatus: DC_EVSEStatusType
    EVSEMaximumCurrentLimit: PhysicalValueType
    EVSEMaximumPowerLimit: PhysicalValueType
    EVSEMaximumVoltageLimit: PhysicalValueType
    EVSEMinimumCurrentLimit: PhysicalValueType
    EVSEMinimumVoltageLimit: PhysicalValueType
    EVSECurrentRegulationTolerance: PhysicalValueType | None = None
    EVSEPeakCurrentRipple: PhysicalValueType
    EVSEEnergyToBeDelivered: PhysicalValueType | None = None


class EVPowerDeliveryParameterType(DataType, element="EVPowerDeliveryParameter", abstract=True):
    """Head of what a vehicle adds to PowerDeliveryReq."""


class DC_EVPowerDeliveryParameterType(EVPowerDeliveryParameterType, element="DC_EVPowerDeliveryParameter"):
    """Status of a vehicle switching DC on or off."""

    DC_EVStatus: DC_EVStatusType
    BulkChargingComplete: xs.boolean | None = None
    ChargingComplete: xs.boolean


class ChargingProfileType(DataType):
    """The power the vehicle will take, over time."""

    ProfileEntry: Annotated[list[ProfileEntryType], Occurs(1, 24)]


class ProfileEntryType(DataType):
    """The power from a number of seconds after now on."""

    ChargingProfileEntryStart: xs.unsignedInt
    ChargingProfileEntryMaxPower: PhysicalValueType
    ChargingProfileEntryMaxNumberOfPhasesInUse: maxNumPhasesType | None = None


class PaymentOptionListType(DataType):
    """The ways to pay the station accepts."""

    PaymentOption: Annotated[list[PaymentOptionType], Occurs(1, 2)]
