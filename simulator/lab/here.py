"""The parties of a lab that are objects of this process (see :class:`simulator.lab.around.Parties`)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from cryptography import x509

from pncsim.backend.csms.ports import CertificateAuthority, Services
from pncsim.backend.ecosystem import Ecosystem
from pncsim.backend.mo import MobilityOperator
from pncsim.backend.pki.authorities import Authorities
from pncsim.backend.pki.responder import Instead
from pncsim.ev.contracts import Contract
from pncsim.ev.vehicle import Vehicle
from pncsim.simulator.lab.around import issuer_in, named
from pncsim.simulator.plan import Plan
from pncsim.tls_certs.pki import Pki
from pncsim.tls_certs.profiles import PROFILES
from pncsim.tls_certs.reading import common_name
from pncsim.tls_certs.revocation import Reason
from pncsim.wire.clock import Clock
from pncsim.wire.credentials import Credentials
from pncsim.wire.errors import LocalError
from pncsim.wire.identifiers import with_check_character

DAY = 86_400.0
MOST_VEHICLES = 99_999
"""How many PCIDs there are for one manufacturer's vehicles here."""


class Here:
    """``services_of(csms)``: what a CSMS asks of them, and how."""

    def __init__(
        self, clock: Clock, ecosystem: Ecosystem, plan: Plan, services_of: Callable[[str], Awaitable[Services]]
    ) -> None:
        self._clock, self.ecosystem, self._plan, self._services_of = clock, ecosystem, plan, services_of

    @property
    def pkis(self) -> Mapping[str, Pki]:
        """See :class:`Parties`."""
        return self.ecosystem.pkis

    async def provision(self, number: int, pki: str) -> Credentials | None:
        """See :class:`Parties`; the first vehicle has the PKI's. A folder may have none: who installs does without."""
        own = named(self.pkis, pki)
        if number == 1:
            try:
                return own.credentials("oem_leaf")
            except LocalError:
                return None
        pcid = common_name(own.certificate("oem_leaf"))
        if number > MOST_VEHICLES:
            raise LocalError(f"A lab makes {MOST_VEHICLES} vehicles at most, not {number}.")
        name = f"{pcid[:12]}{number:05}{pcid[17:]}"
        return own.authority("oem_sub2").credentials(own.profile("oem_leaf"), name, self._clock.now())

    async def sell(self, vehicle: Vehicle, number: int, *, operator: str, days: float | None) -> None:
        """See :class:`Parties`; the first vehicle has the contract of the PKI, if that is one of the operator."""
        seller = self._operator(operator)
        issued_by = next((mo.pki for mo in self._plan.operators if mo.provider == seller.provider), "")
        pki, now = named(self.pkis, issued_by), self._clock.now()
        own = pki.certificates.get("contract_leaf")
        emaid = common_name(own[0]) if own else ""
        if number == 1 and days is None and emaid.startswith(seller.provider):
            credentials = pki.credentials("contract_leaf")
        else:
            if number != 1 or not emaid.startswith(seller.provider):
                emaid = with_check_character(f"{seller.provider}C{number:08}")
            ends = None if days is None else now + days * DAY
            credentials = pki.authority("mo_sub2").credentials(pki.profile("contract_leaf"), emaid, now, not_after=ends)
        await seller.register("the driver", credentials.leaf)
        vehicle.contracts.install(Contract(emaid, credentials))

    async def publish(self, vehicle: Vehicle) -> str:
        """See :class:`Parties`."""
        # The PKI says what is wrong with the one that is not there.
        provisioning = vehicle.provisioning or self.ecosystem.pki.credentials("oem_leaf")
        return await self.ecosystem.oem.publish(provisioning, v2g_roots=vehicle.v2g_roots)

    async def subscribe(self, pcid: str, *, operator: str) -> str:
        """See :class:`Parties`."""
        return (await self._operator(operator).subscribe("the driver", pcid)).emaid

    async def equip_station(self, number: int, evse_id: str, pki: str) -> Credentials:
        """See :class:`Parties`; the first station has the PKI's certificate, the others get one of their own."""
        own = named(self.pkis, pki)
        if number == 1:
            return own.credentials("secc_leaf")
        return own.authority("cpo_sub2").credentials(
            own.profile("secc_leaf"), evse_id.replace("*", ""), self._clock.now()
        )

    async def build(self, wmi: str, pcid: str) -> Credentials:
        """See :class:`Parties`."""
        return await self.ecosystem.manufacturers.get(wmi, self.ecosystem.oem).build(pcid)

    async def station_authority(self, pki: str) -> CertificateAuthority:
        """See :class:`Parties`."""
        named(self.pkis, pki)
        return self.ecosystem.authorities[pki] if pki else self.ecosystem.ca

    async def cross_certify(self, role: str, *, by: str) -> x509.Certificate:
        """See :class:`Parties`."""
        own, other = self.ecosystem.pki, named(self.pkis, by).authority("v2g_root")
        held = own.certificate(role)
        crossed = other.issue_for(PROFILES[role], held.subject, own.key(role).public_key(), self._clock.now())
        self.ecosystem.ocsp.learn(crossed)
        below = [one for one in own.chain("cpo_sub2") if one.subject != held.subject]
        own.authority("cpo_sub2").chain = (*below, crossed)
        return crossed

    async def renew_root(self, *, new_key: bool) -> x509.Certificate:
        """See :class:`Parties`."""
        from pncsim.backend.root_renewal import renew_v2g_root

        return await renew_v2g_root(self.ecosystem, self._clock.now(), new_key=new_key)

    async def revoke(self, certificate: x509.Certificate, reason: Reason) -> bool:
        """See :class:`Parties`."""
        return await Authorities(self.ecosystem.authorities.values()).revoke_certificate(certificate, reason)

    async def status(self, certificate: x509.Certificate) -> str:
        """See :class:`Parties`."""
        issuer = issuer_in(self.pkis.values(), certificate)
        return str((await self.ecosystem.ocsp.of(certificate, issuer)).status)

    async def holder(self, pcid: str) -> str:
        """See :class:`Parties`."""
        return self.ecosystem.directory.holder(pcid)

    async def list_keys(self) -> tuple[x509.Certificate, Credentials]:
        """See :class:`Parties`."""
        from pncsim.backend.pki.own import OWN_KEYS

        own = await self.ecosystem.store.of(OWN_KEYS).get("rcp_signer")
        assert own is not None, "a list was signed"
        return await self.ecosystem.trust_lists.anchor(), Credentials((own.certificate,), own.key)

    def responder_errs(self, instead: Instead) -> None:
        """See :class:`Parties`."""
        self.ecosystem.responder.instead = instead

    async def renew_authorities(self) -> None:
        """See :class:`Parties`."""
        await self.ecosystem.renew_certificates()

    async def look_after_contracts(self) -> None:
        """See :class:`Parties`."""
        await self.ecosystem.desks.look_after()

    async def block(self, emaid: str) -> None:
        """See :class:`Parties`."""
        await self._operator(emaid[:5]).block(emaid)

    async def empty(self, pcid: str) -> None:
        """See :class:`Parties`."""
        for entry in await self.ecosystem.pool.contracts(pcid):
            await self.ecosystem.pool.delete(entry.emaid, skip_revocation=True)

    async def waiting(self, pcid: str) -> list[str]:
        """See :class:`Parties`."""
        return [entry.emaid for entry in await self.ecosystem.pool.contracts(pcid)]

    async def services(self, csms: str) -> Services:
        """See :class:`Parties`."""
        return await self._services_of(csms)

    async def keep_time(self) -> None:
        """Nothing to do: there is one clock."""

    def _operator(self, provider: str) -> MobilityOperator:
        """The mobility operator of a provider id; "" the first. Raises LocalError."""
        if not provider:
            return self.ecosystem.mo
        found = self.ecosystem.operators.find(provider)
        if found is None:
            raise LocalError(f"This lab has no mobility operator {provider!r}.", advice="Name it in the plan.")
        return found
