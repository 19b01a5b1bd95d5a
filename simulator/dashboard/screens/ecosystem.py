"""The services behind the stations: what they keep, the events they tell, and what is done there by hand."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from rich.text import Text
from textual.binding import Binding
from textual.containers import Container, Vertical
from textual.widget import Widget
from textual.widgets import Static

from pncsim.simulator.dashboard.certificate_lines import moment
from pncsim.simulator.dashboard.lines import clock
from pncsim.simulator.dashboard.reports import AroundTold, DeliveryTold, PoolLine
from pncsim.simulator.dashboard.screens.view import View
from pncsim.simulator.dashboard.widgets.chains import PoolGrid
from pncsim.simulator.dashboard.widgets.grid import Cell, Column, Grid
from pncsim.simulator.dashboard.widgets.lines import OneLine
from pncsim.simulator.dashboard.widgets.text_pane import TextPane

ABOUT = """\
On the left is what the services keep: roots (RCP), vehicles (PCP), contracts that wait for them (CCP), who signs them
(CPS), and the operators' contracts (MO). On the right are the events on their way to who asked for them, with what is
sent of the one the cursor is on.

While a run goes on, best while it is held (F7) or in a lab that is played by hand: p publishes a vehicle, s has a
driver subscribe, by which the contract is issued and waits in the contract pool; n issues the contract the cursor is on
anew, u ends it. h asks for the events that concern a party: they are signed and sent to where it receives them, in the
lab or at any address, and sent again after an hour of lab time where they were not taken.
"""
_BAD = ("failed", "dropped")


class DeliveryGrid(Grid):
    """Events on their way, the newest last."""

    spoken = "In the events"

    def __init__(self, *, id: str | None = None) -> None:
        columns = (Column("time s", 9, right=True), Column("event", 0, 20), Column("to", 5), Column("state", 11))
        super().__init__(columns, id=id)
        self.deliveries: Sequence[DeliveryTold] = ()
        self.started = 0.0

    def count(self) -> int:
        return len(self.deliveries)

    def cells(self, row: int) -> Sequence[Cell]:
        one = self.deliveries[row]
        bad = one.state in _BAD
        about = (f"  {one.about}" if one.about else "", self.style_of("quiet"))
        state = f"{'x' if bad else '+' if one.state == 'delivered' else '-'} {one.state}"
        when = clock(max(0.0, one.at - self.started))
        return [when, Text.assemble(one.type, about), one.to, Text(state, self.style_of("problem" if bad else "quiet"))]


class EcosystemScreen(View):
    """See the module."""

    called, heading, about = "ecosystem", "Ecosystem", ABOUT
    BINDINGS = [
        Binding("p", "lab('publish-vehicle')", "Publish", id="eco.publish"),
        Binding("s", "lab('conclude-contract')", "Subscribe", id="eco.subscribe"),
        Binding("n", "contract('renew-contract')", "Renew", id="eco.renew"),
        Binding("u", "contract('end-contract')", "Unsubscribe", id="eco.unsubscribe"),
        Binding("h", "lab('hear-events')", "Hear events", id="eco.hear"),
        Binding("tab", "app.focus_next", "Next list", id="eco.next"),
    ]
    DEFAULT_CSS = """
    EcosystemScreen #halves { height: 1fr; layout: horizontal; }
    EcosystemScreen.narrow #halves { layout: vertical; }
    EcosystemScreen #left, EcosystemScreen #right { width: 1fr; height: 1fr; }
    EcosystemScreen.narrow #left, EcosystemScreen.narrow #right { width: 100%; }
    EcosystemScreen #right { border-left: vkey $panel; }
    EcosystemScreen.narrow #right { border-left: none; }
    EcosystemScreen DeliveryGrid { height: 1fr; }
    EcosystemScreen TextPane { height: 1fr; }
    EcosystemScreen #box-body { height: 1fr; }
    EcosystemScreen .name { height: 1; padding: 0 1; color: $text-muted; background: $panel; text-style: bold; }
    """

    _told: AroundTold | None = None

    def body(self) -> Iterable[Widget]:
        with Container(id="halves"):
            with Vertical(id="left"):
                yield PoolGrid(id="kept")
            with Vertical(id="right"):
                yield OneLine("Events", classes="name", id="events-name", markup=False)
                yield DeliveryGrid(id="events")
                with Vertical(id="box-body"):
                    yield Static("What is sent", classes="name")
                    yield TextPane(id="body")

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#kept", PoolGrid).focus()

    def changed(self) -> None:
        narrow, around = self.size.width < 120, self.scene.around
        self.set_class(narrow, "narrow")
        self.query_one("#box-body").display = bool(around.deliveries) or not narrow
        if around is self._told:
            return
        self._told = around
        kept, events = self.query_one("#kept", PoolGrid), self.query_one(DeliveryGrid)
        kept.lines = around.pools
        writable = self.scene.source.writable
        none = "Nothing yet: F5 runs a scenario." if self.scene.source.plays else "Nothing yet."
        if not self.scene.tells_around:
            none = "A device alone knows of no services."
        kept.empty = [none if writable else "What services keep is not in a recording."]
        kept.renew()
        events.deliveries = around.deliveries
        events.started = self.scene.began.started if self.scene.began is not None else 0.0
        events.empty = ["None yet: h asks for those that concern a party." if not around.listeners else "None yet."]
        events.renew()
        heard = ", ".join(dict.fromkeys(one.name for one in around.listeners))
        self.query_one("#events-name", Static).update(f"Events, heard by {heard}" if heard else "Events")
        self._body()

    def _body(self) -> None:
        """What is sent of the event the cursor is on."""
        events, pane = self.query_one(DeliveryGrid), self.query_one("#body", TextPane)
        if not events.deliveries:
            pane.show([])
            return
        one = events.deliveries[events.cursor]
        try:
            sent = json.dumps(json.loads(one.body), indent=2, ensure_ascii=False).splitlines()
        except ValueError:
            sent = [one.body.decode(errors="replace")]
        tries = f"{one.attempts} attempts" if one.attempts != 1 else "1 attempt"
        said = f"{one.type} to {one.to}, {moment(one.at)} UTC: {one.state}, {tries}. {one.text}".strip()
        pane.show([Text(said, pane.style_of("quiet")), *sent])

    # Keys

    def on_grid_moved(self, event: Grid.Moved) -> None:
        if isinstance(event.grid, DeliveryGrid):
            self._body()

    def action_lab(self, command: str) -> None:
        """A command on the lab."""
        self.dashboard.do_in_lab(command)

    def action_contract(self, command: str) -> None:
        """A command on the lab, about the contract the cursor is on."""
        line = self._line()
        known = {"emaid": line.name} if line is not None and line.pool.startswith(("CCP", "MO")) else {}
        self.dashboard.do_in_lab(command, typed=known)

    def _line(self) -> PoolLine | None:
        kept = self.query_one("#kept", PoolGrid)
        return kept.lines[kept.cursor] if kept.lines else None
