"""An application that is reached without a socket sees and says what it would over one, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from aiohttp import web

from pncsim.simulator.runs.loop import run_on_loop
from pncsim.wire.errors import LocalError
from pncsim.wire.http_memory import MemoryHttp
from pncsim.wire.https import shown_certificate


async def echo(request: web.Request) -> web.StreamResponse:
    shown = shown_certificate(request) or b"nobody"
    body = b"|".join([request.method.encode(), request.path_qs.encode(), await request.read(), shown])
    return web.Response(body=body, status=201 if "X-Wish" in request.headers else 200)


async def late(request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(3_600)
    return web.Response(text="an hour later")


async def silent(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.close()
    return web.Response()


def asked(*requests: Callable[[MemoryHttp], object], transport: str = "memory") -> list[object]:
    """What the application answers to each of ``requests``."""

    async def main() -> list[object]:
        app = web.Application()
        app.router.add_route("*", "/echo", echo)
        app.router.add_get("/late", late)
        app.router.add_get("/silent", silent)
        inside = MemoryHttp(app)
        await inside.open()
        try:
            return [await request(inside) for request in requests]  # type: ignore[misc]
        finally:
            await inside.close()

    return run_on_loop(transport, main)


@pytest.mark.parametrize("transport", ["memory", "loopback"])
def test_method_path_body_fields_and_certificate_arrive(transport: str) -> None:
    big = bytes(range(256)) * 1_000
    said = asked(
        lambda http: http.request("PUT", "/echo?a=1", b"body", {"X-Wish": "created"}),
        lambda http: http.request("GET", "/echo", shown=b"a certificate"),
        lambda http: http.request("POST", "/echo", big),
        lambda http: http.request("GET", "/nowhere"),
        transport=transport,
    )
    assert said[0] == (201, b"PUT|/echo?a=1|body|nobody")
    assert said[1] == (200, b"GET|/echo||a certificate")
    assert said[2] == (200, b"POST|/echo|" + big + b"|nobody")
    assert isinstance(said[3], tuple) and said[3][0] == 404


def test_an_answer_that_takes_an_hour_takes_it_in_the_lab_only() -> None:
    assert asked(lambda http: http.request("GET", "/late")) == [(200, b"an hour later")]


def test_a_connection_that_is_closed_without_an_answer_is_an_error() -> None:
    with pytest.raises(LocalError):
        asked(lambda http: http.request("GET", "/silent"))
