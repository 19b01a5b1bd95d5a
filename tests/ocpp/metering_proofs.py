"""Every variable of metering that a CSMS may write changes what is told of the meter."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from ocpp_lab import Lab, books
from variable_lab import Proofs, measured, plug_in, ready, write

from pncsim.secc import notices
from pncsim.secc.station.station import Station
from pncsim.wire.trace import OcppFrame

METERING = Proofs()


@METERING("SampledDataCtrlr", "Enabled")
async def sampled_data() -> None:
    lab = Lab()
    async with ready(lab) as station:
        write(station, "SampledDataCtrlr", "Enabled", "false")
        assert await measured(lab, station) == {"Started": [], "Updated": [], "Ended": []}


@METERING("SampledDataCtrlr", "TxUpdatedInterval", "TxUpdatedMeasurands")
async def updated() -> None:
    lab = Lab()
    async with ready(lab) as station:
        write(station, "SampledDataCtrlr", "TxUpdatedInterval", "30")
        write(station, "SampledDataCtrlr", "TxUpdatedMeasurands", "SoC,Voltage")
        assert (await measured(lab, station))["Updated"] == [[["SoC", "Voltage"]]] * 4


@METERING("SampledDataCtrlr", "TxStartedMeasurands")
async def started() -> None:
    lab = Lab()
    async with ready(lab) as station:
        write(station, "SampledDataCtrlr", "TxStartedMeasurands", "Voltage,Energy.Active.Import.Register")
        assert (await measured(lab, station))["Started"] == [[["Voltage", "Energy.Active.Import.Register"]]]


@METERING("SampledDataCtrlr", "TxEndedInterval", "TxEndedMeasurands")
async def ended() -> None:
    lab = Lab()
    async with ready(lab) as station:
        write(station, "SampledDataCtrlr", "TxEndedInterval", "40")
        write(station, "SampledDataCtrlr", "TxEndedMeasurands", "SoC")
        assert (await measured(lab, station))["Ended"] == [[["SoC"]] * 4], "after 40, 80, 120 s and at the end"


def by_the_clock(lab: Lab, action: str) -> list[Any]:
    """Meter values of the context Sample.Clock in the calls of the station: (seconds of the day, measurands)."""
    found = []
    for event in lab.events:
        if isinstance(event, OcppFrame) and event.role == "CS" and event.action == action:
            kind, _, *call = json.loads(event.frame)
            for value in call[1].get("meterValue", ()) if kind == 2 else ():
                taken = [one["measurand"] for one in value["sampledValue"] if one["context"] == "Sample.Clock"]
                if taken:
                    found.append((value["timestamp"], taken))
    return found


@asynccontextmanager
async def metered(lab: Lab) -> AsyncIterator[Station]:
    """A station whose meter can be read: 1000 Wh."""
    async with ready(lab) as station:
        station.outlet().reading = lambda: 1000
        yield station


@METERING("AlignedDataCtrlr", "Interval", "Measurands")
async def aligned() -> None:
    lab = Lab()
    async with metered(lab) as station:
        await lab.clock.sleep(2000)
        assert by_the_clock(lab, "MeterValues") == [], "0 is for none"
        write(station, "AlignedDataCtrlr", "Interval", "900")
        write(station, "AlignedDataCtrlr", "Measurands", "Voltage,Energy.Active.Import.Register")
        await lab.clock.sleep(2 * 900)
        idle = by_the_clock(lab, "MeterValues")
        assert [names for _, names in idle] == [["Voltage", "Energy.Active.Import.Register"]] * 2
        assert all(time[14:] in ("00:00.000Z", "15:00.000Z", "30:00.000Z", "45:00.000Z") for time, _ in idle)
        plug_in(station, lab, 1000)
        await lab.clock.sleep(900)
        assert len(by_the_clock(lab, "MeterValues")) == 2, "within a transaction they are of it"
        assert len(by_the_clock(lab, "TransactionEvent")) == 1
        [transaction] = books(lab.csms)
        assert transaction.events[max(transaction.events)]["triggerReason"] == "MeterValueClock"
        write(station, "AlignedDataCtrlr", "Measurands", "")
        await lab.clock.sleep(1800)
        assert len(by_the_clock(lab, "TransactionEvent")) == 1, "of nothing nothing is told"


@METERING("AlignedDataCtrlr", "SendDuringIdle")
async def aligned_while_idle() -> None:
    lab = Lab()
    async with metered(lab) as station:
        write(station, "AlignedDataCtrlr", "Interval", "60")
        write(station, "AlignedDataCtrlr", "SendDuringIdle", "true")
        await lab.clock.sleep(60)
        plug_in(station, lab, 1000)
        await lab.clock.sleep(600)
        assert (len(by_the_clock(lab, "MeterValues")), by_the_clock(lab, "TransactionEvent")) == (1, [])
        station.outlet().note(notices.Unplugged(time=lab.clock.now(), register_wh=1000))
        await lab.clock.sleep(60)
        assert len(by_the_clock(lab, "MeterValues")) == 2


@METERING("AlignedDataCtrlr", "TxEndedInterval", "TxEndedMeasurands")
async def aligned_at_the_end() -> None:
    lab = Lab()
    async with metered(lab) as station:
        write(station, "AlignedDataCtrlr", "TxEndedInterval", "60")
        write(station, "AlignedDataCtrlr", "TxEndedMeasurands", "Current.Import")
        plug_in(station, lab, 1000)
        await lab.clock.sleep(180)
        assert by_the_clock(lab, "TransactionEvent") == [], "they wait for the end"
        station.outlet().note(notices.Unplugged(time=lab.clock.now(), register_wh=1000))
        await station.settled()
        assert [names for _, names in by_the_clock(lab, "TransactionEvent")] == [["Current.Import"]] * 3
