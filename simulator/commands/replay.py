"""``pnc replay``: the story of a run that is over, told again from its bundle."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pncsim.simulator.commands.options import Arguments, Parser, add_verbose


def fill(parser: Parser, words: Sequence[str] = ()) -> None:
    """Which run, and how much of it."""
    parser.add_argument("bundle", type=Path, metavar="BUNDLE", help="the folder that --evidence has left")
    add_verbose(parser)
    parser.set_defaults(execute=_replay)


def _replay(arguments: Arguments) -> int:
    from pncsim.simulator.evidence.bundle import Bundle
    from pncsim.simulator.evidence.story import StoryTeller

    bundle = Bundle(arguments.bundle)
    teller: StoryTeller | None = None
    for event in bundle.told():
        if teller is None:
            teller = StoryTeller(
                bundle.started or event.time, level=arguments.verbose, units=bundle.units, wall=bundle.alone
            )
        teller(event)
    (teller or StoryTeller(0.0)).summary(bundle.result())
    return 0
