"""Every port of ours against requests that are none: answered 4xx or hung up on, and not a word on standard error."""

from __future__ import annotations

import base64
import json
import os
import re
import resource
import select
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from every_port import PASSWORD

HERE = Path(__file__).parent
PORTS = ("ocsp", "pool", "rest", "ws", "wss")
DEADLINE = 20.0


def request(line: bytes, *headers: bytes, body: bytes = b"") -> bytes:
    return b"\r\n".join((line + b" HTTP/1.1", b"Host: here", *headers, b"", body))


def get(*headers: bytes, path: bytes = b"/ocpp/CS001") -> bytes:
    return request(b"GET " + path, *headers)


def post(*headers: bytes, body: bytes = b"") -> bytes:
    return request(b"POST /ocsp", *headers, body=body)


UPGRADE = (
    b"Connection: Upgrade",
    b"Upgrade: websocket",
    b"Sec-WebSocket-Version: 13",
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    b"Sec-WebSocket-Protocol: ocpp2.0.1",
)
KNOWN = b"Authorization: Basic " + base64.b64encode(b"CS001:" + PASSWORD.encode())
CHUNKED, POOL = b"Transfer-Encoding: chunked", b"Authorization: Bearer pool"

MALFORMED: dict[str, bytes] = {
    # no HTTP
    "noise": b"\x00\x01\x02 noise\r\n\r\n",
    "a ClientHello": bytes.fromhex("16030100a5010000a10303") + bytes(160),
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a version that does not exist": b"GET / HTTP/9.9\r\nHost: here\r\n\r\n",
    "line feeds alone": b"GET / HTTP/1.1\nHost: here\n\n",
    "a method with a sign in it": b"G@T / HTTP/1.1\r\nHost: here\r\n\r\n",
    "noise behind a good request": get() + b"\x00\x01\r\n\r\n",
    # headers
    "no Host": b"GET / HTTP/1.1\r\n\r\n",
    "two Hosts": get(b"Host: there"),
    "a line without a colon": get(b"no colon"),
    "a space before the colon": get(b"X : y"),
    "a NUL": get(b"X: a\x00b"),
    "a carriage return alone": get(b"X: a\rb"),
    "a folded line": get(b"X: a", b" b"),
    "no name": get(b": y"),
    "a long line": get(b"X: " + b"y" * 9_000),
    "many lines": get(*(b"X-%d: y" % n for n in range(80))),
    "a big header of short lines": get(*(b"X-%d: " % n + b"y" * 1_000 for n in range(50))),
    "a cookie of odd octets": get(b"Cookie: \xff=;;=\x7f"),
    "a path that is too long": get(path=b"/" + b"y" * 9_000),
    "a path of octets": get(path=b"/\xff\xfe"),
    "a path without a slash": get(path=b"ocpp"),
    "a query of octets": get(path=b"/ocsp?\xff&a=%zz"),
    "percent signs that mean nothing": get(path=b"/ocpp/%zz%"),
    "an address with a port too high": get(path=b"http://x:99999/"),
    "an address with a bracket open": get(path=b"http://[::1/"),
    "an address without a host": get(path=b"http:///"),
    "CONNECT": request(b"CONNECT x:99999"),
    "an expectation nobody knows": post(b"Expect: tea", b"Content-Length: 0"),
    # bodies
    "a negative length": post(b"Content-Length: -1"),
    "a length in words": post(b"Content-Length: five"),
    "two lengths": post(b"Content-Length: 5", b"Content-Length: 6", body=b"12345"),
    "a length and chunks": post(b"Content-Length: 5", CHUNKED, body=b"0\r\n\r\n"),
    "a length beyond 64 bits": post(b"Content-Length: 99999999999999999999999"),
    "a chunk without a size": post(CHUNKED, body=b"zz\r\n\r\n"),
    "a chunk beyond 64 bits": post(CHUNKED, body=b"FFFFFFFFFFFFFFFFFF\r\n"),
    "a chunk longer than it says": post(CHUNKED, body=b"3\r\nabcdef\r\n"),
    "a trailer without a colon": post(CHUNKED, body=b"0\r\nbad trailer\r\n\r\n"),
    "a transfer coding nobody knows": post(b"Transfer-Encoding: tea", body=b"abc"),
    **{
        f"{coding} that is none": post(b"Content-Encoding: " + coding.encode(), b"Content-Length: 5", body=b"12345")
        for coding in ("gzip", "deflate", "br", "zstd", "tea")
    },
    "a charset nobody knows": request(
        b"POST /v1/ccp/signedContractData",
        POOL,
        b"Content-Type: application/json; charset=tea",
        b"Content-Length: 2",
        body=b"\xff\xfe",
    ),
    "JSON without an end": request(
        b"POST /v1/ccp/signedContractData", POOL, b"Content-Length: 60000", body=b"[" * 60_000
    ),
    "half a surrogate pair": request(
        b"POST /v1/ccp/signedContractData", POOL, b"Content-Length: 17", body=b'{"\\ud800":"\\udc0"}'
    ),
    # credentials
    "Basic that is no base64": get(b"Authorization: Basic !!!", *UPGRADE),
    "Basic of octets": get(b"Authorization: Basic \xff\xfe", *UPGRADE),
    "Basic with an umlaut": get("Authorization: Basic Müller".encode(), *UPGRADE),
    "Basic that is no UTF-8 inside": get(b"Authorization: Basic " + base64.b64encode(b"\xff:\xfe"), *UPGRADE),
    "Basic without a colon inside": get(b"Authorization: Basic " + base64.b64encode(b"abc"), *UPGRADE),
    "Bearer of octets": get(b"Authorization: Bearer \xff", path=b"/v1/ccp/signedContractData"),
    "credentials with a control character": get(b"Authorization: Digest \x01"),
    # WebSocket
    "a key of octets": get(KNOWN, *UPGRADE[:3], b"Sec-WebSocket-Key: \xff", UPGRADE[4]),
    "a key that is none": get(KNOWN, *UPGRADE[:3], b"Sec-WebSocket-Key: zz", UPGRADE[4]),
    "no key": get(KNOWN, *UPGRADE[:3]),
    "a WebSocket of another version": get(KNOWN, *UPGRADE[:2], b"Sec-WebSocket-Version: 99", *UPGRADE[3:]),
    "a station of 49 characters": get(KNOWN, *UPGRADE, path=b"/ocpp/" + b"y" * 49),
    "a station of octets": get(KNOWN, *UPGRADE, path=b"/ocpp/%ff%fe"),
}

SPOKEN: dict[str, bytes] = {
    "subprotocols of octets": get(KNOWN, *UPGRADE[:4], b"Sec-WebSocket-Protocol: \xff, ,"),
    "an extension that is none": get(KNOWN, *UPGRADE, b"Sec-WebSocket-Extensions: \xff;;;"),
    "a frame without a mask": get(KNOWN, *UPGRADE) + b"\x81\x05hello",
    "a frame of reserved bits": get(KNOWN, *UPGRADE) + b"\xf1\x80" + bytes(4),
    "a frame beyond every length": get(KNOWN, *UPGRADE) + b"\x81\xff" + b"\xff" * 8,
    "a text that is no UTF-8": get(KNOWN, *UPGRADE) + b"\x81\x82" + bytes(4) + b"\xff\xfe",
    "a close without its code": get(KNOWN, *UPGRADE) + b"\x88\x81" + bytes(4) + b"a",
}
"""What begins well enough to be let in and then is not WebSocket."""


@dataclass
class Shot:
    """The process with its ports. ``said`` is what it has written to standard error."""

    process: subprocess.Popen[str]
    ports: dict[str, int]
    errors: Path

    @property
    def said(self) -> str:
        return self.errors.read_text()

    def tell(self) -> dict[str, Any]:
        """What it has told so far."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        told: dict[str, Any] = json.loads(self.process.stdout.readline())
        return told

    def connect(self, port: str, *, tls: bool = True) -> socket.socket:
        """A connection, over TLS where the port speaks it."""
        guest = socket.create_connection(("127.0.0.1", self.ports[port]), DEADLINE)
        return TRUSTING.wrap_socket(guest) if port == "wss" and tls else guest

    def ask(self, port: str, sent: bytes) -> bytes:
        """What is answered to these octets by a guest that says no more."""
        with self.connect(port) as guest:
            guest.sendall(sent)
            with ExitStack() as reading:
                reading.push(lambda kind, *_: kind is not None and issubclass(kind, ConnectionError))
                return guest.recv(65_536)
        return b""

    def settle(self, true: Callable[[], bool]) -> bool:
        """Whether ``true`` comes true within the deadline."""
        end = time.monotonic() + DEADLINE
        while not (held := true()) and time.monotonic() < end:
            self.tell()
        return held


TRUSTING = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
TRUSTING.check_hostname, TRUSTING.verify_mode = False, ssl.CERT_NONE


@contextmanager
def started(errors: Path, *, files: int | None = None) -> Iterator[Shot]:
    def narrow() -> None:
        if files is not None:
            resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))

    with errors.open("w") as stream:
        process = subprocess.Popen(
            [sys.executable, "-W", "default", "-m", "every_port"],
            env={**os.environ, "PYTHONPATH": str(HERE)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stream,
            text=True,
            preexec_fn=narrow,
        )
    assert process.stdin is not None and process.stdout is not None
    try:
        yield Shot(process, json.loads(process.stdout.readline()), errors)
        process.stdin.close()
        assert process.wait(DEADLINE) == 0
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


@pytest.fixture(scope="module")
def shot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shot]:
    with started(tmp_path_factory.mktemp("ports") / "stderr") as process:
        yield process


@pytest.mark.parametrize("port", PORTS)
def test_sixty_malformed_requests_are_answered_4xx_and_leave_no_word_on_standard_error(shot: Shot, port: str) -> None:
    assert len(MALFORMED) >= 60
    answers = {name: shot.ask(port, sent).partition(b"\r\n")[0].decode() for name, sent in MALFORMED.items()}
    assert {name: line for name, line in answers.items() if not re.match(r"HTTP/[\d.]+ 4\d\d ", line)} == {}
    assert shot.said == ""
    assert "defect" not in shot.tell()["problems"]


@pytest.mark.parametrize("port", ["rest", "ws", "wss"])
def test_what_is_no_websocket_after_all_leaves_no_word_on_standard_error(shot: Shot, port: str) -> None:
    for sent in SPOKEN.values():
        assert shot.ask(port, sent).startswith(b"HTTP/1.1 101 ")
    assert shot.ask(port, get(KNOWN, *UPGRADE)).startswith(b"HTTP/1.1 101 ")
    assert shot.said == ""
    assert "defect" not in shot.tell()["problems"]


def test_a_tls_port_is_not_impressed_by_what_is_not_tls(shot: Shot) -> None:
    for sent in (*MALFORMED.values(), bytes.fromhex("160301ffff"), b""):
        with shot.connect("wss", tls=False) as guest:
            guest.sendall(sent)
    assert shot.ask("wss", get(KNOWN, *UPGRADE)).startswith(b"HTTP/1.1 101 ")
    assert shot.said == ""


@pytest.mark.parametrize("port", PORTS)
def test_a_guest_that_leaves_in_the_middle_of_its_body_is_no_defect_of_ours(shot: Shot, port: str) -> None:
    for sent in (post(b"Content-Length: 5", body=b"12"), post(CHUNKED, body=b"5\r\n12")):
        with shot.connect(port) as guest:
            guest.sendall(sent)
    assert shot.said == ""
    assert "defect" not in shot.tell()["problems"]


def test_what_was_no_request_is_told_once_by_whose_port_it_was(shot: Shot) -> None:
    before = shot.tell()["unread"]
    assert b" 400 " in shot.ask("ocsp", b"noise\r\n\r\n")
    assert shot.tell()["unread"] == before + 1


@pytest.mark.parametrize("port", ["wss", "ws"])
def test_memory_is_given_back_after_a_flood_of_idle_connections(tmp_path: Path, port: str) -> None:
    if not Path("/proc/self/status").exists():
        pytest.skip("a process is asked for its memory by way of /proc")
    begun = get(*(b"X-%d: " % n + b"y" * 5_000 for n in range(6)))[:-4]

    with started(tmp_path / "stderr") as process:
        process.ask(port, get())
        before = process.tell()["memory"]
        with ExitStack() as guests:
            for _ in range(300):
                guests.enter_context(process.connect(port)).sendall(begun)
            assert process.settle(lambda: process.tell()["guests"] >= 300)
            sent = 300 * len(begun)
            assert process.settle(lambda: process.tell()["memory"] > before + sent * 3 // 4)
            crowded = process.tell()["memory"]
        assert process.settle(lambda: process.tell()["memory"] < before + (crowded - before) // 3)
        assert process.said == ""


def test_a_crowd_that_would_use_up_the_files_of_the_process_is_turned_away_quietly(tmp_path: Path) -> None:
    with started(tmp_path / "stderr", files=256) as process, ExitStack() as guests:
        crowd = [guests.enter_context(process.connect("ws")) for _ in range(300)]
        answered, _, _ = select.select(crowd, [], [], DEADLINE)
        assert answered and answered[0].recv(100).startswith(b"HTTP/1.1 503 ")
        guests.close()
        assert process.settle(lambda: b" 101 " in process.ask("ws", get(KNOWN, *UPGRADE)))
        assert process.said == ""
