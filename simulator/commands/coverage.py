"""``pnc coverage``: what runs have shown of the published use cases: use case, variant, result, evidence."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pncsim.simulator.commands.options import Arguments, Parser, add_folders
from pncsim.wire.errors import LocalError


def fill(parser: Parser, words: Sequence[str] = ()) -> None:
    """Which runs, and how it is printed."""
    parser.add_argument(
        "runs",
        nargs="*",
        type=Path,
        metavar="RUNS",
        help="a folder of bundles (--evidence), or a record (--record); without any, what the last run --all came to",
    )
    parser.add_argument(
        "--format",
        choices=("text", "markdown", "json"),
        default="text",
        help="for people (default), as docs/use-cases.md, or one JSON array with an object for each variant",
    )
    add_folders(parser)
    parser.epilog = (
        "exit codes: 0 every use case was seen with all of its evidence and every run went as expected, 1 not so, "
        "3 there are no such runs"
    )
    parser.set_defaults(execute=_coverage)


def _coverage(arguments: Arguments) -> int:
    from pncsim.simulator.coverage.page import lines, page, rows
    from pncsim.simulator.coverage.rows import covered
    from pncsim.simulator.every.ran import read_runs
    from pncsim.simulator.evidence.story import printable
    from pncsim.simulator.runs.discovery import discover

    scenarios = discover(map(Path, getattr(arguments, "scenarios", ()))).scenarios
    table = covered(run for place in arguments.runs or [_last()] for run in read_runs(place, scenarios))
    match arguments.format:
        case "markdown":
            print(page(table), end="")
        case "json":
            import msgspec

            print(msgspec.json.format(msgspec.json.encode(rows(table))).decode())
        case _:
            for line in lines(table):
                print(printable(line))
    return 0 if all(one.ok for one in table) else 1


def _last() -> Path:
    from pncsim.simulator.every.ran import usual_record

    record = usual_record()
    if record is None or not record.exists():
        raise LocalError("Nothing has run yet.", advice="Run `pnc run --all`, or name a folder of bundles.")
    return record
