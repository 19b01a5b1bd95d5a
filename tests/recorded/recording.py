"""Network recordings, read without help: the TCP streams of a pcap file as V2GTP messages with their times.

Classic pcap only (libpcap and nanosecond flavour, either byte order), Ethernet, IPv6 without extension headers: what a
recorder between vehicle and station writes. ``tshark -F pcap`` turns other files into that.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from pncsim.wire.errors import LocalError
from pncsim.wire.v2g import v2gtp
from pncsim.wire.v2g.registry import EXI

_MAGIC = {
    b"\xd4\xc3\xb2\xa1": ("<", 1e-6),
    b"\xa1\xb2\xc3\xd4": (">", 1e-6),
    b"\x4d\x3c\xb2\xa1": ("<", 1e-9),
    b"\xa1\xb2\x3c\x4d": (">", 1e-9),
}
_ETHERNET, _IPV6, _TCP, _UDP = 1, 0x86DD, 6, 17
_FIN, _SYN, _RST, _ACK = 1, 2, 4, 16
_SDP_PORT = 15118

EndOfStream = tuple[bytes, int]
"""IPv6 address and port."""


class Recorded(Struct, frozen=True):
    """One V2GTP message: when (seconds of the recorder's clock), from the vehicle or from the station, what."""

    time: float
    by_vehicle: bool
    payload: bytes


class RecordedStream(Struct):
    """One TCP connection. ``seen`` in the order of the recording, ``ended`` how the first to leave did: "vehicle" or
    "station", empty when the recording ends first."""

    vehicle: EndOfStream
    station: EndOfStream
    opened: float
    seen: list[Recorded]
    ended: str = ""
    asked_tls: bool | None = None
    """What the vehicle asked for in SDP before."""


class _Direction:
    """One direction: segments put into order, cut into V2GTP messages."""

    def __init__(self) -> None:
        self.next: int | None = None
        self.waiting: dict[int, bytes] = {}
        self.reader = v2gtp.V2gtpReader(frozenset({EXI}))

    def take(self, sequence: int, data: bytes) -> list[bytes]:
        """The payloads that are whole with this segment."""
        if self.next is None:
            self.next = sequence
        if data:
            self.waiting[sequence] = max(self.waiting.get(sequence, b""), data, key=len)
        whole: list[bytes] = []
        while (found := self._due()) is not None:
            whole += [frame.payload for frame in self.reader.feed(found)]
        return whole

    def _due(self) -> bytes | None:
        """Octets that have not been read yet and come next."""
        assert self.next is not None
        for sequence in sorted(self.waiting):
            known = (self.next - sequence) & 0xFFFFFFFF
            if known < 1 << 31:
                data = self.waiting.pop(sequence)[known:]
                if data:
                    self.next = (self.next + len(data)) & 0xFFFFFFFF
                    return data
        return None


def streams(path: Path) -> list[RecordedStream]:
    """The connections of a recording that carried V2GTP messages, in the order they were opened, which it must show.

    Raises LocalError for a file that is no such recording.
    """
    open_now: dict[tuple[EndOfStream, EndOfStream], RecordedStream] = {}
    halves: dict[tuple[EndOfStream, EndOfStream], _Direction] = {}
    found: list[RecordedStream] = []
    asked_tls: dict[bytes, bool] = {}
    for time, packet in _ipv6(path):
        source, target, protocol, content = packet
        if protocol == _UDP and len(content) >= 18:
            if int.from_bytes(content[2:4]) == _SDP_PORT:
                asked_tls[source] = content[16] == 0
            continue
        if protocol != _TCP or len(content) < 20:
            continue
        from_port, to_port, sequence, _, offset, flags = struct.unpack_from(">HHIIBB", content)
        here, there = (source, from_port), (target, to_port)
        if flags & _SYN:
            halves[here, there] = half = _Direction()
            half.next = sequence + 1 & 0xFFFFFFFF
            if not flags & _ACK:
                open_now[here, there] = RecordedStream(here, there, time, [], asked_tls=asked_tls.get(source))
                found.append(open_now[here, there])
            continue
        stream = open_now.get((here, there)) or open_now.get((there, here))
        if stream is None:
            continue
        by_vehicle = here == stream.vehicle
        for payload in halves.setdefault((here, there), _Direction()).take(sequence, content[(offset >> 4) * 4 :]):
            stream.seen.append(Recorded(time, by_vehicle, payload))
        if flags & (_FIN | _RST) and not stream.ended:
            stream.ended = "vehicle" if by_vehicle else "station"
    return [one for one in found if one.seen]


def _ipv6(path: Path) -> Iterator[tuple[float, tuple[bytes, bytes, int, bytes]]]:
    """Time, and (source, target, protocol, content) of each packet."""
    data = path.read_bytes()
    order, unit = _MAGIC.get(data[:4], ("", 0.0))
    if not order or len(data) < 24:
        raise LocalError(f"{path} is no pcap file.", advice="Convert it with: tshark -r FILE -F pcap -w NEW")
    if struct.unpack_from(f"{order}I", data, 20)[0] != _ETHERNET:
        raise LocalError(f"{path} was not recorded on Ethernet.")
    at = 24
    while at + 16 <= len(data):
        seconds, parts, kept, _ = struct.unpack_from(f"{order}IIII", data, at)
        frame = data[at + 16 : at + 16 + kept]
        at += 16 + kept
        if len(frame) >= 54 and int.from_bytes(frame[12:14]) == _IPV6:
            length, protocol = struct.unpack_from(">HB", frame, 18)
            yield seconds + parts * unit, (frame[22:38], frame[38:54], protocol, frame[54 : 54 + length])
