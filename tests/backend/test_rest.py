"""What the faces share: no route without its rights, and a client that is bounded in time and size."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager

import pytest
from backend_world import NOW, World

from pncsim.backend.ccp.http import routes as ccp_routes
from pncsim.backend.pki.responder_http import routes as ocsp_routes
from pncsim.backend.rest.access import ROLES, Grant, fixed
from pncsim.backend.rest.client import HttpClient, HttpReply, kind_of
from pncsim.backend.rest.routes import UNAVAILABLE, Route, application
from pncsim.backend.store.database import open_database
from pncsim.wire.clock import Clock
from pncsim.wire.errors import KINDS, PeerError, PeerSilent
from pncsim.wire.listener import HttpListener
from pncsim.wire.web import aiohttp, web

TOKENS = {role.lower(): Grant(frozenset({role})) for role in ROLES}


def faces(world: World) -> Iterable[tuple[str, tuple[Route, ...]]]:
    """Every table of routes there is."""
    return [("CCP", ccp_routes(world.eco.pool)), ("PKI", ocsp_routes(world.eco.responder))]


@asynccontextmanager
async def served(app: web.Application) -> AsyncIterator[str]:
    listener = HttpListener()
    await listener.start(app)
    try:
        yield listener.url
    finally:
        await listener.stop()


@pytest.mark.rule("ACC-1", "ACC-2")
async def test_every_route_of_every_face_refuses_who_has_no_token_or_the_wrong_role(world: World) -> None:
    tried = 0
    for role, routes in faces(world):
        app = application(routes, world.voice(role), tokens=fixed(TOKENS))
        async with served(app) as url, aiohttp.ClientSession() as session:
            for route in routes:
                statuses = {}
                for token in ("", "unknown", *TOKENS):
                    headers = {"Authorization": f"Bearer {token}"} if token else {}
                    path = re.sub(r"{[^}]*}", "x", route.path)
                    async with session.request(route.method, url + path, headers=headers) as response:
                        statuses[token] = response.status
                if route.roles is None:
                    assert not {401, 403} & set(statuses.values()), route.operation
                    continue
                assert route.roles <= ROLES and route.roles, route.operation
                assert {token for token, status in statuses.items() if status == 401} == {"", "unknown"}
                refused = {token for token, status in statuses.items() if status == 403}
                assert refused == {role.lower() for role in ROLES - route.roles}, route.operation
                tried += 1
    assert tried >= 7


@pytest.mark.rule("ACC-1")
async def test_only_ocsp_is_for_everybody(world: World) -> None:
    """ACC-1."""
    assert {route.operation for _, routes in faces(world) for route in routes if route.roles is None} == {"ocsp"}


@pytest.fixture
async def clock() -> Clock:
    return Clock(NOW)


Handle = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def answering(handle: Handle) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    async with served(app) as url:
        yield url


@asynccontextmanager
async def client(clock: Clock, **options: float) -> AsyncIterator[HttpClient]:
    http = HttpClient(clock, **{"whole": 5.0, "body": 1_000, **options})  # type: ignore[arg-type]
    try:
        yield http
    finally:
        await http.close()


async def echo(request: web.Request) -> web.StreamResponse:
    return web.Response(status=418, body=await request.read(), headers={"Set-Cookie": "a=b"})


async def test_an_answer_is_an_answer_whatever_its_status(clock: Clock) -> None:
    async with answering(echo) as url, client(clock) as http:
        assert await http.request("The pot", "PUT", url, body=b"tea") == HttpReply(418, b"tea")


@pytest.mark.parametrize(
    ("body", "value"), [(b'{"a": 1}', {"a": 1}), (b"", {}), (b"[1]", {}), (b"{", {}), (b"[" * 50_000, {})]
)
def test_a_body_that_is_no_object_is_an_empty_one(body: bytes, value: object) -> None:
    assert HttpReply(200, body).json_object() == value


async def test_redirects_are_not_followed_and_cookies_not_kept(clock: Clock) -> None:
    seen: list[str | None] = []

    async def elsewhere(request: web.Request) -> web.StreamResponse:
        seen.append(request.headers.get("Cookie"))
        return web.Response(status=302, headers={"Location": "/other", "Set-Cookie": "a=b"})

    async with answering(elsewhere) as url, client(clock) as http:
        assert (await http.request("The pool", "GET", url)).status == 302
        assert (await http.request("The pool", "GET", url)).status == 302
    assert seen == [None, None]


async def test_nothing_is_asked_for_compressed(clock: Clock) -> None:
    async def accepted(request: web.Request) -> web.StreamResponse:
        return web.Response(text=request.headers.get("Accept-Encoding", "nothing said"))

    async with answering(accepted) as url, client(clock) as http:
        assert (await http.request("The pool", "GET", url)).body == b"nothing said"


async def test_an_answer_that_is_too_long_is_not_read_to_its_end(clock: Clock) -> None:
    async def flood(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(bytes(1_000))

    async with answering(flood) as url, client(clock) as http:
        with pytest.raises(PeerError, match="The pool answered HTTP 200 with a body longer than 1000 octets") as caught:
            await http.request("The pool", "GET", url)
    assert caught.value.kind == "flood"


async def test_silence_ends_by_the_labs_clock(clock: Clock) -> None:
    asked, released = asyncio.Event(), asyncio.Event()

    async def silent(request: web.Request) -> web.StreamResponse:
        asked.set()
        await released.wait()
        return web.Response()

    async with answering(silent) as url, client(clock, whole=3_600.0) as http:
        request = asyncio.create_task(http.request("The pool", "GET", url))
        await asked.wait()
        clock.jump(3_601)
        with pytest.raises(PeerSilent, match=r"The pool did not answer within 3600 s\.") as caught:
            await request
        released.set()
    assert caught.value.kind == "silent"


async def test_a_connection_that_does_not_come_about_ends_by_the_labs_clock(clock: Clock) -> None:
    accepted, left = asyncio.Event(), asyncio.Event()

    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted.set()  # and never a word of TLS
        await reader.read()
        writer.close()
        left.set()

    server = await asyncio.start_server(mute, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, client(clock, whole=7_200.0, connect=3_600.0) as http:
        request = asyncio.create_task(http.request("The pool", "GET", f"https://127.0.0.1:{port}"))
        await accepted.wait()
        clock.jump(3_601)
        with pytest.raises(PeerSilent, match="The pool did not accept a connection within 3600 s"):
            await request
        await left.wait()


async def test_the_time_to_connect_is_over_once_connected_and_not_asked_of_a_kept_connection(clock: Clock) -> None:
    async def late(request: web.Request) -> web.StreamResponse:
        clock.jump(10)
        return web.Response(text="here")

    async with answering(late) as url, client(clock, whole=100.0, connect=5.0) as http:
        for _ in range(2):
            assert (await http.request("The pool", "GET", url)).body == b"here"


async def test_what_is_not_there_is_a_sentence_and_what_may_be_asked_is_named(world: World) -> None:
    app = application(ccp_routes(world.eco.pool), world.voice("CCP"), tokens=None)
    async with served(app) as url, aiohttp.ClientSession() as session:
        async with session.get(url + "/v1/nothing") as response:
            assert response.status == 404
            assert (await response.json())["errorMessages"] == ["There is no /v1/nothing here."]
        async with session.get(url + "/v1/ccp/signedContractData") as response:
            assert (response.status, response.headers["Allow"]) == (405, "POST, PUT")
            assert "POST or PUT, not for GET" in (await response.json())["errorMessages"][0]


async def test_of_a_database_that_fails_a_caller_learns_nothing_and_the_operator_everything(world: World) -> None:
    async def failing(request: web.Request, grant: Grant) -> web.StreamResponse:
        with open_database("postgresql+asyncpg://pnc:hidden@db.internal/pools").sentences():
            raise ConnectionRefusedError(111, "Connect call failed")

    route = Route("GET", "/v1/x", "x", None, failing)
    app = application([route], world.voice("CCP"), tokens=None)
    async with served(app) as url, aiohttp.ClientSession() as session, session.get(url + "/v1/x") as response:
        assert (response.status, (await response.json())["errorMessages"]) == (503, [UNAVAILABLE])
    assert "db.internal" in repr(world.events) and "hidden" not in repr(world.events)


async def test_nobody_there_is_unreachable(clock: Clock) -> None:
    listener = HttpListener()
    await listener.stop()
    async with client(clock) as http:
        with pytest.raises(PeerError, match="The pool cannot be reached") as caught:
            await http.request("The pool", "GET", listener.url)
    assert caught.value.kind == "unreachable"


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://127.0.0.1:{port}/", "Connection refused"),
        ("https://127.0.0.1:{port}/", "Connection refused"),
        ("http://nobody.invalid/", "[Nn]ame|resolution|address"),
        ("nowhere/oauth/token", "no http:// or https:// address"),
        ("ftp://127.0.0.1/", "no http:// or https:// address"),
    ],
)
async def test_the_reason_is_the_systems_and_names_no_object_of_a_library(clock: Clock, url: str, reason: str) -> None:
    listener = HttpListener()
    await listener.stop()
    async with client(clock) as http:
        with pytest.raises(PeerError, match=reason) as caught:
            await http.request("The pool", "GET", url.format(port=listener.port))
    assert "ssl:" not in str(caught.value) and "object at" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, "not authorised"), (404, "refused"), (429, "flood"), (503, "unreachable"), (504, "silent"), (500, "")],
)
def test_a_status_has_a_kind(status: int, kind: str) -> None:
    assert kind_of(status) == (kind or "unexpected answer")
    assert kind_of(status) in KINDS
