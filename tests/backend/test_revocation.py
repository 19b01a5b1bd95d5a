"""Whether a certificate is revoked: OCSP, then the list it names, and the policy where nobody can tell."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from backend_world import NOW, World, leaf_of

from pncsim.backend.pki.fetch import MAX_LIST, HttpLists
from pncsim.backend.pki.named import why_not
from pncsim.backend.pki.ocsp_client import OcspClient
from pncsim.backend.pki.revocation import RevocationPolicy, Revocations
from pncsim.backend.pki.revocation_lists import RevocationLists
from pncsim.backend.verification import Pair
from pncsim.tls_certs.crl import CrlError, build_crl
from pncsim.tls_certs.hash_data import hash_data
from pncsim.tls_certs.ocsp import OcspError
from pncsim.wire.clock import Clock
from pncsim.wire.errors import PeerError
from pncsim.wire.gate import LENIENT, STRICT, NotTolerated, Tolerance
from pncsim.wire.listener import HttpListener
from pncsim.wire.trace import Tolerated
from pncsim.wire.voice import Voice

LIST = "http://lists.example/mo_sub2.crl"


class Outside:
    """What certificates of ``world`` name: a responder that may be silent or lie, and a list that may be missing."""

    def __init__(
        self, world: World, policy: RevocationPolicy, *, listed: bool = False, refuses: frozenset[Tolerance] = LENIENT
    ) -> None:
        self.world = world
        self.asked: list[str] = []
        self.responder: Callable[[bytes], bytes] | None = None
        self.list: bytes | None = None
        self.authority = world.pki.authority("mo_sub2")
        self.authority.crl_url = "http://lists.example/mo_sub2.crl" if listed else None
        leaf = leaf_of(world, "contract_leaf", "DEPNCC12345678").leaf
        self.pair: Pair = leaf, self.authority.certificate
        voice = Voice.on(world.clock, world.trace, "PKI", refuses=refuses)
        ocsp = OcspClient(world.clock, voice, self._ask, issuers=[self.authority.certificate])
        lists = RevocationLists(world.clock, voice, self._get)
        self.revocation = Revocations(world.clock, voice, ocsp, lists=lists, policy=policy)

    async def _ask(self, url: str, request: bytes) -> bytes:
        self.asked.append("OCSP")
        if self.responder is None:
            raise PeerError("The OCSP responder cannot be reached.", kind="unreachable")
        return self.responder(request)

    async def _get(self, url: str) -> bytes:
        self.asked.append(url)
        if self.list is None:
            raise PeerError("The revocation list cannot be reached.", kind="unreachable")
        return self.list

    def publish(self) -> None:
        self.list = build_crl(self.authority, self.world.clock.now())

    def revoke(self) -> None:
        self.authority.revoke(self.pair[0], self.world.clock.now())

    async def by_both_names(self) -> list[str]:
        """What is said of the certificate itself, and of its hash data."""
        self.revocation.learn(*self.pair)
        return [(await self.revocation.of(*self.pair)).status, await self.revocation.status(hash_data(*self.pair))]


@pytest.mark.parametrize("policy", ["require", "prefer"])
@pytest.mark.parametrize("revoked", [False, True])
async def test_where_the_responder_is_silent_the_list_that_the_certificate_names_tells(
    world: World, policy: RevocationPolicy, revoked: bool
) -> None:
    outside = Outside(world, policy, listed=True)
    if revoked:
        outside.revoke()
    outside.publish()
    assert await outside.by_both_names() == ["revoked" if revoked else "good"] * 2
    assert outside.asked == ["OCSP", LIST, "OCSP"], "the list is remembered"
    assert not world.of(Tolerated)


async def test_a_list_is_asked_for_anew_after_an_hour(world: World) -> None:
    outside = Outside(world, "require", listed=True)
    outside.publish()
    assert (await outside.revocation.of(*outside.pair)).status == "good"
    outside.revoke()
    outside.publish()
    assert (await outside.revocation.of(*outside.pair)).status == "good"
    world.clock.jump(3601)
    assert (await outside.revocation.of(*outside.pair)).status == "revoked"


async def test_revocation_that_nobody_can_tell_is_refused_let_pass_and_told_or_not_asked_for(world: World) -> None:
    for listed in (False, True):
        with pytest.raises(PeerError, match="cannot be reached"):
            await Outside(world, "require", listed=listed).by_both_names()
        assert not world.of(Tolerated)
        assert await Outside(world, "prefer", listed=listed).by_both_names() == ["good"] * 2
        told = [event for event in world.events if isinstance(event, Tolerated)]
        assert [event.code for event in told] == [Tolerance.REVOCATION_UNKNOWN] * 2
        world.events.clear()
        unasked = Outside(world, "off", listed=listed)
        assert unasked.revocation.known(*unasked.pair) is not None
        assert await unasked.by_both_names() == ["good"] * 2
        assert unasked.asked == []
    with pytest.raises(NotTolerated):
        await Outside(world, "prefer", refuses=STRICT).by_both_names()


def _another_list(outside: Outside) -> None:
    outside.list = build_crl(outside.world.pki.authority("oem_sub2"), NOW)


def _old_list(outside: Outside) -> None:
    outside.list = build_crl(outside.authority, NOW - 90 * 86_400)


def _no_list(outside: Outside) -> None:
    outside.list = b"<html>hello</html>"


def _no_answer(outside: Outside) -> None:
    outside.responder = lambda request: b"<html>hello</html>"


def _unknown(outside: Outside) -> None:
    outside.responder = lambda request: outside.authority.answer(request, NOW)
    outside.authority.registry.issued.clear()


@pytest.mark.parametrize("wrong", [_another_list, _old_list, _no_list, _no_answer])
async def test_a_wrong_answer_is_refused_also_where_none_would_be_let_pass(
    world: World, wrong: Callable[[Outside], None]
) -> None:
    outside = Outside(world, "prefer", listed=True)
    wrong(outside)
    with pytest.raises((OcspError, CrlError)):
        await outside.revocation.of(*outside.pair)


async def test_a_responder_that_does_not_know_the_certificate_has_answered(world: World) -> None:
    outside = Outside(world, "prefer", listed=True)
    outside.publish()
    _unknown(outside)
    assert await outside.by_both_names() == ["unknown"] * 2
    assert LIST not in outside.asked


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("http://ocsp.example/x", True),
        ("http://10.0.0.1:8080/ocsp", True),
        ("http://127.0.0.1:18088/ocsp", True),
        ("http://[::1]:18088/ocsp", True),
        ("HTTP://ocsp.example", True),
        ("", False),
        ("https://ocsp.example/x", False),
        ("ldap://directory.example/cn=list", False),
        ("file:///etc/passwd", False),
        ("http://169.254.169.254/latest", False),
        ("http://[fe80::1%25eth0]/x", False),
        ("http://[::ffff:169.254.169.254]/x", False),
        ("http://[ff02::1]/x", False),
        ("http://0.0.0.0:80/x", False),
        ("http://user:word@ocsp.example/x", False),
        ("http://ocsp.example:0/x", False),
        ("http:///x", False),
        ("http://[broken/x", False),
        (f"http://ocsp.example/{'x' * 4000}", False),
    ],
)
def test_a_certificates_word_leads_to_http_out_there_or_to_loopback_by_its_own_name(url: str, asked: bool) -> None:
    assert (why_not(url) == "") is asked


@asynccontextmanager
async def lists_at(
    answer: Callable[[web.Request], web.StreamResponse],
) -> AsyncIterator[tuple[HttpListener, list[str]]]:
    """A web server that answers so, and what it was asked for."""
    seen: list[str] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        seen.append(request.path)
        return answer(request)

    application, server = web.Application(), HttpListener()
    application.router.add_get("/{rest:.*}", handle)
    await server.start(application)
    try:
        yield server, seen
    finally:
        await server.stop()


async def test_a_name_that_leads_into_this_machine_is_not_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    async def resolve(self: object, host: str, port: int = 0, *given: Any, **named: Any) -> list[dict[str, Any]]:
        entry = {"hostname": host, "host": "127.0.0.1", "port": port, "family": 2, "proto": 6, "flags": 0}
        return [entry]

    monkeypatch.setattr(aiohttp.ThreadedResolver, "resolve", resolve)
    fetch = HttpLists(Clock())
    async with lists_at(lambda request: web.Response(body=b"list")) as (server, seen):
        port = server.url.rpartition(":")[2]
        with pytest.raises(PeerError, match="this machine"):
            await fetch(f"http://lists.example:{port}/a.crl")
        assert seen == []
        assert await fetch(f"http://localhost:{port}/b.crl") == b"list"
        assert await fetch(f"http://127.0.0.1:{port}/c.crl") == b"list"
        await fetch.close()


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(lambda request: web.Response(body=bytes(MAX_LIST + 1)), id="too long"),
        pytest.param(lambda request: web.Response(status=302, headers={"Location": "/elsewhere"}), id="redirect"),
        pytest.param(lambda request: web.Response(status=500), id="500"),
    ],
)
async def test_lists_that_are_too_long_or_elsewhere_are_not_taken(
    answer: Callable[[web.Request], web.StreamResponse],
) -> None:
    fetch = HttpLists(Clock())
    async with lists_at(answer) as (server, seen):
        with pytest.raises(PeerError):
            await fetch(f"{server.url}/a.crl")
        assert seen == ["/a.crl"], "nobody else was asked"
        await fetch.close()
