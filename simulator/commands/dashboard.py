"""``pnc dashboard``: the whole ecosystem live in a terminal, or a recorded run."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pncsim.simulator.commands.options import Arguments, Parser, reader
from pncsim.simulator.parameters import Bounds, Parameter
from pncsim.wire.errors import LocalError

if TYPE_CHECKING:
    from pncsim.simulator.attach.place import SocketPlace

SMALLEST = 80, 24
PORT = 8380
"""Where a browser finds it unless told otherwise."""


def fill(parser: Parser, words: Sequence[str] = ()) -> None:
    """What it shows."""
    parser.add_argument(
        "--lab", type=Path, metavar="FILE", help="who takes part in every run; see docs/labs.md (`pnc lab check FILE`)"
    )
    parser.add_argument("--open", type=Path, metavar="BUNDLE", help="show a recorded run with the same screens")
    parser.add_argument(
        "--attach",
        nargs="?",
        const="",
        metavar="WHAT",
        help="see and steer `pnc secc`, `pnc ev` or `pnc serve` in another terminal; which one, by name or process "
        "number, if several run",
    )
    parser.add_argument(
        "--evidence", type=Path, default=Path("evidence"), metavar="DIR", help="where the evidence goes (./evidence)"
    )
    parser.add_argument("--no-evidence", action="store_true", help="write no evidence")
    parser.add_argument(
        "--serve",
        nargs="?",
        const=PORT,
        type=reader(Parameter("serve", int, None, "", bounds=Bounds(0, 65_535))),
        metavar="PORT",
        help="show it in a browser of this machine instead, at an address that is printed "
        f"(default port: {PORT}, 0: a free one)",
    )
    parser.set_defaults(execute=_dashboard, parser=parser)


def _dashboard(arguments: Arguments) -> int:
    if arguments.lab is not None and arguments.open is not None:
        arguments.parser.error("--lab is for runs to come, --open shows one that is over: leave out one of them")
    if arguments.attach is not None and (arguments.lab is not None or arguments.open is not None):
        arguments.parser.error("--attach shows what runs elsewhere: leave out --lab and --open")
    if arguments.serve is None:
        check_terminal()
    if arguments.lab is not None:
        from pncsim.simulator.labs.checks import lab_at

        lab_at(arguments.lab, os.environ)
    place = None
    if arguments.attach is not None:
        from pncsim.simulator.attach.choosing import chosen
        from pncsim.simulator.attach.place import runtime_folder

        place = chosen(runtime_folder(os.environ), arguments.attach)
    if arguments.serve is not None:
        from pncsim.simulator.dashboard.in_browser import serve_dashboard

        return serve_dashboard(_words(arguments, place), arguments.serve)
    from pncsim.simulator.dashboard.app import open_dashboard

    if arguments.open is not None:
        from pncsim.simulator.dashboard.recorded import RecordedRun

        return open_dashboard(RecordedRun(arguments.open))
    if place is not None:
        from pncsim.simulator.dashboard.attached import Attached

        return open_dashboard(Attached(place))
    from pncsim.simulator.dashboard.lab_process import LabProcess

    evidence = None if arguments.no_evidence else arguments.evidence
    return open_dashboard(LabProcess(), lab=arguments.lab, evidence=evidence)


def _words(arguments: Arguments, place: SocketPlace | None) -> list[str]:
    """What was asked for, for a dashboard that is not served, but shown."""
    given = {"--lab": arguments.lab, "--open": arguments.open, "--evidence": arguments.evidence}
    words = [f"{option}={value}" for option, value in given.items() if value is not None]
    words += ["--no-evidence"] if arguments.no_evidence else []
    return [*words, f"--attach={place.name}"] if place is not None else words


def check_terminal() -> None:
    """Raises LocalError where there is no terminal, or one that shows too little."""
    if os.environ.get("TEXTUAL_DRIVER"):  # it is drawn elsewhere
        return
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise LocalError(
            "The dashboard needs a terminal, and this is none.",
            advice="Use `pnc run` in scripts, and `pnc open` or `pnc replay` for a bundle.",
        )
    if os.environ.get("TERM", "") in ("", "dumb"):
        raise LocalError("The dashboard needs a terminal that can be drawn on: TERM is empty or dumb.")
    size = os.get_terminal_size(sys.stdout.fileno())
    wide, high = SMALLEST
    if size.columns < wide or size.lines < high:
        raise LocalError(
            f"This terminal is too small for the dashboard: {size.columns}x{size.lines}, and {wide}x{high} are needed."
        )
