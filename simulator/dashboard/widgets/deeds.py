"""The panels of a vehicle and a station that are played by hand: lines of a key, what it does, and how that stands."""

from __future__ import annotations

from collections.abc import Iterable

from textual.content import Content
from textual.style import Style
from textual.widgets import Static

from pncsim.simulator.by_hand.seen import StationSeen, VehicleSeen
from pncsim.wire.amounts import shown_energy

LAMPS = {"free": "( ) FREE", "waiting": "(~) WAITING", "charging": "(+) CHARGING", "error": "(x) ERROR"}
_LAMP_STYLES = {"free": "$text-muted", "waiting": "$warning", "charging": "$success", "error": "$error"}
INSTALLS = {"never": "off", "if-needed": "if none held", "always": "always"}
LABEL = 14
BAR = 8


class DeedLines(Static):
    """Lines of a key, what it does, and how that stands; each can be clicked."""

    DEFAULT_CSS = """
    DeedLines {
        width: 1fr; height: auto; padding: 0 1; link-style: none; link-style-hover: reverse; link-color: $text;
        text-wrap: nowrap; text-overflow: ellipsis;
    }
    """

    def show(self, lines: Iterable[Content]) -> None:
        """Show these lines."""
        self.update(Content("\n").join(lines))


def told(label: str, value: str | Content) -> Content:
    """A line of something that is so."""
    return Content.assemble(("    ", ""), f"{label:<{LABEL}}", value)


def deed(key: str, label: str, action: str, value: str = "", *, apt: bool = True) -> Content:
    """A line of something that can be done; ``apt``: now."""
    style = "" if apt else "$text-muted"
    line = Content.assemble((f" {key:<2} ", "bold $accent"), (f"{label:<{LABEL}}", style), (value, style))
    return line.stylize(Style.from_meta({"@click": f"screen.{action}"}))


def vehicle_lines(one: VehicleSeen, state: str) -> list[Content]:
    """The driver's seat; ``state``: where the vehicle is in its session."""
    if not one.ours:
        return [
            told("It is", "somebody else's"),
            told("Doing", one.doing),
            told("Takes", f"{one.watts / 1000:.1f} kW"),
            deed("s", "Conclude", "do('subscribe')", "a contract for it"),
        ]
    wish = "as much as fits" if one.wish_wh is None else f"{one.wish_wh / 1000:g} kWh"
    full = round(BAR * one.soc / 100)
    pnc = "on" if one.plug_and_charge else "off, a card pays"
    return [
        told("Doing", one.doing),
        told("State", state if one.in_session else "no session"),
        told("Battery", f"{'#' * full}{'.' * (BAR - full)} {one.soc:.1f} %"),
        told("Energy", f"{shown_energy(one.energy_wh)}, {one.watts / 1000:.1f} kW"),
        deed("p", "Plug in", "plug_in", "", apt=not one.in_session)
        if not one.plugged
        else deed("u", "Unplug", "do('unplug')", f"from {one.at}", apt=not one.in_session),
        *_pedals(one),
        deed("c", "Plug & Charge", "plug_and_charge", pnc),
        deed("i", "Installation", "installs", INSTALLS[one.installs]),
        deed("a", "Asks first", "asks", "yes" if one.asks_first else "no"),
        deed("w", "Wants", "form('energy')", wish),
        deed("m", "Car", "form('car')", f"{one.car or 'as ours'}, {one.current.upper()}"),
    ]


def _pedals(one: VehicleSeen) -> list[Content]:
    if one.plugged and not one.in_session:
        return [deed("p", "Begin again", "plug_in", "at the plug")]
    parts = [
        deed("x", "Stop", "do('stop')", apt=one.in_session).rstrip(),
        deed("z", "Pause", "do('pause')", apt=one.in_session).rstrip(),
        deed("!", "At once", "do('emergency-stop')", apt=one.in_session).rstrip(),
    ]
    return [Content(" ").join(parts)]


def display_lines(one: StationSeen | None) -> Content:
    """The lamp and what the display says."""
    if one is None or not one.ours:
        return Content("Lamp and display are seen here." if one is None else "Somebody else's: look there.")
    lamp = Content.styled(LAMPS[one.lamp], f"bold {_LAMP_STYLES[one.lamp]}")
    return Content("\n").join([lamp, Content(one.text)])


def station_lines(one: StationSeen, lapsing: bool) -> list[Content]:
    """What there is to see and do at an EVSE, and how time passes."""
    lapse = "leaps over what lasts" if lapsing else "passes as it does"
    time = deed("l", "Time", "lapse", lapse)
    if not one.ours:
        return [time]
    return [
        told("Pilot", ", ".join(filter(None, [f"state {one.pilot}" if one.pilot else "not seen", one.vehicle]))),
        told("CSMS", "connected" if one.online else "not connected"),
        deed("h", "Card", "do_there('swipe')", "hold it there"),
        deed("b", "Stop button", "do_there('stop-button')"),
        deed("E", "Emergency", "emergency", "button is in" if one.emergency else "button is out"),
        deed("o", "Offers", "form('offer-power')", "another power"),
        time,
    ]


def notice(one: VehicleSeen) -> Content:
    """What the vehicle asks its driver, or has said last."""
    if one.asks:
        return Content.assemble(
            (f"{one.name} asks: install the contract {one.asks}? ", "bold $warning"),
            ("[y] yes", Style.from_meta({"@click": "screen.answer('yes')"})),
            "  ",
            ("[n] no", Style.from_meta({"@click": "screen.answer('no')"})),
        )
    return Content(f"{one.name} says: {one.notices[-1]}" if one.notices else "")
