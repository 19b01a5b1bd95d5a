"""V2G TLS in memory: what a judge is asked, which alert the peer gets, and what a secured stream does."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import pytest
from handshakes import Handshakes
from throwaway import Chain, Witness, refusal

from pncsim.wire.credentials import Credentials
from pncsim.wire.errors import LocalError, PeerError
from pncsim.wire.tls import ALERTS, TLS_1_3, TlsClient, TlsError
from pncsim.wire.tls.messages import TrustedAuthority
from pncsim.wire.tls.openssl import OpenSslSession, client_session, server_session

TLS13 = {"versions": (TLS_1_3, TLS_1_3), "ciphers": ("TLS_AES_128_GCM_SHA256",)}


async def test_the_iso2_handshake(tls: Handshakes) -> None:
    staple = tls.chain.staple()
    witness = Witness()
    client, server = await tls.succeed(tls.client(judge=witness), tls.server(staples=(staple,)))
    for side in (client, server):
        assert (side.version, side.cipher) == ("TLSv1.2", "ECDHE-ECDSA-AES128-SHA256")
    der = tls.chain.credentials.chain_der
    assert client.peer_chain == der
    assert client.staples == (staple, None, None)
    assert server.peer_chain == ()
    assert [(kind, chain, staples) for kind, chain, staples, _ in witness.asked] == [
        ("chain", der, ()),
        ("staples", der, (staple, None, None)),
    ]


async def test_the_judge_is_asked_at_lab_time(tls: Handshakes) -> None:
    tls.start = 4_000_000_000.0
    witness = Witness()
    await tls.succeed(tls.client(judge=witness), tls.server())
    assert [now == pytest.approx(4_000_000_000.0, abs=5) for *_, now in witness.asked] == [True, True]


async def test_a_missing_staple_is_put_to_the_judge(tls: Handshakes) -> None:
    witness = Witness()
    client, _ = await tls.succeed(tls.client(judge=witness), tls.server())
    assert witness.asked[1][2] == (None, None, None) == client.staples


async def test_staples_are_not_judged_if_none_were_asked_for(tls: Handshakes) -> None:
    witness = Witness(refuse_staples=refusal(113))
    client, _ = await tls.succeed(
        tls.client(judge=witness, ask_staple=False), tls.server(staples=(tls.chain.staple(),))
    )
    assert [kind for kind, *_ in witness.asked] == ["chain"]
    assert client.staples == (None, None, None)


@pytest.mark.parametrize("version", ["1.2", "1.3"])
@pytest.mark.parametrize(
    ("wanted", "seen"),
    [(alert, alert) for alert in (40, 42, 43, 44, 45, 46, 48, 51, 80)] + [(47, 46), (113, 46), (None, 46)],
)
async def test_a_refused_chain_sends_its_alert(tls: Handshakes, wanted: int | None, seen: int, version: str) -> None:
    how = TLS13 if version == "1.3" else {}
    verdict = PeerError("The certificate is bad.", clause="X-1", advice="Look at it.", alert=wanted)
    witness = Witness(refuse_chain=verdict)
    client, server = await tls.attempt(tls.client(judge=witness, **how), tls.server(**how))
    assert isinstance(client, TlsError)
    assert (client.alert, client.alert_from) == (seen, "us")
    assert f"alert {seen} {ALERTS[seen]}: The certificate is bad." in client.sentence
    assert (client.clause, client.advice, client.__cause__) == ("X-1", "Look at it.", verdict)
    assert isinstance(server, TlsError)
    assert (server.alert, server.alert_from) == (seen, "peer")
    assert f"alert {seen} {ALERTS[seen]}" in server.sentence
    assert len(witness.asked) == 1


@pytest.mark.parametrize("version", ["1.2", "1.3"])
@pytest.mark.parametrize("wanted", [44, 113, None])
async def test_a_refused_staple_sends_alert_113(tls: Handshakes, wanted: int | None, version: str) -> None:
    how = TLS13 if version == "1.3" else {}
    witness = Witness(refuse_staples=PeerError("The response is stale.", alert=wanted))
    client, server = await tls.attempt(tls.client(judge=witness, **how), tls.server(staples=(b"stale",), **how))
    assert isinstance(client, TlsError)
    assert isinstance(server, TlsError)
    assert (client.alert, client.alert_from, server.alert, server.alert_from) == (113, "us", 113, "peer")
    assert "bad_certificate_status_response: The response is stale." in client.sentence


@pytest.mark.parametrize("where", ["refuse_chain", "refuse_staples"])
@pytest.mark.parametrize("fault", [ZeroDivisionError("bug"), LocalError("The trust store is empty.")])
async def test_a_fault_of_ours_in_the_judge_comes_out_unchanged(tls: Handshakes, where: str, fault: Exception) -> None:
    witness = Witness()
    setattr(witness, where, fault)
    client, server = await tls.attempt(tls.client(judge=witness), tls.server())
    assert client is fault
    assert isinstance(server, TlsError)
    assert server.alert in (80, 113)


async def test_data_goes_both_ways_and_the_end_is_announced(tls: Handshakes) -> None:
    client, server = await tls.succeed(tls.client(), tls.server())
    client.write(b"request")
    assert await server.read() == b"request"
    big = bytes(range(256)) * 400
    server.write(big)
    received = b""
    while len(received) < len(big):
        received += await client.read()
    assert received == big
    await server.close()
    await server.close()
    assert await client.read() == b""
    assert await client.read() == b""
    assert not client.truncated
    await client.close()
    client.write(b"too late, and dropped")


async def test_an_end_without_close_notify_is_tolerated_and_told(tls: Handshakes) -> None:
    client, server = await tls.succeed(tls.client(), tls.server())
    server.write(b"last words")
    await server._below.close()
    assert await client.read() == b"last words"
    assert await client.read() == b""
    assert client.truncated
    await client.close()


async def test_broken_records_end_the_stream_with_a_typed_error(tls: Handshakes) -> None:
    client, server = await tls.succeed(tls.client(), tls.server())
    server._below.write(bytes.fromhex("1703030020") + bytes(32))
    with pytest.raises(TlsError) as caught:
        await client.read()
    assert (caught.value.alert, caught.value.alert_from) == (20, "us")
    with pytest.raises(TlsError, match=r"broke TLS off with alert 20 bad_record_mac"):
        await server.read()


async def test_trusted_ca_keys_reach_the_station(tls: Handshakes) -> None:
    other = Chain()
    roots = (tls.chain.root_der, other.root_der)
    _, server = await tls.succeed(tls.client(trusted_ca_keys=roots), tls.server())
    digests = [hashlib.sha1(der, usedforsecurity=False).digest() for der in roots]
    assert server.trusted_ca_keys == tuple(TrustedAuthority(3, digest) for digest in digests)
    _, server = await tls.succeed(tls.client(), tls.server())
    assert server.trusted_ca_keys == ()


async def test_mutual_tls_13(tls: Handshakes) -> None:
    vehicle = Chain()
    witness, staple = Witness(), tls.chain.staple()
    client, server = await tls.succeed(
        tls.client(credentials=vehicle.credentials, **TLS13), tls.server(judge=witness, staples=(staple,), **TLS13)
    )
    assert (client.version, client.cipher) == ("TLSv1.3", "TLS_AES_128_GCM_SHA256")
    assert client.staples == (staple, None, None)
    assert server.peer_chain == vehicle.credentials.chain_der
    assert [kind for kind, *_ in witness.asked] == ["chain"]


async def test_mutual_tls_12(tls: Handshakes) -> None:
    vehicle = Chain()
    _, server = await tls.succeed(tls.client(credentials=vehicle.credentials), tls.server(judge=Witness()))
    assert server.peer_chain == vehicle.credentials.chain_der


async def test_in_tls_13_a_refused_vehicle_learns_it_when_it_reads(tls: Handshakes) -> None:
    client, server = await tls.attempt(
        tls.client(credentials=Chain().credentials, **TLS13), tls.server(judge=Witness(refusal(45)), **TLS13)
    )
    assert isinstance(server, TlsError)
    assert (server.alert, server.alert_from) == (45, "us")
    with pytest.raises(TlsError, match="alert 45 certificate_expired"):
        await client.read()  # type: ignore[union-attr]


@pytest.mark.parametrize(("how", "alert"), [({}, 40), (TLS13, 116)])
async def test_a_vehicle_without_the_demanded_certificate(
    tls: Handshakes, how: dict[str, tuple[str, ...]], alert: int
) -> None:
    _, server = await tls.attempt(tls.client(**how), tls.server(judge=Witness(), **how))
    assert isinstance(server, TlsError)
    assert (server.alert, server.alert_from) == (alert, "us")


async def test_no_common_version(tls: Handshakes) -> None:
    client, server = await tls.attempt(tls.client(), tls.server(**TLS13))
    assert isinstance(client, TlsError)
    assert isinstance(server, TlsError)
    assert (client.alert, client.alert_from, server.alert, server.alert_from) == (70, "peer", 70, "us")


async def test_no_common_cipher(tls: Handshakes) -> None:
    client, server = await tls.attempt(tls.client(ciphers=("ECDHE-ECDSA-AES128-GCM-SHA256",)), tls.server())
    assert isinstance(client, TlsError)
    assert isinstance(server, TlsError)
    assert (client.alert, client.alert_from, server.alert, server.alert_from) == (40, "peer", 40, "us")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"versions": ("SSLv3", "TLSv1.2")}, "SSLv3"),
        ({"ciphers": ("ROT13",)}, "configuration"),
        ({"curves": ("P-512",)}, "P-512"),
    ],
)
async def test_a_configuration_that_cannot_work_is_ours(
    tls: Handshakes, changes: dict[str, tuple[str, ...]], sentence: str
) -> None:
    with pytest.raises(LocalError, match=sentence):
        client_session(tls.client(**changes), "x")


async def test_a_key_that_does_not_fit_its_certificate_is_ours(tls: Handshakes) -> None:
    mixed = Credentials(tls.chain.credentials.chain, Chain().credentials.key)
    with pytest.raises(LocalError, match="key values mismatch"):
        server_session(tls.server(credentials=mixed), "x")


async def test_key_log_lines_go_to_the_callback_only(tls: Handshakes) -> None:
    lines: list[str] = []
    client = tls.client(on_keys=lines.append)
    await tls.succeed(client, tls.server())
    assert [line.split()[0] for line in lines] == ["CLIENT_RANDOM"]
    assert "on_keys" not in repr(client)
    await tls.succeed(tls.client(), tls.server())
    assert len(lines) == 1


async def test_a_session_is_never_resumed_so_that_the_judge_is_always_asked(tls: Handshakes) -> None:
    witness = Witness()
    for _ in range(3):
        await tls.succeed(tls.client(judge=witness), tls.server())
    assert [kind for kind, *_ in witness.asked] == ["chain", "staples"] * 3


def test_no_handshake_is_complete_without_a_verdict(tls: Handshakes, monkeypatch: pytest.MonkeyPatch) -> None:
    """If OpenSSL ever stopped asking, the connection must not come up."""
    client = client_session(tls.client(), "station")
    server = server_session(tls.server(), "vehicle")
    monkeypatch.setattr(OpenSslSession, "judge_chain", lambda self: None)
    with pytest.raises(LocalError, match="without showing"):
        for _ in range(10):
            client.step(0.0)
            server.feed(client.outgoing() or b"")
            server.step(0.0)
            client.feed(server.outgoing() or b"")


def test_openssl_is_imported_only_when_used() -> None:
    code = "import sys, wire.tls, wire.network; sys.exit('OpenSSL' in sys.modules or 'cryptography' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_client_needs_a_judge() -> None:
    with pytest.raises(TypeError):
        TlsClient()  # type: ignore[call-arg]
