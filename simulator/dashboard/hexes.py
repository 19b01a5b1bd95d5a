"""Octets as a hexadecimal dump, and which of them a part of a message is written in."""

from __future__ import annotations

from msgspec import Struct


class HexLine(Struct, frozen=True):
    """A line: where it begins, its octets as hexadecimal (three places each) and as characters."""

    offset: int
    octets: bytes

    @property
    def hexadecimal(self) -> str:
        """``80 9A 02 …``"""
        return " ".join(f"{octet:02X}" for octet in self.octets)

    @property
    def characters(self) -> str:
        """What can be printed, a dot for the rest."""
        return "".join(chr(octet) if 32 <= octet < 127 else "." for octet in self.octets)


def octets_of(begins: int, ends: int) -> range:
    """The octets that hold any of the bits from ``begins`` up to ``ends``; none where there are no bits."""
    return range(begins // 8, (ends + 7) // 8) if ends > begins else range(0)
