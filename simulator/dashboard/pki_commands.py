"""What can be done by hand to the PKI of a lab: revoke, expire, renew, distrust, ask about. Rows of ``COMMANDS``."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

from pncsim.simulator.parameters import did_you_mean
from pncsim.tls_certs.profiles import PROFILES
from pncsim.tls_certs.reading import common_name, der, fingerprint, issued_by, load, not_after, shown
from pncsim.tls_certs.revocation import Reason
from pncsim.wire.credentials import Credentials
from pncsim.wire.errors import LocalError
from pncsim.wire.source import SYSTEM

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from pncsim.ev.vehicle import Vehicle
    from pncsim.simulator.lab.lab import Lab
    from pncsim.tls_certs.pki import Pki

_WHOSE = (
    "A vehicle (its contract), a station, a role of the lab's PKI such as cpo_sub2, or the first digits of a "
    "certificate's SHA-256."
)
_ROOT = "A root by its role, such as v2g_root, or by the first digits of its SHA-256."
_SHORTEST = 8
"""Hex digits by which a certificate may be named."""


async def certificate_named(lab: Lab, whose: str) -> Certificate:
    """The certificate a person means. Raises LocalError where there is none."""
    from pncsim.simulator.lab.revocation import certificate_of

    pki = next(iter((await lab.region.parties()).pkis.values()))
    if whose in lab.vehicles:
        return certificate_of(lab.vehicles[whose])
    if whose in lab.stations:
        return certificate_of(lab.stations[whose])
    if whose in pki.roles:
        return pki.certificate(whose)
    if len(whose) >= _SHORTEST:
        from pncsim.simulator.dashboard.around_told import around_of

        found = [one.der for one in (await around_of(lab)).certificates if fingerprint(one.der).startswith(whose)]
        if len(found) == 1:
            return load(found[0])
    known = (*lab.vehicles, *lab.stations, *pki.roles)
    raise LocalError(f"Nobody here is called {whose!r}.", advice=did_you_mean(whose, known))


async def revoke_by_hand(
    lab: Lab,
    *,
    whose: Annotated[str, _WHOSE] = "EV-1",
    reason: Annotated[Reason, "Why, as revocation lists say it."] = "key_compromise",
) -> str:
    """Revoke a certificate of the lab's own PKI."""
    certificate = await certificate_named(lab, whose)
    await lab.revoke(certificate, reason)
    why = reason.replace("_", " ")
    return f"{shown(certificate.subject)} is revoked: {why}. The responder says so from now on."


async def ask_responder(lab: Lab, *, whose: Annotated[str, _WHOSE] = "EV-1") -> str:
    """What the lab's OCSP responder says of a certificate."""
    certificate = await certificate_named(lab, whose)
    return f"The responder says of {shown(certificate.subject)}: {await lab.status(certificate)}."


async def expire(lab: Lab, *, whose: Annotated[str, _WHOSE] = "EV-1") -> str:
    """Move the clock past the end of a certificate; everything else grows as old."""
    certificate = await certificate_named(lab, whose)
    wait = not_after(certificate) + 1 - lab.clock.now()
    if wait <= 0:
        raise LocalError(f"{shown(certificate.subject)} has expired already.")
    lab.clock.jump(wait)
    return f"{shown(certificate.subject)} has expired: it is {lab.clock.utc():%Y-%m-%d %H:%M} UTC in the lab."


async def renew_by_hand(
    lab: Lab,
    *,
    whose: Annotated[str, _WHOSE] = "EV-1",
    new_key: Annotated[
        bool, "A vehicle's own certificate gets another key, too; what was packed for the old one goes."
    ] = False,
) -> str:
    """Have one certified anew: a station by its CSMS, a contract by its operator, an authority, cps_leaf, a vehicle."""
    if whose in lab.stations:
        await lab.ask_to_recertify(lab.stations[whose])
        return f"{whose} was asked to get a new V2G certificate: it has it once lab time goes on."
    ecosystem = await lab.region.ecosystem()
    if whose in lab.vehicles:
        emaid = shown((await certificate_named(lab, whose)).subject)
        await ecosystem.desks.of(emaid[:5]).renew(emaid)
        return f"Contract {emaid} has a new certificate, which waits in the contract pool."
    if whose == "cps_leaf":
        await ecosystem.renew_signers(lasts=math.inf)
        return "The provisioning service signs with a new certificate; what waits in the contract pool is signed again."
    if whose in ecosystem.pki.roles and PROFILES[whose].ca:
        renewed = await ecosystem.renew_authority(whose)
        ends = f"{renewed.not_valid_after_utc:%Y-%m-%d}"
        return f"{shown(renewed.subject)} is certified anew, until {ends}; it keeps its key."
    certificate = await certificate_named(lab, whose)
    for vehicle in lab.vehicles.values():
        if vehicle.provisioning is not None and vehicle.provisioning.leaf == certificate:
            return await _renew_vehicle(lab, vehicle, vehicle.provisioning, new_key=new_key)
    raise LocalError(
        f"{whose} cannot be certified anew from here.",
        advice="Name a vehicle (its contract), its own certificate, a station, cps_leaf or an authority by its role.",
    )


async def _renew_vehicle(lab: Lab, vehicle: Vehicle, old: Credentials, *, new_key: bool) -> str:
    """Give a vehicle another provisioning certificate (CharIN 2.1.1.2.3): it fetches it at its next call, where it can
    call its manufacturer; else it is put in, and published where the old one was."""
    pcid = common_name(old.leaf)
    kept = "another key" if new_key else "the same key"
    if lab.plant is not None and vehicle.name in lab.plant.made:
        made = lab.plant.made[vehicle.name]
        asked = await made.oem.post(f"{made.place}/renewal", {"newKey": new_key})
        if asked.status != 201 or await made.visit() != [("renew", True)] or made.certificate == old.leaf:
            raise LocalError(f"{vehicle.name} was told to renew its certificate and did not: {asked.said}")
        return f"{vehicle.name} has fetched a new provisioning certificate for {pcid}, with {kept}; it is published."
    from pncsim.backend.pcp.store import VEHICLES, vehicle_key

    ecosystem = await lab.region.ecosystem()
    name = next((name for name, pki in ecosystem.pkis.items() if _issues(pki, old.leaf)), None)
    if name is None:
        raise LocalError(f"The provisioning certificate of {vehicle.name} was issued by nobody here.")
    key = SYSTEM.key(old.key.curve) if new_key else old.key
    chain = await ecosystem.authorities[name].issue_provisioning(pcid, key.public_key())
    vehicle.provisioning = Credentials(chain, key)
    published = await ecosystem.store.of(VEHICLES).get(vehicle_key(pcid)) is not None
    if published:
        await (await lab.region.parties()).publish(vehicle)
    told = "; it is published" if published else ""
    return f"{vehicle.name} has a new provisioning certificate for {pcid}, with {kept}{told}."


def _issues(pki: Pki, certificate: Certificate) -> bool:
    return any(issued_by(certificate, authority.certificate) for authority in pki.authorities())


async def remove_root(
    lab: Lab,
    *,
    whose: Annotated[str, _ROOT] = "v2g_root",
    purge: Annotated[bool, "It is compromised: what stands below it goes out of all pools at once."] = False,
) -> str:
    """Take a root out of the root pool."""
    from pncsim.backend.rcp.store import root_id

    certificate = await certificate_named(lab, whose)
    ecosystem = await lab.region.ecosystem()
    await ecosystem.roots.remove(root_id(fingerprint(der(certificate))), purge=purge, by="the dashboard")
    gone = " What stands below it has left the pools." if purge else ""
    return f"{shown(certificate.subject)} is no longer in the root pool.{gone}"


async def renew_authorities(lab: Lab) -> str:
    """Renew whatever issues or signs and ends within its time."""
    await lab.renew_authorities()
    return "What issues or signs and ends within its time has been renewed."
