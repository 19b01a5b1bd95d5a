"""Both ends over TLS WebSockets on loopback, and bad guests at the CSMS's door."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

import aiohttp
import aiohttp.web
import pytest
from aiohttp import web
from ocpp_lab import IDENTITY, PASSWORD, Lab, running, shared_pki

from pncsim.backend.csms.server import serve_csms
from pncsim.secc.station.config import StationConfig
from pncsim.tls_certs.pki import create_pki
from pncsim.wire.clock import Clock
from pncsim.wire.errors import LocalError, PeerError
from pncsim.wire.listener import HttpListener
from pncsim.wire.ocpp.frames import Frame
from pncsim.wire.ocpp.session import MAX_TEXT
from pncsim.wire.ocpp.tls import client_context
from pncsim.wire.ocpp.websocket import (
    WebSocketChannel,
    WebSocketServer,
    _refusal,
    basic,
    connect,
    connector,
    read_basic,
)

PLAIN = StationConfig(identity=IDENTITY, request_certificate=False, request_staples=False)


@pytest.fixture
async def lab() -> Lab:
    # The standard library's TLS judges certificates by the machine's clock.
    clock = Clock()
    return Lab(clock, create_pki(clock.now(), ocsp_url="http://127.0.0.1:8080/ocsp"))


def trusting(lab: Lab) -> ssl.SSLContext:
    return client_context([lab.pki.certificate("csms_root")])


@asynccontextmanager
async def listening(lab: Lab, *, tls: bool = True, host: str = "127.0.0.1") -> AsyncIterator[WebSocketServer]:
    server = await serve_csms(lab.csms, lab.pki.credentials("csms_server") if tls else None, host=host)
    try:
        yield server
    finally:
        await server.close()


async def test_boot_certificate_and_staple_over_wss(lab: Lab) -> None:
    async with listening(lab) as server:
        assert server.url.startswith("wss://127.0.0.1:")
        async with running(lab.station(connector(server.url, trusting(lab)))) as station:
            await station.wait_ready(20)
            assert station.staples[0] is not None
            assert lab.problems() == []
            assert PASSWORD not in "".join(repr(event) for event in lab.events)


@pytest.mark.parametrize("compress", [False, True])
async def test_plain_ws_with_and_without_compression(lab: Lab, compress: bool) -> None:
    async with listening(lab, tls=False) as server:
        channel = await connect(server.url, IDENTITY, password=PASSWORD, compress=compress)
        channel.post(
            Frame('[2,"a","BootNotification",{"chargingStation":{"model":"m","vendorName":"v"},"reason":"PowerUp"}]')
        )
        assert '"Accepted"' in (await channel.receive() or "")
        await channel.close()


async def test_wrong_password_is_401_and_unknown_station_404(lab: Lab) -> None:
    async with listening(lab) as server:
        tls = trusting(lab)
        for identity, password, status in (
            (IDENTITY, "not-the-right-password", 401),
            (IDENTITY, None, 401),
            ("CS999", PASSWORD, 404),
            ("x" * 49, PASSWORD, 404),
        ):
            with pytest.raises(PeerError) as caught:
                await connect(server.url, identity, password=password, tls=tls)
            assert caught.value.http_status == status
        assert sum("turned away" in text for text in lab.problems()) == 3
        # The station says so at once instead of waiting.
        async with running(
            lab.station(connector(server.url, tls), PLAIN, password="not-the-right-password")
        ) as station:
            with pytest.raises(PeerError, match="refused the password"):
                await station.wait_ready(20)


async def test_stations_and_rest_may_share_one_listener(lab: Lab) -> None:
    async def hello(request: web.Request) -> web.StreamResponse:
        return web.Response(text="hello")

    endpoint, application = WebSocketServer(lab.csms.admit, lab.csms.serve), web.Application()
    endpoint.mount(application)
    application.router.add_get("/v1/hello", hello)
    listener = HttpListener()
    await listener.start(application)
    try:
        channel = await connect(f"ws://127.0.0.1:{listener.port}/ocpp", IDENTITY, password=PASSWORD)
        async with aiohttp.ClientSession() as session, session.get(f"{listener.url}/v1/hello") as response:
            assert await response.text() == "hello"
        assert IDENTITY in lab.csms.stations
        await channel.close()
    finally:
        await endpoint.close()
        await listener.stop()


async def test_identities_are_percent_decoded(lab: Lab) -> None:
    identity = "DE*PNC|E1@lab=1"
    await lab.csms.register.add(identity, PASSWORD)
    async with listening(lab) as server:
        channel = await connect(server.url, identity, password=PASSWORD, tls=trusting(lab))
        await asyncio.sleep(0)
        assert identity in lab.csms.stations
        await channel.close()


async def test_a_foreign_csms_certificate_is_refused(lab: Lab) -> None:
    async with listening(lab) as server:
        with pytest.raises(PeerError, match="certificate that does not verify") as caught:
            await connect(
                server.url, IDENTITY, password=PASSWORD, tls=client_context([shared_pki().root("csms_server")])
            )
        assert caught.value.alert is not None
        # Not for this name either: the certificate is for localhost and the loopback addresses.
        stranger = connector(server.url, client_context([]))
        async with running(lab.station(stranger, PLAIN)) as station:
            with pytest.raises(PeerError, match="does not verify"):
                await station.wait_ready(20)


async def test_the_csms_certificate_is_judged_at_lab_time(lab: Lab) -> None:
    early = lab.clock.now()
    lab.pki = create_pki(early - 3650 * 86_400)
    lab_tls = client_context([lab.pki.certificate("csms_root")], lab_time=True)
    leaf = lab.pki.certificate("csms_server")
    ends = leaf.not_valid_after_utc.timestamp()
    assert ends < early, "by the machine's clock it is long over"
    async with listening(lab) as server:
        with pytest.raises(PeerError, match="does not verify"):
            await connect(server.url, IDENTITY, password=PASSWORD, tls=trusting(lab))
        channel = await connect(server.url, IDENTITY, password=PASSWORD, tls=lab_tls, now=lambda: ends - 60)
        await channel.close()
        for moment, said in ((ends + 60, "was valid only until"), (0.0, "is valid only from")):
            with pytest.raises(PeerError, match=said):
                await connect(server.url, IDENTITY, password=PASSWORD, tls=lab_tls, now=partial(float, moment))


async def test_nothing_listens_and_addresses_of_no_use(lab: Lab) -> None:
    async with listening(lab) as server:
        url = server.url
    with pytest.raises(PeerError, match="cannot be reached"):
        await connect(url, IDENTITY, password=PASSWORD, tls=trusting(lab))
    for bad in ("wss://", "http://127.0.0.1:1/", "nonsense"):
        with pytest.raises(LocalError):
            await connect(bad, IDENTITY, tls=trusting(lab) if bad.startswith("wss") else None)
    async with listening(lab) as server:
        with pytest.raises(LocalError, match="cannot be bound"):
            await serve_csms(lab.csms, None, port=server.port)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (TimeoutError(), "cannot be reached (it does not answer in time)."),
        (aiohttp.ServerTimeoutError(), "cannot be reached (it does not answer in time)."),
        (aiohttp.ClientOSError(104, "Connection reset by peer"), "cannot be reached (Connection reset by peer)."),
    ],
)
def test_why_there_is_no_connection_is_said_in_words(error: Exception, said: str) -> None:
    refused = _refusal("wss://csms.example/CS1", error)
    assert isinstance(refused, PeerError) and refused.kind == "unreachable"
    assert refused.sentence == f"The CSMS at wss://csms.example/CS1 {said}"


async def test_tls_below_1_2_is_refused(lab: Lab) -> None:
    async with listening(lab) as server:
        old = trusting(lab)
        old.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.warns(DeprecationWarning):
            old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises(PeerError, match="cannot be reached"):
            await connect(server.url, IDENTITY, password=PASSWORD, tls=old)


@pytest.mark.parametrize("protocols", [("ocpp1.6",), ("ocpp2.1",), ()])
async def test_wrong_subprotocol_is_shaken_hands_with_and_closed(lab: Lab, protocols: tuple[str, ...]) -> None:
    async with listening(lab, tls=False) as server, aiohttp.ClientSession() as http:
        headers = {"Authorization": basic(IDENTITY, PASSWORD)}
        socket = await http.ws_connect(f"{server.url}/{IDENTITY}", protocols=protocols, headers=headers)
        assert socket.protocol is None
        message = await socket.receive()
        assert message.type is aiohttp.WSMsgType.CLOSE and message.data == 1002
        assert IDENTITY not in lab.csms.stations
        assert "was sent away" in lab.problems()[0]


async def test_several_subprotocols_find_the_common_one(lab: Lab) -> None:
    async with listening(lab, tls=False) as server, aiohttp.ClientSession() as http:
        headers = {"Authorization": basic(IDENTITY, PASSWORD)}
        offered = ("ocpp2.1", "ocpp2.0.1", "ocpp1.6")
        socket = await http.ws_connect(f"{server.url}/{IDENTITY}", protocols=offered, headers=headers)
        assert socket.protocol == "ocpp2.0.1"
        await socket.close()


async def test_a_csms_without_our_subprotocol_is_left(lab: Lab) -> None:
    async def handler(request: aiohttp.web.Request) -> aiohttp.web.WebSocketResponse:
        socket = aiohttp.web.WebSocketResponse(protocols=("ocpp1.6",))
        await socket.prepare(request)
        await socket.receive()
        return socket

    application = aiohttp.web.Application()
    application.router.add_get("/{path:.*}", handler)
    runner = aiohttp.web.AppRunner(application, access_log=None)
    await runner.setup()
    site = aiohttp.web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        with pytest.raises(PeerError, match=r"did not choose the subprotocol ocpp2\.0\.1"):
            await connect(f"ws://127.0.0.1:{runner.addresses[0][1]}", IDENTITY, password=PASSWORD)
    finally:
        await runner.cleanup()


async def test_guests_without_websocket(lab: Lab) -> None:
    async with listening(lab, tls=False) as server, aiohttp.ClientSession() as http:
        address = f"{server.url}/{IDENTITY}".replace("ws://", "http://")
        for headers, status in (
            ({}, 401),
            ({"Authorization": "Basic !!!"}, 401),
            ({"Authorization": "Bearer abc"}, 401),
            ({"Authorization": basic("CS002", PASSWORD)}, 401),
            ({"Authorization": basic(IDENTITY, PASSWORD)}, 426),
        ):
            async with http.get(address, headers=headers) as answer:
                assert answer.status == status
        async with http.get(server.url.replace("ws://", "http://")) as answer:
            assert answer.status == 404
        async with http.get(address.replace("/ocpp/", "/elsewhere/")) as answer:
            assert answer.status == 404


async def test_garbage_on_the_port_disturbs_nobody(lab: Lab) -> None:
    async with listening(lab) as server:
        for junk in (b"\x00" * 64, b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x00\x05hello"):
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(junk)
            writer.write_eof()
            await reader.read()
            writer.close()
        channel = await connect(server.url, IDENTITY, password=PASSWORD, tls=trusting(lab))
        channel.post(Frame('[2,"a","Heartbeat",{}]'))
        assert "SecurityError" in (await channel.receive() or "")
        await channel.close()


@pytest.mark.parametrize(("kind", "code"), [("binary", 1003), ("huge", 1009), ("long", 1009), ("utf8", 1007)])
async def test_frames_ocpp_does_not_allow_close_the_connection(lab: Lab, kind: str, code: int) -> None:
    async with listening(lab, tls=False) as server, aiohttp.ClientSession() as http:
        headers = {"Authorization": basic(IDENTITY, PASSWORD)}
        socket = await http.ws_connect(f"{server.url}/{IDENTITY}", protocols=("ocpp2.0.1",), headers=headers)
        if kind == "binary":
            await socket.send_bytes(b"[2]")
        elif kind == "huge":
            await socket.send_str(" " * (5 * MAX_TEXT))
        elif kind == "long":
            await socket.send_str(" " * (MAX_TEXT + 1))
        else:
            await socket.send_frame(b"\xff\xfe", aiohttp.WSMsgType.TEXT)
        message = await socket.receive()
        assert message.type is aiohttp.WSMsgType.CLOSE and message.data == code


async def test_newest_socket_wins_over_wss(lab: Lab) -> None:
    async with listening(lab) as server:
        tls = trusting(lab)
        first = await connect(server.url, IDENTITY, password=PASSWORD, tls=tls)
        second = await connect(server.url, IDENTITY, password=PASSWORD, tls=tls)
        assert await first.receive() is None
        assert (first.close_code, first.close_reason) == (1008, "a newer connection of this station")
        second.post(Frame('[2,"a","Heartbeat",{}]'))
        assert "SecurityError" in (await second.receive() or "")
        await second.close()


async def test_the_csms_goes_away(lab: Lab) -> None:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(listening(lab))
        station = await stack.enter_async_context(running(lab.station(connector(server.url, trusting(lab)), PLAIN)))
        await station.wait_ready(20)
        await server.close()
        await lab.until(lambda: any("1001 the CSMS is going away" in text for text in lab.problems()))
        assert station.state == "Away"


async def test_a_server_that_accepts_and_says_nothing(lab: Lab) -> None:
    held: list[asyncio.StreamWriter] = []
    silent = await asyncio.start_server(lambda reader, writer: held.append(writer), "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    try:
        with pytest.raises(PeerError, match="cannot be reached"):
            await connect(f"ws://127.0.0.1:{port}", IDENTITY, password=PASSWORD, opening_timeout=0.1)
        with pytest.raises(PeerError, match="cannot be reached"):
            await connect(f"wss://127.0.0.1:{port}", IDENTITY, tls=trusting(lab), opening_timeout=0.1)
    finally:
        silent.close()
        for writer in held:
            writer.close()
        await silent.wait_closed()


async def test_the_opening_timeout_does_not_limit_the_connection(lab: Lab) -> None:
    async with listening(lab) as server:
        channel = await connect(server.url, IDENTITY, password=PASSWORD, tls=trusting(lab), opening_timeout=0.3)
        await lab.clock.sleep(0.5)
        channel.post(Frame('[2,"a","Heartbeat",{}]'))
        assert "SecurityError" in (await channel.receive() or "")
        await channel.close()


async def test_a_ping_is_answered_by_either_end_and_by_those_of_others(lab: Lab) -> None:
    async def echo(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(protocols=("ocpp2.0.1",))
        await socket.prepare(request)
        async for message in socket:
            await socket.send_str(message.data)
        return socket

    application = web.Application()
    application.router.add_get("/{identity}", echo)
    foreign = HttpListener("127.0.0.1", 0)
    await foreign.start(application)
    async with listening(lab, tls=False) as server, aiohttp.ClientSession() as http:
        for url in (server.url, f"ws{foreign.url.removeprefix('http')}"):
            channel = await connect(url, IDENTITY, password=PASSWORD)
            reading = asyncio.ensure_future(channel.deliver(lambda frame: None))
            async with asyncio.timeout(10):
                await channel.ping()
                await channel.ping()
            await channel.close()
            await reading
            await channel.ping()  # there is nobody to wait for
        socket = await http.ws_connect(
            f"{server.url}/{IDENTITY}",
            protocols=("ocpp2.0.1",),
            headers={"Authorization": basic(IDENTITY, PASSWORD)},
            autoping=False,
        )
        await socket.ping(b"are you there?")
        answer = await socket.receive(10)
        assert (answer.type, answer.data) == (aiohttp.WSMsgType.PONG, b"are you there?")
        await socket.close()
    await foreign.stop()


async def test_ipv6_where_there_is_one(lab: Lab) -> None:
    try:
        async with listening(lab, host="::1") as server:
            assert server.url.startswith("wss://[::1]:")
            channel = await connect(server.url, IDENTITY, password=PASSWORD, tls=trusting(lab))
            await channel.close()
    except LocalError:
        pytest.skip("no IPv6 loopback here")


def test_basic_credentials_survive_odd_passwords() -> None:
    assert read_basic(basic("CS", "pä:ss wörd")) == ("CS", "pä:ss wörd")
    for header in (None, "", "Basic", "Basic eA==", "Basic /w==", "Digest x", "Basic ü", "Basic \udcff"):
        assert read_basic(header) == (None, None)


async def test_a_station_closes_its_websocket_with_a_close_frame_at_exit_and_at_a_password_change(lab: Lab) -> None:
    ends: asyncio.Queue[tuple[int | None, str]] = asyncio.Queue()
    begins: asyncio.Queue[str] = asyncio.Queue()

    async def serve(identity: str, channel: WebSocketChannel) -> None:
        begins.put_nowait(identity)
        await lab.csms.serve(identity, channel)
        ends.put_nowait((channel.close_code, channel.close_reason))

    server = WebSocketServer(lab.csms.admit, serve)
    await server.start()
    try:
        async with running(lab.station(connector(server.url), PLAIN)) as station:
            await station.wait_ready(20)
            await begins.get()
            assert await lab.csms.change_password(IDENTITY, "another-password-16") == "Accepted"
            assert await ends.get() == (1001, "the password has changed")
            await begins.get()
            await station.stop()
            assert await ends.get() == (1000, "the station stops")
    finally:
        await server.close()
