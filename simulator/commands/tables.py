"""The state machines and times as one Markdown page, made from the literal tables the engines run on.

``pnc tables`` prints it; docs/state-machines.md is that output, and docs/vehicles.md that of ``pnc tables --vehicles``,
docs/grid.md that of ``pnc tables --grid``.
"""

from __future__ import annotations

from collections.abc import Sequence

from pncsim.simulator.commands.options import Arguments, Parser

HEADER = """# State machines and times

This page is printed by `pnc tables` from the tables the engines run on; do not edit it.
"""


def fill(parser: Parser, words: Sequence[str] = ()) -> None:
    """Which page."""
    parser.add_argument("--vehicles", action="store_true", help="what the cars for --vehicle-profile do differently")
    parser.add_argument("--grid", action="store_true", help="what must come of it when an actor is killed or silent")
    parser.set_defaults(execute=_tables)


def _tables(arguments: Arguments) -> int:
    if arguments.vehicles:
        from pncsim.simulator.cars import page as cars

        print(cars.page(), end="")
    elif arguments.grid:
        from pncsim.simulator.grid import page as grid

        print(grid.page(), end="")
    else:
        print(page(), end="")
    return 0


def page() -> str:
    """The whole page."""
    from pncsim.secc.station import registration
    from pncsim.wire.v2g.iso2 import timing
    from pncsim.wire.v2g.iso2.evcc_sequence import EVCC_SEQUENCE
    from pncsim.wire.v2g.iso2.secc_sequence import SECC_SEQUENCE

    sections = [
        HEADER,
        "## ISO 15118-2, station: what may come next\n\nA row marked as liberty is a deviation that is tolerated and "
        "reported; `--strict` refuses it.\n\n" + SECC_SEQUENCE.printed(),
        "## ISO 15118-2, vehicle: what it sends next\n\n" + EVCC_SEQUENCE.printed(),
        "## ISO 15118-2, times\n\n" + timing.describe(),
        "## What may be let pass\n\nEverything that deviates from a standard and can be lived with. It is told as an "
        "event with this code; with `--strict` it is refused for what the last column says. Only a slow response is "
        "told even then, because a vehicle has to wait for it.\n\n" + _tolerances(),
        "## OCPP 2.0.1, station: registration at the CSMS\n\n" + _boot(registration.TABLE),
    ]
    return "\n".join(section.rstrip() + "\n" for section in sections)


def _tolerances() -> str:
    from pncsim.wire.gate import Tolerance

    rows = [f"| {row} | {row.meaning} | {row.kind} |" for row in Tolerance]
    return "\n".join(["| code | what the peer does | refused as |", "|---|---|---|", *rows])


def _boot(table: object) -> str:
    assert isinstance(table, dict)
    rows = [f"| {state} | {event} | {target} |" for state, moves in table.items() for event, target in moves.items()]
    return "\n".join(["| state | event | next state |", "|---|---|---|", *rows])
