"""``pnc lab``: whether a lab file can be used, and who takes part then."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from pncsim.simulator.commands.options import Arguments, Parser


def fill(parser: Parser, words: Sequence[str] = ()) -> None:
    """What can be done with a lab file."""
    doings = parser.add_subparsers(metavar="WHAT", required=True)
    check = doings.add_parser(
        "check",
        help="say who takes part, or everything that is wrong",
        description="Say who takes part, which of them are somebody else's and where; or everything that is wrong with "
        "the file, its folders, root files and environment variables. Nobody is called.",
    )
    check.add_argument("file", type=Path, metavar="FILE", help="a lab file; `pnc schema lab` says what may be in it")
    check.set_defaults(execute=_check)


def _check(arguments: Arguments) -> int:
    from pncsim.simulator.commands.outputs import complain
    from pncsim.simulator.evidence.story import printable
    from pncsim.simulator.labs.checks import checked
    from pncsim.simulator.labs.taking_part import plan_of
    from pncsim.simulator.labs.told import told
    from pncsim.simulator.plan import USUAL

    written, mistakes = checked(arguments.file, os.environ)
    for mistake in mistakes:
        complain(f"pnc: {mistake}", 1)
    if written is None or mistakes:
        return 1
    for line in told(written, plan_of(written, USUAL, os.environ, transport="loopback")):
        print(printable(line))
    return 0
