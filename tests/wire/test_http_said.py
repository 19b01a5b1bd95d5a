"""What is kept of an HTTP message: whole, without what would let somebody in."""

from __future__ import annotations

import pytest

from pncsim.wire.http_said import LONGEST, said

KEY = "s3cr3t/Value+="


@pytest.mark.parametrize(
    ("first", "fields", "body"),
    [
        ("GET / HTTP/1.1", [("Authorization", f"Bearer {KEY}")], ""),
        ("GET / HTTP/1.1", [("authorization", f"Basic {KEY}"), ("Cookie", KEY)], ""),
        ("HTTP/1.1 302 Found", [("Location", f"https://a.example/back?code={KEY}&state=1"), ("Set-Cookie", KEY)], ""),
        (f"GET /oauth?token={KEY} HTTP/1.1", [], ""),
        ("POST / HTTP/1.1", [], f'{{"client_secret": "{KEY}", "access_token" : "{KEY}"}}'),
        ("POST / HTTP/1.1", [], f'[{{"secret":"{KEY}","PASSWORD":"{KEY}","endpointSecret":"{KEY}"}}]'),
        ("POST / HTTP/1.1", [], f"grant_type=x&client_secret={KEY}&code_verifier={KEY}&code={KEY}"),
        ("POST / HTTP/1.1", [], f'{{"secret": "a\\"{KEY}"}}'),
    ],
)
def test_what_lets_somebody_in_is_masked(first: str, fields: list[tuple[str, str]], body: str) -> None:
    kept = said(first, fields, body.encode())
    assert KEY.encode() not in kept and b"***" in kept
    head, _, left = kept.partition(b"\r\n\r\n")
    assert head.endswith(b"Content-Length: %d" % len(left))


def test_all_else_is_as_it_was() -> None:
    fields = [
        ("Host", "pools.example"),
        ("Content-Length", "9"),
        ("Connection", "close"),
        ("Accept", "application/json"),
    ]
    body = b'{"errorCode": "PCP-PUB-1", "tokens": 3, "certificate": "MIIB=="}'
    kept = said("PUT /v1/oem/provCerts?a=b HTTP/1.1", fields, body)
    head = (
        b"PUT /v1/oem/provCerts?a=b HTTP/1.1\r\nHost: pools.example\r\nAccept: application/json\r\nContent-Length: 64"
    )
    assert kept == head + b"\r\n\r\n" + body
    octets = bytes(range(256))
    assert said("POST /ocsp HTTP/1.1", [], octets).endswith(b"\r\n\r\n" + octets)


def test_a_line_stays_one_line_and_a_long_body_is_told_by_its_size() -> None:
    kept = said("GET /a\r\nb HTTP/1.1", [("X", "1\r\n\r\n2")], bytes(LONGEST + 1))
    assert kept.count(b"\r\n\r\n") == 1 and kept.count(b"\r\n") == 4
    assert kept.endswith(b"(1048577 octets, too many to be kept)")
