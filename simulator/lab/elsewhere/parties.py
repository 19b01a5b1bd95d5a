"""The parties of a lab that are running services (see :class:`simulator.lab.around.Parties`), called over HTTP.

Everything is done as a participant's own program does it, by the published paths and with tokens: roots come from the
root pool, certificates by EST, contracts from the operator's back end and the contract pool. Keys of authorities stay
where they are. What a run has brought there it takes away again when it ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from pncsim.backend.ccp.client import ContractPoolClient
from pncsim.backend.csms.ports import CertificateAuthority, Services
from pncsim.backend.mo.client import RemoteOperators
from pncsim.backend.oem.remote import RemoteServices
from pncsim.backend.pki.chains import ContractChainJudge
from pncsim.backend.pki.est_client import enrol
from pncsim.backend.pki.fetch import Fetch, HttpFetch
from pncsim.backend.pki.ocsp_client import OcspClient
from pncsim.backend.pki.responder import Instead
from pncsim.backend.pki.revocation import Revocations
from pncsim.backend.refusal import Refused
from pncsim.backend.rest.bodies import base64_text
from pncsim.backend.store import MemoryStore
from pncsim.backend.verification import Verifier
from pncsim.ev.contracts import Contract
from pncsim.ev.iso2.unpacking import unpack_contract
from pncsim.ev.vehicle import Vehicle
from pncsim.simulator.lab.around import issuer_in, named
from pncsim.simulator.lab.elsewhere.brought import BroughtPkis, CrossedEnrolment
from pncsim.simulator.lab.elsewhere.burglary import list_keys
from pncsim.simulator.lab.elsewhere.callers import Callers
from pncsim.simulator.lab.elsewhere.desk import RemoteDesk
from pncsim.simulator.lab.elsewhere.far_neighbours import PEERS, FarNeighbours
from pncsim.simulator.lab.elsewhere.guest_operators import GuestOperators
from pncsim.simulator.lab.elsewhere.known_pki import KnownRoots, known_pki, take_keys
from pncsim.simulator.lab.elsewhere.only_here import can_be_elsewhere, check_algorithms, needed_by_others
from pncsim.simulator.lab.elsewhere.succession import Succession
from pncsim.simulator.lab.elsewhere.their_time import AHEAD, TheirTime, Timely
from pncsim.simulator.lab.neighbours import Neighbour
from pncsim.simulator.plan import PkiPlan, Plan
from pncsim.simulator.pool.client import Participant
from pncsim.tls_certs import reading
from pncsim.tls_certs.issue import build_request
from pncsim.tls_certs.pki import Pki
from pncsim.tls_certs.profiles import PROFILES
from pncsim.tls_certs.revocation import Reason
from pncsim.tls_certs.rules import STANDARD
from pncsim.wire.clock import Clock
from pncsim.wire.credentials import Credentials
from pncsim.wire.errors import LocalError, PeerError, PncError
from pncsim.wire.identifiers import with_check_character
from pncsim.wire.source import Source
from pncsim.wire.trace import Trace
from pncsim.wire.voice import Voice

_LETTERS = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_CUSTOMER = "the driver"
DAY = 86_400.0


class RemoteParties:
    """The parties behind ``callers``; open it by :func:`open_elsewhere`, :meth:`close` it at the end."""

    def __init__(self, clock: Clock, trace: Trace, callers: Callers, plan: Plan, source: Source, pki: Pki) -> None:
        self._clock, self._trace, self._callers, self._plan, self._source = clock, trace, callers, plan, source
        self._pki, self._sockets = pki, AsyncExitStack()
        self._time = TheirTime(clock, trace, callers)
        store = MemoryStore()
        self._brought = BroughtPkis(clock, trace, callers, source, store, self._sockets)
        self._guests = GuestOperators(clock, trace, callers, self._brought, store, source, self._sockets)
        self._crossed: list[x509.Certificate] = []
        self._asking: list[OcspClient] = []
        self._instead: Instead | None = None
        self._peers: dict[str, str] = {}
        self._succession = Succession(callers)
        self._published: list[str] = []
        self._contracts: list[str] = []
        self._signer_revoked = False

    @property
    def pkis(self) -> Mapping[str, Pki]:
        """See :class:`Parties`: that of the services without its keys, and those that were brought along."""
        return {"": self._pki, **self._brought.pkis}

    def _all(self) -> Iterable[Pki]:
        return self.pkis.values()

    async def bring(self) -> None:
        """Bring along what the plan names beside the services' own. Raises PncError."""
        if self._plan.policies.algorithms != STANDARD:
            await check_algorithms(self._plan, self._callers.administrator(), self._callers.where)
        if further := [one for one in self._plan.pkis if one.name]:
            await self._brought.bring(further)
        for operator in self._plan.operators:
            if operator.pki:
                status = self._revocation(Voice.on(self._clock, self._trace, "MO", f"MO {operator.provider}"))
                algorithms = self._plan.policies.algorithms
                verifier = Verifier(self._clock, KnownRoots(self._all), status, algorithms)
                self._guests.add(operator, verifier)

    # Vehicles and stations

    async def provision(self, number: int, pki: str) -> Credentials | None:
        """See :class:`Parties`; the key is made here, the PCID is one no other run has."""
        named(self.pkis, pki)
        oem, wmi = self._callers.manufacturer(next((one.wmi for one in self._plan.manufacturers), ""))
        stream = self._source.of("PCID")
        pcid = f"{wmi}RUN{''.join(stream.choice(_LETTERS) for _ in range(12))}"
        if pki:
            return self._brought.provisioning(pki, pcid)
        return await self._enrolled(oem, "oem", "oem_leaf", pcid, first=number == 1)

    async def build(self, wmi: str, pcid: str) -> Credentials:
        """See :class:`Parties`."""
        pki = next((one.pki for one in self._plan.manufacturers if one.wmi == wmi), "")
        if pki:
            return self._brought.provisioning(pki, pcid)
        return await self._enrolled(self._callers.manufacturer(wmi)[0], "oem", "oem_leaf", pcid, first=False)

    async def equip_station(self, number: int, evse_id: str, pki: str) -> Credentials:
        """See :class:`Parties`."""
        named(self.pkis, pki)
        name = evse_id.replace("*", "")
        if pki:
            return self._brought.station(pki, name)
        return await self._enrolled(self._callers.station_operator(), "cpo", "secc_leaf", name, first=number == 1)

    async def station_authority(self, pki: str) -> CertificateAuthority:
        """See :class:`Parties`."""
        if pki:
            named(self.pkis, pki)
            return self._brought.authorities[pki]
        return CrossedEnrolment(Timely(self._callers.station_operator(), self._time), self._crossed)

    async def cross_certify(self, role: str, *, by: str) -> x509.Certificate:
        """See :class:`Parties`; who enrols for stations hands them the chain, whatever the services answer with."""
        held = self._pki.certificate(role)
        key = held.public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey), "authorities have no other keys"
        other = named(self._brought.pkis, by).authority("v2g_root")
        crossed = other.issue_for(PROFILES[role], held.subject, key, self._clock.now())
        self._crossed.append(crossed)
        return crossed

    async def _enrolled(self, who: Participant, label: str, role: str, name: str, *, first: bool) -> Credentials:
        """A new key with a certificate of the authority."""
        key = self._source.of(name).key()
        credentials = Credentials(await enrol(who, label, build_request(key, PROFILES[role], name)), key)
        if first:
            self._keep(role, credentials)
        return credentials

    def _keep(self, role: str, credentials: Credentials) -> None:
        """The first of a role is what the PKI is asked for by that role."""
        self._pki.certificates[role], self._pki.keys[role] = (credentials.leaf,), credentials.key

    async def publish(self, vehicle: Vehicle) -> str:
        """See :class:`Parties`."""
        if vehicle.provisioning is None:
            raise LocalError(f"{vehicle.name} has no provisioning certificate that could be published.")
        pcid = reading.common_name(vehicle.provisioning.leaf)
        oem, _ = self._callers.manufacturer(pcid[:3])
        roots = [one for one in dict.fromkeys(map(reading.key_identifier, vehicle.v2g_roots)) if one]
        published = await RemoteServices(oem).publish(vehicle.provisioning.chain_der, v2g_roots=roots)
        self._published.append(published.pcid)
        return published.pcid

    # Contracts

    async def sell(self, vehicle: Vehicle, number: int, *, operator: str, days: float | None) -> None:
        """See :class:`Parties`; the manufacturer fetches it from the contract pool, and the vehicle opens it itself."""
        guest = self._guest(operator)
        if guest is not None:
            await self._sell_by(guest, vehicle, days)
            return
        pcid = await self.publish(vehicle)
        emaid = await self._conclude(pcid, operator, days)
        oem, _ = self._callers.manufacturer(pcid[:3])
        answer = await RemoteServices(oem).provide_to_oem(emaid, pcid)
        voice = Voice.on(self._clock, self._trace, "EV", vehicle.name)
        contract = unpack_contract(vehicle, answer.exi or b"", self._clock.now(), voice)
        vehicle.contracts.install(contract)
        mo, _ = self._callers.operator(emaid[:5])
        # It is where it belongs; were it in the pool as well, the vehicle would find it there beside others.
        await (await self._contract_pool(mo, "MO")).delete(emaid, skip_revocation=True)
        if number == 1:
            self._keep("contract_leaf", contract.credentials)
        voice.of("OEM").story(f"{vehicle.name} is {pcid}; its contract {emaid} is installed already.")

    async def subscribe(self, pcid: str, *, operator: str) -> str:
        """See :class:`Parties`."""
        return await self._conclude(pcid, operator, None)

    def _guest(self, operator: str) -> str | None:
        """The provider id of an operator ("": the first) whose PKI was brought along."""
        provider = operator or next((one.provider for one in self._plan.operators), "")
        return provider if provider in self._guests.operators else None

    async def _sell_by(self, provider: str, vehicle: Vehicle, days: float | None) -> None:
        """An operator whose authority is here has its contract in the vehicle."""
        stream = self._source.of(f"EMAID {provider}")
        emaid = with_check_character(f"{provider}C{stream.below(10**8):08}")
        ends = None if days is None else self._clock.now() + days * DAY
        credentials = self._brought.contract(self._guests.pkis[provider], emaid, ends)
        await self._guests.operators[provider].register(_CUSTOMER, credentials.leaf)
        vehicle.contracts.install(Contract(emaid, credentials))

    async def _conclude(self, pcid: str, operator: str, days: float | None) -> str:
        guest = self._guest(operator)
        if guest is not None:
            ends = None if days is None else self._clock.now() + days * DAY
            emaid = (await self._guests.desks[guest].of(guest).conclude(_CUSTOMER, pcid, lasts=ends)).emaid
            self._contracts.append(emaid)
            return emaid
        mo, provider = self._callers.operator(operator or next((one.provider for one in self._plan.operators), ""))
        body = {"customer": _CUSTOMER, "pcid": pcid, "provider": provider}
        if days is not None:
            end = datetime.fromtimestamp(self._clock.now(), UTC) + timedelta(days=days)
            body["certificateEnds"] = f"{end:%Y-%m-%dT%H:%M:%SZ}"
        answer = await mo.call("mo", "POST", "/v1/mo/contracts", body)
        emaid = str(answer.get("emaid", ""))
        if not emaid:
            raise PeerError("The operator concluded a contract and does not say which.", kind="malformed")
        self._contracts.append(emaid)
        return emaid

    async def block(self, emaid: str) -> None:
        """See :class:`Parties`."""
        if self._guest(emaid[:5]) is not None:
            await self._guests.operators[emaid[:5]].block(emaid)
            return
        mo, _ = self._callers.operator(emaid[:5])
        await mo.call("mo", "PUT", f"/v1/mo/contracts/{quote(emaid, safe='')}/blocked", {"blocked": True})

    async def empty(self, pcid: str) -> None:
        """See :class:`Parties`."""
        oem, _ = self._callers.manufacturer(pcid[:3])
        with self._clock.acting():
            for entry in await (await self._contract_pool(oem, "OEM")).contracts(pcid):
                mo, _ = self._callers.operator(entry.emaid[:5])
                await (await self._contract_pool(mo, "MO")).delete(entry.emaid, skip_revocation=True)

    async def waiting(self, pcid: str) -> list[str]:
        """See :class:`Parties`; who has made the vehicle may ask."""
        oem, _ = self._callers.manufacturer(pcid[:3])
        with self._clock.acting():
            return [entry.emaid for entry in await (await self._contract_pool(oem, "OEM")).contracts(pcid)]

    async def renew_root(self, *, new_key: bool) -> x509.Certificate:
        """See :class:`Parties`; where nobody else depends on the services, which have the old one back at the end."""
        if not await self._time.may_advance():
            raise needed_by_others(f"the V2G root of {self._pki.keeper}", "renew")
        root = await self._succession.begin(new_key=new_key)
        self._pki.certificates["v2g_root"] = (*self._pki.certificates["v2g_root"], root)
        for client in self._asking:
            client.learn(root)
        return root

    async def revoke(self, certificate: x509.Certificate, reason: Reason) -> bool:
        """See :class:`Parties`; what the services sign with serves others than this run, and stays.

        Where nobody else depends on them (``--test-controls``) a signer is revoked, and has a successor at the end.
        """
        if await self._brought.revoke(certificate, reason):
            return True
        signer = "CPS" in reading.domains_of(certificate.subject)
        if reading.is_ca(certificate) or (signer and not await self._time.may_advance()):
            what = f"{reading.shown(certificate.subject)}, by which {self._pki.keeper} sign"
            raise needed_by_others(what, "revoke", by_hand="pnc pool revoke")
        self._signer_revoked |= signer
        body = {"certificate": base64_text(reading.der(certificate)), "reason": reason}
        try:
            await self._callers.administrator().call("admin", "POST", "/admin/certificates/revoke", body)
        except Refused as error:
            if error.http_status != 404:
                raise
            return False
        return True

    async def list_keys(self) -> tuple[x509.Certificate, Credentials]:
        """See :class:`Parties`; services that others depend on are not broken into."""
        if not await self._time.may_advance():
            raise needed_by_others(f"the signer of the lists of {self._pki.keeper}", "replace")
        return list_keys(self._callers.database, self._callers.where)

    def responder_errs(self, instead: Instead) -> None:
        """See :class:`Parties`; what the services' responder says is spoilt on its way here."""
        self._instead = instead

    async def renew_authorities(self) -> None:
        """See :class:`Parties`: they do whatever they do each day."""
        await self._time.keep(AHEAD)  # what is due here is due there
        await self._callers.administrator().call("admin", "POST", "/admin/duties")

    async def look_after_contracts(self) -> None:
        """See :class:`Parties`."""
        await self.renew_authorities()

    async def status(self, certificate: x509.Certificate) -> str:
        """See :class:`Parties`."""
        ocsp = self._ocsp(Voice.on(self._clock, self._trace, "LAB"))
        return str((await ocsp.of(certificate, issuer_in(self.pkis.values(), certificate))).status)

    # A CSMS

    async def services(self, csms: str) -> Services:
        """See :class:`Parties`; responders are asked anew each time, for nobody tells of revocations here."""
        voice, cpo = Voice.on(self._clock, self._trace, "CSMS", csms), self._callers.station_operator()
        revocation = self._revocation(voice)
        return Services(
            pool=await self._contract_pool(cpo, "CSMS", csms),
            revocation=revocation,
            authority=await self.station_authority(""),
            operator=self._guests.authorised(RemoteOperators(self._clock, voice, Timely(cpo, self._time))),
            chains=ContractChainJudge(
                KnownRoots(self._all),
                gate=voice.tolerate,
                learn=revocation.learn,
                algorithms=self._plan.policies.algorithms,
            ),
        )

    async def desk(self, voice: Voice, sockets: AsyncExitStack) -> RemoteDesk:
        """Where the services are called by the published paths; what it opens is closed with ``sockets``."""
        guests, alone = self._guests.carry, self._time.may_advance
        return RemoteDesk(self._clock, voice, self._callers, self._pki, sockets, guests=guests, alone=alone)

    def _revocation(self, voice: Voice) -> Revocations:
        return Revocations(self._clock, voice, self._ocsp(voice))

    def _fetch(self) -> Fetch:
        """How the responder that a certificate names is asked."""
        responders = HttpFetch(self._clock)
        self._sockets.push_async_callback(responders.close)

        async def fetch(url: str, request: bytes) -> bytes:
            answer = await asked(url, request)
            return answer if self._instead is None else await self._instead(request, answer)

        async def asked(url: str, request: bytes) -> bytes:
            await self._time.keep()
            try:
                return await responders(url, request)
            except PeerError as error:
                # Certificates name the port of the day they were made; services may have moved since.
                now = self._callers.responder
                if error.kind != "unreachable" or not now or now == url:
                    raise
            return await responders(now, request)

        return fetch

    def _ocsp(self, voice: Voice) -> OcspClient:
        """Asks the responder that a certificate names, anew each time."""
        held = [(role, chain) for pki in self.pkis.values() for role, chain in pki.certificates.items()]
        issuers = [one for role, chain in held if PROFILES[role].ca for one in chain]
        client = OcspClient(self._clock, voice, self._fetch(), issuers=issuers, max_age=0)
        self._asking.append(client)
        return client

    async def _contract_pool(self, who: Participant, role: str, unit: str = "") -> ContractPoolClient:
        voice = Voice.on(self._clock, self._trace, role, unit)
        url, tls = self._callers.url("ccp"), self._callers.tls
        renew = partial(who.token, anew=True)  # lab time outlives tokens
        client = ContractPoolClient(self._clock, voice, url, token=await who.token(), renew=renew, tls=tls)
        self._sockets.push_async_callback(client.close)
        return client

    # Other operators

    async def neighbour(self, name: str, provider: str, services: Services) -> Neighbour:
        """Another operator with pools of its own, in this process, whom the services know. Raises PncError."""
        await self._brought.bring([PkiPlan(name)])
        own = self._brought.pkis[name]
        for client in self._asking:
            for authority in own.authorities():
                client.learn(authority.certificate)
        far = FarNeighbours(
            self._clock, self._trace, self._source, self._sockets, host=self._brought.host, fetch=self._fetch()
        )
        home = await self._contract_pool(self._callers.station_operator(), "CCP", f"CCP {name}")
        opened, peer = await far.open(name, provider, (own, self._pki), services, home)
        self._peers[str(peer["name"])] = name
        await self._brought.place("admin", PEERS, str(peer["name"]), peer)
        return opened

    async def holder(self, pcid: str) -> str:
        """See :class:`Parties`."""
        path = f"/admin/holders/{quote(pcid, safe='')}"
        held = str((await self._callers.administrator().call("admin", "GET", path)).get("holder", ""))
        return self._peers.get(held, held)

    # Time, and the end

    async def keep_time(self) -> None:
        """See :class:`Parties`."""
        await self._time.keep()

    async def close(self) -> None:
        """End the contracts, withdraw the vehicles, dismiss who was taken in, and close the connections.

        What cannot be ended is told.
        """
        try:
            left = await self._withdraw()
            try:
                await self._succession.end()
                await self._brought.withdraw()
                await self._callers.dismiss()
                if self._signer_revoked:
                    await self.renew_authorities()
            except PncError as error:
                left["Clients and roots that were taken in, or a signer that was revoked,"] = error.sentence
        finally:
            await self._sockets.aclose()
            await self._callers.close()
        if left:
            what, why = ", ".join(left), next(iter(left.values()))
            Voice.on(self._clock, self._trace, "LAB").warning(f"{what} stay where they are: {why}")

    async def _withdraw(self) -> dict[str, str]:
        """What could not be ended or withdrawn, and why. Where nobody answers, nobody is asked for more."""
        left: dict[str, str] = {}
        silent = ""
        for name in (*self._contracts, *self._published):
            try:
                if not silent:
                    await self._end(name)
            except PncError as error:
                left[name] = error.sentence
                silent = "" if isinstance(error, Refused) else error.sentence
            else:
                if silent:
                    left[name] = silent
        return left

    async def _end(self, name: str) -> None:
        """End a contract, or withdraw a vehicle; one that has gone already is gone."""
        if (guest := self._guest(name[:5])) is not None and name in self._contracts:
            await self._guests.desks[guest].of(guest).unsubscribe(name)
            return
        if name in self._contracts:
            who, service, path = self._callers.operator(name[:5])[0], "mo", "/v1/mo/contracts"
        else:
            who, service, path = self._callers.manufacturer(name[:3])[0], "pcp", "/v1/oem/provCerts"
        try:
            await who.call(service, "DELETE", f"{path}/{quote(name, safe='')}")
        except Refused as error:
            if error.http_status != 404:
                raise


async def open_elsewhere(clock: Clock, trace: Trace, callers: Callers, plan: Plan, source: Source) -> RemoteParties:
    """The parties behind ``callers``: what their PKI is, and what time it is there. Raises PncError."""
    try:
        can_be_elsewhere(plan, callers.where)
        pki = await known_pki(callers.station_operator(), f"the services at {callers.where}")
        if callers.pki is not None:
            take_keys(pki, callers.pki)
        await callers.take_in(
            source,
            operators=[one.provider for one in plan.operators],
            manufacturers=[one.wmi for one in plan.manufacturers],
        )
        parties = RemoteParties(clock, trace, callers, plan, source, pki)
        await parties.keep_time()
    except BaseException:
        await callers.close()
        raise
    Voice.on(clock, trace, "LAB").story(f"Pools, PKI and operators are the services at {callers.where}.")
    try:
        await parties.bring()
    except BaseException:
        await parties.close()
        raise
    return parties
