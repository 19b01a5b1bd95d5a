"""Transactions as the CSMS keeps them: every event once, meter values in order (use cases E01 to E13)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from pncsim.wire.ocpp.when import seconds

Payload = dict[str, Any]
REGISTER = "Energy.Active.Import.Register"


class MeterValue(NamedTuple):
    """One sampled value: ``time`` in seconds since the epoch, ``value`` in ``unit``; ``signed`` if a signature came."""

    time: float
    measurand: str
    value: float
    unit: str
    context: str
    signed: bool = False


@dataclass(slots=True)
class Transaction:
    """One transaction of one station. ``token``/``token_type`` as authorised; ``ended`` None while it is open."""

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
    events: dict[int, Payload] = field(default_factory=dict)
    meter_values: list[MeterValue] = field(default_factory=list)

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


class Transactions(Protocol):
    """Where transactions are kept."""

    def get(self, station: str, id: str) -> Transaction | None:
        """The transaction, or None."""

    def put(self, transaction: Transaction) -> None:
        """Keep it."""

    def all(self) -> list[Transaction]:
        """Every transaction, in the order they came up."""


class MemoryTransactions:
    """:class:`Transactions` in memory."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], Transaction] = {}

    def get(self, station: str, id: str) -> Transaction | None:
        """As Transactions."""
        return self._kept.get((station, id))

    def put(self, transaction: Transaction) -> None:
        """As Transactions."""
        self._kept[transaction.station, transaction.id] = transaction

    def all(self) -> list[Transaction]:
        """As Transactions."""
        return list(self._kept.values())


def record(kept: Transactions, station: str, event: Payload) -> tuple[Transaction, bool]:
    """Take ``event`` into its transaction; False if it was there already (a resend keeps its seqNo).

    Events may come late and out of order: states follow the highest seqNo, values are kept in time order. Raises
    ValueError for a timestamp that is none.
    """
    info = event["transactionInfo"]
    transaction = kept.get(station, info["transactionId"]) or Transaction(station, info["transactionId"])
    number = event["seqNo"]
    if number in transaction.events:
        return transaction, False
    moment = seconds(event["timestamp"])
    values = [value for sample in event.get("meterValue", ()) for value in _values(sample)]
    newest = number > max(transaction.events, default=-1)
    transaction.events[number] = event
    transaction.meter_values += values
    if not newest:
        transaction.meter_values.sort(key=lambda value: value.time)
    transaction.offline = transaction.offline or event.get("offline", False)
    if event["eventType"] == "Started":
        transaction.started = moment
    if event["eventType"] == "Ended":
        transaction.ended = moment
        transaction.stopped_reason = info.get("stoppedReason", "Local")
    if newest:
        transaction.charging_state = info.get("chargingState", transaction.charging_state)
    if "evse" in event:
        transaction.evse = event["evse"]["id"]
    if "idToken" in event:
        transaction.token, transaction.token_type = event["idToken"]["idToken"], event["idToken"]["type"]
    kept.put(transaction)
    return transaction, True


def _values(sample: Payload) -> list[MeterValue]:
    moment = seconds(sample["timestamp"])
    return [
        MeterValue(
            moment,
            value.get("measurand", REGISTER),
            value["value"] * 10.0 ** value.get("unitOfMeasure", {}).get("multiplier", 0),
            value.get("unitOfMeasure", {}).get("unit", "Wh"),
            value.get("context", "Sample.Periodic"),
            "signedMeterValue" in value,
        )
        for value in sample["sampledValue"]
    ]
