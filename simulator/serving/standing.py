"""The services behind the stations, standing alone: opened, told on the screen, and closed in order.

Everything is kept in one folder (``--data``): the database, the PKI, and the demo clients with their secrets, which the
database holds as hashes only. A second start finds it all again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Struct

from pncsim.backend.auth import AUDIENCES, CLIENTS, TOKEN_KEYS
from pncsim.backend.auth.certificates import CLIENT_CERTIFICATES
from pncsim.backend.ccp import CONTRACTS, SEEN_REQUESTS
from pncsim.backend.ccp.kept_peers import PEERS
from pncsim.backend.cps.further import FURTHER_SIGNERS
from pncsim.backend.ecosystem import Ecosystem
from pncsim.backend.faces import FACES, VIEWER
from pncsim.backend.mo import NOTICES, SUBSCRIPTIONS
from pncsim.backend.oem.consent_store import CONSENT_KINDS
from pncsim.backend.oem.store import FLEET_KINDS
from pncsim.backend.pcp import VEHICLES
from pncsim.backend.pki.end_entities import END_ENTITIES
from pncsim.backend.pki.own import OWN_KEYS
from pncsim.backend.pki.store import ISSUED
from pncsim.backend.rcp import ROOT_ACTIVITIES, ROOTS
from pncsim.backend.rest.access_log import AccessLog
from pncsim.backend.store.sql import open_store
from pncsim.backend.webhooks import DELIVERIES, ENDPOINTS
from pncsim.backend.webhooks.outcomes import INTERVAL as WEBHOOK_RETRY
from pncsim.simulator.attach.side import Handle
from pncsim.simulator.parameters import Bounds, Flag, Reads, Shown, Switches
from pncsim.simulator.serving.clients import DemoClient
from pncsim.simulator.serving.data_folder import default_folder, make_folder
from pncsim.simulator.serving.doors import Doors
from pncsim.simulator.serving.durations import duration, pause
from pncsim.simulator.serving.fixtures import Furnishing
from pncsim.simulator.serving.found import find_services
from pncsim.simulator.serving.home import Home
from pncsim.simulator.serving.parts import ECOSYSTEM, PKI, POOLS, Elsewhere, ServedPart
from pncsim.simulator.serving.peers import read_peers
from pncsim.simulator.serving.reach import TRANSPORTS, TlsChoice, check_reach, is_loopback, warn_of_reach
from pncsim.simulator.serving.ready import clients_ready, stand
from pncsim.tls_certs.rules import STANDARD
from pncsim.wire.clock import Clock
from pncsim.wire.errors import LocalError
from pncsim.wire.trace import Trace
from pncsim.wire.voice import Voice

PORT = 8180
PKI_PORT = 8280
KINDS = (
    VEHICLES,
    CONTRACTS,
    SEEN_REQUESTS,
    ROOTS,
    ROOT_ACTIVITIES,
    SUBSCRIPTIONS,
    NOTICES,
    ISSUED,
    CLIENTS,
    CLIENT_CERTIFICATES,
    TOKEN_KEYS,
    AUDIENCES,
    OWN_KEYS,
    FURTHER_SIGNERS,
    PEERS,
    END_ENTITIES,
    *FLEET_KINDS,
    ENDPOINTS,
    DELIVERIES,
    *CONSENT_KINDS,
)
"""What an ecosystem keeps."""


class ServeOptions(Struct, frozen=True, kw_only=True):
    """``pnc serve ecosystem``: where it listens, what it keeps where, and what time it is there."""

    host: Annotated[str, "address to listen on; what others can reach needs --tls or --no-tls", Shown("H")] = (
        "127.0.0.1"
    )
    name: Annotated[str | None, "the host as others call it, for URLs and certificates", Shown("NAME")] = None
    port: Annotated[int, "port to listen on; 0 takes a free one", Bounds(0, 65_535), Shown("P")] = PORT
    port_per_service: Annotated[
        bool, "each service on a port of its own: --port, and those after it", Flag("--port-per-service")
    ] = False
    telematics_port: Annotated[
        int,
        "port vehicles call their manufacturer on, over mutual TLS; 0 takes a free one",
        Bounds(0, 65_535),
        Shown("P"),
    ] = 0
    data: Annotated[Path | None, "folder of everything that is kept", Shown("DIR")] = None
    database: Annotated[str | None, "database, default: an SQLite file in the folder", Shown("URL")] = None
    pki: Annotated[Path | None, "PKI folder; made in the folder if there is none", Shown("DIR")] = None
    transport: Annotated[TlsChoice, "", Switches(TRANSPORTS)] = None
    hsm: Annotated[
        str | None, "token for the authorities' keys of a PKI made here: pkcs11:token=T?module-path=LIB", Shown("URI")
    ] = None
    also_take: Annotated[
        Literal["P-521"] | None, "algorithm that certificates may have besides P-256: while one follows the other"
    ] = None
    crl: Annotated[bool, "certificates of a PKI made here name revocation lists, too", Flag("--crl")] = False
    ready_file: Annotated[
        Path | None, "write the URLs and clients there as JSON once everything answers", Shown("FILE")
    ] = None
    fixtures: Annotated[
        Path | None, "JSON with clients, roots, vehicles and contracts that are to be there", Shown("FILE")
    ] = None
    peers: Annotated[
        Path | None, "JSON with the contract pools of other operators, asked for what is not here", Shown("FILE")
    ] = None
    test_controls: Annotated[
        bool, "let administrators move the clock and reset everything: for tests", Flag("--test-controls")
    ] = False
    access_log: Annotated[Path | None, "append a JSON line there for each request answered", Shown("FILE")] = None
    webhook_retry: Annotated[
        float, "time from one attempt to deliver an event to the next", Reads(pause), Shown("DURATION")
    ] = WEBHOOK_RETRY
    clock_offset: Annotated[
        float,
        "how far the services' time is ahead: 30d; behind: --clock-offset=-30d",
        Reads(duration),
        Shown("DURATION"),
    ] = 0.0


class PkiOptions(ServeOptions, frozen=True, kw_only=True):
    """``pnc serve pki``: the same for the PKI and the participants alone."""

    port: Annotated[int, "port to listen on; 0 takes a free one", Bounds(0, 65_535), Shown("P")] = PKI_PORT


class PoolsOptions(ServeOptions, frozen=True, kw_only=True):
    """``pnc serve pools``: the same for the pools, beside a PKI that is served on its own."""

    pki_services: Annotated[str | None, "ready file of pnc serve pki, or its base URL (needed)", Shown("FILE|URL")] = (
        None
    )
    credentials: Annotated[
        Path | None, "clients.json or ready file with the secrets there; with a URL needed", Shown("FILE")
    ] = None
    client: Annotated[str, "who calls there, an administrator", Shown("CLIENT")] = "demo-admin"
    ca: Annotated[Path | None, "root of the PKI services' https certificate", Shown("PEM")] = None


class Served:
    """What answers now. ``services``: the URL of each by its name; ``tls``: the files of TLS, None without it.

    ``clock``: the services' time, where it may be moved (``--test-controls``).
    """

    def __init__(self, home: Home, database: str, clock: Clock | None, elsewhere: Elsewhere | None = None) -> None:
        self._home, self._elsewhere, self.database, self.clock = home, elsewhere, database, clock
        self.pki, self.services, self.tls = home.place, home.doors.services, home.tls
        self.ports = {url for name, url in home.doors.bases.items() if not FACES[name].plain}
        """The base URLs of what is asked with tokens, one unless each service has its own port."""

    @property
    def ecosystem(self) -> Ecosystem:
        """The services in process; others after a reset."""
        return self._home.standing.ecosystem

    @property
    def stands(self) -> bool:
        """Whether they are there: not while they are built up anew."""
        return self._home.stands

    @property
    def clients(self) -> tuple[DemoClient, ...]:
        """The demo clients with their secrets."""
        return self._home.standing.demo

    def ready(self) -> dict[str, Any]:
        """What a ready file says: URLs, demo clients, and where data lies; with TLS, what to trust and what to show."""
        clients = clients_ready(self.clients, self.tls)
        ready: dict[str, Any] = {"services": dict(self.services), "clients": clients, "database": self.database}
        if self._elsewhere is None:
            ready["pki"] = str(self.pki)
        else:
            ready["services"] = {**self._elsewhere.services, **self.services}
            ready["clients"] = list(self._elsewhere.clients)
        if "oem" in self.services:
            ready["telematics"] = self.ecosystem.fleet.telematics
        if self.tls is not None:
            ready["tlsRoot"] = str(self.tls.root)
        return ready


async def run_services(
    options: ServeOptions, clock: Clock, trace: Trace, handle: Handle, part: ServedPart = ECOSYSTEM
) -> int:
    """Serve until somebody ends it; the exit code. Raises LocalError where it cannot be done here.

    ``handle`` gets what answers, for whoever steers it.
    """
    async with served(options, clock, trace, part) as house:
        handle.on = house
        await stand(options.ready_file, house.ready(), lambda: _show(house))


@asynccontextmanager
async def served(
    options: ServeOptions, clock: Clock, trace: Trace, part: ServedPart = ECOSYSTEM
) -> AsyncIterator[Served]:
    """The services of ``part``, answering."""
    check_reach(options.host, options.transport)
    folder = (options.data or default_folder().parent / part.folder).absolute()
    async with AsyncExitStack() as stack:
        voice = Voice.on(clock, trace, "LAB")
        elsewhere = await _elsewhere(options, clock) if part is POOLS else None
        if elsewhere is not None:
            stack.push_async_callback(elsewhere.close)
        furnish = None if options.fixtures is None else Furnishing(options.fixtures, folder)
        doors = Doors(
            options.host,
            options.port,
            voice,
            names=part.names,
            name=options.name or "",
            tls=options.transport == "tls",
            per_service=options.port_per_service,
            telematics_port=options.telematics_port,
        )
        if options.access_log is not None:
            log = AccessLog(options.access_log, clock, voice)
            stack.callback(log.close)
            doors.readers.append(log.read)
        warn_of_reach(voice, options.host, options.name, options.transport, doors.base)
        stack.push_async_callback(doors.close)
        make_folder(folder)
        home = Home(
            doors,
            clock,
            trace,
            folder=folder,
            place=(options.pki or folder / "pki").absolute(),
            local=is_loopback(options.host),
            retry=options.webhook_retry,
            crl=options.crl,
            hsm=options.hsm,
            furnish=furnish,
            peers=() if options.peers is None else read_peers(options.peers),
            elsewhere=elsewhere,
            algorithms=STANDARD if options.also_take is None else (*STANDARD, options.also_take),
        )
        database = options.database or f"sqlite+aiosqlite:///{folder / 'pnc.db'}"
        store = await open_store(database, KINDS, home.tell, along=home.outbox)
        stack.push_async_callback(store.close)
        stack.push_async_callback(home.leave)
        await home.enter(store, KINDS, test_controls=options.test_controls)
        # Once more, to come first: a request that was begun still needs the services and their store.
        stack.push_async_callback(doors.close)
        yield Served(home, store.database.name, clock if options.test_controls else None, elsewhere)


async def _elsewhere(options: ServeOptions, clock: Clock) -> Elsewhere:
    if not isinstance(options, PoolsOptions) or options.pki_services is None:
        raise LocalError(
            "Pools need a PKI: nothing says where it is.",
            advice="Start pnc serve pki --ready-file FILE, and name that file, or its URL, with --pki-services.",
        )
    where, ca = options.pki_services, options.ca
    known = await find_services(where, clock, needed=PKI.names, credentials=options.credentials, ca=ca)
    return Elsewhere(known, where, clock, client=options.client, ca=ca)


def _show(house: Served) -> None:
    print("Services")
    for name, url in house.services.items():
        print(f"  {name:<10}{url}")
    if "oem" in house.services:
        print(f"  {'vehicles':<10}{house.ecosystem.fleet.telematics} (mutual TLS, root in ev_root.pem)")
    if house.clients:
        print("Demo clients                                                      owns")
    for client in house.clients:
        owns = " ".join((*client.wmi, *client.providers))
        print(f"  {client.id:<14}{client.role:<18}{client.secret or '(not known here)':<34}{owns}".rstrip())
    if house.tls is not None:
        print(f"TLS root   {house.tls.root}\nTo show    {house.tls.clients}: a certificate and a key of each client")
    base, several = house.services[VIEWER], len(house.ports) > 1
    print(f"To look at {base}/ (what is there), {'/docs at each port' if several else f'{base}/docs'} (the interface)")
    place = house.ready().get("pki")
    print(f"PKI        {place}" if place else "PKI        in another process, as are the clients")
    print(f"Database   {house.database}\nReady. Ctrl-C ends it.", flush=True)
