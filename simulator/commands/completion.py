"""``pnc completion``: a script for bash, zsh or fish, made from the very parsers the commands are read by."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence

from msgspec import Struct

from pncsim.simulator.commands.options import Arguments, Parser

SHELLS = {
    "bash": 'eval "$(pnc completion bash)"',
    "zsh": 'autoload -Uz compinit && compinit; eval "$(pnc completion zsh)"',
    "fish": "pnc completion fish | source",
}
"""Shells, and the line for their start-up file."""


def fill(parser: Parser, words: Sequence[str] = ()) -> None:
    """Which shell."""
    parser.add_argument("shell", choices=tuple(SHELLS), help="the shell to write it for")
    parser.epilog = "into the shell's start-up file: " + "; ".join(f"{shell}: {line}" for shell, line in SHELLS.items())
    parser.set_defaults(execute=_completion)


def _completion(arguments: Arguments) -> int:
    write = fish if arguments.shell == "fish" else bash
    print(write(list(_places(_everything(), ()))), end="")
    return 0


class Place(Struct, frozen=True):
    """What can follow the words ``path``: further words, options, and after an option its values ((): files, any)."""

    path: tuple[str, ...]
    words: tuple[str, ...]
    options: tuple[str, ...]
    values: dict[str, tuple[str, ...]]


def _everything() -> Parser:
    from pncsim.simulator.commands import main

    parser = Parser(prog="pnc")
    parser.add_argument("--version", action="store_true")
    commands = parser.add_subparsers()
    for name in main.COMMANDS:
        main.fill(commands.add_parser(name), name)
    return parser


def _places(parser: argparse.ArgumentParser, path: tuple[str, ...]) -> Iterator[Place]:
    words: list[str] = []
    values: dict[str, tuple[str, ...]] = {}
    options: list[str] = []
    below: list[Place] = []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            words += action.choices
            for name, one in action.choices.items():
                below += _places(one, (*path, name))
        elif not action.option_strings:
            words += map(str, action.choices or ())
        else:
            options += action.option_strings
            if action.nargs != 0:
                values |= dict.fromkeys(action.option_strings, _values_of(action))
    yield Place(path, tuple(words), tuple(options), values)
    yield from below


def _values_of(action: argparse.Action) -> tuple[str, ...]:
    if action.dest == "fault":
        from pncsim.simulator.faults.table import FAULTS

        return tuple(FAULTS)
    if action.dest == "vehicle_profile":
        from pncsim.simulator.cars.profile import names

        return tuple(names())
    return tuple(map(str, action.choices or ()))


def bash(places: Sequence[Place]) -> str:
    """The script for bash, which zsh reads, too."""
    paths = "|".join(f"/{'/'.join(place.path)}" for place in places if place.path)
    values = "\n".join(
        f'    "{_key(place.path)} {option}") {_reply(words)}; return;;'
        for place in places
        for option, words in place.values.items()
    )
    words = "\n".join(f'    "{_key(place.path)}") {_reply((*place.words, *place.options))};;' for place in places)
    return f"""# Completion of pnc for bash and zsh; made by `pnc completion`.
if [ -n "${{ZSH_VERSION-}}" ]; then autoload -Uz bashcompinit && bashcompinit; fi
_pnc() {{
  local word path="" cur="${{COMP_WORDS[COMP_CWORD]}}" prev="${{COMP_WORDS[COMP_CWORD-1]}}"
  for word in "${{COMP_WORDS[@]:1:$((COMP_CWORD - 1))}}"; do
    case "$path/$word" in {paths}) path="$path/$word";; esac
  done
  COMPREPLY=()
  case "$path $prev" in
{values}
  esac
  case "$path" in
{words}
  esac
}}
complete -o default -F _pnc pnc
"""


def _key(path: tuple[str, ...]) -> str:
    return "".join(f"/{word}" for word in path)


def _reply(words: Sequence[str]) -> str:
    return f'COMPREPLY=($(compgen -W "{" ".join(words)}" -- "$cur"))' if words else ":"


def fish(places: Sequence[Place]) -> str:
    """The script for fish."""
    lines = ["# Completion of pnc for fish; made by `pnc completion fish`."]
    for place in places:
        seen = "; and ".join(f"__fish_seen_subcommand_from {word}" for word in place.path)
        when = f"-n '{seen or '__fish_use_subcommand'}'"
        if place.words:
            unused = f"; and not __fish_seen_subcommand_from {' '.join(place.words)}" if seen else ""
            lines.append(
                f"complete -c pnc -n '{seen or '__fish_use_subcommand'}{unused}' -fa '{' '.join(place.words)}'"
            )
        for option in place.options:
            name = f"-l {option[2:]}" if option.startswith("--") else f"-s {option[1:]}"
            words = place.values.get(option)
            value = "" if words is None else f" -xa '{' '.join(words)}'" if words else " -r"
            lines.append(f"complete -c pnc {when} {name}{value}")
    return "\n".join(lines) + "\n"
