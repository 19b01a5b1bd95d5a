"""Programs of others that vehicles are built with judge our OCSP responses: Java, GnuTLS, OpenSSL and curl.

A response names its certificate by SHA-1 and by SHA-256, and its signer comes with it. Without the first of these Java
and curl refuse it; without the second GnuTLS does.
"""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from pncsim.tls_certs.authority import Authority
from pncsim.tls_certs.certid import cert_id
from pncsim.tls_certs.ocsp_answers import Single, by_key, sign_answer
from pncsim.tls_certs.pki import Pki, create_pki
from pncsim.tls_certs.reading import common_name, pem
from pncsim.tls_certs.revocation import Status
from pncsim.wire.clock import Clock
from pncsim.wire.network.loopback import loopback_host
from pncsim.wire.streams import ByteStream
from pncsim.wire.tcp import TcpServer, serve_tcp
from pncsim.wire.tls import TlsError, TlsServer, open_server

JUDGE = Path(__file__).with_name("StapleJudge.java")
PATH = ("secc_leaf", "cpo_sub2", "cpo_sub1")
SUITE = "NONE:+VERS-TLS1.2:+ECDHE-ECDSA:+AES-128-CBC:+SHA256:+GROUP-ALL:+SIGN-ALL:+COMP-NULL"
"""What ISO 15118-2 has vehicles offer (V2G2-602), in GnuTLS's words."""


def program(name: str) -> str:
    """Where a judge is; skips where it is not."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


@pytest.fixture(scope="module")
def java(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """The Java judge, compiled."""
    program("java")
    classes = tmp_path_factory.mktemp("java")
    subprocess.run([program("javac"), "-d", str(classes), str(JUDGE)], check=True, timeout=60)
    return "java", "-XX:TieredStopAtLevel=1", "-cp", str(classes), "StapleJudge"


class Station:
    """A PKI of now as files in ``folder``, and a TLS server of ours with its station's certificate."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pki = create_pki(time.time(), ocsp_url="http://127.0.0.1:9/ocsp")
        credentials = self.pki.credentials("secc_leaf")
        key = credentials.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / "key.pem").write_bytes(key)
        (folder / "chain.pem").write_text(pem(credentials.chain))
        (folder / "root.pem").write_text(pem([self.pki.certificate("v2g_root")]))
        self.staples = [self.staple(role) for role in PATH]
        for index, staple in enumerate(self.staples):
            (folder / f"{index}.der").write_bytes(staple)

    def staple(self, role: str) -> bytes:
        """The answer about a certificate of the path, as the responder makes it."""
        return _issuer(self.pki, role).staple(self.pki.certificate(role), time.time())

    def by_one_name(self, role: str, algorithm: str) -> bytes:
        """An answer that names the certificate by one hash algorithm alone."""
        authority, now = _issuer(self.pki, role), time.time()
        signer = authority.responder(now)
        name = cert_id(self.pki.certificate(role), authority.certificate, algorithm)
        return sign_answer(
            [Single(name, Status.GOOD, now, now + 86_400)],
            key=signer.key,
            responder_id=by_key(signer.leaf.public_key()),
            certificates=[signer.leaf.public_bytes(Encoding.DER)],
            produced_at=now,
        )

    @asynccontextmanager
    async def serving(self, staple: bytes | None = None) -> AsyncIterator[tuple[TcpServer, list[str]]]:
        """The server, and what became of each handshake: "good", or the alert it got."""
        server = TlsServer(credentials=self.pki.credentials("secc_leaf"), staples=(staple or self.staples[0],))
        ends: list[str] = []

        async def handler(stream: ByteStream) -> None:
            try:
                secured = await open_server(stream, server, Clock())
                ends.append("good")
                await secured.read()
                await secured.close()
            except TlsError as error:
                ends.append(str(error))

        listener = await serve_tcp(handler, loopback_host())
        try:
            yield listener, ends
        finally:
            await listener.close()


def _issuer(pki: Pki, role: str) -> Authority:
    return pki.issuer_authority(pki.certificate(role))


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Station:
    return Station(tmp_path_factory.mktemp("station"))


async def said(*command: object) -> str:
    """What a program prints, on either output."""
    process = await asyncio.create_subprocess_exec(
        *map(str, command),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(60):
        output, _ = await process.communicate()
    return output.decode(errors="replace")


async def test_a_java_vehicle_that_checks_revocation_accepts_our_staple(
    java: tuple[str, ...], station: Station
) -> None:
    async with station.serving() as (listener, _):
        answer = await said(*java, "connect", listener.host, listener.port, station.folder / "root.pem")
    assert "good: TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256 with 1 staple(s)" in answer


@pytest.mark.parametrize(("algorithm", "good"), [("SHA1", True), ("SHA256", False)])
async def test_a_java_vehicle_understands_the_name_by_sha1_alone(
    java: tuple[str, ...], station: Station, algorithm: str, good: bool
) -> None:
    """Why both names are there: the day this fails, one may go."""
    async with station.serving(station.by_one_name("secc_leaf", algorithm)) as (listener, _):
        answer = await said(*java, "connect", listener.host, listener.port, station.folder / "root.pem")
    assert ("good: " in answer) is good


async def test_java_accepts_our_answers_about_every_certificate_of_the_path(
    java: tuple[str, ...], station: Station
) -> None:
    files = [station.folder / f"{index}.der" for index in range(3)]
    folder = station.folder
    assert "good: 3 certificates" in await said(*java, "path", folder / "root.pem", folder / "chain.pem", *files)


async def test_a_gnutls_vehicle_accepts_our_staple(station: Station) -> None:
    gnutls = program("gnutls-cli")
    host = common_name(station.pki.certificate("secc_leaf"))
    async with station.serving() as (listener, ends):
        answer = await said(
            *(gnutls, "--x509cafile", station.folder / "root.pem", "--priority", SUITE),
            *("--verify-hostname", host, "--port", listener.port, listener.host),
        )
    assert "Status: The certificate is trusted" in answer and "OCSP status request" in answer, answer
    assert ends == ["good"]


async def test_gnutls_accepts_our_answers_about_every_certificate_without_the_root(station: Station) -> None:
    """GnuTLS on both sides, TLS 1.3, three staples: the root's own signature would be refused."""
    serve, gnutls, folder = program("gnutls-serv"), program("gnutls-cli"), station.folder
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    answers = [part for index in range(3) for part in ("--ocsp-response", folder / f"{index}.der")]
    server = await asyncio.create_subprocess_exec(
        *map(str, (serve, "--port", port, "--echo", "--x509certfile", folder / "chain.pem")),
        *map(str, ("--x509keyfile", folder / "key.pem", *answers)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        assert server.stdout is not None
        async with asyncio.timeout(20):
            while b"listening" not in (line := await server.stdout.readline()):
                assert line, "gnutls-serv ended"
        answer = await said(
            *(gnutls, "--x509cafile", folder / "root.pem", "--priority", "NORMAL:-VERS-ALL:+VERS-TLS1.3"),
            *("--verify-hostname", "DEPNCE100001", "--port", port, "127.0.0.1"),
        )
    finally:
        server.kill()
        await server.wait()
    assert "Status: The certificate is trusted" in answer, answer


@pytest.mark.parametrize("role", PATH)
async def test_openssl_accepts_our_answer_about_each_certificate_by_either_name(station: Station, role: str) -> None:
    openssl, folder, pki = program("openssl"), station.folder, station.pki
    issuer = _issuer(pki, role).certificate
    (folder / "issuer.pem").write_text(pem([issuer]))
    (folder / "one.pem").write_text(pem([pki.certificate(role)]))
    (folder / "one.der").write_bytes(station.staple(role))
    for digest in ("-sha1", "-sha256"):
        answer = await said(
            *(openssl, "ocsp", "-issuer", folder / "issuer.pem", digest, "-cert", folder / "one.pem"),
            *("-respin", folder / "one.der", "-CAfile", folder / "root.pem", "-no_nonce"),
            *("-verify_other", folder / "chain.pem"),
        )
        assert "Response verify OK" in answer and "one.pem: good" in answer, answer


@pytest.mark.parametrize(("algorithm", "refused"), [("", False), ("SHA256", True)])
async def test_curl_understands_our_staple_and_not_one_by_sha256_alone(
    station: Station, algorithm: str, refused: bool
) -> None:
    curl = program("curl")
    if "OpenSSL" not in await said(curl, "--version"):
        pytest.skip("this curl has another TLS library")
    staple = station.by_one_name("secc_leaf", algorithm) if algorithm else None
    async with station.serving(staple) as (listener, _):
        host = f"[{listener.host}]" if ":" in listener.host else listener.host
        answer = await said(
            *(curl, "--silent", "--show-error", "--cert-status", "--tls-max", "1.2", "--max-time", "20"),
            *("--ciphers", "ECDHE-ECDSA-AES128-SHA256", "--cacert", station.folder / "root.pem"),
            *("--connect-to", f"DEPNCE100001:443:{host}:{listener.port}", "https://DEPNCE100001/"),
        )
    assert ("curl: (91)" in answer) is refused, answer
