"""What a reader of the stream can make of the bytes it carries: payload put together again, and a capture file."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from ipaddress import ip_address
from pathlib import Path

from pncsim.wire.trace import Event, LinkBytes

_RAW_IP, _TLS_KEY_LOG = 101, 0x544C534B
_SYN, _PSH_ACK, _FIN_ACK, _RST = 0x02, 0x18, 0x11, 0x04
_FLAGS = {"": _PSH_ACK, "opened": _SYN, "ended": _FIN_ACK, "reset": _RST}


def seen_by(unit: str, events: Iterable[Event]) -> list[LinkBytes]:
    """The bytes one unit saw."""
    return [event for event in events if isinstance(event, LinkBytes) and event.unit == unit]


def payload(seen: Iterable[LinkBytes], direction: str) -> bytes:
    """What went over TCP in one direction."""
    return b"".join(event.data for event in seen if event.carrier == "TCP" and event.direction == direction)


def records(stream: bytes) -> list[tuple[int, bytes]]:
    """The TLS records of a direction: content type and fragment. Fails unless they fill it exactly."""
    found = []
    while stream:
        kind, major, _, length = struct.unpack_from(">BBBH", stream)
        assert kind in (20, 21, 22, 23)
        assert major == 3
        assert 0 < length <= len(stream) - 5
        found.append((kind, stream[5 : 5 + length]))
        stream = stream[5 + length :]
    return found


def write_pcapng(path: Path, seen: Iterable[LinkBytes], keys: Iterable[str]) -> None:
    """A capture file of what one unit saw, with the key log inside."""
    secrets = "".join(f"{line}\n" for line in keys).encode()
    blocks = [
        _block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)),
        _block(1, struct.pack("<HHI", _RAW_IP, 0, 0)),
        _block(10, struct.pack("<II", _TLS_KEY_LOG, len(secrets)) + secrets),
    ]
    positions: dict[tuple[object, object], int] = {}
    for event in seen:
        source, target = (event.local, event.remote) if event.direction == "sent" else (event.remote, event.local)
        at, back = positions.get((source, target), 0), positions.get((target, source), 0)
        packet = _packet(event, source, target, at, back)
        positions[source, target] = at + len(event.data) + (event.mark in ("opened", "ended"))
        high, low = divmod(round(event.time * 1e6), 1 << 32)
        blocks.append(_block(6, struct.pack("<IIIII", 0, high, low, len(packet), len(packet)) + packet))
    path.write_bytes(b"".join(blocks))


def _block(kind: int, body: bytes) -> bytes:
    body += bytes(-len(body) % 4)
    length = len(body) + 12
    return struct.pack("<II", kind, length) + body + struct.pack("<I", length)


def _packet(event: LinkBytes, source: tuple[str, int], target: tuple[str, int], at: int, back: int) -> bytes:
    ports = struct.pack(">HH", source[1], target[1])
    if event.carrier == "UDP":
        carried = ports + struct.pack(">HH", 8 + len(event.data), 0) + event.data
    else:
        carried = ports + struct.pack(">IIBBHHH", at, back, 5 << 4, _FLAGS[event.mark], 0xFFFF, 0, 0) + event.data
    protocol, here, there = 17 if event.carrier == "UDP" else 6, ip_address(source[0]), ip_address(target[0])
    if here.version == 6:
        return struct.pack(">IHBB", 6 << 28, len(carried), protocol, 64) + here.packed + there.packed + carried
    header = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(carried), 0, 0, 64, protocol, 0)
    return header + here.packed + there.packed + carried
