"""Transactions as the CSMS keeps them: every event once, meter values in order (use cases E01 to E13)."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf, isfinite
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from pncsim.backend.store import Change, KeptKind, Store
from pncsim.wire.ocpp.when import seconds
from pncsim.wire.values import replace

if TYPE_CHECKING:
    from pncsim.wire.ocpp.types.v201 import MeterValueType, TransactionEventRequest
else:
    TransactionEventRequest = dict  # what is kept is JSON; the module of its types need not be loaded to read it back

REGISTER = "Energy.Active.Import.Register"


class MeterValue(Struct, frozen=True, array_like=True):
    """One sampled value: ``time`` in seconds since the epoch, ``value`` in ``unit``; ``signed`` if a signature came."""

    time: float
    measurand: str
    value: float
    unit: str
    context: str
    signed: bool = False


class Transaction(Struct, frozen=True):
    """One transaction of one station. ``token``/``token_type`` as authorised; ``ended`` None while it is open.

    ``events`` are the payloads by seqNo, ``last`` the highest of these; they are kept as they came and never changed.
    """

    station: str
    id: str
    started: float | None = None
    ended: float | None = None
    evse: int | None = None
    token: str = ""
    token_type: str = ""
    token_status: str = ""
    charging_state: str = ""
    stopped_reason: str = ""
    offline: bool = False
    events: Mapping[int, TransactionEventRequest] = field(default_factory=dict)
    last: int = -1
    meter_values: tuple[MeterValue, ...] = ()

    @property
    def energy_wh(self) -> float:
        """Wh between the lowest and the highest reading of the import register; 0 with fewer than two readings."""
        readings = [value.value for value in self.meter_values if value.measurand == REGISTER]
        return max(readings) - min(readings) if readings else 0.0

    @property
    def complete(self) -> bool:
        """Started, ended, and no sequence number missing in between."""
        numbers = self.events.keys()
        whole = bool(numbers) and max(numbers) - min(numbers) + 1 == len(numbers)
        return self.started is not None and self.ended is not None and whole


def transaction_key(station: str, id: str) -> str:
    """Under what a transaction is kept: ids are unique at their station only, whose name has no line break."""
    return f"{station}\n{id}"


TRANSACTIONS: KeptKind[Transaction] = KeptKind(
    "transactions",
    Transaction,
    key=lambda transaction: transaction_key(transaction.station, transaction.id),
    indexes={"station": attrgetter("station")},
)


async def record(store: Store, station: str, event: TransactionEventRequest) -> tuple[Transaction, bool]:
    """Take ``event`` into its transaction; False if it was there already (a resend keeps its seqNo).

    Events may come late and out of order: states follow the highest seqNo, values are kept in time order. Raises
    ValueError for a timestamp that is none and for a number beyond every quantity.
    """
    id = event["transactionInfo"]["transactionId"]
    moment = seconds(event["timestamp"])
    values = _values(event["meterValue"]) if "meterValue" in event else []

    async def step(change: Change) -> tuple[Transaction, bool]:
        kept = change.of(TRANSACTIONS)
        before = await kept.get(transaction_key(station, id)) or Transaction(station, id)
        if event["seqNo"] in before.events:
            return before, False
        after = _with(before, event, moment, values)
        await kept.put(after)
        return after, True

    return await store.change(step)


async def authorised(store: Store, transaction: Transaction, status: str) -> None:
    """The token of ``transaction`` has this status now; what else has happened meanwhile stays."""

    async def step(change: Change) -> None:
        kept = change.of(TRANSACTIONS)
        current = await kept.get(transaction_key(transaction.station, transaction.id))
        await kept.put(replace(current or transaction, token_status=status))

    await store.change(step)


def _with(before: Transaction, event: TransactionEventRequest, moment: float, values: list[MeterValue]) -> Transaction:
    info, number = event["transactionInfo"], event["seqNo"]
    changes: dict[str, Any] = {"offline": before.offline or event.get("offline", False)}
    if number > before.last:
        changes["last"] = number
        changes["meter_values"] = (*before.meter_values, *values)
        changes["charging_state"] = info.get("chargingState", before.charging_state)
    else:
        changes["meter_values"] = tuple(sorted((*before.meter_values, *values), key=lambda value: value.time))
    if event["eventType"] == "Started":
        changes["started"] = moment
    if event["eventType"] == "Ended":
        changes["ended"] = moment
        changes["stopped_reason"] = info.get("stoppedReason", "Local")
    if "evse" in event:
        changes["evse"] = event["evse"]["id"]
    if "idToken" in event:
        changes["token"], changes["token_type"] = event["idToken"]["idToken"], event["idToken"]["type"]
    return replace(before, events={**before.events, number: event}, **changes)


def _values(samples: list[MeterValueType]) -> list[MeterValue]:
    """JSON's numbers have no bounds, not even a float's: raises ValueError for a quantity beyond."""
    values = []
    for sample in samples:
        moment = seconds(sample["timestamp"])
        for value in sample["sampledValue"]:
            unit = value.get("unitOfMeasure", {})
            try:
                quantity = float(value["value"]) * 10.0 ** unit.get("multiplier", 0)
            except OverflowError:
                quantity = inf
            if not isfinite(quantity):
                raise ValueError("a number is too large")
            values.append(
                MeterValue(
                    moment,
                    value.get("measurand", REGISTER),
                    quantity,
                    unit.get("unit", "Wh"),
                    value.get("context", "Sample.Periodic"),
                    "signedMeterValue" in value,
                )
            )
    return values
