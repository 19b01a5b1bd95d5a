"""The screen on which a lab is played by hand: how it looks, and that every key on it asks for what it says."""

from __future__ import annotations

import pytest
from accepted_screens import Accepted
from screens import SIZES, dashboard
from seen_runs import PlayedBack
from textual.binding import Binding

from pncsim.simulator.by_hand.commands import DEEDS
from pncsim.simulator.by_hand.seen import NAME, ContractSeen, HandSeen, StationSeen, VehicleSeen
from pncsim.simulator.dashboard.lab_commands import LabCommand, hello_of
from pncsim.simulator.dashboard.reports import DoInLab, HandTold, LabReport, RunBegan, RunEnded, StartRun, StopRun
from pncsim.simulator.dashboard.screens.by_hand import ByHandScreen
from pncsim.simulator.result import RunResult

HELLO = hello_of("lab", "1", {name: LabCommand(*deed) for name, deed in DEEDS.items()})
BEGAN = RunBegan(run="by-hand-1", scenario=NAME, transport="loopback", started=1_767_225_600.0)
HELD = ContractSeen(emaid="DEPNCC00000001A", where="in the vehicle", default=True, ends=1.8e9, issuer="MO Sub-CA 2")
WAITS = ContractSeen(emaid="DEPNCC0A34MHKHM", where="waits for approval")
IDLE = VehicleSeen(name="EV-1", soc=40.0, wish_wh=1000.0, telematics=True)
FREE = StationSeen(place="CS001/1", text="Plug in, please.", pilot="A")
CHARGING = VehicleSeen(
    name="EV-1",
    at="CS001/1",
    plugged=True,
    in_session=True,
    doing="charging",
    soc=41.2,
    watts=11_040.0,
    energy_wh=420.0,
    open=True,
    contracts=(HELD, WAITS),
    notices=("A contract waits for this vehicle.",),
)
BUSY = StationSeen(
    place="CS001/1", lamp="charging", text="Charging with 11.0 kW, 0.420 kWh until now.", pilot="C", vehicle="EV-1"
)


def hand(vehicle: VehicleSeen = IDLE, station: StationSeen = FREE, *, lapse: bool = False) -> list[LabReport]:
    """A lab that is played by hand, with these first and one of each besides."""
    others = VehicleSeen(name="EV-2", ours=False, doing="not here"), StationSeen(place="CS002", ours=False)
    return [HELLO, BEGAN, HandTold(HandSeen(vehicles=(vehicle, others[0]), stations=(station, others[1]), lapse=lapse))]


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("how", ["closed", "free", "charging"])
async def test_the_screen_for_playing_by_hand_looks_as_it_was_accepted(
    how: str, size: tuple[int, int], accepted: Accepted
) -> None:
    reports = {"closed": [], "free": hand(), "charging": hand(CHARGING, BUSY)}[how]
    async with dashboard(PlayedBack(*reports), size) as seen:
        await seen.press("5")
        accepted(f"by-hand-{how}-{size[0]}x{size[1]}", seen.text)


async def test_a_lab_is_opened_with_the_faults_that_are_chosen_and_left() -> None:
    source = PlayedBack()
    async with dashboard(source) as seen:
        seen.app.layout_kept.faults = ["contract-revoked"]
        await seen.press("5", "p")
        assert seen.last == "No lab is open: F5 opens one." and not source.asked
        await seen.press("f5")
        assert source.asked == [StartRun(scenario=NAME, transport="loopback", faults=("contract-revoked",), id=1)]
        source.reports += hand()
        await seen.tick()
        assert "Plug in, please." in seen.text and "FREE" in seen.text
        await seen.press("f8")
        assert source.asked[1:] == [StopRun(id=2)]
        source.reports.append(RunEnded(RunResult(NAME, "loopback")))
        await seen.tick()
        assert "No lab is open." in seen.text


EV, AT = {"vehicle": "EV-1"}, {"at": "CS001/1"}
KEYS = {
    "p": ("plug-in", EV | AT),
    "u": ("unplug", EV),
    "x": ("stop", EV),
    "z": ("pause", EV),
    "exclamation_mark": ("emergency-stop", EV),
    "c": ("plug-and-charge", EV | {"on": "no"}),
    "i": ("installation-mode", EV | {"when": "always"}),
    "a": ("ask-driver", EV | {"on": "no"}),
    "y": ("answer", EV | {"yes": "yes"}),
    "n": ("answer", EV | {"yes": "no"}),
    "h": ("swipe", AT),
    "b": ("stop-button", AT),
    "E": ("emergency-button", AT | {"pressed": "yes"}),
    "l": ("time-lapse", {"on": "yes"}),
    "d": ("lock", EV),
    "s": ("subscribe", EV),
    "r": ("look", EV),
    "enter": ("choose", EV | {"emaid": HELD.emaid}),
    "plus": ("install", EV | {"emaid": HELD.emaid}),
    "minus": ("refuse", EV | {"emaid": HELD.emaid}),
    "delete": ("uninstall", EV | {"emaid": HELD.emaid}),
}


async def test_each_key_does_what_stands_beside_it_to_the_vehicle_or_station_that_is_shown() -> None:
    source = PlayedBack(*hand(CHARGING, BUSY))
    async with dashboard(source) as seen:
        await seen.press("5", *KEYS)
        asked = [(one.command, one.arguments) for one in source.asked if isinstance(one, DoInLab)]
        assert asked == list(KEYS.values())
        assert {name for name, _ in asked} | {"energy", "car", "offer-power", "unlock"} == set(DEEDS)
        source.asked.clear()
        await seen.press("v", "f", "p")
        assert "somebody else's" in seen.text
        assert source.asked == [DoInLab("plug-in", {"vehicle": "EV-2", "at": "CS002"}, id=len(KEYS) + 1)]


async def test_what_has_to_be_typed_is_asked_for_and_a_pin_is_neither_seen_nor_remembered() -> None:
    source = PlayedBack(*hand())
    async with dashboard(source) as seen:
        await seen.press("5", "w")
        await seen.type("12.5")
        await seen.press("enter", "d")
        await seen.type("1234")
        assert "••••" in seen.text and "••••" not in seen.last
        await seen.press("enter", "d")
        assert "•" not in seen.text, "it has to be typed again"
        await seen.press("escape", "w")
        assert "12.5" in seen.text
        typed = [(one.command, one.arguments) for one in source.asked if isinstance(one, DoInLab)]
        assert typed == [("energy", EV | {"kwh": "12.5"}), ("unlock", EV | {"pin": "1234"})]


async def test_who_takes_part_is_chosen_before_a_lab_is_opened() -> None:
    source = PlayedBack()
    async with dashboard(source, (160, 50)) as seen:
        await seen.press("5", "O", *["tab"] * 5)
        await seen.type("vehicle")
        await seen.press("enter", "f5")
        assert source.asked == [StartRun(scenario=NAME, transport="loopback", options={"theirs": "vehicle"}, id=1)]


async def test_a_question_of_the_vehicle_stands_on_the_screen_with_the_keys_that_answer_it() -> None:
    asking = VehicleSeen(name="EV-1", plugged=True, in_session=True, doing="agreeing with the station", asks="DEPNC")
    async with dashboard(PlayedBack(*hand(asking, BUSY))) as seen:
        await seen.press("5")
        assert "EV-1 asks: install the contract DEPNC? [y] yes  [n] no" in seen.text


async def test_every_key_of_the_screen_is_in_its_help() -> None:
    async with dashboard(PlayedBack(*hand()), (160, 50)) as seen:
        await seen.press("5", "question_mark")
        shown = seen.text
        for _ in range(3):
            await seen.press("pagedown")
            shown += seen.text
        view = seen.app.view
        assert isinstance(view, ByHandScreen)
        told = [one.tooltip or one.description for one in ByHandScreen.BINDINGS if isinstance(one, Binding)]
        assert [what for what in told if what not in shown] == []
