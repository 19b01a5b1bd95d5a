"""The openssl command as a foreign judge of both our roles, over real TCP."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from handshakes import Handshakes
from throwaway import Chain, Witness, issue, refusal

from pncsim.wire.clock import Clock
from pncsim.wire.network.loopback import loopback_host
from pncsim.wire.streams import ByteStream
from pncsim.wire.tcp import address_text, connect_tcp, serve_tcp
from pncsim.wire.tls import TlsClient, TlsError, TlsServer, open_client, open_server

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="the openssl command is not installed")

PEM = serialization.Encoding.PEM
CIPHER = "ECDHE-ECDSA-AES128-SHA256"
NOW = 1_780_000_000


@pytest.fixture
def folder(tmp_path: Path, chain: Chain) -> Path:
    """The chain as files: leaf.pem, leaf.key, subs.pem, root.pem and the staple."""
    credentials = chain.credentials
    key = credentials.key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (tmp_path / "leaf.key").write_bytes(key)
    (tmp_path / "leaf.pem").write_bytes(credentials.leaf.public_bytes(PEM))
    (tmp_path / "subs.pem").write_bytes(b"".join(c.public_bytes(PEM) for c in credentials.chain[1:]))
    (tmp_path / "root.pem").write_bytes(chain.root.certificate.public_bytes(PEM))
    (tmp_path / "staple.der").write_bytes(chain.staple())
    return tmp_path


async def s_client(server: TlsServer, folder: Path, *arguments: str, send: bytes = b"") -> tuple[str, list[object]]:
    """Let ``openssl s_client`` connect to our server; its output, and what our side got: bytes or an error."""
    got: list[object] = []
    served = asyncio.Event()

    async def handler(stream: ByteStream) -> None:
        try:
            secured = await open_server(stream, server, Clock(NOW))
            secured.write(b"welcome\n")
            if send:
                got.append(await secured.read())
            await secured.close()
        except TlsError as error:
            got.append(error)
        finally:
            served.set()

    listener = await serve_tcp(handler, loopback_host())
    process = await asyncio.create_subprocess_exec(
        *("openssl", "s_client", "-connect", address_text(listener.host, listener.port), "-attime", str(NOW)),
        *("-CAfile", "root.pem", "-verify_return_error", *arguments),
        cwd=folder,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(20):
        assert process.stdin is not None
        process.stdin.write(send)
        await served.wait()
        output, _ = await process.communicate()
    await listener.close()
    return output.decode(errors="replace"), got


@asynccontextmanager
async def s_server(folder: Path, *arguments: str) -> AsyncIterator[tuple[ByteStream, list[str]]]:
    """A connection to ``openssl s_server`` showing our chain, and a list that gets its output at the end."""
    output: list[str] = []
    process = await asyncio.create_subprocess_exec(
        *("openssl", "s_server", "-accept", address_text(loopback_host(), 0), "-naccept", "1"),
        *("-cert", "leaf.pem", "-key", "leaf.key", "-cert_chain", "subs.pem", *arguments),
        cwd=folder,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(20):
            while not (line := await process.stdout.readline()).startswith(b"ACCEPT"):
                assert line, "s_server ended"
        host, _, port = line.split()[1].decode().rpartition(":")
        yield await connect_tcp(host.strip("[]"), int(port)), output
        async with asyncio.timeout(20):
            output.append((await process.communicate())[0].decode(errors="replace"))
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


@pytest.mark.rule("EVSE-1")
async def test_openssl_verifies_our_station_and_its_staple(tls: Handshakes, folder: Path) -> None:
    server = tls.server(staples=(tls.chain.staple(),))
    output, got = await s_client(server, folder, "-status", "-tls1_2", "-cipher", CIPHER, send=b"hello\n")
    assert "OCSP Response Status: successful (0x0)" in output
    assert "Cert Status: good" in output
    assert "Verify return code: 0 (ok)" in output
    assert f"Cipher is {CIPHER}" in output or f"Cipher    : {CIPHER}" in output
    assert "Server Temp Key: ECDH, prime256v1" in output
    assert got == [b"hello\n"]


async def test_openssl_gets_no_staple_where_there_is_none(tls: Handshakes, folder: Path) -> None:
    output, _ = await s_client(tls.server(), folder, "-status", "-tls1_2")
    assert "OCSP response: no response sent" in output
    assert "welcome" in output


async def test_openssl_sees_our_refusals_of_its_certificate(tls: Handshakes, folder: Path) -> None:
    identity = ("-cert", "leaf.pem", "-key", "leaf.key", "-cert_chain", "subs.pem", "-tls1_2")
    output, got = await s_client(tls.server(judge=Witness(refusal(44))), folder, *identity)
    assert "SSL alert number 44" in output
    assert isinstance(got[0], TlsError)
    assert got[0].alert_from == "us"
    witness = Witness()
    output, _ = await s_client(tls.server(judge=witness), folder, *identity)
    assert "welcome" in output
    assert witness.asked[0][1] == tls.chain.credentials.chain_der


async def test_openssls_refusal_reaches_our_sentence(tls: Handshakes, folder: Path) -> None:
    (folder / "root.pem").write_bytes(issue("another root", None, ca=True).certificate.public_bytes(PEM))
    _, got = await s_client(tls.server(), folder, "-tls1_2")
    assert isinstance(got[0], TlsError)
    assert (got[0].alert, got[0].alert_from) == (48, "peer")
    assert "is our V2G root installed there?" in str(got[0])


async def test_a_cipher_openssl_insists_on_is_refused(tls: Handshakes, folder: Path) -> None:
    output, got = await s_client(tls.server(), folder, "-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-GCM-SHA384")
    assert "SSL alert number 40" in output
    assert isinstance(got[0], TlsError)


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
async def test_our_vehicle_gets_openssls_staple(tls: Handshakes, folder: Path, version: str) -> None:
    witness = Witness()
    config = tls.client(judge=witness)
    if version == "-tls1_3":
        config = TlsClient(judge=witness, versions=("TLSv1.3", "TLSv1.3"), ciphers=("TLS_AES_128_GCM_SHA256",))
    async with s_server(folder, "-status_file", "staple.der", version) as (stream, _), asyncio.timeout(20):
        secured = await open_client(stream, config, Clock(NOW))
        await secured.close()
    staple = (folder / "staple.der").read_bytes()
    assert secured.peer_chain == tls.chain.credentials.chain_der
    assert secured.staples == (staple, None, None)
    assert [kind for kind, *_ in witness.asked] == ["chain", "staples"]


async def test_openssl_receives_the_trusted_ca_keys_as_the_rfc_writes_them(tls: Handshakes, folder: Path) -> None:
    config = tls.client(trusted_ca_keys=(tls.chain.root_der,))
    async with s_server(folder, "-tls1_2", "-msg") as (stream, output), asyncio.timeout(20):
        secured = await open_client(stream, config, Clock(NOW))
        await secured.close()
    assert secured.cipher == CIPHER
    digest = hashlib.sha1(tls.chain.root_der, usedforsecurity=False).hexdigest()
    octets = "".join(line.replace(" ", "") for line in output[0].splitlines() if line.startswith("    "))
    # Type 3, then the lengths of extension and list, then one cert_sha1_hash (RFC 6066, section 6).
    assert f"00030017001503{digest}" in octets


async def test_openssl_without_our_cipher_refuses_us(tls: Handshakes, folder: Path) -> None:
    other = ("-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-GCM-SHA384")
    async with s_server(folder, *other) as (stream, _), asyncio.timeout(20):
        with pytest.raises(TlsError, match="refused the TLS handshake with alert 40 handshake_failure"):
            await open_client(stream, tls.client(), Clock(NOW))
