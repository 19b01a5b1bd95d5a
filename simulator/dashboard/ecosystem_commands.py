"""What manufacturers, operators and drivers do with a lab's services by hand. Rows of ``COMMANDS``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pncsim.simulator.parameters import did_you_mean
from pncsim.wire.errors import LocalError

if TYPE_CHECKING:
    from pncsim.backend.ecosystem import Ecosystem
    from pncsim.backend.mo.customers import Customers
    from pncsim.ev.vehicle import Vehicle
    from pncsim.simulator.lab.lab import Lab

_VEHICLE = Annotated[str, "The vehicle, as in EV-2; empty: the first."]
_EMAID = Annotated[str, "The contract; empty: the only one there is."]
_MOST = 2
"""Contracts looked at where none is named: of two nobody knows which is meant."""


async def publish_vehicle(lab: Lab, *, vehicle: _VEHICLE = "") -> str:
    """The manufacturer publishes the provisioning certificate of a vehicle."""
    pcid = await (await lab.region.parties()).publish(_vehicle(lab, vehicle))
    return f"{pcid} is in the provisioning pool."


async def conclude_contract(
    lab: Lab,
    *,
    vehicle: _VEHICLE = "",
    driver: Annotated[str, "Who concludes it."] = "the driver",
    operator: Annotated[str, "Country and provider id, as in DE8AA; empty: the first operator."] = "",
    by_service: Annotated[bool, "The contract service issues it, below the V2G root."] = False,
    renews: Annotated[bool, "New certificates come without being asked for."] = False,
) -> str:
    """A driver subscribes; the operator issues the contract, which waits in the contract pool then."""
    car = _vehicle(lab, vehicle)
    if car.provisioning is None:
        raise LocalError(f"{car.name} has no provisioning certificate: nothing can be packed for it.")
    from pncsim.tls_certs.reading import common_name

    ecosystem = await lab.region.ecosystem()
    if by_service:
        await _open_contract_service(ecosystem, lab.clock.now())
    desk = ecosystem.desks.of(operator or ecosystem.mo.provider)
    pcid = common_name(car.provisioning.leaf)
    contract = await desk.conclude(driver, pcid, renews=renews, by_service=by_service)
    return f"{driver} has contract {contract.emaid}; it waits for {car.name} in the contract pool."


async def renew_contract(lab: Lab, *, emaid: _EMAID = "") -> str:
    """The operator issues a new certificate for a contract, which waits in the contract pool then."""
    desk, name = await _desk(lab, emaid)
    contract = await desk.renew(name)
    return f"Contract {contract.emaid} has a new certificate, which waits in the contract pool."


async def end_contract(lab: Lab, *, emaid: _EMAID = "") -> str:
    """The driver leaves: the contract is revoked, refused from now on, and out of the contract pool."""
    desk, name = await _desk(lab, emaid)
    contract = await desk.unsubscribe(name)
    return f"Contract {contract.emaid} has ended: it is revoked, and out of the contract pool."


async def hear_events(
    lab: Lab,
    *,
    who: Annotated[Literal["OEM", "MO", "CPO", "CPS"], "Who wants to hear of them."] = "MO",
    url: Annotated[str, "Where they are sent; empty: to where the lab's own parties receive theirs."] = "",
) -> str:
    """Ask for all events that concern somebody."""
    from typing import get_args

    from pncsim.backend.webhooks.types import EventType

    caller = await lab.caller(who)
    await caller.listen(*get_args(EventType), url=url)
    return f"{who} hears of all events that concern it from now on{f', at {url}' if url else ''}."


def _vehicle(lab: Lab, name: str) -> Vehicle:
    known = lab.vehicles
    if name in known:
        return known[name]
    if not name and known:
        return next(iter(known.values()))
    said = f"This lab has no vehicle {name!r}." if known else "This lab has no vehicle yet."
    raise LocalError(said, advice=did_you_mean(name, known) if known else "F6 goes on until one is plugged in.")


async def _open_contract_service(ecosystem: Ecosystem, now: float) -> None:
    """Have Sub-CAs that issue contracts below the V2G root, which no PKI has from the start."""
    from pncsim.tls_certs.pki import add_authorities
    from pncsim.tls_certs.profiles import CONTRACT_SERVICE_PROFILES

    for role in add_authorities(ecosystem.pki, CONTRACT_SERVICE_PROFILES, now):
        ecosystem.ocsp.learn(ecosystem.pki.certificate(role))


async def _desk(lab: Lab, emaid: str) -> tuple[Customers, str]:
    """The desk of the operator of a contract, and which contract. Raises LocalError where it is not clear."""
    ecosystem = await lab.region.ecosystem()
    if not emaid:
        page = await ecosystem.desks.page(None, limit=_MOST)
        if len(page.values) != 1:
            how = "several contracts" if page.values else "no contract"
            raise LocalError(f"The operators have {how}.", advice="Name one, by its EMAID.")
        emaid = page.values[0].emaid
    return ecosystem.desks.of(emaid[:5]), emaid
