"""What a charging station is asked before it is tested: the PICS and PIXIT of ISO 15118-4 that its cases depend on.

Names are those of the standard without ``PICS_`` or ``PIXIT_`` and what they are about (``SECC_CMN_``). A station that
does several things declares all of them: each case asks for what it needs.
"""

from __future__ import annotations

from pncsim.simulator.conformance.pics import YES_NO, whether, which

DECLARATIONS = (
    which("ChargingMode", "Does it charge with alternating (aC) or direct current (dC), or both?", "aC", "dC"),
    which("IdentificationMode", "Is a driver identified by other means (eIM) or by contract (pnC)?", "eIM", "pnC"),
    which("TLS", "Does it serve vehicles with TLS (true), without (false), or both?", *YES_NO),
    whether("OnlyPlain", "Can it be made to serve vehicles without TLS alone?", ours=True),
    which(
        "CertificateHandling",
        "Which contracts can be had through it: none_ in any case, certInstall, certUpdate?",
        "none_",
        "certInstall",
        "certUpdate",
    ),
    which(
        "PaymentOption",
        "Can it be made to offer externalPayment alone (a station that does not offer both), or contract?",
        "externalPayment",
        "contract",
    ),
    which("VAS", "Are there value added services: none_, some with details (serviceDetail)?", "none_", "serviceDetail"),
    which("InternetAccess", "Is internet access (service 3) among them?", "internetAccess", "unknown"),
    which("ReceiptRequired", "Does it ask for metering receipts?", *YES_NO),
    which("MeterInfo", "Does it send MeterInfo in the loop?", "meterInfo", "unknown"),
    which("MeterReading", "Is there a MeterReading in it?", "meterReading", "unknown"),
    which("SalesTariff", "Does it send sales tariffs?", "salesTariff", "unknown"),
    which("AuthorizationOngoing", "Can authorization be made to take long?", "ongoing", "unknown"),
    which("ChargeParameterDiscoveryOngoing", "Can finding schedules be made to take long?", "ongoing", "unknown"),
    which("CableCheckOngoing", "Does the cable check take so long that it is asked again?", "ongoing", "unknown"),
    which("DepartureTime", "May the tester send a DepartureTime?", *YES_NO),
    which("MaxEntriesSAScheduleTuple", "May the tester limit the entries of a schedule?", *YES_NO),
    which("Renegotiation", "Does it let a vehicle renegotiate?", *YES_NO),
    which("Pause", "Does it let a vehicle pause?", *YES_NO),
    which(
        "WakeUp",
        "Who can end a pause: the vehicle with a BCB toggle (vehicle), the station with a step of the pilot (station)?",
        "vehicle",
        "station",
        ours=("vehicle",),
    ),
    whether("OffersEveryMode", "Does it offer every energy transfer mode there is?", ours=False),
    whether(
        "ControlPilot",
        "Does the tester move its control pilot (a station of ours, --cp-command), so that it sees plug and state?",
        ours=True,
    ),
    which(
        "EIMDone",
        "When is the driver identified, as the tester presents a card?",
        "beforePlugin",
        "afterPlugin",
        "v2gAuthorization",
    ),
    which("EvStateInChargeProgress", "In which state of the pilot may a vehicle charge?", "C", "D"),
    which("WeldingDetection", "Does it take WeldingDetection after direct current?", *YES_NO),
    which("CountryRefused", "Does it refuse contracts whose subject has a country (annex F: it has none)?", *YES_NO),
    which("VersionNumberMinor", "Does it take another minor version than its own?", *YES_NO),
    which("V2gtpSdp", "Are the cases about V2GTP headers of SDP to be run?", *YES_NO),
    which("V2gtpV2g", "Are those about V2GTP headers of messages?", *YES_NO),
    which(
        "AfterFailed",
        "What follows a FAILED answer: does it close the connection (close), as the cases expect?",
        "close",
        "open",
        ours=("close",),
    ),
)
