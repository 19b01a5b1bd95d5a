"""V2GTP: the eight-byte header before every V2G message (ISO 15118-2, 7.8.3), packed and read without any I/O.

A receiver ignores a message with a wrong version, payload type or length and goes on (conformance cases
V2GTP*_002 to _005). What that means on a byte stream, where a wrong length also loses the next boundary:

====================================================  =================================================================
header at a message boundary                          reaction of :class:`V2gtpReader`
====================================================  =================================================================
all fields right                                      the frame
version pair wrong, or type unknown; rest right       the whole message is skipped and reported as :class:`Ignored`
length zero or above the bound; rest right            reported as :class:`Ignored`; then the next right header is looked
                                                      for, up to ``max_payload`` octets further on
two fields wrong                                      this is not V2GTP: PeerError
====================================================  =================================================================
"""

from __future__ import annotations

import struct

from msgspec import Struct

from pncsim.wire.errors import LocalError, PeerError
from pncsim.wire.v2g.registry import EXI, PAYLOAD_TYPES

VERSION = 0x01
INVERSE = 0xFE
HEADER_SIZE = 8

MAX_PAYLOAD = 65_536
"""Bound on one payload. The largest -2 message, CertificateInstallationRes with two chains of four certificates, stays
under 10 KiB; three -2 tariffs of 1024 entries fit in 50 KiB. The field would allow 4 GiB."""

# The public conformance cases that give the reaction to each field.
VERSION_CASE = "V2GTP cases _004, _005"
TYPE_CASE = "V2GTP case _003"
LENGTH_CASE = "V2GTP case _002"

_HEADER = struct.Struct(">BBHI")
PREAMBLE = bytes((VERSION, INVERSE))
"""How every message begins."""


class V2gtpFrame(Struct, frozen=True):
    """One message: its payload type (a key of PAYLOAD_TYPES) and the payload without the header."""

    payload_type: int
    payload: bytes


class Ignored(Struct, frozen=True):
    """A message that was skipped as the standard wants it: why, its clause or case, and the header as received."""

    reason: str
    header: bytes
    clause: str


def pack(payload_type: int, payload: bytes) -> bytes:
    """``payload`` with its header. Raises LocalError for a type that is no 16-bit number or a payload too large."""
    if not 0 <= payload_type <= 0xFFFF:
        raise LocalError(f"A V2GTP payload type is a 16-bit number, not {payload_type:#x}.")
    if len(payload) > MAX_PAYLOAD:
        raise LocalError(f"A V2GTP payload of {len(payload)} octets is above the bound of {MAX_PAYLOAD}.")
    return _HEADER.pack(VERSION, INVERSE, payload_type, len(payload)) + payload


def unpack_datagram(datagram: bytes, payload_type: int) -> bytes:
    """The payload of a datagram that is exactly one V2GTP message of ``payload_type``.

    Raises PeerError saying which field is wrong; the receiver then ignores the datagram (cases V2GTPSDP_002 to _005).
    """
    if len(datagram) < HEADER_SIZE:
        raise PeerError(f"A datagram of {len(datagram)} octets is too short for a V2GTP header of {HEADER_SIZE}.")
    version, inverse, kind, length = _HEADER.unpack_from(datagram)
    if (version, inverse) != (VERSION, INVERSE):
        raise PeerError(_version_reason(version, inverse), clause=VERSION_CASE)
    if kind != payload_type:
        raise PeerError(
            f"The payload type is {_type_text(kind)}, expected {_type_text(payload_type)}.", clause=TYPE_CASE
        )
    if length != len(datagram) - HEADER_SIZE:
        raise PeerError(
            f"The header says {length} octets of payload, {len(datagram) - HEADER_SIZE} came.", clause=LENGTH_CASE
        )
    return datagram[HEADER_SIZE:]


class V2gtpReader:
    """Cuts a byte stream into frames; bounded in memory by one message.

    ``types`` are the payload types this side understands. What was skipped collects in ``ignored``, which the owner
    reads and empties.
    """

    __slots__ = ("_buffer", "_lost", "_max_payload", "_skip", "_types", "ignored")

    def __init__(self, types: frozenset[int] = frozenset({EXI}), *, max_payload: int = MAX_PAYLOAD) -> None:
        self.ignored: list[Ignored] = []
        self._types = types
        self._max_payload = max_payload
        self._buffer = bytearray()
        self._skip = 0  # octets of an ignored message still to come
        self._lost: int | None = None  # octets passed over since the boundary was lost, None while it is known

    @property
    def partial(self) -> bool:
        """Whether the stream would end inside a message if it ended now."""
        return bool(self._buffer or self._skip)

    def feed(self, data: bytes) -> list[V2gtpFrame]:
        """Take bytes, cut anywhere, and return the messages they complete.

        Raises PeerError once the stream cannot be V2GTP; the connection is then of no use any more.
        """
        if not self._buffer and not self._skip and self._lost is None and len(data) > HEADER_SIZE:
            # Nearly always one whole message comes in one piece.
            version, inverse, kind, length = _HEADER.unpack_from(data)
            right = version == VERSION and inverse == INVERSE and kind in self._types
            if right and length == len(data) - HEADER_SIZE <= self._max_payload:
                return [V2gtpFrame(kind, data[HEADER_SIZE:])]
        self._buffer += data
        frames: list[V2gtpFrame] = []
        while self._advance(frames):
            pass
        return frames

    def _advance(self, frames: list[V2gtpFrame]) -> bool:
        """Take one step; False once more bytes are needed."""
        buffer = self._buffer
        if self._skip:
            cut = min(self._skip, len(buffer))
            del buffer[:cut]
            self._skip -= cut
            return not self._skip and bool(buffer)
        if self._lost is not None:
            return self._find_boundary(self._lost)
        if len(buffer) < HEADER_SIZE:
            return False
        version, inverse, kind, length = _HEADER.unpack_from(buffer)
        right_version = (version, inverse) == (VERSION, INVERSE)
        right_type = kind in self._types
        right_length = 0 < length <= self._max_payload
        if right_version and right_type and right_length:
            end = HEADER_SIZE + length
            if len(buffer) < end:
                return False
            frames.append(V2gtpFrame(kind, bytes(buffer[HEADER_SIZE:end])))
            del buffer[:end]
            return True
        header = bytes(buffer[:HEADER_SIZE])
        if right_version + right_type + right_length < 2:
            raise PeerError(
                f"The peer's stream is not V2GTP: where a message should begin came {header.hex(' ')}{_guess(header)}.",
                clause=VERSION_CASE,
                advice="A V2GTP header is 01 fe, the payload type and the length of the payload.",
            )
        del buffer[:HEADER_SIZE]
        if not right_length:
            self._ignore(f"The payload length is {length}, allowed are 1 to {self._max_payload}.", header, LENGTH_CASE)
            self._lost = 0
        elif not right_version:
            self._ignore(_version_reason(version, inverse), header, VERSION_CASE)
            self._skip = length
        else:
            self._ignore(f"The payload type is {_type_text(kind)}.", header, TYPE_CASE)
            self._skip = length
        return True

    def _find_boundary(self, lost: int) -> bool:
        """After a wrong length: pass over octets until a wholly right header begins."""
        buffer = self._buffer
        start = 0
        while True:
            start = buffer.find(PREAMBLE, start)
            if start < 0:
                # The first half of a version pair may have come already.
                start = len(buffer) - (1 if buffer.endswith(PREAMBLE[:1]) else 0)
                break
            if len(buffer) - start < HEADER_SIZE:
                break
            _, _, kind, length = _HEADER.unpack_from(buffer, start)
            if kind in self._types and 0 < length <= self._max_payload:
                del buffer[:start]
                self._lost = None
                return True
            start += 1
        del buffer[:start]
        self._lost = lost + start
        if self._lost > self._max_payload:
            raise PeerError(
                f"The peer's stream lost its message boundaries: after a wrong payload length, {self._lost} octets "
                "came without another V2GTP header.",
                clause=LENGTH_CASE,
            )
        return False

    def _ignore(self, reason: str, header: bytes, clause: str) -> None:
        self.ignored.append(Ignored(reason, header, clause))


def _version_reason(version: int, inverse: int) -> str:
    return f"The V2GTP version pair is {version:02x} {inverse:02x}, expected {VERSION:02x} {INVERSE:02x}."


def _type_text(kind: int) -> str:
    return f"{kind:#06x} ({PAYLOAD_TYPES.get(kind, 'unknown')})"


def _guess(header: bytes) -> str:
    """What a stranger's first octets look like, as the end of a sentence."""
    if header[0] in (0x15, 0x16, 0x17) and header[1] == 3:
        return ", which looks like TLS on a port without TLS"
    if header.isascii() and header[:3].isalpha():
        return ", which looks like text, perhaps HTTP"
    return ""
