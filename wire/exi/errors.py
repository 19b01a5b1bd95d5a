"""What can go wrong between bytes and messages."""

from __future__ import annotations

from pncsim.wire.errors import LocalError, PeerError


class ExiDecodeError(PeerError):
    """Bytes that are no message of the set: ``path`` is the element read, ``position`` the bit where it failed."""

    def __init__(self, sentence: str, *, path: str = "", position: int = 0) -> None:
        super().__init__(sentence, clause="W3C EXI 1.0", kind="malformed")
        self.path = path
        self.position = position


class ExiUnsupportedError(ExiDecodeError):
    """Legal EXI that no ISO 15118 message has: wildcard content, mixed text, undeclared elements and attributes."""


class ExiEncodeError(LocalError):
    """A value the schema does not allow: ``path`` is the element or attribute it was meant for."""

    def __init__(self, sentence: str, *, path: str = "") -> None:
        super().__init__(sentence)
        self.path = path
