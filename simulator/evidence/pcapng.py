"""A capture file that Wireshark opens: blocks of pcapng, with Ethernet frames made for octets that had none.

Frames are written as the run goes on; TLS keys (a Decryption Secrets Block) go in ahead of the packets that need them.
Sources: draft-ietf-opsawg-pcapng (blocks), RFC 8200 and 791 (IP), RFC 9293 and 768 (TCP, UDP), RFC 2464 (group MACs).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from ipaddress import IPv6Address, ip_address

from msgspec import Struct

_SECTION, _INTERFACE, _PACKET, _SECRETS = 0x0A0D0D0A, 1, 6, 10
_ETHERNET, _SNAP, _TLS_KEY_LOG = 1, 262_144, 0x544C534B
_COMMENT, _NAME, _DESCRIPTION, _APPLICATION, _RESOLUTION = 1, 2, 3, 4, 9
_NANOSECONDS = b"\x09"
_MOST = 0xFFFF
"""The longest that an option may be, and the widest window."""

_WORD, _HEAD, _PACKET_HEAD = struct.Struct("<I"), struct.Struct("<II"), struct.Struct("<IIIIIII")
_OPTION = struct.Struct("<HH")
_TCP, _UDP = struct.Struct(">HHIIHHHH"), struct.Struct(">HHHH")
_PADDING = (b"", b"\0\0\0", b"\0\0", b"\0")

FIN, SYN, RST, PUSH, ACK = 0x01, 0x02, 0x04, 0x08, 0x10
_BARE = 20 << 10 | ACK
TCP, UDP = 6, 17
_HOPS = {TCP: 64, UDP: 255}
"""SDP is for the link alone: nothing that a router has passed on is answered."""


class FlowEnd(Struct, frozen=True):
    """One end of a flow: MAC, address in its octets (16, or 4 where the link is IPv4) and port."""

    mac: bytes
    address: bytes
    port: int


def end(host: str, port: int, mac: bytes) -> FlowEnd:
    """``host`` numeric; what is no address is the unspecified one, and a group has the MAC of its own."""
    try:
        address = ip_address(host)
    except ValueError:
        address = IPv6Address(0)
    if address.version == 6 and address.is_multicast:
        mac = b"\x33\x33" + address.packed[-4:]
    return FlowEnd(mac, address.packed, port)


def own_mac(number: int) -> bytes:
    """A locally administered MAC; ``number`` has 16 bits."""
    return b"\x02\0\0\0" + number.to_bytes(2, "big")


def link_local(number: int) -> str:
    """The address that :func:`own_mac` makes on its link (EUI-64, RFC 4291 appendix A)."""
    return f"fe80::ff:fe00:{number:x}"


class Way:
    """Frames in one direction of a flow."""

    __slots__ = ("_addresses", "_behind", "_front", "_lead", "_ports", "_protocol", "_pseudo", "_six")

    def __init__(self, source: FlowEnd, target: FlowEnd, protocol: int) -> None:
        here, there = source.address, target.address
        self._six = len(here) == 16 or len(there) == 16
        if self._six:
            here, there = _mapped(here), _mapped(there)
        self._front = target.mac + source.mac + (b"\x86\xdd\x60\0\0\0" if self._six else b"\x08\0")
        self._addresses, self._protocol = here + there, protocol
        self._ports = source.port, target.port
        self._pseudo = int.from_bytes(self._addresses, "big") % 0xFFFF + protocol
        self._behind = bytes((protocol, _HOPS[protocol])) + self._addresses
        # All of a bare acknowledgement that is ahead of its numbers.
        self._lead = self._front + b"\0\x14" + self._behind if self._six else b""

    def tcp(self, flags: int, at: int, back: int, data: bytes = b"", options: bytes = b"") -> bytes:
        """A TCP segment: sequence number ``at``, acknowledging up to ``back``."""
        at, back, length = at & 0xFFFFFFFF, back & 0xFFFFFFFF, 20 + len(options) + len(data)
        source, target = self._ports
        shape = (20 + len(options) << 10) | flags
        # Sixteen-bit words added with end-around carry are the whole number modulo 65535, and so is each of its parts;
        # what makes the sum 0 is sent as 0 (RFC 1624), by UDP alone as 65535.
        told = self._pseudo + length + source + target + at + back + shape + _MOST
        if data or options:
            told += _words(options + data)
        head = _TCP.pack(source, target, at, back, shape, _MOST, -told % 0xFFFF, 0)
        return self._framed(head + options + data)

    def acknowledgement(self, at: int, back: int) -> bytes:
        """A bare ACK, which every other packet is."""
        if not self._lead:
            return self.tcp(ACK, at, back)
        at, back, (source, target) = at & 0xFFFFFFFF, back & 0xFFFFFFFF, self._ports
        told = self._pseudo + 20 + source + target + at + back + _BARE + _MOST
        return self._lead + _TCP.pack(source, target, at, back, _BARE, _MOST, -told % 0xFFFF, 0)

    def udp(self, data: bytes) -> bytes:
        """A UDP datagram."""
        source, target = self._ports
        length = 8 + len(data)
        total = -(self._pseudo + source + target + 2 * length + _words(data)) % 0xFFFF
        return self._framed(_UDP.pack(source, target, length, total or _MOST) + data)

    def _framed(self, segment: bytes) -> bytes:
        length, protocol = len(segment), self._protocol
        if self._six:
            return b"%b%b%b%b" % (self._front, length.to_bytes(2, "big"), self._behind, segment)
        head = b"\x45\0" + (20 + length).to_bytes(2, "big") + b"\0\0\x40\0" + bytes((_HOPS[protocol], protocol))
        total = -int.from_bytes(head + b"\0\0" + self._addresses, "big") % 0xFFFF
        return self._front + head + total.to_bytes(2, "big") + self._addresses + segment


def _words(data: bytes) -> int:
    return int.from_bytes(data, "big") << (8 if len(data) & 1 else 0)


def _mapped(address: bytes) -> bytes:
    return address if len(address) == 16 else bytes(10) + b"\xff\xff" + address


class Packets:
    """The file as it grows: what was added is fetched with :meth:`taken`. ``interfaces``: name and description."""

    def __init__(self, application: str, interfaces: Sequence[tuple[str, str]]) -> None:
        self.count = 0
        """Packets so far; Wireshark numbers them from 1 on."""
        section = struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1) + _options((_APPLICATION, application.encode()))
        self._ahead = [_block(_SECTION, section)]
        self._blocks: list[bytes] = []
        self._time, self._moment = 0.0, 0
        for name, description in interfaces:
            told = ((_NAME, name.encode()), (_DESCRIPTION, description.encode()), (_RESOLUTION, _NANOSECONDS))
            self._ahead.append(_block(_INTERFACE, struct.pack("<HHI", _ETHERNET, 0, _SNAP) + _options(*told)))

    def secrets(self, lines: Sequence[str]) -> None:
        """Lines of an NSS key log; they stand ahead of all packets that were not taken yet."""
        text = "".join(f"{line}\n" for line in lines).encode()
        self._ahead.append(_block(_SECRETS, _HEAD.pack(_TLS_KEY_LOG, len(text)) + text))

    def add(self, interface: int, time: float, frame: bytes, comment: str = "") -> int:
        """One frame, seen at ``time`` (seconds since the epoch); the number it has in Wireshark."""
        self.count += 1
        size = len(frame)
        if time != self._time:
            # A float of today has a quarter of a microsecond: what is finer would be noise.
            self._time, self._moment = time, round(time * 1e6) * 1000
        moment = self._moment
        if comment:
            told = _options((_COMMENT, comment.encode("utf-8", "backslashreplace")[:_MOST]))
            head = struct.pack("<IIIII", interface, moment >> 32, moment & 0xFFFFFFFF, size, size)
            self._blocks.append(_block(_PACKET, head + frame + _PADDING[size & 3] + told))
            return self.count
        total = 32 + (size + 3 & ~3)
        head = _PACKET_HEAD.pack(_PACKET, total, interface, moment >> 32, moment & 0xFFFFFFFF, size, size)
        self._blocks.append(b"%b%b%b%b" % (head, frame, _PADDING[size & 3], _WORD.pack(total)))
        return self.count

    def taken(self) -> bytes:
        """What was added since the last time."""
        octets = b"".join((*self._ahead, *self._blocks))
        self._ahead.clear()
        self._blocks.clear()
        return octets


def _block(kind: int, body: bytes) -> bytes:
    body += _PADDING[len(body) & 3]
    length = len(body) + 12
    return _HEAD.pack(kind, length) + body + _WORD.pack(length)


def _options(*options: tuple[int, bytes]) -> bytes:
    packed = (_OPTION.pack(code, len(value)) + value + _PADDING[len(value) & 3] for code, value in options)
    return b"".join(packed) + bytes(4)


class Connection:
    """A TCP connection made of what was said on it: handshake, segments, and how it ended.

    ``acknowledged``: a packet of its own acknowledges what was said; otherwise the next segment the other way does.
    """

    __slots__ = ("_acknowledged", "_at", "_ended", "_interface", "_open", "_packets", "_ways")

    SEGMENT = 1440
    STARTS = 1000, 5000
    """Sequence numbers of who connected and who accepted: always the same, so that two runs can be compared."""

    def __init__(
        self, packets: Packets, interface: int, client: FlowEnd, server: FlowEnd, *, acknowledged: bool = True
    ) -> None:
        self._packets, self._interface, self._acknowledged = packets, interface, acknowledged
        self._ways = Way(client, server, TCP), Way(server, client, TCP)
        self._at = list(self.STARTS)
        self._ended = [False, False]
        self._open = False

    def open(self, time: float, comment: str = "") -> None:
        """The handshake, once."""
        if self._open:
            return
        self._open = True
        (ours, theirs), (at, back) = self._ways, self._at
        room = b"\x02\x04" + self.SEGMENT.to_bytes(2, "big")
        self._put(time, ours.tcp(SYN, at, 0, options=room), comment)
        self._put(time, theirs.tcp(SYN | ACK, back, at + 1, options=room))
        self._put(time, ours.tcp(ACK, at + 1, back + 1))
        self._at = [at + 1, back + 1]

    def send(self, time: float, side: int, data: bytes, comment: str = "") -> int:
        """What the client (0) or server (1) has said; the number of the packet in which it ends."""
        if not self._open:
            self.open(time)
        way, at, back = self._ways[side], self._at[side], self._at[1 - side]
        number, add = 0, self._packets.add
        whole = len(data) <= self.SEGMENT and data[:1] != b"\x16"
        for part in (data,) if whole else _parts(data, self.SEGMENT):
            number = add(self._interface, time, way.tcp(PUSH | ACK, at, back, part), comment)
            at, comment = at + len(part), ""
        self._at[side] = at
        if self._acknowledged and not self._ended[1 - side]:
            add(self._interface, time, self._ways[1 - side].acknowledgement(back, at))
        return number

    def finish(self, time: float, side: int) -> None:
        """That side ends its direction."""
        self._end(time, side, FIN | ACK)
        self._at[side] += 1
        self._put(time, self._ways[1 - side].tcp(ACK, self._at[1 - side], self._at[side]))

    def reset(self, time: float, side: int) -> None:
        """That side breaks it off."""
        self._end(time, side, RST | ACK)

    def _end(self, time: float, side: int, flags: int) -> None:
        self.open(time)
        self._put(time, self._ways[side].tcp(flags, self._at[side], self._at[1 - side]))
        self._ended[side] = True

    def _put(self, time: float, frame: bytes, comment: str = "") -> int:
        return self._packets.add(self._interface, time, frame, comment)


_HANDSHAKE = 0x16
"""A TLS record's type. A flight of them is cut between records, so that a signature that happens to be an octet shorter
does not change the number of packets."""


def _parts(data: bytes, size: int) -> Sequence[bytes]:
    parts, at = [], 0
    while at < len(data):
        whole = 5 + int.from_bytes(data[at + 3 : at + 5], "big") if data[at] == _HANDSHAKE else len(data) - at
        until = min(at + whole, len(data))
        parts += [data[n : min(n + size, until)] for n in range(at, until, size)]
        at = until
    return parts
