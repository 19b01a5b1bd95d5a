"""Meter values: those of transactions, and those that keep to the clock."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pncsim.simulator.conformance.octt import OcttCases
from pncsim.simulator.conformance.station.declared import has
from pncsim.simulator.conformance.station.desk import PATIENCE, CsmsDesk
from pncsim.simulator.conformance.station.doing import charging, events_of, over
from pncsim.simulator.conformance.station.stage import Staged
from pncsim.simulator.conformance.unlike import must

METERING = OcttCases("metering", "CS")
CASES = METERING.cases

EVERY = 10
"""Seconds between values, where a case sets them."""
SIGNS_AFTER = 60.0
"""Seconds of charging after which something is signed."""


def _values(event: Any) -> Iterator[Any]:
    for value in event.get("meterValue", ()):
        yield from value["sampledValue"]


def _contexts(event: Any) -> set[str]:
    return {one.get("context", "Sample.Periodic") for one in _values(event)}


async def _first(desk: CsmsDesk) -> None:
    transaction = await charging(desk)
    told = events_of(desk, transaction)
    must(any("Transaction.Begin" in _contexts(event) for event in told), "No event has the meter at Transaction.Begin.")


async def _first_later(desk: CsmsDesk) -> None:
    await desk.hand.show(desk.options.card)
    event = await desk.event("Started")
    must("evse" not in event, "The transaction begins with an EVSE, though nobody has plugged in.")
    await desk.hand.drive()
    await desk.expect(
        "TransactionEvent",
        lambda said: "Transaction.Begin" in _contexts(said),
        within=PATIENCE * 2,
        what="with the meter at Transaction.Begin",
    )


async def _meanwhile(desk: CsmsDesk) -> None:
    await desk.configured("SampledDataCtrlr", "TxUpdatedInterval", str(EVERY))
    transaction = await charging(desk)
    at = []
    for _ in range(2):
        one = await desk.next(
            "TransactionEvent",
            lambda said: said["triggerReason"] == "MeterValuePeriodic",
            within=EVERY + PATIENCE,
            what="(MeterValuePeriodic)",
        )
        must(one.payload["transactionInfo"]["transactionId"] == transaction, "It is of another transaction.")
        must("Sample.Periodic" in _contexts(one.payload), "It has no value with the context Sample.Periodic.")
        at.append(one.at)
    must(at[1] - at[0] >= EVERY - 2, f"The values come {at[1] - at[0]:.0f} s after each other, not {EVERY} s.")


async def _last(desk: CsmsDesk) -> None:
    transaction = await charging(desk)
    await desk.clock.sleep(float(EVERY))
    await desk.hand.unplug()
    event = await over(desk, transaction)
    must("Transaction.End" in _contexts(event), "The Ended event has no value with the context Transaction.End.")


async def _signed(desk: CsmsDesk) -> None:
    transaction = await charging(desk, contract="valid" if desk.pics.has("Contracts", "true") else "")
    await desk.clock.sleep(SIGNS_AFTER)
    await desk.hand.stop()
    event = await over(desk, transaction, within=PATIENCE * 2)
    told = [one["signedMeterValue"] for one in _values(event) if "signedMeterValue" in one]
    must(told, "The Ended event has no signedMeterValue.")
    must(all(one["signedMeterData"] for one in told), "A signedMeterValue has no data.")


async def _aligned(desk: CsmsDesk) -> None:
    await desk.configured("AlignedDataCtrlr", "Interval", str(EVERY))
    desk.mark()
    said = await desk.expect("MeterValues", within=EVERY + PATIENCE)
    must(_contexts(said) == {"Sample.Clock"}, "MeterValues have another context than Sample.Clock.")


async def _aligned_meanwhile(desk: CsmsDesk) -> None:
    await desk.configured("AlignedDataCtrlr", "Interval", str(EVERY))
    await charging(desk)
    said = await desk.event("Updated", reason="MeterValueClock", within=EVERY + PATIENCE)
    must("Sample.Clock" in _contexts(said), "The event has no value with the context Sample.Clock.")


async def _aligned_at_the_end(desk: CsmsDesk) -> None:
    await desk.configured("AlignedDataCtrlr", "TxEndedInterval", str(EVERY))
    transaction = await charging(desk)
    await desk.clock.sleep(EVERY * 2.5)
    await desk.hand.unplug()
    event = await over(desk, transaction)
    must("Sample.Clock" in _contexts(event), "The Ended event has no value with the context Sample.Clock.")


async def _aligned_signed(desk: CsmsDesk) -> None:
    await desk.configured("AlignedDataCtrlr", "SignReadings", "true")
    await desk.configured("AlignedDataCtrlr", "Interval", str(EVERY))
    await charging(desk)
    said = await desk.event("Updated", reason="MeterValueClock", within=EVERY + PATIENCE)
    must(any("signedMeterValue" in one for one in _values(said)), "The event has no signedMeterValue.")


async def _none_meanwhile(desk: CsmsDesk) -> None:
    await desk.configured("AlignedDataCtrlr", "Interval", str(EVERY))
    await desk.configured("AlignedDataCtrlr", "SendDuringIdle", "true")
    await charging(desk)
    desk.mark()
    await desk.never("MeterValues", within=EVERY * 2.5, what="though a transaction goes on")
    told = desk.said("TransactionEvent", lambda said: "Sample.Clock" in _contexts(said))
    must(not told, "An event has values with the context Sample.Clock, though a transaction goes on.")


_SAMPLED, _ALIGNED = has("SampledData"), has("AlignedData")

for _number, _title, _play, _use, _does, _expects, _when in (
    (
        "J_07",
        "Sampled Meter Values: EventType Started - EVSE known",
        Staged(play=_first),
        "J02",
        "a vehicle charges",
        "an event, until energy flows, with the meter at Transaction.Begin",
        _SAMPLED,
    ),
    (
        "J_08",
        "Sampled Meter Values: Context Transaction.Start - EVSE not known",
        Staged(play=_first_later),
        "J02",
        "a card is shown, then a vehicle is plugged in",
        "Started without EVSE; a later event with the meter at Transaction.Begin",
        (*_SAMPLED, *has("TxStartPoint", "Authorized")),
    ),
    (
        "J_09",
        "Sampled Meter Values: EventType Updated",
        Staged(play=_meanwhile),
        "J02",
        f"TxUpdatedInterval is {EVERY} s; a vehicle charges",
        "events (MeterValuePeriodic) in that interval with the context Sample.Periodic",
        _SAMPLED,
    ),
    (
        "J_10",
        "Sampled Meter Values: EventType Ended",
        Staged(play=_last),
        "J02",
        "a vehicle charges, and the cable is pulled",
        "Ended with the meter at Transaction.End",
        (*_SAMPLED, *has("StopsOnUnplug")),
    ),
    (
        "J_11",
        "Sampled Meter Values: Signed",
        Staged(play=_signed),
        "J02",
        "a vehicle charges, and ends it",
        "Ended with a signedMeterValue",
        (*_SAMPLED, *has("SignedData")),
    ),
    (
        "J_01",
        "Clock-aligned Meter Values: No transaction ongoing",
        Staged(play=_aligned),
        "J01",
        f"AlignedDataCtrlr.Interval is {EVERY} s",
        "MeterValues with the context Sample.Clock",
        _ALIGNED,
    ),
    (
        "J_02",
        "Clock-aligned Meter Values: Transaction ongoing",
        Staged(play=_aligned_meanwhile),
        "J01",
        f"AlignedDataCtrlr.Interval is {EVERY} s; a vehicle charges",
        "TransactionEvent (MeterValueClock) with the context Sample.Clock",
        _ALIGNED,
    ),
    (
        "J_03",
        "Clock-aligned Meter Values: EventType Ended",
        Staged(play=_aligned_at_the_end),
        "J01",
        f"AlignedDataCtrlr.TxEndedInterval is {EVERY} s; a vehicle charges, and the cable is pulled",
        "Ended with values of the context Sample.Clock",
        (*_ALIGNED, *has("StopsOnUnplug")),
    ),
    (
        "J_04",
        "Clock-aligned Meter Values: Signed",
        Staged(play=_aligned_signed),
        "J01",
        "AlignedDataCtrlr.SignReadings is true; a vehicle charges",
        "TransactionEvent (MeterValueClock) with a signedMeterValue",
        (*_ALIGNED, *has("SignedAlignedData")),
    ),
    (
        "J_06",
        "Clock-aligned Meter Values: No Meter Values during transaction",
        Staged(play=_none_meanwhile),
        "J01",
        "AlignedDataCtrlr.SendDuringIdle is true; a vehicle charges",
        "no MeterValues meanwhile, and no event with values of the context Sample.Clock",
        _ALIGNED,
    ),
):
    METERING.add(_number, _title, _play, use_case=_use, does=_does, expects=_expects, when=_when)
