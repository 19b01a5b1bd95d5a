"""The little of DER that is needed where ``cryptography`` stops: several certificates in one OCSP request, OCSP answers
dated by the lab's clock instead of the machine's, certificates a proper builder refuses to make, and bags of
certificates that keep their order.
"""

from __future__ import annotations

from functools import lru_cache

from msgspec import Struct

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, OID, ENUMERATED = 0x01, 0x02, 0x03, 0x04, 0x06, 0x0A
GENERALIZED_TIME, SEQUENCE, SET = 0x18, 0x30, 0x31

NULL = b"\x05\x00"


class DerError(ValueError):
    """Octets that are not the DER that was expected."""


class Tlv(Struct, frozen=True, gc=False):
    """One element: its tag octet, its content, and its whole encoding."""

    tag: int
    content: bytes
    encoding: bytes


def context(number: int) -> int:
    """The tag octet of a constructed context-specific element, as explicit tagging uses it."""
    return 0xA0 | number


def element(tag: int, *parts: bytes) -> bytes:
    """An element of ``tag`` whose content is ``parts`` one after the other."""
    content = b"".join(parts)
    return _head(tag, len(content)) + content


@lru_cache(maxsize=4096)
def _head(tag: int, size: int) -> bytes:
    """What stands before a content of so many octets."""
    if size < 0x80:
        return bytes((tag, size))
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets


def integer(value: int) -> bytes:
    """An INTEGER, ``value`` >= 0."""
    return element(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def oid(dotted: str) -> bytes:
    """An OBJECT IDENTIFIER from its dotted form."""
    first, second, *rest = (int(part) for part in dotted.split("."))
    content = bytearray()
    for arc in (first * 40 + second, *rest):
        octets = [arc & 0x7F]
        while arc := arc >> 7:
            octets.append(0x80 | (arc & 0x7F))
        content += bytes(reversed(octets))
    return element(OID, bytes(content))


def bit_string(content: bytes) -> bytes:
    """A BIT STRING of whole octets."""
    return element(BIT_STRING, b"\x00", content)


def read(data: bytes) -> Tlv:
    """The one element ``data`` consists of. Raises DerError, also when octets follow it."""
    found = _read_at(data, 0)
    if len(found.encoding) != len(data):
        raise DerError("octets follow the element")
    return found


def children(content: bytes) -> list[Tlv]:
    """The elements ``content`` consists of, in order. Raises DerError."""
    found, offset, end = [], 0, len(content)
    while offset < end:
        one = _read_at(content, offset)
        found.append(one)
        offset += len(one.encoding)
    return found


def sequence(data: bytes) -> list[Tlv]:
    """The elements of the SEQUENCE that ``data`` is. Raises DerError."""
    found = read(data)
    if found.tag != SEQUENCE:
        raise DerError(f"a SEQUENCE was expected, tag {found.tag:02x} found")
    return children(found.content)


def _read_at(data: bytes, offset: int) -> Tlv:
    start = offset + 2
    if start > len(data):
        raise DerError("an element is cut off")
    tag, size = data[offset], data[offset + 1]
    if tag & 0x1F == 0x1F:
        raise DerError("tag numbers above 30 do not occur here")
    if size & 0x80:
        size, start = _long_size(data, start, size & 0x7F)
    end = start + size
    if end > len(data):
        raise DerError("an element is cut off")
    return Tlv(tag, data[start:end], data[offset:end])


def _long_size(data: bytes, start: int, count: int) -> tuple[int, int]:
    """A size in ``count`` octets of its own, and where the content begins."""
    end = start + count
    if not 1 <= count <= 4 or end > len(data):
        raise DerError("a length is indefinite, too long or cut off")
    size = int.from_bytes(data[start:end], "big")
    if size < 0x80 or size >> (8 * (count - 1)) == 0:
        raise DerError("a length is not in its shortest form")
    return size, end
