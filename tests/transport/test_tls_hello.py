"""What a ClientHello offers, read from what OpenSSL really sends and from what anybody might."""

from __future__ import annotations

import ssl

import pytest

from pncsim.wire.tls.hello import ClientOffer, client_offer


def hello_of(context: ssl.SSLContext, name: str | None = None) -> bytes:
    """The ClientHello of the standard library's TLS, without its record header."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context.check_hostname = False
    connection = context.wrap_bio(incoming, outgoing, server_hostname=name)
    with pytest.raises(ssl.SSLWantReadError):
        connection.do_handshake()
    return outgoing.read()[5:]


@pytest.fixture
def context() -> ssl.SSLContext:
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def test_an_offer_is_told_by_the_names_people_know(context: ssl.SSLContext) -> None:
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384")
    offer = client_offer(hello_of(context, "station.example"))
    assert offer.versions == ("TLS 1.2",)
    assert offer.suites == ("ECDHE-ECDSA-AES128-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384")
    assert "P-256" in offer.curves and "ECDSA+SHA256" in offer.signatures
    assert {"server_name", "supported_groups", "signature_algorithms"} <= set(offer.extensions)
    assert offer.server_name == "station.example"
    assert str(offer).startswith("TLS 1.2; cipher suites ECDHE-ECDSA-AES128-SHA256, ")


def test_tls_1_3_is_read_where_it_is_said_and_not_in_the_legacy_field(context: ssl.SSLContext) -> None:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    offer = client_offer(hello_of(context))
    assert offer.versions == ("TLS 1.3", "TLS 1.2")
    assert "TLS_AES_128_GCM_SHA256" in offer.suites and "key_share" in offer.extensions


def test_wherever_a_hello_is_cut_off_the_beginning_is_read(context: ssl.SSLContext) -> None:
    whole = hello_of(context, "station.example")
    for length in range(len(whole)):
        assert isinstance(client_offer(whole[:length]), ClientOffer)
    assert str(client_offer(b"")) != ""


def test_what_is_unknown_is_a_number_and_grease_is_nothing() -> None:
    suites = bytes.fromhex("0a0a c023 abcd 00ff")
    body = b"\x03\x03" + bytes(32) + b"\x00" + len(suites).to_bytes(2, "big") + suites + b"\x01\x00"
    offer = client_offer(b"\x01" + len(body).to_bytes(3, "big") + body)
    assert offer.suites == ("ECDHE-ECDSA-AES128-SHA256", "0xabcd")
