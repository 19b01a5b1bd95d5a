"""The PKI: every certificate below its issuer, how it stands at the lab's clock, and what the pools hold."""

from __future__ import annotations

from collections.abc import Iterable

from rich.text import Text
from textual.binding import Binding
from textual.containers import Container, Vertical
from textual.widget import Widget
from textual.widgets import Static

from pncsim.simulator.dashboard.certificate_lines import lines_of, moment
from pncsim.simulator.dashboard.chains import ChainPlace, placed
from pncsim.simulator.dashboard.delivered import BroughtContracts
from pncsim.simulator.dashboard.reports import COUNTED, AroundTold
from pncsim.simulator.dashboard.screens.view import View
from pncsim.simulator.dashboard.widgets.chains import ChainGrid, PoolGrid
from pncsim.simulator.dashboard.widgets.grid import Grid
from pncsim.simulator.dashboard.widgets.lines import OneLine
from pncsim.simulator.dashboard.widgets.text_pane import TextPane
from pncsim.tls_certs.reading import pem

ABOUT = """\
Every certificate stands below the one that has issued it: + is well, ! is worth a look (a point is other than the
profile of its role says, or its end is near), x cannot be used at the lab's clock. The bar shows how much of its
validity is over, OCSP the youngest answer somebody goes by and how old it is (revoked !: somebody still goes by an
older one that is good); a shows the signers of OCSP and what OCPP and HTTPS run on, too.

d shows everything about the one the cursor is on, with who holds it, which message brought it (b goes there) and
who had signed that; p what the pools hold, where Enter goes to the certificate. y copies it as PEM.

While a run goes on, best while it is held (F7): r revokes it, x lets the clock pass its end, n has it renewed, R takes
a root out of the root pool, m moves the clock, o asks the responder. Each asks first, with fields.
"""
PANES = {"details": "d Details", "pools": "p Pools"}


class PkiScreen(View):
    """See the module."""

    called, heading, about = "pki", "PKI", ABOUT
    BINDINGS = [
        Binding("d", "pane('details')", "Details", id="pki.details"),
        Binding("p", "pane('pools')", "Pools", id="pki.pools"),
        Binding("r", "lab('revoke')", "Revoke", id="pki.revoke"),
        Binding("x", "lab('expire')", "Expire", id="pki.expire"),
        Binding("n", "lab('renew')", "Renew", id="pki.renew"),
        Binding("R", "lab('remove-root')", "Remove root", id="pki.remove", show=False),
        Binding("m", "lab('move-clock')", "Clock", id="pki.clock"),
        Binding("o", "lab('ocsp-status')", "OCSP", id="pki.ocsp", tooltip="Ask the responder now"),
        Binding("b", "brought", "Brought by", id="pki.brought", show=False, tooltip="The message that brought it"),
        Binding("a", "all", "All", id="pki.all", tooltip="Signers of OCSP and what OCPP runs on, too"),
        Binding("y", "copy", "Copy", id="pki.copy", show=False, tooltip="Copy the certificate as PEM"),
        Binding("escape", "back", "Back to the tree", id="pki.back", show=False),
    ]
    DEFAULT_CSS = """
    PkiScreen #halves { height: 1fr; layout: horizontal; }
    PkiScreen.narrow #halves { layout: vertical; }
    PkiScreen #tree { width: 11fr; height: 1fr; }
    PkiScreen #aside { width: 9fr; height: 1fr; border-left: vkey $panel; }
    PkiScreen.narrow #tree, PkiScreen.narrow #aside { width: 100%; }
    PkiScreen.narrow #aside { border-left: none; }
    PkiScreen .box { height: 1fr; }
    PkiScreen #box-details { height: 2fr; }
    PkiScreen .name { height: 1; padding: 0 1; color: $text-muted; background: $panel; text-style: bold; }
    PkiScreen #shown { height: 1; padding: 0 1; background: $panel; text-wrap: nowrap; text-overflow: ellipsis; }
    """

    _pane = "details"
    _everything = False
    _told: AroundTold | None = None
    _brought: BroughtContracts | None = None
    _shown: tuple[object, ...] = ()

    def body(self) -> Iterable[Widget]:
        with Container(id="halves"):
            yield ChainGrid(id="tree")
            with Vertical(id="aside"):
                with Vertical(classes="box", id="box-details"):
                    yield Static(PANES["details"], classes="name")
                    yield TextPane(id="details")
                with Vertical(classes="box", id="box-pools"):
                    yield Static(PANES["pools"], classes="name")
                    yield PoolGrid(id="pools")
        yield OneLine(id="shown", markup=False)

    def on_mount(self) -> None:
        super().on_mount()
        self.tree_grid.focus()

    @property
    def tree_grid(self) -> ChainGrid:
        """The tree."""
        return self.query_one(ChainGrid)

    @property
    def place(self) -> ChainPlace | None:
        """The certificate the cursor is on."""
        grid = self.tree_grid
        return grid.places[grid.cursor] if grid.places else None

    def changed(self) -> None:
        self._room()
        grid, around, now = self.tree_grid, self.scene.around, self.scene.now
        grid.now = now
        if around is not self._told:
            self._told = around
            self._plant()
            pools = self.query_one(PoolGrid)
            pools.lines = around.pools
            writable = self.scene.source.writable
            pools.empty = ["Nothing in them yet." if writable else "What pools hold is not in a recording."]
            pools.renew()
        none = "No PKI yet: F5 runs the scenario, F7 begins it held."
        if not self.scene.tells_around:
            none = "A device alone knows of no PKI."
        elif not self.scene.source.plays:
            none = "Nothing was told of a PKI yet."
        grid.empty = [none]
        grid.refresh()
        self._lines()
        self._details()

    def _plant(self, on: str = "") -> None:
        """Show the certificates anew, the cursor where it was, or on the one with the SHA-256 ``on``."""
        grid = self.tree_grid
        print = on or (self.place.print if self.place is not None else "")
        grid.places = placed(self.scene.around.certificates, everything=self._everything)
        grid.renew()
        for row, one in enumerate(grid.places):
            if one.print == print:
                grid.go(row, tell=False)

    def _lines(self) -> None:
        """The line below: the lab's clock, and how many certificates are how."""
        grid, around = self.tree_grid, self.scene.around
        signs = [one.sign(grid.now) for one in grid.places]
        told = [f"{moment(grid.now)} UTC in the lab"] if around.certificates else []
        told.append(f"{len(grid.places)} of {len(around.certificates)} certificates")
        told += [f"{signs.count('x')} x cannot be used"] if "x" in signs else []
        told += [f"{signs.count('!')} ! worth a look"] if "!" in signs else []
        told += [f"{pool} holds {count}{'+' * (count >= COUNTED)} more" for pool, count in around.more.items()]
        self.query_one("#shown", Static).update(" · ".join(told))

    def _room(self) -> None:
        """Both panes where there is room, else the one that was asked for."""
        wide, high = self.size
        self.set_class(wide < 120, "narrow")
        both = high >= 36 and wide >= 120
        for name in PANES:
            self.query_one(f"#box-{name}").display = both or self._pane == name

    def _details(self) -> None:
        """Everything about the certificate the cursor is on, if that is another one or has changed."""
        place, pane, now = self.place, self.query_one("#details", TextPane), self.scene.now
        store = self.scene.store
        shown = (place.told if place is not None else None, int(now), len(store.rows), store)
        if shown == self._shown:
            return
        same = self._shown[:1] == shown[:1] and place is not None
        self._shown = shown
        if place is None:
            pane.show([])
            return
        if self._brought is None or self._brought.store is not store:
            self._brought = BroughtContracts(store)
        brought = self._brought.of(place.print)
        at = pane.scroll_offset.y
        lines = lines_of(place, self.tree_grid.places, self.scene.around.certificates, brought, now)
        pane.show([Text(text, pane.style_of(style)) if style else text for style, text in lines])
        if same:
            pane.scroll_to(y=at, animate=False, force=True)

    # Keys and mouse

    def on_grid_moved(self, event: Grid.Moved) -> None:
        if isinstance(event.grid, ChainGrid):
            self._details()

    def on_grid_chosen(self, event: Grid.Chosen) -> None:
        if isinstance(event.grid, PoolGrid):
            self._go_to(event.grid.lines[event.row].certificate)
        else:
            self.action_pane("details")

    def _go_to(self, print: str) -> None:
        """Have the cursor on the certificate with this SHA-256."""
        self._plant(print)
        self.tree_grid.focus()
        self._details()

    def action_pane(self, pane: str) -> None:
        self._pane = pane
        self._room()
        self.query_one(f"#{pane}").focus()

    def action_back(self) -> None:
        self.tree_grid.focus()

    def action_all(self) -> None:
        self._everything = not self._everything
        self._plant()
        self._lines()
        self._details()

    def action_lab(self, command: str) -> None:
        """A command on the lab, about the certificate the cursor is on."""
        place = self.place
        if command == "move-clock" or place is None:
            self.dashboard.do_in_lab(command)
        else:
            self.dashboard.do_in_lab(command, typed={"whose": place.told.name})

    def action_brought(self) -> None:
        place = self.place
        brought = self._brought.of(place.print) if place is not None and self._brought is not None else None
        if brought is None:
            self.dashboard.say("No message has brought this certificate in this run.")
        else:
            self.dashboard.pick(brought.place)
            self.dashboard.action_go("message")

    def action_copy(self) -> None:
        place = self.place
        if place is None:
            self.dashboard.say("There is no certificate to copy.")
        else:
            self.dashboard.copy(pem([place.certificate]), f"the certificate of {place.title}")
