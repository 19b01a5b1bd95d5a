"""Power: CableCheck to SessionStop, the loops and their receipts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pncsim.ev.config import DcLimits
from pncsim.secc.config import DcSupply, ReceiptPolicy
from pncsim.simulator.conformance.secc import looks
from pncsim.simulator.conformance.secc.credentials import signed_by_a_stranger
from pncsim.simulator.conformance.secc.step import Also, CaseStep, Setting
from pncsim.simulator.conformance.secc.stimuli import foreign_session, good, out_of_turn, response, silence, wrong
from pncsim.simulator.conformance.secc.table import AC, DC, PNC, RENEGOTIATED, Area, declared, table
from pncsim.simulator.faults.changes import body, finished, tampered, with_profile
from pncsim.simulator.lab.stations import SLOPE
from pncsim.wire.v2g import iso2
from pncsim.wire.values import replace

START, STOP = "PowerDeliveryReq(Start)", "PowerDeliveryReq(Stop)"
RENEGOTIATE, LEAVE = "PowerDeliveryReq(Renegotiate)", "SessionStopReq(Terminate)"
CABLE, PRE, WELDING, RECEIPT = "CableCheckReq", "PreChargeReq", "WeldingDetectionReq", "MeteringReceiptReq"

IN_C = Setting(state="C", when=declared("EvStateInChargeProgress", "C"))
IN_D = Setting(state="D", when=declared("EvStateInChargeProgress", "D"))
NOT_READY = Setting(state="B")
STUCK = Setting(stuck=True)
TESTING = Setting(
    station={"dc": DcSupply(isolation_seconds=4.0, volts_per_second=SLOPE)},
    when=declared("CableCheckOngoing", "ongoing"),
)
WELDED = Setting(vehicle={"dc": DcLimits()}, when=declared("WeldingDetection", "true"))
NOT_WELDED = Setting(vehicle={"dc": DcLimits(welding_detection=False)}, when=declared("WeldingDetection", "false"))
RECEIPTS = PNC | Setting(
    station={"receipts": ReceiptPolicy(first=1, every=1)}, when=declared("ReceiptRequired", "true")
)
NO_RECEIPTS = Setting(station={"receipts": ReceiptPolicy(first=0)}, when=declared("ReceiptRequired", "false"))
METER = Setting(when=declared("MeterInfo", "meterInfo"))
READING = METER | Setting(when=declared("MeterReading", "meterReading"))

EV_ERRORS = (
    "FAILED_RESSTemperatureInhibit",
    "FAILED_EVShiftPosition",
    "FAILED_ChargerConnectorLockFault",
    "FAILED_EVRESSMalfunction",
    "FAILED_ChargingCurrentdifferential",
    "FAILED_ChargingVoltageOutOfRange",
    "FAILED_ChargingSystemIncompatibility",
    "NoData",
)
"""DC_EVErrorCode of PowerDelivery cases 14 on: what a vehicle says of itself is no reason to refuse its stop."""


def _refused(at: str, says: str, change: Callable[[Any], Any], code: str) -> CaseStep:
    return wrong(at, f"{at} {says}", body(change), code)


def _not_ready(at: str, says: str, setting: Setting) -> CaseStep:
    """The vehicle is not in the state that the request needs: FAILED, and the end."""
    step = CaseStep(at=at, stimulus=f"{at} {says}", answer=response(at), codes=("FAILED",), closes=True)
    return step.within(setting)


def _too_much(at: str) -> CaseStep:
    step = _refused(at, "with a profile above the schedule", with_profile(32_000, 2), "FAILED_ChargingProfileInvalid")
    return step.within(Setting(asks_too_much=True))


def _no_such_schedule(at: str) -> CaseStep:
    return _refused(
        at, "with a schedule not offered", lambda m: replace(m, SAScheduleTupleID=200), "FAILED_TariffSelectionInvalid"
    )


def _early(message: iso2.PowerDeliveryReq) -> iso2.PowerDeliveryReq:
    return replace(message, ChargeProgress=iso2.ChargeProgressType.Renegotiate)


def _complains(code: str) -> CaseStep:
    def change(message: iso2.PowerDeliveryReq) -> iso2.PowerDeliveryReq:
        told: Any = message.EVPowerDeliveryParameter
        status = replace(told.DC_EVStatus, EVErrorCode=iso2.DC_EVErrorCodeType(code))
        return replace(message, EVPowerDeliveryParameter=replace(told, DC_EVStatus=status))

    return good(STOP, says=f"DC_EVErrorCode {code}", change=body(change))


def _loop(at: str) -> dict[int, CaseStep]:
    """A loop message, with and without receipt, MeterInfo and its reading, and what is wrong with one."""

    def asked(*also: Also) -> tuple[Also, ...]:
        return (looks.asks_for_a_receipt, *also)

    def unasked(*also: Also) -> tuple[Also, ...]:
        return (looks.asks_for_no_receipt, *also)

    meter, reading = looks.has_meter_info, looks.has_reading
    return {
        1: good(at, NO_RECEIPTS, says="no receipt asked", also=unasked()),
        2: good(at, RECEIPTS, says="a receipt asked", also=asked()),
        3: out_of_turn(at),
        4: foreign_session(at),
        5: silence(at),
        6: good(at, NO_RECEIPTS, METER, says="no receipt asked, MeterInfo", also=unasked(meter)),
        7: good(at, RECEIPTS, METER, says="a receipt asked, MeterInfo", also=asked(meter)),
        8: good(at, NO_RECEIPTS, READING, says="no receipt asked, MeterReading", also=unasked(meter, reading)),
        9: good(at, RECEIPTS, READING, says="a receipt asked, MeterReading", also=asked(meter, reading)),
    }


def _other_reading(message: iso2.MeteringReceiptReq) -> iso2.MeteringReceiptReq:
    info = message.MeterInfo
    return replace(message, MeterInfo=replace(info, MeterReading=(info.MeterReading or 0) + 1))


_NO_RECEIPT = "FAILED_MeteringSignatureNotValid"


def _receipts(area: Area) -> dict[int, CaseStep]:
    rows = {
        1: good(RECEIPT, says="signed, as the station told it"),
        2: out_of_turn(RECEIPT),
        3: foreign_session(RECEIPT),
        5: silence(RECEIPT),
        6: wrong(RECEIPT, f"{RECEIPT} signed by a stranger", signed_by_a_stranger(RECEIPT), _NO_RECEIPT),
    }
    altered = wrong(RECEIPT, f"{RECEIPT} altered after it was signed", finished(tampered(RECEIPT)), _NO_RECEIPT)
    another = wrong(RECEIPT, f"{RECEIPT} about another reading", body(_other_reading), _NO_RECEIPT)
    return rows | ({7: altered} if area == "AC" else {4: another})


def _leaving(*setting: Setting, first: int) -> dict[int, CaseStep]:
    """The end: what is wrong with it, from the number ``first`` on."""
    return {
        first: out_of_turn(LEAVE, *setting),
        first + 1: foreign_session(LEAVE, *setting),
        first + 2: silence(LEAVE, *setting),
    }


CASES = (
    *table(
        "DC",
        "CableCheck",
        {
            1: good(CABLE, IN_C, says="state C"),
            2: good(CABLE, IN_D, says="state D"),
            3: out_of_turn(CABLE),
            4: foreign_session(CABLE),
            5: silence(CABLE),
            6: good(CABLE, IN_C, TESTING, says="state C, while the isolation is tested", ongoing=True),
            7: good(CABLE, IN_D, TESTING, says="state D, while the isolation is tested", ongoing=True),
            8: _not_ready(CABLE, "in state B", NOT_READY),
        },
        DC,
    ),
    *table(
        "DC",
        "PreCharge",
        {1: good(PRE), 2: out_of_turn(PRE), 3: foreign_session(PRE), 4: silence(PRE)},
        DC,
    ),
    *table(
        "AC",
        "PowerDelivery",
        {
            1: good(START, IN_C, says="state C"),
            2: good(START, IN_D, says="state D"),
            3: good(RENEGOTIATE, RENEGOTIATED),
            4: good(START, RENEGOTIATED, says="after a renegotiation", nth=2),
            5: good(STOP, says="state B"),
            6: out_of_turn(START),
            7: out_of_turn(STOP),
            8: foreign_session(START),
            9: foreign_session(STOP),
            10: _too_much(START),
            11: _no_such_schedule(START),
            12: silence(START),
            13: silence(STOP),
            14: _refused(START, "in place of which it is Renegotiate", _early, "FAILED"),
        },
        AC,
    ),
    *table(
        "DC",
        "PowerDelivery",
        {
            1: good(START),
            2: good(STOP, says="state B"),
            3: out_of_turn(START),
            4: out_of_turn(STOP),
            5: foreign_session(START),
            6: foreign_session(STOP),
            7: _too_much(START),
            8: _no_such_schedule(START),
            9: silence(START),
            10: silence(STOP),
            11: good(RENEGOTIATE, RENEGOTIATED),
            12: good(START, RENEGOTIATED, says="after a renegotiation", nth=2),
            **{number: _complains(code) for number, code in enumerate(EV_ERRORS, 14)},
        },
        DC,
    ),
    *table("AC", "ChargingStatus", _loop("ChargingStatusReq"), AC),
    *table("DC", "CurrentDemand", _loop("CurrentDemandReq"), DC),
    *table("AC", "MeteringReceipt", dict(sorted(_receipts("AC").items())), AC, RECEIPTS),
    *table("DC", "MeteringReceipt", dict(sorted(_receipts("DC").items())), DC, RECEIPTS),
    *table(
        "DC",
        "WeldingDetection",
        {
            1: good(WELDING),
            2: out_of_turn(WELDING),
            3: foreign_session(WELDING),
            4: silence(WELDING),
            5: _not_ready(WELDING, "in state C", STUCK),
        },
        DC,
        WELDED,
    ),
    *table("AC", "SessionStop", {1: good(LEAVE), **_leaving(first=2)}, AC),
    *table(
        "DC",
        "SessionStop",
        {
            1: good(LEAVE, NOT_WELDED),
            2: good(LEAVE, WELDED, says="after WeldingDetection"),
            **_leaving(NOT_WELDED, first=3),
            6: _not_ready(LEAVE, "in state C", NOT_WELDED | STUCK),
            **_leaving(WELDED, first=7),
        },
        DC,
    ),
)
