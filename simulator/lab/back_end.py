"""Everything behind the stations of a lab: PKIs, pools, parties, CSMSs, each made when it is first asked for.

On loopback the OCSP responder, the contract pool and the CSMSs answer on real sockets (HTTP, HTTP, WebSocket over TLS)
and are asked through them; in memory the same objects meet directly. The responder's port is bound before certificates
are issued, because the certificates name its address.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from msgspec import Struct

from pncsim.backend.answers import AuthorizationStatus, TokenStatus
from pncsim.backend.csms.csms import Csms
from pncsim.backend.csms.ports import ContractPool, Services
from pncsim.backend.ecosystem import Ecosystem
from pncsim.simulator.lab.around import Parties, inside_unseen, named
from pncsim.simulator.lab.doors import CsmsDoor
from pncsim.simulator.lab.here import Here
from pncsim.simulator.plan import STATION_ID, USUAL, CsmsPlan, PkiPlan, Plan, RootPlan, SecurityProfile, serial_of
from pncsim.simulator.settings import Transport
from pncsim.tls_certs.pki import Pki, create_ocpp_pki, create_pki, load_pki
from pncsim.tls_certs.reading import load_all
from pncsim.wire.clock import Clock
from pncsim.wire.errors import LocalError
from pncsim.wire.gate import LENIENT, Tolerance
from pncsim.wire.ocpp.channel import Connector
from pncsim.wire.source import SYSTEM, Source
from pncsim.wire.trace import Trace
from pncsim.wire.urls import without_password
from pncsim.wire.voice import Voice

if TYPE_CHECKING:
    from pncsim.backend.oem.fleet import Fleet
    from pncsim.backend.pki.fetch import Fetch
    from pncsim.backend.pki.responder import OcspResponder
    from pncsim.backend.pki.revocation import RevocationPolicy
    from pncsim.backend.pki.revocation_lists import FetchList
    from pncsim.simulator.lab.callers import Callers
    from pncsim.simulator.lab.desk import Desk
    from pncsim.simulator.lab.neighbours import Neighbour
    from pncsim.simulator.lab.remote_desk import RemoteDesk
    from pncsim.wire.ocpp.websocket import WebSocketServer

__all__ = ["CARD", "STATION_ID", "BackEnd", "KnownCards", "Region", "open_back_end"]

CARD = "04A2B3C4D5E680"
"""The RFID card (ISO 14443 UID) every CSMS here knows."""


class KnownCards(Struct, frozen=True):
    """The operator's own tokens for external identification: card UID -> OCPP AuthorizationStatus."""

    cards: dict[str, AuthorizationStatus]

    async def authorize(self, token: str, kind: str) -> TokenStatus:
        """What the card may; unknown ones may nothing."""
        status = self.cards.get(token, "Unknown")
        return TokenStatus(status, f"Card {token} ({kind}) is {status.lower()}.")


class BackEnd(Struct, kw_only=True):
    """What a station has behind it. ``connect`` is how it reaches its CSMS, with ``password`` (security profiles 1, 2).

    ``door``: how stations come in there, where the plan says by which security profile.
    ``make(store=…)`` makes another CSMS like ``own``.
    """

    name: str
    region: Region
    pki: Pki
    parties: Parties
    services: Services
    connect: Connector
    password: str
    csms_url: str
    security_profile: SecurityProfile
    own: Csms | None = None
    make: Callable[..., Csms] | None = None
    server: WebSocketServer | None = None
    door: CsmsDoor | None = None

    @property
    def csms(self) -> Csms:
        """The CSMS itself. Raises LocalError where it is somebody else's."""
        if self.own is None:
            raise LocalError(f"The CSMS {self.name} is somebody else's: its inside cannot be seen.")
        return self.own

    @property
    def entrance(self) -> CsmsDoor:
        """The door. Raises LocalError where the plan says no security profile, or the CSMS is somebody else's."""
        if self.door is None:
            raise LocalError(f"Nothing says by which security profile stations come in at {self.name}.")
        return self.door

    @property
    def ecosystem(self) -> Ecosystem:
        """The parties' inside. Raises LocalError where they are elsewhere."""
        if not isinstance(self.parties, Here):
            raise inside_unseen()
        return self.parties.ecosystem

    async def stop_csms(self) -> None:
        """Take the CSMS off the network; everything else goes on."""
        if self.server is not None:
            await self.server.close()
        await self.csms.close()

    async def close(self) -> None:
        """Close every socket and connection, those of the region too."""
        await self.region.close()


class Region:
    """Everything behind the stations that one ``plan`` names.

    ``folder``: where the first PKI comes from. ``keeping``: what is issued and revoked in it stays there; a lab does
    with the folder as it likes, and forgets it. ``refuses``: the liberties nobody here lets pass. ``revocation``: what
    is to be known of certificates of others, whose responders and lists are then asked at the addresses they name.
    ``elsewhere``: the parties are the running services at this URL, or of this ready file, which are called with the
    secrets in ``credentials``.
    """

    def __init__(
        self,
        transport: Transport,
        clock: Clock,
        trace: Trace,
        *,
        plan: Plan = USUAL,
        folder: Path | None = None,
        keeping: bool = False,
        source: Source = SYSTEM,
        refuses: frozenset[Tolerance] = LENIENT,
        revocation: RevocationPolicy | None = None,
        elsewhere: str | None = None,
        credentials: Path | None = None,
    ) -> None:
        self.plan, self._revocation = plan, revocation or plan.policies.revocation
        self._elsewhere, self._credentials = elsewhere, credentials
        self._transport, self._clock, self._trace = transport, clock, trace
        self._refuses = refuses | plan.policies.refuses
        self._folder, self._keeping, self._source = folder, keeping, source
        self._sockets = AsyncExitStack()
        self._ecosystem: Ecosystem | None = None
        self._parties: Parties | None = None
        self._callers: Callers | None = None
        self._back_ends: dict[str, BackEnd] = {}
        self._pool: tuple[str, str] | None = None  # URL and token, where it is reached over HTTP
        self._ocsp: Fetch | None = None
        self._building = asyncio.Lock()
        self._answered_here = {""}  # OCSP addresses besides the responder's own

    @property
    def built(self) -> Parties | None:
        """The parties, if somebody has needed them."""
        return self._parties

    @property
    def back_ends(self) -> tuple[BackEnd, ...]:
        """The CSMSs that somebody has needed."""
        return tuple(self._back_ends.values())

    async def parties(self) -> Parties:
        """The PKIs, parties and pools, at the lab's time. Raises PncError."""
        async with self._building:
            parties = await self._open_parties()
        await parties.keep_time()
        return parties

    async def ecosystem(self) -> Ecosystem:
        """Their inside, where they are of this process. Raises LocalError."""
        async with self._building:
            return await self._open_ecosystem()

    async def fleet(self) -> Fleet | None:
        """The manufacturers' back end of this process; None where it is elsewhere. Raises PncError."""
        return None if self._elsewhere is not None else (await self.ecosystem()).fleet

    async def desk(self, source: Source, sockets: AsyncExitStack) -> Desk | RemoteDesk:
        """Where the services are called under the published paths; what it opens is closed with ``sockets``."""
        parties, voice = await self.parties(), Voice.on(self._clock, self._trace, "LAB")
        if isinstance(parties, Here):
            from pncsim.simulator.lab.desk import Desk

            return Desk(self._transport, self._clock, voice, parties.ecosystem, source, sockets)
        from pncsim.simulator.lab.remote_desk import RemoteDesk

        assert self._callers is not None, "they are what the parties are called by"
        return RemoteDesk(self._clock, voice, self._callers, named(parties.pkis, ""), sockets)

    async def neighbour(self, name: str, provider: str) -> Neighbour:
        """Another operator with pools of its own, and a mobility operator of this provider id. Raises LocalError."""
        from pncsim.backend.pki.fetch import in_process
        from pncsim.simulator.lab.neighbours import open_neighbour

        own, services = await self.ecosystem(), (await self.back_end()).services
        return await open_neighbour(
            name,
            provider,
            own,
            services,
            transport=self._transport,
            clock=self._clock,
            trace=self._trace,
            source=self._source,
            fetch=self._ocsp or in_process(own.responder.answer),
            sockets=self._sockets,
        )

    async def back_end(self, name: str = "") -> BackEnd:
        """What is behind the stations of the CSMS ``name`` (default: the first). Raises LocalError."""
        async with self._building:
            plan = _planned(self.plan.csmss, name)
            if plan.name not in self._back_ends:
                self._back_ends[plan.name] = await self._open_csms(plan)
            return self._back_ends[plan.name]

    async def close(self) -> None:
        """Close every socket and connection. Idempotent."""
        for back in self._back_ends.values():
            if back.own is not None:
                await back.own.close()
        await self._sockets.aclose()

    # PKIs and parties

    async def _open_parties(self) -> Parties:
        if self._parties is None and self._elsewhere is not None:
            from pncsim.simulator.lab.callers import open_callers
            from pncsim.simulator.lab.elsewhere import open_elsewhere

            self._callers = callers = open_callers(self._clock, self._trace, self._elsewhere, self._credentials)
            parties = await open_elsewhere(self._clock, self._trace, callers, self.plan, self._source)
            self._sockets.push_async_callback(parties.close)
            self._parties = parties
        elif self._parties is None:
            await self._open_ecosystem()
        assert self._parties is not None
        return self._parties

    async def _open_ecosystem(self) -> Ecosystem:
        if self._elsewhere is not None:
            raise inside_unseen()
        if self._ecosystem is not None:
            return self._ecosystem
        ocsp_url, fetch, serve = self.plan.ocsp_url or "http://ocsp.pncsim.test/ocsp", None, None
        if self._transport == "loopback" or self.plan.ocsp_url is not None:
            if self.plan.ocsp_url is None:
                from pncsim.wire.listener import HttpListener

                serve = HttpListener(voice=Voice.on(self._clock, self._trace, "PKI"))
                self._sockets.push_async_callback(serve.stop)
                ocsp_url = f"{serve.url}/ocsp"
            fetch = self._fetch(ocsp_url)
        elif self._revocation is not None:
            fetch = self._fetch("")
        self._ocsp = fetch
        ecosystem = Ecosystem(
            self._clock,
            self._trace,
            fetch=fetch,
            source=self._source,
            refuses=self._refuses,
            fetch_list=self._lists() if self._revocation is not None else None,
            revocation=self._revocation or "require",
            policy=self.plan.policies.selection,
            algorithms=self.plan.policies.algorithms,
        )
        for plan in self.plan.pkis:
            await ecosystem.add_pki(self._pki(plan, ocsp_url), plan.name)
        for cps in self.plan.provisioning:
            ecosystem.add_provisioning(cps.name, *cps.pkis)
        for mo in self.plan.operators:
            ecosystem.add_operator(mo.provider, pki=mo.pki, provisioning=mo.provisioning)
        for oem in self.plan.manufacturers:
            ecosystem.add_manufacturer(oem.wmi, pki=oem.pki)
        if serve is not None:
            from pncsim.backend.pki.responder_http import ocsp_app

            await serve.start(
                ocsp_app(ecosystem.responder, Voice.on(self._clock, self._trace, "PKI", refuses=self._refuses))
            )
        self._ecosystem = ecosystem
        self._parties = Here(self._clock, ecosystem, self.plan, self._services)
        return ecosystem

    def _fetch(self, own_url: str) -> Fetch:
        """OCSP over HTTP; a folder's certificates name an address of their own, which the responder here answers.

        ``own_url``: where that listens, "" if it is asked in this process. It speaks only for authorities whose keys
        are here: for others the responder that the certificate names is asked.
        """
        from pncsim.backend.pki.fetch import HttpFetch, own_first

        http = HttpFetch(self._clock)
        self._sockets.push_async_callback(http.close)

        def responder() -> OcspResponder:
            assert self._ecosystem is not None, "whoever asks is part of it"
            return self._ecosystem.responder

        async def fetch(url: str, request: bytes) -> bytes:
            here = url in self._answered_here and responder().speaks(request)
            return await http(own_url if here else url, request)

        return fetch if own_url else own_first(responder, http)

    def _lists(self) -> FetchList:
        from pncsim.backend.pki.fetch import HttpLists

        http = HttpLists(self._clock)
        self._sockets.push_async_callback(http.close)
        return http

    def _pki(self, plan: PkiPlan, ocsp_url: str) -> Pki:
        first = plan is self.plan.pkis[0]
        folder = plan.folder or (self._folder if first else None)
        if folder is None:
            source = self._source.of(f"PKI {plan.name}".strip())
            organization = f"pncsim {plan.name}".strip()
            pki = create_pki(
                self._clock.now(),
                ocsp_url=ocsp_url,
                organization=organization,
                source=source,
                algorithm=plan.algorithm,
            )
            text = f"{len(pki.certificates)} certificates issued: V2G, CPO, CPS, MO and OEM chains, OCSP signers, OCPP."
        else:
            pki = load_pki(folder, keeping=self._keeping)
            if pki.ocsp_url is None:
                pki.ocsp_url = ocsp_url
            elif self.plan.ocsp_url is None and self._transport == "loopback":
                self._answered_here.add(pki.ocsp_url)
            text = f"{len(pki.certificates)} certificates read from {folder}."
        voice = Voice.on(self._clock, self._trace, "PKI", f"PKI {plan.name}".strip())
        voice.story(text)
        for root in self.plan.roots if first else ():
            pki.certificates[root.role] = (*pki.anchors(root.role), *_certificates(root))
            voice.story(f"The {root.role.replace('_', ' ')} in {root.file} is trusted, too.")
        if pki.folder is not None:
            from pncsim.tls_certs.concerns import concerns

            for what in concerns(pki, self._clock.now()):
                voice.warning(what)
        return pki

    # CSMSs

    async def _open_csms(self, plan: CsmsPlan) -> BackEnd:
        parties = await self._open_parties()
        pki, services = named(parties.pkis, ""), await parties.services(plan.name)
        services.tokens = KnownCards({CARD: "Accepted"})
        if plan.roaming is not None and services.operator is not None:
            from pncsim.backend.csms.roaming import Roaming

            services.operator = Roaming(services.operator, frozenset(plan.roaming))
        password, own, make, server, door = plan.password, None, None, None, None
        if plan.url is not None:
            from pncsim.wire.ocpp.tls import client_context
            from pncsim.wire.ocpp.websocket import connector

            trusted = client_context(pki.anchors("csms_root")) if plan.url.startswith("wss:") else None
            connect, url = connector(plan.url, trusted), without_password(plan.url)
            profile: SecurityProfile = 1 if trusted is None else 2
        else:
            profile = plan.security_profile or 2
            password = password or self._source.of(plan.name).token(24)
            make = partial(
                Csms,
                services,
                self._clock,
                self._source.of(plan.name),
                self._trace,
                name=plan.name,
                refuses=self._refuses,
            )
            own = make()
            if plan.security_profile is not None:
                door = CsmsDoor.of(own, plan.security_profile, pki, self._clock, password)
            for number, station in enumerate(self.plan.stations, 1):
                if station.csms == plan.name and not station.foreign:
                    serial = serial_of(number) if profile == 3 else ""
                    await own.register.add(station.identity, password, drawn=not plan.password, serial_number=serial)
                    if door is not None:
                        door.equip(station.identity, serial)
            connect, url = own.connector(), "in memory"
            if door is not None:
                connect = door.connect
                if self._transport == "loopback":
                    server = await door.open()
                    self._sockets.push_async_callback(server.close)
                    url = server.url
            elif self._transport == "loopback":
                connect, server = await self._csms_on_sockets(own, pki, secured=profile > 1)
                url = server.url
        return BackEnd(
            name=plan.name,
            region=self,
            pki=pki,
            parties=parties,
            services=services,
            connect=connect,
            password=password,
            csms_url=url,
            security_profile=profile,
            own=own,
            make=make,
            server=server,
            door=door,
        )

    async def _services(self, csms: str) -> Services:
        """What the CSMS of that name asks of the ecosystem here."""
        ecosystem = await self._open_ecosystem()
        return Services(
            pool=await self._contract_pool(ecosystem, csms),
            revocation=ecosystem.revocation,
            authority=ecosystem.ca,
            operator=ecosystem.operators if self.plan.operators else ecosystem.mo,
            chains=ecosystem.chains,
        )

    async def _contract_pool(self, ecosystem: Ecosystem, csms: str) -> ContractPool:
        """The contract pool as the CSMS of that name reaches it: itself, or over HTTP."""
        if self.plan.pool_url is None and self._transport == "memory":
            return ecosystem.pool
        from pncsim.backend.ccp.client import ContractPoolClient

        if self.plan.pool_url is not None:
            self._pool = self.plan.pool_url, self.plan.pool_token
        elif self._pool is None:
            self._pool = await self._serve_pool(ecosystem)
        url, token = self._pool
        client = ContractPoolClient(
            self._clock, Voice.on(self._clock, self._trace, "CSMS", csms, refuses=self._refuses), url, token=token
        )
        self._sockets.push_async_callback(client.close)
        return client

    async def _serve_pool(self, ecosystem: Ecosystem) -> tuple[str, str]:
        """Where the lab's own contract pool answers over HTTP, and the token for it."""
        from pncsim.backend.ccp.http import ccp_app
        from pncsim.backend.rest.access import Grant, fixed
        from pncsim.wire.listener import HttpListener

        token = self._source.of("CCP").token(24)
        voice = Voice.on(self._clock, self._trace, "CCP", refuses=self._refuses)
        listener = HttpListener(voice=voice)
        self._sockets.push_async_callback(listener.stop)
        tokens = fixed({token: Grant(frozenset({"CPO"}))})
        await listener.start(ccp_app(ecosystem.pool, voice, tokens=tokens, source=self._source.of("CCP")))
        return listener.url, token

    async def _csms_on_sockets(self, csms: Csms, pki: Pki, *, secured: bool) -> tuple[Connector, WebSocketServer]:
        from pncsim.backend.csms.server import serve_csms
        from pncsim.wire.ocpp.tls import client_context
        from pncsim.wire.ocpp.websocket import connector

        if "csms_server" not in pki.keys:  # a PKI of somebody else; TLS libraries live by the machine's time
            pki = create_ocpp_pki(Clock().now(), self._source.of("OCPP"))
        server = await serve_csms(csms, pki.credentials("csms_server") if secured else None)
        self._sockets.push_async_callback(server.close)
        return connector(server.url, client_context([pki.root("csms_server")]) if secured else None), server


def _certificates(plan: RootPlan) -> tuple[x509.Certificate, ...]:
    """What is in the file of somebody else's root. Raises LocalError."""
    try:
        return load_all(plan.file.read_bytes(), f"The root in {plan.file}")
    except OSError as error:
        raise LocalError(f"The root in {plan.file} cannot be read: {error.strerror or error}.") from error


def _planned(plans: tuple[CsmsPlan, ...], name: str) -> CsmsPlan:
    """The CSMS of that name, "" the first. Raises LocalError."""
    for plan in plans:
        if name in ("", plan.name):
            return plan
    raise LocalError(f"This lab has no CSMS {name!r}; it has {', '.join(plan.name for plan in plans) or 'none'}.")


async def open_back_end(
    transport: Transport,
    clock: Clock,
    trace: Trace,
    *,
    folder: Path | None = None,
    refuses: frozenset[Tolerance] = LENIENT,
    revocation: RevocationPolicy | None = None,
) -> BackEnd:
    """What stands behind one station of one CSMS, made at once. What is issued and revoked stays in ``folder``.

    Raises LocalError, and then leaves nothing open.
    """
    region = Region(transport, clock, trace, folder=folder, keeping=True, refuses=refuses, revocation=revocation)
    try:
        return await region.back_end()
    except BaseException:
        await region.close()
        raise
