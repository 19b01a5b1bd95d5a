"""SDP: real datagrams, malformed ones, the station's choice and the vehicle's patience."""

from __future__ import annotations

from ipaddress import IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pncsim.wire.errors import PeerError, PeerSilent
from pncsim.wire.v2g.sdp import (
    SdpError,
    SdpRequest,
    SdpResponse,
    SdpSearch,
    Security,
    address_octets,
    choose,
    decode_request,
    decode_response,
    encode_request,
    encode_response,
)

# From a public trace of an Audi at a DC charger.
REQUEST = bytes.fromhex("01FE9000 00000002 0000")
RESPONSE = bytes.fromhex("01FE9001 00000014 FE80000000000000 8DD4CEFB813A7C37 EF9D 1000")
DECODED = SdpResponse(IPv6Address("fe80::8dd4:cefb:813a:7c37"), 61341, Security.NONE)


def test_real_datagrams() -> None:
    assert decode_request(REQUEST) == SdpRequest(Security.TLS)
    assert encode_request(SdpRequest(Security.TLS)) == REQUEST
    assert decode_response(RESPONSE) == DECODED
    assert encode_response(DECODED) == RESPONSE


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        REQUEST[:-1],
        REQUEST + b"\0",
        bytes.fromhex("01FE9000 00000000 0000"),
        bytes.fromhex("01FE7000 00000002 0000"),
        bytes.fromhex("FFFE9000 00000002 0000"),
        bytes.fromhex("01FF9000 00000002 0000"),
        bytes.fromhex("01FE9000 00000003 000000"),
        bytes.fromhex("01FE9000 00000002 0100"),
        bytes.fromhex("01FE9000 00000002 0011"),
        RESPONSE,
    ],
)
def test_a_malformed_request_is_a_typed_error(datagram: bytes) -> None:
    with pytest.raises(PeerError):
        decode_request(datagram)


@given(st.binary(max_size=64))
def test_any_datagram_gives_a_value_or_a_typed_error(datagram: bytes) -> None:
    for decode in (decode_request, decode_response):
        try:
            decode(datagram)
        except PeerError as error:
            assert error.sentence.endswith(".")


@pytest.mark.parametrize(
    ("wanted", "served", "answer"),
    [
        (Security.TLS, {Security.TLS}, Security.TLS),
        (Security.TLS, {Security.TLS, Security.NONE}, Security.TLS),
        (Security.NONE, {Security.TLS, Security.NONE}, Security.NONE),
        (Security.TLS, {Security.NONE}, Security.NONE),
        (Security.NONE, {Security.TLS}, Security.TLS),
    ],
)
def test_the_station_answers_with_what_it_has(wanted: Security, served: set[Security], answer: Security) -> None:
    assert choose(wanted, served) is answer


def test_an_ipv4_address_travels_mapped() -> None:
    response = SdpResponse(address_octets("127.0.0.1"), 50000, Security.TLS)
    assert encode_response(response)[8:24].hex() == "00000000000000000000ffff7f000001"
    assert decode_response(encode_response(response)).host == "127.0.0.1"
    assert address_octets("fe80::1%eth0") == IPv6Address("fe80::1")


def test_the_vehicle_asks_50_times_every_250_ms() -> None:
    search = SdpSearch(Security.TLS)
    now, sent = 1000.0, [search.start(1000.0)]
    with pytest.raises(SdpError) as caught:
        while True:
            assert search.deadline == pytest.approx(now + 0.25)
            now = search.deadline or 0.0
            sent.append(search.wake(now))
    assert sent == [REQUEST] * 50
    assert now == pytest.approx(1012.5)
    assert isinstance(caught.value, PeerSilent)
    assert "50 SDP requests in 12.5 s" in caught.value.sentence


def test_noise_is_passed_over_and_told_at_the_end() -> None:
    search = SdpSearch(Security.TLS, attempts=1)
    search.start(0.0)
    for noise in (REQUEST, RESPONSE[:-1], b"x", RESPONSE[:-1] + b"\x10", RESPONSE[:24] + b"\0\0\x10\0"):
        assert search.receive(noise) is None
    with pytest.raises(SdpError, match="port 0"):
        search.wake(0.25)


def test_a_flood_of_noise_is_not_kept() -> None:
    search = SdpSearch(Security.TLS)
    for _ in range(1000):
        search.receive(b"noise")
    assert len(search.ignored) == 20


def test_an_answer_ends_the_search_even_with_other_security() -> None:
    search = SdpSearch(Security.TLS)
    search.start(0.0)
    assert search.receive(RESPONSE) == DECODED
    assert search.deadline is None
