"""``pnc faults``: the catalogue of what can be disturbed, with what has to happen then."""

from __future__ import annotations

import json
from collections.abc import Sequence

from pncsim.simulator.commands.options import Arguments, Parser


def fill(parser: Parser, words: Sequence[str] = ()) -> None:
    """How it is shown."""
    parser.add_argument(
        "--format",
        choices=("text", "json", "markdown"),
        default="text",
        help="text, JSON (parameters, clauses, negative cases and what waits included), or the page docs/faults.md",
    )
    parser.set_defaults(execute=_faults)


def _faults(arguments: Arguments) -> int:
    from pncsim.simulator.faults import page

    if arguments.format == "json":
        print(json.dumps(page.data(), indent=2))
    elif arguments.format == "markdown":
        print(page.page(), end="")
    else:
        print("\n\n".join(map(_told, page.data()["faults"])))
    return 0


def _told(fault: dict[str, object]) -> str:
    """One fault, in some lines."""
    lines = [f"{fault['id']}  ({fault['group']}, at: {fault['where']})", f"  does   {fault['does']}"]
    parameters, must = fault["parameters"], fault["must"]
    assert isinstance(parameters, list) and isinstance(must, list)
    for one in parameters:
        choices = f": {', '.join(one['choices'])}" if "choices" in one else ""
        lines.append(f"  option {one['name']}={one['default']}  {one['help'].rstrip('.')}{choices}")
    for one in must:
        lines.append(f"  must   {one['seen']}" + (f"  [{one['clause']}]" if one["clause"] else ""))
    return "\n".join([*lines, f"  met by {fault['scenario']}"])
