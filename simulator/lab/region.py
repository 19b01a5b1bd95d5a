"""Everything behind the stations of a lab: PKIs, pools, parties, CSMSs, each made when it is first asked for.

On loopback the OCSP responder, the contract pool and the CSMSs answer on real sockets (HTTP, HTTP, WebSocket over TLS)
and are asked through them; in memory the same objects meet directly. The responder's port is bound before certificates
are issued, because the certificates name its address.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from pncsim.backend.csms.ports import Services
from pncsim.backend.ecosystem import Ecosystem
from pncsim.simulator.lab.around import Parties, inside_unseen
from pncsim.simulator.lab.back_end import BackEnd
from pncsim.simulator.lab.behind.asked import lists_over_http, ocsp_over_http
from pncsim.simulator.lab.behind.csms import open_csms
from pncsim.simulator.lab.behind.footing import Footing
from pncsim.simulator.lab.behind.pkis import open_pki
from pncsim.simulator.lab.behind.pool import PoolDoor
from pncsim.simulator.lab.here import Here
from pncsim.simulator.plan import USUAL, CsmsPlan, PkiPlan, Plan
from pncsim.simulator.settings import Transport
from pncsim.tls_certs.pki import Pki
from pncsim.wire.clock import Clock
from pncsim.wire.errors import LocalError
from pncsim.wire.gate import LENIENT, Tolerance
from pncsim.wire.source import SYSTEM, Source
from pncsim.wire.trace import Trace
from pncsim.wire.voice import Voice

if TYPE_CHECKING:
    from pncsim.backend.oem.fleet import Fleet
    from pncsim.backend.pki.fetch import Fetch
    from pncsim.backend.pki.responder import OcspResponder
    from pncsim.backend.pki.revocation import RevocationPolicy
    from pncsim.simulator.lab.desk import Desk
    from pncsim.simulator.lab.elsewhere.desk import RemoteDesk
    from pncsim.simulator.lab.neighbours import Neighbour


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
        self._folder, self._keeping = folder, keeping
        self._sockets = AsyncExitStack()
        self.footing = Footing(
            plan=plan,
            transport=transport,
            clock=clock,
            trace=trace,
            source=source,
            refuses=refuses | plan.policies.refuses,
            sockets=self._sockets,
        )
        self._ecosystem: Ecosystem | None = None
        self._parties: Parties | None = None
        self._back_ends: dict[str, BackEnd] = {}
        self._pool = PoolDoor(self.footing)
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
        parties, on = await self.parties(), self.footing
        voice = Voice.on(on.clock, on.trace, "LAB")
        if isinstance(parties, Here):
            from pncsim.simulator.lab.desk import Desk

            return Desk(on.transport, on.clock, voice, parties.ecosystem, source, sockets)
        from pncsim.simulator.lab.elsewhere.parties import RemoteParties

        assert isinstance(parties, RemoteParties), "there are no others"
        return await parties.desk(voice, sockets)

    async def neighbour(self, name: str, provider: str) -> Neighbour:
        """Another operator with pools of its own, and a mobility operator of this provider id. Raises LocalError."""
        from pncsim.backend.pki.fetch import in_process
        from pncsim.simulator.lab.neighbours import open_neighbour

        services, on, parties = (await self.back_end()).services, self.footing, await self.parties()
        if not isinstance(parties, Here):
            from pncsim.simulator.lab.elsewhere.parties import RemoteParties

            assert isinstance(parties, RemoteParties), "there are no others"
            return await parties.neighbour(name, provider, services)
        own = parties.ecosystem
        return await open_neighbour(
            name,
            provider,
            own,
            services,
            transport=on.transport,
            clock=on.clock,
            trace=on.trace,
            source=on.source,
            fetch=self._ocsp or in_process(own.responder.answer),
            sockets=self._sockets,
        )

    async def back_end(self, name: str = "") -> BackEnd:
        """What is behind the stations of the CSMS ``name`` (default: the first). Raises LocalError."""
        async with self._building:
            plan = _planned(self.plan.csmss, name)
            if plan.name not in self._back_ends:
                self._back_ends[plan.name] = await open_csms(self.footing, plan, await self._open_parties(), self.close)
            return self._back_ends[plan.name]

    async def close(self) -> None:
        """Close every socket and connection. Idempotent."""
        for back in self._back_ends.values():
            if back.own is not None:
                await back.own.close()
        await self._sockets.aclose()

    async def _open_parties(self) -> Parties:
        if self._parties is None and self._elsewhere is not None:
            from pncsim.simulator.lab.elsewhere.callers import open_callers
            from pncsim.simulator.lab.elsewhere.parties import open_elsewhere

            on = self.footing
            callers = open_callers(on.clock, on.trace, self._elsewhere, self._credentials)
            parties = await open_elsewhere(on.clock, on.trace, callers, self.plan, on.source)
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
        on, ocsp_url, serve = self.footing, self.plan.ocsp_url or "http://ocsp.pncsim.test/ocsp", None
        if on.transport == "loopback" or self.plan.ocsp_url is not None:
            if self.plan.ocsp_url is None:
                from pncsim.wire.listener import HttpListener

                serve = HttpListener(voice=Voice.on(on.clock, on.trace, "PKI"))
                self._sockets.push_async_callback(serve.stop)
                ocsp_url = f"{serve.url}/ocsp"
            self._ocsp = ocsp_over_http(on, ocsp_url, self._answered_here, self._responder)
        elif self._revocation is not None:
            self._ocsp = ocsp_over_http(on, "", self._answered_here, self._responder)
        ecosystem = Ecosystem(
            on.clock,
            on.trace,
            fetch=self._ocsp,
            source=on.source,
            refuses=on.refuses,
            fetch_list=lists_over_http(on) if self._revocation is not None else None,
            revocation=self._revocation or "require",
            policy=self.plan.policies.selection,
            algorithms=self.plan.policies.algorithms,
        )
        for plan in self.plan.pkis:
            await ecosystem.add_pki(self._open_pki(plan, ocsp_url), plan.name)
        for cps in self.plan.provisioning:
            ecosystem.add_provisioning(cps.name, *cps.pkis)
        for mo in self.plan.operators:
            ecosystem.add_operator(mo.provider, pki=mo.pki, provisioning=mo.provisioning)
        for oem in self.plan.manufacturers:
            ecosystem.add_manufacturer(oem.wmi, pki=oem.pki)
        if serve is not None:
            from pncsim.backend.pki.responder_http import ocsp_app

            await serve.start(ocsp_app(ecosystem.responder, on.voice("PKI")))
        self._ecosystem = ecosystem
        self._parties = Here(on.clock, ecosystem, self.plan, self._services)
        return ecosystem

    def _open_pki(self, plan: PkiPlan, ocsp_url: str) -> Pki:
        folder = plan.folder or (self._folder if plan is self.plan.pkis[0] else None)
        pki = open_pki(self.footing, plan, folder, ocsp_url, keeping=self._keeping)
        if pki.ocsp_url and pki.ocsp_url != ocsp_url and self.plan.ocsp_url is None:
            self._answered_here.add(pki.ocsp_url)
        return pki

    def _responder(self) -> OcspResponder:
        assert self._ecosystem is not None, "whoever asks is part of it"
        return self._ecosystem.responder

    async def _services(self, csms: str) -> Services:
        """What the CSMS of that name asks of the ecosystem here."""
        ecosystem = await self._open_ecosystem()
        return Services(
            pool=await self._pool.of(ecosystem, csms),
            revocation=ecosystem.revocation,
            authority=ecosystem.ca,
            operator=ecosystem.operators if self.plan.operators else ecosystem.mo,
            chains=ecosystem.chains,
        )


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
