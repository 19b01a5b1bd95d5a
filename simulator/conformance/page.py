"""A suite as a page: every case with its source, and the wrong devices of ours that fail it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pncsim.simulator.conformance.case import Case
from pncsim.simulator.conformance.suite import Suite

HEADER = """# {title}

This page is printed by `pnc conformance {name} --page`; do not edit it. How suites are run and what their verdicts mean
is said in [conformance.md](conformance.md).

{cases} cases, {mutants} mutants. A mutant is {own} with one row, handler or value replaced; `pnc conformance {name}
--mutants` runs each against the cases it has to fail.
"""


def page(suite: Suite) -> str:
    """The whole page."""
    counts = {"cases": len(suite.cases), "mutants": len(suite.mutants)}
    parts = [HEADER.format(title=suite.title, name=suite.name, own=suite.own.partition(",")[0], **counts)]
    for group in dict.fromkeys(case.group for case in suite.cases):
        rows = [_row(suite, case) for case in suite.cases if case.group == group]
        head = ("case", "before and stimulus", "has to follow", "applies if", "failed by")
        parts.append(f"## {group}\n\n{markdown_table(head, rows)}\n")
    if suite.mutants:
        rows = [(f"`{one.name}`", one.title, str(len(one.kills))) for one in suite.mutants.values()]
        parts.append(f"## Mutants\n\n{markdown_table(('mutant', 'what is wrong with it', 'cases it fails'), rows)}\n")
    sources = sorted({case.source for case in suite.cases})
    parts.append("## Sources\n\n" + "\n".join(f"* {source}" for source in sources) + "\n")
    return "\n".join(parts)


def _row(suite: Suite, case: Case) -> tuple[str, ...]:
    killers = [one.name for one in suite.mutants.values() if case.id in one.kills]
    applies = f"never: {case.unsuited}" if case.unsuited else ", ".join(map(str, case.when)) or "always"
    failed = ", ".join(f"`{one}`" for one in killers) or suite.unkilled.get(case.id, "")
    return f"`{case.id}`", f"{case.precondition} {case.stimulus}", case.expectation, applies, failed


def markdown_table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A table of Markdown."""
    return "\n".join(_lines(head, rows))


def _lines(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    for row in (head, ("---",) * len(head), *rows):
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"
