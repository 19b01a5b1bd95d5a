"""The command ``pnc``: what can be typed, and nothing else; each command imports what it needs when it runs.

Exit codes: 0 everything expected was observed; 1 something was not, or the session failed; 2 wrong usage; 3 the run
could not be done here (port, file, interface, permission, full disk); 4 the session of
``pnc ev`` ended in order without having brought the energy asked for; 70 a defect of pncsim; 130 interrupted (Ctrl-C);
141 whoever read the output has gone; 143 terminated (SIGTERM).
"""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from pncsim.simulator.commands import outputs
from pncsim.simulator.commands.options import EPILOG, Parser
from pncsim.simulator.result import (
    EXIT_DEFECT,
    EXIT_INTERRUPTED,
    EXIT_TERMINATED,
    EXIT_UNAVAILABLE,
    EXIT_USAGE,
    OutputLost,
)
from pncsim.simulator.terminated import Terminated
from pncsim.wire.errors import LocalError, PncError

DESCRIPTION = "The whole Plug & Charge ecosystem in one program: vehicle, station, CSMS, pools and PKI."
COMMANDS = {
    "run": "run a scenario with all actors on this machine, or all of them (--all)",
    "coverage": "print what runs have shown of the published use cases",
    "conformance": "hold a station, vehicle, CSMS, pool or PKI, ours or anybody's, against published test cases",
    "lab": "check a lab file: who takes part in a run, and where",
    "dashboard": "see and steer all of it live in a terminal, or look at a recorded run",
    "list": "name the scenarios, or the faults",
    "faults": "tell what can be disturbed, and what has to happen then",
    "open": "summarise the evidence bundle of a run, and check its files",
    "diff": "compare two runs message by message",
    "replay": "tell the story of a run again, from its bundle",
    "secc": "be a charging station for one vehicle (--sessions N: for N), then give a verdict",
    "ev": "be a vehicle that charges at one station, then give a verdict",
    "serve": "be the services behind the stations: pools, PKI, operators, tokens",
    "pool": "call such services: publish, look up, list, revoke, back up, administer participants",
    "exi": "decode and encode EXI, line by line",
    "certs": "create, show, verify, issue, renew and revoke the certificates of a V2G PKI",
    "schema": "print the JSON Schema of a file that is written here",
    "tables": "print the state machines and times as Markdown",
    "completion": "print a script that lets a shell complete what you type",
}
"""Each command with its help. It is the module of that name beside this one, whose ``fill(parser, words)`` adds what
it understands (``words`` are all that was typed) and sets ``execute(arguments)``, which answers the exit code."""


def main(argv: Sequence[str] | None = None) -> None:
    """Entry point: run the command; every failure becomes a sentence and an exit code."""
    if not (sys.warnoptions or os.environ.get("PNC_DEBUG")):
        # What a library thinks of a peer's certificate is not for the user, unless Python was asked for warnings.
        warnings.simplefilter("ignore")
    try:
        code = _flushed(sys.argv[1:] if argv is None else argv)
    except KeyboardInterrupt:
        code = outputs.complain("\ninterrupted", EXIT_INTERRUPTED)
    except Terminated:
        code = outputs.complain("terminated", EXIT_TERMINATED)
    except OutputLost as lost:
        code = outputs.given_up(lost)
    except PncError as error:
        code = outputs.complain(f"pnc: {error}", EXIT_UNAVAILABLE if isinstance(error, LocalError) else 1)
    except Exception as error:
        if os.environ.get("PNC_DEBUG"):
            raise
        what = f"{type(error).__name__}: {error}"
        code = outputs.complain(f"pnc: a defect of pncsim: {what}. Set PNC_DEBUG=1 for the traceback.", EXIT_DEFECT)
    sys.exit(code)


def _flushed(words: Sequence[str]) -> int:
    """The exit code of the command, with all of its output written. Raises OutputLost, and what the command raises."""
    with outputs.guarded():
        try:
            code = _executed(words)
        except SystemExit as left:
            # How argparse ends, after a help text too.
            code = left.code if isinstance(left.code, int) else EXIT_USAGE
        sys.stdout.flush()
    return code


def _executed(words: Sequence[str]) -> int:
    parser = _parser(words)
    if not words:
        parser.print_help()
        return EXIT_USAGE
    arguments = parser.parse_args(words)
    return int(arguments.execute(arguments))


class _Version(argparse.Action):
    """Prints what a report of trouble should begin with."""

    def __init__(self, option_strings: Sequence[str], dest: str, help: str | None = None) -> None:
        super().__init__(option_strings, argparse.SUPPRESS, nargs=0, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from pncsim.simulator.evidence.manifest import versions

        for name, version in versions().items():
            print(f"{name} {version}")
        parser.exit()


def _called() -> str:
    """What to type: usage lines name it."""
    program = Path(sys.argv[0])
    return "python -m pncsim" if program.name == "__main__.py" and program.parent.name == "pncsim" else "pnc"


def _parser(words: Sequence[str]) -> Parser:
    """The command that ``words`` begin with; otherwise all of them by name, for each costs every start."""
    parser = Parser(prog=_called(), description=DESCRIPTION, epilog=EPILOG)
    parser.add_argument(
        "--version", action=_Version, help="show the versions of pncsim and what it stands on, and exit"
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name in words[:1] if words and words[0] in COMMANDS else COMMANDS:
        help_text = COMMANDS[name]
        command = commands.add_parser(name, help=help_text, description=help_text[0].upper() + help_text[1:] + ".")
        if name in words:
            fill(command, name, words)
    return parser


def fill(command: Parser, name: str, words: Sequence[str] = ()) -> None:
    """Let ``command`` understand what the command of that name does."""
    import_module(f"pncsim.simulator.commands.{name}").fill(command, words)
