"""What back ends of their own share, which stand at services of others: how they are set up, and how they answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

from cryptography import x509
from msgspec import Struct

from pncsim.backend.auth import BearerTokens, Clients
from pncsim.backend.auth import http as auth_http
from pncsim.backend.auth.callers import others
from pncsim.backend.auth.certificates import ClientCertificates
from pncsim.backend.events.bus import Bus
from pncsim.backend.pki.authorities import Authorities
from pncsim.backend.pki.fetch import HttpFetch
from pncsim.backend.pki.ocsp_client import OcspClient
from pncsim.backend.pki.revocation import Revocations
from pncsim.backend.rest.routes import Route
from pncsim.backend.store import KeptKind
from pncsim.backend.store.sql import SqlStore, open_store
from pncsim.simulator.parameters import Bounds, Reads, Shown, Switches
from pncsim.simulator.pool.calls import trust
from pncsim.simulator.pool.client import Participant
from pncsim.simulator.serving.clients import DemoClient, demo_clients
from pncsim.simulator.serving.data_folder import default_folder, make_folder
from pncsim.simulator.serving.doors import Doors
from pncsim.simulator.serving.durations import duration
from pncsim.simulator.serving.found import find_services
from pncsim.simulator.serving.reach import TRANSPORTS, TlsChoice, check_reach, warn_of_reach
from pncsim.simulator.serving.ready import clients_ready
from pncsim.simulator.serving.tls import TlsFiles
from pncsim.tls_certs import reading
from pncsim.wire.clock import Clock
from pncsim.wire.errors import LocalError
from pncsim.wire.files import locked
from pncsim.wire.trace import Trace
from pncsim.wire.voice import Voice

_ENDPOINTS = "/v1/webhook/endpoints"


class ApartOptions(Struct, frozen=True, kw_only=True):
    """Whose services a back end uses, where it listens, and what it keeps where."""

    ecosystem: Annotated[
        str | None, "ready file of the services it uses, or a base URL of them (needed)", Shown("FILE|URL")
    ] = None
    credentials: Annotated[
        Path | None, "clients.json or ready file with the secrets there; with a URL needed", Shown("FILE")
    ] = None
    client: Annotated[str, "what it is called there", Shown("CLIENT")]
    operator_root: Annotated[
        Path | None, "root of the root pool's operator, who signs its lists (needed)", Shown("PEM")
    ] = None
    ca: Annotated[Path | None, "root of the services' https certificate", Shown("PEM")] = None
    host: Annotated[str, "address to listen on; what others can reach needs --tls or --no-tls", Shown("H")] = (
        "127.0.0.1"
    )
    name: Annotated[str | None, "the host as others call it, for URLs and certificates", Shown("NAME")] = None
    port: Annotated[int, "port to listen on; 0 takes a free one", Bounds(0, 65_535), Shown("P")]
    transport: Annotated[TlsChoice, "", Switches(TRANSPORTS)] = None
    data: Annotated[Path | None, "folder of everything that is kept", Shown("DIR")] = None
    database: Annotated[str | None, "database of its own, default: an SQLite file in the folder", Shown("URL")] = None
    ready_file: Annotated[
        Path | None, "write the URLs and clients there as JSON once everything answers", Shown("FILE")
    ] = None
    clock_offset: Annotated[
        float, "how far its time is ahead: 30d; behind: --clock-offset=-30d", Reads(duration), Shown("DURATION")
    ] = 0.0


class ApartPart(Struct, frozen=True):
    """A kind of back end: ``who`` it is, the ``role`` it speaks as, its ``folder`` unless told.

    ``needed``: the services it uses; ``names``: those it serves; ``kinds``: what it keeps.
    """

    who: str
    role: str
    folder: str
    needed: tuple[str, ...]
    names: tuple[str, ...]
    kinds: tuple[KeptKind[Any], ...]


class Ground(Struct, frozen=True, eq=False):
    """What such a back end stands on: its doors are bound, and nobody answers yet.

    ``secrets`` holds that of its subscription, once there is one; ``status`` what responders say of certificates.
    """

    clock: Clock
    voice: Voice
    folder: Path
    calls: Participant
    store: SqlStore
    status: Revocations
    doors: Doors
    clients: Clients
    demo: tuple[DemoClient, ...]
    tokens: BearerTokens
    tls: TlsFiles | None
    certificates: ClientCertificates | None
    operator_roots: Callable[[], Awaitable[tuple[x509.Certificate, ...]]]
    secrets: list[str]
    stack: AsyncExitStack

    async def answer(self, faces: Mapping[str, Sequence[Route]], events: str, kinds: Iterable[str]) -> None:
        """Answer with the routes of each service from now on, and be told ``kinds`` of events at the path ``events``.

        Raises PncError where nobody there takes the subscription.
        """
        found = {"token": auth_http.routes(self.clients, self.tokens), **faces}
        callers = others(self.clients, self.certificates, Authorities(()))
        await self.doors.open(
            self.doors.applied(
                lambda names: [route for name in names for route in found[name]], self.tokens.grant, callers
            )
        )
        # Once more, to come first: a request that was begun still needs the store.
        self.stack.push_async_callback(self.doors.close)
        url = self.doors.bases[next(iter(faces))] + events
        self.secrets.append(await subscribed(self.calls, url, kinds))

    def ready(self) -> dict[str, Any]:
        """What a ready file says of it; with TLS, what to trust and what to show."""
        known = {"services": dict(self.doors.services), "clients": clients_ready(self.demo, self.tls)}
        return known if self.tls is None else {**known, "tlsRoot": str(self.tls.root)}

    def show(self) -> None:
        """Its clients on the screen, and what to trust."""
        for client in self.demo:
            print(f"  {client.id:<14}{client.role:<18}{client.secret}".rstrip())
        if self.tls is not None:
            print(f"TLS root  {self.tls.root}")


@asynccontextmanager
async def ground(
    options: ApartOptions, clock: Clock, trace: Trace, part: ApartPart, *, telematics_port: int = 0
) -> AsyncIterator[Ground]:
    """What a back end of the kind ``part`` stands on. Raises LocalError."""
    if options.ecosystem is None or options.operator_root is None:
        raise LocalError(
            f"{part.who} needs services, and to know who signs their list of roots.",
            advice="Name the services' ready file or URL with --ecosystem, and with --operator-root the rcp_root.pem "
            "of their data folder.",
        )
    check_reach(options.host, options.transport)
    roots = roots_in(options.operator_root)
    known = await find_services(
        options.ecosystem, clock, needed=part.needed, credentials=options.credentials, ca=options.ca
    )
    folder = (options.data or default_folder().parent / part.folder).absolute()

    async def operator_roots() -> tuple[x509.Certificate, ...]:
        return roots

    async with AsyncExitStack() as stack:
        voice = Voice.on(clock, trace, part.role)
        doors = Doors(
            options.host,
            options.port,
            voice,
            names=part.names,
            name=options.name or "",
            tls=options.transport == "tls",
            telematics_port=telematics_port,
        )
        stack.push_async_callback(doors.close)
        warn_of_reach(voice, options.host, options.name, options.transport, doors.base)
        make_folder(folder)
        calls = Participant(clock, known.of(options.client), "", known.services, tls=trust(options.ca or known.root))
        stack.push_async_callback(calls.close)
        responders = HttpFetch(clock)
        stack.push_async_callback(responders.close)
        database = options.database or f"sqlite+aiosqlite:///{folder / f'{part.folder}.db'}"
        store = await open_store(database, part.kinds, Bus(voice).tell)
        stack.push_async_callback(store.close)
        clients = Clients(clock, voice, store)
        tls = None if doors.context is None else TlsFiles(folder)
        certificates = None
        with locked(folder):
            demo = await demo_clients(clients, folder / "clients.json")
            if doors.context is not None and tls is not None:
                # TLS libraries live by the machine's time, whatever the lab's is.
                certificates = ClientCertificates(Clock(), voice, store, clients)
                await tls.prepare(doors.context, certificates, (), doors.host)
                await tls.certify(certificates, (client.id for client in demo))
        yield Ground(
            clock,
            voice,
            folder,
            calls,
            store,
            # Nobody tells of revocations: responders are asked anew each time.
            Revocations(clock, voice, OcspClient(clock, voice, responders, max_age=0)),
            doors,
            clients,
            demo,
            BearerTokens(clock, store, clients, doors.base),
            tls,
            certificates,
            operator_roots,
            [],
            stack,
        )


async def subscribed(calls: Participant, url: str, events: Iterable[str]) -> str:
    """The secret of a new subscription; one of before for the same address goes, for nobody knows its secret."""
    for endpoint in await calls.list("webhooks", _ENDPOINTS):
        if endpoint.get("url") == url:
            await calls.call("webhooks", "DELETE", f"{_ENDPOINTS}/{endpoint.get('id')}")
    body = {"url": url, "enabledEvents": list(events)}
    made = await calls.call("webhooks", "POST", _ENDPOINTS, body)
    return str(made.get("secret", ""))


def roots_in(file: Path) -> tuple[x509.Certificate, ...]:
    """The roots of who signs the root pool's lists. Raises LocalError."""
    try:
        return reading.load_all(file.read_bytes(), str(file))
    except OSError as error:
        raise LocalError(f"The operator's root {file} cannot be read: {error.strerror}.") from error
