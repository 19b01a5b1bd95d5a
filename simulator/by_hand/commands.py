"""What a person does in a lab that is played by hand, by name: a row is an async function of the hand."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Literal

from pncsim.simulator.parameters import Bounds, Secret
from pncsim.wire.errors import LocalError

if TYPE_CHECKING:
    from pncsim.simulator.by_hand.hand import Hand

_Vehicle = Annotated[str, "The vehicle, as in EV-2; empty: the first."]
_Place = Annotated[str, "The station or its EVSE, as in CS001/2; empty: the first."]
_Emaid = Annotated[str, "The contract."]


# Vehicles


async def _plug_in(hand: Hand, *, vehicle: _Vehicle = "", at: _Place = "") -> str:
    return await hand.plug_in(vehicle, at)


async def _unplug(hand: Hand, *, vehicle: _Vehicle = "") -> str:
    return await hand.seat(vehicle).unplug()


async def _stop(hand: Hand, *, vehicle: _Vehicle = "") -> str:
    return hand.seat(vehicle).stop()


async def _pause(hand: Hand, *, vehicle: _Vehicle = "") -> str:
    return hand.seat(vehicle).stop(pause=True)


async def _leave(hand: Hand, *, vehicle: _Vehicle = "") -> str:
    return hand.seat(vehicle).leave()


async def _plug_and_charge(
    hand: Hand, *, vehicle: _Vehicle = "", on: Annotated[bool, "Whether a contract pays."] = True
) -> str:
    seat = hand.seat(vehicle)
    seat.screen.plug_and_charge(on)
    return f"{seat.vehicle.name}: Plug & Charge is {'on' if on else 'off, a card pays'}."


async def _installation(
    hand: Hand,
    *,
    vehicle: _Vehicle = "",
    when: Annotated[
        Literal["never", "if-needed", "always"], "When the vehicle asks a station for a contract."
    ] = "if-needed",
) -> str:
    return hand.seat(vehicle).installs(when)


async def _ask_first(
    hand: Hand, *, vehicle: _Vehicle = "", on: Annotated[bool, "Whether the driver is asked first."] = True
) -> str:
    seat = hand.seat(vehicle)
    seat.wallet.asks_first = on
    return f"{seat.vehicle.name} {'asks before it keeps' if on else 'keeps'} a contract."


async def _answer(
    hand: Hand, *, vehicle: _Vehicle = "", yes: Annotated[bool, "Whether the contract is wanted."] = True
) -> str:
    return hand.seat(vehicle).wallet.answer(yes)


async def _wish(
    hand: Hand, *, vehicle: _Vehicle = "", kwh: Annotated[float, "Energy wanted in the next session, in kWh."] = 1.0
) -> str:
    return hand.seat(vehicle).wish(kwh)


async def _become(
    hand: Hand,
    *,
    vehicle: _Vehicle = "",
    car: Annotated[str, "A car of `pnc list --vehicles`, or a file; empty: as ours."] = "",
    current: Annotated[Literal["ac", "dc"], "Alternating or direct current."] = "ac",
) -> str:
    return hand.seat(vehicle).become(car, current)


# Contracts, behind the PIN


async def _unlock(
    hand: Hand, *, vehicle: _Vehicle = "", pin: Annotated[str, "The driver's PIN: 1234 in a lab.", Secret()] = ""
) -> str:
    return await hand.seat(vehicle).wallet.unlock(pin)


async def _lock(hand: Hand, *, vehicle: _Vehicle = "") -> str:
    return hand.seat(vehicle).wallet.lock()


async def _look(hand: Hand, *, vehicle: _Vehicle = "") -> str:
    return await hand.seat(vehicle).wallet.look()


async def _subscribe(
    hand: Hand,
    *,
    vehicle: _Vehicle = "",
    operator: Annotated[str, "The provider id of the mobility operator; empty: the first."] = "",
) -> str:
    return await hand.subscribe(vehicle, operator)


async def _install(hand: Hand, *, vehicle: _Vehicle = "", emaid: _Emaid = "") -> str:
    return await hand.seat(vehicle).wallet.install(emaid)


async def _refuse(hand: Hand, *, vehicle: _Vehicle = "", emaid: _Emaid = "") -> str:
    return await hand.seat(vehicle).wallet.refuse(emaid)


async def _choose(hand: Hand, *, vehicle: _Vehicle = "", emaid: _Emaid = "") -> str:
    return hand.seat(vehicle).wallet.choose(emaid)


async def _uninstall(hand: Hand, *, vehicle: _Vehicle = "", emaid: _Emaid = "") -> str:
    return await hand.seat(vehicle).wallet.uninstall(emaid)


# Stations


async def _swipe(hand: Hand, *, at: _Place = "", card: Annotated[str, "The card; empty: the lab's."] = "") -> str:
    site, evse = await hand.evse(at)
    card = card or (await hand.open()).card
    site.station.present(card, evse=evse.number)
    return f"{card} is held to {site.station.config.identity}/{evse.number}."


async def _stop_button(hand: Hand, *, at: _Place = "") -> str:
    site, evse = await hand.evse(at)
    if evse.engine is None:
        raise LocalError(f"No vehicle is in a session at {site.station.config.identity}/{evse.number}.")
    evse.request_stop()
    return f"{site.station.config.identity}/{evse.number} asks its vehicle to stop."


async def _emergency(
    hand: Hand, *, at: _Place = "", pressed: Annotated[bool, "Pressed, or pulled out again."] = True
) -> str:
    site, evse = await hand.evse(at)
    if pressed:
        hand.broken_at(evse, site)
    evse.emergency(pressed)
    return f"The emergency button of {site.station.config.identity}/{evse.number} is {'in' if pressed else 'out'}."


async def _power(
    hand: Hand,
    *,
    at: _Place = "",
    kilowatts: Annotated[float, "The most the vehicle may draw from now on.", Bounds(0, 1000)] = 6.0,
) -> str:
    site, evse = await hand.evse(at)
    evse.request_renegotiation(((0, kilowatts * 1000),))
    return f"{site.station.config.identity}/{evse.number} offers {kilowatts:g} kW, and asks to renegotiate."


# The lab


async def _lapse(hand: Hand, *, on: Annotated[bool, "Whether what lasts is leapt over."] = True) -> str:
    lab = await hand.open()
    if on and (hand.guests or any(plan.foreign for plan in lab.plan.stations)):
        raise LocalError("Somebody else's device takes part, whose time cannot be leapt over.")
    lab.clock.leaps = on
    for seat in hand.seats.values():
        # Whoever waits in the old way would hold up everybody who leaps.
        seat.wheel.hurry()
    return "What lasts is leapt over." if on else "Time passes as it does."


DEEDS: dict[str, tuple[str, Callable[..., Awaitable[object]]]] = {
    "plug-in": ("Plug a vehicle in, or begin another session", _plug_in),
    "unplug": ("Pull a vehicle's plug", _unplug),
    "stop": ("Let a vehicle stop its session", _stop),
    "pause": ("Let a vehicle pause its session", _pause),
    "emergency-stop": ("Let a vehicle end its session at once", _leave),
    "plug-and-charge": ("Let a contract pay, or a card", _plug_and_charge),
    "installation-mode": ("When a vehicle asks a station for a contract", _installation),
    "ask-driver": ("Whether a driver is asked before a contract is kept", _ask_first),
    "answer": ("A driver's word on the contract that has arrived", _answer),
    "energy": ("The energy a driver wants", _wish),
    "car": ("What car a vehicle is like", _become),
    "unlock": ("Show a vehicle's contracts to who knows the PIN", _unlock),
    "lock": ("Put the contracts behind the PIN again", _lock),
    "look": ("Look what waits for a vehicle", _look),
    "subscribe": ("Conclude a contract for a vehicle", _subscribe),
    "install": ("Approve a contract that waits, and have it come by telematics", _install),
    "refuse": ("Refuse a contract that waits", _refuse),
    "choose": ("Make a contract the default", _choose),
    "uninstall": ("Remove a contract from a vehicle", _uninstall),
    "swipe": ("Hold a card to a station", _swipe),
    "stop-button": ("Push a station's stop button", _stop_button),
    "emergency-button": ("Push a station's emergency button, or pull it out", _emergency),
    "offer-power": ("Let a station offer another power", _power),
    "time-lapse": ("Leap over what lasts, or let time pass", _lapse),
}
"""Every deed by name: what it is, and what does it."""
