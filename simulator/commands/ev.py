"""``pnc ev``: a vehicle that charges at one station."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from pncsim.simulator.alone.options import VehicleOptions
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


def fill(parser: Parser, words: Sequence[str] = ()) -> None:
    """What a lone vehicle can be told."""
    add_options(parser, OtherSide)
    add_options(parser, VehicleOptions)
    add_evidence(parser)
    add_attach(parser)
    add_dashboard(parser)
    add_feed(parser)
    add_verbose(parser)
    parser.epilog = EPILOG
    parser.set_defaults(execute=partial(_ev, words), parser=parser)


def _ev(words: Sequence[str], arguments: Arguments) -> int:
    from pncsim.simulator.alone.sides import run_vehicle
    from pncsim.simulator.alone.told import run_side

    check_side(arguments)
    if (code := below_dashboard(words, arguments)) is not None:
        return code
    link, options = taken(OtherSide, arguments), taken(VehicleOptions, arguments)
    how = attachable("ev", arguments)
    with feed_in(arguments, "ev") as feed:
        return run_side(
            "ev",
            lambda clock, trace, say: run_vehicle(link, options, clock, trace, say, how.handle),
            shown(link, options),
            level=arguments.verbose,
            attachable=how,
            feed=feed,
            **kept(arguments),
        )
