"""Octets of a long run, in a file that nobody else can open and that is gone with the process, however it ends."""

from __future__ import annotations

import os
import tempfile

WRITTEN_AT = 1 << 18
"""Octets that wait for being written together."""


class Spill:
    """Pieces of octets, found again by where they begin. The newest are in memory until they are written.

    The file has no name, so that nothing is left behind by a process that is killed; its mode is 0600 from its first
    moment. A disk that is full costs what could not be written, and :attr:`trouble` says so.
    """

    def __init__(self, folder: str | None = None) -> None:
        self._folder = folder
        self._file: int | None = None
        self._waiting = bytearray()
        self._begins = 0
        self._ends = 0
        self._gone: list[tuple[int, int]] = []
        self.trouble = ""

    @property
    def size(self) -> int:
        """Where the next piece will begin."""
        return self._ends

    def add(self, piece: bytes) -> int:
        """Keep a piece; where it begins."""
        begins = self._ends
        self._waiting += piece
        self._ends += len(piece)
        if self._ends - self._begins >= WRITTEN_AT:
            self._write()
        return begins

    def piece(self, begins: int, ends: int) -> bytes | None:
        """The octets between two places; None for what the disk had no room for, or whose file is closed."""
        if begins >= self._begins:
            return bytes(self._waiting[begins - self._begins : ends - self._begins])
        if any(begins < until and ends > since for since, until in self._gone):
            return None
        return None if self._file is None else os.pread(self._file, ends - begins, begins)

    def close(self) -> None:
        """Let the file go. Idempotent."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    @property
    def handle(self) -> int | None:
        """The open file, once there is one."""
        return self._file

    def _write(self) -> None:
        octets = bytes(self._waiting)
        self._waiting.clear()
        begins, self._begins = self._begins, self._ends
        try:
            if self._file is None:
                self._file = _nameless(self._folder)
            at = begins
            while octets:
                done = os.pwrite(self._file, octets, at)
                octets, at = octets[done:], at + done
        except OSError as error:
            self._gone.append((begins, self._ends))
            self.trouble = f"Older events could not be kept: {error.strerror or error}."


def _nameless(folder: str | None) -> int:
    """A file that can be found nowhere. Raises OSError."""
    handle, name = tempfile.mkstemp(prefix="pnc-dashboard-", dir=folder)
    os.unlink(name)
    return handle
