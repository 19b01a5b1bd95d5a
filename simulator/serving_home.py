"""Where an ecosystem lives while it is served: behind doors that stay, it can be torn down and built up anew.

What outlives a reset are the sockets, the store, the time and the services' own keys. Everything else is made again
from what is kept, so that nothing is remembered anywhere of what was before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, NoReturn

from msgspec import Struct

from pncsim.backend.auth import BearerTokens, Clients
from pncsim.backend.cleansing import cleanse_regularly
from pncsim.backend.ecosystem import Ecosystem
from pncsim.backend.events.bus import Bus
from pncsim.backend.events.facts import Fact
from pncsim.backend.faces import FACES, Household, routes_of
from pncsim.backend.oem.fleet import Fleet, bind_line, serve_line
from pncsim.backend.pki.fetch import DEADLINE, HttpFetch, HttpLists, own_first
from pncsim.backend.rest.exchanges import ExchangeReader
from pncsim.backend.rest.metrics import Metrics
from pncsim.backend.rest.routes import application
from pncsim.backend.store import Change, KeptKind, every
from pncsim.backend.store.sql import SqlStore
from pncsim.backend.webhooks import Outbox
from pncsim.backend.webhooks.sender import Sender
from pncsim.simulator.serving_clients import DemoClient, demo_clients
from pncsim.tls_certs import reading
from pncsim.tls_certs.folder_work import complete
from pncsim.tls_certs.pki import Pki, create_pki, load_pki, write_pki
from pncsim.tls_certs.profiles import CONTRACT_SERVICE_PROFILES
from pncsim.wire.clock import Clock
from pncsim.wire.errors import LocalError
from pncsim.wire.files import locked, replace_file
from pncsim.wire.listener import HttpListener
from pncsim.wire.trace import Trace
from pncsim.wire.voice import Voice


class Doors:
    """The sockets services answer at; bound at once, so that addresses can go into certificates."""

    def __init__(self, host: str, port: int, voice: Voice, *, telematics_port: int = 0) -> None:
        self._voice, self._host, self._telematics_port = voice, host, telematics_port
        self._line: HttpListener | None = None
        self._listener = HttpListener(host, port, voice=voice)
        self.services = {name: self._listener.url + face.path for name, face in FACES.items()}
        """The URL of each service by its name."""
        self.metrics = Metrics()
        self.metrics.gauge("pnc_connections", "Connections that are open.", lambda: len(self._listener.guests))
        self.readers: list[ExchangeReader] = [self.metrics.read]
        """Who hears of each exchange."""

    @property
    def base(self) -> str:
        """What tokens are for."""
        return self._listener.url

    async def open(self, house: Household) -> None:
        """Answer with the faces of ``house`` from now on."""
        app = application(routes_of(house), self._voice, tokens=house.tokens.grant, readers=self.readers)
        await self._listener.start(app)

    async def open_line(self, fleet: Fleet) -> None:
        """Answer the vehicles of ``fleet`` from now on, at a port of their own (mutual TLS)."""
        if self._line is None:
            self._line = await bind_line(fleet, self._voice, self._host, self._telematics_port)
        await serve_line(fleet, self._voice, self._line)

    async def close(self) -> None:
        """Let requests in progress end, and answer no more. May be called twice."""
        await self._listener.stop()
        if self._line is not None:
            await self._line.stop()


class Standing(Struct, frozen=True, eq=False):
    """What is made anew by a reset; ``leaving`` takes it down."""

    ecosystem: Ecosystem
    bus: Bus
    demo: tuple[DemoClient, ...]
    leaving: AsyncExitStack


class Home:
    """An ecosystem behind ``doors``; ``folder`` is where data is kept, ``place`` the PKI's own folder.

    ``crl``: should that be made, its certificates name revocation lists beside responders. ``outbox`` queues events, as
    what the store writes along with facts. ``local``: they may be sent to this machine, too; ``retry``: seconds from
    one attempt to the next.
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
    ) -> None:
        self.doors, self.place, self._crl, self.outbox = doors, place, crl, Outbox()
        self._local, self._retry = local, retry
        self._clock, self._trace, self._folder = clock, trace, folder
        self._voice = Voice.on(clock, trace, "LAB")
        self._bus = Bus(self._voice)
        self._standing: Standing | None = None
        self._renewing = asyncio.Lock()

    @property
    def standing(self) -> Standing:
        """What stands now."""
        assert self._standing is not None, "it was entered"
        return self._standing

    async def tell(self, facts: Iterable[Fact]) -> None:
        """Tell who listens now: the store's facts go here."""
        await self._bus.tell(facts)

    async def enter(self, store: SqlStore, kinds: Sequence[KeptKind[Any]], *, test_controls: bool) -> None:
        """Build the ecosystem up from what ``store`` keeps, which are ``kinds``, and answer. Raises LocalError."""

        async def renew() -> None:
            async with self._renewing:
                await self.leave()
                await build()

        async def reset() -> None:
            async with self._renewing:
                await self.leave()
                await empty(store, [kind for kind in kinds if not kind.identity])
                await build()
            self._voice.story("Everything is as at the first start.")

        async def build() -> None:
            self._bus = Bus(self._voice)
            async with AsyncExitStack() as leaving:
                leaving.push_async_callback(self._bus.settled)
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
                )
                await ecosystem.add_pki(self._pki())
                clients = Clients(self._clock, self._voice, store)
                with locked(self._folder):  # another process on the same database may begin just now
                    demo = await demo_clients(clients, self._folder / "clients.json")
                house = Household(
                    ecosystem,
                    clients,
                    BearerTokens(self._clock, store, clients, self.doors.base),
                    self._clock,
                    kinds=tuple(kinds),
                    renew=renew,
                    reset=reset if test_controls else None,
                    metrics=self.doors.metrics,
                )
                for role, own in (
                    ("rcp_root", await ecosystem.trust_lists.anchor()),
                    ("ev_root", await ecosystem.fleet.own.root()),
                ):
                    replace_file(self._folder / f"{role}.pem", reading.pem([own]).encode("ascii"), 0o600)
                sender = Sender(
                    self._clock, self._voice.of("LAB", "webhooks"), ecosystem.webhooks, interval=self._retry
                )
                sender.listen(self._bus)
                await store.tell_again()
                await self.doors.open_line(ecosystem.fleet)
                await self.doors.open(house)
                leaving.push_async_callback(sender.close)
                leaving.push_async_callback(_ended, asyncio.create_task(sender.run()))
                cleansing = asyncio.create_task(cleanse_regularly(ecosystem, self._clock, self._voice))
                leaving.push_async_callback(_ended, cleansing)
                self._standing = Standing(ecosystem, self._bus, demo, leaving.pop_all())

        await build()

    def _pki(self) -> Pki:
        """What is in the PKI folder; made if there is none, completed by what issues for the contract service."""
        services = self.doors.services
        if not (self.place / "pki.json").exists():
            crl_url = services["crl"] if self._crl else None
            try:
                write_pki(create_pki(self._clock.now(), ocsp_url=services["ocsp"], crl_url=crl_url), self.place)
            except LocalError:
                if not (self.place / "pki.json").exists():  # otherwise another process was faster
                    raise
        try:
            complete(self.place, CONTRACT_SERVICE_PROFILES, self._clock.now())
        except LocalError as error:
            self._voice.warning(f"No contracts are made for operators without a PKI of their own: {error.sentence}")
        return load_pki(self.place)

    async def leave(self) -> None:
        """Take down what was built, once all facts are told. Idempotent."""
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
