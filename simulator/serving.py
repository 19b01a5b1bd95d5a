"""The services behind the stations, standing alone: opened, told on the screen, and closed in order.

Everything is kept in one folder (``--data``): the database, the PKI, and the demo clients with their secrets, which the
database holds as hashes only. A second start finds it all again.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Struct

from pncsim.backend.auth import CLIENTS, TOKEN_KEYS, BearerTokens, Clients
from pncsim.backend.ccp import CONTRACTS
from pncsim.backend.cleansing import cleanse_regularly
from pncsim.backend.ecosystem import Ecosystem
from pncsim.backend.events.bus import Bus
from pncsim.backend.faces import FACES, Household
from pncsim.backend.mo import SUBSCRIPTIONS
from pncsim.backend.pcp import VEHICLES
from pncsim.backend.pki.own import OWN_KEYS
from pncsim.backend.pki.store import ISSUED
from pncsim.backend.rcp import ROOT_ACTIVITIES, ROOTS
from pncsim.backend.rest.access import Role
from pncsim.backend.rest.routes import application
from pncsim.backend.store.sql import open_store
from pncsim.simulator.parameters import Bounds, Flag, Reads, Shown
from pncsim.tls_certs import reading
from pncsim.tls_certs.pki import Pki, create_pki, load_pki, write_pki
from pncsim.wire.clock import Clock
from pncsim.wire.errors import LocalError
from pncsim.wire.files import replace_file
from pncsim.wire.listener import HttpListener
from pncsim.wire.source import SYSTEM
from pncsim.wire.trace import Trace
from pncsim.wire.values import Discreet
from pncsim.wire.voice import Voice

PORT = 8180
KINDS = (VEHICLES, CONTRACTS, ROOTS, ROOT_ACTIVITIES, SUBSCRIPTIONS, ISSUED, CLIENTS, TOKEN_KEYS, OWN_KEYS)
"""What an ecosystem keeps."""


def duration(text: str) -> float:
    """Seconds of ``90``, ``15m``, ``12h``, ``30d`` or ``1y`` (365 days), also negative. Raises ValueError."""
    units = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800, "y": 31_536_000}
    number, unit = (text[:-1], units[text[-1]]) if text[-1:] in units else (text, 1)
    try:
        return float(number) * unit
    except ValueError:
        raise ValueError(f"{text!r} is no duration: a number with s, m, h, d, w or y, for instance 30d") from None


class ServeOptions(Struct, frozen=True, kw_only=True):
    """``pnc serve ecosystem``: where it listens, what it keeps where, and what time it is there."""

    host: Annotated[str, "address to listen on; another one than loopback needs --no-tls", Shown("H")] = "127.0.0.1"
    port: Annotated[int, "port to listen on; 0 takes a free one", Bounds(0, 65_535), Shown("P")] = PORT
    data: Annotated[Path | None, "folder of everything that is kept", Shown("DIR")] = None
    database: Annotated[str | None, "database, default: an SQLite file in the folder", Shown("URL")] = None
    pki: Annotated[Path | None, "PKI folder; made in the folder if there is none", Shown("DIR")] = None
    tls: Annotated[bool, "plain HTTP although others can reach it", Flag("--no-tls")] = True
    ready_file: Annotated[
        Path | None, "write the URLs and clients there as JSON once everything answers", Shown("FILE")
    ] = None
    clock_offset: Annotated[float, "how far the services' time is ahead", Reads(duration), Shown("DURATION")] = 0.0


class DemoClient(Discreet, Struct, frozen=True, kw_only=True):
    """A participant to try things with; ``secret`` is shown, since it opens nothing but this lab."""

    id: str
    role: Role
    wmi: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    secret: str = ""

    _hidden = ("secret",)


DEMO = (
    DemoClient(id="demo-oem", role="OEM", wmi=("PNC", "WMI")),
    DemoClient(id="demo-cpo", role="CPO"),
    DemoClient(id="demo-mo", role="MO_EXTERNAL_PKI", providers=("DEPNC",)),
    DemoClient(id="demo-mo-v2g", role="MO_HUBJECT_PKI", providers=("DEV2G",)),
    DemoClient(id="demo-cps", role="CPS"),
    DemoClient(id="demo-admin", role="ADMIN"),
)


class Served(Struct, frozen=True):
    """What answers now; :meth:`ready` is what a ready file says."""

    services: Mapping[str, str]
    clients: tuple[DemoClient, ...]
    pki: Path
    database: str
    ecosystem: Ecosystem

    def ready(self) -> dict[str, Any]:
        """URLs, demo clients, and where data lies."""
        clients = [
            {"id": c.id, "secret": c.secret, "role": c.role, "wmi": list(c.wmi), "providers": list(c.providers)}
            for c in self.clients
        ]
        return {
            "services": dict(self.services),
            "clients": clients,
            "pki": str(self.pki),
            "database": self.database,
        }


async def run_services(options: ServeOptions, clock: Clock, trace: Trace) -> int:
    """Serve until somebody ends it; the exit code. Raises LocalError where it cannot be done here."""
    async with served(options, clock, trace) as house:
        if options.ready_file is not None:
            _write(options.ready_file, house.ready())
        _show(house)
        try:
            await asyncio.Event().wait()
        finally:
            if options.ready_file is not None:
                options.ready_file.unlink(missing_ok=True)
    raise AssertionError("it is ended from outside")


@asynccontextmanager
async def served(options: ServeOptions, clock: Clock, trace: Trace) -> AsyncIterator[Served]:
    """All services of one ecosystem, answering on one port."""
    if not _is_loopback(options.host) and options.tls:
        raise LocalError(
            f"Others can reach {options.host}, and TLS is not served yet.",
            advice="Listen on 127.0.0.1, or say --no-tls if they may read and change what passes.",
        )
    folder = options.data or default_folder()
    async with AsyncExitStack() as stack:
        voice = Voice.on(clock, trace, "LAB")
        listener = HttpListener(options.host, options.port, voice=voice)
        stack.push_async_callback(listener.stop)
        _make(folder)
        bus = Bus(voice)
        database = options.database or f"sqlite+aiosqlite:///{folder / 'pnc.db'}"
        store = await open_store(database, KINDS, bus.tell)
        stack.push_async_callback(store.close)
        ecosystem = Ecosystem(clock, trace, bus=bus, store=store)
        place = options.pki or folder / "pki"
        await ecosystem.add_pki(_pki(place, clock.now(), f"{listener.url}/ocsp"))
        clients = Clients(clock, voice, store)
        demo = await _demo_clients(clients, folder / "clients.json")
        household = Household(ecosystem, clients, BearerTokens(clock, store, clients, listener.url), clock)
        routes = [route for face in FACES.values() for route in face.routes(household)]
        own = reading.pem([await ecosystem.trust_lists.anchor()])
        replace_file(folder / "rcp_root.pem", own.encode("ascii"), 0o600)
        await store.tell_again()
        await listener.start(application(routes, voice, tokens=household.tokens.grant))
        # Once more, to come first: a request that was begun still needs the store.
        stack.push_async_callback(listener.stop)
        services = {name: listener.url + face.path for name, face in FACES.items()}
        cleansing = asyncio.create_task(cleanse_regularly(ecosystem, clock, voice))
        stack.push_async_callback(_ended, cleansing)
        yield Served(services, demo, place, store.database.name, ecosystem)
        await bus.settled()


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])


def default_folder() -> Path:
    """Where data is kept unless told otherwise (XDG Base Directory)."""
    home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(home) / "pncsim" / "ecosystem"


def _make(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise LocalError(
            f"The folder {folder} cannot be made: {error.strerror}.", advice="Name another one with --data."
        ) from error


def _is_loopback(host: str) -> bool:
    return host in ("127.0.0.1", "::1", "localhost")


def _pki(place: Path, now: float, ocsp_url: str) -> Pki:
    if not (place / "pki.json").exists():
        write_pki(create_pki(now, ocsp_url=ocsp_url), place)
    return load_pki(place)


async def _demo_clients(clients: Clients, file: Path) -> tuple[DemoClient, ...]:
    """The demo clients with their secrets; those of an earlier start if it left any."""
    known = {client.id: client for client in _known(file)}
    demo = []
    there = {client.id for client in await clients.list()}
    for client in DEMO:
        before = known.get(client.id)
        if before is not None and client.id in there:
            demo.append(before)
            continue
        if client.id in there:
            await clients.remove(client.id)
        secret = before.secret if before is not None else SYSTEM.token(24)
        await clients.add(client.id, client.role, wmis=client.wmi, providers=client.providers, secret=secret)
        demo.append(msgspec.structs.replace(client, secret=secret))
    replace_file(file, msgspec.json.format(msgspec.json.encode(demo), indent=1), 0o600)
    return tuple(demo)


def _known(file: Path) -> list[DemoClient]:
    try:
        return msgspec.json.decode(file.read_bytes(), type=list[DemoClient])
    except FileNotFoundError:
        return []
    except (OSError, msgspec.DecodeError) as error:
        raise LocalError(f"The demo clients in {file} cannot be read: {error}.", advice="Remove the file.") from error


def _write(file: Path, ready: Mapping[str, Any]) -> None:
    try:
        replace_file(file, json.dumps(ready, indent=1).encode() + b"\n", 0o600)
    except OSError as error:
        raise LocalError(f"The ready file {file} cannot be written: {error.strerror}.") from error


def _show(house: Served) -> None:
    print("Services")
    for name, url in house.services.items():
        print(f"  {name:<10}{url}")
    print("Demo clients                                                      owns")
    for client in house.clients:
        owns = " ".join((*client.wmi, *client.providers))
        print(f"  {client.id:<14}{client.role:<18}{client.secret:<34}{owns}")
    print(f"PKI        {house.pki}\nDatabase   {house.database}\nReady. Ctrl-C ends it.", flush=True)
