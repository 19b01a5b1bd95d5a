"""Times of ISO 15118-2, as one literal table: both engines, the reports and the documentation read from here.

Four clocks run on one exchange and must not be mixed up: the vehicle waits for the answer (message timeout), the
station should answer in time (performance time), the vehicle should ask on in time (sequence performance), the station
waits for the next request (sequence timeout). Timeouts end the session; a missed performance time is a finding.

All values are seconds. Sources: Table 109 (per message) and Table 111 (the others) of ISO 15118-2:2014.
"""

from __future__ import annotations

from pncsim.wire.session.dialect import MessageTime, TimeLimit, Times


def _pair(timeout: float, performance: float) -> MessageTime:
    return MessageTime(timeout, performance, "Table 109")


MESSAGES: dict[str, MessageTime] = {
    "SupportedAppProtocol": _pair(2.0, 1.5),
    "SessionSetup": _pair(2.0, 1.5),
    "ServiceDiscovery": _pair(2.0, 1.5),
    "ServiceDetail": _pair(5.0, 4.5),
    "PaymentServiceSelection": _pair(2.0, 1.5),
    "CertificateInstallation": _pair(5.0, 4.5),
    "CertificateUpdate": _pair(5.0, 4.5),
    "PaymentDetails": _pair(5.0, 4.5),
    "Authorization": _pair(2.0, 1.5),
    "ChargeParameterDiscovery": _pair(2.0, 1.5),
    "PowerDelivery": _pair(5.0, 4.5),
    "ChargingStatus": _pair(2.0, 1.5),
    "MeteringReceipt": _pair(2.0, 1.5),
    "CableCheck": _pair(2.0, 1.5),
    "PreCharge": _pair(2.0, 1.5),
    "CurrentDemand": _pair(0.25, 0.025),
    "WeldingDetection": _pair(2.0, 1.5),
    "SessionStop": _pair(2.0, 1.5),
}
"""By message pair, the name without Req or Res."""

TIMERS: dict[str, TimeLimit] = {
    "V2G_SECC_Sequence_Timeout": TimeLimit(60.0, "V2G2-443", "from a response to the next request, every message"),
    "V2G_EVCC_Sequence_Performance_Time": TimeLimit(40.0, "V2G2-485", "from a response to the next request, should"),
    "V2G_EVCC_Ongoing_Timeout": TimeLimit(60.0, "V2G2-710, V2G2-711", "polling while EVSEProcessing is Ongoing"),
    "V2G_SECC_Ongoing_Performance_Time": TimeLimit(
        55.0, "V2G2-712, V2G2-713", "from the first Ongoing answer; after it the next request is answered FAILED"
    ),
    "V2G_EVCC_CableCheck_Timeout": TimeLimit(40.0, "Table 111", "polling CableCheck"),
    "V2G_SECC_CableCheck_Performance_Time": TimeLimit(38.0, "Table 111", "the station's share of it"),
    "V2G_EVCC_PreCharge_Timeout": TimeLimit(7.0, "V2G2-704 to V2G2-707", "polling PreCharge"),
    "V2G_SECC_PreCharge_Performance_Time": TimeLimit(5.0, "Table 111", "the station's share of it"),
    "V2G_EVCC_CommunicationSetup_Timeout": TimeLimit(
        20.0, "V2G2-446, V2G2-448, V2G2-605", "plug-in to SessionSetupRes received"
    ),
    "V2G_SECC_CommunicationSetup_Performance_Time": TimeLimit(
        18.0, "V2G2-714 to V2G2-716, V2G2-723", "plug-in to SessionSetupRes sent; then SDP and listener go off"
    ),
    "EVCC_State_C": TimeLimit(0.25, "V2G2-847", "control pilot B to C/D after PowerDeliveryReq(Start) of AC"),
    "SECC_Contactor_Close": TimeLimit(3.0, "V2G2-860", "AC contactor closed after state C/D"),
}
"""By the standard's name, or a name of ours where it gives none."""

EVCC_ONGOING = TIMERS["V2G_EVCC_Ongoing_Timeout"].seconds
SECC_ONGOING = TIMERS["V2G_SECC_Ongoing_Performance_Time"].seconds
EVCC_CABLE_CHECK = TIMERS["V2G_EVCC_CableCheck_Timeout"].seconds
SECC_CABLE_CHECK = TIMERS["V2G_SECC_CableCheck_Performance_Time"].seconds
EVCC_PRE_CHARGE = TIMERS["V2G_EVCC_PreCharge_Timeout"].seconds
SECC_PRE_CHARGE = TIMERS["V2G_SECC_PreCharge_Performance_Time"].seconds
STATE_C = TIMERS["EVCC_State_C"].seconds
CONTACTOR_CLOSE = TIMERS["SECC_Contactor_Close"].seconds


TIMES = Times(
    messages=MESSAGES,
    sequence_timeout=TIMERS["V2G_SECC_Sequence_Timeout"],
    sequence_performance=TIMERS["V2G_EVCC_Sequence_Performance_Time"],
    vehicle_setup=TIMERS["V2G_EVCC_CommunicationSetup_Timeout"],
    station_setup=TIMERS["V2G_SECC_CommunicationSetup_Performance_Time"],
)
"""The times every dialect has."""


def describe() -> str:
    """Both tables as Markdown, for the generated documentation."""
    lines = ["| message pair | EVCC timeout (s) | SECC performance (s) |", "|---|---|---|"]
    lines += [f"| {name} | {t.timeout:g} | {t.performance:g} |" for name, t in MESSAGES.items()]
    lines += ["", "| timer | seconds | source | meaning |", "|---|---|---|---|"]
    lines += [f"| {name} | {t.seconds:g} | {t.source} | {t.meaning} |" for name, t in TIMERS.items()]
    return "\n".join(lines)
