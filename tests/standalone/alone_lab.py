"""Both lone sides against each other on loopback, in one process, in real time."""

from __future__ import annotations

import asyncio
import re
import socket
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from pncsim.simulator.alone.options import StationOptions, VehicleOptions
from pncsim.simulator.alone.sides import run_station, run_vehicle
from pncsim.simulator.plan import OtherSide
from pncsim.tls_certs.pki import create_pki, write_pki
from pncsim.wire.clock import Clock
from pncsim.wire.network.loopback import loopback_host
from pncsim.wire.trace import Event, Story, Trace
from pncsim.wire.v2g import appprotocol as app

Address = tuple[str, int]

QUICK = VehicleOptions(loops=3, interval=0.05)


def free_port() -> int:
    host = loopback_host()
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


OFFER = app.SupportedAppProtocolReq(
    AppProtocol=[
        app.AppProtocolType(
            ProtocolNamespace="urn:iso:15118:2:2013:MsgDef",
            VersionNumberMajor=2,
            VersionNumberMinor=0,
            SchemaID=1,
            Priority=1,
        )
    ]
)


Guests = Callable[[dict[str, Address]], Awaitable[None]]
"""What others do at the station before the vehicle comes, given its addresses: "TLS" and "plain"."""


async def charge(
    station: StationOptions,
    vehicle: VehicleOptions,
    *,
    leaps: bool = False,
    guests: Guests | None = None,
    also: Callable[[Event], None] | None = None,
) -> tuple[int, int, list[Event]]:
    """The exit codes of station and vehicle, and what was seen, which ``also`` is told as well.

    ``leaps``: charging takes no real time.
    """
    link, clock, trace, events = OtherSide(sdp_port=free_port()), Clock(leaps=leaps), Trace(), list[Event]()
    trace.subscribe(events.append)
    if also is not None:
        trace.subscribe(also)
    serving, where = await open_station(link, station, clock, trace)
    if guests is not None:
        await guests(where)
    code = await run_vehicle(link, vehicle, clock, trace)
    return await serving, code, events


async def open_station(
    link: OtherSide, options: StationOptions, clock: Clock, trace: Trace
) -> tuple[asyncio.Task[int], dict[str, Address]]:
    """A lone station that waits for a vehicle, or has given up already, and where it listens."""
    told: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def hear(event: Event) -> None:
        if isinstance(event, Story) and event.text.startswith("Waiting for a vehicle at "):
            told.set_result(event.text)
        elif isinstance(event, Story) and event.text.startswith("The vehicle may come back"):
            clock.jump(18)  # in these tests it does not

    trace.subscribe(hear)
    serving = asyncio.create_task(run_station(link, options, clock, trace))

    def gone(_: asyncio.Task[int]) -> None:
        if not told.done():
            told.set_result("")

    serving.add_done_callback(gone)
    await told
    found = re.findall(r"(\S+):(\d+) \((TLS|plain)\)", told.result())
    return serving, {kind: (host.strip("[]"), int(port)) for host, port, kind in found}


async def speak(address: Address, octets: bytes) -> bytes:
    """Connect, say ``octets``, close the own side, hear the answer to its end."""
    reader, writer = await asyncio.open_connection(*address)
    writer.write(octets)
    writer.write_eof()
    heard = b""
    try:
        while more := await reader.read(4096):
            heard += more
    except ConnectionError:
        pass
    writer.close()
    return heard


def issue_folder(directory: Path) -> Path:
    """A PKI folder as `pnc certs create` writes it, issued now: lone sides live in real time."""
    write_pki(create_pki(time.time(), ocsp_url="http://ocsp.pncsim.test/ocsp"), directory)
    return directory
