"""Where an ecosystem lives while it is served: behind doors that stay, it can be torn down and built up anew.

What outlives a reset are the sockets, the store, the time and the services' own keys. Everything else is made again
from what is kept, so that nothing is remembered anywhere of what was before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from cryptography import x509
from msgspec import Struct

from pncsim.backend.admin.http import Duties, Duty
from pncsim.backend.auth import BearerTokens, Clients
from pncsim.backend.auth.certificates import ClientCertificates
from pncsim.backend.ccp.peer import Peer, PeerPool
from pncsim.backend.cleansing import cleanse_regularly
from pncsim.backend.ecosystem import Ecosystem
from pncsim.backend.events.bus import Bus
from pncsim.backend.events.facts import Fact
from pncsim.backend.faces import Household
from pncsim.backend.pki.fetch import DEADLINE, HttpFetch, HttpLists, own_first
from pncsim.backend.regularly import DAILY, regularly
from pncsim.backend.store import Change, KeptKind, every
from pncsim.backend.store.sql import SqlStore
from pncsim.backend.webhooks import Outbox
from pncsim.backend.webhooks.sender import Sender
from pncsim.simulator.serving.clients import DemoClient, demo_clients
from pncsim.simulator.serving.doors import Doors
from pncsim.simulator.serving.first import FirstStart, first_start
from pncsim.simulator.serving.parts import MIRROR, Elsewhere
from pncsim.simulator.serving.tls import TlsFiles
from pncsim.tls_certs import reading
from pncsim.tls_certs.folder_work import complete
from pncsim.tls_certs.hsm import key_maker
from pncsim.tls_certs.pki import Pki, create_pki, load_pki, write_pki
from pncsim.tls_certs.profiles import CONTRACT_SERVICE_PROFILES
from pncsim.tls_certs.rules import STANDARD
from pncsim.wire.algorithms import AlgorithmId
from pncsim.wire.clock import Clock
from pncsim.wire.errors import LocalError
from pncsim.wire.files import locked, replace_file
from pncsim.wire.trace import Trace
from pncsim.wire.voice import Voice

ROUND = 30.0
"""Seconds of the services' time after which it is looked for what other processes have left untold."""


ISSUING = ("cpo_sub2", "oem_sub2", "mo_sub2", "cps_sub2", "cps_leaf")
"""Whose keys a PKI folder should hold: what issues leaves, and what signs contract data."""


class Foundation(Struct, frozen=True, eq=False):
    """What an ecosystem is built up from: what ``store`` keeps, its ``kinds``. ``test_controls``: it may be reset."""

    store: SqlStore
    kinds: tuple[KeptKind[Any], ...]
    test_controls: bool


class Standing(Struct, frozen=True, eq=False):
    """What is made anew by a reset; ``leaving`` takes it down."""

    ecosystem: Ecosystem
    bus: Bus
    demo: tuple[DemoClient, ...]
    leaving: AsyncExitStack


Furnish = Callable[[Ecosystem, Clients, float], Awaitable[None]]
"""Brings about what is to be there, at a lab time. Raises LocalError."""


class Home:
    """An ecosystem behind ``doors``; ``folder`` is where data is kept, ``place`` the PKI's own folder.

    ``crl``: should that be made, its certificates name revocation lists beside responders. ``outbox`` queues events, as
    what the store writes along with facts. ``local``: they may be sent to this machine, too; ``retry``: seconds from
    one attempt to the next. ``furnish`` brings about what is to be there besides; ``peers`` are the pools of others
    that are asked for contracts. ``elsewhere`` is where the PKI and the participants are, if not here. ``algorithms``:
    those that certificates may have.
    """

    def __init__(
        self,
        doors: Doors,
        clock: Clock,
        trace: Trace,
        *,
        folder: Path,
        place: Path,
        local: bool,
        retry: float,
        crl: bool = False,
        hsm: str | None = None,
        furnish: Furnish | None = None,
        peers: Sequence[Peer] = (),
        elsewhere: Elsewhere | None = None,
        algorithms: tuple[AlgorithmId, ...] = STANDARD,
    ) -> None:
        self._algorithms = algorithms
        self._elsewhere = elsewhere
        self.doors, self.place, self._crl, self.outbox = doors, place, crl, Outbox()
        self.tls = None if doors.context is None else TlsFiles(folder)
        self._local, self._retry, self._hsm, self._furnish, self._peers = local, retry, hsm, furnish, peers
        self._clock, self._trace, self._folder = clock, trace, folder
        self._voice = Voice.on(clock, trace, "LAB")
        self._bus = Bus(self._voice)
        self._standing: Standing | None = None
        self._first: FirstStart | None = None
        self._renewing = asyncio.Lock()
        self._at_work: set[asyncio.Task[None]] = set()

    @property
    def standing(self) -> Standing:
        """What stands now."""
        assert self._standing is not None, "it was entered"
        return self._standing

    @property
    def stands(self) -> bool:
        """Whether anything does: not while it is built up anew."""
        return self._standing is not None

    async def tell(self, facts: Iterable[Fact]) -> None:
        """Tell who listens now: the store's facts go here."""
        await self._bus.tell(facts)

    async def enter(self, store: SqlStore, kinds: Sequence[KeptKind[Any]], *, test_controls: bool) -> None:
        """Build the ecosystem up from what ``store`` keeps, which are ``kinds``, and answer. Raises LocalError."""
        ground = Foundation(store, tuple(kinds), test_controls)
        await self._build(ground)
        if test_controls:
            self._first = await first_start(self._clock, self.place, store)

    async def _renew(self, ground: Foundation) -> None:
        await self._whole(self._anew(ground, []))

    async def _reset(self, ground: Foundation, time: bool) -> None:
        forgotten = [kind for kind in ground.kinds if not kind.identity]
        await self._whole(self._anew(ground, forgotten, self._first if time else None))
        self._voice.story("Everything is as at the first start.")

    async def _anew(
        self, ground: Foundation, forgotten: Sequence[KeptKind[Any]], back_to: FirstStart | None = None
    ) -> None:
        async with self._renewing:
            await self._take_down()
            await empty(ground.store, forgotten)
            if back_to is not None:
                await back_to.restore(self._clock, self.place, ground.store)
            await self._build(ground)

    async def _build(self, ground: Foundation) -> None:
        self._bus, store, away = Bus(self._voice), ground.store, self._elsewhere
        async with AsyncExitStack() as leaving:
            leaving.push_async_callback(self._bus.settled)
            ecosystem = await self._ecosystem_of(store, leaving)
            clients = Clients(self._clock, self._voice, store)
            demo: tuple[DemoClient, ...] = ()
            with locked(self._folder):  # another process on the same database may begin just now
                if away is None:
                    demo = await demo_clients(clients, self._folder / "clients.json")
                certificates = await self._certificates(store, clients, ecosystem, demo)
            duties = self._duties(ecosystem)
            house = await self._household(ground, ecosystem, clients, certificates, duties)
            await self._show_own_roots(ecosystem)
            sender = Sender(self._clock, self._voice.of("LAB", "webhooks"), ecosystem.webhooks, interval=self._retry)
            sender.listen(self._bus)
            await ecosystem.renew_certificates()
            if self._furnish is not None:
                await self._furnish(ecosystem, clients, self._clock.now())
            applications = self.doors.applications(house)
            await store.tell_again()
            if "oem" in self.doors.services:
                await self.doors.open_line(ecosystem.fleet)
            await self.doors.open(applications)
            leaving.push_async_callback(sender.close)
            jobs = [
                sender.run(),
                self._regularly("telling what other processes could not", store.tell_again, ROUND),
                cleanse_regularly(ecosystem, self._clock, self._voice),
                *(self._regularly(what, duty, DAILY) for what, duty in duties.items()),
            ]
            if away is not None:
                jobs.append(self._regularly("looking who takes part", partial(away.mirror, store), MIRROR))
            for job in jobs:
                leaving.push_async_callback(_ended, asyncio.create_task(job))
            self._standing = Standing(ecosystem, self._bus, demo, leaving.pop_all())

    async def _ecosystem_of(self, store: SqlStore, leaving: AsyncExitStack) -> Ecosystem:
        """The ecosystem with its PKI, here or elsewhere, and the pools of others."""
        others, lists = HttpFetch(self._clock), HttpLists(self._clock)
        leaving.push_async_callback(others.close)
        leaving.push_async_callback(lists.close)
        ecosystem = Ecosystem(
            self._clock,
            self._trace,
            bus=self._bus,
            store=store,
            outbox=self.outbox,
            local=self._local,
            fetch=own_first(lambda: ecosystem.responder, others),
            fetch_list=lists,
            patience=2 * DEADLINE,
            algorithms=self._algorithms,
        )
        away = self._elsewhere
        pki = self._pki() if away is None else await away.pki(store)
        await ecosystem.add_pki(pki)
        leaving.push_async_callback(lambda: ecosystem.peers.close())
        for peer in self._peers:
            pool = PeerPool(self._clock, self._voice.of("CCP"), peer)
            leaving.push_async_callback(pool.close)
            ecosystem.directory.add(peer.name, pool)
        if away is not None:
            ecosystem.authorities[""] = away.authorities(self._voice.of("PKI", "PKI"), store, pki)
            await away.mirror(store)
        return ecosystem

    def _duties(self, ecosystem: Ecosystem) -> Duties:
        """What is done once a day. Desks and fleet are made when that is first due."""
        duties: dict[str, Duty] = {"renewing certificates of authorities and signers": ecosystem.renew_certificates}
        if "mo" in self.doors.services:
            duties["looking after contracts"] = lambda: ecosystem.desks.look_after()
        if "oem" in self.doors.services:
            duties["forgetting what vehicles and owners have settled"] = lambda: ecosystem.fleet.forget()
        return duties

    async def _household(
        self,
        ground: Foundation,
        ecosystem: Ecosystem,
        clients: Clients,
        certificates: ClientCertificates | None,
        duties: Duties,
    ) -> Household:
        """What the faces of all services are made of."""
        served, away = self.doors.services, self._elsewhere
        bases = self.doors.bases.values()
        tokens = BearerTokens(self._clock, ground.store, clients, self.doors.base, also=bases)
        await tokens.announce()
        return Household(
            ecosystem,
            clients,
            tokens,
            self._clock,
            kinds=ground.kinds,
            renew=partial(self._renew, ground),
            duties=duties,
            reset=partial(self._reset, ground) if ground.test_controls else None,
            metrics=self.doors.metrics,
            certificates=certificates,
            grants=None if away is None else away.grants,
            log_in=None if away is None else away.log_in,
            services=served if away is None else {**away.services, **served},
        )

    async def _show_own_roots(self, ecosystem: Ecosystem) -> None:
        """Write down the roots that belong to no PKI, for whoever is to trust them."""
        if "rcp" in self.doors.services:
            self._show_root("rcp_root", await ecosystem.trust_lists.anchor())
        if "oem" in self.doors.services:
            self._show_root("ev_root", await ecosystem.fleet.own.root())

    def _show_root(self, role: str, root: x509.Certificate) -> None:
        replace_file(self._folder / f"{role}.pem", reading.pem([root]).encode("ascii"), 0o600)

    def _regularly(self, what: str, job: Duty, seconds: float) -> Coroutine[Any, Any, NoReturn]:
        return regularly(self._clock, self._voice, what, job, seconds)

    async def _certificates(
        self, store: SqlStore, clients: Clients, ecosystem: Ecosystem, demo: Sequence[DemoClient]
    ) -> ClientCertificates | None:
        """With TLS, what is needed for it; TLS libraries live by the machine's time, whatever the lab's is."""
        if self.doors.context is None or self.tls is None:
            return None
        certificates = ClientCertificates(Clock(), self._voice, store, clients)
        authorities = (authority.certificate for pki in ecosystem.pkis.values() for authority in pki.authorities())
        await self.tls.prepare(self.doors.context, certificates, authorities, self.doors.host)
        await self.tls.certify(certificates, (client.id for client in demo))
        return certificates

    def _pki(self) -> Pki:
        """What is in the PKI folder; made if there is none, completed by what issues for the contract service."""
        services = self.doors.services
        keys = None if self._hsm is None else key_maker(self._hsm, Path())
        if not (self.place / "pki.json").exists():
            crl_url = services["crl"] if self._crl else None
            try:
                made = create_pki(self._clock.now(), ocsp_url=services["ocsp"], crl_url=crl_url, keys=keys)
                write_pki(made, self.place)
            except LocalError:
                if not (self.place / "pki.json").exists():  # otherwise another process was faster
                    raise
        load_pki(self.place)  # what is no PKI is said of all of it
        try:
            complete(self.place, CONTRACT_SERVICE_PROFILES, self._clock.now(), keys)
        except LocalError as error:
            self._voice.warning(f"No contracts are made for operators without a PKI of their own: {error.sentence}")
        pki = load_pki(self.place)
        if missing := [role for role in ISSUING if role not in pki.keys]:
            self._voice.warning(
                f"The PKI folder {self.place} holds no key of {', '.join(missing)}: what they would issue or sign is "
                "refused here."
            )
        return pki

    async def leave(self) -> None:
        """Take down what was built, once all facts are told. Idempotent."""
        async with self._renewing:
            await self._take_down()

    async def _whole(self, work: Coroutine[Any, Any, None]) -> None:
        """Do ``work`` to its end even if the request that asked for it is given up: half torn down nobody answers."""
        task = asyncio.create_task(work)
        self._at_work.add(task)
        task.add_done_callback(self._at_work.discard)
        await asyncio.shield(task)

    async def _take_down(self) -> None:
        standing, self._standing = self._standing, None
        if standing is not None:
            await standing.leaving.aclose()


async def empty(store: SqlStore, kinds: Iterable[KeptKind[Any]]) -> None:
    """Forget everything of ``kinds``, in one change."""

    async def forget(change: Change) -> None:
        for kind in kinds:
            async for value in every(change.of(kind)):
                await change.of(kind).remove(kind.key(value))

    await store.change(forget)


async def _ended(task: asyncio.Task[NoReturn]) -> None:
    task.cancel()
    await asyncio.wait([task])
