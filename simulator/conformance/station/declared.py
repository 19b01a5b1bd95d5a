"""What a station is asked before its OCPP side is tested: what of OCPP it has, and how it is set up."""

from __future__ import annotations

from pncsim.simulator.conformance.case import Condition
from pncsim.simulator.conformance.pics import Declaration

_YES_NO = ("true", "false")


def _has(name: str, asks: str, *, ours: bool) -> Declaration:
    return Declaration(name=name, asks=asks, values=_YES_NO, usual=("true" if ours else "false",))


def _which(name: str, asks: str, *values: str, ours: tuple[str, ...]) -> Declaration:
    return Declaration(name=name, asks=asks, values=values, usual=ours)


POINTS = ("EVConnected", "Authorized", "DataSigned", "PowerPathClosed", "EnergyTransfer", "ParkingBayOccupancy")

DECLARATIONS = (
    # Security and certificates
    _has("Password", "Does it come with a password (security profile 1 or 2)?", ours=True),
    _has("TLS", "Does it come over TLS (security profile 2 or 3)?", ours=True),
    _has("ClientCertificate", "Does it show a certificate of its own (security profile 3)?", ours=True),
    _has("NetworkProfiles", "Does it take SetNetworkProfile?", ours=False),
    _has("StationCertificate", "Does it have its own certificate renewed over OCPP (SignCertificate)?", ours=False),
    _has("CombinedCertificate", "Has it one certificate for CSMS and vehicles?", ours=False),
    _has("SigningTimeout", "Does it ask again where CertificateSigned does not come (AS-3)?", ours=True),
    _has("CertificateStore", "Does it take InstallCertificate and tell what it has?", ours=True),
    _has("AdditionalRootCheck", "Does it check new CSMS roots by those it has (AS-2)?", ours=False),
    _has("RootFromOthers", "May a root that is no root of its owner's be installed and taken away?", ours=True),
    # How it is used
    _has("Cards", "Has it a reader for cards?", ours=True),
    _has("Contracts", "Does it speak ISO 15118-2 with contracts?", ours=True),
    _has("ContractInstallation", "Can vehicles have contracts installed and renewed through it?", ours=True),
    _has("CentralValidation", "Can contracts be validated by the CSMS (ISO-5)?", ours=True),
    _has("LoadLeveling", "Does it ask for schedules when a vehicle says what it needs (K15)?", ours=True),
    _has("ScheduleTold", "Does it send NotifyEVChargingSchedule?", ours=True),
    _has("Renegotiation", "Is a schedule negotiated again during a transaction (K16, K17)?", ours=True),
    _has("LocalStop", "Does a card end a transaction?", ours=False),
    _has("Groups", "Does a card of the same group end a transaction?", ours=False),
    _has("MasterPass", "Does a card of the master pass group end transactions?", ours=False),
    _has("Cache", "Has it an authorization cache?", ours=True),
    _has("CachePersists", "Does the cache outlive a reset?", ours=True),
    _has("CacheFromEvents", "Does the cache learn from what TransactionEvents are answered?", ours=False),
    _has("StopOnInvalidIdIsSet", "Can TxCtrlr.StopTxOnInvalidId be written?", ours=True),
    _has("OfflineUnknownId", "Can it let unknown cards charge while offline (C15)?", ours=True),
    _has("DisableRemoteAuthorization", "Has it AuthCtrlr.DisableRemoteAuthorization?", ours=False),
    _has("CableLock", "Does it hold the cable on its side?", ours=False),
    _which("TxStartPoint", "What may begin a transaction?", *POINTS, ours=("EVConnected",)),
    _which("TxStopPoint", "What may end a transaction?", *POINTS, ours=("EVConnected", "Authorized")),
    _has("TellsSuspendedEV", "Does it tell of a vehicle that is authorised and takes no energy?", ours=False),
    _has(
        "StopsOnUnplug",
        "Does a transaction end with the cable (StopTxOnEVSideDisconnect)?",
        ours=True,
    ),
    _has("Evses", "Has it several EVSEs?", ours=True),
    # What it can be told
    _has("EvseReset", "Can one EVSE be reset?", ours=True),
    _has("SummaryInventory", "Does it report a SummaryInventory?", ours=False),
    _has("MandatoryVariables", "Has it every variable that is required of stations of Core?", ours=True),
    _which("AuthorizeRemoteStart", "What can AuthCtrlr.AuthorizeRemoteStart be?", *_YES_NO, ours=_YES_NO),
    _has("Unlocking", "Does it answer UnlockConnector?", ours=True),
    _which(
        "Triggers",
        "Which messages can be triggered?",
        "BootNotification",
        "Heartbeat",
        "MeterValues",
        "StatusNotification",
        "TransactionEvent",
        "LogStatusNotification",
        "FirmwareStatusNotification",
        ours=("BootNotification", "Heartbeat", "StatusNotification", "TransactionEvent"),
    ),
    _has("Availability", "Does it take ChangeAvailability?", ours=False),
    _has("AlignedData", "Does it send clock-aligned meter values?", ours=True),
    _has("SignedAlignedData", "Are clock-aligned readings signed?", ours=False),
    _has("SampledData", "Does it send meter values in transactions?", ours=True),
    _has("SignedData", "Are readings signed?", ours=True),
    _has("SetChargingProfile", "Does it take SetChargingProfile at all?", ours=True),
    _has("ChargingProfiles", "Does it do smart charging (K01 to K10)?", ours=False),
    _has("CompositeSchedule", "Does it tell its composite schedule (K08)?", ours=False),
    _which("RateUnit", "In what are charging limits given?", "A", "W", ours=("W",)),
    _has("Logs", "Does it take GetLog?", ours=False),
    _has("CustomerInformation", "Does it take CustomerInformation?", ours=False),
)


def has(name: str, value: str = "true") -> tuple[Condition, ...]:
    """The condition that it was declared so."""
    return (Condition(name, value),)


def lacks(name: str, value: str = "true") -> tuple[Condition, ...]:
    """The condition that it was not."""
    return (Condition(name, value, unlike=True),)
