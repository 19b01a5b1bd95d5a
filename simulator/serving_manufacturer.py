"""``pnc serve manufacturer``: a manufacturer's back end of its own, at services that are somebody else's.

It knows them by their URLs and calls them as a client they know; they tell it by events what happens there. Who signs
the root pool's trust lists it has to be told: a root that came with the list itself would prove nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

from cryptography import x509
from msgspec import Struct

from pncsim.backend.auth import AUDIENCES, CLIENTS, TOKEN_KEYS, BearerTokens, Clients
from pncsim.backend.auth import http as auth_http
from pncsim.backend.events.bus import Bus
from pncsim.backend.oem import code_http, event_http, oauth_http, owner_http
from pncsim.backend.oem import http as oem_http
from pncsim.backend.oem.consent_store import CONSENT_KINDS
from pncsim.backend.oem.fleet import Fleet, bind_line, serve_line
from pncsim.backend.oem.remote import RemoteServices
from pncsim.backend.oem.store import FLEET_KINDS
from pncsim.backend.pki.fetch import HttpFetch
from pncsim.backend.pki.ocsp_client import OcspClient
from pncsim.backend.pki.own import OWN_KEYS
from pncsim.backend.pki.revocation import Revocations
from pncsim.backend.rest.routes import application
from pncsim.backend.store.sql import open_store
from pncsim.simulator.parameters import Bounds, Reads, Shown
from pncsim.simulator.pool_calls import trust
from pncsim.simulator.pool_client import Participant
from pncsim.simulator.serving import default_folder, duration
from pncsim.simulator.serving_apart import make_folder, roots_in, subscribed
from pncsim.simulator.serving_clients import DemoClient, demo_clients
from pncsim.simulator.serving_found import find_services
from pncsim.simulator.serving_ready import clients_ready, stand
from pncsim.tls_certs import reading
from pncsim.wire.clock import Clock
from pncsim.wire.errors import LocalError
from pncsim.wire.files import replace_file
from pncsim.wire.listener import HttpListener
from pncsim.wire.trace import Trace
from pncsim.wire.voice import Voice

PORT = 8190
KINDS = (CLIENTS, TOKEN_KEYS, AUDIENCES, OWN_KEYS, *FLEET_KINDS, *CONSENT_KINDS)
"""What it keeps."""
NEEDED = ("token", "rcp", "pcp", "ccp", "est", "webhooks")
"""Which services it uses."""


class ManufacturerOptions(Struct, frozen=True, kw_only=True):
    """``pnc serve manufacturer``: whose services it uses, and where it listens, on loopback."""

    ecosystem: Annotated[
        str | None, "ready file of the services it uses, or a base URL of them (needed)", Shown("FILE|URL")
    ] = None
    credentials: Annotated[
        Path | None, "clients.json or ready file with the secrets there; with a URL needed", Shown("FILE")
    ] = None
    client: Annotated[str, "what it is called there", Shown("CLIENT")] = "demo-oem"
    operator_root: Annotated[
        Path | None, "root of the root pool's operator, who signs its lists (needed)", Shown("PEM")
    ] = None
    ca: Annotated[Path | None, "root of the services' https certificate", Shown("PEM")] = None
    port: Annotated[int, "port to listen on; 0 takes a free one", Bounds(0, 65_535), Shown("P")] = PORT
    telematics_port: Annotated[
        int, "port vehicles call on, over mutual TLS; 0 takes a free one", Bounds(0, 65_535), Shown("P")
    ] = 0
    data: Annotated[Path | None, "folder of everything that is kept", Shown("DIR")] = None
    ready_file: Annotated[
        Path | None, "write the URLs and clients there as JSON once everything answers", Shown("FILE")
    ] = None
    clock_offset: Annotated[float, "how far its time is ahead", Reads(duration), Shown("DURATION")] = 0.0


class Apart(Struct, frozen=True, eq=False):
    """What answers now."""

    url: str
    fleet: Fleet
    clients: tuple[DemoClient, ...]

    def ready(self) -> dict[str, Any]:
        """What a ready file says."""
        clients = clients_ready(self.clients)
        services = {"token": self.url + auth_http.PATH, "oem": self.url}
        return {"services": services, "telematics": self.fleet.telematics, "clients": clients}


async def run_manufacturer(options: ManufacturerOptions, clock: Clock, trace: Trace) -> int:
    """Serve until somebody ends it; the exit code. Raises PncError where it cannot be done."""
    async with manufacturer(options, clock, trace) as house:

        def show() -> None:
            print(f"Manufacturer  {house.url}\nVehicles      {house.fleet.telematics}")
            for client in house.clients:
                print(f"  {client.id:<14}{client.role:<18}{client.secret}")
            print("Ready. Ctrl-C ends it.", flush=True)

        await stand(options.ready_file, house.ready(), show)


@asynccontextmanager
async def manufacturer(options: ManufacturerOptions, clock: Clock, trace: Trace) -> AsyncIterator[Apart]:
    """The back end, answering."""
    if options.ecosystem is None or options.operator_root is None:
        raise LocalError(
            "A manufacturer needs services, and to know who signs their list of roots.",
            advice="Name the services' ready file or URL with --ecosystem, and with --operator-root the rcp_root.pem "
            "of their data folder.",
        )
    roots = roots_in(options.operator_root)
    known = await find_services(options.ecosystem, clock, needed=NEEDED, credentials=options.credentials, ca=options.ca)
    folder = options.data or default_folder().parent / "manufacturer"
    async with AsyncExitStack() as stack:
        voice = Voice.on(clock, trace, "OEM")
        listener = HttpListener(port=options.port, voice=voice)
        stack.push_async_callback(listener.stop)
        make_folder(folder)
        calls = Participant(clock, known.of(options.client), "", known.services, tls=trust(options.ca or known.root))
        stack.push_async_callback(calls.close)
        status = HttpFetch(clock)
        stack.push_async_callback(status.close)
        bus = Bus(voice)
        store = await open_store(f"sqlite+aiosqlite:///{folder / 'manufacturer.db'}", KINDS, bus.tell)
        stack.push_async_callback(store.close)
        services = RemoteServices(calls)

        async def operator_roots() -> tuple[x509.Certificate, ...]:
            return roots

        fleet = Fleet(
            clock,
            voice,
            store,
            enrolment=services,
            pool=services,
            contracts=services,
            revocation=services,
            # Nobody tells of revocations: responders are asked anew each time.
            status=Revocations(clock, voice, OcspClient(clock, voice, status, max_age=0)),
            trust_list=services.trust_list,
            operator_roots=operator_roots,
        )
        await fleet.roots.trust_list()
        clients = Clients(clock, voice, store)
        demo = await demo_clients(clients, folder / "clients.json")
        tokens = BearerTokens(clock, store, clients, listener.url)
        secrets: list[str] = []
        routes = (
            *auth_http.routes(clients, tokens),
            *oem_http.routes(fleet),
            *owner_http.routes(fleet),
            *code_http.routes(fleet),
            *oauth_http.routes(fleet, clients, tokens.audience),
            *event_http.routes(fleet, clock, lambda: secrets),
        )
        own = reading.pem([await fleet.own.root()])
        replace_file(folder / "ev_root.pem", own.encode("ascii"), 0o600)
        line = await bind_line(fleet, voice, port=options.telematics_port)
        stack.push_async_callback(line.stop)
        await serve_line(fleet, voice, line)
        await listener.start(application(routes, voice, tokens=tokens.grant))
        # Once more, to come first: a request that was begun still needs the store.
        stack.push_async_callback(listener.stop)
        stack.push_async_callback(line.stop)
        secrets.append(await subscribed(calls, listener.url + event_http.PATH, event_http.EVENTS))
        yield Apart(listener.url, fleet, demo)
