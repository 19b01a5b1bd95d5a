"""The kinds of network behave alike: SDP, connecting, refusing, closing. The real link is in test_interface.py."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

import pytest
from ears import Ears

from pncsim.wire.clock import Clock, VirtualTimeLoop
from pncsim.wire.errors import LocalError, PeerClosed, PeerError
from pncsim.wire.network import Network, SdpError, SeccAddress, Security
from pncsim.wire.network.discovery import INBOX, Asking
from pncsim.wire.network.loopback import LoopbackNetwork, loopback_host
from pncsim.wire.network.memory import MemoryNetwork
from pncsim.wire.streams import NOWHERE, ByteStream
from pncsim.wire.trace import SdpDatagram, Tolerated

BOTH = {Security.TLS, Security.NONE}
Make = Callable[[Clock], Network]


@pytest.fixture(params=["memory", "loopback", "loopback IPv4"])
def make(request: pytest.FixtureRequest) -> Make:
    """Makes a network of each kind that needs no rights."""
    if request.param == "memory":
        return MemoryNetwork
    host = "127.0.0.1" if "IPv4" in request.param else None
    return lambda clock: LoopbackNetwork(clock, host=host)


async def echo(stream: ByteStream) -> None:
    """Send back what comes."""
    while data := await stream.read():
        stream.write(data)


@pytest.mark.parametrize(
    ("want", "served", "found"),
    [
        (Security.TLS, BOTH, Security.TLS),
        (Security.NONE, BOTH, Security.NONE),
        (Security.TLS, {Security.NONE}, Security.NONE),
        (Security.NONE, {Security.TLS}, Security.TLS),
    ],
)
async def test_a_vehicle_finds_what_there_is_and_talks_to_it(
    make: Make, want: Security, served: set[Security], found: Security
) -> None:
    network = make(Clock())
    serving = await network.serve(dict.fromkeys(served, echo))
    address = await network.find(want)
    assert address.security is found
    assert address == serving.addresses[found]
    assert serving.address.security is (Security.TLS if Security.TLS in served else Security.NONE)
    stream = await network.connect(address)
    stream.write(b"hello")
    assert await stream.read() == b"hello"
    await stream.close()
    await serving.close()
    await serving.close()


async def test_each_side_shows_the_datagrams_it_saw(make: Make) -> None:
    network, ears = make(Clock()), Ears()
    ears.trace.wants_bytes = True
    serving = await network.serve({Security.TLS: echo}, ears.voice("SECC"))
    await network.find(Security.TLS, ears.voice("EV"))
    await serving.close()
    request, response = ears.octets("EV")
    assert (request.direction, request.data, request.carrier) == ("sent", bytes.fromhex("01fe9000000000020000"), "UDP")
    assert (response.direction, len(response.data)) == ("received", 28)
    assert request.local == response.local
    heard, answered = ears.octets("SECC")
    assert [(e.direction, e.data, e.local, e.remote) for e in (heard, answered)] == [
        ("received", request.data, request.remote, request.local),
        ("sent", response.data, response.remote, response.local),
    ]


async def test_one_station_at_a_time(make: Make) -> None:
    network = make(Clock())
    serving = await network.serve({Security.TLS: echo})
    with pytest.raises(LocalError, match="serves on this network already"):
        await network.serve({Security.TLS: echo})
    await serving.close()
    again = await network.serve({Security.NONE: echo})
    assert (await network.find(Security.TLS)).security is Security.NONE
    await again.close()


async def test_a_station_without_handlers_is_refused(make: Make) -> None:
    with pytest.raises(LocalError, match="none was given"):
        await make(Clock()).serve({})


async def test_a_withdrawn_station_is_not_found_but_goes_on_talking(make: Make) -> None:
    clock = Clock()
    network = make(clock)
    serving = await network.serve({Security.TLS: echo})
    address = await network.find(Security.TLS)
    stream = await network.connect(address)
    stream.write(b"1")
    assert await stream.read() == b"1"
    serving.withdraw()
    stream.write(b"2")
    assert await stream.read() == b"2"
    with pytest.raises(PeerError, match="Nobody accepts"):
        await network.connect(address)
    with pytest.raises(TimeoutError):
        async with clock.timeout(0.05):
            await network.find(Security.TLS)
    await serving.close()
    with pytest.raises(PeerClosed):
        while await stream.read():
            pass
    await stream.close()


async def test_a_search_by_jumps_ends_after_fifty_requests(make: Make) -> None:
    clock = Clock()
    ears = Ears()
    ears.trace.wants_bytes = True
    network = make(clock)
    finding = asyncio.create_task(network.find(Security.TLS, ears.voice("EV")))
    while not finding.done():
        await asyncio.sleep(0)
        clock.jump(0.25)
    with pytest.raises(SdpError, match=r"No charging station answered 50 SDP requests in 12\.5 s"):
        await finding
    assert len(ears.octets("EV")) == 50


async def test_a_station_that_comes_later_is_found(make: Make) -> None:
    clock = Clock()
    network = make(clock)
    finding = asyncio.create_task(network.find(Security.TLS))
    await asyncio.sleep(0)
    serving = await network.serve({Security.TLS: echo})
    clock.jump(0.25)
    assert await finding == serving.address
    await serving.close()


def test_a_flood_of_datagrams_that_are_no_answer_is_looked_at_in_part() -> None:
    async def main() -> int:
        ears = Ears()
        asking = Asking(Clock(), ears.voice("EV"), NOWHERE)

        def flood(request: bytes) -> None:
            for _ in range(1_000):
                asking.put(b"no answer", NOWHERE)

        with pytest.raises(SdpError):
            await asking.search(Security.TLS, flood, attempts=2)
        return sum(isinstance(event, Tolerated) for event in ears.events)

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        assert runner.run(main()) == 2 * INBOX


def test_a_search_in_virtual_time_takes_12_5_seconds_of_it() -> None:
    async def main() -> float:
        clock = Clock(1_790_000_000.0)
        with pytest.raises(SdpError):
            await MemoryNetwork(clock).find(Security.TLS)
        return clock.now() - 1_790_000_000.0

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        assert runner.run(main()) == pytest.approx(12.5)


async def test_malformed_requests_get_no_answer_and_are_told() -> None:
    ears = Ears()
    network = LoopbackNetwork(Clock())
    serving = await network.serve({Security.TLS: echo}, ears.voice())
    family = socket.AF_INET6 if ":" in network.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as stranger:
        stranger.setblocking(False)
        bad = [b"", b"x" * 1500, bytes.fromhex("01fe9000000000000000"), bytes.fromhex("01fe9000000000020010")]
        for datagram in bad:
            stranger.sendto(datagram, (network.host, network.sdp_port))
        assert (await network.find(Security.TLS)).security is Security.TLS
        with pytest.raises(BlockingIOError):
            stranger.recv(100)
    await serving.close()
    ignored = [event.what for event in ears.events if isinstance(event, Tolerated)]
    assert len(ignored) == len(bad) == len([event for event in ears.events if not isinstance(event, SdpDatagram)])
    assert "too short" in ignored[0]
    assert "UDP" in ignored[3]


async def test_a_chosen_sdp_port_in_use_is_ours_and_comes_with_advice() -> None:
    first = LoopbackNetwork(Clock())
    serving = await first.serve({Security.TLS: echo})
    with pytest.raises(LocalError, match="Another program uses this port"):
        await LoopbackNetwork(Clock(), sdp_port=first.sdp_port).serve({Security.TLS: echo})
    await serving.close()


async def test_two_networks_may_meet_at_an_agreed_port() -> None:
    station = LoopbackNetwork(Clock())
    serving = await station.serve({Security.TLS: echo})
    vehicle = LoopbackNetwork(Clock(), sdp_port=station.sdp_port)
    assert await vehicle.find(Security.TLS) == serving.address
    await serving.close()


async def test_an_address_nobody_has_in_memory() -> None:
    network = MemoryNetwork(Clock())
    serving = await network.serve({Security.TLS: echo})
    with pytest.raises(PeerError):
        await network.connect(SeccAddress("fe80::1", 1, Security.TLS))
    await serving.close()


def test_loopback_without_ipv6(monkeypatch: pytest.MonkeyPatch) -> None:
    assert loopback_host() in ("::1", "127.0.0.1")

    def no_ipv6(*_: object) -> socket.socket:
        raise OSError(97, "Address family not supported by protocol")

    monkeypatch.setattr(socket, "socket", no_ipv6)
    assert loopback_host() == "127.0.0.1"
