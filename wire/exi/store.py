"""Compiled coders kept between runs: one small file per coder, under a directory named by what they were made from.

The files hold marshalled code objects, so only a directory and files that belong to this user, and that nobody else can
write, are trusted. Each begins with a digest of its name and content: a file that was cut off, damaged or exchanged is
never unmarshalled, let alone run, for either may crash the interpreter. Where there is no such place (no home, a
read-only disk) everything still works, from memory.
"""

from __future__ import annotations

import hashlib
import marshal
import os
import stat
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from pncsim.wire.errors import LocalError
from pncsim.wire.files import locked, replace_file, sweep

_STALE = 30 * 86400.0
_DIGEST = 16
"""Octets of the digest at the beginning of a file."""


def cache_root() -> Path | None:
    """``$XDG_CACHE_HOME/pncsim`` or ``~/.cache/pncsim``; None if neither variable names an absolute path."""
    for variable, below in (("XDG_CACHE_HOME", ""), ("HOME", ".cache")):
        base = os.environ.get(variable, "")
        if os.path.isabs(base):
            return Path(base, below, "pncsim")
    return None


def fingerprint(modules: Iterable[ModuleType]) -> str | None:
    """A hash of the source of these modules (a package: of all its modules), of this package and of the interpreter."""
    digest = hashlib.blake2b(sys.version.encode(), digest_size=12)
    try:
        for module in (*modules, sys.modules[__package__]):
            digest.update(_source(str(module.__file__), hasattr(module, "__path__")))
    except OSError:
        return None
    return digest.hexdigest()


@cache
def _source(file: str, package: bool) -> bytes:
    """A hash of the source of one module, or of all in its folder; kept, for every codec asks for those of this one."""
    folder, own = os.path.split(file)
    digest = hashlib.blake2b(digest_size=32)
    for name in sorted(name for name in os.listdir(folder) if name.endswith(".py")) if package else [own]:
        with open(os.path.join(folder, name), "rb") as module:
            digest.update(module.read())
    return digest.digest()


class CoderStore:
    """Reads and writes coders by name. Never raises: a coder that cannot be read is made anew."""

    def __init__(self, key: str | None, root: Path | None) -> None:
        self._directory = root / f"exi-{key}" if key and root else None
        self._trusted: bool | None = None
        self._swept = False

    def get(self, name: str) -> Any:
        """What was stored under this name, or None."""
        if self._directory is None or not self._usable(self._directory):
            return None
        try:
            # A start reads some hundred and fifty: no path object, no file object, no value by value (marshal.load).
            handle = os.open(f"{self._directory}/{name}", os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                status = os.fstat(handle)
                kept = os.read(handle, status.st_size) if _own(status, stat.S_ISREG) else b""
            finally:
                os.close(handle)
            content = memoryview(kept)[_DIGEST:]
            return marshal.loads(content) if kept[:_DIGEST] == _digest(name, content) else None
        except (OSError, ValueError, EOFError, TypeError):
            return None

    def put(self, name: str, content: Any) -> None:
        """Store; a reader sees the old file or the new one, never a part."""
        if self._directory is None or not self._writable(self._directory):
            return
        octets = marshal.dumps(content)
        # Who would have to wait for somebody else does without: what is not stored is made anew.
        with suppress(OSError, LocalError):
            if not self._swept:
                self._swept = True
                with suppress(LocalError), locked(self._directory, patience=0.0):
                    sweep(self._directory)
            with locked(self._directory, shared=True, patience=0.0):
                replace_file(self._directory / name, _digest(name, octets) + octets, 0o600)

    def _usable(self, directory: Path) -> bool:
        if self._trusted is None:
            try:
                self._trusted = all(_own(os.lstat(d), stat.S_ISDIR) for d in (directory.parent, directory))
            except OSError:
                return False
        return self._trusted

    def _writable(self, directory: Path) -> bool:
        if not self._usable(directory) and self._trusted is None:
            try:
                directory.parent.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                directory.parent.mkdir(mode=0o700, exist_ok=True)
                if _own(os.lstat(directory.parent), stat.S_ISDIR):
                    _prune(directory.parent)
                    directory.mkdir(mode=0o700, exist_ok=True)
            except OSError:
                return False
        return self._usable(directory)


def _digest(name: str, content: bytes | memoryview) -> bytes:
    """What a file begins with: it shows that the content is whole, and that it is this coder's."""
    return hashlib.blake2b(content, digest_size=_DIGEST, key=name[-hashlib.blake2b.MAX_KEY_SIZE :].encode()).digest()


def _own(status: os.stat_result, kind: Any) -> bool:
    return bool(kind(status.st_mode)) and status.st_uid == os.geteuid() and not status.st_mode & 0o022


def _prune(parent: Path) -> None:
    """Remove what other versions of the program left behind a month ago."""
    for old in parent.glob("exi-*"):
        with suppress(OSError):
            if time.time() - old.stat().st_mtime > _STALE:
                for file in old.iterdir():
                    file.unlink()
                old.rmdir()
