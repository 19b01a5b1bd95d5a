"""Who is around the stations and vehicles of a lab, as the lab needs them: here in this process, or elsewhere.

:class:`simulator.lab.here.Here` meets them as objects, :class:`simulator.lab.elsewhere.parties.RemoteParties` calls
running services by their published paths. A scenario cannot tell which it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from cryptography import x509

from pncsim.backend.csms.ports import CertificateAuthority, Services
from pncsim.backend.pki.responder import Instead
from pncsim.ev.vehicle import Vehicle
from pncsim.tls_certs.pki import Pki
from pncsim.tls_certs.reading import issued_by, shown
from pncsim.tls_certs.revocation import Reason
from pncsim.wire.credentials import Credentials
from pncsim.wire.errors import LocalError


class Parties(Protocol):
    """PKIs, manufacturers, operators and pools. Each method may raise PncError: nobody answers, or the answer is no.

    ``pki`` names a PKI, ``operator`` a mobility operator by its provider id; "" is the first of its kind.
    """

    @property
    def pkis(self) -> Mapping[str, Pki]:
        """What is known of each PKI, by name, the first first: keys are in it where they are here."""

    async def provision(self, number: int, pki: str) -> Credentials | None:
        """The provisioning key and certificate of vehicle ``number``; None where the PKI has none to give."""

    async def sell(self, vehicle: Vehicle, number: int, *, operator: str, days: float | None) -> None:
        """Let a contract lie in vehicle ``number`` already; ``days``: what remains of it, default what is usual."""

    async def publish(self, vehicle: Vehicle) -> str:
        """The manufacturer publishes the vehicle; its PCID."""

    async def subscribe(self, pcid: str, *, operator: str) -> str:
        """The driver concludes a contract, whose bundle then waits in the contract pool; its EMAID."""

    async def build(self, wmi: str, pcid: str) -> Credentials:
        """A provisioning key and certificate that the manufacturer of that WMI makes, with its own PKI."""

    async def equip_station(self, number: int, evse_id: str, pki: str) -> Credentials:
        """The V2G key and certificate of station ``number``."""

    async def station_authority(self, pki: str) -> CertificateAuthority:
        """Who certifies stations below that PKI, as a CSMS asks for it."""

    async def cross_certify(self, role: str, *, by: str) -> x509.Certificate:
        """A certificate for name and key of ``role`` in the first PKI, by the V2G root of the PKI ``by``.

        Stations that ask for a certificate from now on are given the chain that leads there.
        """

    async def renew_root(self, *, new_key: bool) -> x509.Certificate:
        """The first PKI's V2G root is followed by this one, which the root pool does not know yet."""

    async def revoke(self, certificate: x509.Certificate, reason: Reason) -> bool:
        """Revoke it at the authority that has issued it; whether one of these has."""

    async def status(self, certificate: x509.Certificate) -> str:
        """What the responder says of it: good, revoked or unknown. Raises LocalError for an issuer nobody knows."""

    async def holder(self, pcid: str) -> str:
        """The other operator whose contract pool had a contract for the vehicle when it was last asked; or empty."""

    async def list_keys(self) -> tuple[x509.Certificate, Credentials]:
        """The root of the root pool's signed lists and what signs them, as who breaks into the pool finds them."""

    def responder_errs(self, instead: Instead) -> None:
        """Let whoever asks hear ``instead(request, answer)`` from now on."""

    async def renew_authorities(self) -> None:
        """Renew what issues or signs and ends within its time, as its operators do each day."""

    async def look_after_contracts(self) -> None:
        """Do what is due for contracts by now, as their operators do each day."""

    async def block(self, emaid: str) -> None:
        """The operator of the contract refuses charging; the certificate stays valid."""

    async def empty(self, pcid: str) -> None:
        """Take the vehicle's contracts out of the contract pool and leave them good otherwise."""

    async def waiting(self, pcid: str) -> list[str]:
        """The EMAIDs of the contracts for a vehicle that are in the contract pool."""

    async def services(self, csms: str) -> Services:
        """What the CSMS of that name asks of them; tokens of its own it has itself."""

    async def keep_time(self) -> None:
        """See to it that lab time is theirs. Raises LocalError where that cannot be."""


def named(pkis: Mapping[str, Pki], name: str) -> Pki:
    """The PKI of that name, "" the first. Raises LocalError."""
    if not name:
        return next(iter(pkis.values()))
    if name not in pkis:
        raise LocalError(f"This lab has no PKI {name!r}; it has {', '.join(map(repr, pkis))}.")
    return pkis[name]


def inside_unseen() -> LocalError:
    """What is said where somebody wants to look into services that are elsewhere."""
    return LocalError("The services behind this lab are elsewhere: their inside cannot be seen.", kind="elsewhere")


def issuer_in(pkis: Iterable[Pki], certificate: x509.Certificate) -> x509.Certificate:
    """The authority of one of these PKIs that has issued it. Raises LocalError."""
    for pki in pkis:
        for authority in pki.authorities():
            if issued_by(certificate, authority.certificate):
                return authority.certificate
    raise LocalError(f"The certificate of {shown(certificate.subject)} was issued by somebody else.")
