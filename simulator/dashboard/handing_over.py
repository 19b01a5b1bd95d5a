"""What a person takes away from a dashboard: the evidence of a run in one file, and a picture of the screen."""

from __future__ import annotations

import os
import re
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from pncsim.wire.errors import LocalError

MOST = 1000
"""Files of one name, told apart by numbers."""
_FONTS = re.compile(r"\s*@font-face\s*\{[^}]*\}")


def packed(bundle: Path, into: Path) -> Path:
    """A ZIP archive of the evidence bundle in a folder, put into ``into``; where it is.

    Whole, so that `pnc open` shows it once it is unpacked: with the keys of its TLS sessions, therefore of mode 0600.
    Links are left out: they lead to what is not of the run. Raises LocalError.
    """
    try:
        files = sorted(path for path in bundle.rglob("*") if path.is_file() and not path.is_symlink())
        if not files:
            raise LocalError(f"There is no evidence in {bundle} any more: was it moved?")
        place, handle = _new(into, bundle.name, ".zip")
        try:
            with handle, zipfile.ZipFile(handle, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive:
                for path in files:
                    archive.write(path, Path(bundle.name) / path.relative_to(bundle))
        except BaseException:
            with suppress(OSError):  # half an archive helps nobody; what went wrong with it is what is told
                place.unlink()
            raise
    except OSError as error:
        raise LocalError(f"The evidence in {bundle} cannot be packed: {error}.") from error
    return place


def pictured(svg: str, into: Path, name: str) -> Path:
    """A picture of a screen as an SVG file in ``into``; where it is. Raises LocalError.

    The fonts it would fetch from the network are left out: whoever looks at it tells nobody. A viewer's own are taken.
    """
    try:
        place, handle = _new(into, name, ".svg")
        with handle:
            handle.write(_FONTS.sub("", svg).encode())
    except OSError as error:
        raise LocalError(f"The picture of the screen cannot be kept in {into}: {error}.") from error
    return place


def _new(folder: Path, stem: str, suffix: str) -> tuple[Path, BinaryIO]:
    """A new file for its owner alone, open for writing. What is there already is left alone. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(1, MOST):
        place = folder / f"{stem}{f'-{number}' if number > 1 else ''}{suffix}"
        with suppress(FileExistsError):
            return place, os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb")
    raise LocalError(f"There are {MOST - 1} files called {stem}{suffix} in {folder} already: move some away.")
