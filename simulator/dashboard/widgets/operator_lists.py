"""The operator's lists: stations with their EVSEs, transactions, calls, and the device model of stations."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from pncsim.simulator.dashboard.lines import clock, detail_of
from pncsim.simulator.dashboard.operations import (
    ChargingTransaction,
    DeviceVariable,
    OcppCall,
    OperatedStation,
    Operations,
    OutletShown,
)
from pncsim.simulator.dashboard.store import EventStore
from pncsim.simulator.dashboard.widgets.grid import Cell, Column, Grid
from pncsim.simulator.evidence.story import printable
from pncsim.wire.errors import LocalError
from pncsim.wire.trace import OcppFrame


class StationList(Grid):
    """Every station, and below each its connectors with what is on at them."""

    spoken = "In the stations"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(
            (Column("station", 14), Column("state", 12), Column("what", 0, 20), Column("heard s", 10, right=True)),
            following=False,
            id=id,
        )
        self.stations: list[tuple[OperatedStation, OutletShown | None]] = []
        self._operations: Operations | None = None

    def show(self, operations: Operations, only: str) -> None:
        """Show them as they stand, or the one that is wanted ``only``."""
        self._operations = operations
        self.stations = [
            (station, outlet)
            for station in operations.stations.values()
            if only in ("", station.identity)
            for outlet in (None, *(station.outlets[key] for key in sorted(station.outlets)))
        ]
        self.renew()

    def count(self) -> int:
        return len(self.stations)

    def cells(self, row: int) -> Sequence[Cell]:
        assert self._operations is not None
        station, outlet = self.stations[row]
        started = self._operations.store.started
        if outlet is None:
            style = self.style_of("good" if station.registration == "Accepted" else "notice")
            state = Text(station.registration or "not booted", style)
            what = Text(printable(f"{station.plate} at {station.csms}"), self.style_of("quiet"))
            return [Text(station.identity, "bold"), state, what, clock(max(0.0, station.heard - started))]
        bad = outlet.status in ("Faulted", "Unavailable")
        name = f"  EVSE {outlet.evse}.{outlet.connector}"
        on = self._on(station, outlet)
        return [name, Text(outlet.status, self.style_of("problem") if bad else ""), on, clock(outlet.at - started)]

    def _on(self, station: OperatedStation, outlet: OutletShown) -> str:
        assert self._operations is not None
        for one in reversed(self._operations.transactions.values()):
            if one.station == station.identity and one.evse == outlet.evse and one.ended is None:
                return printable(" ".join(word for word in (one.state, one.token, _kwh(one)) if word))
        return ""


class TransactionList(Grid):
    """Transactions, the newest last."""

    spoken = "In the transactions"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(
            (
                Column("transaction", 11),
                Column("at", 10),
                Column("token", 16),
                Column("state", 0, 14),
                Column("began s", 9, right=True),
                Column("energy", 9, right=True),
            ),
            id=id,
        )
        self.transactions: list[ChargingTransaction] = []
        self._started = 0.0

    def show(self, operations: Operations, only: str) -> None:
        """Show those of all stations, or of one."""
        self.transactions = [one for one in operations.transactions.values() if only in ("", one.station)]
        self._started = operations.store.started
        self.renew()

    def count(self) -> int:
        return len(self.transactions)

    def cells(self, row: int) -> Sequence[Cell]:
        one = self.transactions[row]
        state = one.state if one.ended is None else f"ended: {one.reason}"
        where = f"{one.station}/{one.evse}" if one.evse else one.station
        quiet = self.style_of("quiet") if one.ended is not None else ""
        return [
            Text(printable(one.id), quiet),
            printable(where),
            printable(one.token),
            Text(printable(state), quiet),
            clock(one.began - self._started),
            _kwh(one),
        ]


class CallList(Grid):
    """Calls and their answers; ▲ went to the CSMS, ▼ to the station."""

    spoken = "In the calls"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(
            (
                Column("time s", 9, right=True),
                Column("station", 8),
                Column("", 1),
                Column("call", 0, 20),
                Column("answer", 14),
                Column("ms", 6, right=True),
            ),
            id=id,
        )
        self.calls: list[OcppCall] = []
        self._store: EventStore | None = None

    def show(self, operations: Operations, only: str) -> None:
        """Show those with all stations, or with one."""
        self.calls = [one for one in operations.calls if one.station == only] if only else operations.calls
        self._store = operations.store
        self.renew()

    def count(self) -> int:
        return len(self.calls)

    def cells(self, row: int) -> Sequence[Cell]:
        one, store = self.calls[row], self._store
        assert store is not None
        quiet = self.style_of("quiet")
        if not one.said:
            said = Text("no answer yet" if one.answer < 0 else "answered", quiet)
        else:
            said = Text(f"{'x ' if one.bad else ''}{printable(one.said)}", self.style_of("problem") if one.bad else "")
        return [
            clock(one.time - store.started),
            printable(one.station),
            "▲" if one.up else "▼",
            Text.assemble(printable(one.name), (f" {_detail(store, one)}", quiet)),
            said,
            "" if one.took is None else f"{one.took * 1000:.0f}",
        ]


class VariableList(Grid):
    """The device model, as far as it was told: by component and variable."""

    spoken = "In the device model"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(
            (
                Column("station", 8),
                Column("component", 0, 16),
                Column("variable", 0, 16),
                Column("value", 0, 12),
                Column("known by", 8),
            ),
            following=False,
            id=id,
        )
        self.variables: list[tuple[str, DeviceVariable]] = []

    def show(self, operations: Operations, only: str) -> None:
        """Show that of all stations, or of one."""
        self.variables = [
            (station.identity, station.variables[name])
            for station in operations.stations.values()
            if only in ("", station.identity)
            for name in sorted(station.variables)
        ]
        self.renew()

    def count(self) -> int:
        return len(self.variables)

    def cells(self, row: int) -> Sequence[Cell]:
        identity, one = self.variables[row]
        words = map(printable, (identity, one.component, one.variable, one.value))
        return [*words, Text(one.source, self.style_of("quiet"))]


def _detail(store: EventStore, one: OcppCall) -> str:
    try:
        event = store.event(one.place)
    except LocalError:
        return ""
    return detail_of(event) if isinstance(event, OcppFrame) else ""


def _kwh(one: ChargingTransaction) -> str:
    return "" if one.wh is None else f"{one.wh / 1000:.2f} kWh"
