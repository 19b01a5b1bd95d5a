"""How typed parameters become options of a command, and back: one mechanism for scenarios and lone sides."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from msgspec import Struct

from pncsim.simulator.meant import meant
from pncsim.simulator.parameters import Flag, Parameter, Shown, Switches, parameters_of
from pncsim.wire.urls import without_password

if TYPE_CHECKING:
    from pncsim.simulator.attach.side import Attachable

T = TypeVar("T")

Arguments = argparse.Namespace

EPILOG = (
    "exit codes: 0 as expected, 1 not as expected, 2 wrong usage, 3 not possible here, 4 less energy than asked (ev),"
    " 70 a defect of pncsim, 130 interrupted, 141 nobody reads the output any more, 143 terminated"
)


READABLE = 20
"""Words that are listed in an error; of more nobody finds the one that was meant."""


class Parser(argparse.ArgumentParser):
    """argparse that says what may have been meant, and shows the usage of the command that was misused.

    A parser of a subcommand is one, too: what it does not know never comes to the program's own, whose usage helps
    nobody.
    """

    def error(self, message: str) -> NoReturn:
        """As argparse does it; what was misunderstood may be an address with a password in it."""
        super().error(without_password(message))

    def parse_known_args(  # type: ignore[override]  # argparse overloads it by the kind of namespace
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[Any, list[str]]:
        """As argparse does it, but what is not known is wrong usage."""
        found, unknown = super().parse_known_args(args, namespace)
        if unknown:
            first = unknown[0].partition("=")[0]
            told = meant(first, self._option_string_actions) if first.startswith("-") else ""
            self.error(f"unrecognized arguments: {' '.join(unknown)}{f'. {told}' if told else ''}")
        return found, unknown

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            choices = list(map(str, action.choices))
            known = f"There are: {', '.join(choices)}."
            if len(choices) > READABLE:
                known = f"`{self.prog} --help` names those there are."
            told = " ".join(filter(None, (f"invalid choice: {value!r}.", meant(str(value), choices), known)))
            raise argparse.ArgumentError(action, told)


def add_options(parser: Any, declared: type) -> None:
    """An option for each field of the struct that lets itself be chosen."""
    for parameter in parameters_of(declared):
        add_option(parser, parameter)


def taken(declared: type[T], arguments: Arguments) -> T:
    """The struct as a person has filled it in."""
    return declared(**{parameter.name: getattr(arguments, parameter.name) for parameter in parameters_of(declared)})


def add_option(parser: Any, parameter: Parameter) -> None:
    """Let a typed parameter be given as an option."""
    name, default = f"--{parameter.name.replace('_', '-')}", parameter.default
    shown = None
    for word in parameter.words:
        match word:
            case Flag(option):
                turned = {"action": "store_const", "const": not default, "default": default}
                parser.add_argument(option, dest=parameter.name, help=parameter.help, **turned)
                return
            case Switches(choices):
                group = parser.add_mutually_exclusive_group()
                for value, help_text in choices.items():
                    how = {"action": "store_const", "const": value, "default": default}
                    group.add_argument(f"--{value}", dest=parameter.name, help=help_text, **how)
                return
            case Shown(metavar):
                shown = metavar
    if parameter.type is bool:
        kind = argparse.BooleanOptionalAction
        parser.add_argument(name, action=kind, default=default, help=parameter.help)
        return
    text = parameter.help if default is None else f"{parameter.help} (default: {default})"
    if parameter.choices:
        parser.add_argument(name, choices=parameter.choices, default=default, help=text)
    else:
        parser.add_argument(name, type=reader(parameter), default=default, metavar=shown, help=text)


def reader(parameter: Parameter) -> Callable[[str], Any]:
    """What argparse has to call for a value: refuses in the parameter's own words."""

    def read(text: str) -> Any:
        try:
            return parameter.read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return read


def add_folders(parser: Any) -> None:
    """Where scenarios are looked for besides the usual places; see :func:`folders_in`."""
    parser.add_argument(
        "--scenarios",
        action="append",
        default=argparse.SUPPRESS,
        metavar="DIR",
        help="look for scenarios in the files of this folder, too; may be given several times",
    )


def folders_in(words: Sequence[str]) -> list[Path]:
    """The folders of --scenarios, which decide what can be typed at all and so are read ahead of everything else."""
    ahead = argparse.ArgumentParser(prog="pnc", add_help=False, allow_abbrev=False)
    ahead.add_argument("--scenarios", action="append", default=[], type=Path, metavar="DIR")
    found: list[Path] = ahead.parse_known_args(list(words))[0].scenarios
    return found


def add_verbose(parser: Any) -> None:
    """How much is told."""
    parser.add_argument(
        "-v",
        "--verbose",
        action="count",
        default=0,
        help="tell every message with its key fields (-v), states and power (-vv), all of each message (-vvv)",
    )


def add_evidence(parser: Any) -> None:
    """Where what was seen is kept."""
    parser.add_argument(
        "--evidence", type=Path, default=Path("evidence"), metavar="DIR", help="where the evidence goes (./evidence)"
    )
    parser.add_argument("--no-evidence", action="store_true", help="write no evidence")
    parser.add_argument(
        "--keylog",
        type=Path,
        metavar="FILE",
        help="append the keys of the V2G TLS connections to this file, to decrypt a capture with (it is made 0600)",
    )


def add_attach(parser: Any) -> None:
    """How dashboards come to what runs."""
    parser.add_argument(
        "--no-attach",
        action="store_true",
        help="let no `pnc dashboard --attach` of this user see and steer it: there is no socket then",
    )


def attachable(kind: str, arguments: Arguments) -> Attachable:
    """What :func:`add_attach` has asked for; ``kind`` is what the process is found by."""
    from pncsim.simulator.attach.place import runtime_folder
    from pncsim.simulator.attach.side import LINE, Attachable

    folder = None if arguments.no_attach else runtime_folder(os.environ)
    line = os.environ.pop(LINE, "")  # for this process, and none it starts
    return Attachable(kind=kind, folder=folder, line=int(line) if line.isdecimal() else None)


def add_dashboard(parser: Any) -> None:
    """That a dashboard shows it."""
    parser.add_argument(
        "--dashboard", action="store_true", help="show and steer it in a dashboard on this terminal; both end together"
    )


def below_dashboard(words: Sequence[str], arguments: Arguments) -> int | None:
    """The exit code of what runs below a dashboard as :func:`add_dashboard` has asked for; None if this is to run."""
    from pncsim.simulator.attach.side import LINE

    if not arguments.dashboard or LINE in os.environ:
        return None
    from pncsim.simulator.commands.dashboard import check_terminal
    from pncsim.simulator.dashboard.owned import run_with_dashboard

    check_terminal()
    return run_with_dashboard(words)


def kept(arguments: Arguments) -> dict[str, Path | None]:
    """What :func:`add_evidence` has asked for, by name."""
    return {"evidence": None if arguments.no_evidence else arguments.evidence, "keylog": arguments.keylog}


def shown(*chosen: Struct) -> dict[str, Any]:
    """What lone sides were told, for the evidence: what was chosen from options, which no secret ever is."""
    return {p.name: getattr(one, p.name) for one in chosen for p in parameters_of(type(one))}


def check_side(arguments: Arguments) -> None:
    """Refuse what argparse cannot know to exclude each other."""
    if not arguments.tls and arguments.payment == "pnc":
        arguments.parser.error("--pnc is payment by contract, which needs TLS: leave out --no-tls or --pnc (V2G2-634)")
