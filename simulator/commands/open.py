"""``pnc open``: what a bundle holds, on one screen, and whether it is still what was written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pncsim.simulator.commands.options import Arguments, Parser


def fill(parser: Parser, words: Sequence[str] = ()) -> None:
    """Which run."""
    parser.add_argument("bundle", type=Path, metavar="BUNDLE", help="the folder that --evidence has left")
    parser.epilog = "exit codes: 0 the files are those that were written, 1 they are not, 3 it is no bundle"
    parser.set_defaults(execute=_open)


def _open(arguments: Arguments) -> int:
    from pncsim.simulator.evidence.bundle import Bundle
    from pncsim.simulator.evidence.overview import overview
    from pncsim.simulator.evidence.story import StoryTeller, printable

    bundle = Bundle(arguments.bundle)
    for line in overview(bundle):
        print(printable(line))
    StoryTeller(0.0).summary(bundle.result())
    changed = bundle.changed()
    for sentence in changed:
        print(printable(f"pnc: {sentence}."))
    return 1 if changed else 0
