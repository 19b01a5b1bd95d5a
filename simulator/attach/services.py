"""Services that run alone, seen and steered: what they keep, and what is done to their PKI, pools and clock by hand."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

from pncsim.simulator.dashboard.lab_commands import LabCommand
from pncsim.simulator.dashboard.reports import AroundTold
from pncsim.simulator.parameters import Bounds, did_you_mean
from pncsim.tls_certs.revocation import Reason
from pncsim.wire.errors import LocalError

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from pncsim.simulator.serving.standing import Served
    from pncsim.wire.clock import Clock

_WHOSE = "A role of the PKI served here, such as cpo_sub2, or the first digits of a certificate's SHA-256."
_SHORTEST = 8
"""Hex digits by which a certificate may be named."""


class LookAtServices:
    """Tells of their PKI and of what they keep; one for each who looks again and again."""

    def __init__(self) -> None:
        from pncsim.simulator.dashboard.pools_told import DeliveryLog

        self._log = DeliveryLog()

    async def __call__(self, house: Served, now: float) -> AroundTold | None:
        """As it is at lab time ``now``; None while they are built up anew."""
        from pncsim.simulator.dashboard.holders import Holders
        from pncsim.simulator.dashboard.pools_told import kept_by

        if not house.stands:
            return None
        found, ecosystem = Holders(), house.ecosystem
        for name, pki in ecosystem.pkis.items():
            found.of_pki(name, pki)
        return await kept_by(ecosystem, found, now, self._log)


async def _certificate(house: Served, whose: str) -> Certificate:
    """The certificate a person means. Raises LocalError."""
    from pncsim.tls_certs.reading import fingerprint, load

    pki = house.ecosystem.pki
    if whose in pki.certificates:
        return pki.certificate(whose)
    if len(whose) >= _SHORTEST:
        told = await LookAtServices()(house, 0.0)
        known = () if told is None else told.certificates
        found = [one.der for one in known if fingerprint(one.der).startswith(whose)]
        if len(found) == 1:
            return load(found[0])
    raise LocalError(f"The PKI here has no {whose!r}.", advice=did_you_mean(whose, pki.certificates))


async def _revoke(
    house: Served,
    *,
    whose: Annotated[str, _WHOSE] = "contract_leaf",
    reason: Annotated[Reason, "Why, as revocation lists say it."] = "key_compromise",
) -> str:
    from pncsim.backend.pki.authorities import Authorities

    certificate = await _certificate(house, whose)
    if not await Authorities(house.ecosystem.authorities.values()).revoke_certificate(certificate, reason):
        raise LocalError(f"{whose} was issued by nobody here, and its issuer alone can revoke it.")
    return f"{whose} is revoked: {reason.replace('_', ' ')}. The responder says so from now on."


async def _status(house: Served, *, whose: Annotated[str, _WHOSE] = "contract_leaf") -> str:
    from pncsim.simulator.lab.around import issuer_in

    certificate = await _certificate(house, whose)
    issuer = issuer_in(house.ecosystem.pkis.values(), certificate)
    return f"The responder says of {whose}: {(await house.ecosystem.ocsp.of(certificate, issuer)).status}."


async def _renew(house: Served, *, whose: Annotated[str, "cps_leaf, or an authority by its role."] = "cps_leaf") -> str:
    from pncsim.tls_certs.profiles import PROFILES

    ecosystem = house.ecosystem
    if whose == "cps_leaf":
        await ecosystem.renew_signers(lasts=math.inf)
        return "The provisioning service signs with a new certificate; what waits in the contract pool is signed again."
    if whose not in ecosystem.pki.roles or not PROFILES[whose].ca:
        raise LocalError(f"{whose} cannot be certified anew from here.", advice="Name cps_leaf, or an authority.")
    renewed = await ecosystem.renew_authority(whose)
    return f"{whose} is certified anew, until {renewed.not_valid_after_utc:%Y-%m-%d}; it keeps its key."


async def _renew_all(house: Served) -> str:
    await house.ecosystem.renew_certificates()
    return "What issues or signs and ends within its time has been renewed."


async def _remove_root(
    house: Served,
    *,
    whose: Annotated[str, "A root by its role, such as v2g_root, or by the first digits of its SHA-256."] = "v2g_root",
    purge: Annotated[bool, "It is compromised: what stands below it goes out of all pools at once."] = False,
) -> str:
    from pncsim.backend.rcp.store import root_id
    from pncsim.tls_certs.reading import der, fingerprint

    certificate = await _certificate(house, whose)
    await house.ecosystem.roots.remove(root_id(fingerprint(der(certificate))), purge=purge, by="the dashboard")
    return f"{whose} is no longer in the root pool.{' What stands below it has left the pools.' if purge else ''}"


async def _renew_contract(house: Served, *, emaid: Annotated[str, "The contract."] = "") -> str:
    contract = await house.ecosystem.desks.of(emaid[:5]).renew(emaid)
    return f"Contract {contract.emaid} has a new certificate, which waits in the contract pool."


async def _end_contract(house: Served, *, emaid: Annotated[str, "The contract."] = "") -> str:
    contract = await house.ecosystem.desks.of(emaid[:5]).unsubscribe(emaid)
    return f"Contract {contract.emaid} has ended: it is revoked, and out of the contract pool."


def _clock(house: Served) -> Clock:
    """The services' time. Raises LocalError where it is not to be moved."""
    if house.clock is None:
        raise LocalError("The time of these services is not to be moved.", advice="Start them with --test-controls.")
    return house.clock


async def _move_clock(
    house: Served, *, hours: Annotated[float, "Hours that are to pass at once.", Bounds(0, 24 * 3660)] = 1.0
) -> str:
    clock = _clock(house)
    clock.jump(hours * 3600)
    return f"It is {clock.utc():%Y-%m-%d %H:%M} UTC here."


async def _expire(house: Served, *, whose: Annotated[str, _WHOSE] = "contract_leaf") -> str:
    from pncsim.tls_certs.reading import not_after

    clock = _clock(house)
    wait = not_after(await _certificate(house, whose)) + 1 - clock.now()
    if wait <= 0:
        raise LocalError(f"{whose} has expired already.")
    clock.jump(wait)
    return f"{whose} has expired: it is {clock.utc():%Y-%m-%d %H:%M} UTC here."


OF_CLOCK = {
    "move-clock": LabCommand("Move the services' clock forward", _move_clock),
    "expire": LabCommand("Move the services' clock past the end of a certificate", _expire),
}
OF_PKI = {
    "revoke": LabCommand("Revoke a certificate of the PKI", _revoke),
    "ocsp-status": LabCommand("Ask the responder about a certificate", _status),
    "renew": LabCommand("Have an authority or the provisioning service certified anew", _renew),
    "renew-authorities": LabCommand("Renew the authorities and signers that end within their time", _renew_all),
}
OF_POOLS = {"remove-root": LabCommand("Take a root out of the root pool", _remove_root)}
OF_OPERATORS = {
    "renew-contract": LabCommand("Have a contract issued anew", _renew_contract),
    "end-contract": LabCommand("End a contract: revoked, refused, out of the pool", _end_contract),
}
