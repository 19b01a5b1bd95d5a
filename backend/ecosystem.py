"""The services behind the stations, of one ecosystem: made when first asked for, introduced to each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from cryptography import x509

from pncsim.backend.ccp.delivery import BundlePolicy
from pncsim.backend.ccp.directory import ContractDirectory
from pncsim.backend.ccp.service import ContractPool
from pncsim.backend.cps import ProvisioningService
from pncsim.backend.cps.contracts import ContractService
from pncsim.backend.cps.further import FurtherSigners
from pncsim.backend.cps.service import Further, no_others
from pncsim.backend.cps.signers import renewed_signers, signers_of
from pncsim.backend.cps.waiting import sign_waiting_again
from pncsim.backend.events.bus import Bus
from pncsim.backend.events.facts import (
    CertificateRevoked,
    ContractDeleted,
    RootRemoved,
    VehicleDeleted,
    VehicleReplaced,
)
from pncsim.backend.mo import MobilityOperator
from pncsim.backend.mo.desks import Desks
from pncsim.backend.mo.operators import Operators
from pncsim.backend.oem import Manufacturer
from pncsim.backend.pcp import ProvisioningPool
from pncsim.backend.pki.authorities import Authorities
from pncsim.backend.pki.ca import CertificateService
from pncsim.backend.pki.chains import ContractChainJudge
from pncsim.backend.pki.fetch import Fetch, in_process
from pncsim.backend.pki.ocsp_client import OcspClient
from pncsim.backend.pki.responder import OcspResponder
from pncsim.backend.pki.revocation import WHOLE, RevocationPolicy, Revocations
from pncsim.backend.pki.store import name_by_key
from pncsim.backend.rcp import RootKind, RootPool
from pncsim.backend.refusal import Refused
from pncsim.backend.store import MemoryStore, Store
from pncsim.backend.verification import Verifier
from pncsim.backend.webhooks import Outbox, Webhooks
from pncsim.tls_certs import reading
from pncsim.tls_certs.pki import Pki
from pncsim.tls_certs.profiles import PROFILES
from pncsim.tls_certs.rules import STANDARD
from pncsim.wire.algorithms import AlgorithmId
from pncsim.wire.clock import Clock
from pncsim.wire.errors import LocalError
from pncsim.wire.gate import LENIENT, Tolerance
from pncsim.wire.identifiers import emaid_provider, normal_emaid
from pncsim.wire.source import SYSTEM, Source
from pncsim.wire.trace import Trace
from pncsim.wire.voice import Voice

if TYPE_CHECKING:
    from pncsim.backend.ccp.kept_peers import KeptPeers
    from pncsim.backend.oem.fleet import Fleet
    from pncsim.backend.pki.revocation_lists import FetchList
    from pncsim.backend.rcp.trust_list import TrustLists

_ROOTS = {"v2g_root": RootKind.V2G, "mo_root": RootKind.MO, "oem_root": RootKind.OEM}
DEFAULT_PROVIDER = "DEPNC"
SIGNER_LASTS = 7 * 86_400.0
"""Seconds a certificate of a provisioning service has to last, or it is renewed."""

AUTHORITY_LASTS = 30 * 86_400.0
"""Seconds the certificate of an authority has to last, or it is renewed."""

Service = Literal["pool", "mo", "responder"]
"""Of the services those that take part while vehicles charge: CCP, the first operator, and the OCSP responder."""

T = TypeVar("T")


class Ecosystem:
    """The services of a lab: one root pool, one of vehicles, one of contracts, and any number of the parties around.

    A party is added (:meth:`add_pki` first) and found by its name: a PKI and a provisioning service by the one given,
    a mobility operator by provider id, a manufacturer by WMI. ``mo``, ``oem``, ``signing`` and ``ca`` are those of the
    first PKI. What nobody asks for is not made: a PKI alone needs no pool.

    ``fetch``: how OCSP requests travel, by default straight to the own responder. Each party draws from its own stream
    of ``source``. ``store`` is where everything is kept; its facts must go to ``bus`` (:meth:`Bus.tell`), and
    ``outbox`` must be what it writes along with them. ``local``: events may be sent to this machine, too. ``refuses``:
    the liberties nobody here lets pass. ``fetch_list``: how revocation lists come, if they are asked for at all;
    ``revocation``: what is demanded to be known of it, ``patience``: seconds in which it has to be heard.
    ``algorithms``: those that certificates may have. ``unit``: what events call its services besides their role, where
    there are other operators' beside them.
    """

    def __init__(
        self,
        clock: Clock,
        trace: Trace,
        *,
        bus: Bus | None = None,
        store: Store | None = None,
        outbox: Outbox | None = None,
        local: bool = True,
        fetch: Fetch | None = None,
        policy: BundlePolicy = "default-first",
        source: Source = SYSTEM,
        refuses: frozenset[Tolerance] = LENIENT,
        fetch_list: FetchList | None = None,
        revocation: RevocationPolicy = "require",
        patience: float = WHOLE,
        algorithms: tuple[AlgorithmId, ...] = STANDARD,
        unit: str = "",
    ) -> None:
        self._unit = unit
        self._clock, self._trace, self._refuses = clock, trace, refuses
        self._fetch_list, self._demanded, self._patience = fetch_list, revocation, patience
        self._fetch, self._policy, self._source, self._algorithms = fetch, policy, source, algorithms
        self.voice = self._voice("LAB")
        self.bus = bus or Bus(self._voice("LAB", "events"))
        self._outbox, self._local = outbox or Outbox(source.of("webhooks")), local
        self.store: Store = store or MemoryStore(self.bus.tell, self._outbox)
        self.operators = Operators(self.store, self.add_operator)
        self.pkis: dict[str, Pki] = {}
        self.authorities: dict[str, CertificateService] = {}
        self.manufacturers: dict[str, Manufacturer] = {}
        self.provisioning: dict[str, ProvisioningService] = {}

    # Parties

    async def add_pki(self, pki: Pki, name: str = "") -> CertificateService:
        """Let a PKI take part: its roots go into the root pool, its responder answers here, its authorities issue.

        The first may go without a name. Raises LocalError for a name that is taken.
        """
        unit = f"PKI {name}".strip()
        if name in self.pkis:
            raise LocalError(f"There is a {unit} in this ecosystem already.")
        self.pkis[name] = pki
        self.authorities[name] = CertificateService(self._clock, self._voice("PKI", unit), self.store, pki)
        if "responder" in self.__dict__:
            self.responder.also_for(pki)
        # Those without a key here too: their certificates are asked about all the same.
        authorities = (certificates for role, certificates in pki.certificates.items() if _is_authority(role))
        for certificate in (*chain.from_iterable(authorities), *pki.further):
            self.ocsp.learn(certificate)
            await name_by_key(self.store, certificate)
        for role, kind in _ROOTS.items():
            for root in pki.anchors(role):
                await self._introduce(root, kind, unit)
        if "signing" in self.__dict__:
            self.signing.replace_signers((*self.signing.signers, *signers_of([pki], self._voice("CPS"))))
        return self.authorities[name]

    async def _introduce(self, root: x509.Certificate, kind: RootKind, unit: str) -> None:
        try:
            await self.roots.introduce(reading.der(root), kind)
        except Refused as error:
            # Whoever needs it will miss it, and nobody else.
            self._voice("PKI", unit).warning(f"A {kind} root is not used: {error.sentence}")

    def add_operator(self, provider: str, *, pki: str = "", provisioning: str = "") -> MobilityOperator:
        """A mobility operator whose EMAIDs begin with ``provider`` (country and provider id, five characters).

        ``pki`` issues its contracts (the first unless told), ``provisioning`` signs them (the common one unless told).
        Raises LocalError where the provider id is taken.
        """
        provider = normal_emaid(provider)
        operator = MobilityOperator(
            self._clock,
            self._voice("MO", f"MO {provider}"),
            self.store,
            provider=provider,
            authority=_named(self.authorities, pki, "PKI") if pki else self.ca,
            verifier=self.verifier,
            vehicles=self.vehicles,
            signing=_named(self.provisioning, provisioning, "provisioning service") if provisioning else self.signing,
            contracts=lambda: self.contracts,
            source=self._source.of(f"MO {provider}"),
        )
        self.operators.add(operator)
        return operator

    def add_manufacturer(self, wmi: str, *, pki: str = "") -> Manufacturer:
        """A manufacturer whose PCIDs begin with ``wmi``; ``pki`` (the first unless told) issues their certificates."""
        if wmi in self.manufacturers:
            raise LocalError(f"There is a manufacturer {wmi} already.")
        unit = f"OEM {wmi}"
        maker = Manufacturer(
            self._voice("OEM", unit),
            authority=_named(self.authorities, pki, "PKI") if pki else self.ca,
            pool=self.vehicles,
            source=self._source.of(unit),
        )
        self.manufacturers[wmi] = maker
        return maker

    def add_provisioning(self, name: str, *pkis: str) -> ProvisioningService:
        """A provisioning service that signs below the V2G roots of ``pkis``."""
        if name in self.provisioning:
            raise LocalError(f"There is a provisioning service {name} already.")
        self.provisioning[name] = self._signing(f"CPS {name}", [_named(self.pkis, pki, "PKI") for pki in pkis])
        return self.provisioning[name]

    @cached_property
    def mo(self) -> MobilityOperator:
        """The operator of the first PKI's contract certificate."""
        provider = _provider_of(self.pki)
        return self.operators.find(provider) or self.add_operator(provider)

    @cached_property
    def oem(self) -> Manufacturer:
        """The manufacturer of the first PKI's vehicle."""
        wmi = _wmi_of(self.pki)
        return self.manufacturers.get(wmi) or self.add_manufacturer(wmi)

    @cached_property
    def signing(self) -> ProvisioningService:
        """A provisioning service that signs below every V2G root there is, the first PKI's by default."""
        return self._signing("CPS", self.pkis.values(), self.further_signers.signers)

    @cached_property
    def further_signers(self) -> FurtherSigners:
        """Signers of the common provisioning service below V2G roots of others."""
        return FurtherSigners(self._voice("CPS"), self.store, self.verifier, self._source.of("further signers"))

    @cached_property
    def desks(self) -> Desks:
        """The operators' customer desks; they hear of vehicles and bundles that go."""
        desks = Desks(
            self._clock,
            self._voice("MO"),
            self.store,
            lambda provider: self.operators.find(provider) or self.add_operator(provider),
            pool=self.pool,
            revocation=Authorities(self.authorities.values()),
        )
        self.bus.listen(VehicleDeleted, desks.vehicle_deleted)
        self.bus.listen(ContractDeleted, desks.contract_deleted)
        return desks

    def restart(self, service: Service) -> Any:
        """A service anew, as its process would be after a loss of power: of the old one nothing is left but the store
        (and keys, where they have a home of their own). Whoever works with the old one has to be given this one.
        """
        if service == "mo":
            self.operators.leave(self.mo.provider)
        self.bus.forget(self.__dict__.pop(service, None))
        return getattr(self, service)

    @cached_property
    def contracts(self) -> ContractService:
        """Makes contracts below the V2G roots of all PKIs, for operators without one of their own."""
        return ContractService(
            self._clock,
            self._voice("CPS", "contract service"),
            signing=self.signing,
            authorities=self.authorities,
            source=self._source.of("contract service"),
        )

    @property
    def algorithms(self) -> tuple[AlgorithmId, ...]:
        """Those that certificates may have."""
        return self._algorithms

    @property
    def pki(self) -> Pki:
        """The first PKI. Raises LocalError while there is none."""
        if not self.pkis:
            raise LocalError("This ecosystem has no PKI yet.")
        return next(iter(self.pkis.values()))

    @property
    def ca(self) -> CertificateService:
        """The authorities of the first PKI. Raises LocalError while there is none."""
        if not self.authorities:
            raise LocalError("This ecosystem has no PKI yet.")
        return next(iter(self.authorities.values()))

    async def renew_certificates(self) -> None:
        """Renew in time what signs here: authorities that last less than a month, and provisioning services (PKI-11).

        A renewed root stands in the root pool beside the old one (RCP-11). Who asks meanwhile, here or in another
        process, comes after: each of two would make a successor.
        """
        async with self.store.alone("renewing certificates"):
            for name, service in self.authorities.items():
                for role, certificate in await service.renew_authorities(AUTHORITY_LASTS):
                    await self._believe(role, certificate, name)
            await self.renew_signers()

    async def renew_authority(self, role: str) -> x509.Certificate:
        """Certify an authority of the first PKI again, however long it lasts. Raises LocalError without its keys."""
        name, service = next(iter(self.authorities.items()))
        certificate = await service.renew_authority(role)
        await self._believe(role, certificate, name)
        return certificate

    async def _believe(self, role: str, certificate: x509.Certificate, pki: str) -> None:
        """The certificate of an authority is another one now."""
        self.ocsp.learn(certificate)
        if role in _ROOTS:
            await self._introduce(certificate, _ROOTS[role], f"PKI {pki}".strip())

    async def renew_signers(self, lasts: float = SIGNER_LASTS) -> None:
        """Renew certificates of provisioning services that do not last so long or are revoked (PKI-9, PKI-11).

        One that is revoked gets another key. What waits in the contract pool under the old one is signed again.
        """
        successors = await renewed_signers(self.pkis, self.authorities, self._clock.now() + lasts)
        if successors:
            renewed = {signer.fingerprint: signer for signer in successors.values()}
            for service in (self.signing, *self.provisioning.values()):
                service.replace_signers([renewed.get(one.fingerprint, one) for one in service.signers])
            await sign_waiting_again(self.store, self._voice("CPS"), successors)

    # What they share

    @cached_property
    def roots(self) -> RootPool:
        """The root pool (RCP); it hears of revocations."""
        voice, revoked = self._voice("RCP"), self.revocation.root_revoked
        pool = RootPool(self._clock, voice, self.store, self._source.of("RCP"), revoked=revoked)
        self.bus.listen(CertificateRevoked, pool.certificate_revoked)
        return pool

    @cached_property
    def trust_lists(self) -> TrustLists:
        """The root pool's signed lists."""
        from pncsim.backend.pki.own import OwnAuthority
        from pncsim.backend.rcp.trust_list import TrustLists

        own = OwnAuthority(self._clock, self.store, "rcp_root", self._source.of("RCP"))
        return TrustLists(self._clock, self._voice("RCP"), self.roots, own)

    @cached_property
    def fleet(self) -> Fleet:
        """The manufacturers' back end; it hears of contracts, and of roots."""
        from pncsim.backend.oem.fleet import EnrolmentHere, Fleet

        fleet = Fleet(
            self._clock,
            self._voice("OEM"),
            self.store,
            enrolment=EnrolmentHere(self.ca),
            pool=self.vehicles,
            contracts=self.pool,
            revocation=Authorities(self.authorities.values()),
            status=self.revocation,
            trust_list=self.trust_lists.octets,
            operator_roots=self.trust_lists.anchors,
            source=self._source.of("OEM"),
        )
        fleet.listen(self.bus)
        return fleet

    @cached_property
    def vehicles(self) -> ProvisioningPool:
        """The provisioning pool (PCP); it hears of roots that are purged."""
        pool = ProvisioningPool(self._clock, self._voice("PCP"), self.store, self.verifier)
        self.bus.listen(RootRemoved, pool.root_removed)
        return pool

    @cached_property
    def pool(self) -> ContractPool:
        """The contract pool (CCP); it hears of vehicles that go, of revocations, and of roots that are purged."""
        pool = ContractPool(
            self._clock,
            self._voice("CCP"),
            self.store,
            verifier=self.verifier,
            vehicles=self.vehicles,
            renewals=self.operators,
            revocation=Authorities(self.authorities.values()),
            policy=self._policy,
            directory=self.directory,
        )
        self.bus.listen(VehicleDeleted, pool.vehicle_deleted)
        self.bus.listen(VehicleReplaced, pool.vehicle_replaced)
        self.bus.listen(RootRemoved, pool.root_removed)
        self.bus.listen(CertificateRevoked, pool.certificate_revoked)
        return pool

    @cached_property
    def directory(self) -> ContractDirectory:
        """The contract pools of other operators; nobody is in it until somebody is put there."""
        return ContractDirectory(self._voice("CCP"), lambda: self.peers.pools())  # not made before one is missed

    @cached_property
    def peers(self) -> KeptPeers:
        """Those of them that an administrator has named; to be closed."""
        from pncsim.backend.ccp.kept_peers import KeptPeers

        return KeptPeers(self._clock, self._voice("CCP"), self.store)

    @cached_property
    def webhooks(self) -> Webhooks:
        """Who is told of events, and what was sent there."""
        voice, source = self._voice("LAB", "webhooks"), self._source.of("webhooks")
        return Webhooks(self._clock, voice, self.store, self._outbox, local=self._local, source=source)

    @cached_property
    def responder(self) -> OcspResponder:
        """The OCSP responder for every PKI here."""
        return OcspResponder(self._clock, self._voice("PKI"), self.store, *self.pkis.values())

    @cached_property
    def ocsp(self) -> OcspClient:
        """Asks responders and remembers what they say; it hears of revocations."""
        here = in_process(lambda request: self.responder.answer(request))  # the responder there is then
        client = OcspClient(self._clock, self._voice("PKI"), self._fetch or here)
        self.bus.listen(CertificateRevoked, client.certificate_revoked)
        self.bus.listen(RootRemoved, client.root_removed)
        return client

    @cached_property
    def revocation(self) -> Revocations:
        """What is known of revocations, and what it means where nothing is."""
        voice = self._voice("PKI")
        lists = None
        if self._fetch_list is not None:
            from pncsim.backend.pki.revocation_lists import RevocationLists

            lists = RevocationLists(self._clock, voice, self._fetch_list)
        return Revocations(self._clock, voice, self.ocsp, lists=lists, policy=self._demanded, patience=self._patience)

    @cached_property
    def verifier(self) -> Verifier:
        """Chain and status checks of all services."""
        return Verifier(self._clock, self.roots, self.revocation, self._algorithms)

    @cached_property
    def chains(self) -> ContractChainJudge:
        """Central validation for a CSMS."""
        gate, learn = self._voice("PKI").tolerate, self.revocation.learn
        return ContractChainJudge(self.roots, gate=gate, learn=learn, algorithms=self._algorithms)

    def _voice(self, role: str, unit: str = "") -> Voice:
        unit = f"{unit or role} {self._unit}" if self._unit else unit
        return Voice.on(self._clock, self._trace, role, unit, refuses=self._refuses)

    def _signing(self, unit: str, pkis: Iterable[Pki], further: Further = no_others) -> ProvisioningService:
        return ProvisioningService(
            self._clock,
            self._voice("CPS", unit),
            signers=signers_of(pkis, self._voice("CPS")),
            verifier=self.verifier,
            vehicles=self.vehicles,
            pool=self.pool,
            further=further,
        )


async def open_ecosystem(
    pki: Pki,
    clock: Clock,
    trace: Trace,
    *,
    fetch: Fetch | None = None,
    policy: BundlePolicy = "default-first",
    source: Source = SYSTEM,
    refuses: frozenset[Tolerance] = LENIENT,
) -> Ecosystem:
    """An ecosystem of one PKI; the rest as :class:`Ecosystem`."""
    ecosystem = Ecosystem(clock, trace, fetch=fetch, policy=policy, source=source, refuses=refuses)
    await ecosystem.add_pki(pki)
    return ecosystem


def _named(known: Mapping[str, T], name: str, what: str) -> T:
    if name not in known:
        raise LocalError(
            f"This ecosystem has no {what} {name!r}, only {', '.join(map(repr, known))}."
            if known
            else f"This ecosystem has no {what}."
        )
    return known[name]


def _provider_of(pki: Pki) -> str:
    leaf: x509.Certificate | None = next(iter(pki.certificates.get("contract_leaf", ())), None)
    return emaid_provider(reading.common_name(leaf)) if leaf is not None else DEFAULT_PROVIDER


def _wmi_of(pki: Pki) -> str:
    leaf: x509.Certificate | None = next(iter(pki.certificates.get("oem_leaf", ())), None)
    return reading.common_name(leaf)[:3] if leaf is not None else "PNC"


def _is_authority(role: str) -> bool:
    return role in PROFILES and PROFILES[role].ca
