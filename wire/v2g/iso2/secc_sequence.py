"""The SECC's side of the ISO 15118-2 message sequence, as one literal table.

A state is what the SECC sent last (:mod:`wire.session.sequence` has the rules of reading). A request without a row is
answered FAILED_SequenceError (V2G2-538, -539) and ends the session. Rows that exist only because vehicles take a
liberty name it (:class:`wire.gate.Tolerance`).
"""

from __future__ import annotations

from enum import StrEnum

from pncsim.wire.gate import Tolerance
from pncsim.wire.session import sequence
from pncsim.wire.session.sequence import Row, Sequence


class State(StrEnum):
    """Where the SECC stands; the value is what a person reads."""

    CONNECTED = sequence.CONNECTED
    NEGOTIATED = sequence.NEGOTIATED
    SESSION = "session set up"
    SERVICES = "services discovered"
    CONTRACT = "contract selected"
    EXTERNAL = "external payment selected"
    DELIVERED = "contract certificate answered"
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
    FAILED = sequence.FAILED
    ENDED = sequence.ENDED


S = State
_STOP = "V2G2-568, V2G2-597, V2G2-601"
_SKIPPED = "V2G2-691"
_PARAMETERS = (S.PLANNING, S.READY_AC, S.READY_DC)


def _early(state: State, clause: str) -> Row:
    """SessionStopReq where ``clause`` has only other requests come."""
    return Row(state, "SessionStopReq", (S.ENDED,), clause, Tolerance.EARLY_STOP)


_ROWS = (
    Row(S.CONNECTED, "SupportedAppProtocolReq", (S.NEGOTIATED,), "V2G2-167"),
    Row(S.NEGOTIATED, "SessionSetupReq", (S.SESSION,), "V2G2-541"),
    Row(S.SESSION, "ServiceDiscoveryReq", (S.SERVICES,), "V2G2-543"),
    _early(S.SESSION, "V2G2-543"),
    Row(S.SERVICES, "ServiceDetailReq", (S.SERVICES,), "V2G2-545, V2G2-548"),
    Row(S.SERVICES, "PaymentServiceSelectionReq", (S.CONTRACT, S.EXTERNAL), "V2G2-545, V2G2-548"),
    _early(S.SERVICES, "V2G2-545, V2G2-548"),
    Row(S.CONTRACT, "PaymentDetailsReq", (S.DETAILS,), "V2G2-551"),
    Row(S.CONTRACT, "CertificateInstallationReq", (S.DELIVERED,), "V2G2-551"),
    Row(S.CONTRACT, "CertificateUpdateReq", (S.DELIVERED,), "V2G2-551"),
    _early(S.CONTRACT, "V2G2-551"),
    Row(S.EXTERNAL, "AuthorizationReq", (S.AUTHORIZING, S.AUTHORIZED), "V2G2-551"),
    _early(S.EXTERNAL, "V2G2-551"),
    Row(S.DELIVERED, "PaymentDetailsReq", (S.DETAILS,), "V2G2-554, V2G2-557"),
    _early(S.DELIVERED, "V2G2-554, V2G2-557"),
    Row(S.DETAILS, "AuthorizationReq", (S.AUTHORIZING, S.AUTHORIZED), "V2G2-560"),
    _early(S.DETAILS, "V2G2-560"),
    Row(S.AUTHORIZING, "AuthorizationReq", (S.AUTHORIZING, S.AUTHORIZED), "V2G2-563, V2G2-684"),
    _early(S.AUTHORIZING, "V2G2-563, V2G2-684"),
    Row(S.AUTHORIZED, "ChargeParameterDiscoveryReq", _PARAMETERS, "V2G2-563"),
    _early(S.AUTHORIZED, "V2G2-563"),
    Row(S.PLANNING, "ChargeParameterDiscoveryReq", _PARAMETERS, "V2G2-688"),
    _early(S.PLANNING, "V2G2-688"),
    Row(S.READY_AC, "PowerDeliveryReq", (S.LOOP_AC, S.STOPPED_AC), "V2G2-573"),
    _early(S.READY_AC, "V2G2-573"),
    Row(S.LOOP_AC, "ChargingStatusReq", (S.LOOP_AC, S.RECEIPT_AC), "V2G2-575 to V2G2-577, V2G2-580"),
    Row(S.LOOP_AC, "PowerDeliveryReq", (S.STOPPED_AC, S.RENEGOTIATING_AC), "V2G2-575 to V2G2-577, V2G2-580"),
    _early(S.LOOP_AC, "V2G2-575 to V2G2-577, V2G2-580"),
    Row(S.RECEIPT_AC, "MeteringReceiptReq", (S.LOOP_AC,), "V2G2-575, V2G2-577, V2G2-691"),
    Row(S.RECEIPT_AC, "ChargingStatusReq", (S.LOOP_AC,), _SKIPPED, Tolerance.RECEIPT_SKIPPED),
    Row(S.RECEIPT_AC, "PowerDeliveryReq", (S.STOPPED_AC, S.RENEGOTIATING_AC), _SKIPPED, Tolerance.RECEIPT_SKIPPED),
    _early(S.RECEIPT_AC, "V2G2-575, V2G2-577, V2G2-691"),
    Row(S.RENEGOTIATING_AC, "ChargeParameterDiscoveryReq", (S.PLANNING, S.READY_AC), "V2G2-568, V2G2-813"),
    _early(S.RENEGOTIATING_AC, "V2G2-568, V2G2-813"),
    Row(S.STOPPED_AC, "SessionStopReq", (S.ENDED,), _STOP),
    Row(S.READY_DC, "CableCheckReq", (S.CABLE_CHECK, S.CABLE_CHECKED), "V2G2-582"),
    _early(S.READY_DC, "V2G2-582"),
    Row(S.CABLE_CHECK, "CableCheckReq", (S.CABLE_CHECK, S.CABLE_CHECKED), "V2G2-621"),
    _early(S.CABLE_CHECK, "V2G2-621"),
    Row(S.CABLE_CHECKED, "PreChargeReq", (S.PRE_CHARGE,), "V2G2-584"),
    _early(S.CABLE_CHECKED, "V2G2-584"),
    Row(S.PRE_CHARGE, "PreChargeReq", (S.PRE_CHARGE,), "V2G2-587"),
    Row(S.PRE_CHARGE, "PowerDeliveryReq", (S.LOOP_DC, S.STOPPED_DC), "V2G2-587"),
    _early(S.PRE_CHARGE, "V2G2-587"),
    Row(S.LOOP_DC, "CurrentDemandReq", (S.LOOP_DC, S.RECEIPT_DC), "V2G2-590, V2G2-593, V2G2-797"),
    Row(S.LOOP_DC, "PowerDeliveryReq", (S.STOPPED_DC, S.RENEGOTIATING_DC), "V2G2-590, V2G2-593, V2G2-797"),
    Row(S.RECEIPT_DC, "MeteringReceiptReq", (S.LOOP_DC,), "V2G2-795, V2G2-691"),
    Row(S.RECEIPT_DC, "CurrentDemandReq", (S.LOOP_DC,), _SKIPPED, Tolerance.RECEIPT_SKIPPED),
    Row(S.RECEIPT_DC, "PowerDeliveryReq", (S.STOPPED_DC, S.RENEGOTIATING_DC), _SKIPPED, Tolerance.RECEIPT_SKIPPED),
    Row(S.RENEGOTIATING_DC, "ChargeParameterDiscoveryReq", (S.REPLANNING, S.READY_AGAIN_DC), "V2G2-601, V2G2-813"),
    _early(S.RENEGOTIATING_DC, "V2G2-601, V2G2-813"),
    Row(S.REPLANNING, "ChargeParameterDiscoveryReq", (S.REPLANNING, S.READY_AGAIN_DC), "V2G2-688"),
    _early(S.REPLANNING, "V2G2-688"),
    Row(S.READY_AGAIN_DC, "CableCheckReq", (S.CABLE_CHECK, S.CABLE_CHECKED), "V2G2-582"),
    Row(S.READY_AGAIN_DC, "PowerDeliveryReq", (S.LOOP_DC, S.STOPPED_DC), "V2G2-842", Tolerance.SHORT_RENEGOTIATION),
    _early(S.READY_AGAIN_DC, "V2G2-582"),
    Row(S.STOPPED_DC, "WeldingDetectionReq", (S.WELDING,), "V2G2-601"),
    Row(S.STOPPED_DC, "ChargeParameterDiscoveryReq", (S.PLANNING, S.READY_DC), "V2G2-601"),
    Row(S.STOPPED_DC, "SessionStopReq", (S.ENDED,), _STOP),
    Row(S.WELDING, "WeldingDetectionReq", (S.WELDING,), "V2G2-597"),
    Row(S.WELDING, "SessionStopReq", (S.ENDED,), _STOP),
    Row(S.FAILED, "SessionStopReq", (S.ENDED,), "V2G2-735"),
)

SECC_SEQUENCE = Sequence(("state", "request", "answer leads to"), _ROWS)
"""What the station answers, state by state in the order of a session. In ``State.ENDED`` nothing may come."""

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
