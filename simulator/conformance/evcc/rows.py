"""The cases: those whose procedure is known, under their own ids, and the same for other messages under ids of ours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pncsim.secc.config import DcSupply, ReceiptPolicy
from pncsim.simulator.conformance.case import Case
from pncsim.simulator.conformance.evcc.step import AnswerStep, Look, NextRequest
from pncsim.simulator.conformance.secc.step import Setting
from pncsim.simulator.conformance.secc.table import AC, DC, EIM, INSTALL, PNC
from pncsim.simulator.faults.changes import finished, in_body, other_session
from pncsim.simulator.faults.demands import message_timeout
from pncsim.wire.v2g import iso2
from pncsim.wire.values import replace

PUBLISHED, OURS = "ISO 15118-4, Annex E", "ISO 15118-2, 8.7 and 8.8; a mirrored case of our own"

ONGOING = 60.0
CABLE_CHECK = 40.0
PRECHARGE = 7.0
"""V2G_EVCC_Ongoing_Timeout, V2G_EVCC_CableCheck_Timeout, V2G_EVCC_PreCharge_Timeout (ISO 15118-2, Table 111)."""


# Kinds of steps


def goes_on(at: str, *follows: str, look: Look | None = None, looks: str = "", ready: bool = False) -> AnswerStep:
    """After the right answer one of these requests comes."""
    return AnswerStep(at=at, stimulus=f"a right {at}", follows=follows, look=look, looks=looks, ready=ready)


def failed(at: str, code: str = "FAILED") -> AnswerStep:
    """The answer says that the request is refused."""
    response = iso2.ResponseCodeType(code)
    change = in_body(lambda body: replace(body, ResponseCode=response))
    return AnswerStep(at=at, stimulus=f"{at} with {code}", change=change)


def another(at: str) -> AnswerStep:
    """Another answer than the one that is due."""
    if at == "PaymentServiceSelectionRes":
        instead: Any = iso2.SessionStopRes(ResponseCode=iso2.ResponseCodeType.OK)
    else:
        instead = iso2.PaymentServiceSelectionRes(ResponseCode=iso2.ResponseCodeType.OK)
    name = type(instead).__name__
    return AnswerStep(at=at, stimulus=f"{name} in place of {at}", change=in_body(lambda _: instead))


def foreign(at: str) -> AnswerStep:
    """The answer names a session that is not this one."""
    return AnswerStep(at=at, stimulus=f"{at} with another SessionID", change=finished(other_session(None)))


def nothing(at: str) -> AnswerStep:
    """No answer comes within the message's timeout."""
    limit = message_timeout(at.removesuffix("Res"))
    return AnswerStep(at=at, stimulus=f"nothing in place of {at}", change=lambda _: None, not_before=limit)


def endless(at: str, limit: float, says: str, *settings: Setting) -> AnswerStep:
    """The answer is never the last one."""
    request = f"{at.removesuffix('Res')}Req"
    step = AnswerStep(at=at, stimulus=f"{at} {says}, again and again", not_before=limit, repeats=request)
    return step.within(*settings)


def undecided() -> AnswerStep:
    """The station is busy: it does not say that it waits for the driver, for whom a vehicle would wait, too."""
    busy = in_body(lambda body: replace(body, EVSEProcessing=iso2.EVSEProcessingType.Ongoing))
    step = endless("AuthorizationRes", ONGOING, "that says Ongoing", EIM, Setting(station={"external_wait": None}))
    return replace(step, change=busy, again=True, card=False)


def silenced(step: AnswerStep) -> AnswerStep:
    """The same, and the oscillator of the pilot stops first."""
    return replace(step, oscillator="off", stimulus=f"the oscillator stops, then {step.stimulus}")


# Looks


def _new(first: NextRequest, answer: Any) -> str:
    return "" if not any(first.session_id) else f"SessionSetupReq has the SessionID {first.session_id.hex()}, not 0."


def _assigned(first: NextRequest, answer: Any) -> str:
    own = answer.Header.SessionID
    if first.session_id == own:
        return ""
    return f"{first.name} has the SessionID {first.session_id.hex()}; {own.hex()} was assigned."


def _starts(first: NextRequest, answer: Any) -> str:
    said = str(first.body.ChargeProgress)
    return "" if said == "Start" else f"PowerDeliveryReq says {said}, not Start."


def _receipt(first: NextRequest, answer: Any) -> str:
    own, found = answer.Body.BodyElement.MeterInfo, first.body.MeterInfo
    return "" if found == own else "MeteringReceiptReq has another MeterInfo than the station has sent."


# Tables

_ISOLATES = DC | Setting(station={"dc": DcSupply(isolation_seconds=300.0), "ongoing_seconds": 300.0})
_RISES = DC | Setting(station={"dc": DcSupply(isolation_seconds=0.005, volts_per_second=0.1)})
_RECEIPTS = PNC | AC | Setting(station={"receipts": ReceiptPolicy(first=1)})
_DETAIL = ("ServiceDetailReq", "PaymentServiceSelectionReq")

_PUBLISHED: dict[str, AnswerStep] = {
    "CMN_VTB_SessionSetup_001": goes_on(
        "SupportedAppProtocolRes", "SessionSetupReq", look=_new, looks=" with SessionID 0"
    ),
    "CMN_VTB_SessionSetup_004": nothing("SessionSetupRes"),
    "CMN_VTB_ServiceDiscovery_001": goes_on(
        "SessionSetupRes", "ServiceDiscoveryReq", look=_assigned, looks=" with the SessionID that was assigned"
    ),
    "CMN_VTB_ServiceDiscovery_002": failed("ServiceDiscoveryRes"),
    "CMN_VTB_ServiceDiscovery_003": failed("ServiceDiscoveryRes", "FAILED_SequenceError"),
    "CMN_VTB_ServiceDiscovery_004": failed("ServiceDiscoveryRes", "FAILED_SignatureError"),
    "CMN_VTB_ServiceDiscovery_008": another("ServiceDiscoveryRes"),
    "CMN_VTB_ServiceDetail_011": nothing("ServiceDetailRes").within(INSTALL),
    "CMN_VTB_ServiceDetail_013": another("ServiceDetailRes").within(INSTALL),
    "CMN_VTB_ServiceDetailAndPaymentSelection_001": goes_on("ServiceDiscoveryRes", *_DETAIL),
    "CMN_VTB_ServiceDetailAndPaymentSelection_003": silenced(failed("PaymentServiceSelectionRes")),
    "CMN_VTB_Authorization_004": failed("AuthorizationRes"),
    "CMN_VTB_Authorization_009": undecided(),
    "CMN_VTB_ChargeParameterDiscovery_001": goes_on("AuthorizationRes", "ChargeParameterDiscoveryReq"),
    "CMN_VTB_ChargeParameterDiscovery_002": another("ChargeParameterDiscoveryRes"),
    "AC_VTB_PowerDelivery_001": goes_on(
        "ChargeParameterDiscoveryRes", "PowerDeliveryReq", look=_starts, looks=" with Start", ready=True
    ).within(AC),
    "AC_VTB_ChargingStatus_001": goes_on("PowerDeliveryRes", "ChargingStatusReq").within(AC),
    "DC_VTB_CableCheck_006": endless("CableCheckRes", CABLE_CHECK, "that says Ongoing", _ISOLATES),
    "DC_VTB_CableCheck_007": another("CableCheckRes").within(DC),
    "DC_VTB_PreCharge_006": endless("PreChargeRes", PRECHARGE, "with a voltage short of the target", _RISES),
    "DC_VTB_CurrentDemand_002": failed("CurrentDemandRes").within(DC),
    "DC_VTB_CurrentDemand_005": nothing("CurrentDemandRes").within(DC),
}
"""By id without ``TC_EVCC_``."""

_WHERE: dict[str, Setting] = {
    "SessionSetup": Setting(),
    "ServiceDiscovery": Setting(),
    "ServiceDetail": INSTALL,
    "PaymentServiceSelection": Setting(),
    "CertificateInstallation": INSTALL,
    "PaymentDetails": PNC,
    "Authorization": Setting(),
    "ChargeParameterDiscovery": Setting(),
    "PowerDelivery": Setting(),
    "ChargingStatus": AC,
    "MeteringReceipt": _RECEIPTS,
    "CableCheck": DC,
    "PreCharge": DC,
    "CurrentDemand": DC,
}
"""Pairs of messages, and where they come."""


def _mirrored() -> Iterator[tuple[str, AnswerStep]]:
    """What no published case says already: each pair refused, answered by another, for another session, not at all."""
    said = {(step.at, step.stimulus) for step in _PUBLISHED.values()}
    for pair, setting in _WHERE.items():
        for word, kind in (("failed", failed), ("other", another), ("session", foreign), ("silence", nothing)):
            step = kind(f"{pair}Res").within(setting)
            if (step.at, step.stimulus) not in said and (pair, word) not in _OF_NO_USE:
                yield f"{pair}_{word}", step


_OF_NO_USE = frozenset(
    {
        # It is the answer that says which session this is.
        ("SessionSetup", "session"),
        # V2G2-557: a vehicle may go on with the contract it holds.
        ("CertificateInstallation", "failed"),
    }
)

_OURS: dict[str, AnswerStep] = {
    "SAP_01": AnswerStep(
        at="SupportedAppProtocolRes",
        stimulus="SupportedAppProtocolRes with a SchemaID that was never offered",
        change=lambda message: replace(message, SchemaID=99),
    ),
    "PNC_AU_01_challenge": failed("AuthorizationRes", "FAILED_ChallengeInvalid").within(PNC),
    "PNC_AU_01_signature": failed("AuthorizationRes", "FAILED_SignatureError").within(PNC),
    "PNC_MR_01": goes_on(
        "ChargingStatusRes", "MeteringReceiptReq", look=_receipt, looks=" with the same MeterInfo"
    ).within(_RECEIPTS),
    **dict(_mirrored()),
}
"""By id without ``LAB_EVCC_``."""


def _cases(prefix: str, source: str, rows: dict[str, AnswerStep]) -> Iterator[Case]:
    for id, step in rows.items():
        yield Case(
            id=f"{prefix}{id}",
            title=f"{step.stimulus}: {'the vehicle goes on' if step.follows else 'the vehicle ends the session'}",
            group=step.at.removesuffix("Res"),
            source=source,
            precondition=f"The exchange has come to {step.at}.",
            stimulus=step.stimulus,
            expectation=step.expectation,
            when=step.setting.when,
            how=step,
        )


CASES = (*_cases("TC_EVCC_", PUBLISHED, _PUBLISHED), *_cases("LAB_EVCC_", OURS, _OURS))
