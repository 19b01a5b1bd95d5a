"""Played by hand: what a driver sees and does in the vehicle, what stands on the station, and the contracts."""

from __future__ import annotations

from collections.abc import Iterable

from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from pncsim.simulator.by_hand.opening import Opening
from pncsim.simulator.by_hand.seen import NAME, HandSeen, StationSeen, VehicleSeen
from pncsim.simulator.dashboard.lab_commands import fields_of
from pncsim.simulator.dashboard.reports import DoInLab, StartRun
from pncsim.simulator.dashboard.screens.lab_command import LabCommandScreen
from pncsim.simulator.dashboard.screens.view import View
from pncsim.simulator.dashboard.selection import Selection
from pncsim.simulator.dashboard.widgets.contracts import ContractGrid
from pncsim.simulator.dashboard.widgets.deeds import DeedLines, display_lines, notice, station_lines, vehicle_lines
from pncsim.simulator.dashboard.widgets.grid import Grid
from pncsim.simulator.dashboard.widgets.lines import OneLine
from pncsim.simulator.dashboard.widgets.messages import MessageGrid
from pncsim.simulator.parameters import parameters_of
from pncsim.wire.values import replace

ABOUT = """\
F5 opens a lab that stays open until F8: its vehicles and stations do what you do. Time passes as it does; l leaps over
what lasts, a battery that charges. O says who takes part, or a lab file (`--lab`): also somebody else's vehicle or
station, on loopback (`pnc ev` in another terminal) or on an interface. It has a panel, too, and with ours at the other
end everything can be done.

On the left sits the driver: p plugs in, x stops, z pauses, ! ends the session at once. What is set while a session is
on is for the next one. On the right is what the station shows: its lamp (free, waiting, charging, error), its display,
and its buttons. Each key stands beside what it does, and can be clicked.

Below are the contracts, behind the driver's PIN (d; in a lab it is 1234): those in the vehicle, * the one that pays,
and those that wait. s concludes one, which then waits in the contract pool; + approves it, and it comes by telematics,
- refuses it for good. With installation on the next station brings it, and the driver is asked.
"""
_NEXT = {"never": "if-needed", "if-needed": "always", "always": "never"}
TALL = 34
"""Lines from which there is room for what is said."""


class ByHandScreen(View):
    """See the module."""

    called, heading, about = NAME, "By hand", ABOUT
    BINDINGS = [
        Binding("p", "plug_in", "Plug in", id="hand.plug-in", tooltip="Plug in, or begin another session at the plug"),
        Binding("u", "do('unplug')", "Unplug", id="hand.unplug"),
        Binding("x", "do('stop')", "Stop", id="hand.stop"),
        Binding("z", "do('pause')", "Pause", id="hand.pause", show=False),
        Binding(
            *("exclamation_mark", "do('emergency-stop')", "End at once"),
            id="hand.emergency",
            key_display="!",
            show=False,
            tooltip="End the session at once, without a word",
        ),
        Binding("c", "plug_and_charge", "Plug & Charge on or off", id="hand.pnc", show=False),
        Binding("i", "installs", "When a contract is asked for", id="hand.installs", show=False),
        Binding("a", "asks", "Whether the driver is asked first", id="hand.asks", show=False),
        Binding("w", "form('energy')", "Energy wanted", id="hand.energy", show=False),
        Binding("m", "form('car')", "What car it is like", id="hand.car", show=False),
        Binding("y", "answer('yes')", "Yes to what the vehicle asks", id="hand.yes", show=False),
        Binding("n", "answer('no')", "No to what the vehicle asks", id="hand.no", show=False),
        Binding("O", "opening", "Who takes part", id="hand.opening", show=False, tooltip="How a lab is opened with F5"),
        Binding("v", "next_vehicle", "Next vehicle", id="hand.vehicle", show=False),
        Binding("h", "do_there('swipe')", "Card", id="hand.card", tooltip="Hold the driver's card to the station"),
        Binding("b", "do_there('stop-button')", "Stop button of the station", id="hand.button", show=False),
        Binding("E", "emergency", "Emergency button, in or out", id="hand.button-emergency", show=False),
        Binding("o", "form('offer-power')", "Power the station offers", id="hand.power", show=False),
        Binding("f", "next_station", "Next station or EVSE", id="hand.station", show=False),
        Binding("l", "lapse", "Leap over what lasts, or not", id="hand.lapse", show=False),
        Binding("d", "pin", "Driver's PIN", id="hand.pin", tooltip="Show the contracts, or hide them"),
        Binding("s", "do('subscribe')", "Conclude a contract", id="hand.subscribe", show=False),
        Binding("plus", "contract('install')", "Approve what waits", id="hand.install", key_display="+", show=False),
        Binding("minus", "contract('refuse')", "Refuse what waits", id="hand.refuse", key_display="-", show=False),
        Binding("r", "do('look')", "Look what waits", id="hand.look", show=False),
        Binding("delete", "contract('uninstall')", "Uninstall", id="hand.uninstall", show=False),
    ]
    DEFAULT_CSS = """
    ByHandScreen #panels { height: auto; max-height: 60%; }
    ByHandScreen .side { width: 1fr; height: auto; }
    ByHandScreen #right { border-left: vkey $panel; }
    ByHandScreen .name { height: 1; padding: 0 1; color: $text; background: $panel; text-style: bold; }
    ByHandScreen #display { height: auto; margin: 0 1; border: round $primary; padding: 0 1; min-height: 4; }
    ByHandScreen #messages, ByHandScreen #messages-name { display: none; }
    ByHandScreen.tall #messages, ByHandScreen.tall #messages-name { display: block; }
    ByHandScreen.tall #contracts { height: 7; }
    ByHandScreen #notices { height: auto; max-height: 3; padding: 0 1; }
    """

    _vehicle = _station = ""

    def body(self) -> Iterable[Widget]:
        with Horizontal(id="panels"):
            with Vertical(classes="side", id="left"):
                yield OneLine(classes="name", id="vehicle-name", markup=False)
                yield DeedLines(id="vehicle")
            with Vertical(classes="side", id="right"):
                yield OneLine(classes="name", id="station-name", markup=False)
                yield Static(id="display", markup=False)
                yield DeedLines(id="station")
        yield Static(id="notices")
        yield OneLine(classes="name", id="contracts-name", markup=False)
        yield ContractGrid(id="contracts")
        yield OneLine("Messages  Enter opens one", classes="name", id="messages-name", markup=False)
        yield MessageGrid(self.scene.store, id="messages")

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one(ContractGrid).focus()

    def wanted(self, *, held: bool = False) -> StartRun:
        """A lab that is played by hand, with the faults that are chosen."""
        start = self.dashboard.start_of(held=held)
        options = self.dashboard.layout_kept.options.get(NAME, {})
        return replace(start, scenario=NAME, options=options, transport="loopback")

    # Who is meant

    @property
    def hand(self) -> HandSeen:
        """How everybody stands; nobody where no lab is open."""
        return self.scene.hand or HandSeen()

    @property
    def vehicle(self) -> VehicleSeen | None:
        """The vehicle that is shown."""
        return next(
            (one for one in self.hand.vehicles if one.name == self._vehicle), next(iter(self.hand.vehicles), None)
        )

    @property
    def station(self) -> StationSeen | None:
        """The EVSE that is shown."""
        return next(
            (one for one in self.hand.stations if one.place == self._station), next(iter(self.hand.stations), None)
        )

    @property
    def _vehicle_name(self) -> str:
        return self.vehicle.name if self.vehicle is not None else ""

    # How it looks

    def lists(self) -> Iterable[Selection]:
        return (self.query_one(MessageGrid).selection,)

    def changed(self) -> None:
        self.set_class(self.size.height >= TALL, "tall")
        self._show_messages()
        vehicle, station = self.vehicle, self.station
        several = len(self.hand.vehicles) > 1, len(self.hand.stations) > 1
        name = f"Vehicle {vehicle.name}" if vehicle is not None else "Vehicle"
        place = f"Station {station.place}" if station is not None else "Station"
        self.query_one("#vehicle-name", Static).update(f"{name}{'  v next' if several[0] else ''}")
        self.query_one("#station-name", Static).update(f"{place}{'  f next' if several[1] else ''}")
        state = next((a.state for a in self.scene.store.actors.of("EV") if a.unit == self._vehicle_name), "")
        lines = self._nobody() if vehicle is None else vehicle_lines(vehicle, state)
        self.query_one("#vehicle", DeedLines).show(lines)
        self.query_one("#station", DeedLines).show(station_lines(station, self.hand.lapse) if station else ())
        self.query_one("#display", Static).update(display_lines(station))
        self.query_one("#notices", Static).update(notice(vehicle) if vehicle is not None else "")
        self._show_contracts(vehicle)

    def _nobody(self) -> list[Content]:
        """What stands where no lab is open."""
        if self.scene.running and self.scene.began is not None and self.scene.began.scenario == NAME:
            return [Content("The lab opens.")]
        if not self.scene.source.plays:
            return [Content("What is shown ran elsewhere: it"), Content("cannot be played by hand here.")]
        return [
            Content("No lab is open."),
            Content(""),
            Content("F5 opens one for you to play in,"),
            Content("F8 closes it again,"),
            Content("O  says who takes part,"),
            Content("?  explains this screen."),
        ]

    def _show_messages(self) -> None:
        grid = self.query_one(MessageGrid)
        grid.empty = ["Nothing has passed between anybody yet."]
        grid.show(self.scene.store)
        grid.selection.look(self.dashboard.share)
        grid.renew()

    def _show_contracts(self, one: VehicleSeen | None) -> None:
        grid, name = self.query_one(ContractGrid), self.query_one("#contracts-name", Static)
        grid.contracts = one.contracts if one is not None else ()
        if one is None or not one.ours:
            name.update("Contracts")
            grid.empty = ["Of a vehicle of ours they are shown here, to who knows the PIN."]
        elif not one.open:
            name.update(f"Contracts of {one.name}  d driver's PIN  s conclude one")
            grid.empty = ["Behind the driver's PIN: d asks for it. In a lab it is 1234."]
        else:
            name.update("Contracts  Enter pays  + yes  - no  Del uninstall  s conclude  r look  d hide")
            grid.empty = ["None is held and none waits: s concludes one."]
        grid.renew()

    # Keys

    def _none(self) -> None:
        self.dashboard.say("No lab is open: F5 opens one.", bad=True)

    def _ask(self, command: str, **arguments: str) -> None:
        """Have something done in the lab that is open, or say that none is."""
        if self.scene.hand is None:
            self._none()
        else:
            self.dashboard.ask(DoInLab(command, arguments))

    def _whose(self) -> dict[str, str]:
        return {"vehicle": self.vehicle.name} if self.vehicle is not None else {}

    def _there(self) -> dict[str, str]:
        return {"at": self.station.place} if self.station is not None else {}

    def action_do(self, command: str) -> None:
        self._ask(command, **self._whose())

    def action_do_there(self, command: str) -> None:
        self._ask(command, **self._there())

    def action_plug_in(self) -> None:
        self._ask("plug-in", **self._whose(), **self._there())

    def action_plug_and_charge(self) -> None:
        if self.vehicle is None:
            self._none()
        else:
            self._ask("plug-and-charge", **self._whose(), on="no" if self.vehicle.plug_and_charge else "yes")

    def action_installs(self) -> None:
        if self.vehicle is None:
            self._none()
        else:
            self._ask("installation-mode", **self._whose(), when=_NEXT[self.vehicle.installs])

    def action_asks(self) -> None:
        if self.vehicle is None:
            self._none()
        else:
            self._ask("ask-driver", **self._whose(), on="no" if self.vehicle.asks_first else "yes")

    def action_answer(self, yes: str) -> None:
        self._ask("answer", **self._whose(), yes=yes)

    def action_emergency(self) -> None:
        if self.station is None:
            self._none()
        else:
            self._ask("emergency-button", **self._there(), pressed="no" if self.station.emergency else "yes")

    def action_lapse(self) -> None:
        self._ask("time-lapse", on="no" if self.hand.lapse else "yes")

    def action_form(self, command: str) -> None:
        """Ask for what a command needs besides whom it is about."""
        if self.scene.hand is None:
            self._none()
        else:
            self.dashboard.do_in_lab(command, self._there() if command == "offer-power" else self._whose())

    def action_opening(self) -> None:
        """Ask how the next lab is to be opened."""
        kept = self.dashboard.layout_kept.options

        def keep(typed: dict[str, str]) -> None:
            kept[NAME] = typed
            self.dashboard.say("F5 opens a lab so.")

        fields = fields_of(parameters_of(Opening))
        self.app.push_screen(LabCommandScreen("How a lab is opened with F5", fields, kept.get(NAME, {}), keep))

    def action_pin(self) -> None:
        if self.vehicle is not None and self.vehicle.open:
            self._ask("lock", **self._whose())
        else:
            self.action_form("unlock")

    def action_contract(self, command: str) -> None:
        chosen = self.query_one(ContractGrid).chosen
        if chosen is None:
            self.dashboard.say("No contract is chosen: d shows them.")
        else:
            self._ask(command, **self._whose(), emaid=chosen.emaid)

    def on_grid_chosen(self, event: Grid.Chosen) -> None:
        if isinstance(event.grid, ContractGrid):
            self.action_contract("choose")
        elif isinstance(event.grid, MessageGrid) and (number := event.grid.number) is not None:
            self.dashboard.pick(self.scene.store.rows[number].last)
            self.dashboard.action_go("message")

    def action_next_vehicle(self) -> None:
        self._vehicle = self._next(
            [one.name for one in self.hand.vehicles], self.vehicle.name if self.vehicle is not None else ""
        )
        self.renew()

    def action_next_station(self) -> None:
        self._station = self._next(
            [one.place for one in self.hand.stations], self.station.place if self.station is not None else ""
        )
        self.renew()

    def _next(self, names: list[str], name: str) -> str:
        """The one behind a name, the first again behind the last."""
        if not names:
            self._none()
        elif names == [name]:
            self.dashboard.say(f"There is {name} alone.")
        return names[(names.index(name) + 1) % len(names)] if name in names else ""
