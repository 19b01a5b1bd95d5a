"""What runs have shown of the use cases, for a terminal, for a program, and as docs/use-cases.md."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from pncsim.simulator.coverage.rows import Covered
from pncsim.simulator.coverage.use_cases import ITEMS
from pncsim.simulator.every.ran import Ran

HEADER = """# Use cases

This page is printed by `pnc coverage --format markdown` from what `pnc run --all` came to; do not edit it.

Each use case of the CharIN guide is a scenario. What has to be seen of it are its items; each is a check with that id,
read from the wire, a pool or a store. A variant is what stands behind `pnc run` to have it alone; a disturbed one
(`--fault`) passes if it was answered as the last column says (`--expect-fault`).

```console
$ pnc run --all
$ pnc coverage
```
"""


class CoverageRow(Struct, frozen=True):
    """One line of the table: a variant of a use case, how it ended, what it shows, and where its bundle is."""

    use_case: str
    variant: str
    result: str
    evidence: str
    bundle: str = ""
    cause: str = ""


def rows(table: Iterable[Covered]) -> list[CoverageRow]:
    """Every variant of every use case."""
    return [
        CoverageRow(one.id, run.name, run.manifest.verdict.value, one.evidence(run), run.evidence, run.manifest.cause)
        for one in table
        for run in one.runs
    ]


def lines(table: Sequence[Covered]) -> Iterator[str]:
    """The table for a terminal, and the sum."""
    for one in table:
        yield f"{one.verdict} {one.id} {one.title}".replace("  ", " ") + _items(one)
        for row in rows([one]):
            told = f"  {row.result.upper():<5} {row.variant}  [{row.evidence}]"
            yield told + (f"  {row.bundle}" if row.bundle else "")
            if row.result != "pass":
                yield f"        {row.cause}"
    yield summary(table)


def summary(table: Sequence[Covered]) -> str:
    """How much of all is shown."""
    cases = [one for one in table if one.id]
    runs = {run.name: run for one in table for run in one.runs}.values()
    whole = sum(one.verdict == "PASS" for one in cases)
    good = sum(run.manifest.verdict == "pass" for run in runs)
    return f"{whole} of {len(cases)} use cases with all of their evidence, {good} of {len(runs)} runs as expected"


def _items(one: Covered) -> str:
    if not one.shown:
        return ""
    seen = f": {len(one.shown) - len(one.missing)} of {len(one.shown)} items"
    return seen + (f", not {', '.join(one.missing)}" if one.missing else "")


def page(table: Sequence[Covered]) -> str:
    """The whole page. What differs from run to run (times, keys, places) is not on it."""
    parts = [
        HEADER,
        f"{summary(table)}.\n",
        _table(("use case", "", "items", "variants", "disturbed", ""), _glance(table)),
    ]
    for one in table:
        parts += [f"\n## {' '.join(filter(None, (one.id, one.title)))}\n", *_sections(one)]
    return "\n".join(parts).rstrip() + "\n"


def _glance(table: Iterable[Covered]) -> Iterator[tuple[str, ...]]:
    for one in table:
        items = f"{len(one.shown) - len(one.missing)} of {len(one.shown)}" if one.shown else ""
        disturbed = sum(bool(run.manifest.faults) for run in one.runs)
        yield one.id, one.title, items, str(len(one.runs) - disturbed), str(disturbed), one.verdict


def _sections(one: Covered) -> Iterator[str]:
    told = next((run.manifest.use_case for run in one.runs if run.manifest.use_case is not None), None)
    if told is not None:
        yield f"Actors: {', '.join(told.actors)}. Before: {'; '.join(told.preconditions)}.\n"
    if not one.runs:
        yield "No scenario has shown it.\n"
    if one.shown:
        yield _table(("item", "what has to be seen", "demanded by", "of", "seen in"), _evidence(one)) + "\n"
    if one.runs:
        yield _table(("variant", "result", "evidence"), ((f"`{r.variant}`", r.result, r.evidence) for r in rows([one])))


def _evidence(one: Covered) -> Iterator[tuple[str, ...]]:
    for item, shown in one.shown.items():
        clauses = dict.fromkeys(check.clause for _, check in shown if check.clause)
        actors = dict.fromkeys(check.actor for _, check in shown if check.actor)
        seen_in = _variants([run for run, _ in shown], one) or "nothing yet"
        yield f"`{item}`", ITEMS[one.id][item], ", ".join(clauses), ", ".join(actors), seen_in


def _variants(seen: Sequence[Ran], one: Covered) -> str:
    undisturbed = [run for run in one.runs if not run.manifest.faults]
    if len(seen) == len(undisturbed) > 1:
        return f"all {len(seen)}"
    return ", ".join(f"`{run.name}`" for run in seen)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    escaped = ([cell.replace("|", "\\|") for cell in row] for row in (head, ("---",) * len(head), *rows))
    return "\n".join(f"| {' | '.join(row)} |" for row in escaped)
