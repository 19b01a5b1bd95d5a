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
    """Files below ``folder``; each octet given to it is on disk at once, and remembered by its hash. Raises OSError."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._place = f"{folder}/"
        self._open: dict[str, int] = {}
        self._hashes: dict[str, hashlib._Hash] = {}
        self._sizes: dict[str, int] = {}

    def write(self, name: str, octets: bytes) -> None:
        """Append to the file of that name, which is made if it is not there."""
        handle = self._open.get(name)
        if handle is None:
            handle = self._open[name] = self._made(name, os.O_APPEND)
        self._put(handle, name, octets)

    def keep(self, name: str, octets: bytes) -> None:
        """Write a whole file, of a name that was not used yet."""
        handle = self._made(name, os.O_EXCL)
        try:
            self._put(handle, name, octets)
        finally:
            os.close(handle)

    def folder_for(self, name: str) -> None:
        """Make a folder in the bundle, if it is not there."""
        with suppress(FileExistsError):
            os.mkdir(self._place + name)

    def close(self) -> None:
        """Close the files; what was written stays. Idempotent."""
        for handle in self._open.values():
            with suppress(OSError):
                os.close(handle)
        self._open.clear()

    @property
    def written(self) -> dict[str, File]:
        """Every file that was written, as the manifest names it, in order."""
        return {name: File(self._hashes[name].hexdigest(), self._sizes[name]) for name in sorted(self._hashes)}

    def _made(self, name: str, how: int) -> int:
        flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | how
        handle = os.open(self._place + name, flags, 0o600 if name in SECRET else 0o666)
        self._hashes[name], self._sizes[name] = hashlib.sha256(), 0
        return handle

    def _put(self, handle: int, name: str, octets: bytes) -> None:
        self._hashes[name].update(octets)
        self._sizes[name] += len(octets)
        while octets:
            octets = octets[os.write(handle, octets) :]


def hashed(folder: Path) -> dict[str, File]:
    """Every file of a bundle but the manifest as it is now, by its path in there, in order. Raises OSError."""
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
