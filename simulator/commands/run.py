"""``pnc run``: a scenario with all actors on this machine."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pncsim.simulator.alone.options import vehicle_profile
from pncsim.simulator.commands.feeding import add_feed, feed_in
from pncsim.simulator.commands.options import (
    EPILOG,
    Arguments,
    Parser,
    add_evidence,
    add_folders,
    add_option,
    add_verbose,
    folders_in,
)
from pncsim.simulator.runs.discovery import built_in, discover, find_scenario, looks_like_path
from pncsim.simulator.scenario import Scenario
from pncsim.simulator.settings import RunSettings
from pncsim.wire.errors import LocalError
from pncsim.wire.values import replace


def fill(parser: Parser, words: Sequence[str] = ()) -> None:
    """One subcommand for each scenario, with its parameters as options; only those that ``words`` may mean.

    A word that is no option may be a scenario: what is found so needs no look at all the others.
    """
    if "--all" in words:
        from pncsim.simulator.commands import run_all

        run_all.fill(parser)
        return
    if "--on-command" in words:
        from pncsim.simulator.commands import run_on_command

        run_on_command.fill(parser)
        return
    add_folders(parser)
    parser.add_argument("--all", action="store_true", help="run all there is, see `pnc run --all --help`")
    parser.add_argument(
        "--on-command", action="store_true", help="run what is asked for at an MQTT broker, see --on-command --help"
    )
    own = "one of these, or a file of your own: ./mine.py, or ./mine.py:NAME where it holds several"
    scenarios = parser.add_subparsers(metavar="SCENARIO", required=True, help=own)
    folders = folders_in(words)
    for word in words:
        if looks_like_path(word) or (word in built_in() and not folders):
            _add_scenario(scenarios, word, find_scenario(word))
            return
    found = discover(folders)
    for word in found.taken.keys() & words if folders else ():
        # Which of the two is meant nobody can know.
        raise LocalError(found.taken[word], advice="Rename one of them, or run the file by its path.")
    for one in found.scenarios.values():
        _add_scenario(scenarios, one.name, one)
    for sentence in found.refused:
        print(f"pnc: {sentence}", file=sys.stderr)


def _add_scenario(scenarios: Any, word: str, found: Scenario) -> None:
    case = found.shown or word
    one = scenarios.add_parser(
        word,
        aliases=() if case in (word, *scenarios.choices) else (case,),  # the first of several that show it
        help=found.title,
        description=found.story,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=f"{EPILOG}\n{_shows(found)}",
    )
    for parameter in found.options:
        add_option(one, parameter)
    _add_common(one)
    one.set_defaults(execute=_run(found), parser=one)


def _shows(found: Scenario) -> str:
    """What it is about, for the end of its help."""
    told = [f"shows: {', '.join(found.clauses)}"] if found.clauses else []
    if (case := found.use_case) is not None:
        told += [f"use case: {case.id}, {case.source}", f"actors: {', '.join(case.actors)}"]
        told += [f"before: {one}" for one in case.preconditions]
    return "\n".join(told)


def _add_common(parser: Parser) -> None:
    common = parser.add_argument_group("for every scenario")
    add_folders(common)
    common.add_argument(
        "--transport",
        choices=("loopback", "memory"),
        default="loopback",
        help="loopback: real sockets on this machine; memory: no socket, time runs ahead by itself",
    )
    common.add_argument(
        "--lab",
        type=Path,
        metavar="FILE",
        help="who takes part, which of them are somebody else's and where, and the policies; see docs/labs.md",
    )
    common.add_argument("--pki", type=Path, metavar="DIR", help="use the certificates of this folder")
    common.add_argument(
        "--ecosystem",
        metavar="URL",
        help="use running services (pnc serve ecosystem) for pools, PKI and operators: their URL, or their ready file",
    )
    common.add_argument(
        "--credentials",
        type=Path,
        metavar="FILE",
        help="with --ecosystem: ready file or clients.json of the services (default: that of the usual folder)",
    )
    common.add_argument(
        "--seed",
        metavar="N",
        help="draw every random choice from this, so that the run can be repeated; its keys are no secrets then",
    )
    common.add_argument(
        "--vehicle-profile",
        type=known_vehicle,
        metavar="NAME",
        help="let vehicles speak as this car does: one of `pnc list --vehicles`, or a file of your own (.toml)",
    )
    common.add_argument(
        "--fault",
        action="append",
        type=known_fault,
        default=[],
        metavar="NAME",
        help="disturb the run on purpose; `pnc list --faults` names them; may be given several times",
    )
    common.add_argument(
        "--expect-fault",
        action="store_true",
        help="the verdict is whether the faults were answered as the standard says: exit code 0 if they were",
    )
    add_evidence(common)
    add_feed(common)
    add_verbose(common)
    common.add_argument("-q", "--quiet", action="store_true", help="print the verdict line only")


def known_fault(name: str) -> str:
    from pncsim.simulator.faults.table import find_fault

    try:
        return str(find_fault(name))
    except LocalError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def known_vehicle(name: str) -> str:
    try:
        return vehicle_profile(name)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _in_lab(found: Scenario, settings: RunSettings, arguments: Arguments) -> tuple[Scenario, RunSettings]:
    """The scenario with those who take part in a lab file, and the services it is to use. Raises LocalError."""
    from pncsim.simulator.labs.checks import lab_at
    from pncsim.simulator.labs.taking_part import plan_of, settings_of

    written = lab_at(arguments.lab, os.environ)
    plan = plan_of(written, found.plan, os.environ, transport=arguments.transport)
    if arguments.pki is not None and plan.pkis[0].folder is not None:
        arguments.parser.error(f"--pki names a folder, and so does {arguments.lab}: say it once")
    return replace(found, plan=plan), settings_of(written, settings)


def _run(found: Scenario) -> Callable[[Arguments], int]:
    def execute(arguments: Arguments) -> int:
        from pncsim.simulator.runs.told import run_and_tell

        if arguments.expect_fault and not arguments.fault:
            arguments.parser.error("--expect-fault expects the answer to a fault: say which one with --fault NAME")
        settings = RunSettings(
            transport=arguments.transport,
            pki=arguments.pki,
            ecosystem=arguments.ecosystem,
            credentials=arguments.credentials,
            seed=arguments.seed,
            faults=tuple(arguments.fault),
            expect_fault=arguments.expect_fault,
            evidence=None if arguments.no_evidence else arguments.evidence,
            keylog=arguments.keylog,
            vehicle_profile=arguments.vehicle_profile or "",
        )
        if settings.contradiction:
            arguments.parser.error(settings.contradiction)
        options = {option.name: getattr(arguments, option.name) for option in found.options}
        scenario = found
        if arguments.lab is not None:
            scenario, settings = _in_lab(found, settings, arguments)
        level = -1 if arguments.quiet else arguments.verbose
        with feed_in(arguments, "run") as feed:
            return run_and_tell(scenario, options, settings, level=level, feed=feed).exit_code

    return execute
