"""A station that calls and never reads: it gets no more than its share of memory, and closing it takes no time."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import pytest

from pncsim.backend.csms.csms import Csms
from pncsim.backend.csms.ports import Services
from pncsim.backend.csms.server import serve_csms
from pncsim.wire.clock import Clock
from pncsim.wire.ocpp import websocket
from pncsim.wire.source import Seeded

PASSWORD = "a-password-for-this-test"


def masked(text: str) -> bytes:
    """A client's text frame (RFC 6455 5.2) under a mask of zeros."""
    octets = text.encode()
    return b"\x81\xfe" + len(octets).to_bytes(2, "big") + bytes(4) + octets


async def upgraded(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """The two directions of a WebSocket to the CSMS, by hand."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    credentials = base64.b64encode(f"CS1:{PASSWORD}".encode()).decode()
    writer.write(
        "GET /ocpp/CS1 HTTP/1.1\r\nHost: csms\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {base64.b64encode(bytes(16)).decode()}\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Protocol: ocpp2.0.1\r\nAuthorization: Basic {credentials}\r\n\r\n".encode()
    )
    assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
    return reader, writer


async def test_a_station_that_never_reads_is_bounded_and_can_be_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "CLOSING", 0.05)
    csms = Csms(Services(), Clock(), Seeded(1))
    await csms.register.add("CS1", PASSWORD)
    server = await serve_csms(csms, None)
    reader, writer = await upgraded(server.port)
    try:
        reader._transport.pause_reading()  # type: ignore[attr-defined]
        calls = masked(json.dumps([2, "a" * 36, "Nope", {}, "x" * 200])) * 500
        with pytest.raises(TimeoutError):
            while True:
                writer.write(calls)
                async with asyncio.timeout(0.3):
                    await writer.drain()
        channel: Any = csms.stations["CS1"].peer.channel
        assert len(channel.unsent) <= websocket.MAX_UNSENT + 1
        async with asyncio.timeout(10):
            await csms.close()
            await server.close()
    finally:
        writer.transport.abort()
    assert csms.stations == {}
