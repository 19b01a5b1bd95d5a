"""Where a dashboard finds what its user runs: a socket for each process, in a folder that nobody else can enter."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from pncsim.wire.errors import LocalError

SUFFIX = ".sock"


class SocketPlace(Struct, frozen=True):
    """The socket of the process ``pid``, which is a ``kind`` ("secc", "ev", "serve-pools")."""

    path: Path
    kind: str
    pid: int

    @property
    def process(self) -> str:
        """The process in words: "pnc serve pools (process 4711)"."""
        return f"pnc {self.kind.replace('-', ' ')} (process {self.pid})"

    @property
    def name(self) -> str:
        """What a person calls it."""
        return f"{self.kind}-{self.pid}"


def runtime_folder(environment: Mapping[str, str]) -> Path:
    """The folder of the sockets: in ``$XDG_RUNTIME_DIR`` (XDG base directories), which is looked for where it usually
    is if nothing says so, or says what is another user's (``su``, ``sudo -E``); else one of the user's own in ``/tmp``.
    Not ``$TMPDIR``: two terminals may differ in that.
    """
    user = os.geteuid()
    for base in (environment.get("XDG_RUNTIME_DIR", ""), f"/run/user/{user}"):
        if base.startswith("/") and _is_of(user, base):
            return Path(base) / "pncsim"
    return Path("/tmp") / f"pncsim-{user}"


def _is_of(user: int, folder: str) -> bool:
    try:
        found = os.stat(folder)
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == user


def check_own(folder: Path) -> None:
    """Make ``folder`` if it is not there. Raises LocalError unless it is the user's alone."""
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        raise LocalError(f"The folder {folder} cannot be used: {error.strerror or error}.") from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise LocalError(
            f"{folder} is not a folder of this user alone: whoever can enter it could steer what runs here.",
            advice=f"See whose it is; if it is yours: chmod 700 {folder}.",
        )


def place_of(folder: Path, kind: str, pid: int) -> SocketPlace:
    """Where a process of that kind is found."""
    return SocketPlace(folder / f"{kind}-{pid}{SUFFIX}", kind, pid)


def places(folder: Path) -> list[SocketPlace]:
    """All sockets there, whether anybody still listens there or not; by name."""
    found = []
    for path in sorted(folder.glob(f"*-*{SUFFIX}")):
        kind, _, pid = path.name.removesuffix(SUFFIX).rpartition("-")
        if pid.isdecimal():
            found.append(SocketPlace(path, kind, int(pid)))
    return found
