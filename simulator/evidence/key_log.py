"""The TLS keys of a run in a file, for who decrypts a capture (NSS key log format, as Wireshark reads it)."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from pncsim.wire.errors import LocalError

WARNING = (
    "ALL TLS KEYS OF THIS RUN ARE WRITTEN TO {}: whoever has that file can read what was said on the V2G connections."
)


class KeyLog:
    """Appends to ``path``, which only its owner may read. Raises LocalError where that cannot be.

    Both ends of a connection name the same key: it is written once. Nobody who secures a connection hears that a line
    could not be written; :attr:`error` says why.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.error: OSError | None = None
        self._written: set[str] = set()
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
            self._file = os.open(path, flags, 0o600)
        except OSError as error:
            raise LocalError(
                f"The TLS keys cannot be written to {path}: {error.strerror}.",
                advice="Choose another place with --keylog FILE.",
            ) from error
        try:
            # It may have been there already, for anybody to read. A pipe is the business of whoever made it.
            if stat.S_ISREG(os.fstat(self._file).st_mode):
                os.fchmod(self._file, 0o600)
        except OSError as error:
            os.close(self._file)
            raise LocalError(
                f"{path} belongs to somebody else, who could read the TLS keys.",
                advice="Choose another place with --keylog FILE.",
            ) from error

    def __call__(self, line: str) -> None:
        """Write a line of the key log, if it is not there yet."""
        if self.error is not None or line in self._written:
            return
        self._written.add(line)
        try:
            os.write(self._file, f"{line}\n".encode())
        except OSError as error:
            self.error = error

    def closed(self) -> list[str]:
        """Close the file; what there is to say of it."""
        os.close(self._file)
        return [] if self.error is None else [f"The key log {self.path} is not complete: {self.error.strerror}."]
