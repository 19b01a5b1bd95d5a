"""``pnc serve operator``: a mobility operator's back end of its own, at services that are somebody else's.

It knows them by their URLs and calls them as a client they know; they tell it by events what becomes of vehicles. With
a PKI of its own it issues contracts itself, and answers for them; the root pool has to be told its root. Without one
the contract service makes them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

from cryptography import x509
from msgspec import Struct

from pncsim.backend.auth import AUDIENCES, CLIENTS, TOKEN_KEYS, BearerTokens, Clients
from pncsim.backend.auth import http as auth_http
from pncsim.backend.events.bus import Bus
from pncsim.backend.mo import NOTICES, SUBSCRIPTIONS, MobilityOperator, event_http
from pncsim.backend.mo import http as mo_http
from pncsim.backend.mo.desks import Desks
from pncsim.backend.mo.operators import Operators
from pncsim.backend.mo.remote import RemotePools
from pncsim.backend.oem.remote import RemoteServices
from pncsim.backend.oem.roots import VerifiedRoots
from pncsim.backend.oem.store import SEEN_TRUST_LISTS
from pncsim.backend.pki import crl_http, responder_http
from pncsim.backend.pki.ca import CertificateService
from pncsim.backend.pki.fetch import HttpFetch
from pncsim.backend.pki.ocsp_client import OcspClient
from pncsim.backend.pki.responder import OcspResponder
from pncsim.backend.pki.revocation import Revocations
from pncsim.backend.pki.store import ISSUED
from pncsim.backend.regularly import regularly
from pncsim.backend.rest.guessing import Guesses
from pncsim.backend.rest.routes import Route, application
from pncsim.backend.store.sql import SqlStore, open_store
from pncsim.backend.verification import Verifier
from pncsim.simulator.parameters import Bounds, Reads, Shown
from pncsim.simulator.pool_calls import trust
from pncsim.simulator.pool_client import Participant
from pncsim.simulator.serving import default_folder, duration
from pncsim.simulator.serving_apart import make_folder, roots_in, subscribed
from pncsim.simulator.serving_clients import DemoClient, demo_clients
from pncsim.simulator.serving_found import find_services
from pncsim.simulator.serving_ready import clients_ready, stand
from pncsim.tls_certs.pki import Pki, create_pki, load_pki, write_pki
from pncsim.wire.clock import Clock
from pncsim.wire.errors import LocalError
from pncsim.wire.listener import HttpListener
from pncsim.wire.trace import Trace
from pncsim.wire.voice import Voice

PORT = 8191
KINDS = (CLIENTS, TOKEN_KEYS, AUDIENCES, SUBSCRIPTIONS, NOTICES, ISSUED, SEEN_TRUST_LISTS)
"""What it keeps."""
NEEDED = ("token", "rcp", "pcp", "ccp", "cps", "webhooks")
"""Which services it uses."""


class OperatorOptions(Struct, frozen=True, kw_only=True):
    """``pnc serve operator``: whose services it uses, and where it listens, on loopback."""

    ecosystem: Annotated[
        str | None, "ready file of the services it uses, or a base URL of them (needed)", Shown("FILE|URL")
    ] = None
    credentials: Annotated[
        Path | None, "clients.json or ready file with the secrets there; with a URL needed", Shown("FILE")
    ] = None
    client: Annotated[str, "what it is called there", Shown("CLIENT")] = "demo-mo-v2g"
    operator_root: Annotated[
        Path | None, "root of the root pool's operator, who signs its lists (needed)", Shown("PEM")
    ] = None
    pki: Annotated[
        Path | None,
        "folder of its own PKI, made if need be; without one the contract service issues",
        Shown("DIR"),
    ] = None
    ca: Annotated[Path | None, "root of the services' https certificate", Shown("PEM")] = None
    port: Annotated[int, "port to listen on; 0 takes a free one", Bounds(0, 65_535), Shown("P")] = PORT
    data: Annotated[Path | None, "folder of everything that is kept", Shown("DIR")] = None
    ready_file: Annotated[
        Path | None, "write the URLs and clients there as JSON once everything answers", Shown("FILE")
    ] = None
    clock_offset: Annotated[float, "how far its time is ahead", Reads(duration), Shown("DURATION")] = 0.0


class ServedOperator(Struct, frozen=True, eq=False):
    """What answers now."""

    url: str
    desks: Desks
    clients: tuple[DemoClient, ...]
    pki: Pki | None

    def ready(self) -> dict[str, Any]:
        """What a ready file says."""
        clients = clients_ready(self.clients)
        services = {"token": self.url + auth_http.PATH, "mo": self.url}
        if self.pki is not None:
            services |= {"ocsp": self.url + "/ocsp", "crl": self.url + crl_http.PATH}
        return {"services": services, "clients": clients}


async def run_operator(options: OperatorOptions, clock: Clock, trace: Trace) -> int:
    """Serve until somebody ends it; the exit code. Raises PncError where it cannot be done."""
    async with operator(options, clock, trace) as house:

        def show() -> None:
            print(f"Operator  {house.url}")
            for client in house.clients:
                print(f"  {client.id:<14}{client.role:<18}{client.secret}")
            if options.pki is not None:
                print(f"Its root, which the root pool has to know: {options.pki / 'mo_root.pem'}")
            print("Ready. Ctrl-C ends it.", flush=True)

        await stand(options.ready_file, house.ready(), show)


@asynccontextmanager
async def operator(options: OperatorOptions, clock: Clock, trace: Trace) -> AsyncIterator[ServedOperator]:
    """The back end, answering."""
    if options.ecosystem is None or options.operator_root is None:
        raise LocalError(
            "A mobility operator needs services, and to know who signs their list of roots.",
            advice="Name the services' ready file or URL with --ecosystem, and with --operator-root the rcp_root.pem "
            "of their data folder.",
        )
    roots = roots_in(options.operator_root)
    known = await find_services(options.ecosystem, clock, needed=NEEDED, credentials=options.credentials, ca=options.ca)
    folder = options.data or default_folder().parent / "operator"
    async with AsyncExitStack() as stack:
        voice = Voice.on(clock, trace, "MO")
        listener = HttpListener(port=options.port, voice=voice)
        stack.push_async_callback(listener.stop)
        make_folder(folder)
        calls = Participant(clock, known.of(options.client), "", known.services, tls=trust(options.ca or known.root))
        stack.push_async_callback(calls.close)
        responders = HttpFetch(clock)
        stack.push_async_callback(responders.close)
        store = await open_store(f"sqlite+aiosqlite:///{folder / 'operator.db'}", KINDS, Bus(voice).tell)
        stack.push_async_callback(store.close)

        async def operator_roots() -> tuple[x509.Certificate, ...]:
            return roots

        anchors = VerifiedRoots(clock, voice, store, RemoteServices(calls).trust_list, operator_roots)
        await anchors.trust_list()
        # Nobody tells of revocations: responders are asked anew each time.
        status = Revocations(clock, voice, OcspClient(clock, voice, responders, max_age=0))
        pki = None if options.pki is None else _pki(options.pki, clock.now(), listener.url)
        authority = None if pki is None else CertificateService(clock, voice, store, pki)
        desks = _desks(clock, voice, store, RemotePools(calls), authority, Verifier(clock, anchors, status))
        clients = Clients(clock, voice, store)
        demo = await demo_clients(clients, folder / "clients.json")
        tokens = BearerTokens(clock, store, clients, listener.url)
        secrets: list[str] = []
        routes = (
            *auth_http.routes(clients, tokens),
            *mo_http.routes(desks, clock, Guesses(clock), by_service=lambda grant: pki is None),
            *event_http.routes(desks, clock, lambda: secrets),
            *(() if pki is None else _answering(clock, voice, store, pki)),
        )
        await listener.start(application(routes, voice, tokens=tokens.grant))
        # Once more, to come first: a request that was begun still needs the store.
        stack.push_async_callback(listener.stop)
        daily = asyncio.create_task(regularly(clock, voice, "looking after contracts", desks.look_after))
        stack.push_async_callback(_ended, daily)
        secrets.append(await subscribed(calls, listener.url + event_http.PATH, event_http.EVENTS))
        yield ServedOperator(listener.url, desks, demo, pki)


def _desks(
    clock: Clock,
    voice: Voice,
    store: SqlStore,
    pools: RemotePools,
    own: CertificateService | None,
    verifier: Verifier,
) -> Desks:
    """The desks of whichever provider its clients have."""

    def made(provider: str) -> MobilityOperator:
        found = MobilityOperator(
            clock,
            voice,
            store,
            provider=provider,
            authority=own or pools,
            verifier=verifier,
            vehicles=pools,
            signing=pools,
            contracts=lambda: pools,
        )
        operators.add(found)
        return found

    operators = Operators(store, made)
    return Desks(clock, voice, store, lambda one: operators.find(one) or made(one), pool=pools, revocation=own or pools)


def _answering(clock: Clock, voice: Voice, store: SqlStore, pki: Pki) -> tuple[Route, ...]:
    """Responder and revocation lists of its own PKI."""
    responder = OcspResponder(clock, voice, store, pki)
    return (*responder_http.routes(responder), *crl_http.routes({"": pki}, store, clock))


def _pki(place: Path, now: float, url: str) -> Pki:
    """Its own PKI; a new one names this process as the responder."""
    if not (place / "pki.json").exists():
        write_pki(create_pki(now, ocsp_url=f"{url}/ocsp", organization="pncsim operator"), place)
    return load_pki(place)


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])
