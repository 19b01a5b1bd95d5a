"""Screens as they were accepted, without the line above: text files beside the tests, written anew with
``--accept-screens``."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "accepted"

Accepted = Callable[[str, str], None]


def comparison(accept: bool) -> Accepted:
    """Compares what a screen shows with what was accepted under a name, or accepts it."""

    def compare(name: str, shown: str) -> None:
        assert re.fullmatch(r"[a-z0-9x-]+", name)
        path = FOLDER / f"{name}.txt"
        # Which screens there are is a test of its own; it would else change every picture.
        shown = shown.partition("\n")[2]
        if accept:
            FOLDER.mkdir(exist_ok=True)
            path.write_text(shown)
            return
        was = path.read_text() if path.exists() else ""
        if shown != was:
            told = difflib.unified_diff(was.splitlines(), shown.splitlines(), "accepted", "shown", lineterm="", n=0)
            pytest.fail(
                f"{name} looks different (right so? pytest tests/dashboard --accept-screens):\n" + "\n".join(told),
                pytrace=False,
            )

    return compare
