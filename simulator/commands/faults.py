"""``pnc faults``: the catalogue of what can be disturbed, with what has to happen then."""

from __future__ import annotations

import json
from collections.abc import Sequence

from pncsim.simulator.commands.options import Arguments, Parser


def fill(parser: Parser, words: Sequence[str] = ()) -> None:
    """Which are told, and how it is shown."""
    parser.add_argument("fault", nargs="*", metavar="FAULT", help="tell of these alone (default: all)")
    parser.add_argument(
        "--format",
        choices=("text", "json", "markdown"),
        default="text",
        help="text, JSON (parameters, clauses, negative cases and what waits included), or the page docs/faults.md",
    )
    parser.set_defaults(execute=_faults, parser=parser)


def _faults(arguments: Arguments) -> int:
    from pncsim.simulator.faults import page
    from pncsim.simulator.parameters import did_you_mean

    data = page.data()
    known = [one["id"] for one in data["faults"]]
    for word in arguments.fault:
        if word not in known:
            arguments.parser.error(f"There is no fault {word!r}. {did_you_mean(word, known)}")
    if arguments.fault and arguments.format == "markdown":
        arguments.parser.error("--format markdown is the whole page: name no fault with it")
    wanted = [one for one in data["faults"] if one["id"] in (arguments.fault or known)]
    if arguments.format == "markdown":
        print(page.page(), end="")
    elif arguments.format == "json":
        print(json.dumps(wanted if arguments.fault else data, indent=2))
    else:
        print("\n\n".join(map(_told, wanted)))
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
