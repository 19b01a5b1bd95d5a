"""An authority of one PKI that the V2G root of another certifies, too: who knows either trusts what it issues."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography import x509

from pncsim.simulator.lab.around import named
from pncsim.tls_certs.profiles import PROFILES

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab


async def cross_certify(lab: Lab, role: str, *, by: str) -> x509.Certificate:
    """A certificate for name and key of ``role`` in the first PKI, by the V2G root of the PKI ``by``.

    Stations that ask for a certificate from now on are given the chain that leads there.
    """
    ecosystem = await lab.region.ecosystem()
    own, other = ecosystem.pki, named(ecosystem.pkis, by).authority("v2g_root")
    held = own.certificate(role)
    crossed = other.issue_for(PROFILES[role], held.subject, own.key(role).public_key(), lab.clock.now())
    ecosystem.ocsp.learn(crossed)
    below = [one for one in own.chain("cpo_sub2") if one.subject != held.subject]
    own.authority("cpo_sub2").chain = (*below, crossed)
    return crossed
