"""What the sources demand where something is wrong, as tables of clauses: answers of faults are looked up here.

The tables are read from the standards and know nothing of how an actor here decides: an actor that answers otherwise is
wrong. ``Table 112`` and ``Table 109`` are those of ISO 15118-2:2014; a message without a code of its own for what is
wrong says plain FAILED (Table 112).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pncsim.simulator.faults.answers import Alerts, Http, Ocpp, OcppRefuses, Responds
from pncsim.wire.errors import Kind

_CHAIN: tuple[Kind, ...] = (
    "chain",
    "unparsable",
    "too big",
    "too long",
    "key type",
    "signature algorithm",
    "profile",
    "no anchor",
    "wrong anchor",
    "wrong signature",
    "key identifier",
    "not a CA",
    "path length",
    "critical extension",
    "status unknown",
)
"""A certificate chain that does not verify, for whatever reason."""

_OUT_OF_TIME: tuple[Kind, ...] = ("expired", "not yet valid")

_ANY: Mapping[Kind, tuple[str, str]] = {
    "sequence": ("FAILED_SequenceError", "V2G2-459, V2G2-538"),
    "unknown session": ("FAILED_UnknownSession", "V2G2-460"),
}
"""What every response may say."""

_CODES: Mapping[str, Mapping[Kind, tuple[str, str]]] = {
    "SupportedAppProtocolRes": {"no common protocol": ("Failed_NoNegotiation", "V2G2-172")},
    "ServiceDetailRes": {"service unknown": ("FAILED_ServiceIDInvalid", "V2G2-464")},
    "PaymentServiceSelectionRes": {
        "payment selection": ("FAILED_PaymentSelectionInvalid", "V2G2-465"),
        "service selection": ("FAILED_ServiceSelectionInvalid", "V2G2-467"),
        "no charge service": ("FAILED_NoChargeServiceSelected", "V2G2-804"),
    },
    "PaymentDetailsRes": {
        **dict.fromkeys(_CHAIN, ("FAILED_CertChainError", "Table 112")),
        **dict.fromkeys(_OUT_OF_TIME, ("FAILED_CertificateExpired", "V2G2-824")),
        "revoked": ("FAILED_CertificateRevoked", "Table 112"),
        "wrong EMAID": ("FAILED_CertChainError", "V2G2-108"),
        "no contract": ("FAILED_NoCertificateAvailable", "Table 112"),
    },
    "AuthorizationRes": {
        "challenge": ("FAILED_ChallengeInvalid", "V2G2-475"),
        "signature": ("FAILED_SignatureError", "Table 112"),
        "revoked": ("FAILED_CertificateRevoked", "Table 112"),
    },
    "CertificateInstallationRes": {
        **dict.fromkeys(_OUT_OF_TIME, ("FAILED_CertificateExpired", "Table 112")),
        "signature": ("FAILED_SignatureError", "CCP-GET-2"),
        "revoked": ("FAILED_CertificateRevoked", "CCP-GET-2"),
        "no contract": ("FAILED_NoCertificateAvailable", "OCPP M01"),
    },
    "CertificateUpdateRes": {
        **dict.fromkeys(_CHAIN, ("FAILED_CertChainError", "Table 112")),
        **dict.fromkeys(_OUT_OF_TIME, ("FAILED_CertificateExpired", "Table 112")),
        "signature": ("FAILED_SignatureError", "Table 112"),
        "revoked": ("FAILED_CertificateRevoked", "Table 112"),
        "no contract": ("FAILED_NoCertificateAvailable", "OCPP M02"),
    },
    "ChargeParameterDiscoveryRes": {
        "energy mode": ("FAILED_WrongEnergyTransferMode", "V2G2-476"),
        "charge parameter": ("FAILED_WrongChargeParameter", "V2G2-477"),
    },
    "PowerDeliveryRes": {
        "charging profile": ("FAILED_ChargingProfileInvalid", "V2G2-478"),
        "tariff": ("FAILED_TariffSelectionInvalid", "V2G2-479"),
        "power delivery": ("FAILED_PowerDeliveryNotApplied", "V2G2-480"),
        "out of turn": ("FAILED", "V2G2-812"),
    },
    "MeteringReceiptRes": {"receipt signature": ("FAILED_MeteringSignatureNotValid", "V2G2-481")},
}


def code(kind: Kind, response: str) -> tuple[str, str]:
    """The ResponseCode with which ``response`` says that this kind of thing is wrong, and the clause."""
    return _ANY.get(kind) or _CODES.get(response, {}).get(kind) or ("FAILED", "Table 112")


def responds(kind: Kind, *responses: str) -> Responds:
    """One of ``responses``, which say the same of it."""
    found, clause = code(kind, responses[0])
    return Responds(responses if len(responses) > 1 else responses[0], found, clause)


def goes_on() -> Responds:
    """The session gets to its end all the same."""
    return Responds("SessionStopRes", "OK", "V2G2-571")


# TLS

_ALERTS: Mapping[Kind, tuple[int, str]] = {
    **dict.fromkeys(_CHAIN, (42, "RFC 5246 7.2.2")),
    **dict.fromkeys(_OUT_OF_TIME, (45, "RFC 5246 7.2.2")),
    **dict.fromkeys(("key type", "signature algorithm", "critical extension"), (43, "RFC 5246 7.2.2")),
    "revoked": (44, "RFC 5246 7.2.2"),
    "no anchor": (48, "RFC 5246 7.2.2, V2G2-925"),
    "wrong anchor": (48, "RFC 5246 7.2.2, V2G2-925"),
}


def alerts(kind: Kind) -> Alerts:
    """The alert a certificate chain earns in which this is wrong."""
    return Alerts(*_ALERTS[kind])


BAD_STAPLE = Alerts(113, "RFC 6066 8, V2G2-875")
"""No OCSP response for the station's certificate, or one that says anything but good."""
NO_COMMON_SUITE = Alerts(40, "RFC 5246 7.4.1.3, V2G2-602")
NO_COMMON_VERSION = Alerts(70, "RFC 5246 E.1")

# OCPP

_CERTIFICATE_STATUS: Mapping[Kind, tuple[str, str]] = {
    "contract cancelled": ("ContractCancelled", "C07.FR.17"),
    "expired": ("CertificateExpired", "C07.FR.15"),
    "revoked": ("CertificateRevoked", "C07.FR.16"),
    "chain": ("CertChainError", "C07.FR.17"),
}


def certificate_status(kind: Kind) -> Ocpp:
    """What a CSMS answers of a contract's certificate in Authorize."""
    status, clause = _CERTIFICATE_STATUS[kind]
    return Ocpp("Authorize", "certificateStatus", status, clause)


NO_CONTRACT = Ocpp("Get15118EVCertificate", "status", "Failed", "OCPP M01, M02")
"""A CSMS that has no answer for the vehicle says so."""

BrokenCall = Literal[
    "message-type", "unknown-action", "missing-field", "wrong-type", "unknown-value", "surplus-field", "too-many"
]
_CALL_ERRORS: Mapping[BrokenCall, str] = {
    "message-type": "MessageTypeNotSupported",
    "unknown-action": "NotImplemented",
    "missing-field": "OccurrenceConstraintViolation",
    "wrong-type": "TypeConstraintViolation",
    "unknown-value": "PropertyConstraintViolation",
    "surplus-field": "FormatViolation",
    "too-many": "OccurrenceConstraintViolation",
}


def call_error(broken: BrokenCall) -> OcppRefuses:
    """The CALLERROR for a call that is broken in this way (OCPP 2.0.1 Part 4, 4.3)."""
    return OcppRefuses(_CALL_ERRORS[broken], "OCPP 2.0.1 Part 4, 4.3")


# HTTP

BadCaller = Literal["no-token", "unknown-token", "wrong-role", "foreign-vehicle", "cut-body", "no-json", "wrong-name"]
_STATUSES: Mapping[BadCaller, tuple[int, str]] = {
    "no-token": (401, "ACC-1"),
    "unknown-token": (401, "ACC-1"),
    "wrong-role": (403, "ACC-2"),
    "foreign-vehicle": (403, "ACC-3, PCP-PUB-1"),
    "cut-body": (400, "PCP-PUB-6"),
    "no-json": (400, "PCP-PUB-6"),
    "wrong-name": (400, "PCP-PUB-6"),
}


def status(bad: BadCaller, role: str) -> Http:
    """The HTTP status a service owes a caller of this kind."""
    return Http(role, *_STATUSES[bad])


# Times

_FIVE_SECONDS = frozenset(
    {"ServiceDetail", "CertificateInstallation", "CertificateUpdate", "PaymentDetails", "PowerDelivery"}
)
SEQUENCE_TIMEOUT, SEQUENCE_CLAUSE = 60.0, "V2G2-443"
"""Seconds a station waits for the next request."""
SEQUENCE_PERFORMANCE = 40.0
"""Seconds after which a vehicle's next request is late."""


def message_timeout(pair: str) -> float:
    """Seconds a vehicle waits for the answer of this pair (``SessionSetup``), by Table 109."""
    return 0.25 if pair == "CurrentDemand" else 5.0 if pair in _FIVE_SECONDS else 2.0
