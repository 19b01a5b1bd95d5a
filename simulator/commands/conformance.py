"""``pnc conformance``: hold a device, ours or somebody's, against a suite of cases."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import UNSET

from pncsim.simulator.commands.options import Arguments, Parser, add_option, add_options, taken
from pncsim.simulator.conformance.suites import SUITES
from pncsim.simulator.every.selection import Selects, selection
from pncsim.simulator.meant import meant
from pncsim.simulator.parameters import Parameter, Shown, parameters_of
from pncsim.simulator.result import EXIT_UNAVAILABLE
from pncsim.simulator.terminated import terminable
from pncsim.wire.errors import LocalError
from pncsim.wire.files import in_place, replace_file
from pncsim.wire.urls import without_password

if TYPE_CHECKING:
    from pncsim.simulator.conformance.case import Case
    from pncsim.simulator.conformance.pics import Pics
    from pncsim.simulator.conformance.record import Head, RecordFile, Tried
    from pncsim.simulator.conformance.suite import Bench, Suite

LIMIT = Parameter(
    "limit",
    float,
    None,
    "seconds on this machine after which a case that has not ended is ended (default: 600, and what devices are waited"
    " for; none where a person is asked)",
    words=(Shown("SECONDS"),),
)
USUAL_LIMIT, WEEK = 600.0, 7 * 86_400.0
"""Seconds of a case that waits for nobody, and of one that waits for a person."""
MEETINGS = 4
"""Times that a device is waited for in one case at most: it is reset, or comes a second time."""

UNDECLARED = (
    "No PICS file is given (--pics FILE): what is not so here is tried all the same, as if the device were ours."
    " --pics-template prints one to fill in."
)
EPILOG = (
    "exit codes: 0 nothing speaks against the device, 1 a case failed, 2 wrong usage, or nothing is selected, 3 the"
    " device could not be reached, or a case or file could not be used here, 4 no case failed, but one was"
    " inconclusive, or none applied, 70 a defect of pncsim, 130 interrupted, 143 terminated"
)


def fill(parser: Parser, words: Sequence[str] = ()) -> None:
    """A subcommand for each suite; only the one that is meant is loaded."""
    parser.epilog = EPILOG
    suites = parser.add_subparsers(metavar="SUITE", required=True)
    for name, (help_text, load) in SUITES.items():
        command = suites.add_parser(name, help=help_text, description=f"{help_text[0].upper()}{help_text[1:]}.")
        if name in words:
            _fill(command, load())
    help_text = "print what records of several devices came to, side by side, as Markdown"
    command = suites.add_parser("table", help=help_text, description=f"{help_text[0].upper()}{help_text[1:]}.")
    command.add_argument(
        "devices", nargs="+", metavar="NAME=RECORD", help="what a device is called, and a record of it"
    )
    command.set_defaults(execute=_compare)


def _compare(arguments: Arguments) -> int:
    from pncsim.simulator.conformance.compared import compared, held_devices

    print(compared(held_devices(arguments.devices)), end="")
    return 0


def _fill(parser: argparse.ArgumentParser, suite: Suite) -> None:
    parser.epilog = EPILOG
    parser.add_argument("--target", type=_somewhere, metavar="WHERE", help=f"{suite.targets} (default: {suite.own})")
    parser.add_argument(
        "--pics", type=Path, metavar="FILE", help="what the device is and does, and known failures (TOML)"
    )
    parser.add_argument("--pics-template", action="store_true", help="print a PICS file to fill in, and run nothing")
    parser.add_argument(
        "--select",
        type=_selection,
        metavar="EXPR",
        help="only cases with these words in id, group, title or conditions",
    )
    parser.add_argument("--list", action="store_true", help="name the cases and whether they apply, and run nothing")
    parser.add_argument("--page", action="store_true", help="print the suite as a page of Markdown, and run nothing")
    parser.add_argument("--explain", metavar="ID", help="tell all about one case, and run nothing")
    parser.add_argument(
        "--jobs", type=_count, metavar="N", help="processes (default: one for each processor; 1 for a target)"
    )
    parser.add_argument(
        "--shard", type=_shard, default=(1, 1), metavar="I/N", help="run the I-th of N parts of the cases"
    )
    parser.add_argument("--retry", type=_count, default=0, metavar="N", help="try up to N times more what did not pass")
    parser.add_argument(
        "--baseline", type=Path, metavar="FILE", help="a record; what failed there is known, no failure"
    )
    parser.add_argument("--resume", action="store_true", help="run only what the record does not have yet")
    parser.add_argument(
        "--record", type=Path, metavar="FILE", help="where the record is (default: in the user's cache)"
    )
    parser.add_argument("--junit", type=Path, metavar="FILE", help="write JUnit XML")
    parser.add_argument(
        "--evidence", type=Path, metavar="DIR", help="leave the evidence of each case below this folder"
    )
    parser.add_argument("--seed", metavar="N", help="draw every random choice from this; no key is a secret then")
    if suite.mutants:
        parser.add_argument(
            "--mutants",
            action="store_true",
            help="try the suite: run each wrong device of ours against its cases; with --list name them",
        )
        parser.add_argument(
            "--matrix", action="store_true", help="as --mutants, and no other case that applies may fail because of one"
        )
        parser.add_argument("--mutant", default="", metavar="NAME", help="a wrong device of ours instead")
    add_option(parser, LIMIT)
    add_options(parser, suite.options)
    told = parser.add_mutually_exclusive_group()
    told.add_argument("-v", "--verbose", action="count", default=0, help="tell each case as it ends")
    told.add_argument("-q", "--quiet", action="store_true", help="print the last line only")
    parser.set_defaults(execute=_conform, parser=parser, suite=suite)


def _somewhere(text: str) -> str:
    # A variable that is not set: whoever meant a device of his is not to be told that ours passes.
    if not text.strip():
        raise argparse.ArgumentTypeError("it names nothing; leave it out to run a device of ours")
    return text


def _selection(text: str) -> Selects:
    try:
        return selection(text)
    except LocalError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 256:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to 256")
    return int(text)


def _shard(text: str) -> tuple[int, int]:
    part, slash, parts = text.partition("/")
    if not (slash and part.isdecimal() and parts.isdecimal() and 1 <= int(part) <= int(parts) <= 1000):
        raise argparse.ArgumentTypeError(f"{text!r} is no part: 2/5 is the second of five")
    return int(part), int(parts)


def _conform(arguments: Arguments) -> int:
    from pncsim.simulator.conformance.listing import explained, listed, wrong_devices
    from pncsim.simulator.conformance.page import page
    from pncsim.simulator.conformance.pics import read_pics, template
    from pncsim.simulator.conformance.suite import Bench

    suite: Suite = arguments.suite
    arguments.target = arguments.target or ""
    if arguments.pics_template:
        print(template(suite.name, suite.declarations), end="")
        return 0
    if arguments.page:
        print(page(suite), end="")
        return 0
    ids = [case.id for case in suite.cases]
    pics = suite.usual if arguments.pics is None else read_pics(arguments.pics, suite.declarations, ids)
    if arguments.explain is not None:
        print(explained(suite.case(arguments.explain), pics))
        return 0
    part, parts = arguments.shard
    chosen = [one for one in suite.cases if arguments.select is None or arguments.select(one.labels)][part - 1 :: parts]
    if not chosen:
        arguments.parser.error(f"no case is selected; `pnc conformance {suite.name} --list` names them")
    tries = getattr(arguments, "mutants", False) or getattr(arguments, "matrix", False)
    if arguments.list:
        print("\n".join(wrong_devices(suite, chosen) if tries else listed(chosen, pics)))
        return 0
    if tries:
        _refuse_what_means_nothing(arguments)
        return _try_suite(suite, chosen, pics, arguments)
    if arguments.target and (arguments.jobs or 1) > 1:
        arguments.parser.error("--jobs is for devices of ours: somebody's device serves one case at a time")
    mutant = getattr(arguments, "mutant", "")
    if mutant and mutant not in suite.mutants:
        told = meant(mutant, suite.mutants) or f"`pnc conformance {suite.name} --mutants --list` names them."
        arguments.parser.error(f"argument --mutant: there is no wrong device {mutant!r}. {told}")
    bench = Bench(
        target=arguments.target,
        pics=pics,
        options=taken(suite.options, arguments),
        evidence=arguments.evidence,
        seed=arguments.seed,
        mutant=mutant,
        asks=not arguments.quiet,
    )
    if told := suite.misuse(bench):
        arguments.parser.error(told)
    suite.check(bench)
    return _run(suite, chosen, bench, arguments)


def _refuse_what_means_nothing(arguments: Arguments) -> None:
    """Whoever tries the suite itself is not to believe that somebody's device was tried, or that something is kept."""
    suite: Suite = arguments.suite
    named = ("target", "mutant", "record", "resume", "baseline", "retry", "junit", "evidence", "seed")
    own = {parameter.name: parameter.default for parameter in parameters_of(suite.options)}
    given = [name for name in named if getattr(arguments, name)]
    given += [name for name, usual in own.items() if getattr(arguments, name) != usual]
    if given:
        told = ", ".join(f"--{name.replace('_', '-')}" for name in given)
        way = "--matrix" if arguments.matrix else "--mutants"
        arguments.parser.error(f"{way} tries wrong devices of ours, of which nothing is kept: leave out {told}")


def _run(suite: Suite, chosen: Sequence[Case], bench: Bench, arguments: Arguments) -> int:
    from pncsim.simulator.conformance.record import (
        EXIT_INCONCLUSIVE,
        Head,
        all_alike,
        done_before,
        exit_code,
        held_against,
        none_applied,
        read_record,
        usual_place,
    )
    from pncsim.simulator.conformance.running import CaseWork
    from pncsim.simulator.conformance.told import SuiteTally
    from pncsim.simulator.every.workers import Crew, processors
    from pncsim.simulator.evidence.story import printable

    known = read_record(arguments.baseline, suite.name)[1] if arguments.baseline is not None else {}
    place, head = (
        arguments.record or usual_place(suite.name),
        Head(suite=suite.name, target=without_password(bench.target), mutant=bench.mutant or UNSET),
    )
    if arguments.resume and place is None:
        raise LocalError("Nothing is remembered on this machine.", advice="Name a record with --record FILE.")
    before = done_before(place, head) if arguments.resume and place is not None else []
    ids = {one.id for one in chosen}
    done = [one for one in before if one.id in ids and not one.anew]
    junit = arguments.junit
    if junit is not None and not in_place(junit) and not _write_junit(junit, suite, chosen, []):
        return EXIT_UNAVAILABLE
    if bench.evidence is not None:
        _make_folder(bench.evidence)
    record = _record(arguments, place, head, before)
    left = [one for one in chosen if one.id not in {known.id for known in done}]
    jobs = arguments.jobs or (1 if bench.target else processors())
    ahead = [one.id for one in left] if jobs == 1 else []
    tally = SuiteTally(suite.name, len(chosen), -1 if arguments.quiet else arguments.verbose, ahead=ahead)
    kept = True
    if bench.target and left and not arguments.quiet:
        declared = "" if arguments.pics is not None else UNDECLARED
        for foretold in filter(None, (suite.foretells(bench), declared)):
            print(printable(foretold), file=sys.stderr, flush=True)
    try:
        tally.recall([held_against(one, known) for one in done])
        tally.begin()
        with terminable(), Crew(left, CaseWork(suite, bench, arguments.retry), jobs, limit=limit_of(arguments)) as crew:
            for _, one in crew.results():
                tally(held_against(one, known))
                record.add(one)
                if one.unreached:
                    crew.enough()
                elif bench.target and all_alike(tally.tried):
                    crew.enough()
                    tally.say("Nothing but that has come of any case so far: no other is tried.")
    finally:
        tally.done()
        record.close()
        if junit is not None:
            kept = _write_junit(junit, suite, chosen, tally.tried)
        print(tally.line(without_password(bench.target) or suite.own), flush=True)
    if none_applied(tally.tried) and arguments.shard[1] == 1:
        return EXIT_INCONCLUSIVE  # of a part it may be so, with nothing wrong
    return exit_code(tally.tried) or (0 if kept else EXIT_UNAVAILABLE)


def _try_suite(suite: Suite, chosen: Sequence[Case], pics: Pics, arguments: Arguments) -> int:
    """Whether every mutant fails what it has to fail: the exit code."""
    from pncsim.simulator.conformance.killing import TrialWork, trials
    from pncsim.simulator.conformance.record import exit_code
    from pncsim.simulator.conformance.told import SuiteTally
    from pncsim.simulator.every.workers import Crew, processors

    found = list(trials(suite, chosen, pics, every=arguments.matrix))
    if not found:
        arguments.parser.error("no mutant has to fail any of these cases")
    tally = SuiteTally(f"mutants of {suite.name}", len(found), -1 if arguments.quiet else arguments.verbose)
    try:
        jobs = arguments.jobs or processors()
        with terminable(), Crew(found, TrialWork(suite), jobs, limit=limit_of(arguments)) as crew:
            for _, one in crew.results():
                tally(one)
    finally:
        tally.done()
        print(tally.line(f"{len(suite.mutants)} wrong devices of ours"), flush=True)
    return exit_code(tally.tried)


def limit_of(arguments: Arguments) -> float:
    """Seconds after which a case has not come to its end: no device that is slow, and no person, is cut off by that."""
    if arguments.limit is not None:
        return float(arguments.limit)
    if getattr(arguments, "manual", False):
        return WEEK
    patience, wait = (float(getattr(arguments, *usual)) for usual in (("patience", 1.0), ("wait", 0.0)))
    return (1 + int(arguments.retry)) * (USUAL_LIMIT * patience + MEETINGS * wait)


def _record(arguments: Arguments, place: Path | None, head: Head, done: Sequence[Tried]) -> RecordFile:
    """The record of this run; where nobody has named one, a place that cannot be written is none."""
    from pncsim.simulator.conformance.record import RecordFile, RecordTaken

    try:
        return RecordFile(place, head, done)
    except LocalError as error:
        if arguments.record is not None or arguments.resume:
            raise
        if isinstance(error, RecordTaken):
            print(f"pnc: {error} This one keeps none.", file=sys.stderr)
        return RecordFile(None, head)


def _make_folder(place: Path) -> None:
    """Raises LocalError where no evidence could be kept."""
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise LocalError(f"No evidence can be kept below {place}: {why}.", advice="Name another folder.") from error


def _write_junit(place: Path, suite: Suite, chosen: Sequence[Case], tried: Sequence[Tried]) -> bool:
    from pncsim.simulator.conformance.junit import junit_of_suite

    try:
        replace_file(place, junit_of_suite(suite.name, {one.id: one for one in chosen}, tried).encode())
    except OSError as error:
        print(f"pnc: {place} cannot be written: {(error.strerror or str(error)).lower()}.", file=sys.stderr)
        return False
    return True
