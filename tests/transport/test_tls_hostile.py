"""TLS ports meet strangers: garbage, plain text, silence, resets. Always a typed error, never a hang."""

from __future__ import annotations

import asyncio

import pytest
from handshakes import Handshakes
from hypothesis import given, settings
from hypothesis import strategies as st
from throwaway import Chain, Witness

from pncsim.wire.clock import Clock
from pncsim.wire.errors import PeerClosed
from pncsim.wire.pipe import memory_pipe
from pncsim.wire.streams import ByteStream
from pncsim.wire.tls import TlsClient, TlsClosed, TlsError, TlsServer, open_client, open_server
from pncsim.wire.tls.openssl import client_session, server_session

CHAIN = Chain()
SERVER = TlsServer(credentials=CHAIN.credentials)


async def serve_a_stranger(data: bytes, *, then: str = "") -> tuple[BaseException, ByteStream]:
    """What the server makes of ``data``, and the stranger's end of the pipe."""
    stranger, ours = memory_pipe("stranger", "station")
    stranger.write(data)
    if then == "close":
        await stranger.close()
    if then == "abort":
        stranger.abort()
    with pytest.raises(TlsError) as caught:
        async with asyncio.timeout(10):
            await open_server(ours, SERVER, Clock())
    return caught.value, stranger


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (bytes.fromhex("01fe8001000000048040000000"), "sent a V2GTP message in the clear where TLS is expected"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "sent text where TLS is expected ('GET / HT'...)"),
        (bytes(range(200, 255)), "sent something else where TLS is expected: c8 c9"),
        (bytes.fromhex("16030100050100000100"), "sent TLS that cannot be accepted"),
        (bytes.fromhex("160301ffff") + bytes(100), "sent TLS that cannot be accepted"),
    ],
)
async def test_a_stranger_is_recognised(data: bytes, sentence: str) -> None:
    error, stranger = await serve_a_stranger(data)
    assert sentence in str(error)
    assert str(error).startswith("The TLS client stranger")
    reply = await stranger.read()
    assert reply[:1] in (b"", b"\x15")


async def test_a_peer_that_leaves_without_a_word() -> None:
    error, _ = await serve_a_stranger(b"", then="close")
    assert isinstance(error, TlsClosed)
    assert isinstance(error, PeerClosed)
    assert "closed the connection without a word" in str(error)


@pytest.mark.parametrize("then", ["close", "abort"])
async def test_a_peer_that_leaves_in_the_middle(tls: Handshakes, then: str) -> None:
    session = client_session(tls.client(), "x")
    session.step(0.0)
    error, _ = await serve_a_stranger(session.outgoing()[:50], then=then)
    assert isinstance(error, TlsClosed)


async def test_a_silent_peer_is_left_to_the_callers_patience() -> None:
    silent, ours = memory_pipe()
    clock = Clock()
    with pytest.raises(TimeoutError):
        async with clock.timeout(0.05):
            await open_server(ours, SERVER, clock)
    with pytest.raises(PeerClosed):
        await silent.read()


async def test_the_station_vanishes_after_its_first_flight(tls: Handshakes) -> None:
    ours, theirs = memory_pipe()
    server = server_session(SERVER, "vehicle")

    async def half_a_station() -> None:
        server.feed(await theirs.read())
        server.step(0.0)
        theirs.write(server.outgoing()[:700])
        await theirs.close()

    opening = open_client(ours, tls.client(), Clock())
    client, _ = await asyncio.gather(opening, half_a_station(), return_exceptions=True)
    assert isinstance(client, TlsClosed)
    assert "in the middle of the TLS handshake" in str(client)


async def test_a_station_that_speaks_plain_text_is_recognised(tls: Handshakes) -> None:
    ours, theirs = memory_pipe(second="station")
    theirs.write(b"220 welcome\r\n")
    with pytest.raises(TlsError, match="The TLS server station sent text where TLS is expected"):
        await open_client(ours, tls.client(), Clock())


# Which flight (two of each side), where in it (0 to 1), and the octet to put there.
MUTATIONS = st.lists(st.tuples(st.integers(0, 3), st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=4)


@settings(max_examples=150, deadline=None)
@given(MUTATIONS)
def test_a_mutated_handshake_never_gives_anything_but_tls_errors(mutations: list[tuple[int, float, int]]) -> None:
    client = client_session(TlsClient(judge=Witness()), "station")
    server = server_session(SERVER, "vehicle")
    sides = (client, server)
    try:
        for number in range(4):
            sender, receiver = sides[number % 2], sides[1 - number % 2]
            sender.step(0.0)
            flight = bytearray(sender.outgoing())
            for at, where, octet in mutations:
                if at == number and flight:
                    flight[int(where * len(flight))] = octet
            receiver.feed(bytes(flight) or b"\x16")
        receiver.step(0.0)
    except TlsError as error:
        assert str(error).startswith("The TLS ")
        for side in sides:
            assert side.outgoing()[:1] in (b"", b"\x14", b"\x15", b"\x16")


async def test_a_handshake_cut_into_single_octets_works(tls: Handshakes) -> None:
    client = client_session(tls.client(), "station")
    server = server_session(SERVER, "vehicle")
    done = [False, False]
    for _ in range(10):
        done[0] = client.step(0.0)
        for octet in client.outgoing():
            server.feed(bytes((octet,)))
            done[1] = server.step(0.0)
        for octet in server.outgoing():
            client.feed(bytes((octet,)))
            done[0] = client.step(0.0)
    assert done == [True, True]


async def test_the_first_octet_of_a_peer_is_told_once_whatever_it_speaks(tls: Handshakes) -> None:
    opening: list[bytes] = []
    await tls.succeed(tls.client(), tls.server(on_opening=opening.append))
    assert opening == [b"\x16"]
    theirs, ours = memory_pipe()
    theirs.write(b"GET / HTTP/1.1\r\n\r\n")
    with pytest.raises(TlsError):
        await open_server(ours, tls.server(on_opening=opening.append), Clock())
    assert opening == [b"\x16", b"G"]
