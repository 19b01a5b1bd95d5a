"""The types of OCPP 2.0.1, from its JSON schemas. Made by wire/ocpp/generate_types.py: do not edit."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict


class ACChargingParametersType(TypedDict):
    customData: NotRequired[CustomDataType]
    energyAmount: int
    evMinCurrent: int
    evMaxCurrent: int
    evMaxVoltage: int


APNAuthenticationEnumType = Literal["CHAP", "NONE", "PAP", "AUTO"]


class APNType(TypedDict):
    customData: NotRequired[CustomDataType]
    apn: str
    apnUserName: NotRequired[str]
    apnPassword: NotRequired[str]
    simPin: NotRequired[int]
    preferredNetwork: NotRequired[str]
    useOnlyPreferredNetwork: NotRequired[bool]
    apnAuthentication: APNAuthenticationEnumType


class AdditionalInfoType(TypedDict):
    customData: NotRequired[CustomDataType]
    additionalIdToken: str
    type: str


AttributeEnumType = Literal["Actual", "Target", "MinSet", "MaxSet"]


class AuthorizationData(TypedDict):
    customData: NotRequired[CustomDataType]
    idToken: IdTokenType
    idTokenInfo: NotRequired[IdTokenInfoType]


AuthorizationStatusEnumType = Literal[
    "Accepted",
    "Blocked",
    "ConcurrentTx",
    "Expired",
    "Invalid",
    "NoCredit",
    "NotAllowedTypeEVSE",
    "NotAtThisLocation",
    "NotAtThisTime",
    "Unknown",
]

AuthorizeCertificateStatusEnumType = Literal[
    "Accepted",
    "SignatureError",
    "CertificateExpired",
    "CertificateRevoked",
    "NoCertificateAvailable",
    "CertChainError",
    "ContractCancelled",
]

BootReasonEnumType = Literal[
    "ApplicationReset",
    "FirmwareUpdate",
    "LocalReset",
    "PowerUp",
    "RemoteReset",
    "ScheduledReset",
    "Triggered",
    "Unknown",
    "Watchdog",
]

CancelReservationStatusEnumType = Literal["Accepted", "Rejected"]

CertificateActionEnumType = Literal["Install", "Update"]


class CertificateHashDataChainType(TypedDict):
    customData: NotRequired[CustomDataType]
    certificateHashData: CertificateHashDataType
    certificateType: GetCertificateIdUseEnumType
    childCertificateHashData: NotRequired[list[CertificateHashDataType]]


class CertificateHashDataType(TypedDict):
    customData: NotRequired[CustomDataType]
    hashAlgorithm: HashAlgorithmEnumType
    issuerNameHash: str
    issuerKeyHash: str
    serialNumber: str


CertificateSignedStatusEnumType = Literal["Accepted", "Rejected"]

CertificateSigningUseEnumType = Literal["ChargingStationCertificate", "V2GCertificate"]

ChangeAvailabilityStatusEnumType = Literal["Accepted", "Rejected", "Scheduled"]

ChargingLimitSourceEnumType = Literal["EMS", "Other", "SO", "CSO"]


class ChargingLimitType(TypedDict):
    customData: NotRequired[CustomDataType]
    chargingLimitSource: ChargingLimitSourceEnumType
    isGridCritical: NotRequired[bool]


class ChargingNeedsType(TypedDict):
    customData: NotRequired[CustomDataType]
    acChargingParameters: NotRequired[ACChargingParametersType]
    dcChargingParameters: NotRequired[DCChargingParametersType]
    requestedEnergyTransfer: EnergyTransferModeEnumType
    departureTime: NotRequired[str]


class ChargingProfileCriterionType(TypedDict):
    customData: NotRequired[CustomDataType]
    chargingProfilePurpose: NotRequired[ChargingProfilePurposeEnumType]
    stackLevel: NotRequired[int]
    chargingProfileId: NotRequired[list[int]]
    chargingLimitSource: NotRequired[list[ChargingLimitSourceEnumType]]


ChargingProfileKindEnumType = Literal["Absolute", "Recurring", "Relative"]

ChargingProfilePurposeEnumType = Literal[
    "ChargingStationExternalConstraints",
    "ChargingStationMaxProfile",
    "TxDefaultProfile",
    "TxProfile",
]

ChargingProfileStatusEnumType = Literal["Accepted", "Rejected"]


class ChargingProfileType(TypedDict):
    customData: NotRequired[CustomDataType]
    id: int
    stackLevel: int
    chargingProfilePurpose: ChargingProfilePurposeEnumType
    chargingProfileKind: ChargingProfileKindEnumType
    recurrencyKind: NotRequired[RecurrencyKindEnumType]
    validFrom: NotRequired[str]
    validTo: NotRequired[str]
    chargingSchedule: list[ChargingScheduleType]
    transactionId: NotRequired[str]


ChargingRateUnitEnumType = Literal["W", "A"]


class ChargingSchedulePeriodType(TypedDict):
    customData: NotRequired[CustomDataType]
    startPeriod: int
    limit: float
    numberPhases: NotRequired[int]
    phaseToUse: NotRequired[int]


class ChargingScheduleType(TypedDict):
    customData: NotRequired[CustomDataType]
    id: int
    startSchedule: NotRequired[str]
    duration: NotRequired[int]
    chargingRateUnit: ChargingRateUnitEnumType
    chargingSchedulePeriod: list[ChargingSchedulePeriodType]
    minChargingRate: NotRequired[float]
    salesTariff: NotRequired[SalesTariffType]


ChargingStateEnumType = Literal["Charging", "EVConnected", "SuspendedEV", "SuspendedEVSE", "Idle"]


class ChargingStationType(TypedDict):
    customData: NotRequired[CustomDataType]
    serialNumber: NotRequired[str]
    model: str
    modem: NotRequired[ModemType]
    vendorName: str
    firmwareVersion: NotRequired[str]


ClearCacheStatusEnumType = Literal["Accepted", "Rejected"]

ClearChargingProfileStatusEnumType = Literal["Accepted", "Unknown"]


class ClearChargingProfileType(TypedDict):
    customData: NotRequired[CustomDataType]
    evseId: NotRequired[int]
    chargingProfilePurpose: NotRequired[ChargingProfilePurposeEnumType]
    stackLevel: NotRequired[int]


ClearMessageStatusEnumType = Literal["Accepted", "Unknown"]


class ClearMonitoringResultType(TypedDict):
    customData: NotRequired[CustomDataType]
    status: ClearMonitoringStatusEnumType
    id: int
    statusInfo: NotRequired[StatusInfoType]


ClearMonitoringStatusEnumType = Literal["Accepted", "Rejected", "NotFound"]

ComponentCriterionEnumType = Literal["Active", "Available", "Enabled", "Problem"]


class ComponentType(TypedDict):
    customData: NotRequired[CustomDataType]
    evse: NotRequired[EVSEType]
    name: str
    instance: NotRequired[str]


class ComponentVariableType(TypedDict):
    customData: NotRequired[CustomDataType]
    component: ComponentType
    variable: NotRequired[VariableType]


class CompositeScheduleType(TypedDict):
    customData: NotRequired[CustomDataType]
    chargingSchedulePeriod: list[ChargingSchedulePeriodType]
    evseId: int
    duration: int
    scheduleStart: str
    chargingRateUnit: ChargingRateUnitEnumType


ConnectorEnumType = Literal[
    "cCCS1",
    "cCCS2",
    "cG105",
    "cTesla",
    "cType1",
    "cType2",
    "s309-1P-16A",
    "s309-1P-32A",
    "s309-3P-16A",
    "s309-3P-32A",
    "sBS1361",
    "sCEE-7-7",
    "sType2",
    "sType3",
    "Other1PhMax16A",
    "Other1PhOver16A",
    "Other3Ph",
    "Pan",
    "wInductive",
    "wResonant",
    "Undetermined",
    "Unknown",
]

ConnectorStatusEnumType = Literal["Available", "Occupied", "Reserved", "Unavailable", "Faulted"]


class ConsumptionCostType(TypedDict):
    customData: NotRequired[CustomDataType]
    startValue: float
    cost: list[CostType]


CostKindEnumType = Literal["CarbonDioxideEmission", "RelativePricePercentage", "RenewableGenerationPercentage"]


class CostType(TypedDict):
    customData: NotRequired[CustomDataType]
    costKind: CostKindEnumType
    amount: int
    amountMultiplier: NotRequired[int]


CustomDataType = dict[str, Any]

CustomerInformationStatusEnumType = Literal["Accepted", "Rejected", "Invalid"]


class DCChargingParametersType(TypedDict):
    customData: NotRequired[CustomDataType]
    evMaxCurrent: int
    evMaxVoltage: int
    energyAmount: NotRequired[int]
    evMaxPower: NotRequired[int]
    stateOfCharge: NotRequired[int]
    evEnergyCapacity: NotRequired[int]
    fullSoC: NotRequired[int]
    bulkSoC: NotRequired[int]


DataEnumType = Literal[
    "string",
    "decimal",
    "integer",
    "dateTime",
    "boolean",
    "OptionList",
    "SequenceList",
    "MemberList",
]

DataTransferStatusEnumType = Literal["Accepted", "Rejected", "UnknownMessageId", "UnknownVendorId"]

DeleteCertificateStatusEnumType = Literal["Accepted", "Failed", "NotFound"]

DisplayMessageStatusEnumType = Literal[
    "Accepted",
    "NotSupportedMessageFormat",
    "Rejected",
    "NotSupportedPriority",
    "NotSupportedState",
    "UnknownTransaction",
]


class EVSEType(TypedDict):
    customData: NotRequired[CustomDataType]
    id: int
    connectorId: NotRequired[int]


EnergyTransferModeEnumType = Literal["DC", "AC_single_phase", "AC_two_phase", "AC_three_phase"]


class EventDataType(TypedDict):
    customData: NotRequired[CustomDataType]
    eventId: int
    timestamp: str
    trigger: EventTriggerEnumType
    cause: NotRequired[int]
    actualValue: str
    techCode: NotRequired[str]
    techInfo: NotRequired[str]
    cleared: NotRequired[bool]
    transactionId: NotRequired[str]
    component: ComponentType
    variableMonitoringId: NotRequired[int]
    eventNotificationType: EventNotificationEnumType
    variable: VariableType


EventNotificationEnumType = Literal[
    "HardWiredNotification",
    "HardWiredMonitor",
    "PreconfiguredMonitor",
    "CustomMonitor",
]

EventTriggerEnumType = Literal["Alerting", "Delta", "Periodic"]

FirmwareStatusEnumType = Literal[
    "Downloaded",
    "DownloadFailed",
    "Downloading",
    "DownloadScheduled",
    "DownloadPaused",
    "Idle",
    "InstallationFailed",
    "Installing",
    "Installed",
    "InstallRebooting",
    "InstallScheduled",
    "InstallVerificationFailed",
    "InvalidSignature",
    "SignatureVerified",
]


class FirmwareType(TypedDict):
    customData: NotRequired[CustomDataType]
    location: str
    retrieveDateTime: str
    installDateTime: NotRequired[str]
    signingCertificate: NotRequired[str]
    signature: NotRequired[str]


GenericDeviceModelStatusEnumType = Literal["Accepted", "Rejected", "NotSupported", "EmptyResultSet"]

GenericStatusEnumType = Literal["Accepted", "Rejected"]

GetCertificateIdUseEnumType = Literal[
    "V2GRootCertificate",
    "MORootCertificate",
    "CSMSRootCertificate",
    "V2GCertificateChain",
    "ManufacturerRootCertificate",
]

GetCertificateStatusEnumType = Literal["Accepted", "Failed"]

GetChargingProfileStatusEnumType = Literal["Accepted", "NoProfiles"]

GetDisplayMessagesStatusEnumType = Literal["Accepted", "Unknown"]

GetInstalledCertificateStatusEnumType = Literal["Accepted", "NotFound"]


class GetVariableDataType(TypedDict):
    customData: NotRequired[CustomDataType]
    attributeType: NotRequired[AttributeEnumType]
    component: ComponentType
    variable: VariableType


class GetVariableResultType(TypedDict):
    customData: NotRequired[CustomDataType]
    attributeStatusInfo: NotRequired[StatusInfoType]
    attributeStatus: GetVariableStatusEnumType
    attributeType: NotRequired[AttributeEnumType]
    attributeValue: NotRequired[str]
    component: ComponentType
    variable: VariableType


GetVariableStatusEnumType = Literal[
    "Accepted",
    "Rejected",
    "UnknownComponent",
    "UnknownVariable",
    "NotSupportedAttributeType",
]

HashAlgorithmEnumType = Literal["SHA256", "SHA384", "SHA512"]

IdTokenEnumType = Literal[
    "Central",
    "eMAID",
    "ISO14443",
    "ISO15693",
    "KeyCode",
    "Local",
    "MacAddress",
    "NoAuthorization",
]


class IdTokenInfoType(TypedDict):
    customData: NotRequired[CustomDataType]
    status: AuthorizationStatusEnumType
    cacheExpiryDateTime: NotRequired[str]
    chargingPriority: NotRequired[int]
    language1: NotRequired[str]
    evseId: NotRequired[list[int]]
    groupIdToken: NotRequired[IdTokenType]
    language2: NotRequired[str]
    personalMessage: NotRequired[MessageContentType]


class IdTokenType(TypedDict):
    customData: NotRequired[CustomDataType]
    additionalInfo: NotRequired[list[AdditionalInfoType]]
    idToken: str
    type: IdTokenEnumType


InstallCertificateStatusEnumType = Literal["Accepted", "Rejected", "Failed"]

InstallCertificateUseEnumType = Literal[
    "V2GRootCertificate",
    "MORootCertificate",
    "CSMSRootCertificate",
    "ManufacturerRootCertificate",
]

Iso15118EVCertificateStatusEnumType = Literal["Accepted", "Failed"]

LocationEnumType = Literal["Body", "Cable", "EV", "Inlet", "Outlet"]

LogEnumType = Literal["DiagnosticsLog", "SecurityLog"]


class LogParametersType(TypedDict):
    customData: NotRequired[CustomDataType]
    remoteLocation: str
    oldestTimestamp: NotRequired[str]
    latestTimestamp: NotRequired[str]


LogStatusEnumType = Literal["Accepted", "Rejected", "AcceptedCanceled"]

MeasurandEnumType = Literal[
    "Current.Export",
    "Current.Import",
    "Current.Offered",
    "Energy.Active.Export.Register",
    "Energy.Active.Import.Register",
    "Energy.Reactive.Export.Register",
    "Energy.Reactive.Import.Register",
    "Energy.Active.Export.Interval",
    "Energy.Active.Import.Interval",
    "Energy.Active.Net",
    "Energy.Reactive.Export.Interval",
    "Energy.Reactive.Import.Interval",
    "Energy.Reactive.Net",
    "Energy.Apparent.Net",
    "Energy.Apparent.Import",
    "Energy.Apparent.Export",
    "Frequency",
    "Power.Active.Export",
    "Power.Active.Import",
    "Power.Factor",
    "Power.Offered",
    "Power.Reactive.Export",
    "Power.Reactive.Import",
    "SoC",
    "Voltage",
]


class MessageContentType(TypedDict):
    customData: NotRequired[CustomDataType]
    format: MessageFormatEnumType
    language: NotRequired[str]
    content: str


MessageFormatEnumType = Literal["ASCII", "HTML", "URI", "UTF8"]


class MessageInfoType(TypedDict):
    customData: NotRequired[CustomDataType]
    display: NotRequired[ComponentType]
    id: int
    priority: MessagePriorityEnumType
    state: NotRequired[MessageStateEnumType]
    startDateTime: NotRequired[str]
    endDateTime: NotRequired[str]
    transactionId: NotRequired[str]
    message: MessageContentType


MessagePriorityEnumType = Literal["AlwaysFront", "InFront", "NormalCycle"]

MessageStateEnumType = Literal["Charging", "Faulted", "Idle", "Unavailable"]

MessageTriggerEnumType = Literal[
    "BootNotification",
    "LogStatusNotification",
    "FirmwareStatusNotification",
    "Heartbeat",
    "MeterValues",
    "SignChargingStationCertificate",
    "SignV2GCertificate",
    "StatusNotification",
    "TransactionEvent",
    "SignCombinedCertificate",
    "PublishFirmwareStatusNotification",
]


class MeterValueType(TypedDict):
    customData: NotRequired[CustomDataType]
    sampledValue: list[SampledValueType]
    timestamp: str


class ModemType(TypedDict):
    customData: NotRequired[CustomDataType]
    iccid: NotRequired[str]
    imsi: NotRequired[str]


MonitorEnumType = Literal["UpperThreshold", "LowerThreshold", "Delta", "Periodic", "PeriodicClockAligned"]

MonitoringBaseEnumType = Literal["All", "FactoryDefault", "HardWiredOnly"]

MonitoringCriterionEnumType = Literal["ThresholdMonitoring", "DeltaMonitoring", "PeriodicMonitoring"]


class MonitoringDataType(TypedDict):
    customData: NotRequired[CustomDataType]
    component: ComponentType
    variable: VariableType
    variableMonitoring: list[VariableMonitoringType]


MutabilityEnumType = Literal["ReadOnly", "WriteOnly", "ReadWrite"]


class NetworkConnectionProfileType(TypedDict):
    customData: NotRequired[CustomDataType]
    apn: NotRequired[APNType]
    ocppVersion: OCPPVersionEnumType
    ocppTransport: OCPPTransportEnumType
    ocppCsmsUrl: str
    messageTimeout: int
    securityProfile: int
    ocppInterface: OCPPInterfaceEnumType
    vpn: NotRequired[VPNType]


NotifyEVChargingNeedsStatusEnumType = Literal["Accepted", "Rejected", "Processing"]

OCPPInterfaceEnumType = Literal[
    "Wired0",
    "Wired1",
    "Wired2",
    "Wired3",
    "Wireless0",
    "Wireless1",
    "Wireless2",
    "Wireless3",
]

OCPPTransportEnumType = Literal["JSON", "SOAP"]

OCPPVersionEnumType = Literal["OCPP12", "OCPP15", "OCPP16", "OCPP20"]


class OCSPRequestDataType(TypedDict):
    customData: NotRequired[CustomDataType]
    hashAlgorithm: HashAlgorithmEnumType
    issuerNameHash: str
    issuerKeyHash: str
    serialNumber: str
    responderURL: str


OperationalStatusEnumType = Literal["Inoperative", "Operative"]

PhaseEnumType = Literal["L1", "L2", "L3", "N", "L1-N", "L2-N", "L3-N", "L1-L2", "L2-L3", "L3-L1"]

PublishFirmwareStatusEnumType = Literal[
    "Idle",
    "DownloadScheduled",
    "Downloading",
    "Downloaded",
    "Published",
    "DownloadFailed",
    "DownloadPaused",
    "InvalidChecksum",
    "ChecksumVerified",
    "PublishFailed",
]

ReadingContextEnumType = Literal[
    "Interruption.Begin",
    "Interruption.End",
    "Other",
    "Sample.Clock",
    "Sample.Periodic",
    "Transaction.Begin",
    "Transaction.End",
    "Trigger",
]

ReasonEnumType = Literal[
    "DeAuthorized",
    "EmergencyStop",
    "EnergyLimitReached",
    "EVDisconnected",
    "GroundFault",
    "ImmediateReset",
    "Local",
    "LocalOutOfCredit",
    "MasterPass",
    "Other",
    "OvercurrentFault",
    "PowerLoss",
    "PowerQuality",
    "Reboot",
    "Remote",
    "SOCLimitReached",
    "StoppedByEV",
    "TimeLimitReached",
    "Timeout",
]

RecurrencyKindEnumType = Literal["Daily", "Weekly"]

RegistrationStatusEnumType = Literal["Accepted", "Pending", "Rejected"]


class RelativeTimeIntervalType(TypedDict):
    customData: NotRequired[CustomDataType]
    start: int
    duration: NotRequired[int]


ReportBaseEnumType = Literal["ConfigurationInventory", "FullInventory", "SummaryInventory"]


class ReportDataType(TypedDict):
    customData: NotRequired[CustomDataType]
    component: ComponentType
    variable: VariableType
    variableAttribute: list[VariableAttributeType]
    variableCharacteristics: NotRequired[VariableCharacteristicsType]


RequestStartStopStatusEnumType = Literal["Accepted", "Rejected"]

ReservationUpdateStatusEnumType = Literal["Expired", "Removed"]

ReserveNowStatusEnumType = Literal["Accepted", "Faulted", "Occupied", "Rejected", "Unavailable"]

ResetEnumType = Literal["Immediate", "OnIdle"]

ResetStatusEnumType = Literal["Accepted", "Rejected", "Scheduled"]


class SalesTariffEntryType(TypedDict):
    customData: NotRequired[CustomDataType]
    relativeTimeInterval: RelativeTimeIntervalType
    ePriceLevel: NotRequired[int]
    consumptionCost: NotRequired[list[ConsumptionCostType]]


class SalesTariffType(TypedDict):
    customData: NotRequired[CustomDataType]
    id: int
    salesTariffDescription: NotRequired[str]
    numEPriceLevels: NotRequired[int]
    salesTariffEntry: list[SalesTariffEntryType]


class SampledValueType(TypedDict):
    customData: NotRequired[CustomDataType]
    value: float
    context: NotRequired[ReadingContextEnumType]
    measurand: NotRequired[MeasurandEnumType]
    phase: NotRequired[PhaseEnumType]
    location: NotRequired[LocationEnumType]
    signedMeterValue: NotRequired[SignedMeterValueType]
    unitOfMeasure: NotRequired[UnitOfMeasureType]


SendLocalListStatusEnumType = Literal["Accepted", "Failed", "VersionMismatch"]


class SetMonitoringDataType(TypedDict):
    customData: NotRequired[CustomDataType]
    id: NotRequired[int]
    transaction: NotRequired[bool]
    value: float
    type: MonitorEnumType
    severity: int
    component: ComponentType
    variable: VariableType


class SetMonitoringResultType(TypedDict):
    customData: NotRequired[CustomDataType]
    id: NotRequired[int]
    statusInfo: NotRequired[StatusInfoType]
    status: SetMonitoringStatusEnumType
    type: MonitorEnumType
    component: ComponentType
    variable: VariableType
    severity: int


SetMonitoringStatusEnumType = Literal[
    "Accepted",
    "UnknownComponent",
    "UnknownVariable",
    "UnsupportedMonitorType",
    "Rejected",
    "Duplicate",
]

SetNetworkProfileStatusEnumType = Literal["Accepted", "Rejected", "Failed"]


class SetVariableDataType(TypedDict):
    customData: NotRequired[CustomDataType]
    attributeType: NotRequired[AttributeEnumType]
    attributeValue: str
    component: ComponentType
    variable: VariableType


class SetVariableResultType(TypedDict):
    customData: NotRequired[CustomDataType]
    attributeType: NotRequired[AttributeEnumType]
    attributeStatus: SetVariableStatusEnumType
    attributeStatusInfo: NotRequired[StatusInfoType]
    component: ComponentType
    variable: VariableType


SetVariableStatusEnumType = Literal[
    "Accepted",
    "Rejected",
    "UnknownComponent",
    "UnknownVariable",
    "NotSupportedAttributeType",
    "RebootRequired",
]


class SignedMeterValueType(TypedDict):
    customData: NotRequired[CustomDataType]
    signedMeterData: str
    signingMethod: str
    encodingMethod: str
    publicKey: str


class StatusInfoType(TypedDict):
    customData: NotRequired[CustomDataType]
    reasonCode: str
    additionalInfo: NotRequired[str]


TransactionEventEnumType = Literal["Ended", "Started", "Updated"]


class TransactionType(TypedDict):
    customData: NotRequired[CustomDataType]
    transactionId: str
    chargingState: NotRequired[ChargingStateEnumType]
    timeSpentCharging: NotRequired[int]
    stoppedReason: NotRequired[ReasonEnumType]
    remoteStartId: NotRequired[int]


TriggerMessageStatusEnumType = Literal["Accepted", "Rejected", "NotImplemented"]

TriggerReasonEnumType = Literal[
    "Authorized",
    "CablePluggedIn",
    "ChargingRateChanged",
    "ChargingStateChanged",
    "Deauthorized",
    "EnergyLimitReached",
    "EVCommunicationLost",
    "EVConnectTimeout",
    "MeterValueClock",
    "MeterValuePeriodic",
    "TimeLimitReached",
    "Trigger",
    "UnlockCommand",
    "StopAuthorized",
    "EVDeparted",
    "EVDetected",
    "RemoteStop",
    "RemoteStart",
    "AbnormalCondition",
    "SignedDataReceived",
    "ResetCommand",
]


class UnitOfMeasureType(TypedDict):
    customData: NotRequired[CustomDataType]
    unit: NotRequired[str]
    multiplier: NotRequired[int]


UnlockStatusEnumType = Literal["Unlocked", "UnlockFailed", "OngoingAuthorizedTransaction", "UnknownConnector"]

UnpublishFirmwareStatusEnumType = Literal["DownloadOngoing", "NoFirmware", "Unpublished"]

UpdateEnumType = Literal["Differential", "Full"]

UpdateFirmwareStatusEnumType = Literal[
    "Accepted",
    "Rejected",
    "AcceptedCanceled",
    "InvalidCertificate",
    "RevokedCertificate",
]

UploadLogStatusEnumType = Literal[
    "BadMessage",
    "Idle",
    "NotSupportedOperation",
    "PermissionDenied",
    "Uploaded",
    "UploadFailure",
    "Uploading",
    "AcceptedCanceled",
]

VPNEnumType = Literal["IKEv2", "IPSec", "L2TP", "PPTP"]


class VPNType(TypedDict):
    customData: NotRequired[CustomDataType]
    server: str
    user: str
    group: NotRequired[str]
    password: str
    key: str
    type: VPNEnumType


class VariableAttributeType(TypedDict):
    customData: NotRequired[CustomDataType]
    type: NotRequired[AttributeEnumType]
    value: NotRequired[str]
    mutability: NotRequired[MutabilityEnumType]
    persistent: NotRequired[bool]
    constant: NotRequired[bool]


class VariableCharacteristicsType(TypedDict):
    customData: NotRequired[CustomDataType]
    unit: NotRequired[str]
    dataType: DataEnumType
    minLimit: NotRequired[float]
    maxLimit: NotRequired[float]
    valuesList: NotRequired[str]
    supportsMonitoring: bool


class VariableMonitoringType(TypedDict):
    customData: NotRequired[CustomDataType]
    id: int
    transaction: bool
    value: float
    type: MonitorEnumType
    severity: int


class VariableType(TypedDict):
    customData: NotRequired[CustomDataType]
    name: str
    instance: NotRequired[str]


class AuthorizeRequest(TypedDict):
    customData: NotRequired[CustomDataType]
    idToken: IdTokenType
    certificate: NotRequired[str]
    iso15118CertificateHashData: NotRequired[list[OCSPRequestDataType]]


class AuthorizeResponse(TypedDict):
    customData: NotRequired[CustomDataType]
    idTokenInfo: IdTokenInfoType
    certificateStatus: NotRequired[AuthorizeCertificateStatusEnumType]


class BootNotificationRequest(TypedDict):
    customData: NotRequired[CustomDataType]
    chargingStation: ChargingStationType
    reason: BootReasonEnumType


class BootNotificationResponse(TypedDict):
    customData: NotRequired[CustomDataType]
    currentTime: str
    interval: int
    status: RegistrationStatusEnumType
    statusInfo: NotRequired[StatusInfoType]


class CancelReservationRequest(TypedDict):
    customData: NotRequired[CustomDataType]
    reservationId: int


class CancelReservationResponse(TypedDict):
    customData: NotRequired[CustomDataType]
    status: CancelReservationStatusEnumType
    statusInfo: NotRequired[StatusInfoType]


class CertificateSignedRequest(TypedDict):
    customData: NotRequired[CustomDataType]
    certificateChain: str
    certificateType: NotRequired[CertificateSigningUseEnumType]


class CertificateSignedResponse(TypedDict):
    customData: NotRequired[CustomDataType]
    status: CertificateSignedStatusEnumType
    statusInfo: NotRequired[StatusInfoType]


class ChangeAvailabilityRequest(TypedDict):
    customData: NotRequired[CustomDataType]
    evse: NotRequired[EVSEType]
    operationalStatus: OperationalStatusEnumType


class ChangeAvailabilityResponse(TypedDict):
    customData: NotRequired[CustomDataType]
    status: ChangeAvailabilityStatusEnumType
    statusInfo: NotRequired[StatusInfoType]


class ClearCacheRequest(TypedDict):
    customData: NotRequired[CustomDataType]


class ClearCacheResponse(TypedDict):
    customData: NotRequired[CustomDataType]
    status: ClearCacheStatusEnumType
    statusInfo: NotRequired[StatusInfoType]


class ClearChargingProfileRequest(TypedDict):
    customData: NotRequired[CustomDataType]
    chargingProfileId: NotRequired[int]
    chargingProfileCriteria: NotRequired[ClearChargingProfileType]


class ClearChargingProfileResponse(TypedDict):
    customData: NotRequired[CustomDataType]
    status: ClearChargingProfileStatusEnumType
    statusInfo: NotRequired[StatusInfoType]


class ClearDisplayMessageRequest(TypedDict):
    customData: NotRequired[CustomDataType]
    id: int


class ClearDisplayMessageResponse(TypedDict):
    customData: NotRequired[CustomDataType]
    status: ClearMessageStatusEnumType
    statusInfo: NotRequired[StatusInfoType]


class ClearVariableMonitoringRequest(TypedDict):
    customData: NotRequired[CustomDataType]
    id: list[int]


class ClearVariableMonitoringResponse(TypedDict):
    customData: NotRequired[CustomDataType]
    clearMonitoringResult: list[ClearMonitoringResultType]


class ClearedChargingLimitRequest(TypedDict):
    customData: NotRequired[CustomDataType]
    chargingLimitSource: ChargingLimitSourceEnumType
    evseId: NotRequired[int]


class ClearedChargingLimitResponse(TypedDict):
    customData: NotRequired[CustomDataType]


class CostUpdatedRequest(TypedDict):
    customData: NotRequired[CustomDataType]
    totalCost: float
    transactionId: str


class CostUpdatedResponse(TypedDict):
    customData: NotRequired[CustomDataType]


class CustomerInformationRequest(TypedDict):
    customData: NotRequired[CustomDataType]
    customerCertificate: NotRequired[CertificateHashDataType]
    idToken: NotRequired[IdTokenType]
    requestId: int
    report: bool
    clear: bool
    customerIdentifier: NotRequired[str]


class CustomerInformationResponse(TypedDict):
    customData: NotRequired[CustomDataType]
    status: CustomerInformationStatusEnumType
    statusInfo: NotRequired[StatusInfoType]


class DataTransferRequest(TypedDict):
    customData: NotRequired[CustomDataType]
    messageId: NotRequired[str]
    data: NotRequired[Any]
    vendorId: str


class DataTransferResponse(TypedDict):
    customData: NotRequired[CustomDataType]
    status: DataTransferStatusEnumType
    statusInfo: NotRequired[StatusInfoType]
    data: NotRequired[Any]


class DeleteCertificateRequest(TypedDict):
    customData: NotRequired[CustomDataType]
    certificateHashData: CertificateHashDataType


class DeleteCertificateResponse(TypedDict):
    customData: NotRequired[CustomDataType]
    status: DeleteCertificateStatusEnumType
    statusInfo: NotRequired[StatusInfoType]


class FirmwareStatusNotificationRequest(TypedDict):
    customData: NotRequired[CustomDataType]
    status: FirmwareStatusEnumType
    requestId: NotRequired[int]


class FirmwareStatusNotificationResponse(TypedDict):
    customData: NotRequired[CustomDataType]


class Get15118EVCertificateRequest(TypedDict):
    customData: NotRequired[CustomDataType]
    iso15118SchemaVersion: str
    action: CertificateActionEnumType
    exiRequest: str


class Get15118EVCertificateResponse(TypedDict):
    customData: NotRequired[CustomDataType]
    status: Iso15118EVCertificateStatusEnumType
    statusInfo: NotRequired[StatusInfoType]
    exiResponse: str


class GetBaseReportRequest(TypedDict):
    customData: NotRequired[CustomDataType]
    requestId: int
    reportBase: ReportBaseEnumType


class GetBaseReportResponse(TypedDict):
    customData: NotRequired[CustomDataType]
    status: GenericDeviceModelStatusEnumType
    statusInfo: NotRequired[StatusInfoType]


class GetCertificateStatusRequest(TypedDict):
    customData: NotRequired[CustomDataType]
    ocspRequestData: OCSPRequestDataType


class GetCertificateStatusResponse(TypedDict):
    customData: NotRequired[CustomDataType]
    status: GetCertificateStatusEnumType
    statusInfo: NotRequired[StatusInfoType]
    ocspResult: NotRequired[str]


class GetChargingProfilesRequest(TypedDict):
    customData: NotRequired[CustomDataType]
    requestId: int
    evseId: NotRequired[int]
    chargingProfile: ChargingProfileCriterionType


class GetChargingProfilesResponse(TypedDict):
    customData: NotRequired[CustomDataType]
    status: GetChargingProfileStatusEnumType
    statusInfo: NotRequired[StatusInfoType]


class GetCompositeScheduleRequest(TypedDict):
    customData: NotRequired[CustomDataType]
    duration: int
    chargingRateUnit: NotRequired[ChargingRateUnitEnumType]
    evseId: int


class GetCompositeScheduleResponse(TypedDict):
    customData: NotRequired[CustomDataType]
    status: GenericStatusEnumType
    statusInfo: NotRequired[StatusInfoType]
    schedule: NotRequired[CompositeScheduleType]


class GetDisplayMessagesRequest(TypedDict):
    customData: NotRequired[CustomDataType]
    id: NotRequired[list[int]]
    requestId: int
    priority: NotRequired[MessagePriorityEnumType]
    state: NotRequired[MessageStateEnumType]


class GetDisplayMessagesResponse(TypedDict):
    customData: NotRequired[CustomDataType]
    status: GetDisplayMessagesStatusEnumType
    statusInfo: NotRequired[StatusInfoType]


class GetInstalledCertificateIdsRequest(TypedDict):
    customData: NotRequired[CustomDataType]
    certificateType: NotRequired[list[GetCertificateIdUseEnumType]]


class GetInstalledCertificateIdsResponse(TypedDict):
    customData: NotRequired[CustomDataType]
    status: GetInstalledCertificateStatusEnumType
    statusInfo: NotRequired[StatusInfoType]
    certificateHashDataChain: NotRequired[list[CertificateHashDataChainType]]


class GetLocalListVersionRequest(TypedDict):
    customData: NotRequired[CustomDataType]


class GetLocalListVersionResponse(TypedDict):
    customData: NotRequired[CustomDataType]
    versionNumber: int


class GetLogRequest(TypedDict):
    customData: NotRequired[CustomDataType]
    log: LogParametersType
    logType: LogEnumType
    requestId: int
    retries: NotRequired[int]
    retryInterval: NotRequired[int]


class GetLogResponse(TypedDict):
    customData: NotRequired[CustomDataType]
    status: LogStatusEnumType
    statusInfo: NotRequired[StatusInfoType]
    filename: NotRequired[str]


class GetMonitoringReportRequest(TypedDict):
    customData: NotRequired[CustomDataType]
    componentVariable: NotRequired[list[ComponentVariableType]]
    requestId: int
    monitoringCriteria: NotRequired[list[MonitoringCriterionEnumType]]


class GetMonitoringReportResponse(TypedDict):
    customData: NotRequired[CustomDataType]
    status: GenericDeviceModelStatusEnumType
    statusInfo: NotRequired[StatusInfoType]


class GetReportRequest(TypedDict):
    customData: NotRequired[CustomDataType]
    componentVariable: NotRequired[list[ComponentVariableType]]
    requestId: int
    componentCriteria: NotRequired[list[ComponentCriterionEnumType]]


class GetReportResponse(TypedDict):
    customData: NotRequired[CustomDataType]
    status: GenericDeviceModelStatusEnumType
    statusInfo: NotRequired[StatusInfoType]


class GetTransactionStatusRequest(TypedDict):
    customData: NotRequired[CustomDataType]
    transactionId: NotRequired[str]


class GetTransactionStatusResponse(TypedDict):
    customData: NotRequired[CustomDataType]
    ongoingIndicator: NotRequired[bool]
    messagesInQueue: bool


class GetVariablesRequest(TypedDict):
    customData: NotRequired[CustomDataType]
    getVariableData: list[GetVariableDataType]


class GetVariablesResponse(TypedDict):
    customData: NotRequired[CustomDataType]
    getVariableResult: list[GetVariableResultType]


class HeartbeatRequest(TypedDict):
    customData: NotRequired[CustomDataType]


class HeartbeatResponse(TypedDict):
    customData: NotRequired[CustomDataType]
    currentTime: str


class InstallCertificateRequest(TypedDict):
    customData: NotRequired[CustomDataType]
    certificateType: InstallCertificateUseEnumType
    certificate: str


class InstallCertificateResponse(TypedDict):
    customData: NotRequired[CustomDataType]
    status: InstallCertificateStatusEnumType
    statusInfo: NotRequired[StatusInfoType]


class LogStatusNotificationRequest(TypedDict):
    customData: NotRequired[CustomDataType]
    status: UploadLogStatusEnumType
    requestId: NotRequired[int]


class LogStatusNotificationResponse(TypedDict):
    customData: NotRequired[CustomDataType]


class MeterValuesRequest(TypedDict):
    customData: NotRequired[CustomDataType]
    evseId: int
    meterValue: list[MeterValueType]


class MeterValuesResponse(TypedDict):
    customData: NotRequired[CustomDataType]


class NotifyChargingLimitRequest(TypedDict):
    customData: NotRequired[CustomDataType]
    chargingSchedule: NotRequired[list[ChargingScheduleType]]
    evseId: NotRequired[int]
    chargingLimit: ChargingLimitType


class NotifyChargingLimitResponse(TypedDict):
    customData: NotRequired[CustomDataType]


class NotifyCustomerInformationRequest(TypedDict):
    customData: NotRequired[CustomDataType]
    data: str
    tbc: NotRequired[bool]
    seqNo: int
    generatedAt: str
    requestId: int


class NotifyCustomerInformationResponse(TypedDict):
    customData: NotRequired[CustomDataType]


class NotifyDisplayMessagesRequest(TypedDict):
    customData: NotRequired[CustomDataType]
    messageInfo: NotRequired[list[MessageInfoType]]
    requestId: int
    tbc: NotRequired[bool]


class NotifyDisplayMessagesResponse(TypedDict):
    customData: NotRequired[CustomDataType]


class NotifyEVChargingNeedsRequest(TypedDict):
    customData: NotRequired[CustomDataType]
    maxScheduleTuples: NotRequired[int]
    chargingNeeds: ChargingNeedsType
    evseId: int


class NotifyEVChargingNeedsResponse(TypedDict):
    customData: NotRequired[CustomDataType]
    status: NotifyEVChargingNeedsStatusEnumType
    statusInfo: NotRequired[StatusInfoType]


class NotifyEVChargingScheduleRequest(TypedDict):
    customData: NotRequired[CustomDataType]
    timeBase: str
    chargingSchedule: ChargingScheduleType
    evseId: int


class NotifyEVChargingScheduleResponse(TypedDict):
    customData: NotRequired[CustomDataType]
    status: GenericStatusEnumType
    statusInfo: NotRequired[StatusInfoType]


class NotifyEventRequest(TypedDict):
    customData: NotRequired[CustomDataType]
    generatedAt: str
    tbc: NotRequired[bool]
    seqNo: int
    eventData: list[EventDataType]


class NotifyEventResponse(TypedDict):
    customData: NotRequired[CustomDataType]


class NotifyMonitoringReportRequest(TypedDict):
    customData: NotRequired[CustomDataType]
    monitor: NotRequired[list[MonitoringDataType]]
    requestId: int
    tbc: NotRequired[bool]
    seqNo: int
    generatedAt: str


class NotifyMonitoringReportResponse(TypedDict):
    customData: NotRequired[CustomDataType]


class NotifyReportRequest(TypedDict):
    customData: NotRequired[CustomDataType]
    requestId: int
    generatedAt: str
    reportData: NotRequired[list[ReportDataType]]
    tbc: NotRequired[bool]
    seqNo: int


class NotifyReportResponse(TypedDict):
    customData: NotRequired[CustomDataType]


class PublishFirmwareRequest(TypedDict):
    customData: NotRequired[CustomDataType]
    location: str
    retries: NotRequired[int]
    checksum: str
    requestId: int
    retryInterval: NotRequired[int]


class PublishFirmwareResponse(TypedDict):
    customData: NotRequired[CustomDataType]
    status: GenericStatusEnumType
    statusInfo: NotRequired[StatusInfoType]


class PublishFirmwareStatusNotificationRequest(TypedDict):
    customData: NotRequired[CustomDataType]
    status: PublishFirmwareStatusEnumType
    location: NotRequired[list[str]]
    requestId: NotRequired[int]


class PublishFirmwareStatusNotificationResponse(TypedDict):
    customData: NotRequired[CustomDataType]


class ReportChargingProfilesRequest(TypedDict):
    customData: NotRequired[CustomDataType]
    requestId: int
    chargingLimitSource: ChargingLimitSourceEnumType
    chargingProfile: list[ChargingProfileType]
    tbc: NotRequired[bool]
    evseId: int


class ReportChargingProfilesResponse(TypedDict):
    customData: NotRequired[CustomDataType]


class RequestStartTransactionRequest(TypedDict):
    customData: NotRequired[CustomDataType]
    evseId: NotRequired[int]
    groupIdToken: NotRequired[IdTokenType]
    idToken: IdTokenType
    remoteStartId: int
    chargingProfile: NotRequired[ChargingProfileType]


class RequestStartTransactionResponse(TypedDict):
    customData: NotRequired[CustomDataType]
    status: RequestStartStopStatusEnumType
    statusInfo: NotRequired[StatusInfoType]
    transactionId: NotRequired[str]


class RequestStopTransactionRequest(TypedDict):
    customData: NotRequired[CustomDataType]
    transactionId: str


class RequestStopTransactionResponse(TypedDict):
    customData: NotRequired[CustomDataType]
    status: RequestStartStopStatusEnumType
    statusInfo: NotRequired[StatusInfoType]


class ReservationStatusUpdateRequest(TypedDict):
    customData: NotRequired[CustomDataType]
    reservationId: int
    reservationUpdateStatus: ReservationUpdateStatusEnumType


class ReservationStatusUpdateResponse(TypedDict):
    customData: NotRequired[CustomDataType]


class ReserveNowRequest(TypedDict):
    customData: NotRequired[CustomDataType]
    id: int
    expiryDateTime: str
    connectorType: NotRequired[ConnectorEnumType]
    idToken: IdTokenType
    evseId: NotRequired[int]
    groupIdToken: NotRequired[IdTokenType]


class ReserveNowResponse(TypedDict):
    customData: NotRequired[CustomDataType]
    status: ReserveNowStatusEnumType
    statusInfo: NotRequired[StatusInfoType]


class ResetRequest(TypedDict):
    customData: NotRequired[CustomDataType]
    type: ResetEnumType
    evseId: NotRequired[int]


class ResetResponse(TypedDict):
    customData: NotRequired[CustomDataType]
    status: ResetStatusEnumType
    statusInfo: NotRequired[StatusInfoType]


class SecurityEventNotificationRequest(TypedDict):
    customData: NotRequired[CustomDataType]
    type: str
    timestamp: str
    techInfo: NotRequired[str]


class SecurityEventNotificationResponse(TypedDict):
    customData: NotRequired[CustomDataType]


class SendLocalListRequest(TypedDict):
    customData: NotRequired[CustomDataType]
    localAuthorizationList: NotRequired[list[AuthorizationData]]
    versionNumber: int
    updateType: UpdateEnumType


class SendLocalListResponse(TypedDict):
    customData: NotRequired[CustomDataType]
    status: SendLocalListStatusEnumType
    statusInfo: NotRequired[StatusInfoType]


class SetChargingProfileRequest(TypedDict):
    customData: NotRequired[CustomDataType]
    evseId: int
    chargingProfile: ChargingProfileType


class SetChargingProfileResponse(TypedDict):
    customData: NotRequired[CustomDataType]
    status: ChargingProfileStatusEnumType
    statusInfo: NotRequired[StatusInfoType]


class SetDisplayMessageRequest(TypedDict):
    customData: NotRequired[CustomDataType]
    message: MessageInfoType


class SetDisplayMessageResponse(TypedDict):
    customData: NotRequired[CustomDataType]
    status: DisplayMessageStatusEnumType
    statusInfo: NotRequired[StatusInfoType]


class SetMonitoringBaseRequest(TypedDict):
    customData: NotRequired[CustomDataType]
    monitoringBase: MonitoringBaseEnumType


class SetMonitoringBaseResponse(TypedDict):
    customData: NotRequired[CustomDataType]
    status: GenericDeviceModelStatusEnumType
    statusInfo: NotRequired[StatusInfoType]


class SetMonitoringLevelRequest(TypedDict):
    customData: NotRequired[CustomDataType]
    severity: int


class SetMonitoringLevelResponse(TypedDict):
    customData: NotRequired[CustomDataType]
    status: GenericStatusEnumType
    statusInfo: NotRequired[StatusInfoType]


class SetNetworkProfileRequest(TypedDict):
    customData: NotRequired[CustomDataType]
    configurationSlot: int
    connectionData: NetworkConnectionProfileType


class SetNetworkProfileResponse(TypedDict):
    customData: NotRequired[CustomDataType]
    status: SetNetworkProfileStatusEnumType
    statusInfo: NotRequired[StatusInfoType]


class SetVariableMonitoringRequest(TypedDict):
    customData: NotRequired[CustomDataType]
    setMonitoringData: list[SetMonitoringDataType]


class SetVariableMonitoringResponse(TypedDict):
    customData: NotRequired[CustomDataType]
    setMonitoringResult: list[SetMonitoringResultType]


class SetVariablesRequest(TypedDict):
    customData: NotRequired[CustomDataType]
    setVariableData: list[SetVariableDataType]


class SetVariablesResponse(TypedDict):
    customData: NotRequired[CustomDataType]
    setVariableResult: list[SetVariableResultType]


class SignCertificateRequest(TypedDict):
    customData: NotRequired[CustomDataType]
    csr: str
    certificateType: NotRequired[CertificateSigningUseEnumType]


class SignCertificateResponse(TypedDict):
    customData: NotRequired[CustomDataType]
    status: GenericStatusEnumType
    statusInfo: NotRequired[StatusInfoType]


class StatusNotificationRequest(TypedDict):
    customData: NotRequired[CustomDataType]
    timestamp: str
    connectorStatus: ConnectorStatusEnumType
    evseId: int
    connectorId: int


class StatusNotificationResponse(TypedDict):
    customData: NotRequired[CustomDataType]


class TransactionEventRequest(TypedDict):
    customData: NotRequired[CustomDataType]
    eventType: TransactionEventEnumType
    meterValue: NotRequired[list[MeterValueType]]
    timestamp: str
    triggerReason: TriggerReasonEnumType
    seqNo: int
    offline: NotRequired[bool]
    numberOfPhasesUsed: NotRequired[int]
    cableMaxCurrent: NotRequired[int]
    reservationId: NotRequired[int]
    transactionInfo: TransactionType
    evse: NotRequired[EVSEType]
    idToken: NotRequired[IdTokenType]


class TransactionEventResponse(TypedDict):
    customData: NotRequired[CustomDataType]
    totalCost: NotRequired[float]
    chargingPriority: NotRequired[int]
    idTokenInfo: NotRequired[IdTokenInfoType]
    updatedPersonalMessage: NotRequired[MessageContentType]


class TriggerMessageRequest(TypedDict):
    customData: NotRequired[CustomDataType]
    evse: NotRequired[EVSEType]
    requestedMessage: MessageTriggerEnumType


class TriggerMessageResponse(TypedDict):
    customData: NotRequired[CustomDataType]
    status: TriggerMessageStatusEnumType
    statusInfo: NotRequired[StatusInfoType]


class UnlockConnectorRequest(TypedDict):
    customData: NotRequired[CustomDataType]
    evseId: int
    connectorId: int


class UnlockConnectorResponse(TypedDict):
    customData: NotRequired[CustomDataType]
    status: UnlockStatusEnumType
    statusInfo: NotRequired[StatusInfoType]


class UnpublishFirmwareRequest(TypedDict):
    customData: NotRequired[CustomDataType]
    checksum: str


class UnpublishFirmwareResponse(TypedDict):
    customData: NotRequired[CustomDataType]
    status: UnpublishFirmwareStatusEnumType


class UpdateFirmwareRequest(TypedDict):
    customData: NotRequired[CustomDataType]
    retries: NotRequired[int]
    retryInterval: NotRequired[int]
    requestId: int
    firmware: FirmwareType


class UpdateFirmwareResponse(TypedDict):
    customData: NotRequired[CustomDataType]
    status: UpdateFirmwareStatusEnumType
    statusInfo: NotRequired[StatusInfoType]
