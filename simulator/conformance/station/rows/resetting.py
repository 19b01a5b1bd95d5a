"""Resets of the station and of one EVSE."""

from __future__ import annotations

from typing import Any

from pncsim.simulator.conformance.octt import OcttCases, Playing
from pncsim.simulator.conformance.station.declared import has, lacks
from pncsim.simulator.conformance.station.desk import CsmsDesk
from pncsim.simulator.conformance.station.doing import charging, over
from pncsim.simulator.conformance.station.stage import Staged
from pncsim.simulator.conformance.unlike import must
from pncsim.wire.ocpp import v201

RESETS = OcttCases("resets", "CS")
CASES = RESETS.cases

REMOTELY = ("RemoteReset", "ScheduledReset")


async def _booted(desk: CsmsDesk) -> None:
    again = await desk.expect("BootNotification", within=desk.options.wait)
    must(again["reason"] in REMOTELY, f"It boots with the reason {again['reason']}, not {' or '.join(REMOTELY)}.")
    desk.mark()
    await desk.expect("StatusNotification", within=desk.options.wait, what="of a connector")


def _reset(kind: str, evse: int = 0) -> Any:
    payload: Any = {"type": kind, **({"evseId": evse} if evse else {})}
    return v201.Reset(payload)


async def _idle(desk: CsmsDesk) -> None:
    await desk.status(_reset("OnIdle"), "Accepted")
    await _booted(desk)


def _on_idle(*evses: int) -> Playing:
    async def play(desk: CsmsDesk) -> None:
        open_ones = [await charging(desk, evse=evse) for evse in evses]
        await desk.status(_reset("OnIdle"), "Scheduled")
        for evse, transaction in zip(evses, open_ones, strict=True):
            await desk.never("BootNotification", within=5.0, what="while a transaction goes on")
            await desk.hand.unplug(evse)
            await over(desk, transaction)
        await _booted(desk)

    return play


async def _at_once(desk: CsmsDesk) -> None:
    transaction = await charging(desk)
    await desk.status(_reset("Immediate"), "Accepted")
    await over(desk, transaction, reason="ResetCommand", stopped="ImmediateReset")
    await _booted(desk)


async def _evse_idle(desk: CsmsDesk) -> None:
    await desk.status(_reset("OnIdle", 1), "Accepted")
    await desk.never("BootNotification", within=5.0, what="where one EVSE was reset")


async def _evse_on_idle(desk: CsmsDesk) -> None:
    transaction = await charging(desk)
    await desk.status(_reset("OnIdle", 1), "Scheduled")
    await desk.never("TransactionEvent", lambda said: said["eventType"] == "Ended", within=5.0, what="(Ended)")
    await desk.hand.unplug()
    await over(desk, transaction)
    await desk.never("BootNotification", within=5.0, what="where one EVSE was reset")


async def _evse_at_once(desk: CsmsDesk) -> None:
    transaction = await charging(desk)
    await desk.status(_reset("Immediate", 1), "Accepted")
    await over(desk, transaction, reason="ResetCommand", stopped="ImmediateReset")
    await desk.never("BootNotification", within=5.0, what="where one EVSE was reset")


async def _no_evse(desk: CsmsDesk) -> None:
    await desk.status(_reset("OnIdle", 1), "Rejected")
    await desk.never("BootNotification", within=5.0, what="where nothing was reset")


async def _no_evse_charging(desk: CsmsDesk) -> None:
    transaction = await charging(desk)
    await desk.status(_reset("Immediate", 1), "Rejected")
    await desk.never("TransactionEvent", lambda said: said["eventType"] == "Ended", within=5.0, what="(Ended)")
    await desk.hand.unplug()
    await over(desk, transaction)


_CHARGES = "a vehicle charges"

for _number, _title, _play, _given, _does, _expects, _when in (
    (
        "B_20",
        "Reset Charging Station: Without ongoing transaction - OnIdle",
        _idle,
        "no transaction goes on",
        "Reset (OnIdle)",
        "status Accepted, then BootNotification (RemoteReset or ScheduledReset) and StatusNotification",
        (),
    ),
    (
        "B_21",
        "Reset Charging Station: With Ongoing Transaction - OnIdle",
        _on_idle(1),
        _CHARGES,
        "Reset (OnIdle); then the cable is pulled",
        "status Scheduled; no boot before the transaction has ended, and one after it",
        has("StopsOnUnplug"),
    ),
    (
        "B_22",
        "Reset Charging Station: With Ongoing Transaction - Immediate",
        _at_once,
        _CHARGES,
        "Reset (Immediate)",
        "status Accepted; the transaction ends by ResetCommand for ImmediateReset; it boots",
        (),
    ),
    (
        "B_25",
        "Reset EVSE: Without ongoing transaction",
        _evse_idle,
        "no transaction goes on",
        "Reset (OnIdle) of EVSE 1",
        "status Accepted, and no BootNotification",
        has("EvseReset"),
    ),
    (
        "B_26",
        "Reset EVSE: With Ongoing Transaction - OnIdle",
        _evse_on_idle,
        _CHARGES,
        "Reset (OnIdle) of EVSE 1; then the cable is pulled",
        "status Scheduled; the transaction ends with the cable, and not before",
        (*has("EvseReset"), *has("StopsOnUnplug")),
    ),
    (
        "B_27",
        "Reset EVSE: With Ongoing Transaction - Immediate",
        _evse_at_once,
        _CHARGES,
        "Reset (Immediate) of EVSE 1",
        "status Accepted; the transaction ends by ResetCommand for ImmediateReset; no BootNotification",
        has("EvseReset"),
    ),
    (
        "B_28",
        "Reset EVSE: Not Supported",
        _no_evse,
        "no transaction goes on",
        "Reset (OnIdle) of EVSE 1",
        "status Rejected",
        lacks("EvseReset"),
    ),
    (
        "B_29",
        "Reset EVSE: With ongoing transaction - Not Supported",
        _no_evse_charging,
        _CHARGES,
        "Reset (Immediate) of EVSE 1",
        "status Rejected, and the transaction goes on",
        lacks("EvseReset"),
    ),
):
    RESETS.add(_number, _title, _play, use_case="B11, B12", given=_given, does=_does, expects=_expects, when=_when)

RESETS.add(
    "B_41",
    "Reset Charging Station: With multiple ongoing transactions - OnIdle",
    Staged(play=_on_idle(1, 2), evses=2),
    use_case="B12",
    given="vehicles charge at two EVSEs",
    does="Reset (OnIdle); then both cables are pulled, one after the other",
    expects="status Scheduled; no boot before both transactions have ended, and one after them",
    when=(*has("Evses"), *has("StopsOnUnplug")),
)
