"""Streams push: what arrives reaches the receiver without tasks, in order, bounded, and never inside a write."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from handshakes import Handshakes
from receivers import Told, attached, turns
from test_streams import Pair, tcp_pair

from pncsim.wire.errors import PeerClosed
from pncsim.wire.pipe import memory_pipe
from pncsim.wire.streams import BUFFER, ByteStream, Layer
from pncsim.wire.tls import TlsError


@pytest_asyncio.fixture(params=["memory", "tcp", "layer", "TLS", "TLS upon TCP"])
async def pair(request: pytest.FixtureRequest, tls: Handshakes) -> AsyncIterator[Pair]:
    """Both ends of a connection, whatever it is made of."""
    if "TCP" not in request.param.upper():
        if request.param == "TLS":
            yield await tls.succeed(tls.client(), tls.server())
        else:
            one, two = memory_pipe()
            yield (one, two) if request.param == "memory" else (Layer(one), Layer(two))
        return
    client, station, server = await tcp_pair()
    yield (client, station) if request.param == "tcp" else await tls.secure(client, station)
    client.abort()
    await server.close()


async def until(told: Told, octets: int) -> None:
    """Wait until so much has been delivered."""
    async with asyncio.timeout(10):
        while len(told.data) < octets:
            await turns()


async def ended(told: Told) -> None:
    """Wait for the end."""
    async with asyncio.timeout(10):
        while not told.ends:
            await turns()


async def test_bytes_reach_the_receiver_in_order_and_so_does_the_end_once(pair: Pair) -> None:
    one, two = pair
    told = attached(two)
    one.write(b"first ")
    one.write(b"second")
    await until(told, 12)
    assert bytes(told.data) == b"first second"
    one.write(b"!")
    one.finish()
    one.abort()
    one.finish()
    await ended(told)
    await turns(5)
    assert told.data.startswith(b"first second")
    assert len(told.ends) == 1


async def test_an_orderly_end_comes_after_the_bytes_before_it(pair: Pair) -> None:
    one, two = pair
    told = attached(two)
    one.write(bytes(3 * BUFFER))
    one.finish()
    await ended(told)
    assert (len(told.data), told.ends) == (3 * BUFFER, [None])


async def test_what_came_before_a_receiver_is_delivered_at_the_next_turn(pair: Pair) -> None:
    one, two = pair
    one.write(b"early")
    one.write(b"er")
    async with asyncio.timeout(10):
        while len(two._waiting) < 7:
            await turns()
    told = attached(two)
    assert len(told.data) == 0
    await turns()
    assert told.data == b"earlyer"


async def test_a_second_receiver_takes_over(pair: Pair) -> None:
    one, two = pair
    first = attached(two)
    one.write(b"1")
    await until(first, 1)
    second = attached(two)
    one.write(b"2")
    await until(second, 1)
    one.finish()
    await ended(second)
    assert (first.data, first.ends, second.data) == (b"1", [], b"2")


async def test_who_comes_after_the_end_hears_of_it(pair: Pair) -> None:
    one, two = pair
    one.finish()
    assert await two.read() == b""
    told = attached(two)
    await ended(told)
    assert told.ends == [None]


async def test_ones_own_end_is_told_to_the_receiver_and_nothing_else_is(pair: Pair) -> None:
    one, two = pair
    told = attached(two)
    two.pause()
    one.write(b"not wanted any more")
    two.finish()
    assert told.ends == []
    await ended(told)
    assert (told.data, told.ends) == (b"", [None])


async def test_who_ends_a_connection_while_paused_hears_of_the_end_all_the_same(pair: Pair) -> None:
    one, two = pair
    told = attached(two)
    two.pause()
    one.write(b"not wanted")
    one.finish()
    await turns(3)
    assert told.ends == []
    two.finish()
    await ended(told)
    await turns(3)
    assert (told.data, told.ends) == (b"", [None])


async def test_a_reset_reaches_a_paused_receiver(pair: Pair) -> None:
    one, two = pair
    told = attached(two)
    two.pause()
    one.write(b"unread")
    await turns(3)
    one.abort()
    await ended(told)
    assert isinstance(told.ends[0], PeerClosed)
    assert told.data == b""


async def test_a_paused_receiver_holds_the_writer_and_a_resumed_one_frees_it(pair: Pair) -> None:
    one, two = pair
    amount = 200 * BUFFER
    writer, told = attached(one), attached(two)
    two.pause()
    for _ in range(200):
        one.write(bytes(BUFFER))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await one.drain()
    assert one.unsent > BUFFER
    assert not told.data
    two.resume()
    await until(told, amount)
    assert len(told.data) == amount
    await one.drain()
    await turns()
    assert writer.room


async def test_a_defect_of_a_receiver_surfaces_and_resets_the_connection(pair: Pair) -> None:
    contexts: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: contexts.append(context))
    one, two = pair
    far, told = attached(one), attached(two, failing=ZeroDivisionError("bug"))
    one.write(b"?")
    await ended(told)
    await ended(far)
    assert [context["exception"] for context in contexts] == [told.failing]
    assert [error and error.kind for error in told.ends] == ["defect"]
    assert isinstance(far.ends[0], PeerClosed)


async def test_nothing_is_delivered_inside_a_write_and_all_layers_take_one_turn(tls: Handshakes) -> None:
    for one, two in (memory_pipe(), layered(), await tls.succeed(tls.client(), tls.server())):
        echo = Echo(two)
        told = attached(one)
        tasks = asyncio.all_tasks()
        one.write(b"ping")
        assert not echo.depth
        await turns()
        assert (echo.heard, told.data) == (b"ping", b"")
        await turns()
        assert told.data == b"ping"
        assert asyncio.all_tasks() == tasks


def layered() -> Pair:
    """Two ends of three layers each."""
    one, two = memory_pipe()
    return Layer(Layer(one)), Layer(Layer(two))


class Echo(Told):
    """Answers within what it is told, and looks whether it is told within its answer."""

    def __init__(self, stream: ByteStream) -> None:
        super().__init__()
        self.stream, self.depth, self.heard = stream, 0, b""
        stream.attach(self)

    def received(self, data: bytes) -> None:
        assert not self.depth
        self.depth += 1
        self.heard += data
        self.stream.write(data)
        self.depth -= 1


async def test_a_stream_somebody_is_attached_to_cannot_be_read(pair: Pair) -> None:
    attached(pair[1])
    with pytest.raises(RuntimeError, match="is delivered to"):
        await pair[1].read()


async def test_broken_records_end_with_a_typed_error_after_what_was_whole(tls: Handshakes) -> None:
    client, server = await tls.succeed(tls.client(), tls.server())
    near, far = attached(client), attached(server)
    server.write(b"whole")
    server._below.write(bytes.fromhex("1703030020") + bytes(32))
    await ended(near)
    await ended(far)
    assert near.data == b"whole"
    assert [isinstance(error, TlsError) and error.alert_from for error in near.ends + far.ends] == ["us", "peer"]
