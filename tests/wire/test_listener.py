"""The HTTP listener against guests that are slow, silent, too many or too big."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from pncsim.tls_certs.pki import create_pki
from pncsim.wire.clock import Clock
from pncsim.wire.errors import LocalError
from pncsim.wire.listener import LIMITS, HttpListener, Limits
from pncsim.wire.ocpp.tls import server_context
from pncsim.wire.values import replace
from pncsim.wire.web import aiohttp, web

SHORT = 0.05
HELLO = b"POST /hello HTTP/1.1\r\nHost: here\r\nContent-Length: 5\r\n\r\n"


async def hello(request: web.Request) -> web.StreamResponse:
    return web.Response(text=f"{len(await request.read())} octets")


async def flood(request: web.Request) -> web.StreamResponse:
    return web.Response(body=bytes(32 << 20))


async def echo(request: web.Request) -> web.StreamResponse:
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        await socket.send_str(message.data)
    return socket


def an_app(limits: Limits) -> web.Application:
    app = web.Application(client_max_size=limits.body)
    app.router.add_post("/hello", hello)
    app.router.add_get("/flood", flood)
    app.router.add_get("/ws", echo)
    return app


@asynccontextmanager
async def listening(limits: Limits = LIMITS) -> AsyncIterator[HttpListener]:
    listener = HttpListener(limits=limits)
    await listener.start(an_app(limits))
    try:
        yield listener
    finally:
        await listener.stop()


Guest = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def guest(listener: HttpListener, *first: bytes) -> AsyncIterator[Guest]:
    reader, writer = await asyncio.open_connection(listener.host, listener.port)
    writer.writelines(first)
    try:
        yield reader, writer
    finally:
        writer.close()


async def answer(reader: asyncio.StreamReader) -> bytes:
    """One answer with a Content-Length."""
    head = await reader.readuntil(b"\r\n\r\n")
    (length,) = (line[15:] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    return head + await reader.readexactly(int(length))


async def until(true: Callable[[], bool]) -> None:
    """Let the others work until it is."""
    while not true():  # noqa: ASYNC110 - there is no event to wait for
        await asyncio.sleep(0)


async def test_requests_follow_each_other_on_one_connection() -> None:
    async with listening() as listener, guest(listener, HELLO, b"12345") as (reader, writer):
        assert (await answer(reader)).endswith(b"5 octets")
        writer.writelines([HELLO, b"123", b"45", HELLO, b"54321"])
        assert (await answer(reader)).endswith(b"5 octets")
        assert (await answer(reader)).endswith(b"5 octets")


async def test_a_header_that_never_ends_is_answered_408() -> None:
    async with listening(replace(LIMITS, header=SHORT)) as listener, guest(listener, HELLO[:-2]) as (reader, _):
        assert (await reader.read()).startswith(b"HTTP/1.1 408 ")


async def test_a_header_that_trickles_in_gets_no_more_time_for_it() -> None:
    async with listening(replace(LIMITS, header=SHORT, line=1 << 24)) as listener, guest(listener) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nX: ")

        def closed_for_one_more() -> bool:
            writer.write(b"y")
            return writer.is_closing()

        trickling = asyncio.create_task(until(closed_for_one_more))
        assert (await _rest(reader)).startswith(b"HTTP/1.1 408 ")
        trickling.cancel()


async def test_the_time_for_a_header_runs_for_each_request_anew() -> None:
    async with (
        listening(replace(LIMITS, header=SHORT)) as listener,
        guest(listener, HELLO, b"12345") as (reader, writer),
    ):
        await answer(reader)
        writer.write(HELLO[:20])
        assert (await reader.read()).startswith(b"HTTP/1.1 408 ")


async def test_a_body_that_never_comes_ends_the_connection() -> None:
    async with listening(replace(LIMITS, whole=SHORT)) as listener, guest(listener, HELLO, b"123") as (reader, _):
        assert await _rest(reader) == b""


@pytest.mark.parametrize("begun", [HELLO[:20], HELLO, HELLO + b"12"], ids=["header", "no body", "half a body"])
@pytest.mark.parametrize("another", [False, True], ids=["stop", "another application"])
async def test_a_request_that_has_begun_to_arrive_is_answered_although_the_end_comes(
    begun: bytes, another: bool
) -> None:
    """aiohttp 3.14.5 takes no octet any more once it is told to end, and waits for the body all the same."""
    async with listening() as listener:
        async with guest(listener, begun) as (reader, writer):
            await until(lambda: any(one.arriving for one in listener.guests.values()))
            if another:
                await listener.start(an_app(LIMITS))
            ending = asyncio.ensure_future(asyncio.sleep(0) if another else listener.stop())
            for _ in range(10):
                await asyncio.sleep(0)
            writer.write((HELLO + b"12345")[len(begun) :])
            assert b"5 octets" in await answer(reader)
        await ending


async def test_who_breaks_off_halfway_holds_up_no_end() -> None:
    async with listening() as listener:
        async with guest(listener, HELLO):
            await until(lambda: any(one.arriving for one in listener.guests.values()))
            ending = asyncio.ensure_future(listener.stop())
        await ending
        assert not listener.guests


async def test_an_answer_that_nobody_takes_ends_the_connection() -> None:
    async with (
        listening(replace(LIMITS, whole=SHORT)) as listener,
        guest(listener, b"GET /flood HTTP/1.1\r\nHost: here\r\n\r\n") as (reader, writer),
    ):
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        await until(lambda: bool(listener.guests))
        await until(lambda: not listener.guests)
        writer.transport.resume_reading()  # type: ignore[attr-defined]
        assert len(await _rest(reader)) < 32 << 20


async def test_a_connection_without_requests_is_closed() -> None:
    async with listening(replace(LIMITS, idle=SHORT)) as listener, guest(listener) as (reader, _):
        assert await reader.read() == b""


async def test_one_guest_too_many_is_answered_503_and_a_place_that_is_free_is_given_again() -> None:
    async with listening(replace(LIMITS, connections=2)) as listener:
        async with guest(listener, HELLO, b"12345") as (first, _), guest(listener, HELLO, b"12345") as (second, _):
            await answer(first)
            await answer(second)
            async with guest(listener, HELLO, b"12345") as (third, _):
                assert (await _rest(third)).startswith(b"HTTP/1.1 503 ")
        await until(lambda: not listener.guests)
        async with guest(listener, HELLO, b"12345") as (reader, _):
            assert (await answer(reader)).startswith(b"HTTP/1.1 200 ")


async def test_who_never_finishes_the_tls_handshake_loses_the_place() -> None:
    credentials = create_pki(Clock().now()).credentials("csms_server")
    limits = replace(LIMITS, whole=SHORT, connections=1)
    listener = HttpListener(tls=server_context(credentials), limits=limits)
    await listener.start(an_app(limits))
    try:
        assert listener.url.startswith("https://")
        async with guest(listener) as (reader, _):
            await until(lambda: bool(listener.guests))
            await until(lambda: not listener.guests)
            assert await _rest(reader) == b""
    finally:
        await listener.stop()


@pytest.mark.parametrize("sent", ["length", "chunked"])
async def test_a_body_beyond_the_limit_is_answered_413(sent: str) -> None:
    async with listening(replace(LIMITS, body=100)) as listener, aiohttp.ClientSession() as session:

        async def chunks() -> AsyncIterator[bytes]:
            yield bytes(60)
            yield bytes(60)

        body: object = bytes(101) if sent == "length" else chunks()
        async with session.post(f"{listener.url}/hello", data=body) as response:
            assert response.status == 413


@pytest.mark.parametrize("header", [b"X: " + b"y" * 9_000, b"\r\n".join(b"X-%d: y" % n for n in range(70))])
async def test_a_header_beyond_the_limits_is_answered_400(header: bytes) -> None:
    request = b"GET / HTTP/1.1\r\nHost: here\r\n" + header + b"\r\n\r\n"
    async with listening() as listener, guest(listener, request) as (reader, _):
        assert (await reader.readline()).startswith(b"HTTP/1.0 400 ")


async def test_a_slow_guest_keeps_nobody_waiting() -> None:
    async with listening() as listener, guest(listener, HELLO, b"1") as (slow, _):
        async with guest(listener, HELLO, b"12345") as (reader, _):
            assert (await answer(reader)).endswith(b"5 octets")
        assert not slow.at_eof()


async def test_a_websocket_outlives_the_limits_of_requests() -> None:
    async with (
        listening(Limits(header=SHORT, whole=SHORT, idle=SHORT)) as listener,
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{listener.url}/ws") as websocket,
    ):
        for _ in range(2):
            async with guest(listener) as (reader, _):
                assert await reader.read() == b""  # the limit of another guest is over meanwhile
        await websocket.send_str("still here")
        assert (await websocket.receive()).data == "still here"


async def test_the_address_is_known_before_anybody_listens_and_nobody_else_can_have_it() -> None:
    listener = HttpListener()
    try:
        assert listener.url == f"http://127.0.0.1:{listener.port}"
        with pytest.raises(LocalError, match="cannot be bound"):
            HttpListener(port=listener.port)
    finally:
        await listener.stop()
        await listener.stop()


async def test_an_ipv6_address_is_shown_in_brackets() -> None:
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    listener = HttpListener("::1")
    await listener.stop()
    assert listener.url == f"http://[::1]:{listener.port}"


async def _rest(reader: asyncio.StreamReader) -> bytes:
    """Everything until the end of the connection, however it ends."""
    octets = b""
    try:
        while chunk := await reader.read(1 << 16):
            octets += chunk
    except ConnectionError:
        return octets
    return octets
