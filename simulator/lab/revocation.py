"""Whose certificate a scenario means when it has something revoked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography import x509

from pncsim.ev.contracts import Contract
from pncsim.ev.vehicle import Vehicle
from pncsim.secc.charge_point import ChargePoint
from pncsim.simulator.lab.around import Parties
from pncsim.tls_certs.reading import load_crl, shown
from pncsim.tls_certs.revocation import Reason
from pncsim.wire.credentials import Credentials
from pncsim.wire.errors import LocalError

if TYPE_CHECKING:
    from pncsim.simulator.lab.desk import Caller

Revocable = Vehicle | Contract | ChargePoint | Credentials | x509.Certificate
"""What has a certificate, or is one."""


async def revoke(parties: Parties, what: Revocable, reason: Reason) -> None:
    """Revoke it at the CA that has issued it. Raises LocalError where that is nobody of these."""
    certificate = certificate_of(what)
    if not await parties.revoke(certificate, reason):
        raise LocalError(
            f"The certificate of {shown(certificate.subject)} was issued by somebody else, who alone can revoke it."
        )


def certificate_of(what: Revocable) -> x509.Certificate:
    """A vehicle's contract, a station's V2G certificate, or what it says itself. Raises LocalError if there is none."""
    match what:
        case Vehicle():
            contract = what.contracts.choose(what.config.emaid)
            if contract is None:
                raise LocalError(f"{what.name} has no contract that could be revoked.")
            return contract.credentials.leaf
        case ChargePoint():
            if what.station.credentials is None:
                raise LocalError(
                    f"The station {what.station.config.identity} has no certificate that could be revoked."
                )
            return what.station.credentials.leaf
        case Contract():
            return what.credentials.leaf
        case Credentials():
            return what.leaf
    return what


async def in_list(caller: Caller, role: str, certificate: x509.Certificate) -> bool:
    """Whether the revocation list that the authority ``role`` publishes has the certificate in it."""
    status, octets = await caller.carry("GET", f"/crl/{role}.crl", b"", {})
    if status != 200:
        return False
    revoked = load_crl(octets).get_revoked_certificate_by_serial_number(certificate.serial_number)
    return revoked is not None
