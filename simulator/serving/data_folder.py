"""Where what is served keeps its data."""

from __future__ import annotations

import os
from pathlib import Path

from pncsim.wire.errors import LocalError


def default_folder() -> Path:
    """Where data is kept unless told otherwise (XDG Base Directory)."""
    home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(home) / "pncsim" / "ecosystem"


def make_folder(folder: Path) -> None:
    """The folder of everything that is kept, its owner's alone. Raises LocalError."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise LocalError(
            f"The folder {folder} cannot be made: {error.strerror}.", advice="Name another one with --data."
        ) from error
