"""OCSP over HTTP: our responder judged by the openssl program, our client against good, bad, slow and silent ones."""

from __future__ import annotations

import asyncio
import base64
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import aiohttp
import pytest
from aiohttp import web
from backend_world import DAY, NOW, World, leaf_of, unrelated
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from pncsim.backend.events.facts import CertificateRevoked
from pncsim.backend.pki.fetch import HttpFetch, in_process
from pncsim.backend.pki.ocsp_client import OcspClient
from pncsim.backend.pki.responder_http import MAX_REQUEST, REQUEST, RESPONSE, ocsp_app
from pncsim.tls_certs.certid import parse_request
from pncsim.tls_certs.ocsp import OcspError, Status, build_request, hash_data, verify_response
from pncsim.tls_certs.ocsp_answers import MALFORMED, UNAUTHORIZED, refusal
from pncsim.tls_certs.pki import create_pki
from pncsim.wire.errors import LocalError, PeerError, PeerSilent
from pncsim.wire.gate import refuse
from pncsim.wire.listener import HttpListener

OPENSSL = shutil.which("openssl")
Pair = tuple[x509.Certificate, x509.Certificate]


@asynccontextmanager
async def served(app: web.Application) -> AsyncIterator[HttpListener]:
    server = HttpListener()
    await server.start(app)
    try:
        yield server
    finally:
        await server.stop()


@asynccontextmanager
async def http_client(world: World, **options: float) -> AsyncIterator[OcspClient]:
    fetch = HttpFetch(world.clock, **options)
    issuers = [authority.certificate for authority in world.pki.authorities()]
    try:
        yield OcspClient(world.clock, world.voice("PKI"), fetch, issuers=issuers)
    finally:
        await fetch.close()


def below(world: World, role: str) -> Pair:
    """A role's certificate and its issuer's."""
    chain = (*world.pki.chain(role), world.pki.root(role))
    return chain[0], chain[1]


def addressed(world: World, server: HttpListener, path: str = "/ocsp") -> Pair:
    """A certificate whose AIA names ``server``, and its issuer."""
    authority = world.pki.authority("mo_sub2")
    authority.ocsp_url = server.url + path
    return leaf_of(world, "contract_leaf", "DEPNCC12345678").leaf, authority.certificate


@pytest.mark.rule("PKI-5")
@pytest.mark.skipif(OPENSSL is None, reason="no openssl program")
@pytest.mark.parametrize("digest", ["-sha1", "-sha256"])
@pytest.mark.parametrize("role", ["secc_leaf", "cpo_sub2", "cpo_sub1", "contract_leaf", "oem_leaf", "cps_leaf"])
async def test_openssl_accepts_our_answers(world: World, tmp_path: Path, role: str, digest: str) -> None:
    revoked = role in {"contract_leaf", "cpo_sub2"}
    if revoked:
        await world.eco.ca.revoke(role, "key_compromise")
    certificate, issuer = below(world, role)
    trusted = (*world.pki.chain(role)[1:], world.pki.root(role))
    for name, listed in {"cert": [certificate], "issuer": [issuer], "trusted": trusted}.items():
        (tmp_path / f"{name}.pem").write_bytes(b"".join(one.public_bytes(Encoding.PEM) for one in listed))
    async with served(ocsp_app(world.eco.responder, world.voice("PKI"))) as server:
        assert OPENSSL is not None
        command = [OPENSSL, "ocsp", "-url", server.url + "/ocsp", digest, "-issuer", str(tmp_path / "issuer.pem")]
        command += ["-cert", str(tmp_path / "cert.pem"), "-CAfile", str(tmp_path / "trusted.pem"), "-resp_text"]
        command += ["-attime", str(int(NOW)), "-validity_period", str(10 * 365 * DAY)]
        process = await asyncio.create_subprocess_exec(*command, stdout=-1, stderr=-1)
        output, errors = await process.communicate()
    text = output.decode()
    assert process.returncode == 0, errors.decode()
    assert "Response verify OK" in errors.decode()
    assert f"cert.pem: {'revoked' if revoked else 'good'}" in text
    assert ("Reason: keyCompromise" in text) is revoked


@pytest.mark.rule("PKI-5")
async def test_post_and_get_give_the_same_verdict(world: World) -> None:
    certificate, issuer = below(world, "secc_leaf")
    request = build_request(certificate, issuer)
    text = base64.b64encode(request).decode()
    async with served(ocsp_app(world.eco.responder, world.voice("PKI"))) as server, aiohttp.ClientSession() as session:
        answers = []
        for call in (
            session.post(server.url + "/ocsp", data=request, headers={"Content-Type": REQUEST}),
            session.post(server.url + "/ocsp/", data=request),
            session.get(f"{server.url}/ocsp/{quote(text, safe='')}"),
            session.get(f"{server.url}/ocsp/{quote(text, safe='/+=')}"),
        ):
            async with call as response:
                assert response.status == 200
                assert response.content_type == RESPONSE
                answers.append(await response.read())
    for answer in answers:
        assert verify_response(answer, certificate, issuer, NOW).status is Status.GOOD


async def test_a_nonce_comes_back(world: World) -> None:
    certificate, issuer = below(world, "secc_leaf")
    answer = await world.eco.responder.answer(build_request(certificate, issuer, nonce=b"0123456789abcdef"))
    status = verify_response(answer, certificate, issuer, NOW, nonce=b"0123456789abcdef", gate=refuse)
    assert status.status is Status.GOOD


@pytest.mark.parametrize(
    ("octets", "reason"), [(b"", MALFORMED), (b"garbage", MALFORMED), (b"\x30\x80" * 500, MALFORMED)]
)
async def test_garbage_is_answered_malformed(world: World, octets: bytes, reason: int) -> None:
    async with served(ocsp_app(world.eco.responder, world.voice("PKI"))) as server, aiohttp.ClientSession() as session:
        async with session.post(server.url + "/ocsp", data=octets) as response:
            assert (response.status, await response.read()) == (200, refusal(reason))
        async with session.get(server.url + "/ocsp/@@@") as response:
            assert await response.read() == refusal(MALFORMED)


async def test_too_long_a_body_is_not_read(world: World) -> None:
    async with (
        served(ocsp_app(world.eco.responder, world.voice("PKI"))) as server,
        aiohttp.ClientSession() as session,
        session.post(server.url + "/ocsp", data=b"\x30" * (MAX_REQUEST + 1)) as response,
    ):
        assert response.status == 413


@pytest.mark.rule("PKI-5")
async def test_certificates_of_others_are_not_answered_for(world: World) -> None:
    other = create_pki(NOW)
    request = build_request(other.certificate("secc_leaf"), other.certificate("cpo_sub2"))
    assert await world.eco.responder.answer(request) == refusal(UNAUTHORIZED)


async def test_the_client_asks_the_address_in_the_certificate(world: World) -> None:
    async with served(ocsp_app(world.eco.responder, world.voice("PKI"))) as server, http_client(world) as client:
        certificate, issuer = addressed(world, server)
        assert (await client.of(certificate, issuer)).status == "good"
        data = hash_data(certificate, issuer)
        assert await client.status(data) == "good"
        stapled = await client.fetch(data)
        assert verify_response(stapled, certificate, issuer, NOW).status is Status.GOOD
        await world.eco.ca.revoke_certificate(certificate)
        assert (await client.of(certificate, issuer)).status == "good"  # remembered
        fact = CertificateRevoked(
            time=NOW, certificate=b"", serial=f"{certificate.serial_number:x}", reason="unspecified"
        )
        await client.certificate_revoked(fact)
        assert (await client.of(certificate, issuer)).status == "revoked"


def names_in(response: bytes) -> set[str]:
    """The hash algorithms by which an answer names its certificate."""
    return {type(single.hash_algorithm).__name__ for single in ocsp.load_der_ocsp_response(response).responses}


@pytest.mark.parametrize("one_at_a_time", [False, True])
async def test_what_is_fetched_for_stapling_names_the_certificate_as_vehicles_look_for_it(
    world: World, one_at_a_time: bool
) -> None:
    """By SHA-1 for Java and curl, by SHA-256 for OCPP; from a responder that answers about one, what it gives."""
    asked = 0

    async def fetch(url: str, request: bytes) -> bytes:
        nonlocal asked
        asked += 1
        ids, _ = parse_request(request)
        return refusal(UNAUTHORIZED) if one_at_a_time and len(ids) > 1 else await answer(request)

    async def answer(request: bytes) -> bytes:
        return await world.eco.responder.answer(request, as_asked=True)

    certificate, issuer = world.pki.certificate("secc_leaf"), world.pki.certificate("cpo_sub2")
    client = OcspClient(world.clock, world.voice("PKI"), fetch, issuers=[issuer])
    stapled = await client.fetch(hash_data(certificate, issuer))
    assert names_in(stapled) == ({"SHA256"} if one_at_a_time else {"SHA1", "SHA256"})
    assert asked == 1 + one_at_a_time


async def test_answers_are_remembered_for_an_hour_and_never_past_next_update(world: World) -> None:
    asked = 0

    async def counting(request: bytes) -> bytes:
        nonlocal asked
        asked += 1
        return await world.eco.responder.answer(request)

    client = OcspClient(world.clock, world.voice("PKI"), in_process(counting))
    certificate, issuer = below(world, "oem_leaf")
    for seconds in (0, 3_599, 2):
        world.clock.jump(seconds)
        assert (await client.of(certificate, issuer)).status == "good"
    assert asked == 2


async def test_a_silent_responder_is_given_up(world: World) -> None:
    released = asyncio.Event()

    async def wait(request: web.Request) -> web.Response:
        await released.wait()
        return web.Response()

    app = web.Application()
    app.router.add_post("/ocsp", wait)
    async with served(app) as server, http_client(world, deadline=0.05) as client:
        with pytest.raises(PeerSilent, match=r"did not answer within 0\.05 s"):
            await client.of(*addressed(world, server))
        released.set()


def answering(make: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> web.Application:
    app = web.Application()
    app.router.add_post("/ocsp", make)
    return app


async def hello(request: web.Request) -> web.StreamResponse:
    return web.Response(text="hello")


async def error_500(request: web.Request) -> web.StreamResponse:
    return web.Response(status=500)


async def elsewhere(request: web.Request) -> web.StreamResponse:
    return web.Response(status=302, headers={"Location": "http://127.0.0.1:9/"})


async def flood(request: web.Request) -> web.StreamResponse:
    return web.Response(body=b"\x30" * 100_000)


async def refuses(request: web.Request) -> web.StreamResponse:
    return web.Response(body=refusal(UNAUTHORIZED))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (hello, "cannot be read"),
        (error_500, "HTTP 500"),
        (elsewhere, "HTTP 302"),
        (flood, "longer than"),
        (refuses, "refused to answer: unauthorized"),
    ],
    ids=["text", "500", "redirect", "flood", "unauthorized"],
)
async def test_wrong_answers_are_errors_not_verdicts(
    world: World, make: Callable[[web.Request], Awaitable[web.StreamResponse]], says: str
) -> None:
    async with served(answering(make)) as server, http_client(world) as client:
        with pytest.raises(PeerError, match=says):
            await client.of(*addressed(world, server))


async def test_another_certificates_answer_is_not_taken(world: World) -> None:
    async def about_another(url: str, request: bytes) -> bytes:
        return await world.eco.responder.answer(build_request(*below(world, "secc_leaf")))

    with pytest.raises(OcspError, match="not about the certificate"):
        await OcspClient(world.clock, world.voice("PKI"), about_another).of(*below(world, "oem_leaf"))


async def test_nobody_at_the_port_and_no_address_are_said_so(world: World) -> None:
    server = HttpListener()
    pair = addressed(world, server)
    await server.stop()
    async with http_client(world) as client:
        with pytest.raises(PeerError, match="cannot be reached"):
            await client.of(*pair)
        with pytest.raises(PeerError, match="names no responder"):
            await client.of(*below(world, "oem_leaf"))


async def test_hash_data_of_an_unknown_issuer_cannot_be_verified_until_it_is_learned(world: World) -> None:
    other = unrelated("contract_leaf")
    data = hash_data(other.chain[0], other.chain[1])
    with pytest.raises(PeerError, match="is not known here"):
        await world.eco.ocsp.status(data)
    world.eco.ocsp.learn(other.chain[1])
    with pytest.raises(OcspError, match="unauthorized"):
        await world.eco.ocsp.status(data)


async def test_the_port_is_known_before_anybody_listens(world: World) -> None:
    server = HttpListener()
    assert server.url == f"http://127.0.0.1:{server.port}"
    with pytest.raises(LocalError, match="cannot be bound"):
        HttpListener(server.host, server.port)
    await server.stop()
    again = HttpListener(server.host, server.port)
    with pytest.raises(LocalError, match="cannot be bound"):
        HttpListener(server.host, server.port)
    await again.stop()
    await again.stop()


@pytest.mark.rule("PKI-5")
async def test_an_answer_is_given_again_for_an_hour_unless_a_nonce_or_a_revocation_asks_for_another(
    world: World,
) -> None:
    certificate, issuer = below(world, "contract_leaf")
    request = build_request(certificate, issuer)
    first = await world.eco.responder.answer(request)
    assert await world.eco.responder.answer(request) == first
    own = build_request(certificate, issuer, nonce=bytes(range(16)))
    assert bytes(range(16)) in await world.eco.responder.answer(own)
    world.clock.jump(3_601)
    later = await world.eco.responder.answer(request)
    assert later != first
    assert verify_response(later, certificate, issuer, world.clock.now(), gate=refuse).status is Status.GOOD
    await world.eco.ca.revoke("contract_leaf")
    revoked = await world.eco.responder.answer(request)
    assert verify_response(revoked, certificate, issuer, world.clock.now(), gate=refuse).status is Status.REVOKED
