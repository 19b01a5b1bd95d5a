"""What generated code calls: the less usual steps, kept out of line."""

from __future__ import annotations

from pncsim.wire.exi.bits import GROUPS
from pncsim.wire.gate import Liberty, Tolerance


class Rare(Exception):
    """Generated code met something it does not know; the careful coder takes over."""


STUMBLES = (Rare, ValueError, IndexError, KeyError, TypeError, AttributeError, OverflowError)
"""What generated code raises when input or value is not what it was made for. A shift by a negative number (the input
ended) is a ValueError, an unknown enumeration value an IndexError, a missing field a TypeError."""

LIMIT = 1 << 512
"""Magnitude of the largest integer without a range in the schema (certificate serial numbers) that is coded."""


def more(x: int, r: int, first: int, second: int) -> tuple[int, int]:
    """An unsigned integer of three or more groups, two having been read; ``r`` bits are left."""
    value = first & 127 | (second & 127) << 7
    group, shift = second, 7
    while group > 127:
        r -= 8
        shift += 7
        group = x >> r & 255
        value |= (group & 127) << shift
        if shift > 7 * GROUPS:
            raise Rare
    if group == 0:
        raise Rare
    return value, r


def groups(x: int, value: int) -> int:
    """Append an unsigned integer in 7-bit groups."""
    while value > 127:
        x = x << 8 | value & 127 | 128
        value >>= 7
    return x << 8 | value


def rest(octets: int) -> Liberty:
    """What follows the end of a message: so many octets, or padding bits that are not zero."""
    if octets:
        return Tolerance.EXI_REST(f"{octets} octets follow the end of the message.", "W3C EXI 1.0")
    return Tolerance.EXI_REST("The padding bits after the message are not zero.", "W3C EXI 1.0")


def join(parts: list[int]) -> int:
    """Concatenate bit strings that each stand under a leading 1, pairwise."""
    while len(parts) > 1:
        merged = []
        for a, b in zip(parts[::2], parts[1::2], strict=False):
            width = b.bit_length() - 1
            merged.append((a - 1 << width) + b)
        parts = merged + parts[len(merged) * 2 :]
    return parts[0]
