"""What was said behind the station, as packets made from events: OCPP in WebSocket frames, HTTP exchanges, calls.

These are no recorded packets. Of OCPP the text is what was said (passwords masked) and the WebSocket around it is made;
of an HTTP exchange heads and bodies are those of who answered or asked, secrets masked; a call between services in one
process was no HTTP at all: its body is what was handed over. Interface descriptions, a comment at each connection and a
header field say so.
"""

from __future__ import annotations

import base64
import hashlib
from collections import deque
from functools import lru_cache
from http import HTTPStatus
from urllib.parse import quote, urlsplit

import msgspec

from pncsim.simulator.evidence.pcapng import Connection, Packets, end, link_local, own_mac
from pncsim.wire.trace import ROLES, HttpExchange, OcppFrame, ServiceCall

OCPP = "OCPP-J in WebSocket frames made from events (masked where secret); the octets on the wire are not recorded"
HTTP = (
    "HTTP heads and bodies (masked where secret) in frames made for them; calls in the process as POST /in-process/..."
)

_KINDS = {"EV": 1, "SECC": 2, "CS": 2, "CSMS": 3} | {
    role: number for number, role in enumerate((r for r in ROLES if r not in ("EV", "SECC", "CS", "CSMS")), 4)
}
"""The last octet of address and MAC; the one before it counts units of the kind."""

_SOMEBODY = 0xFE
_KEY = base64.b64encode(b"made from events").decode()
_ACCEPT = base64.b64encode(hashlib.sha1(f"{_KEY}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()).decode()
_HEADS = "Heads and bodies are what was said, secrets masked; the packets are made."
_RECENT = 64
"""Exchanges and frames of one end that wait for the other end to tell of them, too."""


class SaidPackets:
    """OCPP frames on interface ``ocpp`` and HTTP on ``http``; ``calls``: calls between services are shown, too."""

    def __init__(self, packets: Packets, ocpp: int, http: int, *, calls: bool) -> None:
        self._packets, self._ocpp, self._http = packets, ocpp, http
        self._calls = calls
        self._numbers: dict[tuple[int, str], int] = {}
        self._connections: dict[tuple[str, str], Connection] = {}
        self._callers: dict[tuple[int, int], Connection] = {}
        self._sent: dict[tuple[str, str], deque[str]] = {}
        self._served: deque[tuple[str, str, int]] = deque(maxlen=_RECENT)
        self._ports = 0

    def frame(self, event: OcppFrame) -> int:
        """The packet of an OCPP frame; 0 where its other end has told of it."""
        sent, station = event.direction == "sent", event.role != "CSMS"
        identity = event.unit if station else event.peer
        csms = event.peer if station else event.unit
        way = (identity, csms) if sent == station else (csms, identity)
        waiting = self._sent.get(way)
        if waiting is None:
            waiting = self._sent[way] = deque(maxlen=_RECENT)
        if sent:
            waiting.append(event.frame)
        elif event.frame in waiting:
            while waiting.popleft() != event.frame:
                pass  # what was sent before it never arrived
            return 0
        connection = self._connections.get((identity, csms))
        if connection is None:
            connection = self._upgraded(event.time, identity, csms)
        side = 0 if way[0] == identity else 1
        return connection.send(event.time, side, _websocket(event.frame, masked=side == 0))

    def exchange(self, event: HttpExchange) -> int:
        """The packet of the answer; 0 where its other end has told of it."""
        url = urlsplit(event.url)
        path = (url.path or "/") + (f"?{url.query}" if url.query else "")
        seen = event.method, path, event.status
        if url.netloc and seen in self._served:
            self._served.remove(seen)
            return 0
        if not url.netloc:
            self._served.append(seen)
        here = self._number(event.role, event.unit)
        ends = (here, _SOMEBODY) if url.netloc else (_SOMEBODY, here)
        if event.request:
            return self._packed(event.time, ends, event.request, event.response, _HEADS)
        host = url.netloc.rpartition("@")[2] or event.unit
        return self._asked(event.time, ends, f"{event.method} {path}", host, event.status, event.text.encode(), _HEADS)

    def call(self, event: ServiceCall) -> int:
        """The packet of the answer; 0 where calls are not shown."""
        if not self._calls:
            return 0
        asked = self._number(event.service, event.unit if event.service == event.role else "")
        asking = _SOMEBODY if event.service == event.role else self._number(event.role, event.unit)
        line = _in_process(event.service, event.operation)
        text = event.text.encode("utf-8", "backslashreplace").decode()
        body = event.answered or msgspec.json.encode({"ok": event.ok, "text": text})
        comment = "No HTTP was spoken: a call within the process."
        return self._asked(event.time, (asking, asked), line, event.service, 200, body, comment, event.asked)

    def _asked(
        self,
        time: float,
        ends: tuple[int, int],
        line: str,
        host: str,
        status: int,
        body: bytes,
        comment: str,
        sent: bytes = b"",
    ) -> int:
        """An exchange of which only line and status are HTTP's own."""
        head = f"{line} HTTP/1.1\r\nHost: {host}\r\nX-Made-From: event\r\n{_length(sent)}\r\n\r\n"
        request = head.encode("ascii", "backslashreplace") + sent
        answer = f"HTTP/1.1 {status} {_reason(status)}\r\nX-Made-From: event\r\n{_length(body)}\r\n\r\n".encode() + body
        return self._packed(time, ends, request, answer, comment)

    def _packed(self, time: float, ends: tuple[int, int], request: bytes, answer: bytes, comment: str) -> int:
        connection = self._callers.get(ends)
        if connection is None:
            connection = self._callers[ends] = self._connected(self._http, *ends)
            connection.open(time, comment)
        connection.send(time, 0, request)
        return connection.send(time, 1, answer)

    def _upgraded(self, time: float, identity: str, csms: str) -> Connection:
        ends = self._number("CS", identity), self._number("CSMS", csms)
        connection = self._connections[identity, csms] = self._connected(self._ocpp, *ends)
        connection.open(time, f"{identity} at {csms}. {OCPP}.")
        upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\n"
        request = f"GET /{quote(identity)} HTTP/1.1\r\nHost: {quote(csms)}\r\n{upgrade}X-Made-From: events\r\n"
        request += (
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {_KEY}\r\nSec-WebSocket-Protocol: ocpp2.0.1\r\n\r\n"
        )
        connection.send(time, 0, request.encode())
        answer = f"HTTP/1.1 101 Switching Protocols\r\n{upgrade}X-Made-From: events\r\n"
        answer += f"Sec-WebSocket-Accept: {_ACCEPT}\r\nSec-WebSocket-Protocol: ocpp2.0.1\r\n\r\n"
        connection.send(time, 1, answer.encode())
        return connection

    def _connected(self, interface: int, client: int, server: int) -> Connection:
        self._ports = (self._ports + 1) % 15_000
        ours = end(link_local(client), 50_000 + self._ports, own_mac(client))
        theirs = end(link_local(server), 80, own_mac(server))
        return Connection(self._packets, interface, ours, theirs, acknowledged=False)

    def _number(self, role: str, unit: str) -> int:
        kind = _KINDS.get(role, _SOMEBODY)
        if (kind, unit) not in self._numbers:
            before = sum(known == kind for known, _ in self._numbers)
            self._numbers[kind, unit] = (before & 0xFF) << 8 | kind
        return self._numbers[kind, unit]


@lru_cache(maxsize=256)
def _in_process(service: str, operation: str) -> str:
    return f"POST /in-process/{quote(service)}/{quote(operation)}"


def _length(body: bytes) -> str:
    """What a head says of a body that is shown as it was handed over."""
    if not body:
        return "Content-Length: 0"
    kind = "application/json" if body[:1] == b"{" else "text/plain" if body.isascii() else "application/octet-stream"
    return f"Content-Type: {kind}\r\nContent-Length: {len(body)}"


@lru_cache(maxsize=64)
def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _websocket(text: str, *, masked: bool) -> bytes:
    """One text frame (RFC 6455 section 5.2); a client's is masked, with zeros, so that it stays readable."""
    data = text.encode("utf-8", "backslashreplace")
    size, mask = len(data), 0x80 if masked else 0
    if size < 126:
        head = bytes((0x81, mask | size))
    elif size < 1 << 16:
        head = bytes((0x81, mask | 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((0x81, mask | 127)) + size.to_bytes(8, "big")
    return head + bytes(4 if masked else 0) + data
