"""The SECC's side of the ISO 15118-2 message sequence, as one literal table.

Two rules: everything that decides whether a request may come now is in this file, and the file knows nothing of what
the requests contain. A state is what the SECC sent last. ``TABLE[state][request]`` gives the states the answer may lead
to and the clause behind the row; a request without a row is answered FAILED_SequenceError (V2G2-538, -539) and ends the
session. Rows that only exist because vehicles take a liberty name that :class:`Liberty`, so a strict station can leave
them out.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Where the SECC stands; the value is what a person reads."""

    CONNECTED = "connected"
    NEGOTIATED = "protocol negotiated"
    SESSION = "session set up"
    SERVICES = "services discovered"
    CONTRACT = "contract selected"
    EXTERNAL = "external payment selected"
    DELIVERED = "contract certificate delivered"
    DETAILS = "payment details accepted"
    AUTHORIZING = "authorization ongoing"
    AUTHORIZED = "authorized"
    PLANNING = "schedules ongoing"
    READY_AC = "ready for AC"
    READY_DC = "ready for DC"
    CABLE_CHECK = "cable check ongoing"
    CABLE_CHECKED = "cable checked"
    PRE_CHARGE = "pre-charging"
    LOOP_AC = "charging AC"
    LOOP_DC = "charging DC"
    RECEIPT_AC = "receipt asked, AC"
    RECEIPT_DC = "receipt asked, DC"
    RENEGOTIATING_AC = "renegotiating AC"
    RENEGOTIATING_DC = "renegotiating DC"
    REPLANNING = "schedules ongoing, renegotiation in DC"
    READY_AGAIN_DC = "ready for DC after renegotiation"
    STOPPED_AC = "AC stopped"
    STOPPED_DC = "DC stopped"
    WELDING = "welding detection"
    FAILED = "failed"
    ENDED = "ended"


class Liberty(StrEnum):
    """Deviations seen in real vehicles that a station may let pass.

    ``EARLY_STOP`` is how a VW ID.4 ends a session it cannot use, and public stations accept it: refusing it would only
    cost the clean end.
    """

    EARLY_STOP = "SessionStopReq before PowerDelivery(Stop)"
    SHORT_RENEGOTIATION = "PowerDelivery(Start) right after a renegotiation in DC, without CableCheck and PreCharge"
    CERTIFICATE_UNSELECTED = "certificate message without having selected the certificate service"
    CERTIFICATE_WITHOUT_SET = "certificate service selected without a ParameterSetID"
    RECEIPT_SKIPPED = "metering receipt asked for and not sent"


@dataclass(frozen=True, slots=True)
class Step:
    """One row: the states the answer may lead to, the clause, and the liberty it depends on (None: standard)."""

    next: tuple[State, ...]
    clause: str
    liberty: Liberty | None = None


S = State
_STOP = Step((S.ENDED,), "V2G2-568, V2G2-597, V2G2-601")
_SKIPPED = "V2G2-691"
_PARAMETERS = (S.PLANNING, S.READY_AC, S.READY_DC)


def _early(clause: str) -> Step:
    """SessionStopReq where ``clause`` has only other requests come."""
    return Step((S.ENDED,), clause, Liberty.EARLY_STOP)


TABLE: dict[State, dict[str, Step]] = {
    S.CONNECTED: {
        "SupportedAppProtocolReq": Step((S.NEGOTIATED,), "V2G2-167"),
    },
    S.NEGOTIATED: {
        "SessionSetupReq": Step((S.SESSION,), "V2G2-541"),
    },
    S.SESSION: {
        "ServiceDiscoveryReq": Step((S.SERVICES,), "V2G2-543"),
        "SessionStopReq": _early("V2G2-543"),
    },
    S.SERVICES: {
        "ServiceDetailReq": Step((S.SERVICES,), "V2G2-545, V2G2-548"),
        "PaymentServiceSelectionReq": Step((S.CONTRACT, S.EXTERNAL), "V2G2-545, V2G2-548"),
        "SessionStopReq": _early("V2G2-545, V2G2-548"),
    },
    S.CONTRACT: {
        "PaymentDetailsReq": Step((S.DETAILS,), "V2G2-551"),
        "CertificateInstallationReq": Step((S.DELIVERED,), "V2G2-551"),
        "CertificateUpdateReq": Step((S.DELIVERED,), "V2G2-551"),
        "SessionStopReq": _early("V2G2-551"),
    },
    S.EXTERNAL: {
        "AuthorizationReq": Step((S.AUTHORIZING, S.AUTHORIZED), "V2G2-551"),
        "SessionStopReq": _early("V2G2-551"),
    },
    S.DELIVERED: {
        "PaymentDetailsReq": Step((S.DETAILS,), "V2G2-554, V2G2-557"),
        "SessionStopReq": _early("V2G2-554, V2G2-557"),
    },
    S.DETAILS: {
        "AuthorizationReq": Step((S.AUTHORIZING, S.AUTHORIZED), "V2G2-560"),
        "SessionStopReq": _early("V2G2-560"),
    },
    S.AUTHORIZING: {
        "AuthorizationReq": Step((S.AUTHORIZING, S.AUTHORIZED), "V2G2-563, V2G2-684"),
        "SessionStopReq": _early("V2G2-563, V2G2-684"),
    },
    S.AUTHORIZED: {
        "ChargeParameterDiscoveryReq": Step(_PARAMETERS, "V2G2-563"),
        "SessionStopReq": _early("V2G2-563"),
    },
    S.PLANNING: {
        "ChargeParameterDiscoveryReq": Step(_PARAMETERS, "V2G2-688"),
        "SessionStopReq": _early("V2G2-688"),
    },
    S.READY_AC: {
        "PowerDeliveryReq": Step((S.LOOP_AC, S.STOPPED_AC), "V2G2-573"),
        "SessionStopReq": _early("V2G2-573"),
    },
    S.LOOP_AC: {
        "ChargingStatusReq": Step((S.LOOP_AC, S.RECEIPT_AC), "V2G2-575 to V2G2-577, V2G2-580"),
        "PowerDeliveryReq": Step((S.STOPPED_AC, S.RENEGOTIATING_AC), "V2G2-575 to V2G2-577, V2G2-580"),
    },
    S.RECEIPT_AC: {
        "MeteringReceiptReq": Step((S.LOOP_AC,), "V2G2-575, V2G2-577, V2G2-691"),
        "ChargingStatusReq": Step((S.LOOP_AC,), _SKIPPED, Liberty.RECEIPT_SKIPPED),
        "PowerDeliveryReq": Step((S.STOPPED_AC, S.RENEGOTIATING_AC), _SKIPPED, Liberty.RECEIPT_SKIPPED),
    },
    S.RENEGOTIATING_AC: {
        "ChargeParameterDiscoveryReq": Step((S.PLANNING, S.READY_AC), "V2G2-568, V2G2-813"),
        "SessionStopReq": _early("V2G2-568, V2G2-813"),
    },
    S.STOPPED_AC: {
        "SessionStopReq": _STOP,
    },
    S.READY_DC: {
        "CableCheckReq": Step((S.CABLE_CHECK, S.CABLE_CHECKED), "V2G2-582"),
        "SessionStopReq": _early("V2G2-582"),
    },
    S.CABLE_CHECK: {
        "CableCheckReq": Step((S.CABLE_CHECK, S.CABLE_CHECKED), "V2G2-621"),
        "SessionStopReq": _early("V2G2-621"),
    },
    S.CABLE_CHECKED: {
        "PreChargeReq": Step((S.PRE_CHARGE,), "V2G2-584"),
        "SessionStopReq": _early("V2G2-584"),
    },
    S.PRE_CHARGE: {
        "PreChargeReq": Step((S.PRE_CHARGE,), "V2G2-587"),
        "PowerDeliveryReq": Step((S.LOOP_DC, S.STOPPED_DC), "V2G2-587"),
        "SessionStopReq": _early("V2G2-587"),
    },
    S.LOOP_DC: {
        "CurrentDemandReq": Step((S.LOOP_DC, S.RECEIPT_DC), "V2G2-590, V2G2-593, V2G2-797"),
        "PowerDeliveryReq": Step((S.STOPPED_DC, S.RENEGOTIATING_DC), "V2G2-590, V2G2-593, V2G2-797"),
    },
    S.RECEIPT_DC: {
        "MeteringReceiptReq": Step((S.LOOP_DC,), "V2G2-795, V2G2-691"),
        "CurrentDemandReq": Step((S.LOOP_DC,), _SKIPPED, Liberty.RECEIPT_SKIPPED),
        "PowerDeliveryReq": Step((S.STOPPED_DC, S.RENEGOTIATING_DC), _SKIPPED, Liberty.RECEIPT_SKIPPED),
    },
    S.RENEGOTIATING_DC: {
        "ChargeParameterDiscoveryReq": Step((S.REPLANNING, S.READY_AGAIN_DC), "V2G2-601, V2G2-813"),
        "SessionStopReq": _early("V2G2-601, V2G2-813"),
    },
    S.REPLANNING: {
        "ChargeParameterDiscoveryReq": Step((S.REPLANNING, S.READY_AGAIN_DC), "V2G2-688"),
        "SessionStopReq": _early("V2G2-688"),
    },
    S.READY_AGAIN_DC: {
        "CableCheckReq": Step((S.CABLE_CHECK, S.CABLE_CHECKED), "V2G2-582"),
        "PowerDeliveryReq": Step((S.LOOP_DC, S.STOPPED_DC), "V2G2-842", Liberty.SHORT_RENEGOTIATION),
        "SessionStopReq": _early("V2G2-582"),
    },
    S.STOPPED_DC: {
        "WeldingDetectionReq": Step((S.WELDING,), "V2G2-601"),
        "ChargeParameterDiscoveryReq": Step((S.PLANNING, S.READY_DC), "V2G2-601"),
        "SessionStopReq": _STOP,
    },
    S.WELDING: {
        "WeldingDetectionReq": Step((S.WELDING,), "V2G2-597"),
        "SessionStopReq": _STOP,
    },
    S.FAILED: {
        "SessionStopReq": Step((S.ENDED,), "V2G2-735"),
    },
    S.ENDED: {},
}

REQUESTS = (
    "SupportedAppProtocolReq",
    "SessionSetupReq",
    "ServiceDiscoveryReq",
    "ServiceDetailReq",
    "PaymentServiceSelectionReq",
    "CertificateInstallationReq",
    "CertificateUpdateReq",
    "PaymentDetailsReq",
    "AuthorizationReq",
    "ChargeParameterDiscoveryReq",
    "PowerDeliveryReq",
    "ChargingStatusReq",
    "MeteringReceiptReq",
    "CableCheckReq",
    "PreChargeReq",
    "CurrentDemandReq",
    "WeldingDetectionReq",
    "SessionStopReq",
)
"""Every request an SECC of ISO 15118-2 can receive."""

PAUSE_FROM = frozenset({S.STOPPED_AC, S.STOPPED_DC, S.WELDING})
"""SessionStop(Pause) is possible only here, when no power flows (V2G2-739)."""


def allowed(state: State, liberties: frozenset[Liberty] = frozenset()) -> tuple[str, ...]:
    """Names of the requests that may come in ``state``."""
    return tuple(name for name, step in TABLE[state].items() if step.liberty is None or step.liberty in liberties)


def describe() -> str:
    """The table as Markdown, for the generated documentation."""
    lines = ["| state | request | answer leads to | clause | only as liberty |", "|---|---|---|---|---|"]
    for state, row in TABLE.items():
        for request, step in row.items():
            leads = ", ".join(s.value for s in step.next)
            lines.append(f"| {state.value} | {request} | {leads} | {step.clause} | {step.liberty or ''} |")
    return "\n".join(lines)
