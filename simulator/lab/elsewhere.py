"""The parties of a lab that are running services (see :class:`simulator.lab.around.Parties`), called over HTTP.

Everything is done as a participant's own program does it, by the published paths and with tokens: roots come from the
root pool, certificates by EST, contracts from the operator's back end and the contract pool. Keys of authorities stay
where they are. What a run has brought there it takes away again when it ends.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from urllib.parse import quote

from cryptography import x509

from pncsim.backend.ccp.client import ContractPoolClient
from pncsim.backend.csms.ports import Services
from pncsim.backend.mo.client import RemoteOperators
from pncsim.backend.oem.remote import RemoteServices
from pncsim.backend.pki.chains import ContractChainJudge
from pncsim.backend.pki.est_client import StationEnrolment, enrol
from pncsim.backend.pki.fetch import HttpFetch
from pncsim.backend.pki.ocsp_client import OcspClient
from pncsim.backend.pki.revocation import Revocations
from pncsim.backend.refusal import Refused
from pncsim.backend.rest.bodies import base64_text
from pncsim.ev.iso2.unpacking import unpack_contract
from pncsim.ev.vehicle import Vehicle
from pncsim.simulator.lab.around import issuer_in
from pncsim.simulator.lab.callers import Callers
from pncsim.simulator.lab.known_pki import KnownRoots, known_pki, take_keys
from pncsim.simulator.lab.their_time import AHEAD, TheirTime, Timely
from pncsim.simulator.plan import Plan
from pncsim.simulator.pool_client import Participant
from pncsim.tls_certs import reading
from pncsim.tls_certs.issue import build_request
from pncsim.tls_certs.pki import Pki
from pncsim.tls_certs.profiles import PROFILES
from pncsim.tls_certs.revocation import Reason
from pncsim.wire.clock import Clock
from pncsim.wire.credentials import Credentials
from pncsim.wire.errors import LocalError, PeerError, PncError
from pncsim.wire.source import Source
from pncsim.wire.trace import Trace
from pncsim.wire.voice import Voice

_LETTERS = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_CUSTOMER = "the driver"


class RemoteParties:
    """The parties behind ``callers``; open it by :func:`open_elsewhere`, :meth:`close` it at the end."""

    def __init__(self, clock: Clock, trace: Trace, callers: Callers, plan: Plan, source: Source, pki: Pki) -> None:
        self._clock, self._trace, self._callers, self._plan, self._source = clock, trace, callers, plan, source
        self._pki, self.pkis = pki, {"": pki}
        self._sockets = AsyncExitStack()
        self._time = TheirTime(clock, trace, callers)
        self._published: list[str] = []
        self._contracts: list[str] = []
        self._signer_revoked = False

    # Vehicles and stations

    async def provision(self, number: int, pki: str) -> Credentials | None:
        """See :class:`Parties`; the key is made here, the PCID is one no other run has."""
        _only(pki)
        oem, wmi = self._callers.manufacturer(next((one.wmi for one in self._plan.manufacturers), ""))
        stream = self._source.of("PCID")
        pcid = f"{wmi}RUN{''.join(stream.choice(_LETTERS) for _ in range(12))}"
        return await self._enrolled(oem, "oem", "oem_leaf", pcid, first=number == 1)

    async def equip_station(self, number: int, evse_id: str, pki: str) -> Credentials:
        """See :class:`Parties`."""
        _only(pki)
        cpo = self._callers.station_operator()
        return await self._enrolled(cpo, "cpo", "secc_leaf", evse_id.replace("*", ""), first=number == 1)

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
        roots = [one for one in map(reading.key_identifier, vehicle.v2g_roots) if one]
        published = await RemoteServices(oem).publish(vehicle.provisioning.chain_der, v2g_roots=roots)
        self._published.append(published.pcid)
        return published.pcid

    # Contracts

    async def sell(self, vehicle: Vehicle, number: int, *, operator: str, days: float | None) -> None:
        """See :class:`Parties`; the manufacturer fetches it from the contract pool, and the vehicle opens it itself."""
        pcid = await self.publish(vehicle)
        emaid = await self._conclude(pcid, operator, days)
        oem, _ = self._callers.manufacturer(pcid[:3])
        answer = await RemoteServices(oem).provide_to_oem(emaid, pcid)
        voice = Voice.on(self._clock, self._trace, "EV", vehicle.name)
        contract = unpack_contract(vehicle, answer.exi or b"", self._clock.now(), voice)
        vehicle.contracts.install(contract)
        if number == 1:
            self._keep("contract_leaf", contract.credentials)
        voice.of("OEM").story(f"{vehicle.name} is {pcid}; its contract {emaid} is installed already.")

    async def subscribe(self, pcid: str, *, operator: str) -> str:
        """See :class:`Parties`."""
        return await self._conclude(pcid, operator, None)

    async def _conclude(self, pcid: str, operator: str, days: float | None) -> str:
        mo, provider = self._callers.operator(operator or next((one.provider for one in self._plan.operators), ""))
        body = {"customer": _CUSTOMER, "pcid": pcid, "provider": provider}
        if days is not None:
            ends = datetime.fromtimestamp(self._clock.now(), UTC) + timedelta(days=days)
            body["certificateEnds"] = f"{ends:%Y-%m-%dT%H:%M:%SZ}"
        answer = await mo.call("mo", "POST", "/v1/mo/contracts", body)
        emaid = str(answer.get("emaid", ""))
        if not emaid:
            raise PeerError("The operator concluded a contract and does not say which.", kind="malformed")
        self._contracts.append(emaid)
        return emaid

    async def block(self, emaid: str) -> None:
        """See :class:`Parties`."""
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

    async def revoke(self, certificate: x509.Certificate, reason: Reason) -> bool:
        """See :class:`Parties`; what the services sign with serves others than this run, and stays.

        Where nobody else depends on them (``--test-controls``) a signer is revoked, and has a successor at the end.
        """
        signer = "CPS" in reading.domains_of(certificate.subject)
        if reading.is_ca(certificate) or (signer and not await self._time.may_advance()):
            raise LocalError(
                f"{reading.shown(certificate.subject)} is what {self._pki.keeper} sign with: a run does not revoke it, "
                "since others need it, too.",
                advice="Run the scenario without --ecosystem, or revoke it by hand: pnc pool revoke. Where nobody else "
                "needs it (pnc serve --test-controls) what signs contract data is revoked.",
                kind="elsewhere",
            )
        self._signer_revoked |= signer
        body = {"certificate": base64_text(reading.der(certificate)), "reason": reason}
        try:
            await self._callers.administrator().call("admin", "POST", "/admin/certificates/revoke", body)
        except Refused as error:
            if error.http_status != 404:
                raise
            return False
        return True

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
        ocsp, calls = self._ocsp(voice), Timely(cpo, self._time)
        revocation = Revocations(self._clock, voice, ocsp)
        return Services(
            pool=await self._contract_pool(cpo, "CSMS", csms),
            revocation=revocation,
            authority=StationEnrolment(calls),
            operator=RemoteOperators(self._clock, voice, calls),
            chains=ContractChainJudge(KnownRoots(self._pki), gate=voice.tolerate, learn=revocation.learn),
        )

    def _ocsp(self, voice: Voice) -> OcspClient:
        """Asks the responder that a certificate names, anew each time."""
        responders = HttpFetch(self._clock)
        self._sockets.push_async_callback(responders.close)

        async def fetch(url: str, request: bytes) -> bytes:
            await self._time.keep()
            try:
                return await responders(url, request)
            except PeerError as error:
                # Certificates name the port of the day they were made; services may have moved since.
                now = self._callers.responder
                if error.kind != "unreachable" or not now or now == url:
                    raise
            return await responders(now, request)

        issuers = [one for role, chain in self._pki.certificates.items() if PROFILES[role].ca for one in chain]
        return OcspClient(self._clock, voice, fetch, issuers=issuers, max_age=0)

    async def _contract_pool(self, who: Participant, role: str, unit: str = "") -> ContractPoolClient:
        voice = Voice.on(self._clock, self._trace, role, unit)
        url, tls = self._callers.url("ccp"), self._callers.tls
        renew = partial(who.token, anew=True)  # lab time outlives tokens
        client = ContractPoolClient(self._clock, voice, url, token=await who.token(), renew=renew, tls=tls)
        self._sockets.push_async_callback(client.close)
        return client

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
                await self._callers.dismiss()
                if self._signer_revoked:
                    await self.renew_authorities()
            except PncError as error:
                left["Clients that were taken in, or a signer that was revoked,"] = error.sentence
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
        _can_be_elsewhere(plan, callers.where)
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
    return parties


def _can_be_elsewhere(plan: Plan, where: str) -> None:
    """Whether ``plan`` asks for nothing that only this process could make. Raises LocalError."""
    named = [one.name for one in plan.pkis if one.name]
    if named or len(plan.pkis) > 1 or any(station.pki for station in plan.stations):
        raise _only_here(f"This scenario makes PKIs of its own ({', '.join(named)}); the services at {where} have one.")
    if plan.provisioning:
        names = ", ".join(one.name for one in plan.provisioning)
        raise _only_here(f"This scenario makes provisioning services of its own ({names}); those at {where} have one.")
    if plan.roots or plan.pkis[0].folder is not None:
        raise _only_here(f"The plan of this run names a PKI folder or roots; the services at {where} have their own.")
    if plan.policies.revocation is not None or plan.policies.selection != "default-first":
        raise _only_here(f"The plan of this run says what the services at {where} decide: how contracts are selected.")
    if plan.pool_url is not None or plan.ocsp_url is not None:
        raise _only_here("This scenario names a contract pool or an OCSP responder of its own beside the services.")


def _only(pki: str) -> None:
    if pki:
        raise _only_here(f"The services have one PKI; there is none called {pki!r}.")


def _only_here(sentence: str) -> LocalError:
    return LocalError(sentence, kind="elsewhere")
