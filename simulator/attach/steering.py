"""What a dashboard may ask of a process that runs alone: commands by name, and what stopping means there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Struct

from pncsim.simulator.dashboard.lab_commands import LabCommand
from pncsim.simulator.lab.back_end import CARD
from pncsim.simulator.parameters import Bounds, did_you_mean
from pncsim.tls_certs.revocation import Reason
from pncsim.wire.errors import LocalError

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from pncsim.ev.wheel import Wheel
    from pncsim.secc.charge_point import ChargePoint
    from pncsim.simulator.serving import Served


class Steering(Struct, frozen=True):
    """``commands`` as in a lab. ``stop(on)`` asks whoever charges to stop, and answers what was asked, "" if nobody
    charges; ``quiet(on)`` returns once nobody does any more.
    """

    commands: Mapping[str, LabCommand]
    stop: Callable[[Any], Coroutine[Any, Any, str]]
    quiet: Callable[[Any], Coroutine[Any, Any, None]]


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


# Services


_ROLE = "A role of the PKI served here, such as cpo_sub2."


def _certificate(house: Served, role: str) -> Certificate:
    """The certificate of a role. Raises LocalError."""
    pki = house.ecosystem.pki
    if role not in pki.certificates:
        raise LocalError(f"The PKI here has no {role!r}.", advice=did_you_mean(role, pki.certificates))
    return pki.certificate(role)


async def _revoke(
    house: Served,
    *,
    whose: Annotated[str, _ROLE] = "contract_leaf",
    reason: Annotated[Reason, "Why, as revocation lists say it."] = "key_compromise",
) -> str:
    from pncsim.backend.pki.authorities import Authorities

    certificate = _certificate(house, whose)
    if not await Authorities(house.ecosystem.authorities.values()).revoke_certificate(certificate, reason):
        raise LocalError(f"{whose} was issued by nobody here, and its issuer alone can revoke it.")
    return f"{whose} is revoked: {reason.replace('_', ' ')}. The responder says so from now on."


async def _status(house: Served, *, whose: Annotated[str, _ROLE] = "contract_leaf") -> str:
    from pncsim.simulator.lab.around import issuer_in

    certificate = _certificate(house, whose)
    issuer = issuer_in(house.ecosystem.pkis.values(), certificate)
    return f"The responder says of {whose}: {(await house.ecosystem.ocsp.of(certificate, issuer)).status}."


async def _renew(house: Served) -> str:
    await house.ecosystem.renew_certificates()
    return "What issues or signs and ends within its time has been renewed."


async def _move_clock(
    house: Served, *, hours: Annotated[float, "Hours that are to pass at once.", Bounds(0, 24 * 3660)] = 1.0
) -> str:
    if house.clock is None:
        raise LocalError("The time of these services is not to be moved.", advice="Start them with --test-controls.")
    house.clock.jump(hours * 3600)
    return f"It is {house.clock.utc():%Y-%m-%d %H:%M} UTC here."


async def _nobody(on: object) -> str:
    return ""


async def _at_once(on: object) -> None:
    """There is nothing to wait for."""


_CLOCK = {"move-clock": LabCommand("Move the services' clock forward", _move_clock)}
_PKI = {
    "revoke": LabCommand("Revoke a certificate of the PKI", _revoke),
    "ocsp-status": LabCommand("Ask the responder about a certificate", _status),
    "renew-authorities": LabCommand("Renew the authorities and signers that end within their time", _renew),
}

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
    "serve-ecosystem": Steering(_PKI | _CLOCK, _nobody, _at_once),
    "serve-pki": Steering(_PKI | _CLOCK, _nobody, _at_once),
    "serve-pools": Steering(_CLOCK, _nobody, _at_once),
}
"""What is understood, by the kind of process; what has no row is :data:`ONLY_WATCHED`."""


def steering_of(kind: str) -> Steering:
    """What a process of that kind understands."""
    return STEERINGS.get(kind, ONLY_WATCHED)
