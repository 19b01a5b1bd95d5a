"""Booting, and being without a CSMS for a while."""

from __future__ import annotations

from typing import Any

from pncsim.simulator.conformance.octt import OcttCases
from pncsim.simulator.conformance.station.declared import has
from pncsim.simulator.conformance.station.desk import CsmsDesk
from pncsim.simulator.conformance.station.doing import switched_on
from pncsim.simulator.conformance.station.stage import Staged
from pncsim.simulator.conformance.unlike import must
from pncsim.wire.ocpp import v201

REGISTRATION = OcttCases("registration", "CS")
CASES = REGISTRATION.cases

INTERVAL = 10
"""Seconds a station that is not accepted has to be silent for, or an accepted one between heartbeats."""
SLACK = 5.0
"""Seconds a station may be late."""


def _unasked(desk: CsmsDesk) -> str:
    """What was said besides boots, as words."""
    return ", ".join(dict.fromkeys(one.action for one in desk.heard if one.action != "BootNotification"))


async def _accepted(desk: CsmsDesk) -> None:
    desk.boots = [("Accepted", INTERVAL)]
    await switched_on(desk)
    await desk.expect("StatusNotification", what="of a connector")
    await desk.expect("Heartbeat", within=INTERVAL + SLACK)


async def _pending(desk: CsmsDesk) -> None:
    desk.boots = [("Pending", 6 * INTERVAL), ("Accepted", 300)]
    desk.heard.clear()
    await switched_on(desk)
    await desk.clock.sleep(INTERVAL)
    must(not _unasked(desk), f"A station whose registration is Pending has sent {_unasked(desk)}.")
    await desk.variable("OCPPCommCtrlr", "HeartbeatInterval")
    if desk.pics.has("Triggers", "BootNotification"):
        await desk.trigger("BootNotification")
        again = await desk.expect("BootNotification", what="(triggered)")
        must(again["reason"] == "Triggered", f"The triggered BootNotification has the reason {again['reason']}.")
    else:
        await desk.expect("BootNotification", within=6 * INTERVAL + SLACK)
    await desk.expect("StatusNotification", what="of a connector, once it is accepted")


async def _rejected(desk: CsmsDesk) -> None:
    desk.boots = [("Rejected", INTERVAL), ("Accepted", 300)]
    desk.heard.clear()
    await switched_on(desk)
    first = desk.clock.now()
    again = await desk.next("BootNotification", within=INTERVAL + desk.options.wait)
    must(again.at - first > INTERVAL - 1, f"It boots again after {again.at - first:.0f} s, not {INTERVAL} s.")
    early = [one.action for one in desk.heard if one.at < again.at and one.action != "BootNotification"]
    must(not early, f"A station whose registration is Rejected has sent {', '.join(early)}.")
    await desk.expect("StatusNotification", what="of a connector, once it is accepted")


async def _security_error(desk: CsmsDesk) -> None:
    desk.boots = [("Rejected", 3 * INTERVAL), ("Accepted", 300)]
    await switched_on(desk)
    wanted: Any = {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": "HeartbeatInterval"}}
    code = await desk.refused(v201.GetVariables({"getVariableData": [wanted]}))
    must(code == "SecurityError", f"GetVariables to a rejected station is refused with {code}, not SecurityError.")


async def _long_away(desk: CsmsDesk) -> None:
    await _changed_while_away(desk, 5, 10.0)
    both = desk.said("StatusNotification")
    must(
        {one.payload["evseId"] for one in both} >= {1, 2},
        "After more than OfflineThreshold without CSMS not every connector is reported.",
    )


async def _short_away(desk: CsmsDesk) -> None:
    await _changed_while_away(desk, 600, 1.0)
    others = [one for one in desk.said("StatusNotification") if one.payload["evseId"] != 1]
    must(not others, "A connector that is as it was is reported after less than OfflineThreshold without CSMS.")


async def _changed_while_away(desk: CsmsDesk, threshold: int, seconds: float) -> None:
    await desk.configured("OCPPCommCtrlr", "OfflineThreshold", str(threshold))
    desk.mark()
    async with desk.away():
        await desk.hand.plug()
        await desk.clock.sleep(seconds)
    changed = await desk.next("StatusNotification", lambda said: said["evseId"] == 1, what="of EVSE 1")
    changed.taken = False
    await desk.clock.sleep(SLACK)
    status = changed.payload["connectorStatus"]
    must(status == "Occupied", f"The connector that was plugged in meanwhile is reported as {status}.")


async def _comes_again(desk: CsmsDesk) -> None:
    waits, spread = 6, 2
    await desk.configured("OCPPCommCtrlr", "RetryBackOffWaitMinimum", str(waits))
    await desk.configured("OCPPCommCtrlr", "RetryBackOffRandomRange", str(spread))
    desk.mark()
    await desk.door.shut()
    left = desk.clock.now()
    await desk.door.open()
    await desk.arrived(desk.options.wait)
    after = desk.clock.now() - left
    must(after > waits - 1, f"It is back after {after:.0f} s; RetryBackOffWaitMinimum is {waits} s.")
    must(after < waits + spread + SLACK, f"It is back only after {after:.0f} s, not {waits} to {waits + spread} s.")
    await desk.never("BootNotification", within=SLACK, what="after a loss of connection")


for _number, _title, _play, _use, _does, _expects in (
    (
        "B_01",
        "Cold Boot Charging Station: Accepted",
        _accepted,
        "B01",
        f"BootNotification is answered with Accepted and an interval of {INTERVAL} s",
        "StatusNotification for its connectors, and Heartbeat within the interval",
    ),
    (
        "B_02",
        "Cold Boot Charging Station: Pending",
        _pending,
        "B02, F06",
        "BootNotification is answered with Pending; then GetVariables, and TriggerMessage for BootNotification",
        "nothing is sent that was not asked for, GetVariables is answered, it boots again and goes on once accepted",
    ),
    (
        "B_03",
        "Cold Boot Charging Station: Rejected",
        _rejected,
        "B03",
        f"BootNotification is answered with Rejected and an interval of {INTERVAL} s, the next one with Accepted",
        "nothing is sent before the interval is over; then it boots again and goes on",
    ),
    (
        "B_30",
        "Cold Boot Charging Station: Pending/Rejected - SecurityError",
        _security_error,
        "B03",
        "BootNotification is answered with Rejected; then GetVariables is sent",
        "CALLERROR SecurityError",
    ),
):
    REGISTRATION.add(
        _number,
        _title,
        Staged(play=_play, boots=True),
        use_case=_use,
        given="the station is about to boot (somebody else's is reset)",
        does=_does,
        expects=_expects,
    )

REGISTRATION.add(
    "B_51",
    "Status change during offline period: > Offline Threshold",
    Staged(play=_long_away, evses=2),
    use_case="B04",
    does="it is without CSMS for longer than OfflineThreshold, and a cable is plugged in meanwhile",
    expects="StatusNotification for every connector",
    when=has("Evses"),
)
REGISTRATION.add(
    "B_52",
    "Status change during offline period: < Offline Threshold",
    Staged(play=_short_away, evses=2),
    use_case="B04",
    does="it is without CSMS for less than OfflineThreshold, and a cable is plugged in meanwhile",
    expects="StatusNotification for that connector alone",
    when=has("Evses"),
)
REGISTRATION.add(
    "B_57",
    "Network Reconnection: After connection loss",
    _comes_again,
    use_case="Part 4, 5.3",
    does="its connection is closed, and it can come back at once",
    expects="it comes after RetryBackOffWaitMinimum and some of RetryBackOffRandomRange, without BootNotification",
)
