"""What a fault does to a lab: each deed registers itself with the lab's hooks before anything is built.

Its first two parameters are the lab and the instance that is meant ("" for all); the others are what a person can
choose. :mod:`simulator.faults.table` gives deeds names.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pncsim.simulator.faults import changes
from pncsim.simulator.faults.changes import body, forged, on, other_contract
from pncsim.simulator.faults.services import (
    DeadPool,
    DeadResponder,
    SlowPool,
    SlowResponder,
    Stranger,
    TamperingPool,
)
from pncsim.simulator.lab.behind.cards import KnownCards
from pncsim.simulator.lab.revocation import revoke
from pncsim.simulator.parameters import Bounds, Choices
from pncsim.tls_certs.bad import certificates as wrong
from pncsim.tls_certs.bad.certificates import wrong_credentials
from pncsim.tls_certs.bad.staples import STAPLE_FLAWS, wrong_staple
from pncsim.tls_certs.pki import create_pki
from pncsim.tls_certs.profiles import PROFILES
from pncsim.tls_certs.reading import common_name
from pncsim.wire.errors import LocalError

if TYPE_CHECKING:
    from pncsim.backend.csms.ports import Services
    from pncsim.ev.contracts import Contract
    from pncsim.simulator.lab.lab import Lab
    from pncsim.simulator.lab.plug_in import PlugIn, Subject
    from pncsim.wire.credentials import Credentials
    from pncsim.wire.v2g import iso2

MONTH = 30 * 86_400.0


DeedForm = Callable[..., None]
"""``deed(lab, where, **chosen)`` registers with ``lab.hooks``; ``chosen``: :mod:`simulator.parameters`."""


# Forms of deeds


def vehicle_sends(name: str, change: Callable[[Any], Any]) -> DeedForm:
    """The vehicle sends ``name`` changed."""

    def deed(lab: Lab, where: str, /) -> None:
        lab.hooks.alter("vehicle", where, on(name, change))

    return deed


def station_sends(name: str, change: Callable[[Any], Any]) -> DeedForm:
    """The station sends ``name`` changed."""

    def deed(lab: Lab, where: str, /) -> None:
        lab.hooks.alter("station", where, on(name, change))

    return deed


def beforehand(subject: Subject, do: Callable[[PlugIn], Awaitable[None]]) -> DeedForm:
    """``do`` happens to each instance of ``subject`` before its first plug-in."""

    def deed(lab: Lab, where: str, /) -> None:
        lab.hooks.once(subject, where, do)

    return deed


def service(change: Callable[[Services], None]) -> DeedForm:
    """What the CSMS asks of others is not what it was."""

    async def do(plug_in: PlugIn) -> None:
        change(plug_in.back.services)

    return beforehand("csms", do)


def bundle(change: Callable[[PlugIn], Callable[[iso2.V2G_Message], iso2.V2G_Message]]) -> DeedForm:
    """Contracts from the pool arrive changed."""

    async def do(plug_in: PlugIn) -> None:
        services = plug_in.back.services
        services.pool = TamperingPool(services.pool, change(plug_in))

    return beforehand("csms", do)


# Credentials that are not what they should be


def foreign(plug_in: PlugIn, role: str) -> Credentials:
    """Credentials of ``role`` in another ecosystem, whose authorities bear the same names."""
    source = plug_in.back.pki.source.of("another ecosystem")
    other = create_pki(plug_in.clock.now(), source=source)
    if role != "contract_leaf":
        return other.credentials(role)
    return other.authority("mo_sub2").credentials(PROFILES[role], held_contract(plug_in).emaid, plug_in.clock.now())


def expired(plug_in: PlugIn, role: str) -> Credentials:
    """Credentials of ``role`` in this ecosystem that ran out a minute ago: its authorities are not much older."""
    pki, now, profile = plug_in.back.pki, plug_in.clock.now(), PROFILES[role]
    assert profile.issuer is not None
    name = held_contract(plug_in).emaid if role == "contract_leaf" else common_name(pki.certificate(role))
    return pki.authority(profile.issuer).credentials(profile, name, now, not_after=now - 60)


def held_contract(plug_in: PlugIn) -> Contract:
    """The contract the vehicle would pay with. Raises LocalError while it has none."""
    contract = plug_in.vehicle.contracts.default
    if contract is None:
        raise LocalError(
            "The vehicle has no contract yet that could be disturbed.",
            advice="Use a scenario that begins with an installed contract, such as pnc-ac.",
        )
    return contract


def shows_contract(make: Callable[[PlugIn, str], Credentials]) -> DeedForm:
    """The vehicle shows another contract than its own."""

    def deed(lab: Lab, where: str, /) -> None:
        async def do(plug_in: PlugIn) -> None:
            instead = on("PaymentDetailsReq", body(other_contract(make(plug_in, "contract_leaf"))))
            lab.alter_vehicle(plug_in.vehicle, instead)

        lab.hooks.once("vehicle", where, do)

    return deed


# What the station shows


async def staple_missing(plug_in: PlugIn) -> None:
    """The station staples nothing."""
    plug_in.station.presented.staples = ()


async def staple_stale(plug_in: PlugIn) -> None:
    """The station staples an answer that ran out a month ago."""
    held = plug_in.station.station.credentials
    assert held is not None, "a station is ready only with its certificate"
    authority = plug_in.back.pki.issuer_authority(held.leaf)
    plug_in.station.presented.staples = (authority.staple(held.leaf, plug_in.clock.now() - MONTH),)


async def station_foreign(plug_in: PlugIn) -> None:
    """The station is one of another ecosystem."""
    plug_in.station.presented.credentials = foreign(plug_in, "secc_leaf")


async def station_expired(plug_in: PlugIn) -> None:
    """The station's certificate has run out."""
    plug_in.station.presented.credentials = expired(plug_in, "secc_leaf")
    plug_in.station.presented.staples = ()


async def station_forged(plug_in: PlugIn) -> None:
    """The station's certificate was not signed by its issuer."""
    plug_in.station.presented.credentials = forged(plug_in.back.pki.credentials("secc_leaf"))
    plug_in.station.presented.staples = ()


Whose = Literal["station", "contract", "provisioning", "signer"]
ROLES: dict[str, str] = {
    "station": "secc_leaf",
    "contract": "contract_leaf",
    "provisioning": "oem_leaf",
    "signer": "cps_leaf",
}
IMPOSSIBLE: dict[str, frozenset[str]] = {
    "station": frozenset(),
    # Its profile demands no DC, and the schema has no room for more than 800 octets.
    "contract": frozenset({"wrong-domain", "no-domain", "oversized"}),
    # It is sent without its Sub-CAs, and has to sign the request.
    "provisioning": frozenset({"wrong-domain", "no-domain", "oversized", "rsa-key", "p384-key"})
    | {name for name, bad in wrong.FLAWS.items() if bad.level or bad.extra or bad.cut is not None},
    # It has to sign the contract, and the schema has no room for more than 800 octets and four certificates.
    "signer": frozenset({"oversized", "rsa-key", "p384-key"}),
}
"""What cannot be wrong with whose certificate, because it is none of its rules or cannot be sent."""


def bad_certificate(
    lab: Lab,
    where: str,
    /,
    *,
    name: Annotated[str, "What is wrong with it.", Choices(tuple(wrong.FLAWS))] = "expired",
    of: Annotated[Whose, "Whose it is."] = "station",
) -> None:
    """Somebody has a certificate chain with one thing wrong. Raises LocalError for what is :data:`IMPOSSIBLE`."""
    if name in IMPOSSIBLE[of]:
        raise LocalError(f"The {of} certificate cannot be bad in the way {name}.", advice="Choose another name or of=.")

    async def do(plug_in: PlugIn) -> None:
        bad = wrong_credentials(plug_in.back.pki, ROLES[of], name, plug_in.clock.now())
        if of == "station":
            plug_in.station.presented.credentials, plug_in.station.presented.staples = bad, ()
        elif of == "contract":
            lab.alter_vehicle(plug_in.vehicle, on("PaymentDetailsReq", body(other_contract(bad))))
        elif of == "signer":
            services = plug_in.back.services
            services.pool = TamperingPool(services.pool, changes.signed_by(bad))
        else:
            plug_in.vehicle.provisioning = bad

    lab.hooks.once("station" if of == "station" else "vehicle", where, do)


def bad_staple(
    lab: Lab,
    where: str,
    /,
    *,
    name: Annotated[str, "What is wrong with it.", Choices(tuple(STAPLE_FLAWS))] = "stale",
) -> None:
    """The station staples a bad OCSP response."""

    async def do(plug_in: PlugIn) -> None:
        held = plug_in.station.station.credentials
        assert held is not None, "a station is ready only with its certificate"
        authority = plug_in.back.pki.issuer_authority(held.leaf)
        plug_in.station.presented.staples = (wrong_staple(authority, held.leaf, name, plug_in.clock.now()),)

    lab.hooks.once("station", where, do)


def raw_value(
    lab: Lab,
    where: str,
    /,
    *,
    message: Annotated[str, "The message it is in: a request of the vehicle or a response of the station."] = (
        "SessionSetupReq"
    ),
    field: Annotated[str, "Where in it, with / between the elements."] = "EVCCID",
    value: Annotated[str, "The value, whatever the schema allows: text, a number, hexadecimal, #3."] = (
        "0000112233445566"
    ),
) -> None:
    """Vehicle or station sends a value beyond its range or length."""
    change = changes.raw_value(field, value)
    if message.endswith("Req"):
        lab.hooks.alter("vehicle", where, on(message, body(change)))
    else:
        lab.hooks.alter("station", where, on(message, changes.in_body(change)))


# What the ecosystem does to a vehicle


async def contract_revoked(plug_in: PlugIn) -> None:
    """The contract certificate is revoked at its CA."""
    await revoke(plug_in.back.parties, held_contract(plug_in), "key_compromise")


async def provisioning_revoked(plug_in: PlugIn) -> None:
    """The vehicle's provisioning certificate is revoked at its CA."""
    assert plug_in.vehicle.provisioning is not None
    await revoke(plug_in.back.parties, plug_in.vehicle.provisioning, "key_compromise")


async def contract_blocked(plug_in: PlugIn) -> None:
    """The mobility operator blocks the contract."""
    await plug_in.back.parties.block(held_contract(plug_in).emaid)


async def pool_empty(plug_in: PlugIn) -> None:
    """The pool holds no contract for the vehicle."""
    assert plug_in.vehicle.provisioning is not None
    await plug_in.back.parties.empty(common_name(plug_in.vehicle.provisioning.leaf))


# Services behind the CSMS


def contract_unknown(services: Services) -> None:
    """The mobility operator has never heard of any contract."""
    services.operator = Stranger()


def card_unknown(services: Services) -> None:
    """The CSMS knows no card any more."""
    services.tokens = KnownCards({})


def pool_dead(services: Services) -> None:
    """Nobody answers at the pool."""
    services.pool = DeadPool()


def responder_dead(services: Services) -> None:
    """Nobody answers at the responder."""
    services.revocation = DeadResponder()


Seconds = Annotated[float, "Seconds until it answers.", Bounds(0.0, 86_400.0)]
Loop = Annotated[int, "The loop message of the first session at which it happens.", Bounds(1, 1000)]


def pool_slow(lab: Lab, where: str, /, *, seconds: Seconds = 30.0) -> None:
    """The pool takes its time."""

    async def do(plug_in: PlugIn) -> None:
        services = plug_in.back.services
        services.pool = SlowPool(services.pool, plug_in.clock, seconds)

    lab.hooks.once("csms", where, do)


def responder_slow(lab: Lab, where: str, /, *, seconds: Seconds = 30.0) -> None:
    """The responder takes its time."""

    async def do(plug_in: PlugIn) -> None:
        services = plug_in.back.services
        services.revocation = SlowResponder(services.revocation, plug_in.clock, seconds)

    lab.hooks.once("csms", where, do)


# The CSMS


async def csms_dead(plug_in: PlugIn) -> None:
    """The CSMS goes away; the station notices."""
    await plug_in.back.stop_csms()
    await plug_in.station.station.wait_offline()


def csms_dies(lab: Lab, where: str, /, *, loop: Loop = 4) -> None:
    """The CSMS goes away while energy flows."""
    lab.hooks.once("csms", where, csms_dead, loop=loop)


def csms_away(
    lab: Lab,
    where: str,
    /,
    *,
    seconds: Annotated[float, "Seconds until the CSMS can be reached again.", Bounds(0.0, 86_400.0)] = 60.0,
    loop: Loop = 4,
) -> None:
    """The connection to the CSMS is lost for a while."""

    async def do(plug_in: PlugIn) -> None:
        await lab.cut_csms(seconds, plug_in.back)

    lab.hooks.once("csms", where, do, loop=loop)
