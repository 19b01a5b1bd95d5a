"""The access log: a JSON object a line for each request that was answered, without any secret.

It holds no header, no query and no body; of a token only whose it is.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

import msgspec

from pncsim.backend.rest.exchanges import Exchange
from pncsim.wire.clock import Clock
from pncsim.wire.errors import LocalError
from pncsim.wire.voice import Voice

LONGEST_PATH = 512
"""Characters of a path that are written: none that is published is longer, but for OCSP's."""


class AccessLog:
    """Appends to ``file``, which is its owner's alone; times are the lab's.

    Raises LocalError if it cannot be opened. If it cannot be written later, that is told and no more is written: an
    answer does not depend on it.
    """

    def __init__(self, file: Path, clock: Clock, voice: Voice) -> None:
        self._path, self._clock, self._voice = file, clock, voice
        try:
            handle = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise LocalError(
                f"The access log {file} cannot be opened: {error.strerror}.", advice="Name a file that can be written."
            ) from error
        # Without a buffer each line is one write, and lines of several processes do not mix.
        self._file: BinaryIO | None = open(handle, "ab", buffering=0)  # noqa: SIM115  (until close)

    def read(self, exchange: Exchange) -> None:
        """Write a line."""
        if self._file is None:
            return
        try:
            self._file.write(line_of(exchange, self._clock) + b"\n")
        except OSError as error:
            self._voice.warning(f"The access log {self._path} ends here: {error.strerror}.")
            self.close()

    def close(self) -> None:
        """Write no more."""
        file, self._file = self._file, None
        if file is not None:
            file.close()


def line_of(exchange: Exchange, clock: Clock) -> bytes:
    """An exchange as one line, without the line's end; members that would be empty are left out."""
    error = exchange.error
    members = {
        "time": clock.utc().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "service": exchange.service,
        "operation": exchange.operation,
        "method": exchange.method,
        "path": exchange.path[:LONGEST_PATH],
        "status": exchange.status,
        "client": exchange.client,
        "address": exchange.address,
        "milliseconds": round(exchange.seconds * 1_000, 3),
        "octets": exchange.octets,
        "errorCode": error.errorCode,
        "traceId": error.traceId,
    }
    return msgspec.json.encode({name: value for name, value in members.items() if value != ""})
