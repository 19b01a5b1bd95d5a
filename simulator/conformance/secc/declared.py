"""What a charging station is asked before it is tested: the PICS and PIXIT of ISO 15118-4 that its cases depend on.

Names are those of the standard without ``PICS_`` or ``PIXIT_`` and what they are about (``SECC_CMN_``). A station that
does several things declares all of them: each case asks for what it needs.
"""

from __future__ import annotations

from pncsim.simulator.conformance.pics import Declaration

_YES_NO = ("true", "false")


def _one(name: str, asks: str, *values: str, usual: tuple[str, ...] = ()) -> Declaration:
    return Declaration(name=name, asks=asks, values=values, usual=usual or values)


DECLARATIONS = (
    _one("ChargingMode", "Does it charge with alternating (aC) or direct current (dC), or both?", "aC", "dC"),
    _one("IdentificationMode", "Is a driver identified by other means (eIM) or by contract (pnC)?", "eIM", "pnC"),
    _one("TLS", "Does it serve vehicles with TLS (true), without (false), or both?", *_YES_NO),
    _one("OnlyPlain", "Can it be made to serve vehicles without TLS alone?", *_YES_NO, usual=("true",)),
    _one(
        "CertificateHandling",
        "Which contracts can be had through it: none_ in any case, certInstall, certUpdate?",
        "none_",
        "certInstall",
        "certUpdate",
    ),
    _one(
        "PaymentOption",
        "Can it be made to offer externalPayment alone (a station that does not offer both), or contract?",
        "externalPayment",
        "contract",
    ),
    _one("VAS", "Are there value added services: none_, some with details (serviceDetail)?", "none_", "serviceDetail"),
    _one("InternetAccess", "Is internet access (service 3) among them?", "internetAccess", "unknown"),
    _one("ReceiptRequired", "Does it ask for metering receipts?", *_YES_NO),
    _one("MeterInfo", "Does it send MeterInfo in the loop?", "meterInfo", "unknown"),
    _one("MeterReading", "Is there a MeterReading in it?", "meterReading", "unknown"),
    _one("SalesTariff", "Does it send sales tariffs?", "salesTariff", "unknown"),
    _one("AuthorizationOngoing", "Can authorization be made to take long?", "ongoing", "unknown"),
    _one("ChargeParameterDiscoveryOngoing", "Can finding schedules be made to take long?", "ongoing", "unknown"),
    _one("CableCheckOngoing", "Does the cable check take so long that it is asked again?", "ongoing", "unknown"),
    _one("DepartureTime", "May the tester send a DepartureTime?", *_YES_NO),
    _one("MaxEntriesSAScheduleTuple", "May the tester limit the entries of a schedule?", *_YES_NO),
    _one("Renegotiation", "Does it let a vehicle renegotiate?", *_YES_NO),
    _one("Pause", "Does it let a vehicle pause?", *_YES_NO),
    _one(
        "WakeUp",
        "Who can end a pause: the vehicle with a BCB toggle (vehicle), the station with a step of the pilot (station)?",
        "vehicle",
        "station",
        usual=("vehicle",),
    ),
    _one("OffersEveryMode", "Does it offer every energy transfer mode there is?", *_YES_NO, usual=("false",)),
    _one(
        "ControlPilot",
        "Does the tester move its control pilot (a station of ours, --cp-command), so that it sees plug and state?",
        *_YES_NO,
        usual=("true",),
    ),
    _one(
        "EIMDone",
        "When is the driver identified, as the tester presents a card?",
        "beforePlugin",
        "afterPlugin",
        "v2gAuthorization",
    ),
    _one("EvStateInChargeProgress", "In which state of the pilot may a vehicle charge?", "C", "D"),
    _one("WeldingDetection", "Does it take WeldingDetection after direct current?", *_YES_NO),
    _one("CountryRefused", "Does it refuse contracts whose subject has a country (annex F: it has none)?", *_YES_NO),
    _one("VersionNumberMinor", "Does it take another minor version than its own?", *_YES_NO),
    _one("V2gtpSdp", "Are the cases about V2GTP headers of SDP to be run?", *_YES_NO),
    _one("V2gtpV2g", "Are those about V2GTP headers of messages?", *_YES_NO),
    _one(
        "AfterFailed",
        "What follows a FAILED answer: does it close the connection (close), as the cases expect?",
        "close",
        "open",
        usual=("close",),
    ),
)
