"""``pnc run --all``: every scenario in each of its variants, and disturbed in every way there is."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pncsim.simulator.commands.options import Arguments, Parser, add_folders, add_option
from pncsim.simulator.every.cases import RunCase, cases
from pncsim.simulator.every.selection import Selects, selection
from pncsim.simulator.parameters import Parameter
from pncsim.simulator.result import EXIT_UNAVAILABLE
from pncsim.simulator.runs.discovery import discover
from pncsim.simulator.settings import RunSettings, Transport
from pncsim.simulator.terminated import terminable
from pncsim.wire.errors import LocalError, PncError
from pncsim.wire.files import replace_file
from pncsim.wire.urls import without_password

if TYPE_CHECKING:
    from pncsim.simulator.every.ran import Ran

EPILOG = (
    "exit codes: 0 all as expected, 1 something was not, 2 wrong usage, or nothing is selected, 3 a run, or a file of"
    " --scenarios, could not be used here, 70 a defect of pncsim, 130 interrupted, 143 terminated"
)

LIMIT = Parameter("limit", float, 300.0, "seconds on this machine after which a run that has not ended is ended")


def fill(parser: Parser) -> None:
    """What can be said of all runs."""
    parser.description = (
        "Run every scenario in each of its variants, and disturbed by each fault; the verdict of a disturbed run is"
        " whether it was answered as the standard says."
    )
    parser.epilog = EPILOG
    parser.add_argument("--all", action="store_true", required=True, help="run all there is")
    parser.add_argument(
        "--select",
        type=_selection,
        metavar="EXPR",
        help="only what has these words in name, clauses or use case: 'renewed and not fault', '\"OCPP C07\" or 2.1.3'",
    )
    parser.add_argument("--list", action="store_true", help="name the runs, and do not run them")
    parser.add_argument("--fail-fast", action="store_true", help="begin no further run when one was not as expected")
    parser.add_argument(
        "--jobs",
        type=_jobs,
        metavar="N",
        help="processes at a time (default: as many as there are processors; on loopback, where time is real, 1)",
    )
    add_option(parser, LIMIT)
    parser.add_argument(
        "--transport",
        choices=("memory", "loopback"),
        help="memory: no socket, time runs ahead by itself (default); loopback: real sockets on this machine",
    )
    parser.add_argument(
        "--ecosystem",
        metavar="URL",
        help="use running services (pnc serve ecosystem) for pools, PKI and operators, one run after the other: their "
        "URL, or their ready file; started with --test-controls they begin anew where a run has moved their time",
    )
    parser.add_argument(
        "--credentials", type=Path, metavar="FILE", help="with --ecosystem: ready file or clients.json of the services"
    )
    parser.add_argument(
        "--seed", metavar="N", help="draw every random choice from this; the keys of all runs are no secrets then"
    )
    parser.add_argument("--evidence", type=Path, metavar="DIR", help="leave the evidence of each run below this folder")
    parser.add_argument("--junit", type=Path, metavar="FILE", help="write JUnit XML: a suite for each run")
    parser.add_argument(
        "--record", type=Path, metavar="FILE", help="write what the runs came to, for `pnc coverage FILE`"
    )
    add_folders(parser)
    told = parser.add_mutually_exclusive_group()
    told.add_argument("-v", "--verbose", action="count", default=0, help="tell each run as it ends")
    told.add_argument("-q", "--quiet", action="store_true", help="print the last line only")
    parser.set_defaults(execute=_run_all, parser=parser)


def _selection(text: str) -> Selects:
    try:
        return selection(text)
    except LocalError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _jobs(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 256:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of processes from 1 to 256")
    return int(text)


def _run_all(arguments: Arguments) -> int:
    found = discover(map(Path, getattr(arguments, "scenarios", ())))
    for sentence in found.refused:
        print(f"pnc: {sentence}", file=sys.stderr)
    chosen = [one for one in cases(found.scenarios) if arguments.select is None or arguments.select(one.labels)]
    if not chosen:
        arguments.parser.error("--select means none of the runs; `pnc run --all --list` names them")
    if arguments.list:
        for one in chosen:
            print(one.name)
        return 0
    code = _ran(chosen, arguments)
    return code or (EXIT_UNAVAILABLE if found.refused else 0)


def _ran(chosen: Sequence[RunCase], arguments: Arguments) -> int:
    from pncsim.simulator.every.ran import exit_code
    from pncsim.simulator.every.told import Tally
    from pncsim.simulator.every.workers import Crew, ScenarioWork, processors

    alone = arguments.ecosystem is not None
    transport: Transport = arguments.transport or ("loopback" if alone else "memory")
    settings = RunSettings(
        transport=transport,
        seed=arguments.seed,
        evidence=arguments.evidence,
        ecosystem=arguments.ecosystem,
        credentials=arguments.credentials,
        command=_behind_each(arguments, transport),
    )
    if settings.contradiction:
        arguments.parser.error(settings.contradiction)
    if alone and (arguments.jobs or 1) > 1:
        arguments.parser.error("services have one time, which each run goes by: --jobs cannot be had with --ecosystem")
    jobs = min(arguments.jobs or (processors() if transport == "memory" else 1), len(chosen))
    work = ScenarioWork(settings)
    if alone:
        from pncsim.simulator.every.turned_back import time_ahead

        try:
            work = ScenarioWork(settings, time_ahead(settings))
        except PncError as error:
            print(f"pnc: {error}", file=sys.stderr)
            return EXIT_UNAVAILABLE
    if (arguments.record or arguments.junit) and not _keep([], arguments):
        return EXIT_UNAVAILABLE  # nobody waits for results that then cannot be written
    tally = Tally(len(chosen), -1 if arguments.quiet else arguments.verbose)
    kept = True
    try:
        with terminable(), Crew(chosen, work, jobs, limit=arguments.limit) as crew:
            for number, run in crew.results():
                tally(number, run)
                if arguments.fail_fast and tally.bad:
                    crew.enough()
    finally:
        tally.done()
        kept = _keep(tally.runs, arguments)
        print(tally.line(jobs), flush=True)
    return exit_code(tally.runs) or (0 if kept else EXIT_UNAVAILABLE)


def _behind_each(arguments: Arguments, transport: Transport) -> str:
    """What one types behind ``pnc run NAME`` to have a run as it is here, but alone."""
    words = [f"--scenarios={folder}" for folder in getattr(arguments, "scenarios", ())]
    words.append(f"--transport={transport}")
    words += [] if arguments.ecosystem is None else [f"--ecosystem={without_password(arguments.ecosystem)}"]
    words += [] if arguments.credentials is None else [f"--credentials={arguments.credentials}"]
    words += [] if arguments.seed is None else [f"--seed={arguments.seed}"]
    return shlex.join(words)


def _keep(runs: Sequence[Ran], arguments: Arguments) -> bool:
    """Write what was asked for, and the record for ``pnc coverage``; whether what was asked for could be written."""
    from pncsim.simulator.every.ran import usual_record, write_record
    from pncsim.simulator.evidence.junit import junit_of_several

    kept = True
    record, junit = arguments.record or usual_record(), arguments.junit
    if record is not None:
        try:
            write_record(record, runs)
        except OSError as error:
            # A place that nobody has named may be none.
            kept = arguments.record is None or _complain(record, error)
    if junit is not None:
        document = junit_of_several((run.name, run.manifest, run.evidence or None) for run in runs)
        try:
            replace_file(junit, document.encode())
        except OSError as error:
            kept = _complain(junit, error)
    return kept


def _complain(place: Path, error: OSError) -> bool:
    print(f"pnc: {place} cannot be written: {(error.strerror or str(error)).lower()}.", file=sys.stderr)
    return False
