"""Bits in and out, for the careful coder. A reader's cost per read does not depend on the message's length."""

from __future__ import annotations

from collections.abc import Sequence

HEADER = 0x80
"""The whole EXI header: distinguishing bits, no options, final version 1 (W3C EXI 5)."""

GROUPS = 80
"""Longest unsigned integer we follow, in 7-bit groups: 560 bits hold any serial number with room for padding."""


def bits_for(count: int) -> int:
    """How many bits tell ``count`` things apart."""
    return (count - 1).bit_length() if count > 1 else 0


class Truncated(Exception):
    """The input ended inside a value."""


class BitReader:
    """Reads from ``position`` (in bits) on; raises Truncated before anything is allocated."""

    __slots__ = ("data", "end", "position")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.end = 8 * len(data)
        self.position = 0

    @property
    def left(self) -> int:
        """Bits not read yet."""
        return self.end - self.position

    def take(self, width: int) -> int:
        """The next ``width`` bits as a number."""
        start, stop = self.position, self.position + width
        if stop > self.end:
            raise Truncated
        self.position = stop
        window = int.from_bytes(self.data[start >> 3 : (stop + 7) >> 3], "big")
        return window >> (-stop & 7) & ((1 << width) - 1)

    def octets(self, count: int) -> bytes:
        """The next ``count`` octets, wherever they lie."""
        return self.take(8 * count).to_bytes(count, "big")

    def unsigned(self) -> tuple[int, bool]:
        """An unsigned integer in 7-bit groups, least significant first, and whether it was written minimally.

        Raises OverflowError beyond GROUPS groups.
        """
        value = shift = 0
        while True:
            group = self.take(8)
            value |= (group & 127) << shift
            if group < 128:
                return value, not (shift and group == 0)
            shift += 7
            if shift == 7 * GROUPS:
                raise OverflowError


class BitWriter:
    """Collects (value, width) pairs; the octets are made once, at the end."""

    __slots__ = ("parts",)

    def __init__(self) -> None:
        self.parts: list[tuple[int, int]] = []

    def put(self, value: int, width: int) -> None:
        """Append ``width`` bits."""
        self.parts.append((value, width))

    def unsigned(self, value: int) -> None:
        """Append an unsigned integer in 7-bit groups."""
        while value > 127:
            self.parts.append((value & 127 | 128, 8))
            value >>= 7
        self.parts.append((value, 8))

    def octets(self) -> bytes:
        """Everything written, padded with zero bits."""
        value, width = joined(self.parts)
        return (value << (-width & 7)).to_bytes(-(-width // 8), "big")


def joined(parts: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """One (value, width) from many, pairwise, so that long lists cost n log n and not n squared."""
    pairs = list(parts) or [(0, 0)]
    while len(pairs) > 1:
        merged = [(a << n | b, m + n) for (a, m), (b, n) in zip(pairs[::2], pairs[1::2], strict=False)]
        pairs = merged + pairs[len(merged) * 2 :]
    return pairs[0]
