"""What a station is asked before its OCPP side is tested: what of OCPP it has, and how it is set up."""

from __future__ import annotations

from pncsim.simulator.conformance.case import Condition
from pncsim.simulator.conformance.pics import YES_NO, whether, which

POINTS = ("EVConnected", "Authorized", "DataSigned", "PowerPathClosed", "EnergyTransfer", "ParkingBayOccupancy")

DECLARATIONS = (
    # Security and certificates
    whether("Password", "Does it come with a password (security profile 1 or 2)?", ours=True),
    whether("TLS", "Does it come over TLS (security profile 2 or 3)?", ours=True),
    whether("ClientCertificate", "Does it show a certificate of its own (security profile 3)?", ours=True),
    whether("NetworkProfiles", "Does it take SetNetworkProfile?", ours=False),
    whether("StationCertificate", "Does it have its own certificate renewed over OCPP (SignCertificate)?", ours=False),
    whether("CombinedCertificate", "Has it one certificate for CSMS and vehicles?", ours=False),
    whether("SigningTimeout", "Does it ask again where CertificateSigned does not come (AS-3)?", ours=True),
    whether("CertificateStore", "Does it take InstallCertificate and tell what it has?", ours=True),
    whether("AdditionalRootCheck", "Does it check new CSMS roots by those it has (AS-2)?", ours=False),
    whether("RootFromOthers", "May a root that is no root of its owner's be installed and taken away?", ours=True),
    # How it is used
    whether("Cards", "Has it a reader for cards?", ours=True),
    whether("Contracts", "Does it speak ISO 15118-2 with contracts?", ours=True),
    whether("ContractInstallation", "Can vehicles have contracts installed and renewed through it?", ours=True),
    whether("CentralValidation", "Can contracts be validated by the CSMS (ISO-5)?", ours=True),
    whether("LoadLeveling", "Does it ask for schedules when a vehicle says what it needs (K15)?", ours=True),
    whether("ScheduleTold", "Does it send NotifyEVChargingSchedule?", ours=True),
    whether("Renegotiation", "Is a schedule negotiated again during a transaction (K16, K17)?", ours=True),
    whether("LocalStop", "Does a card end a transaction?", ours=False),
    whether("Groups", "Does a card of the same group end a transaction?", ours=False),
    whether("MasterPass", "Does a card of the master pass group end transactions?", ours=False),
    whether("Cache", "Has it an authorization cache?", ours=True),
    whether("CachePersists", "Does the cache outlive a reset?", ours=True),
    whether("CacheFromEvents", "Does the cache learn from what TransactionEvents are answered?", ours=False),
    whether("CacheDisablePostAuthorize", "Has it AuthCacheCtrlr.DisablePostAuthorize?", ours=False),
    whether("StopOnInvalidIdIsSet", "Can TxCtrlr.StopTxOnInvalidId be written?", ours=True),
    whether("MaxEnergyOnInvalidId", "Has it TxCtrlr.MaxEnergyOnInvalidId?", ours=False),
    whether("LocalList", "Has it a local authorization list (SendLocalList)?", ours=False),
    whether("ListDisablePostAuthorize", "Has it LocalAuthListCtrlr.DisablePostAuthorize?", ours=False),
    whether("OfflineUnknownId", "Can it let unknown cards charge while offline (C15)?", ours=True),
    whether("DisableRemoteAuthorization", "Has it AuthCtrlr.DisableRemoteAuthorization?", ours=False),
    whether("FixedCable", "Has it a cable of its own?", ours=False),
    whether("CableLock", "Does it hold the cable on its side?", ours=False),
    which("TxStartPoint", "What may begin a transaction?", *POINTS, ours=("EVConnected",)),
    which("TxStopPoint", "What may end a transaction?", *POINTS, ours=("EVConnected", "Authorized")),
    whether("TellsSuspendedEV", "Does it tell of a vehicle that is authorised and takes no energy?", ours=False),
    whether(
        "StopsOnUnplug",
        "Does a transaction end with the cable (StopTxOnEVSideDisconnect)?",
        ours=True,
    ),
    whether("Evses", "Has it several EVSEs?", ours=True),
    # What it can be told
    whether("EvseReset", "Can one EVSE be reset?", ours=True),
    whether("SummaryInventory", "Does it report a SummaryInventory?", ours=False),
    whether("MandatoryVariables", "Has it every variable that is required of stations of Core?", ours=True),
    which("AuthorizeRemoteStart", "What can AuthCtrlr.AuthorizeRemoteStart be?", *YES_NO),
    whether("Unlocking", "Does it answer UnlockConnector?", ours=True),
    which(
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
    whether("Availability", "Does it take ChangeAvailability?", ours=False),
    whether("AlignedData", "Does it send clock-aligned meter values?", ours=True),
    whether("SignedAlignedData", "Are clock-aligned readings signed?", ours=False),
    whether("SampledData", "Does it send meter values in transactions?", ours=True),
    whether("SignedData", "Are readings signed?", ours=True),
    whether("SetChargingProfile", "Does it take SetChargingProfile at all?", ours=True),
    whether("ChargingProfiles", "Does it do smart charging (K01 to K10)?", ours=False),
    whether("CompositeSchedule", "Does it tell its composite schedule (K08)?", ours=False),
    which("RateUnit", "In what are charging limits given?", "A", "W", ours=("W",)),
    whether("Logs", "Does it take GetLog?", ours=False),
    whether("Firmware", "Does it take UpdateFirmware?", ours=False),
    whether("CustomerInformation", "Does it take CustomerInformation?", ours=False),
)


def has(name: str, value: str = "true") -> tuple[Condition, ...]:
    """The condition that it was declared so."""
    return (Condition(name, value),)


def lacks(name: str, value: str = "true") -> tuple[Condition, ...]:
    """The condition that it was not."""
    return (Condition(name, value, unlike=True),)
