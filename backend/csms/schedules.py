"""What a CSMS answers to the needs of a vehicle: schedules with sales tariffs, signed by its operator (OCPP K15)."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from pncsim.backend.csms.link import StationLink
from pncsim.backend.csms.transactions import TRANSACTIONS, Transaction
from pncsim.backend.store import every
from pncsim.wire.errors import PncError
from pncsim.wire.ocpp import v201
from pncsim.wire.ocpp.actions import AndThen
from pncsim.wire.ocpp.signed_tariffs import MESSAGE, VENDOR
from pncsim.wire.v2g.iso2.tariffs import detached, to_ocpp

if TYPE_CHECKING:
    from pncsim.backend.csms.ports import PricedOffer
    from pncsim.wire.ocpp.types.v201 import (
        ChargingScheduleType,
        NotifyEVChargingNeedsRequest,
        NotifyEVChargingNeedsResponse,
        NotifyEVChargingScheduleRequest,
        NotifyEVChargingScheduleResponse,
    )


async def charging_needs(
    link: StationLink, request: NotifyEVChargingNeedsRequest
) -> AndThen[NotifyEVChargingNeedsResponse] | NotifyEVChargingNeedsResponse:
    """Accepted where there is an offer for the contract that pays, which then follows; Rejected otherwise."""
    csms = link.context
    if csms.services.tariffs is None:
        return {"status": "Rejected"}
    transaction = await _open_at(link, request["evseId"])
    if transaction is None or transaction.token_type != "eMAID":
        return {"status": "Rejected"}
    try:
        offer = await csms.services.tariffs.offer(transaction.token)
    except PncError as error:
        csms.voice.called("MO", "tariffs", False, error.sentence)
        return {"status": "Rejected"}
    csms.voice.called("MO", "tariffs", True, f"{len(offer.schedules)} schedules for {transaction.token}.")
    return AndThen({"status": "Accepted"}, lambda: _send(link, transaction, offer, request["evseId"]))


def told_plan(
    link: StationLink, request: NotifyEVChargingScheduleRequest
) -> AndThen[NotifyEVChargingScheduleResponse] | NotifyEVChargingScheduleResponse:
    """What :func:`charging_schedule` says. Where that is no, the same schedules follow once more, so that they are
    negotiated anew (K15.FR.13, K16.FR.08); a vehicle that insists is not told a third time."""
    answer, evse = charging_schedule(link, request), request["evseId"]
    if answer["status"] == "Accepted":
        link.insisted.discard(evse)
        return answer
    if evse in link.insisted:
        return answer
    link.insisted.add(evse)
    return AndThen(answer, lambda: _insist(link, evse))


def charging_schedule(link: StationLink, request: NotifyEVChargingScheduleRequest) -> NotifyEVChargingScheduleResponse:
    """Rejected where the vehicle plans to take more than any schedule it was offered lets it (K15).

    Both begin with the vehicle's choice, whatever ``timeBase`` says; where nothing was offered everything is taken.
    """
    planned = request["chargingSchedule"]
    offered = link.offered.get(request["evseId"], [])
    meant = [one for one in offered if one["id"] == planned["id"]] or offered
    if not meant or not all(_exceeds(planned, one) for one in meant):
        return {"status": "Accepted"}
    link.context.voice.warning(f"{link.identity} tells of a vehicle that plans to take more than it was offered.")
    return {"status": "Rejected", "statusInfo": {"reasonCode": "OverLimit", "additionalInfo": "more than was offered"}}


def _exceeds(planned: ChargingScheduleType, offered: ChargingScheduleType) -> bool:
    """Whether at some time more is planned than offered; of two units nothing is known."""
    if planned["chargingRateUnit"] != offered["chargingRateUnit"]:
        return False
    plan, offer = _course(planned), _course(offered)
    return any(_limit(plan, start) > _limit(offer, start) for start, _ in (*plan, *offer))


def _course(schedule: ChargingScheduleType) -> list[tuple[int, float]]:
    return sorted((one["startPeriod"], one["limit"]) for one in schedule["chargingSchedulePeriod"])


def _limit(course: list[tuple[int, float]], at: int) -> float:
    """What counts at that time; nothing may flow before the first period."""
    place = bisect_right(course, at, key=lambda period: period[0])
    return course[place - 1][1] if place else 0.0


async def _open_at(link: StationLink, evse: int) -> Transaction | None:
    kept = link.context.store.of(TRANSACTIONS)
    ours = [one async for one in every(kept, ("station", link.identity)) if one.evse == evse and one.ended is None]
    return ours[-1] if ours else None


async def _insist(link: StationLink, evse: int) -> None:
    transaction = await _open_at(link, evse)
    if transaction is not None:
        await _set(link, transaction, link.offered[evse], evse)


async def _send(link: StationLink, transaction: Transaction, offer: PricedOffer, evse: int) -> None:
    if offer.signature is not None:
        data = detached(offer.signature, transaction.id)
        await link.ask(v201.DataTransfer({"vendorId": VENDOR, "messageId": MESSAGE, "data": data}))
    schedules: list[ChargingScheduleType] = []
    for number, one in enumerate(offer.schedules, 1):
        schedule: ChargingScheduleType = {
            "id": number,
            "chargingRateUnit": "W",
            "chargingSchedulePeriod": [{"startPeriod": start, "limit": watts} for start, watts in one.periods],
        }
        if one.tariff is not None:
            schedule["salesTariff"] = to_ocpp(one.tariff)
        schedules.append(schedule)
    link.insisted.discard(evse)
    await _set(link, transaction, schedules, evse)


async def _set(link: StationLink, transaction: Transaction, schedules: list[ChargingScheduleType], evse: int) -> None:
    answer = await link.ask(
        v201.SetChargingProfile(
            {
                "evseId": evse,
                "chargingProfile": {
                    "id": 1,
                    "stackLevel": 0,
                    "chargingProfilePurpose": "TxProfile",
                    "chargingProfileKind": "Relative",
                    "transactionId": transaction.id,
                    "chargingSchedule": schedules,
                },
            }
        )
    )
    taken = answer["status"] == "Accepted"
    if taken:
        link.offered[evse] = schedules
    link.context.voice.story(
        f"{link.identity} {'took' if taken else 'refused'} {len(schedules)} schedules for {transaction.id}."
    )
