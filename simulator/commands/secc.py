"""``pnc secc``: a charging station for one vehicle, or for several, one after the other."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial

from pncsim.simulator.alone.options import StationOptions
from pncsim.simulator.commands.feeding import add_feed, feed_in
from pncsim.simulator.commands.options import (
    EPILOG,
    Arguments,
    Parser,
    add_attach,
    add_dashboard,
    add_evidence,
    add_options,
    add_verbose,
    attachable,
    below_dashboard,
    check_side,
    kept,
    shown,
    taken,
)
from pncsim.simulator.plan import OtherSide
from pncsim.wire.values import replace


def fill(parser: Parser, words: Sequence[str] = ()) -> None:
    """What a lone station can be told."""
    add_options(parser, OtherSide)
    add_options(parser, StationOptions)
    add_evidence(parser)
    add_attach(parser)
    add_dashboard(parser)
    add_feed(parser)
    add_verbose(parser)
    parser.epilog = f"The password for --csms is read from PNC_CSMS_PASSWORD. {EPILOG}"
    parser.set_defaults(execute=partial(_secc, words), parser=parser)


def _secc(words: Sequence[str], arguments: Arguments) -> int:
    from pncsim.simulator.alone.sides import run_station
    from pncsim.simulator.alone.told import run_side

    check_side(arguments)
    if arguments.forever and arguments.sessions != 1:
        arguments.parser.error("--sessions says when to end, --forever says never: leave out one of them")
    if (code := below_dashboard(words, arguments)) is not None:
        return code
    link = taken(OtherSide, arguments)
    options = replace(taken(StationOptions, arguments), csms_password=os.environ.get("PNC_CSMS_PASSWORD"))
    how = attachable("secc", arguments)
    with feed_in(arguments, "secc") as feed:
        return run_side(
            "secc",
            lambda clock, trace, say: run_station(link, options, clock, trace, say, how.handle),
            shown(link, options),
            level=arguments.verbose,
            attachable=how,
            feed=feed,
            **kept(arguments),
        )
