"""What passes on a link is told by each side for itself, whole, in order, and only where somebody wants to know."""

from __future__ import annotations

import asyncio

import pytest
from ears import Ears
from handshakes import Handshakes
from receivers import attached, turns
from test_networks import Make, echo, make  # noqa: F401  make is a fixture

from pncsim.wire.capture import captured
from pncsim.wire.clock import Clock
from pncsim.wire.network import Network, Security
from pncsim.wire.network.loopback import LoopbackNetwork
from pncsim.wire.network.memory import MemoryNetwork
from pncsim.wire.pipe import memory_pipe
from pncsim.wire.streams import ByteStream
from pncsim.wire.tls import open_client, open_server
from pncsim.wire.trace import LinkBytes, Trace


def carried(events: list[LinkBytes], direction: str) -> bytes:
    """What a connection carried in one direction."""
    return b"".join(event.data for event in events if event.carrier == "TCP" and event.direction == direction)


async def test_both_sides_tell_the_same_connection_from_their_ends(make: Make) -> None:  # noqa: F811
    network, ears = make(Clock()), Ears()
    ears.trace.wants_bytes = True
    serving = await network.serve({Security.NONE: echo}, ears.voice("SECC", "CS001/1"))
    stream = await network.connect(serving.address, ears.voice("EV", "EV-2"))
    for number in range(3):
        stream.write(bytes((number,)) * 1000)
    received = b""
    while len(received) < 3000:
        received += await stream.read()
    await stream.close()
    async with asyncio.timeout(10):
        while ears.octets("SECC")[-1].mark != "ended" or ears.octets("SECC")[-1].direction != "sent":
            await turns()
    await serving.close()
    vehicle, station = ears.octets("EV"), ears.octets("SECC")
    assert carried(vehicle, "sent") == carried(station, "received") == received == carried(vehicle, "received")
    assert carried(station, "sent") == received
    assert [(e.direction, e.mark) for e in vehicle if e.mark] == [("sent", "opened"), ("sent", "ended")]
    assert [(e.direction, e.mark) for e in station if e.mark] == [
        ("received", "opened"),
        ("received", "ended"),
        ("sent", "ended"),
    ]
    assert {(e.local, e.remote) for e in vehicle} == {(e.remote, e.local) for e in station}
    [(local, remote)] = {(e.local, e.remote) for e in vehicle}
    assert remote == (serving.address.host, serving.address.port)
    assert local != remote
    assert {e.unit for e in vehicle} == {"EV-2"}


async def test_a_reset_is_told_by_both_sides() -> None:
    ears, (near, far) = Ears(), memory_pipe()
    ears.trace.wants_bytes = True
    one, two = captured(near, ears.voice("EV"), "sent"), captured(far, ears.voice("SECC"), "received")
    told = attached(two)
    one.write(b"lost")
    one.abort()
    one.write(b"never sent")
    await turns(3)
    assert told.data == b""
    _, *passed = ears.octets("EV")
    assert [(e.direction, e.data, e.mark) for e in passed] == [("sent", b"lost", ""), ("sent", b"", "reset")]
    assert [(e.direction, e.mark) for e in ears.octets("SECC")] == [("received", "opened"), ("received", "reset")]


async def test_nobody_who_wants_nothing_pays_for_it() -> None:
    ears, (near, _) = Ears(), memory_pipe()
    assert captured(near, ears.voice(), "sent") is near
    assert captured(near, None, "sent") is near
    network = MemoryNetwork(Clock())
    serving = await network.serve({Security.TLS: echo}, ears.voice())
    stream = await network.connect(await network.find(Security.TLS, ears.voice("EV")), ears.voice("EV"))
    stream.write(b"?")
    assert await stream.read() == b"?"
    assert [event for event in ears.events if isinstance(event, LinkBytes)] == []
    await serving.close()


async def test_what_passes_is_below_tls_and_the_keys_go_to_their_sink_only(tls: Handshakes) -> None:
    ears, (near, far) = Ears(), memory_pipe()
    keys: list[str] = []
    ears.trace.wants_bytes, ears.trace.key_log = True, keys.append
    voice, clock = ears.voice("EV"), Clock(tls.start)
    client, server = await asyncio.gather(
        open_client(captured(near, voice, "sent"), tls.client(on_keys=voice.key_log), clock),
        open_server(far, tls.server(), clock),
    )
    client.write(b"in the clear")
    assert await server.read() == b"in the clear"
    sent = carried(ears.octets("EV"), "sent")
    assert sent.startswith(b"\x16\x03\x01")
    assert b"in the clear" not in sent
    [line] = keys
    secret = line.split()[2]
    assert not any(secret in repr(event) or secret in event.data.hex() for event in ears.octets("EV"))
    assert "key_log" not in repr(ears.trace)


def networks(kind: str, clock: Clock) -> list[Network]:
    """Three links at once."""
    return [MemoryNetwork(clock, n) if kind == "memory" else LoopbackNetwork(clock) for n in (1, 2, 3)]


@pytest.mark.parametrize("kind", ["memory", "loopback"])
async def test_links_exist_side_by_side_and_share_no_address(kind: str) -> None:
    ears, clock = Ears(), Clock()
    ears.trace.wants_bytes = True
    links = networks(kind, clock)

    async def serve(number: int) -> None:
        async def name_it(stream: ByteStream) -> None:
            await stream.read()
            stream.write(f"station {number}".encode())

        serving = await links[number].serve({Security.NONE: name_it}, ears.voice("SECC", f"CS001/{number}"))
        voice = ears.voice("EV", f"EV-{number}")
        for _ in range(2):
            stream = await links[number].connect(await links[number].find(Security.NONE, voice), voice)
            stream.write(b"who are you")
            assert await stream.read() == f"station {number}".encode()
            await stream.close()
        await serving.close()

    await asyncio.gather(*(serve(number) for number in range(3)))
    connections: dict[frozenset[object], set[str]] = {}
    for event in ears.octets("EV") + ears.octets("SECC"):
        if event.carrier == "TCP":
            connections.setdefault(frozenset((event.local, event.remote)), set()).add(event.unit)
    assert sorted(map(sorted, connections.values())) == sorted([[f"CS001/{n}", f"EV-{n}"] for n in range(3)] * 2)


def test_a_stream_of_events_carries_no_bytes_unless_asked() -> None:
    assert not Trace().wants_bytes
    assert Ears().voice().key_log is None
