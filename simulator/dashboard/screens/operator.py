"""The operator's screen: stations and EVSEs, transactions, the device model, and OCPP calls sent and received."""

from __future__ import annotations

from collections.abc import Iterable

from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.widget import Widget
from textual.widgets import Static

from pncsim.simulator.dashboard.operations import Operations
from pncsim.simulator.dashboard.reports import DoInLab
from pncsim.simulator.dashboard.screens.view import View
from pncsim.simulator.dashboard.widgets.grid import Grid
from pncsim.simulator.dashboard.widgets.operator_lists import CallList, StationList, TransactionList, VariableList

ABOUT = """\
What an operator's CSMS knows, read from the OCPP frames between it and its stations, whoever's they are. A station is
Accepted once its BootNotification was; below it are the connectors of its EVSEs with the transaction that is on.

In the calls, those with ▲ went to the CSMS and those with ▼ to the station; x is a refusal. Enter opens the call with
all it says. The device model holds what was reported (NotifyReport, NotifyEvent), read (GetVariables) or set
(SetVariables): r has the station report all of it.

Tab goes from list to list; o shows one station after the other. `Lab: call-station` in ctrl+p sends any call.
"""


class OperatorScreen(View):
    """See the module."""

    called, heading, about = "operator", "Operator", ABOUT
    BINDINGS = [
        Binding("o", "only", "One station", id="operator.only"),
        Binding("d", "model", "Calls/device model", id="operator.model"),
        Binding("r", "report", "Ask for device model", id="operator.report"),
        Binding("tab", "app.focus_next", "Next list", id="operator.tab"),
        Binding("enter", "open", "Open the call", id="operator.open", show=False),
    ]
    DEFAULT_CSS = """
    OperatorScreen .name { height: 1; padding: 0 1; color: $text-muted; text-style: bold; }
    OperatorScreen #stations { height: auto; max-height: 30%; min-height: 3; }
    OperatorScreen TransactionList { height: auto; max-height: 25%; min-height: 3; }
    OperatorScreen #lower { height: 1fr; }
    OperatorScreen .box { width: 1fr; }
    """
    _operations: Operations | None = None
    _only = ""
    _model = False

    def body(self) -> Iterable[Widget]:
        yield StationList(id="stations")
        yield Static("Transactions", classes="name")
        yield TransactionList(id="transactions")
        with Horizontal(id="lower"):
            with Vertical(classes="box", id="box-calls"):
                yield Static("Calls", classes="name", id="calls-name")
                yield CallList(id="calls")
            with Vertical(classes="box", id="box-model"):
                yield Static("Device model", classes="name", id="model-name")
                yield VariableList(id="model")

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one(CallList).focus()

    def changed(self) -> None:
        store = self.scene.store
        operations = self._operations
        if operations is None or operations.store is not store:
            self._operations = operations = Operations(store)
            self._only = ""
            self.query_one(CallList).following = self.query_one(TransactionList).following = True
        operations.look(self.dashboard.share)
        both = self.size.width >= 140
        self.query_one("#box-calls").display = both or not self._model
        self.query_one("#box-model").display = both or self._model
        only = f" of {self._only}" if self._only else ""
        calls, model = self.query_one(CallList), self.query_one(VariableList)
        for grid in (self.query_one(StationList), self.query_one(TransactionList), calls, model):
            grid.empty = [_EMPTY[grid.id or ""]]
            grid.show(operations, self._only)
        waiting = sum(one.answer < 0 for one in calls.calls[-1000:])
        told = f" · {waiting} not answered" if waiting else ""
        self.query_one("#calls-name", Static).update(f"Calls{only}: {calls.count()}{told}")
        self.query_one("#model-name", Static).update(f"Device model{only}: {model.count()} variables known")

    # Keys

    def action_only(self) -> None:
        stations = list(self._operations.stations) if self._operations is not None else []
        names = ["", *stations]
        self._only = names[(names.index(self._only) + 1) % len(names)] if self._only in names else ""
        self.dashboard.say(f"Only {self._only}." if self._only else "Every station.")
        self.renew()

    def action_model(self) -> None:
        self._model = not self._model
        self.renew()
        self.query_one(VariableList if self._model else CallList).focus()

    def action_report(self) -> None:
        stations = list(self._operations.stations) if self._operations is not None else []
        station = self._only or (stations[0] if stations else "")
        self.dashboard.ask(DoInLab("report-variables", {"station": station} if station else {}))

    def action_open(self) -> None:
        calls = self.query_one(CallList)
        if calls.count():
            self._open(calls, calls.cursor)

    def on_grid_chosen(self, event: Grid.Chosen) -> None:
        if isinstance(event.grid, CallList):
            self._open(event.grid, event.row)
        else:
            self.dashboard.say("Enter opens a call: Tab and d go to the calls.")

    def _open(self, calls: CallList, row: int) -> None:
        self.dashboard.pick(calls.calls[row].place)
        self.dashboard.action_go("message")


_EMPTY = {
    "stations": "No station has spoken to a CSMS yet: F5 runs the scenario.",
    "transactions": "No transaction yet.",
    "calls": "No call yet.",
    "model": "Nothing is known of it yet: r has the station report it while a run goes on.",
}
