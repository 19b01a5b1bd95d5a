"""``pnc list``: the scenarios, or the faults."""

from __future__ import annotations

from pncsim.simulator.commands.options import Arguments, Group
from pncsim.simulator.scenario import all_scenarios


def fill(parser: Group) -> None:
    """What can be listed."""
    parser.add_argument("--faults", action="store_true", help="list the faults for --fault instead")
    parser.set_defaults(execute=_list)


def _list(arguments: Arguments) -> int:
    if arguments.faults:
        from pncsim.simulator.faults.table import FAULTS

        rows = [(fault.name, fault.title) for fault in FAULTS.values()]
    else:
        rows = [(found.name, found.title) for found in all_scenarios().values()]
    width = max(len(name) for name, _ in rows)
    for name, title in rows:
        print(f"{name:<{width}}  {title}")
    return 0
