"""The verdict line of one side alone: whole where a program reads it, broken at the width of a terminal."""

from __future__ import annotations

import re
import shutil
import sys
import textwrap

from pncsim.simulator.evidence.story import printable
from pncsim.simulator.result import EXIT_CODES, Verdict


def first_sentence(text: str) -> str:
    """The first sentence of ``text`` without its full stop."""
    return re.split(r"(?<=[.!?])\s+(?=[A-Z])", text, maxsplit=1)[0].rstrip(".")


def say_verdict(who: str, verdict: Verdict, text: str) -> int:
    """Print the verdict line of ``who``; the exit code that belongs to it."""
    line = printable(f"{verdict.upper()} {who}: {text}")
    if sys.stdout.isatty():
        width = max(40, shutil.get_terminal_size().columns)
        line = textwrap.fill(line, width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
    print(line, flush=True)
    return EXIT_CODES[verdict]
