"""Byte streams: the same behaviour from a pipe in memory and from TCP on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio
from ears import Ears

from pncsim.wire.acceptor import MAX_CONNECTIONS, Acceptor
from pncsim.wire.errors import LocalError, PeerClosed, PeerError
from pncsim.wire.network.loopback import loopback_host
from pncsim.wire.pipe import memory_pipe
from pncsim.wire.streams import BUFFER, ByteStream
from pncsim.wire.tcp import TcpServer, connect_tcp, serve_tcp
from pncsim.wire.trace import Problem

Pair = tuple[ByteStream, ByteStream]


async def tcp_pair() -> tuple[ByteStream, ByteStream, TcpServer]:
    """Two connected TCP streams, and the listener."""
    accepted: asyncio.Future[ByteStream] = asyncio.get_running_loop().create_future()

    async def hold(stream: ByteStream) -> None:
        accepted.set_result(stream)
        await asyncio.get_running_loop().create_future()

    server = await serve_tcp(hold, loopback_host())
    client = await connect_tcp(server.host, server.port)
    return client, await accepted, server


@pytest_asyncio.fixture(params=["memory", "tcp"])
async def pair(request: pytest.FixtureRequest) -> AsyncIterator[Pair]:
    """Both ends of a connection."""
    if request.param == "memory":
        yield memory_pipe()
        return
    client, station, server = await tcp_pair()
    yield client, station
    await client.close()
    await server.close()


async def read_all(stream: ByteStream) -> bytes:
    """Everything up to the end."""
    parts = []
    while data := await stream.read():
        parts.append(data)
    return b"".join(parts)


async def limited(wait: Awaitable[object]) -> None:
    """Show that ``wait`` does not come to an end by itself."""
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await wait


async def test_bytes_go_both_ways(pair: Pair) -> None:
    one, two = pair
    one.write(b"ping")
    assert await two.read() == b"ping"
    two.write(b"po")
    two.write(b"ng")
    received = b""
    while len(received) < 4:
        received += await one.read()
    assert received == b"pong"


async def test_a_close_delivers_what_was_written_and_then_the_end(pair: Pair) -> None:
    one, two = pair
    one.write(b"x" * 100_000)
    reader = asyncio.create_task(read_all(two))
    await one.close()
    await one.close()
    assert len(await reader) == 100_000
    assert await two.read() == b""


async def test_a_read_in_progress_ends_when_its_own_side_closes(pair: Pair) -> None:
    one, _ = pair
    reader = asyncio.create_task(one.read())
    await asyncio.sleep(0)
    await one.close()
    assert await reader == b""


async def test_an_abort_resets_the_peer(pair: Pair) -> None:
    one, two = pair
    one.abort()
    one.abort()
    with pytest.raises(PeerClosed):
        await two.read()
    with pytest.raises(PeerClosed):
        await two.drain()
    assert await one.read() == b""


async def test_writing_to_a_closed_connection_is_harmless(pair: Pair) -> None:
    one, two = pair
    await one.close()
    one.write(b"late")
    assert await two.read() == b""
    two.write(b"into the void")


async def test_a_writer_waits_for_a_slow_reader(pair: Pair) -> None:
    one, two = pair
    # Far more than pipe and socket buffers hold.
    amount = 200 * BUFFER
    one.write(bytes(amount))
    await limited(one.drain())
    received = 0
    while received < amount:
        received += len(await two.read())
    await one.drain()


async def test_a_waiting_writer_hears_of_the_reset() -> None:
    one, two = memory_pipe()
    one.write(bytes(2 * BUFFER))
    writer = asyncio.create_task(one.drain())
    await asyncio.sleep(0)
    two.abort()
    with pytest.raises(PeerClosed):
        await writer


async def test_a_tcp_reader_that_does_not_read_is_not_flooded() -> None:
    client, station, server = await tcp_pair()
    station.write(bytes(200 * BUFFER))
    await limited(asyncio.get_running_loop().create_future())
    assert len(client._waiting) <= 8 * BUFFER
    client.abort()
    await server.close()


async def test_a_peer_is_described_for_people() -> None:
    client, station, server = await tcp_pair()
    assert client.peer == (f"[::1]:{server.port}" if ":" in server.host else f"127.0.0.1:{server.port}")
    assert station.peer.rpartition(":")[0] == client.peer.rpartition(":")[0]
    await client.close()
    await server.close()


async def test_nobody_listening_is_the_peers_matter() -> None:
    async def handler(_: ByteStream) -> None:
        """Never called."""

    server = await serve_tcp(handler, loopback_host())
    await server.close()
    with pytest.raises(PeerError, match="Nobody accepts TCP connections"):
        await connect_tcp(server.host, server.port)


async def test_a_port_in_use_is_ours_and_comes_with_advice() -> None:
    async def handler(_: ByteStream) -> None:
        """Never called."""

    server = await serve_tcp(handler, loopback_host())
    with pytest.raises(LocalError, match="Another program uses this port"):
        await serve_tcp(handler, server.host, server.port)
    await server.close()


async def test_closing_a_server_cancels_handlers_and_resets_connections() -> None:
    client, _, server = await tcp_pair()
    await server.close()
    with pytest.raises(PeerClosed):
        await client.read()
    await client.close()


async def test_a_refusing_server_lets_open_connections_go_on() -> None:
    client, station, server = await tcp_pair()
    server.refuse()
    station.write(b"still here")
    assert await client.read() == b"still here"
    with pytest.raises(PeerError):
        await connect_tcp(server.host, server.port)
    await client.close()
    await server.close()


def failing(error: Exception) -> Callable[[ByteStream], Awaitable[None]]:
    """A handler that reads once and fails."""

    async def handler(stream: ByteStream) -> None:
        await stream.read()
        raise error

    return handler


async def test_an_error_of_a_handler_is_reported_and_resets_only_its_connection() -> None:
    ears = Ears()
    acceptor = Acceptor(failing(PeerError("It sent nonsense.", kind="malformed")), ears.voice("SECC", "CS001/1"))
    (one, first), (two, second) = memory_pipe(), memory_pipe()
    acceptor.accept(first)
    acceptor.accept(second)
    one.write(b"?")
    with pytest.raises(PeerClosed):
        await one.read()
    [problem] = ears.events
    assert isinstance(problem, Problem)
    assert (problem.unit, problem.text, problem.kind) == ("CS001/1", "It sent nonsense.", "malformed")
    await limited(two.read())
    await acceptor.close()


async def test_a_bug_in_a_handler_reaches_the_loops_exception_handler() -> None:
    contexts: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: contexts.append(context))
    acceptor = Acceptor(failing(ZeroDivisionError()), Ears().voice())
    one, first = memory_pipe()
    acceptor.accept(first)
    one.write(b"?")
    with pytest.raises(PeerClosed):
        await one.read()
    assert isinstance(contexts[0]["exception"], ZeroDivisionError)
    await acceptor.close()


async def test_too_many_connections_are_reset() -> None:
    async def hold(stream: ByteStream) -> None:
        await stream.read()

    acceptor = Acceptor(hold)
    for _ in range(MAX_CONNECTIONS):
        acceptor.accept(memory_pipe()[1])
    one, other = memory_pipe()
    acceptor.accept(other)
    with pytest.raises(PeerClosed):
        await one.read()
    await acceptor.close()
