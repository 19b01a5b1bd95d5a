"""V2GTP headers: the frames, and the reaction to each wrong field (conformance cases V2GTP*_002 to _005)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pncsim.wire.errors import LocalError, PeerError
from pncsim.wire.v2g.registry import EXI
from pncsim.wire.v2g.v2gtp import HEADER_SIZE, MAX_PAYLOAD, V2gtpFrame, V2gtpReader, pack, unpack_datagram

# From a public trace of an Audi at a DC charger.
SESSION_SETUP_REQ = bytes.fromhex("01FE80010000000E 8098004011D01801F7E81D792800")
GOOD = V2gtpFrame(EXI, SESSION_SETUP_REQ[HEADER_SIZE:])


def wrong(**fields: int) -> bytes:
    """The message above with header octets replaced: version, inverse, type, length."""
    header = bytearray(SESSION_SETUP_REQ[:HEADER_SIZE])
    for field, value in fields.items():
        at, size = {"version": (0, 1), "inverse": (1, 1), "type": (2, 2), "length": (4, 4)}[field]
        header[at : at + size] = value.to_bytes(size, "big")
    return bytes(header) + SESSION_SETUP_REQ[HEADER_SIZE:]


def test_a_real_message_is_packed_and_read() -> None:
    assert pack(EXI, GOOD.payload) == SESSION_SETUP_REQ
    assert V2gtpReader().feed(SESSION_SETUP_REQ) == [GOOD]


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=6), st.data())
def test_messages_survive_any_cutting(payloads: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(pack(EXI, payload) for payload in payloads)
    reader = V2gtpReader()
    frames: list[V2gtpFrame] = []
    while stream:
        cut = data.draw(st.integers(1, len(stream)))
        frames += reader.feed(stream[:cut])
        stream = stream[cut:]
    assert [frame.payload for frame in frames] == payloads
    assert not reader.partial
    assert reader.ignored == []


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"version": 0xFF}, "version pair is ff fe"),
        ({"inverse": 0xFF}, "version pair is 01 ff"),
        ({"type": 0x7001}, "type is 0x7001 (unknown)"),
        ({"type": 0x9000}, "type is 0x9000 (SDP request)"),
    ],
)
def test_a_wrong_field_makes_the_message_be_ignored(fields: dict[str, int], reason: str) -> None:
    reader = V2gtpReader()
    assert reader.feed(wrong(**fields) + SESSION_SETUP_REQ) == [GOOD]
    assert [reason in ignored.reason for ignored in reader.ignored] == [True]
    assert reader.ignored[0].header == wrong(**fields)[:HEADER_SIZE]


@pytest.mark.parametrize("length", [0, MAX_PAYLOAD + 1, 0xFFFFFFFF])
def test_after_a_wrong_length_the_next_right_message_is_found(length: int) -> None:
    reader = V2gtpReader()
    stream = wrong(length=length) + SESSION_SETUP_REQ
    frames = [frame for octet in stream for frame in reader.feed(bytes((octet,)))]
    assert frames == [GOOD]
    assert f"length is {length}" in reader.ignored[0].reason
    assert reader.feed(SESSION_SETUP_REQ) == [GOOD]


def test_a_header_like_pattern_in_lost_octets_is_not_taken_for_a_message() -> None:
    reader = V2gtpReader()
    assert reader.feed(wrong(length=0) + b"\x01\xfe\x01\xfe\x70\x00" + SESSION_SETUP_REQ) == [GOOD]


def test_a_stream_that_stays_lost_is_given_up() -> None:
    reader = V2gtpReader(max_payload=1000)
    reader.feed(wrong(length=0))
    with pytest.raises(PeerError, match="lost its message boundaries"):
        for _ in range(1100):
            reader.feed(b"\x80")


@pytest.mark.parametrize(
    ("garbage", "guess"),
    [
        (b"GET / HTTP/1.1\r\n", "text"),
        (bytes.fromhex("16030100c8010000c4"), "TLS"),
        (bytes(8), "00 00 00 00"),
        (b"\x01\xfe\xff\xff\xff\xff\xff\xff", "01 fe ff ff"),
    ],
)
def test_what_is_not_v2gtp_ends_the_stream_with_a_sentence(garbage: bytes, guess: str) -> None:
    with pytest.raises(PeerError, match="not V2GTP") as caught:
        V2gtpReader().feed(garbage)
    assert guess in caught.value.sentence


@given(st.lists(st.binary(max_size=60), max_size=8))
def test_garbage_only_ever_gives_a_typed_error(chunks: list[bytes]) -> None:
    reader = V2gtpReader(max_payload=64)
    try:
        for chunk in chunks:
            for frame in reader.feed(chunk):
                assert len(frame.payload) <= 64
            assert len(reader._buffer) <= HEADER_SIZE + 64
    except PeerError as error:
        assert error.sentence.endswith(".")


def test_a_message_cut_off_by_the_end_is_noticed() -> None:
    reader = V2gtpReader()
    reader.feed(SESSION_SETUP_REQ[:-1])
    assert reader.partial


def test_other_stacks_may_allow_other_types() -> None:
    reader = V2gtpReader(frozenset({0x8001, 0x8002}))
    assert reader.feed(pack(0x8002, b"\x80")) == [V2gtpFrame(0x8002, b"\x80")]


@pytest.mark.parametrize(("kind", "size"), [(0x1_0000, 1), (-1, 1), (EXI, MAX_PAYLOAD + 1)])
def test_what_cannot_be_packed_is_our_fault(kind: int, size: int) -> None:
    with pytest.raises(LocalError):
        pack(kind, bytes(size))


@pytest.mark.parametrize(
    "datagram", [b"", SESSION_SETUP_REQ[:7], SESSION_SETUP_REQ[:-1], SESSION_SETUP_REQ + b"\0", wrong(version=2)]
)
def test_a_datagram_must_be_one_whole_message(datagram: bytes) -> None:
    assert unpack_datagram(SESSION_SETUP_REQ, EXI) == GOOD.payload
    with pytest.raises(PeerError):
        unpack_datagram(datagram, EXI)
