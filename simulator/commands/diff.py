"""``pnc diff``: two runs, message by message."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pncsim.simulator.commands.options import Arguments, Parser


def fill(parser: Parser, words: Sequence[str] = ()) -> None:
    """Which runs."""
    parser.add_argument("a", type=Path, metavar="A", help="the folder that --evidence has left")
    parser.add_argument("b", type=Path, metavar="B", help="that of the other run")
    parser.add_argument(
        "--chance", action="store_true", help="tell session ids, challenges, signatures and certificates, too"
    )
    parser.epilog = "exit codes: 0 the runs are alike, 1 they are not, 3 one of the two is no bundle"
    parser.set_defaults(execute=_diff)


def _diff(arguments: Arguments) -> int:
    from pncsim.simulator.evidence.bundle import Bundle
    from pncsim.simulator.evidence.difference import differences
    from pncsim.simulator.evidence.story import printable

    alike = True
    for line in differences(Bundle(arguments.a), Bundle(arguments.b), chance=arguments.chance):
        alike = False
        print(printable(line))
    if alike:
        print("The runs are alike.")
    return 0 if alike else 1
