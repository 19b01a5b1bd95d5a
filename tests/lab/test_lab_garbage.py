"""Garbage on every port of a lab on sockets: nothing breaks, somebody says so, and the next vehicle charges."""

from __future__ import annotations

import asyncio
import random
import socket
import ssl
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import pytest
from lab_runs import leaks, plugged, run, texts

from pncsim.simulator.lab.lab import Lab
from pncsim.wire.network.loopback import LoopbackNetwork
from pncsim.wire.trace import Problem, StateEntered
from pncsim.wire.v2g import registry, v2gtp

NOISE = random.Random(15118).randbytes(3_000)
HTTP = b"GET /.well-known/anything HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def _client_hello() -> bytes:
    """What a TLS client says first."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    client = context.wrap_bio(incoming, outgoing)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()


HELLO = _client_hello()
GARBAGE = {
    "nothing at all": b"",
    "random octets": NOISE,
    "an HTTP request": HTTP,
    "a TLS ClientHello": HELLO,
    "a broken TLS record": b"\x16\x03\x01\x00\x10" + bytes(16),
    "half a ClientHello": HELLO[: len(HELLO) // 2],
    "half a V2GTP message": v2gtp.pack(registry.EXI, bytes(100))[:50],
    "a V2GTP message that is no EXI": v2gtp.pack(registry.EXI, b"\xff" * 40),
    "a V2GTP header of four gigabytes": bytes.fromhex("01fe8001ffffffff"),
    "zeros": bytes(70_000),
}
ANSWERED = {"random octets", "an HTTP request", "a broken TLS record"}
"""Who sends these waits for the answer; after the others the guest stops sending."""


async def ports(lab: Lab) -> dict[str, tuple[str, int]]:
    """Every TCP address a lab on loopback listens at, with something plugged in."""
    serving = await plugged(lab)
    places = {f"SECC {security.name}": (a.host, a.port) for security, a in serving.addresses.items()}
    assert lab.back.pki.ocsp_url is not None
    pool = lab.services.pool._base  # type: ignore[union-attr]
    for name, url in (("CSMS", lab.back.csms_url), ("OCSP", lab.back.pki.ocsp_url), ("CCP", pool)):
        parts = urlsplit(url)
        assert parts.hostname is not None and parts.port is not None
        places[name] = (parts.hostname, parts.port)
    return places


async def throw(where: tuple[str, int], octets: bytes, *, stop: bool = True) -> bytes:
    """Connect, send ``octets``, ``stop`` sending, and read what comes back until the other side closes."""
    reader, writer = await asyncio.open_connection(*where)
    try:
        writer.write(octets)
        if stop:
            writer.write_eof()
        async with asyncio.timeout(10):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


def survives(attack: Callable[[Lab], Awaitable[None]], name: str = "pnc-ac") -> list[Problem]:
    """Run a good session after ``attack``; the problems that were reported. Guests open no transactions."""
    done = run(name, transport="loopback", meanwhile=attack)
    assert done.result.error is None
    assert [check.expected for check in done.result.checks if not check.ok] == [], done.result.cause
    assert done.after is not None
    assert not (done.after.session or done.after.transaction_of_station or done.after.waiting)
    assert all(complete for _, complete in done.after.transactions)
    assert leaks(texts(done.events), done.keys, done.password) == []
    return done.problems()


def test_everything_listens_on_loopback_only() -> None:
    seen: dict[str, tuple[str, int]] = {}

    async def look(lab: Lab) -> None:
        seen.update(await ports(lab))
        assert isinstance(lab.network, LoopbackNetwork)
        seen["SDP"] = (lab.network.host, lab.network.sdp_port)
        loop = asyncio.get_running_loop()
        bound = {one.getsockname()[0] for one in _listeners(loop)}
        assert bound <= {"127.0.0.1", "::1"}, "something listens elsewhere than on loopback"
        assert len(bound) > 0

    survives(look)
    assert set(seen) == {"SECC TLS", "SECC NONE", "CSMS", "OCSP", "CCP", "SDP"}
    assert {host for host, _ in seen.values()} <= {"127.0.0.1", "::1"}


def _listeners(loop: asyncio.AbstractEventLoop) -> list[socket.socket]:
    keys = list(loop._selector.get_map().values())  # type: ignore[attr-defined]
    sockets = [key.fileobj for key in keys if isinstance(key.fileobj, socket.socket)]
    return [one for one in sockets if one.family != socket.AF_UNIX]


@pytest.mark.parametrize("what", GARBAGE)
def test_on_every_tcp_port(what: str) -> None:
    answers: dict[str, bytes] = {}

    async def attack(lab: Lab) -> None:
        for port, where in (await ports(lab)).items():
            answers[port] = await throw(where, GARBAGE[what], stop=what not in ANSWERED)

    problems = survives(attack)
    assert all(problem.text for problem in problems)
    said = [problem.role for problem in problems]
    assert said.count("SECC") >= 2, "the station says what came in over TLS and over plain TCP"
    if GARBAGE[what] == HTTP:
        assert answers["OCSP"].startswith(b"HTTP/1.1 4") and answers["CCP"].startswith(b"HTTP/1.1 4")
    if GARBAGE[what] == NOISE:
        assert answers["SECC TLS"] == b"", "who speaks no TLS would not understand an alert"
    if what == "a broken TLS record":
        assert answers["SECC TLS"][0] == 21 and answers["SECC TLS"][-2] == 2, "a fatal alert"


def test_on_the_discovery_port() -> None:
    async def attack(lab: Lab) -> None:
        assert isinstance(lab.network, LoopbackNetwork)
        await plugged(lab)
        family = socket.AF_INET6 if ":" in lab.network.host else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as guest:
            for octets in GARBAGE.values():
                guest.sendto(octets[:1_400], (lab.network.host, lab.network.sdp_port))
            for length in range(24):
                guest.sendto(v2gtp.pack(0x9000, bytes(length)), (lab.network.host, lab.network.sdp_port))

    survives(attack)


def test_many_guests_at_once() -> None:
    async def attack(lab: Lab) -> None:
        where = [place for place in (await ports(lab)).values() for _ in range(8)]
        await asyncio.gather(*(throw(place, NOISE[: 10 * index]) for index, place in enumerate(where)))

    survives(attack)


def test_a_connection_that_is_reset_at_once() -> None:
    async def attack(lab: Lab) -> None:
        for where in (await ports(lab)).values():
            _, writer = await asyncio.open_connection(*where)
            writer.write(HELLO[:20])
            writer.transport.abort()

    survives(attack, "eim-ac")


def test_a_vehicle_in_plain_where_tls_was_promised() -> None:
    """SupportedAppProtocolReq on the TLS port is no ClientHello."""
    from pncsim.wire.v2g import appprotocol as app
    from pncsim.wire.v2g.registry import codec

    offer = app.AppProtocolType(
        ProtocolNamespace="urn:iso:15118:2:2013:MsgDef",
        VersionNumberMajor=2,
        VersionNumberMinor=0,
        SchemaID=1,
        Priority=1,
    )
    frame = v2gtp.pack(registry.EXI, codec("app").encode(app.SupportedAppProtocolReq(AppProtocol=[offer])))

    async def attack(lab: Lab) -> None:
        assert await throw((await ports(lab))["SECC TLS"], frame, stop=False) == b""
        answer = await throw((await ports(lab))["SECC NONE"], frame)
        assert answer[:4] == bytes.fromhex("01fe8001"), "in plain it is answered"

    problems = survives(attack)
    assert any("a V2GTP message in the clear where TLS is expected" in problem.text for problem in problems)
    assert any("The vehicle closed the connection" in problem.text for problem in problems)


def test_frames_that_are_no_ocpp_on_the_csms_socket() -> None:
    from pncsim.wire.ocpp.frames import Frame
    from pncsim.wire.ocpp.tls import client_context
    from pncsim.wire.ocpp.websocket import connect

    frames = ["", "{}", "[]", "null", "[2]", '[2,"1"]', '[2,"1","NoSuchAction",{}]', '[3,"x",{}]', "[" * 1_000, "\x00"]

    async def attack(lab: Lab) -> None:
        await lab.back.csms.register.add("guest", "a password of length")
        tls = client_context([lab.back.pki.root("csms_server")])
        guest = await connect(lab.back.csms_url, "guest", password="a password of length", tls=tls)
        for frame in frames:
            guest.post(Frame(frame))
        await guest.close()

    problems = survives(attack)
    assert any(problem.role == "CSMS" for problem in problems)


def test_a_station_with_a_wrong_password_is_turned_away() -> None:
    from pncsim.wire.errors import PeerError
    from pncsim.wire.ocpp.tls import client_context
    from pncsim.wire.ocpp.websocket import connect

    async def attack(lab: Lab) -> None:
        tls = client_context([lab.back.pki.root("csms_server")])
        for identity, status in (("CS001", 401), ("nobody", 404)):
            with pytest.raises(PeerError) as refused:
                await connect(lab.back.csms_url, identity, password="wrong password", tls=tls)
            assert refused.value.http_status == status

    problems = survives(attack)
    assert len([p for p in problems if "was turned away" in p.text]) == 2


def test_requests_the_pools_cannot_use_get_http_statuses() -> None:
    import aiohttp

    statuses: dict[str, int] = {}

    async def attack(lab: Lab) -> None:
        ocsp, pool = lab.back.pki.ocsp_url or "", f"{lab.services.pool._base}/contracts"  # type: ignore[union-attr]
        async with aiohttp.ClientSession() as guest:
            for name, method, url, body in (
                ("ocsp noise", "POST", ocsp, NOISE),
                ("ocsp nowhere", "GET", ocsp.replace("/ocsp", "/elsewhere"), b""),
                ("pool without token", "POST", pool, b"{}"),
                ("pool nowhere", "GET", pool + "/%00/..", b""),
            ):
                async with guest.request(method, url, data=body) as answer:
                    statuses[name] = answer.status

    survives(attack)
    assert statuses["ocsp noise"] in {200, 400, 415}, "malformedRequest (OCSP) or a wrong media type (HTTP)"
    assert statuses["ocsp nowhere"] == 404
    assert statuses["pool without token"] in {401, 403, 404}
    assert 400 <= statuses["pool nowhere"] < 500


def test_guests_do_not_reach_the_state_of_a_session() -> None:
    async def attack(lab: Lab) -> None:
        await throw((await ports(lab))["SECC NONE"], GARBAGE["a V2GTP message that is no EXI"])
        await lab.site.quiet()
        assert lab.site.evse().engine is None
        transaction = lab.site.station.outlet().transaction
        assert transaction is not None and transaction.seq == 1, "only what is plugged in has opened one"

    done = run("pnc-ac", transport="loopback", meanwhile=attack)
    states = [e.state for e in done.events if isinstance(e, StateEntered) and e.role == "SECC"]
    assert states, "the engines told where they stood"
