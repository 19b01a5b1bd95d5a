"""Files and folders that several processes share: one writer at a time, and every file whole or not there.

A folder is locked itself (flock), so no lock file is left over, and one that may only be read can be locked as well. A
file is written under a passing name that nobody can foresee and that follows no link, and put in place in one step.
What a writer that died has left behind is swept by the next one that holds the folder.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from msgspec import Struct

from pncsim.wire.errors import LocalError

PATIENCE = 10.0
"""Seconds to wait for a folder that somebody else holds: writing one takes some milliseconds."""

_PAUSE = 0.01
_NO_LOCKS = frozenset({errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK, errno.ENOSYS, errno.EBADF, errno.EINVAL})
"""What file systems say that know no locks (some network shares): they are used without."""

_DRAFT = re.compile(r"\..+\.[0-9a-f]{16}\.part")


class NewFile(Struct, frozen=True):
    """A file to be written: its octets and the mode it has from its first moment on."""

    path: Path
    octets: bytes
    mode: int = 0o644


@contextmanager
def locked(folder: Path, *, shared: bool = False, patience: float = PATIENCE) -> Iterator[None]:
    """Hold ``folder``, which has to be there: alone, or ``shared`` with others who do not mind each other.

    Not re-entrant. Raises LocalError when somebody else holds it for longer than ``patience`` seconds, OSError when it
    is no folder that can be opened.
    """
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    while True:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            _acquire(handle, folder, kind, patience)
            # Somebody may have put another folder in its place while this one was waited for.
            if os.path.samestat(os.fstat(handle), os.stat(folder)):
                yield
                return
        finally:
            os.close(handle)  # which gives the lock back


def _acquire(handle: int, folder: Path, kind: int, patience: float) -> None:
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(handle, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise LocalError(
                    f"Somebody else has been using {folder} for {patience:g} s.",
                    advice="Look for another pnc that hangs, or use a folder of its own for each.",
                ) from None
            _pause()
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
            return
        else:
            return


def _pause() -> None:
    time.sleep(_PAUSE)


def replace_file(path: Path, octets: bytes, mode: int = 0o644, *, durable: bool = False) -> None:
    """Put ``octets`` at ``path`` in one step: a reader sees the old file or the new one. Raises OSError, changing
    nothing.

    ``durable``: it is on the disk, not only on its way there, when this returns. What is no file of anybody's
    (:func:`in_place`) is written to.
    """
    if not path.name:
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if in_place(path):
        path.write_bytes(octets)
        return
    draft = _drafted(NewFile(path, octets, mode), durable=durable)
    try:
        os.replace(draft, path)
        if durable:
            _sync(path.parent)
    except BaseException:
        _forget(draft)
        raise


def in_place(path: Path) -> bool:
    """Whether ``path`` stands for something of the system's, such as /dev/stdout: nothing may be put in its place."""
    return path.parent in (Path("/dev"), Path("/dev/fd")) or path.parts[:2] == ("/", "proc")


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def replace_together(files: Sequence[NewFile]) -> None:
    """Put ``files`` in place of what is there. The last is the manifest that says they belong together: it is gone
    while the others are exchanged, and comes last.

    Nothing is changed unless all could be written. Raises OSError. Whoever calls this holds the folder.
    """
    drafts: list[Path] = []
    try:
        for file in files:
            drafts.append(_drafted(file))
        files[-1].path.unlink(missing_ok=True)
        for draft, file in zip(drafts, files, strict=True):
            os.replace(draft, file.path)
    except BaseException:
        for draft in drafts:
            _forget(draft)
        raise


def sweep(folder: Path) -> None:
    """Remove what writers that died left in ``folder``. Whoever calls this holds it, so nobody is still writing."""
    for name in os.listdir(folder):
        if _DRAFT.fullmatch(name):
            _forget(folder / name)


def _drafted(file: NewFile, *, durable: bool = False) -> Path:
    """The file, complete, under a passing name beside its own."""
    draft = file.path.with_name(f".{file.path.name}.{os.urandom(8).hex()}.part")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, file.mode)
    try:
        with os.fdopen(handle, "wb") as out:
            os.fchmod(handle, file.mode)  # whatever the umask
            out.write(file.octets)
            if durable:
                out.flush()
                os.fsync(handle)
    except BaseException:
        _forget(draft)
        raise
    return draft


def _forget(draft: Path) -> None:
    with suppress(OSError):
        draft.unlink()
