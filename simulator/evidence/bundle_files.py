"""The files of a bundle on disk: appended to as a run goes on, and hashed at its end."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from pncsim.simulator.evidence.manifest import NAME, File

SECRET = frozenset({"keys.log", "trace.pcapng"})
"""Files with TLS keys in them: only their owner may read them."""


class BundleFiles:
    """Files below ``folder``; each octet given to :meth:`write` is on disk at once. Raises OSError."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._open: dict[str, int] = {}

    def write(self, name: str, octets: bytes) -> None:
        """Append to the file of that name, which is made if it is not there."""
        handle = self._open.get(name)
        if handle is None:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
            mode = 0o600 if name in SECRET else 0o666
            handle = self._open[name] = os.open(self.folder / name, flags, mode)
        while octets:
            octets = octets[os.write(handle, octets) :]

    def close(self) -> None:
        """Close the files; what was written stays. Idempotent."""
        for handle in self._open.values():
            with suppress(OSError):
                os.close(handle)
        self._open.clear()


def hashed(folder: Path) -> dict[str, File]:
    """Every file of a bundle but the manifest, by its path in there, in order. Raises OSError."""
    return {name: _hashed(path) for name, path in sorted(_files(folder)) if name != NAME}


def _files(folder: Path, inside: str = "") -> Iterator[tuple[str, str]]:
    with os.scandir(folder) as found:
        for entry in found:
            if entry.is_dir(follow_symlinks=False):
                yield from _files(Path(entry.path), f"{inside}{entry.name}/")
            else:
                yield f"{inside}{entry.name}", entry.path


def _hashed(path: str) -> File:
    with open(path, "rb", buffering=0) as file:
        digest = hashlib.file_digest(file, "sha256")
        return File(digest.hexdigest(), file.tell())


def new_folder(parent: Path, scenario: str, started: float) -> Path:
    """A new folder below ``parent``, named after the UTC second and the scenario. Raises OSError."""
    stamp = datetime.fromtimestamp(started, UTC).strftime("%Y%m%dT%H%M%SZ")
    parent.mkdir(parents=True, exist_ok=True)
    for number in range(1, 10_000):
        folder = parent / (f"{stamp}-{scenario}" + (f"-{number}" if number > 1 else ""))
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        return folder
    raise OSError(f"{parent} already holds ten thousand runs of this second")
