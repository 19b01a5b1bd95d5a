"""The file in which a lone station keeps what must outlive a loss of power."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from pncsim.wire.errors import LocalError
from pncsim.wire.files import replace_file

SECRET = 0o600
"""There are keys and a password in it."""


def read_kept(path: Path | None) -> bytes | None:
    """What is in the file; None where there is none yet. Raises LocalError."""
    if path is None or not path.exists():
        return None
    try:
        return path.read_bytes()
    except OSError as error:
        raise LocalError(f"The state of the station in {path} cannot be read: {error.strerror or error}.") from error


def keeper(path: Path | None) -> Callable[[bytes], None] | None:
    """Puts a state into the file, whole or not at all, before it returns; it raises LocalError where it cannot."""
    return None if path is None else partial(_keep, path)


def _keep(path: Path, octets: bytes) -> None:
    try:
        replace_file(path, octets, SECRET, durable=True)
    except OSError as error:
        raise LocalError(f"The state of the station cannot be kept in {path}: {error.strerror or error}.") from error
