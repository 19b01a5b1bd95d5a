"""What a dashboard may ask of a process that runs alone: commands by name, and what stopping means there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Struct

from pncsim.simulator.attach.services import OF_CLOCK, OF_OPERATORS, OF_PKI, OF_POOLS, LookAtServices
from pncsim.simulator.dashboard.lab_commands import LabCommand
from pncsim.simulator.dashboard.reports import AroundTold
from pncsim.simulator.lab.behind.cards import CARD
from pncsim.wire.errors import LocalError

if TYPE_CHECKING:
    from pncsim.ev.wheel import Wheel
    from pncsim.secc.charge_point import ChargePoint


LookAround = Callable[[Any, float], Coroutine[Any, Any, AroundTold | None]]


class Steering(Struct, frozen=True):
    """``commands`` as in a lab. ``stop(on)`` asks whoever charges to stop, and answers what was asked, "" if nobody
    charges; ``quiet(on)`` returns once nobody does any more. ``around()`` makes what tells of PKI and services: called
    with ``on`` and lab time it answers None while they are built up anew. Without it nothing of these is known there.
    """

    commands: Mapping[str, LabCommand]
    stop: Callable[[Any], Coroutine[Any, Any, str]]
    quiet: Callable[[Any], Coroutine[Any, Any, None]]
    around: Callable[[], LookAround] | None = None


# A station


async def _stop_charging(site: ChargePoint) -> str:
    asked = [evse for evse in site.evses if evse.engine is not None]
    for evse in asked:
        evse.request_stop()
    return f"The vehicle at EVSE {' and '.join(str(evse.number) for evse in asked)} is asked to stop." if asked else ""


async def _stop_button(site: ChargePoint) -> str:
    return await _stop_charging(site) or "Nobody charges."


async def _show_card(site: ChargePoint, *, card: Annotated[str, "Number of the card."] = CARD) -> str:
    site.station.present(card, evse=1)
    return f"The card {card} is shown at EVSE 1."


async def _restart(site: ChargePoint) -> str:
    for evse in site.evses:
        evse.restart()
    return "What went on has ended, and the next vehicle is waited for."


async def _idle(site: ChargePoint) -> None:
    await site.idle()


# A vehicle


async def _stop(wheel: Wheel) -> str:
    return _in_session(wheel.stop(), "The vehicle stops charging.")


async def _pause(wheel: Wheel) -> str:
    return _in_session(wheel.stop(pause=True), "The vehicle pauses its session, which ends this run of it.")


async def _emergency_stop(wheel: Wheel) -> str:
    return _in_session(wheel.leave(), "The vehicle has ended its session at once.")


def _in_session(done: bool, said: str) -> str:
    if not done:
        raise LocalError("The vehicle is in no session.")
    return said


async def _stop_if_charging(wheel: Wheel) -> str:
    return "The vehicle stops charging." if wheel.stop() else ""


async def _with_its_session(wheel: Wheel) -> None:
    """A vehicle alone ends by itself when its session does."""
    await asyncio.get_running_loop().create_future()


# Services (:mod:`services`)


async def _nobody(on: object) -> str:
    return ""


async def _at_once(on: object) -> None:
    """There is nothing to wait for."""


ONLY_WATCHED = Steering({}, _nobody, _at_once)
"""What can be seen, and asked nothing but to end."""

STEERINGS: Mapping[str, Steering] = {
    "secc": Steering(
        {
            "stop-charging": LabCommand("Ask the vehicle to stop, as the station's button does", _stop_button),
            "show-card": LabCommand("Hold a card to the station", _show_card),
            "restart-evses": LabCommand("Restart the EVSEs: what goes on ends without a word to the vehicle", _restart),
        },
        _stop_charging,
        _idle,
    ),
    "ev": Steering(
        {
            "stop-charging": LabCommand("Let the vehicle stop its session", _stop),
            "pause": LabCommand("Let the vehicle pause its session", _pause),
            "emergency-stop": LabCommand("Let the vehicle end its session at once", _emergency_stop),
        },
        _stop_if_charging,
        _with_its_session,
    ),
    "serve-ecosystem": Steering(OF_PKI | OF_POOLS | OF_OPERATORS | OF_CLOCK, _nobody, _at_once, LookAtServices),
    "serve-pki": Steering(OF_PKI | OF_CLOCK, _nobody, _at_once, LookAtServices),
    "serve-pools": Steering(OF_POOLS | OF_CLOCK, _nobody, _at_once, LookAtServices),
}
"""What is understood, by the kind of process; what has no row is :data:`ONLY_WATCHED`."""


def steering_of(kind: str) -> Steering:
    """What a process of that kind understands."""
    return STEERINGS.get(kind, ONLY_WATCHED)
