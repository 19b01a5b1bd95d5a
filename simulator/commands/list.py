"""``pnc list``: the scenarios, the faults, or the cars a vehicle can be like."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from pncsim.simulator.commands.options import Arguments, Parser, add_folders
from pncsim.simulator.runs.discovery import discover


def fill(parser: Parser, words: Sequence[str] = ()) -> None:
    """What can be listed."""
    other = parser.add_mutually_exclusive_group()
    other.add_argument("--faults", action="store_true", help="list the faults for --fault instead")
    other.add_argument("--vehicles", action="store_true", help="list the cars for --vehicle-profile instead")
    add_folders(parser)
    parser.set_defaults(execute=_list)


def _list(arguments: Arguments) -> int:
    if arguments.faults:
        from pncsim.simulator.faults.table import FAULTS

        rows = [(fault.name, fault.chosen().title) for fault in FAULTS.values()]
    elif arguments.vehicles:
        from pncsim.simulator.cars.profile import profiles

        rows = [
            (name, f"{car.model}: {' and '.join(current.upper() for current in car.seen)}") for name, car in profiles()
        ]
    else:
        found = discover(map(Path, getattr(arguments, "scenarios", ())))
        rows = [(one.name, one.title) for one in found.scenarios.values()]
        for sentence in found.refused:
            print(f"pnc: {sentence}", file=sys.stderr)
    width = max(len(name) for name, _ in rows)
    for name, title in rows:
        print(f"{name:<{width}}  {title}")
        for parameter in FAULTS[name].parameters if arguments.faults else ():
            told = parameter.help.rstrip(".") + (f": {', '.join(parameter.choices)}" if parameter.choices else "")
            print(f"{'':<{width}}    {parameter.name}={parameter.default}  {told}")
    return 0
